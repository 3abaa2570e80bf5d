"""What the pages of reservoirs and of data quality ask, hand-checked."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.accounts.scope import Scope
from ewater.dashboard.i18n import language
from ewater.dashboard.pages.quality.faults import source_name
from ewater.dashboard.questions import covered, refused, stored, waiting
from ewater.errors import ForbiddenError
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import registry

pytestmark = pytest.mark.db

ALL = Scope()
MINE, OTHER = Scope(organisations=("Mine",)), Scope(organisations=("Other",))
HALF_DAY = dt.timedelta(hours=12)


def prepare(engine):
    """A reservoir with four years of levels, and a gauge with gaps and bad rows."""
    sites = {
        "code": ["LAKE", "GAUGE"],
        "kind": ["reservoir", "river_gauge"],
        "organisation": ["Mine", "Other"],
        "capacity_m3": [100e6, None],
        "dead_m3": [20e6, None],
    }
    series = {
        "code": ["LAKE.H", "GAUGE.Q"],
        "site": ["LAKE", "GAUGE"],
        "quantity": ["level", "discharge"],
        "unit": ["m", "m3/s"],
        "signal": ["instantaneous"] * 2,
        "interval_s": [43200.0, 43200.0],
        "timezone": ["UTC"] * 2,
        "u_systematic_pct": [3.0, None],
        "u_random_pct": [4.0, None],
    }
    curves = {
        "site": ["LAKE"] * 2,
        "kind": ["storage"] * 2,
        "x": [0.0, 100.0],
        "y": [0.0, 100e6],  # a metre is a million cubic metres
    }
    registry.load(
        engine,
        {
            "calendars": pd.DataFrame({"code": ["utc"], "timezone": ["UTC"]}),
            "sites": pd.DataFrame(sites),
            "series": pd.DataFrame(series),
            "curves": pd.DataFrame(curves),
        },
    )
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    rows = []
    for n in range(2 * (4 * 365 + 1)):  # to the end of 2023
        at = start + n * HALF_DAY
        rows.append(f"LAKE.H,{at.isoformat()},{30 + 10 * (at.year - 2020)}")
    for n in range(2 * 60 - 20):  # ten days of the second month are missing
        at = dt.datetime(2023, 1, 1, tzinfo=dt.UTC) + n * HALF_DAY
        rows.append(f"GAUGE.Q,{at.isoformat()},5")
    good = "\n".join(["series,time,value", *rows, ""])
    jobs.ingest(engine, Memory("lake-2023.csv", good.encode()), Options())
    bad = "series,time,value\nGAUGE.Q,noon,1\nGAUGE.Q,2023-04-01T00:00Z,5\nX,1,1\n"
    jobs.ingest(engine, Memory("gauge-7.csv", bad.encode()), Options())


@pytest.fixture
def lake(prepared):
    """Engine on a copy of the reservoir and its gauge."""
    return prepared


def test_a_reservoir_is_read_off_its_curve_beside_the_same_day_of_past_years(lake):
    (found,) = stored.reservoirs(lake, ALL, dt.date(2023, 6, 30))
    assert (found["site"], found["level"], found["stored"]) == ("LAKE", 60.0, 60e6)
    assert found["u"] == pytest.approx(0.05 * 60e6)  # 3 and 4 per cent
    assert found["past"] == (30e6, 32e6, 40e6, 48e6, 50e6, 3)
    assert found["age_s"] == 0.0  # midnight closes the day
    assert (found["capacity"], found["dead"]) == (100e6, 20e6)
    (early,) = stored.reservoirs(lake, ALL, dt.date(2022, 6, 30))
    assert early["past"] is None  # two years say nothing of what is usual
    (late,) = stored.reservoirs(lake, ALL, dt.date(2024, 3, 1))
    assert (late["stored"], late["time"]) == (None, None)  # none for 31 days


def test_storage_through_a_year_has_its_past_on_every_day(lake):
    found = stored.storage(lake, ALL, "LAKE", dt.date(2023, 1, 1), dt.date(2024, 1, 1))
    assert len(found["day"]) == 365
    assert set(found["stored"]) == {60e6}
    assert found["u"] == pytest.approx([0.05 * 60e6] * 365)  # 3 and 4 per cent
    assert set(found["series"]) == {"LAKE.H"}
    assert set(found["past"]) == {(30e6, 32e6, 40e6, 48e6, 50e6, 3)}
    leap = stored.storage(lake, ALL, "LAKE", dt.date(2024, 1, 1), dt.date(2025, 1, 1))
    assert leap["past"][59][5] == 4  # 29 February: its own year and three 28ths
    assert set(leap["stored"]) == set(leap["u"]) == {None}


def test_coverage_counts_what_was_due_from_the_first_reading_on(lake):
    rows = covered.coverage(lake, ALL, dt.date(2023, 1, 1), dt.date(2023, 5, 1))
    share = {
        (row["site"], row["month"].month): row["seen_s"] / row["due_s"] for row in rows
    }
    assert share["LAKE", 1] == share["GAUGE", 1] == 1.0
    # 19 of 28 days of February: a discharge is known up to its last reading
    assert share["GAUGE", 2] == pytest.approx(18.5 / 28, abs=0.02)
    assert share["GAUGE", 4] == pytest.approx(0.0, abs=0.02)
    assert {row["site"] for row in covered.coverage(
        lake, MINE, dt.date(2023, 1, 1), dt.date(2023, 2, 1)
    )} == {"LAKE"}  # fmt: skip


def test_the_most_overdue_series_is_the_first(lake):
    rows = covered.latency(lake, ALL, "2024-01-02T12:00:00+00:00")
    assert [row["code"] for row in rows] == ["GAUGE.Q", "LAKE.H"]
    gauge, level = rows
    assert level["late"] == pytest.approx(4.0)  # 31 December noon, 48 h ago
    assert (level["behind_s"], gauge["behind_s"] > 0) == (0.0, True)
    assert [r["code"] for r in covered.latency(lake, OTHER, "2024-01-02T00:00Z")] == [
        "GAUGE.Q"
    ]


def test_rejects_are_counted_by_source_and_reason_for_who_may_know(lake):
    span = "2020-01-01T00:00Z", dt.datetime(2100, 1, 1, tzinfo=dt.UTC).isoformat()
    rows = refused.rejects(lake, ALL, *span)
    assert {(row["source"], row["reason"]): row["rows"] for row in rows} == {
        ("gauge-#.csv", "time"): 1,
        ("gauge-#.csv", "unknown_series"): 1,
    }
    assert {row["reason"]: row["held"] for row in rows}["unknown_series"] == 1
    # the load brought readings of the other organisation alone
    assert len(refused.rejects(lake, OTHER, *span)) == 2
    assert refused.rejects(lake, MINE, *span) == []
    assert refused.rejects(lake, ALL, span[0], "2021-01-01T00:00Z") == []


def test_what_waits_is_listed_in_the_scope(lake):
    with lake.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO quality_due (series_id, first_time, last_time) "
                "SELECT id, now(), now() FROM series_key"
            )
        )
        connection.execute(
            text(
                "INSERT INTO meter_event_proposal (series, shows, before, after, "
                "old_reading, new_reading, events, evidence) VALUES ('GAUGE.Q', "
                "'fell', now() - interval '1 h', now(), 9, 1, '{reset}', 'x')"
            )
        )
    assert [row["code"] for row in waiting.due(lake, ALL)] == ["GAUGE.Q", "LAKE.H"]
    assert [row["code"] for row in waiting.due(lake, MINE)] == ["LAKE.H"]
    (event,) = waiting.events(lake, OTHER)
    assert (event["series"], event["events"]) == ("GAUGE.Q", ["reset"])
    assert waiting.events(lake, MINE) == []


def test_a_reservoir_outside_the_scope_is_neither_listed_nor_drawn(lake):
    assert stored.reservoirs(lake, OTHER, dt.date(2023, 6, 30)) == []
    span = dt.date(2023, 1, 1), dt.date(2023, 2, 1)
    with pytest.raises(ForbiddenError):
        stored.storage(lake, OTHER, "LAKE", *span)
    assert np.isfinite(stored.storage(lake, MINE, "LAKE", *span)["stored"][0])


@pytest.mark.parametrize(
    ("source", "names", "said"),
    [
        ("series:LAKE.H", {"name_en": "Long lake"}, "Long lake (LAKE.H)"),
        ("series:LAKE.H", {}, "series:LAKE.H"),  # of others: its code alone
        ("flow:A:B", {}, "Upper reach → Canal"),
        ("flow:A:HIDDEN", {}, "flow:A:HIDDEN"),
    ],
)
def test_a_source_is_named_by_its_site_or_by_the_ends_of_its_flow(source, names, said):
    ends = {"A": "Upper reach", "B": "Canal"}
    row = {"source": source, "names": names}
    assert source_name(row, ends, language("en")) == said
