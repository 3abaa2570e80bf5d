"""Readings changed from the pages: by whom, with what care, and what is audited."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.accounts.scope import Scope
from ewater.dashboard import editing
from ewater.dashboard.editing import Editor, save_values, save_verdict
from ewater.dashboard.questions import day as days
from ewater.errors import ConflictError, ForbiddenError, UsageError
from ewater.ingest import entry, jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.people import users
from ewater.store import audit, chunks, reading_history, registry

pytestmark = pytest.mark.db

DAY = dt.date(2015, 10, 25)  # clocks were set back: 25 hours
NOW = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
HOUR = 3_600_000_000
HERE = {"Origin": "http://localhost"}


@pytest.fixture
def gauges(engine):
    """Two gauges of two organisations, read on each hour of a day of 25 hours."""
    series = {
        "quantity": "discharge",
        "unit": "l/s",
        "signal": "instantaneous",
        "interval_s": 3600.0,
        "timezone": "Asia/Baku",
    }
    registry.load(
        engine,
        {
            "calendars": pd.DataFrame({"code": ["az"], "timezone": ["Asia/Baku"]}),
            "sites": pd.DataFrame(
                {
                    "code": ["A", "B"],
                    "kind": ["river_gauge"] * 2,
                    "organisation": ["ORG-A", "ORG-B"],
                }
            ),
            "series": pd.DataFrame(
                {"code": ["A.Q", "B.Q"], "site": ["A", "B"]} | series
            ),
        },
    )
    start = dt.datetime(2015, 10, 24, 19, tzinfo=dt.UTC)  # midnight at +05:00
    rows = [
        f"{code},{(start + dt.timedelta(hours=n)).isoformat()},{1000 + n}"
        for code in ("A.Q", "B.Q")
        for n in range(24)  # the last of the 25 hours is missing
    ]
    body = "\n".join(["series,time,value", *rows, ""])
    jobs.ingest(engine, Memory("f.csv", body.encode()), Options(now=NOW))
    return engine


@pytest.fixture
def person(gauges):
    """Make an editor of a role and a scope."""

    def made(name="eng", role="engineer", **scope):
        with gauges.begin() as connection:
            users.add(connection, name, role=role, by="chief")
            user = users.user_of(
                connection.execute(
                    text(
                        f"SELECT {users.FIELDS} FROM login_user u JOIN person p "
                        "ON p.id = u.person_id WHERE p.name = :name"
                    ),
                    {"name": name},
                )
                .mappings()
                .one()
            )
        from dataclasses import replace

        return Editor(engine=gauges, user=replace(user, **scope), address="10.0.0.1")

    return made


def shown(engine, code="A.Q", scope=None):
    return days.day(engine, scope or Scope(), code, DAY)


def save(who, found, changes, reason="staff gauge", code="A.Q"):
    span = found["first"], found["last"]
    return save_values(who, code, span, found["seen"], changes, reason)


def values(engine, code="A.Q"):
    with engine.connect() as connection:
        return chunks.read(connection, [code]).value.values.tolist()


def audited(engine, action="readings"):
    with engine.connect() as connection:
        return audit.read(connection, action=action)


def test_a_day_of_25_hours_is_listed_with_the_hour_that_comes_twice(gauges):
    found = shown(gauges)
    assert found["hours"] == 25
    local = [row["local"] for row in found["rows"]]
    assert local[0] == "2015-10-25T00:00:00+05:00"
    assert local[4:6] == ["2015-10-25T04:00:00+05:00", "2015-10-25T04:00:00+04:00"]
    # a reading in l/s is shown as it was written, and stored in m3/s
    assert (found["rows"][0]["value"], found["rows"][0]["si"]) == (1000, 1.0)
    assert found["rows"][24]["value"] is None
    spring = days.day(gauges, Scope(), "A.Q", dt.date(2015, 3, 29))
    assert (spring["hours"], len(spring["rows"])) == (23, 23)


def test_values_are_entered_corrected_and_taken_back_as_one_audited_act(gauges, person):
    who, found = person(), shown(gauges)
    times = [row["time"] for row in found["rows"]]
    done = save(who, found, {times[0]: 2.0, times[3]: None, times[24]: 1.5})
    assert (done.counts.new, done.counts.corrected) == (1, 2)
    now = values(gauges)
    assert len(now) == 24  # one more, one less
    assert (now[0], now[-1]) == (2.0, 1.5)
    (row,) = audited(gauges)
    assert (row["action"], row["object"], row["who"]) == (
        "readings.edit",
        "series:A.Q",
        "eng",
    )
    assert list(row["before"]["values"].values()) == [1.0, pytest.approx(1.003), None]
    assert list(row["after"]["values"].values()) == [2.0, None, 1.5]
    assert (row["after"]["reason"], row["address"]) == ("staff gauge", "10.0.0.1")
    again = shown(gauges)["rows"]
    assert (again[0]["lineage"], again[0]["by"], again[0]["source"]) == (
        "edited",
        "eng",
        "staff gauge",
    )
    assert again[3]["value"] is None
    # nothing is lost: what stood before is a version of the reading
    with gauges.connect() as connection:
        past = reading_history.history(connection, "A.Q", times[3])
    assert past["value"].iloc[0] == pytest.approx(1.003)
    assert np.isnan(past["value"].iloc[-1])


def test_days_and_flags_follow_an_edit(gauges, person):
    found = shown(gauges)
    save(person(), found, {found["rows"][0]["time"]: 500.0})
    with gauges.connect() as connection:
        (largest,) = connection.execute(
            text(
                "SELECT max(max) FROM daily JOIN series_key k ON k.id = series_id "
                "WHERE k.code = 'A.Q'"
            )
        ).one()
        due = connection.execute(text("SELECT count(*) FROM quality_due")).scalar()
    assert due == 0
    assert largest == 500.0


def test_who_comes_second_is_refused_and_nothing_is_lost(gauges, person):
    first, second, found = person("one"), person("two"), shown(gauges)
    time = found["rows"][5]["time"]
    save(first, found, {time: 7.0})
    with pytest.raises(ConflictError) as caught:
        save(second, found, {time: 8.0})
    assert caught.value.args[0] == "one"
    span = found["first"], found["last"]
    with pytest.raises(ConflictError):  # a verdict on what has changed as well
        save_verdict(second, "A.Q", span, found["seen"], "reviewed", "", "looked")
    assert values(gauges)[5] == 7.0
    assert len(audited(gauges)) == 1
    save(second, shown(gauges), {time: 8.0})  # after looking again
    assert values(gauges)[5] == 8.0


def test_a_verdict_of_another_is_seen_too_and_a_judgement_of_the_tests_is_not(
    gauges, person
):
    first, second, found = person("one"), person("two"), shown(gauges)
    span = found["first"], found["last"]
    save_verdict(first, "A.Q", span, found["seen"], "reviewed", "fail", "dry sensor")
    (row,) = audited(gauges)
    assert row["before"]["levels"] == {"working": 24}
    assert (row["after"]["level"], row["after"]["flag"]) == ("reviewed", "fail")
    with pytest.raises(ConflictError):
        save(second, found, {found["rows"][0]["time"]: 3.0})
    other = shown(gauges, "B.Q")
    save(second, other, {other["rows"][0]["time"]: 400.0}, code="B.Q")
    later = shown(gauges, "B.Q")  # the tests have judged the neighbours meanwhile
    save(second, later, {later["rows"][0]["time"]: 3.0}, code="B.Q")


def test_the_scope_is_held_in_the_write_whatever_was_shown(gauges, person):
    who = person(organisations=("ORG-A",))
    other = shown(gauges, "B.Q")  # tampered: not what this person was shown
    before = values(gauges, "B.Q")
    with pytest.raises(ForbiddenError):
        save(who, other, {other["rows"][0]["time"]: 9.0}, code="B.Q")
    span = other["first"], other["last"]
    with pytest.raises(ForbiddenError):
        save_verdict(who, "B.Q", span, other["seen"], "reviewed", "", "looked")
    assert values(gauges, "B.Q") == before
    assert audited(gauges) == []
    with pytest.raises(ForbiddenError):
        days.day(gauges, who.scope, "B.Q", DAY)
    with pytest.raises(ForbiddenError):
        days.day(gauges, who.scope, "NOWHERE", DAY)
    mine = shown(gauges, scope=who.scope)
    save(who, mine, {mine["rows"][0]["time"]: 9.0})


@pytest.mark.parametrize(
    ("role", "level", "flag", "allowed"),
    [
        ("viewer", "reviewed", "", False),
        ("analyst", "working", "", False),
        ("engineer", "reviewed", "fail", True),
        ("engineer", "approved", "", False),
        ("approver", "approved", "", True),
        ("approver", "reviewed", "fail", False),
        ("reviewer", "approved", "", False),
        ("admin", "approved", "pass", True),
    ],
)
def test_a_role_may_say_of_readings_what_it_may(role, level, flag, allowed):
    class Who:
        def can(self, act):
            from ewater.people.roles import may

            return may(role, act)

    assert editing.may_judge(Who(), level, flag) is allowed


def test_what_cannot_be_meant_changes_nothing(gauges, person):
    who, found = person(), shown(gauges)
    time = found["rows"][0]["time"]
    absent = found["rows"][24]["time"]
    for changes, reason, words in (
        ({time: 2.0}, "  ", "say why"),
        ({}, "why", "from one"),
        ({time: 1.0}, "why", "stand already"),
        ({absent: None}, "why", "no reading at"),
        ({time: 1e31}, "why", "no measurement"),
        ({found["last"] + 1: 2.0}, "why", "outside the day"),
    ):
        with pytest.raises(UsageError, match=words):
            save(who, found, changes, reason)
    with pytest.raises(UsageError, match="no time of the store"):
        save(who, found | {"seen": "yesterday"}, {time: 2.0})
    with pytest.raises(UsageError, match="in the future"):
        entry.change(
            gauges, "A.Q", np.array([time]), np.ones(1), note="x",
            now=dt.datetime(2015, 1, 1, tzinfo=dt.UTC),
        )  # fmt: skip
    with pytest.raises(ForbiddenError, match="no edit as viewer"):
        save(person("look", "viewer"), found, {time: 2.0})
    assert values(gauges)[0] == 1.0
    assert audited(gauges) == []


def _post(client, found, value, reason="why", headers=HERE):
    state = {
        "territory": "TL", "year": 2015, "period": "1-12", "boundary": "managed",
        "measure": "use", "level": "basin", "calendar": "", "first_month": 1,
        "step": "month", "sector": "", "version": "raw", "as_of": "", "lang": "en",
        "theme": "light", "dropped": [], "query": "",
        "more": [["day", DAY.isoformat()], ["series", "A.Q"]],
    }  # fmt: skip
    seen = {
        "code": "A.Q",
        "date": DAY.isoformat(),
        "seen": found["seen"],
        "day": [found["first"], found["last"]],
        "time": [found["first"], found["last"]],
    }
    place = {"type": "entry-value", "time": found["rows"][0]["time"]}
    dependencies = client.get("/_dash-dependencies").get_json()
    wanted = next(
        one["output"]
        for one in dependencies
        if "series-entry-save" in json.dumps(one["inputs"])
    )
    outputs = [
        {"id": part.rpartition(".")[0], "property": part.rpartition(".")[2]}
        for part in wanted.strip(".").split("...")
    ]
    return client.post(
        "/_dash-update-component",
        json={
            "output": wanted,
            "outputs": outputs,
            "inputs": [{"id": "series-entry-save", "property": "n_clicks", "value": 1}],
            "changedPropIds": ["series-entry-save.n_clicks"],
            "state": [
                {"id": "series-seen", "property": "data", "value": seen},
                [{"id": place, "property": "value", "value": value}],
                [{"id": place, "property": "id", "value": place}],
                [],
                [],
                {"id": "series-entry-reason", "property": "value", "value": reason},
                {"id": "state", "property": "data", "value": state},
            ],
        },
        headers=headers,
    )


def _said(answer):
    found = answer.get_json()["response"]
    return next(
        v["children"] for k, v in found.items() if k.startswith("series-entry-said")
    )


def test_the_form_saves_refuses_in_words_and_audits_who_may_not(
    gauges, reader, signed_in
):
    found = shown(gauges)
    reader.answers["day"] = lambda _, code, date, *rest: days.day(
        gauges, Scope(), code, date
    )
    engineer = signed_in("eng", "engineer")
    assert _said(_post(engineer, found, "abc")) == (
        "Nothing was saved. Not a number: 00:00 +05:00."
    )
    assert _said(_post(engineer, found, "2,5", reason=" ")).endswith("say why.")
    assert _said(_post(engineer, found, "")).startswith("Nothing was saved: no value")
    assert values(gauges)[0] == 1.0
    foreign = _post(engineer, found, "2,5", headers={"Origin": "https://elsewhere"})
    assert foreign.status_code == 403
    answer = _post(signed_in("look", "viewer"), found, "2,5")
    assert answer.status_code == 403
    assert values(gauges)[0] == 1.0
    (refused,) = audited(gauges, "refused.scope")
    assert refused["who"] == "look"
    assert "no edit as viewer" in refused["after"]["asked"]
    saved = _post(engineer, found, "2500,5")  # l/s, a comma as people write it
    assert _said(saved) == "Saved: 0 entered, 1 corrected or taken back."
    assert values(gauges)[0] == 2.5005
    assert len(audited(gauges, "readings.edit")) == 1
