"""A small country with enterprises, permits and people, and whole returns of them."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from ewater.reports import form as forms
from ewater.reports import review, who, workflow
from ewater.reports.known import Known
from ewater.store import landing, registry

NOW = datetime(2025, 1, 15, tzinfo=UTC)
ZONE = "+04:00"


def _time(text):
    return pd.Timestamp(f"{text}T00:00:00{ZONE}")


def frames():
    return {
        "calendars": pd.DataFrame({"code": ["AZ"], "timezone": ["Asia/Baku"]}),
        "territories": pd.DataFrame(
            {
                "code": ["AZ", "D1", "D2"],
                "kind": ["country", "district", "district"],
                "parent": [None, "AZ", "AZ"],
            }
        ),
        "sectors": pd.DataFrame(
            {"isic": ["C", "36"], "sector": ["industry", "water_supply"]}
        ),
        "enterprises": pd.DataFrame(
            {
                "code": ["E1", "E2", "U1", "OLD", "NEW"],
                "name": ["Zavod", "Fabrik", "Su", "Bağlı", "Yeni"],
                "isic": ["C", "C", "36", "C", "C"],
                "territory": ["D1", "D2", "D1", "D1", "D1"],
                "pump_m3h": [200.0, None, None, None, None],
                "notify": ["e1@example.org", None, None, None, None],
                "valid_to": [None, None, None, _time("2020-01-01"), None],
                "valid_from": [None, None, None, None, _time("2026-01-01")],
            }
        ),
        "permits": pd.DataFrame(
            {
                "code": ["P1", "P2"],
                "enterprise": ["E1", "E2"],
                "source_kind": ["surface", "groundwater"],
                "limit_m3": [1_000_000.0, 500_000.0],
                "per": ["year", "year"],
                "valid_from": [_time("2020-01-01"), _time("2020-01-01")],
                "valid_to": [_time("2030-01-01"), _time("2030-01-01")],
            }
        ),
    }


def content(scale=1.0, **cells):
    """A return that is right in every identity (E23: 500 = 40 + 310 + 150)."""
    months = {f"g{13 + m}": round(scale * v, 2) for m, v in enumerate(MONTHS)}
    line = {
        "g1": "P1", "g4": "river", "g12": round(scale * 500, 2), **months,
        "g25": round(scale * 400, 2), "g26": round(scale * 40, 2),
        "g31": round(scale * 310, 2), "g32": "production", "g33": round(scale * 310, 2),
        "g42": "industry", "g42e": "E2", "g43": round(scale * 150, 2),
        "g48": "sewer", "g48e": "U1", "g49": round(scale * 120, 2),
        "g29": round(scale * 2000, 2),
    }  # fmt: skip
    line.update(cells)
    return {"intake": [{k: v for k, v in line.items() if v is not None}]}


MONTHS = (40, 38, 42, 41, 43, 45, 46, 44, 42, 40, 39, 40)


@pytest.fixture
def made_content():
    return content


@pytest.fixture
def form():
    return forms.built_in()


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def known(country_frames, now):
    enterprises = country_frames["enterprises"].copy()
    permits = country_frames["permits"].copy()
    for name in ("valid_from", "valid_to"):
        enterprises[name] = pd.to_datetime(enterprises[name], utc=True)
    approved = pd.DataFrame(
        {
            "enterprise": ["E2"],
            "period": ["2023"],
            "period_start": pd.to_datetime(["2022-12-31T20:00Z"]),
            "period_end": pd.to_datetime(["2023-12-31T20:00Z"]),
        }
    )
    return Known(
        now=now,
        zone="Asia/Baku",
        enterprises=enterprises,
        permits=permits,
        approved=approved,
        deadlines=pd.DataFrame(columns=["enterprise", "period", "due_at"]),
        territories=frozenset({"AZ", "D1", "D2"}),
    )


@pytest.fixture(scope="session")
def reporting_template(copies, template_database):
    """Database with the small country."""

    def fill(engine):
        registry.load(engine, frames())

    with copies.prepared(template_database, fill) as name:
        yield name


@pytest.fixture
def template(request, template_database):
    """Name of the database with the small country, where a test asks for it."""
    if "reporting_template" in request.fixturenames:
        return request.getfixturevalue("reporting_template")
    return template_database


@pytest.fixture
def reporting(reporting_template, engine):
    """Engine on the small country."""
    return engine


@pytest.fixture
def country_frames():
    return copy.deepcopy(frames())


@pytest.fixture
def people(reporting):
    """A reporter of E1, one of E2, a reviewer and an approver of D1, and a clerk."""
    with reporting.begin() as connection:

        def made(name, *acts, enterprises=(), territories=()):
            return who.Person(
                id=landing.person(connection, name),
                name=name,
                acts=frozenset(acts),
                enterprises=enterprises,
                territories=territories,
            )

        return SimpleNamespace(
            reporter=made("rena", "read", "report", enterprises=("E1",)),
            colleague=made("rauf", "read", "report", enterprises=("E1",)),
            other=made("eli", "read", "report", enterprises=("E2",)),
            reviewer=made("leyla", "read", "review", territories=("D1",)),
            approver=made("nigar", "read", "review", "approve", territories=("D1",)),
            far=made("far", "read", "review", "approve", territories=("D2",)),
            command=who.command(connection, "clerk"),
        )


@pytest.fixture
def submitted(reporting, people, now):
    """Submit a return as the command does, for any enterprise and year."""

    def submit(enterprise="E1", period="2024", given=None, **more):
        with reporting.begin() as connection:
            head = workflow.begin(connection, people.command, enterprise, period)
            if head.state == "approved":
                head = workflow.correct(
                    connection, people.command, head.id, reason="meter re-read"
                )
            given = content() if given is None else given
            workflow.save(connection, people.command, head.id, given, edits=head.edits)
            receipt = workflow.submit(
                connection, people.command, head.id, now=now, **more
            )
        return head.id, receipt

    return submit


@pytest.fixture
def approved(reporting, people, submitted):
    """Submit and approve a return."""

    def approve(*args, **more):
        number, receipt = submitted(*args, **more)
        with reporting.begin() as connection:
            review.approve(connection, people.command, [number], reason="agrees")
        return number, receipt

    return approve
