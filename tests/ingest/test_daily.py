from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.ingest import daily, edits, jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import registry
from ewater.store.instants import microseconds
from ewater.terms import Flag

pytestmark = pytest.mark.db

NOW = datetime(2024, 6, 1, tzinfo=UTC)
START = datetime(2024, 1, 1, 20, tzinfo=UTC)  # midnight in Baku


def load(engine, rows, **options):
    lines = [f"{code},{time.isoformat()},{value}" for code, time, value in rows]
    body = "\n".join(["series,time,value", *lines, ""]).encode()
    return jobs.ingest(engine, Memory("d.csv", body), Options(now=NOW, **options))


def hourly(code, hours, value=10.0, start=START):
    return [(code, start + timedelta(hours=h), value) for h in hours]


def table(engine):
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT k.code, d.* FROM daily AS d JOIN series_key AS k "
                "ON k.id = d.series_id ORDER BY k.code, d.day"
            )
        ).mappings()
        return [dict(row) for row in rows]


def plain(engine):
    return [
        {k: v for k, v in row.items() if k != "input_version"} for row in table(engine)
    ]


def recomputed(engine):
    """All days from nothing: what the kept table must equal."""
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE daily"))
        connection.execute(
            text(
                "INSERT INTO daily_due (series_id, first_time, last_time) "
                "SELECT series_id, min(first_time), max(last_time) FROM chunk "
                "GROUP BY series_id"
            )
        )
    daily.refresh(engine)
    return plain(engine)


def test_days_are_those_of_the_countrys_calendar(country):
    load(country, hourly("Q1", range(49)))
    first, second = table(country)[:2]
    assert (first["calendar"], first["day"]) == ("az", date(2024, 1, 2))
    assert first["starts"] == START
    assert first["volume"] == second["volume"] == 864_000.0
    assert (first["mean"], first["count"], first["observed_s"]) == (10.0, 24, 86_400)
    assert first["start_value"] == 10.0
    assert (first["volume_not_evaluated"], first["volume_pass"]) == (0.0, 864_000.0)


def test_days_without_a_calendar_are_those_of_utc(engine):
    frames = {
        "sites": pd.DataFrame({"code": ["S"], "kind": ["river_gauge"]}),
        "series": pd.DataFrame(
            {
                "code": ["Q1"],
                "site": "S",
                "quantity": "discharge",
                "unit": "m3/s",
                "signal": "instantaneous",
                "timezone": "UTC",
            }
        ),
    }
    registry.load(engine, frames)
    load(engine, hourly("Q1", range(3)))
    assert [(r["calendar"], r["day"]) for r in table(engine)] == [
        ("UTC", date(2024, 1, 1))
    ]


def test_long_and_short_days_of_e6(country):
    for start, hours in (
        (datetime(2015, 3, 28, 20, tzinfo=UTC), 23),
        (datetime(2015, 10, 24, 19, tzinfo=UTC), 25),
    ):
        load(country, hourly("Q1", range(hours + 1), start=start))
    volumes = {row["day"]: row["volume"] for row in table(country)}
    assert volumes[date(2015, 3, 29)] == 828_000.0
    assert volumes[date(2015, 10, 25)] == 900_000.0


def test_a_correction_changes_its_days_and_no_others(country):
    load(country, hourly("Q1", range(24 * 30)))
    before = {r["day"]: r for r in table(country)}
    load(country, hourly("Q1", [240], 34.0))
    after = {r["day"]: r for r in table(country)}
    changed = {d for d in after if after[d]["volume"] != before[d]["volume"]}
    # the reading is midnight: half its trapezoid lies in the day before
    assert changed == {date(2024, 1, 11), date(2024, 1, 12)}
    assert after[date(2024, 1, 12)]["start_value"] == 34.0
    assert plain(country) == recomputed(country)


@pytest.mark.slow
def test_what_is_kept_equals_what_is_computed_from_nothing(country):
    rng = np.random.default_rng(4)
    for step in range(6):
        hours = np.unique(rng.integers(0, 24 * 20, 60))
        rows = [
            (code, START + timedelta(hours=int(h), minutes=7 * step), float(v))
            for code in ("Q1", "Q2")
            for h, v in zip(hours, rng.integers(1, 90, len(hours)), strict=True)
        ]
        load(country, rows)
    first = rows[0][1]
    edits.retract(country, "Q1", np.array([microseconds(first)]), note="x")
    edits.flag(country, "Q2", np.array([microseconds(first)]), Flag.SUSPECT, note="x")
    kept = plain(country)
    again = recomputed(country)
    assert len(kept) == len(again)
    for a, b in zip(kept, again, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            if isinstance(a[name], float) and b[name] is not None:
                assert a[name] == pytest.approx(b[name], rel=1e-12), (a, b, name)
            else:
                assert a[name] == b[name], (a, b, name)


def test_parts_by_flag_add_up_and_failed_readings_give_none(country):
    load(country, hourly("Q1", range(25)))
    at = [microseconds(START + timedelta(hours=h)) for h in range(25)]
    edits.flag(country, "Q1", np.array(at[3:9]), Flag.SUSPECT, note="ice")
    edits.flag(country, "Q1", np.array(at[15:16]), Flag.FAIL, note="spike")
    row = table(country)[0]
    parts = row["volume_pass"] + row["volume_not_evaluated"] + row["volume_suspect"]
    assert parts == pytest.approx(row["volume"])
    assert row["volume_suspect"] == pytest.approx(6 * 36_000)
    assert row["count"] == 23


def test_a_day_that_loses_all_its_readings_leaves_the_table(country):
    load(country, [("Q1", START, 1.0), ("Q1", START + timedelta(days=3), 1.0)])
    assert len(table(country)) == 2
    edits.retract(country, "Q1", np.array([microseconds(START)]), note="x")
    assert [r["day"] for r in table(country)] == [date(2024, 1, 5)]


def test_what_is_due_survives_until_it_is_done(country):
    load(country, hourly("Q1", range(25)), daily=False)
    assert table(country) == []
    assert daily.refresh(country) == 2
    assert len(table(country)) == 2
    assert daily.refresh(country) == 0


def test_levels_have_statistics_and_no_volume(engine):
    frames = {
        "sites": pd.DataFrame({"code": ["S"], "kind": ["reservoir"]}),
        "series": pd.DataFrame(
            {
                "code": ["H"],
                "site": "S",
                "quantity": "level",
                "unit": "cm",
                "signal": "instantaneous",
                "timezone": "UTC",
            }
        ),
    }
    registry.load(engine, frames)
    load(engine, [("H", START, 150), ("H", START + timedelta(hours=2), 250)])
    row = table(engine)[0]
    assert (row["mean"], row["min"], row["max"]) == (2.0, 1.5, 2.5)
    assert row["volume"] is None


def test_long_stretches_are_summed_in_parts_with_the_same_days(country, monkeypatch):
    rng = np.random.default_rng(2)
    rows = [
        (code, START + timedelta(hours=h), round(float(rng.uniform(1, 9)), 2))
        for code in ("Q1", "Q2")
        for h in range(24 * 12)
        if h % 50 > 3
    ]
    load(country, rows)
    whole = plain(country)
    assert len(whole) == 24
    for most in (1, 24, 100):
        monkeypatch.setattr(daily, "_READINGS", most)
        assert recomputed(country) == whole
