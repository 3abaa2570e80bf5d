"""Who sees an alert, who takes note of it, and who changes users."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ewater.accounts.scope import Scope
from ewater.alerts.check import check
from ewater.dashboard.editing import Editor
from ewater.dashboard.pages.admin.changing import change
from ewater.dashboard.pages.alerts.taking import take
from ewater.dashboard.questions import alerts as asked
from ewater.errors import ForbiddenError, UsageError
from ewater.people import users
from ewater.store import audit, landing

pytestmark = pytest.mark.db

NOW = datetime(2024, 6, 2, 12, tzinfo=UTC)


@pytest.fixture
def raised(country, rules, read_in):
    """One alert of a gauge, one of the whole country, one of a permit's site."""
    rules(
        {"code": "F", "kind": "discharge", "series": "G-MID.Q", "above": 500.0},
        {"code": "C", "kind": "closure", "territory": "TB", "above": 3.0},
        {"code": "P", "kind": "permit", "permit": "P1", "above": 0.0},
    )
    read_in("G-MID.Q", {"2024-06-02T01:00Z": 612.5})
    read_in("PUMP.N", {f"2024-05-{d:02}T20:00Z": d * 10.0 for d in range(10, 20)})
    check(
        country,
        lambda codes, after: {"TB": (datetime(2024, 5, 31, tzinfo=UTC), 4)},
        NOW,
    )
    return country


@pytest.fixture
def person(country):
    """Add somebody; returns them as who asks."""

    def add(name, role, organisations=(), territories=()):
        with country.begin() as connection:
            users.add(
                connection, name, role=role, by="chief",
                organisations=organisations, territories=territories,
            )  # fmt: skip
            who = landing.person(connection, name)
        user = users.User(
            id=who,
            name=name,
            method="password",
            role=role,
            organisations=tuple(organisations),
            territories=tuple(territories),
        )
        return Editor(engine=country, user=user, address="127.0.0.1")

    return add


def seen(engine, *organisations, territories=()):
    scope = Scope(organisations, territories)
    return {row["rule"] for row in asked.alerts(engine, scope)}


def test_one_sees_the_alerts_of_ones_sites_and_territories(raised):
    assert seen(raised) == {"F", "C", "P"}
    assert seen(raised, "Hydromet") == {"F"}
    assert seen(raised, "Water Agency") == {"P"}, "the permit's site is theirs"
    assert seen(raised, "E1") == {"P"}, "the enterprise of the code sees its permit"
    assert seen(raised, "Nobody") == set()
    assert "C" not in seen(raised, territories=("WEST",))
    assert "C" in seen(raised, territories=("TB",))
    mine = Scope(("Hydromet",))
    assert [row["code"] for row in asked.rules(raised, mine)] == ["F"]


def number(engine, rule):
    return next(r["id"] for r in asked.alerts(engine, Scope()) if r["rule"] == rule)


def test_whoever_may_analyse_takes_note_within_their_scope(raised, person):
    flood = number(raised, "F")
    with pytest.raises(ForbiddenError, match="as viewer"):
        take(person("vera", "viewer"), flood, "seen")
    pump = person("pump", "engineer", ("Water Agency",))
    with pytest.raises(ForbiddenError, match="outside the scope"):
        take(pump, flood, "seen")
    with pytest.raises(UsageError, match="from 1 to 500"):
        take(person("anna", "analyst"), flood, "   ")
    take(person("hydro", "engineer", ("Hydromet",)), flood, "  crew\n is out ")
    (row,) = [r for r in asked.alerts(raised, Scope()) if r["rule"] == "F"]
    assert (row["person"], row["note"]) == ("hydro", "crew is out")
    with pytest.raises(UsageError, match="there is no alert 999"):
        take(person("anton", "analyst"), 999, "seen")


def test_an_administrator_changes_users_and_nobody_else_does(country, person):
    chief = person("chief", "admin")
    password = change(
        chief, "add", "leyla", role="engineer", organisations=("Hydromet",)
    )
    assert password
    change(chief, "role", "leyla", role="viewer")
    with country.connect() as connection:
        (entry, *_) = audit.read(connection, action="user.role")
        role = connection.scalar(
            text(
                "SELECT role FROM login_user JOIN person ON person.id = person_id "
                "WHERE name = 'leyla'"
            )
        )
    assert role == "viewer"
    assert (entry["who"], entry["before"]["role"]) == ("chief", "engineer")
    with pytest.raises(ForbiddenError, match="as engineer"):
        change(person("nana", "engineer"), "disable", "leyla")
    with pytest.raises(UsageError, match="another administrator"):
        change(chief, "disable", "chief")
    with pytest.raises(UsageError, match="another administrator"):
        change(chief, "role", "chief", role="viewer")
    with pytest.raises(UsageError, match="there is no change"):
        change(chief, "promote", "leyla")
    with pytest.raises(UsageError):
        change(chief, "add", "bad name!", role="viewer")
