"""Rules over a real store: raised once, ended once, never by what is unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ewater.alerts.check import check
from ewater.errors import UsageError
from ewater.ingest import edits
from ewater.store import alerts, audit, landing, registry
from ewater.store.instants import microseconds
from ewater.terms import Flag

pytestmark = pytest.mark.db

NOW = datetime(2024, 6, 2, 12, tzinfo=UTC)
FLOOD = {"code": "F", "kind": "discharge", "series": "G-MID.Q", "above": 500.0}


def hours(*values, start=datetime(2024, 6, 2, tzinfo=UTC)):
    return {
        (start + timedelta(hours=i)).isoformat(): value
        for i, value in enumerate(values)
    }


def run(country, now=NOW, closures=lambda codes, after: {}):
    done = check(country, closures, now)
    return done.raised, done.ended


def listed(country, **options):
    with country.connect() as connection:
        return alerts.read(connection, **options)


def test_a_flood_is_raised_once_and_ends_once(country, rules, read_in):
    rules({**FLOOD, "clear": 400.0, "hold_h": 2.0})
    read_in("G-MID.Q", hours(300, 510, 520, 499, 510, 505, 502))
    assert run(country) == (1, 0)
    (alert,) = listed(country)
    assert alert["raised_at"] == datetime(2024, 6, 2, 4, tzinfo=UTC)
    assert (alert["value"], alert["ended_at"]) == (502.0, None)
    assert run(country) == (0, 0), "nothing new"
    later = datetime(2024, 6, 2, 7, tzinfo=UTC)
    read_in("G-MID.Q", hours(450, 390, 380, 405, 399, 350, 340, start=later))
    assert run(country, NOW + timedelta(hours=5)) == (0, 1)
    assert listed(country) == []
    (alert,) = listed(country, only_open=False)
    assert alert["ended_at"] == datetime(2024, 6, 2, 11, tzinfo=UTC)
    assert (alert["end_value"], alert["ended_because"]) == (340.0, "back")


def test_what_happened_long_before_the_rule_is_no_alert(country, rules, read_in):
    read_in("G-MID.Q", hours(600, 600, start=datetime(2024, 5, 1, tzinfo=UTC)))
    rules(FLOOD)
    assert run(country) == (0, 0)


def test_a_reading_that_failed_raises_nothing(country, rules, read_in):
    rules({**FLOOD, "above": 5.0})
    read_in("G-MID.Q", hours(4, 6))
    times = np.array([microseconds(datetime(2024, 6, 2, 1, tzinfo=UTC))])
    edits.flag(country, "G-MID.Q", times, Flag.FAIL, note="stuck float", who="nana")
    assert run(country) == (0, 0)


def test_storage_is_in_percent_of_the_capacity(country, rules, read_in):
    # 75 m are 43 hm3 of 100: 43 %; 70 m are 9 hm3: 9 %
    rules(
        {"code": "LOW", "kind": "storage", "series": "RES.H", "below": 15, "clear": 20}
    )
    read_in("RES.H", hours(7500, 7000))
    assert run(country) == (1, 0)
    assert listed(country)[0]["value"] == pytest.approx(9.0)
    read_in("RES.H", hours(9900, start=datetime(2024, 6, 2, 3, tzinfo=UTC)))
    assert run(country) == (0, 0), "a level beyond the curve is unknown"


def test_silence_is_raised_and_ends_with_the_next_reading(country, rules, read_in):
    rules({"code": "G", "kind": "missing", "series": "G-MID.Q", "above": 24.0})
    read_in("G-MID.Q", hours(1.0))
    assert run(country, NOW) == (0, 0)
    assert run(country, NOW + timedelta(hours=20)) == (1, 0)
    assert listed(country)[0]["value"] == pytest.approx(32.0)
    read_in("G-MID.Q", hours(1.0, start=NOW + timedelta(hours=19)))
    assert run(country, NOW + timedelta(hours=21)) == (0, 1)


def test_a_series_that_never_spoke_is_counted_from_its_rule(country, rules):
    rules({"code": "G", "kind": "missing", "series": "G-OUT.H", "above": 24.0})
    real = datetime.now(UTC)
    assert run(country, real + timedelta(hours=23)) == (0, 0)
    assert run(country, real + timedelta(hours=25)) == (1, 0)


def test_a_permit_is_compared_with_what_its_site_metered(country, rules, read_in):
    # P1 is 6e6 m3 a year at PUMP; its totaliser counts 5.5e5 m3 over ten days
    rules({"code": "P", "kind": "permit", "permit": "P1", "above": 9.0})
    start = datetime(2024, 5, 10, 20, tzinfo=UTC)  # midnight in Baku
    count = {
        (start + timedelta(hours=i)).isoformat(): 55_000.0 * i / 24 for i in range(241)
    }
    read_in("PUMP.N", count)
    assert run(country) == (1, 0)
    assert listed(country)[0]["value"] == pytest.approx(100 * 5.5e5 / 6e6, rel=0.01)
    assert run(country, datetime(2025, 1, 1, tzinfo=UTC)) == (0, 0), "nothing is known"


def test_a_month_that_does_not_close_is_raised(country, rules):
    rules({"code": "C", "kind": "closure", "territory": "TB", "above": 3.0})
    end = datetime(2024, 5, 31, 20, tzinfo=UTC)
    asked = []

    def closures(codes, after):
        asked.append((codes, after))
        return {"TB": (end, -4.2)}

    assert run(country, closures=closures) == (1, 0)
    assert asked[0][0] == ["TB"]
    assert (listed(country)[0]["raised_at"], listed(country)[0]["value"]) == (end, 4.2)
    assert run(country, closures=closures) == (0, 0), "the month was seen"


def test_a_rule_that_is_withdrawn_ends_its_alert(country, rules, read_in):
    rules(FLOOD)
    read_in("G-MID.Q", hours(600))
    assert run(country) == (1, 0)
    rules({**FLOOD, "code": "OTHER", "above": 900.0})
    run(country)
    (alert,) = listed(country, only_open=False)
    assert alert["ended_because"] == "rule"


def test_a_rule_of_a_season_raises_anew_in_the_next(country, rules, read_in):
    spring, winter = datetime(2024, 6, 3, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC)
    rules({**FLOOD, "valid_to": spring}, {**FLOOD, "valid_from": winter})
    read_in("G-MID.Q", hours(600))
    assert run(country) == (1, 0)
    assert run(country, spring + timedelta(hours=1)) == (0, 0)
    assert listed(country) == [], "the season is over"
    read_in("G-MID.Q", hours(610, start=winter))
    assert run(country, winter + timedelta(hours=1)) == (1, 0)


def test_a_limit_that_is_changed_keeps_what_is_raised(country, rules, read_in):
    rules(FLOOD)
    read_in("G-MID.Q", hours(600))
    run(country)
    rules({**FLOOD, "above": 550.0, "clear": 500.0})
    read_in("G-MID.Q", hours(590, start=datetime(2024, 6, 2, 1, tzinfo=UTC)))
    assert run(country) == (0, 0)
    read_in("G-MID.Q", hours(450, start=datetime(2024, 6, 2, 2, tzinfo=UTC)))
    assert run(country) == (0, 1)


def test_a_person_takes_note_once_and_it_is_audited(country, rules, read_in):
    rules(FLOOD)
    read_in("G-MID.Q", hours(600))
    run(country)
    number = listed(country)[0]["id"]
    with country.begin() as connection:
        who = landing.person(connection, "leyla")
        alerts.acknowledge(connection, number, who=who, note="crew is out", address="")
    (alert,) = listed(country)
    assert (alert["person"], alert["note"]) == ("leyla", "crew is out")
    with country.connect() as connection:
        (entry,) = audit.read(connection, action="alert")
    assert (entry["who"], entry["object"]) == ("leyla", f"alert:{number}")
    with (
        country.begin() as connection,
        pytest.raises(UsageError, match="acknowledged already"),
    ):
        alerts.acknowledge(connection, number, who=who, note="again", address="")
    with (
        country.begin() as connection,
        pytest.raises(UsageError, match="no alert 999"),
    ):
        alerts.acknowledge(connection, 999, who=who, note="", address="")


def test_the_present_registry_is_the_one_that_counts(country):
    with country.connect() as connection:
        assert len(registry.read_table(connection, "alert_rules")) == 5
        assert alerts.rules(connection, datetime.now(UTC))["code"].tolist() == [
            "AR-CLOSE", "AR-FLOOD", "AR-GAP", "AR-LOW", "AR-PERMIT",
        ]  # fmt: skip
