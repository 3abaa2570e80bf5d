from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from sqlalchemy import text

from ewater.ingest import jobs, replay
from ewater.ingest.outcome import Options
from ewater.ingest.reports_csv import HEADER
from ewater.ingest.source import Memory
from ewater.store import chunks, registry, rejects

pytestmark = pytest.mark.db

NOW = datetime(2024, 6, 1, tzinfo=UTC)
MARCH = "2024-03-01T00:00+04:00,2024-04-01T00:00+04:00"


def load(engine, body, head="series,time,value", **options):
    data = f"{head}\n{body}".encode()
    return jobs.ingest(engine, Memory("f.csv", data), Options(now=NOW, **options))


def add_series(engine, *codes):
    frame = pd.DataFrame(
        {
            "code": codes,
            "site": "GIR",
            "quantity": "discharge",
            "unit": "m3/s",
            "signal": "instantaneous",
            "timezone": "Asia/Baku",
        }
    )
    registry.load(engine, {"series": frame})


def add_enterprises(engine, *codes):
    frame = pd.DataFrame({"code": codes, "name": codes})
    registry.load(engine, {"enterprises": frame})


def read(engine, code):
    with engine.connect() as connection:
        return chunks.read(connection, [code]).value.values.tolist()


def waiting(engine):
    with engine.connect() as connection:
        found = rejects.held(connection)
    return {load: [line for line, *_ in rows] for load, rows in found.items()}


def reports(engine):
    with engine.connect() as connection:
        return registry.read_table(connection, "reports")


def test_held_rows_are_loaded_once_their_series_is_registered(country):
    early = datetime(2024, 2, 1, tzinfo=UTC)
    body = (
        "NEW,2024-01-01T00:00Z,1\nQ1,2024-01-01T00:00Z,1\n"
        "NEW,2024-01-01T01:00Z,x\nOTHER,2024-01-01T00:00Z,4\n"
    )
    first = load(country, body, issued_at=early)
    assert waiting(country) == {first.load: [2, 4, 5]}
    assert replay.replay(country, options=Options(now=NOW)) == []

    add_series(country, "Q1", "NEW")
    done = replay.replay(country, options=Options(now=NOW))
    assert len(done) == 1
    counts = done[0].counts
    assert (counts.rows_read, counts.new, counts.rejected) == (2, 1, 1)
    assert read(country, "NEW") == [1.0]
    assert waiting(country) == {first.load: [5]}
    with country.connect() as connection:
        again = rejects.read(connection, done[0].load)
        issued = connection.execute(
            text("SELECT issued_at FROM load WHERE id = :id"), {"id": done[0].load}
        ).scalar_one()
    assert [(r["line"], r["reason"], r["raw"]) for r in again] == [
        (4, "value", "NEW,2024-01-01T01:00Z,x")
    ]
    assert issued == early, "replayed rows are as old as their file"
    assert replay.replay(country, options=Options(now=NOW)) == []


def test_reports_are_registered_and_counted(country):
    add_enterprises(country, "E1", "E2")
    body = (
        f"E1,{MARCH},abstraction,12.5,1000 m3,KUR,irrigation,approved,,0\n"
        f"E2,{MARCH},use,,m3,,,submitted,E1,\n"
        f"E1,{MARCH},abstraction,12.5,1000 m3,KUR,irrigation,approved,,0\n"
    )
    done = load(country, body, HEADER)
    assert done.kind == "reports"
    assert (done.counts.rows_read, done.counts.new, done.counts.unchanged) == (3, 2, 1)
    frame = reports(country)
    assert frame["enterprise"].tolist() == ["E1", "E2"]
    assert frame["value"].isna().tolist() == [False, True], "a refusal is not zero"
    assert load(country, body, HEADER).known
    assert (
        load(country, body.replace("E2", " E2 ".strip()) + "\n", HEADER).counts.new == 0
    )


@pytest.mark.parametrize(
    ("row", "reason", "says"),
    [
        (f"E1,{MARCH},abstraction,1,m3,,,approved,", "cells", "11"),
        (f"E9,{MARCH},abstraction,1,m3,,,approved,,0", "unknown_enterprise", "E9"),
        (f"E1,{MARCH},delivery,1,m3,,,approved,E8,0", "unknown_enterprise", "E8"),
        (f"E1,{MARCH},taken,1,m3,,,approved,,0", "cell", "taken"),
        (f"E1,{MARCH},abstraction,-1,m3,,,approved,,0", "cell", "value"),
        (f"E1,{MARCH},abstraction,nan,m3,,,approved,,0", "cell", "finite"),
        (f"E1,{MARCH},abstraction,1,kg,,,approved,,0", "cell", "kg"),
        (f"E1,{MARCH},abstraction,1,m3,,,done,,0", "cell", "approved"),
        (f"E1,{MARCH},abstraction,1,m3,,,approved,,0.5", "cell", "revision"),
        (
            "E1,2024-03-01T00:00Z,2024-03-01T00:00Z,use,1,m3,,,approved,,0",
            "cell",
            "period_end",
        ),
        ("E1,March,2024-03-01T00:00Z,use,1,m3,,,approved,,0", "cell", "March"),
        (f",{MARCH},use,1,m3,,,approved,,0", "cell", "enterprise"),
    ],
)
def test_a_bad_report_is_rejected_and_the_others_loaded(country, row, reason, says):
    add_enterprises(country, "E1")
    fine = f"E1,{MARCH},return_flow,1,m3,,,approved,,0"
    done = load(country, f"{fine}\n{row}\n", HEADER)
    assert (done.counts.accepted, done.counts.rejected) == (1, 1)
    with country.connect() as connection:
        kept = rejects.read(connection, done.load)[0]
    assert (kept["line"], kept["reason"], kept["raw"]) == (3, reason, row)
    assert says in kept["detail"]
    assert reports(country)["item"].tolist() == ["return_flow"]


def test_reports_that_contradict_each_other_are_all_rejected(country):
    add_enterprises(country, "E1")
    rows = [f"E1,{MARCH},use,{v},m3,,,approved,,0" for v in (1, 2)]
    done = load(country, "\n".join(rows), HEADER)
    assert (done.counts.accepted, done.counts.rejected) == (0, 2)
    with country.connect() as connection:
        assert "line 3" in rejects.read(connection, done.load)[0]["detail"]
    assert reports(country).empty


def test_a_trial_of_reports_writes_nothing(country):
    add_enterprises(country, "E1")
    done = load(country, f"E1,{MARCH},use,1,m3,,,approved,,0\n", HEADER, dry_run=True)
    assert (done.load, done.counts.new) == (None, 1)
    assert reports(country).empty


def test_held_reports_are_loaded_once_their_enterprise_is_registered(country):
    add_enterprises(country, "E1")
    body = (
        f"E7,{MARCH},use,1,m3,,,approved,,0\nE1,{MARCH},use,2,m3,,,approved,,0\n"
        f"E8,{MARCH},use,3,m3,,,approved,,0\n"
    )
    first = load(country, body, HEADER)
    add_enterprises(country, "E1", "E8")
    done = replay.replay(country, options=Options(now=NOW))
    assert [o.counts.new for o in done] == [1]
    assert waiting(country) == {first.load: [2]}
    assert reports(country)["enterprise"].tolist() == ["E1", "E8"]
