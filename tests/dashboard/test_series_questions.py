"""What the page of a series asks, hand-checked on a small country."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ewater.accounts.scope import Scope
from ewater.dashboard.questions import band, changes, curves, hydrograph, places, within
from ewater.errors import ForbiddenError, UsageError
from ewater.ingest import entry, jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import registry

pytestmark = pytest.mark.db

ALL = Scope()
HOUR = 3_600_000_000


def prepare(engine):
    """A gauge with ten years of days, and a counter; another organisation's gauge."""
    series = {
        "code": ["A.Q", "A.N", "B.Q"],
        "site": ["A", "A", "B"],
        "quantity": ["discharge", "volume", "discharge"],
        "unit": ["m3/s", "m3", "m3/s"],
        "signal": ["instantaneous", "totaliser", "instantaneous"],
        "interval_s": [43200.0, 86400.0, 86400.0],
        "timezone": ["Asia/Baku"] * 3,
    }
    sites = {
        "code": ["A", "B"],
        "kind": ["river_gauge"] * 2,
        "organisation": ["Hydromet", "Other"],
        "name_en": ["Upper Kura", "Elsewhere"],
        "name_az": ["Yuxarı Kür", None],
    }
    rating = {
        "site": ["A", "A"],
        "kind": ["rating"] * 2,
        "segment": [0.2, 1.2],
        "a": [8.0, 12.5],
        "h0": [0.2, 0.4],
        "b": [1.6, 2.0],
        "gauged_to": [1.8, 1.8],
    }
    registry.load(
        engine,
        {
            "calendars": pd.DataFrame({"code": ["az"], "timezone": ["Asia/Baku"]}),
            "sites": pd.DataFrame(sites),
            "series": pd.DataFrame(series),
            "curves": pd.DataFrame(rating),
        },
    )
    start = dt.datetime(2011, 12, 31, 20, tzinfo=dt.UTC)  # midnight in Baku
    rows = []
    for n in range(2 * 3653):
        at = start + dt.timedelta(hours=12 * n)
        rows.append(f"A.Q,{at.isoformat()},{at.year - 2000 + 0.5 * (n % 2)}")
        if n % 2 == 0:
            rows.append(f"A.N,{at.isoformat()},{50 * n}")
    body = "\n".join(["series,time,value", *rows, ""])
    jobs.ingest(engine, Memory("f.csv", body.encode()), Options())


@pytest.fixture
def river(prepared):
    """Engine on a copy of the gauges."""
    return prepared


def test_a_hydrograph_has_every_reading_its_gaps_and_its_doubts(river):
    found = hydrograph.hydrograph(
        river, ALL, "A.Q", dt.date(2021, 3, 1), dt.date(2021, 3, 3)
    )
    assert found["form"] == "readings"
    assert found["value"].tolist() == [21, 21.5, 21, 21.5]
    assert (found["time"][0], found["observed"]) == (found["ends"][0], 1.0)
    assert found["flags"]["pass"] + found["flags"]["not_evaluated"] == 4
    days = hydrograph.hydrograph(
        river, ALL, "A.Q", dt.date(2021, 3, 1), dt.date(2021, 3, 3), "", "", "days"
    )
    assert days["value"].tolist() == [21.25, 21.25]
    assert days["range"]["max"].tolist() == [21.5, 21.5]
    whole = hydrograph.hydrograph(river, ALL, "A.Q", None, None)
    assert whole["days"][0] == dt.date(2012, 1, 1)
    assert whole["drawn_of"] == 2 * 3653 > len(whole["value"])
    assert whole["value"].max() == 21.5


def test_a_counter_is_shown_by_its_volume_of_the_day(river):
    found = hydrograph.hydrograph(
        river, ALL, "A.N", dt.date(2020, 1, 1), dt.date(2020, 1, 11)
    )
    assert (found["form"], found["per_day"]) == ("days", True)
    assert found["value"].tolist() == [100.0] * 10


def test_too_many_readings_are_drawn_as_days_now_and_as_of_a_time(river, monkeypatch):
    monkeypatch.setattr(hydrograph, "MOST_READINGS", 5000)
    span = dt.date(1921, 1, 1), dt.date(2022, 1, 1)  # a hundred years
    now = hydrograph.hydrograph(river, ALL, "A.Q", *span)
    assert (now["form"], now["aggregated"], now["drawn_of"]) == ("days", True, 3653)
    then = dt.datetime.now(dt.UTC).isoformat()
    past = hydrograph.hydrograph(river, ALL, "A.Q", *span, "", then)
    assert past["drawn_of"] == 3653
    assert np.array_equal(past["time"], now["time"])
    assert past["value"] == pytest.approx(now["value"])
    early = hydrograph.hydrograph(river, ALL, "A.Q", *span, "", "2001-01-01T00:00Z")
    assert len(early["time"]) == 0


def test_what_is_usual_is_of_the_same_day_of_past_years_alone(river):
    usual = band.band(river, ALL, "A.Q", dt.date(2021, 1, 1))
    low, p10, p50, p90, high, years = usual[3, 1]
    # 2012 to 2020: daily means, by volume, 12.25 to 20.25 in steps of one
    assert years == 9
    assert (low, p50, high) == pytest.approx((12.25, 16.25, 20.25))
    assert (p10, p90) == pytest.approx((13.05, 19.45))
    assert usual[2, 29][5] == 9  # in other years the 28th stands for it
    assert band.band(river, ALL, "A.Q", dt.date(2014, 1, 1)) == {}  # two years only
    assert band.band(river, ALL, "A.N", dt.date(2021, 1, 1))[3, 1][2] == 100.0


def test_then_and_now_differ_by_what_was_recorded_since(river):
    then = dt.datetime.now(dt.UTC).isoformat()
    time = hydrograph.hydrograph(
        river, ALL, "A.Q", dt.date(2021, 3, 1), dt.date(2021, 3, 2)
    )["time"]
    entry.change(
        river, "A.Q", np.append(time, time[1] + HOUR), np.array([np.nan, 9.0, 8.0]),
        note="wrong sensor", who="eng",
    )  # fmt: skip
    span = dt.date(2021, 1, 1), dt.date(2022, 1, 1)
    found = changes.since(river, ALL, "A.Q", *span, then)
    assert [found[n] for n in ("count", "changed", "new", "gone")] == [3, 1, 1, 1]
    said = [(row["then"], row["now"], row["by"]) for row in found["rows"]]
    assert said == [(21.0, None, "eng"), (21.5, 9.0, "eng"), (None, 8.0, "eng")]
    (act,) = changes.acts(river, ALL, "A.Q", *span)
    assert (act["what"], act["who"], act["reason"]) == ("edit", "eng", "wrong sensor")
    assert changes.acts(river, ALL, "A.Q", *span, "", then) == []
    assert changes.since(river, ALL, "A.Q", *span, dt.datetime.now(dt.UTC).isoformat())[
        "rows"
    ] == []  # fmt: skip


def test_a_rating_says_where_it_was_measured(river):
    (curve,) = curves.curves(river, ALL, "A")
    assert curve["range"][1] == 1.8
    at = np.searchsorted(curve["level"], 1.6)
    assert curve["value"][at] == pytest.approx(12.5 * (curve["level"][at] - 0.4) ** 2)
    assert curve["measured"][curve["level"] <= 1.8].all()
    assert not curve["measured"][curve["level"] > 1.8].any()


def test_sites_are_found_by_any_word_in_any_language(river):
    assert [r["code"] for r in places.found(river, ALL, "KÜR yuxarı")] == ["A.N", "A.Q"]
    assert [r["code"] for r in places.found(river, ALL, "hydromet disch")] == ["A.Q"]
    assert places.found(river, ALL, "%") == []
    assert places.found(river, ALL, "'; drop table sites; --") == []
    assert len(places.found(river, ALL, "", "river_gauge")) == 3
    assert places.first(river, ALL) == "A.Q"
    assert places.first(river, Scope(organisations=("NOBODY",))) == ""


def test_a_scope_is_told_of_its_own_series_alone(river):
    other = Scope(organisations=("Other",))
    span = dt.date(2021, 3, 1), dt.date(2021, 3, 3)
    assert [row["code"] for row in places.found(river, other)] == ["B.Q"]
    for question, *args in (
        (hydrograph.hydrograph, "A.Q", *span),
        (band.band, "A.Q", span[0]),
        (changes.since, "A.Q", *span, "2022-01-01T00:00Z"),
        (changes.acts, "A.Q", *span),
        (curves.curves, "A"),
    ):
        question(river, Scope(organisations=("Hydromet",)), *args)
        with pytest.raises(ForbiddenError):
            question(river, other, *args)
        with pytest.raises(ForbiddenError):  # no site lies in a territory here
            question(river, Scope(territories=("GONE",)), *args)
    with pytest.raises(UsageError, match="not registered"):
        hydrograph.hydrograph(river, ALL, "X", *span)
    with pytest.raises(ForbiddenError):  # and nobody learns whether it exists
        hydrograph.hydrograph(river, other, "X", *span)


def test_a_hundred_years_of_hours_are_answered_as_days_within_the_limit(engine):
    series = {"code": ["H.Q"], "site": ["H"], "quantity": ["discharge"]}
    series |= {"unit": ["m3/s"], "signal": ["instantaneous"], "interval_s": [3600.0]}
    registry.load(
        engine,
        {
            "calendars": pd.DataFrame({"code": ["utc"], "timezone": ["UTC"]}),
            "sites": pd.DataFrame({"code": ["H"], "kind": ["river_gauge"]}),
            "series": pd.DataFrame(series | {"timezone": ["UTC"]}),
        },
    )
    times = np.arange("1921-01-01T00", "2021-01-01T00", dtype="M8[h]")
    value = 20 + times.astype("M8[Y]").astype(int) % 7
    value[times == np.datetime64("1987-06-05T12")] = 900  # the flood of the century
    stamps = np.datetime_as_string(times, unit="s")
    rows = [f"H.Q,{t}Z,{v}" for t, v in zip(stamps, value, strict=True)]
    body = "\n".join(["series,time,value", *rows, ""]).encode()
    jobs.ingest(engine, Memory("century.csv", body), Options())
    found = hydrograph.hydrograph(engine, ALL, "H.Q", None, None)
    assert found["readings"] == 876_600 == len(times) > hydrograph.MOST_READINGS
    assert (found["form"], found["aggregated"]) == ("days", True)
    assert found["drawn_of"] == 36_525
    assert len(found["time"]) <= 3 * hydrograph.MOST_POINTS
    assert found["range"]["max"].max() == 900  # extremes outlive both


def test_a_statement_that_takes_too_long_is_ended(engine, monkeypatch):
    monkeypatch.setattr(within, "_LONGEST_S", 0.05)
    with (
        pytest.raises(OperationalError, match="statement timeout"),
        within.asking(engine) as connection,
    ):
        connection.execute(text("SELECT pg_sleep(60)"))
