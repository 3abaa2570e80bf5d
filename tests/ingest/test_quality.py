"""Quality control of what is loaded: the same flags, however the readings come."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ewater.errors import UsageError
from ewater.ingest import derived, edits, jobs, quality, rejudge
from ewater.ingest.limits import in_force
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.series.quality_verdicts import Approval
from ewater.series.rows import ragged
from ewater.store import chunks, chunks_compact, quality_due, reading_history, registry
from ewater.store.instants import microseconds
from ewater.terms import Flag, Lineage, Test

pytestmark = pytest.mark.db

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 1, 1, tzinfo=UTC)
STEP = timedelta(hours=1)
SPIKE = [
    ("H", "gross_range", "fail_low", 0.0),
    ("H", "spike", "suspect", 0.2),
    ("H", "spike", "fail", 0.5),
]
EARLY = [2.0, 2.0, 2.9]  # the second looks odd until the fourth is there
_number = itertools.count()


def source(rows, head="series,time,value"):
    lines = [",".join(map(str, row)) for row in rows]
    name = f"q{next(_number)}.csv"
    return Memory(name, "\n".join([head, *lines, ""]).encode())


def row(code, step, value, *flag):
    return (code, (START + step * STEP).isoformat(), value, *flag)


def load(engine, rows, head="series,time,value", **options):
    return jobs.ingest(engine, source(rows, head), Options(now=NOW, **options))


def at(step):
    return microseconds(START + step * STEP)


def read(engine, code, as_of=None):
    with engine.connect() as connection:
        return chunks.read(connection, [code], as_of=as_of)


def flags(engine, code, as_of=None):
    return read(engine, code, as_of).flag.values.tolist()


def bits_of(engine, code):
    return read(engine, code).failed.values.tolist()


def loads(engine, kind="quality"):
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT rows_read, accepted, corrected FROM load WHERE kind = :kind"),
            {"kind": kind},
        )
        return [tuple(one) for one in found]


def due(engine):
    with engine.connect() as connection:
        return len(quality_due.due(connection)[1])


@pytest.fixture
def pump(engine):
    """A pipe meter that stands still after 48 h, its totaliser, and a level."""
    series = pd.DataFrame(
        {
            "code": ["Q", "N", "H"],
            "site": ["PUMP", "PUMP", "GIR"],
            "quantity": ["discharge", "volume", "level"],
            "unit": ["m3/s", "m3", "m"],
            "signal": ["mean_preceding", "totaliser", "instantaneous"],
            "interval_s": 3600.0,
            "timezone": "UTC",
            "max_rate": [2.0, 2.0, None],
            "modulus": [None, 1e6, None],
        }
    )
    kinds = {"code": ["PUMP", "GIR"], "kind": ["meter", "river_gauge"]}
    registry.load(engine, {"sites": pd.DataFrame(kinds), "series": series})
    override(engine, SPIKE)
    return engine


def override(engine, rows, **validity):
    columns = ["series", "test", "parameter", "value"]
    frame = pd.DataFrame(rows, columns=columns).assign(**validity)
    registry.load(engine, {"limits": frame})


def whole(engine, codes):
    """What the tests say of all that is stored, at once."""
    with engine.connect() as connection:
        found = chunks.read(connection, codes)
        found = found.assign(flag=found["flag"] * 0 + 2)
        readings = *ragged(found), found["failed"].to_numpy()
        told = in_force(connection).judge(codes, readings)
    return found.assign(flag=("reading", told.flag), failed=("reading", told.failed))


def levels(seed, count):
    """A level with spikes, a jump, a gap and a stretch that stands still."""
    rng = np.random.default_rng(seed)
    value = np.round(2 + np.cumsum(rng.normal(0, 0.02, count)), 3)
    value[rng.integers(0, count, 3)] += rng.choice([0.5, -0.8, 3.0])
    still = int(rng.integers(0, count - 80))
    value[still : still + 78] = value[still]
    value[int(rng.integers(0, count)) :] += 2.5
    keep = np.ones(count, bool)
    gap = int(rng.integers(0, count - 5))
    keep[gap : gap + 5] = False
    return [row("H", step, value[step]) for step in np.flatnonzero(keep).tolist()]


# -- in the load -----------------------------------------------------------------


def test_a_load_that_stands_alone_is_judged_as_it_is_staged(pump):
    load(pump, [row("Q", 0, 1.0), row("Q", 1, 9.0), row("Q", 2, 1.0)])
    assert flags(pump, "Q") == [Flag.PASS, Flag.FAIL, Flag.PASS]
    assert bits_of(pump, "Q") == [0, Test.GROSS_FAIL, 0]
    assert loads(pump) == []
    assert due(pump) == 0


def test_the_same_readings_again_store_nothing_whatever_the_tests_said(pump):
    rows = [row("Q", 0, 1.0), row("Q", 1, 9.0)]
    load(pump, rows)
    again = load(pump, [*rows, row("Q", 2, 1.0)])
    assert (again.counts.unchanged, again.counts.new) == (2, 1)
    repeated = load(pump, [(*one, 1) for one in rows], "series,time,value,flag")
    assert repeated.counts.unchanged == 2, "a pass of the source is no news"


def test_the_sources_own_verdict_is_kept_apart_and_can_be_taken_back(pump):
    head = "series,time,value,flag"
    load(pump, [row("Q", 0, 1.0, 4), row("Q", 1, 9.0, 3)], head)
    assert bits_of(pump, "Q") == [
        Test.SOURCE_FAIL,
        Test.GROSS_FAIL | Test.SOURCE_SUSPECT,
    ]
    same = load(pump, [row("Q", 0, 1.0, 4), row("Q", 1, 9.0, 3), row("Q", 2, 1)], head)
    assert same.counts.unchanged == 2
    back = load(pump, [row("Q", 0, 1.0, 1), row("Q", 1, 9.0, 3)], head)
    assert (back.counts.corrected, back.counts.unchanged) == (1, 1)
    assert flags(pump, "Q")[:2] == [Flag.PASS, Flag.FAIL]


def test_an_old_file_replayed_brings_no_old_verdict_back_after_a_judgement(pump):
    """A judgement keeps the issue time of the value it judges."""
    first, second, third = (datetime(2024, m, 1, tzinfo=UTC) for m in (2, 4, 3))
    spike = [row("H", s, v) for s, v in enumerate(EARLY)]
    load(pump, spike, issued_at=first)
    load(pump, [row("H", 3, 2.0)], issued_at=first)
    assert bits_of(pump, "H")[2] == Test.SPIKE_FAIL
    newer = load(pump, [row("H", 2, 2.05)], issued_at=third)
    assert newer.counts.corrected == 1, "issued before the judgement, after the value"
    older = load(pump, [row("H", 2, 2.5)], issued_at=first + timedelta(days=1))
    assert older.counts.outdated == 1
    assert load(pump, [row("H", 2, 2.1)], issued_at=second).counts.corrected == 1
    assert set(flags(pump, "H")) == {Flag.PASS}


# -- after publication -----------------------------------------------------------


def test_neighbours_that_come_later_make_a_spike_seen(pump):
    load(pump, [row("H", s, v) for s, v in enumerate(EARLY)])
    assert flags(pump, "H") == [1, 3, 1]
    before = load(pump, [row("H", 3, 2.0)]).recorded_from
    assert flags(pump, "H") == [1, 1, 4, 1]
    assert flags(pump, "H", before) == [1, 3, 1, 1], "as of before the judgement"
    assert loads(pump) == [(2, 2, 2)]
    assert due(pump) == 0


@settings(max_examples=6, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    seed=st.integers(0, 10_000),
    way=st.sampled_from(["whole", "appends", "shuffled", "overlapping", "corrected"]),
    compact=st.booleans(),
)
def test_flags_do_not_depend_on_how_the_readings_came(pump, seed, way, compact):
    with pump.begin() as connection:
        connection.execute(
            text("TRUNCATE chunk, load, daily, quality_due, landed_file CASCADE")
        )
    rng = np.random.default_rng(seed + 1)
    rows = levels(seed, 160)
    if way == "whole":
        parts = [rows]
    elif way == "appends":
        parts = [rows[i : i + 40] for i in range(0, len(rows), 40)]
    elif way == "shuffled":
        parts = [rows[i : i + 31] for i in range(0, len(rows), 31)]
        parts = [parts[k] for k in rng.permutation(len(parts))]
    elif way == "overlapping":
        parts = [rows[:100], rows[60:]]
    else:
        wrong = [(*one[:2], one[2] + rng.choice([0, 0, 1])) for one in rows]
        parts = [wrong, rows]
    for n, part in enumerate(parts):
        load(pump, part, issued_at=datetime(2024, 6, 1 + n, tzinfo=UTC))
        if compact and n == len(parts) // 2:
            chunks_compact.compact(pump)
    stored, want = read(pump, "H"), whole(pump, ["H"])
    assert stored.sizes["reading"] == len(rows)
    np.testing.assert_array_equal(stored["failed"], want["failed"])
    np.testing.assert_array_equal(stored["flag"], want["flag"])
    assert due(pump) == 0


def test_flags_do_not_depend_on_how_a_file_is_cut_into_windows(pump, monkeypatch):
    from ewater.ingest import readings_csv
    from ewater.ingest import source as sources

    monkeypatch.setattr(readings_csv, "WINDOW_ROWS", 20)
    monkeypatch.setattr(sources, "BLOCK", 200, raising=False)
    rows = levels(5, 160)
    load(pump, [*rows[80:], *rows[:80]])
    stored, want = read(pump, "H"), whole(pump, ["H"])
    assert (want["failed"] > 0).sum() >= 3
    np.testing.assert_array_equal(stored["failed"], want["failed"])


def test_a_totaliser_is_seen_to_stand_still_once_the_flow_beside_it_is_there(pump):
    still = [row("N", s, 500) for s in range(60)]
    load(pump, still)
    assert set(flags(pump, "N")) == {Flag.PASS}
    load(pump, [row("Q", s, 1 + s % 7 / 10) for s in range(60)])
    flat = np.array(bits_of(pump, "N")) == Test.FLAT_LINE
    assert flat[49:].all()
    assert not flat[:48].any()
    stored, want = read(pump, "N"), whole(pump, ["N", "Q"])
    np.testing.assert_array_equal(stored["failed"], want["failed"][:60])


def test_a_crash_between_publication_and_judging_is_made_good_by_the_next_run(
    pump, monkeypatch
):
    load(pump, [row("H", s, v) for s, v in enumerate(EARLY)])
    with monkeypatch.context() as patch:
        patch.setattr(quality, "refresh", lambda *_: (_ for _ in ()).throw(KeyError))
        with pytest.raises(KeyError):
            load(pump, [row("H", 3, 2.0)])
    assert flags(pump, "H") == [1, 3, 1, 1]
    assert due(pump) == 1
    load(pump, [row("Q", 0, 1.0)])
    assert flags(pump, "H") == [1, 1, 4, 1]
    assert due(pump) == 0


def test_a_crash_while_judging_leaves_what_is_due(pump, monkeypatch):
    load(pump, [row("H", s, v) for s, v in enumerate(EARLY)])
    with monkeypatch.context() as patch:
        patch.setattr(quality_due, "done", lambda *_: (_ for _ in ()).throw(KeyError))
        with pytest.raises(KeyError):
            load(pump, [row("H", 3, 2.0)])
    assert flags(pump, "H") == [1, 3, 1, 1]
    assert loads(pump) == []
    derived.refresh(pump)
    assert flags(pump, "H") == [1, 1, 4, 1]


def test_two_processes_judge_what_is_due_once(pump):
    load(pump, [row("H", s, v) for s, v in enumerate(EARLY)], daily=False)
    load(pump, [row("H", 3, 2.0)], daily=False)
    assert due(pump) == 1
    problems = []

    def work():
        try:
            quality.refresh(pump)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert loads(pump) == [(2, 2, 2)]
    assert flags(pump, "H") == [1, 1, 4, 1]


def test_a_span_longer_than_a_piece_is_judged_piece_by_piece(pump, monkeypatch):
    from ewater.ingest import pieces

    load(pump, levels(7, 160), daily=False)
    override(pump, [("H", "spike", "suspect", 0.05), ("H", "rate", "limit", 1e-5)])
    monkeypatch.setattr(pieces, "PIECE", 30)
    report, _ = rejudge.rejudge(pump)
    stored, want = read(pump, "H"), whole(pump, ["H"])
    np.testing.assert_array_equal(stored["failed"], want["failed"])
    assert len(report.loads) > 2
    assert report.readings == stored.sizes["reading"]


# -- on purpose ------------------------------------------------------------------


def test_judging_again_changes_nothing_where_no_limit_has_changed(pump):
    load(pump, levels(3, 160))
    report, _ = rejudge.rejudge(pump)
    assert (report.changed, report.loads) == (0, [])


def test_a_changed_limit_judges_the_past_only_on_purpose(pump):
    load(pump, [row("H", s, 2 + s / 100) for s in range(20)])
    override(pump, [("H", "gross_range", "suspect_high", 2.1)])
    assert set(flags(pump, "H")) == {Flag.PASS}
    dry, _ = rejudge.rejudge(pump, dry_run=True)
    assert (dry.changed, dry.tests, loads(pump)) == (9, {"gross_suspect": 9}, [])
    assert dry.series == {"H": 9}
    assert set(flags(pump, "H")) == {Flag.PASS}
    part, _ = rejudge.rejudge(pump, ["H"], at(0), at(15))
    assert (part.readings, part.changed) == (15, 4)
    assert loads(pump) == [(4, 4, 4)]
    assert flags(pump, "H").count(Flag.SUSPECT) == 4


def test_a_limit_holds_while_it_is_valid(pump):
    turn = START + 10 * STEP
    override(
        pump,
        [("H", "gross_range", "suspect_high", 2.05)],
        valid_from=turn,
        valid_to=turn + 5 * STEP,
    )
    load(pump, [row("H", s, 2.2) for s in range(20)])
    assert [s for s, f in enumerate(flags(pump, "H")) if f == Flag.SUSPECT] == [
        10,
        11,
        12,
        13,
        14,
    ]


def test_learned_limits_are_kept_on_purpose_only(pump):
    rng = np.random.default_rng(2)
    values = np.round(
        2 + 0.1 * np.sin(np.arange(2600) / 30) + rng.normal(0, 0.005, 2600), 3
    )
    values[2000] += 0.4
    load(pump, [row("H", s, v) for s, v in enumerate(values)])
    override(pump, [])
    dry, told = rejudge.rejudge(pump, ["H"], learn=True, dry_run=True)
    assert told > 3
    with pump.connect() as connection:
        assert in_force(connection).history.empty
    report, _ = rejudge.rejudge(pump, ["H"], learn=True)
    assert report.tests == dry.tests
    assert bits_of(pump, "H")[2000] & Test.SPIKE_FAIL
    with pump.connect() as connection:
        limits = in_force(connection)
        assert limits.limits.loc["H", "spike.fail"] < 0.4
    assert rejudge.rejudge(pump, ["H"])[0].changed == 0


# -- people ----------------------------------------------------------------------


def test_a_verdict_outranks_the_tests_and_survives_the_same_value(pump):
    load(pump, [row("Q", 0, 1.0), row("Q", 1, 9.0), row("Q", 2, 1.0)])
    edits.approve(
        pump,
        "Q",
        at(1),
        at(2),
        level=Approval.APPROVED,
        verdict=Flag.PASS,
        note="flood",
        who="ana",
    )
    assert flags(pump, "Q") == [1, 1, 1]
    assert bits_of(pump, "Q")[1] == Test.GROSS_FAIL | Test.MANUAL
    again = load(pump, [row("Q", 1, 9.0), row("Q", 3, 1.0)])
    assert again.counts.unchanged == 1
    rejudge.rejudge(pump)
    assert flags(pump, "Q") == [1, 1, 1, 1]
    with pump.connect() as connection:
        assert quality.approvals(connection, "Q").tolist() == [0, 2, 0, 0]
        told = reading_history.history(connection, "Q", at(1))
    assert told["what"].tolist() == ["readings", "quality", "approved"]
    assert told["by"].tolist()[1:] == ["ana", "ana"]
    assert told["why"].tolist()[1:] == ["flood", "flood"]


def test_a_verdict_lapses_on_a_revision_of_the_value_and_not_by_a_judgement(pump):
    load(pump, [row("H", s, v) for s, v in enumerate(EARLY)])
    level = Approval.APPROVED
    edits.approve(pump, "H", at(0), at(3), level=level, verdict=Flag.PASS, note="seen")
    load(pump, [row("H", 3, 2.0)])
    assert flags(pump, "H") == [1, 1, 1, 1], "approved before it looked like a spike"
    load(pump, [row("H", 2, 2.95)])
    assert flags(pump, "H") == [1, 1, 4, 1]
    with pump.connect() as connection:
        assert quality.approvals(connection, "H").tolist() == [2, 2, 0, 0]


def test_an_approval_without_a_flag_keeps_what_the_tests_found(pump):
    load(pump, [row("Q", 0, 1.0), row("Q", 1, 9.0), row("Q", 2, 1.0)])
    done = edits.approve(pump, "Q", at(0), at(3), level=Approval.REVIEWED, note="ok")
    assert flags(pump, "Q") == [1, 4, 1]
    assert done.counts.rows_read == 3
    back = edits.approve(pump, "Q", at(0), at(3), level=Approval.WORKING, note="no")
    assert flags(pump, "Q") == [1, 4, 1]
    assert bits_of(pump, "Q") == [0, Test.GROSS_FAIL, 0]
    with pump.connect() as connection:
        assert quality.approvals(connection, "Q").tolist() == [0, 0, 0]
        before = quality.approvals(connection, "Q", as_of=done.recorded_from)
    assert before.tolist() == [1, 1, 1]
    assert back.recorded_from > done.recorded_from


def test_an_edit_survives_the_value_it_replaced_and_yields_to_a_revision(pump):
    load(pump, [row("Q", 0, 1.0), row("Q", 1, 9.0)])
    edits.correct(pump, "Q", np.array([at(1)]), np.array([0.9]), note="decimal point")
    assert flags(pump, "Q") == [1, 1], "what failed was the value before"
    again = load(pump, [row("Q", 1, 9.0), row("Q", 2, 1.0)])
    assert (again.counts.unchanged, again.counts.new) == (1, 1)
    chunks_compact.compact(pump)
    assert load(pump, [row("Q", 1, "9.00")]).counts.unchanged == 1
    found = read(pump, "Q")
    assert found.value.values.tolist() == [1.0, 0.9, 1.0]
    assert found.lineage.values.tolist() == [0, Lineage.EDITED, 0]
    old = load(pump, [row("Q", 1, 0.8)], issued_at=START)
    assert old.counts.outdated == 1
    assert load(pump, [row("Q", 1, "0.80")]).counts.corrected == 1
    assert read(pump, "Q").value.values.tolist() == [1.0, 0.8, 1.0]


def test_an_edit_that_was_retracted_is_not_undone_by_the_raw_value(pump):
    load(pump, [row("Q", 0, 1.0), row("Q", 1, 9.0)])
    edits.correct(pump, "Q", np.array([at(1)]), np.array([0.9]), note="guess")
    edits.retract_span(pump, "Q", at(1), at(2), note="no way to know")
    assert load(pump, [row("Q", 1, "9.0")]).counts.unchanged == 1
    assert read(pump, "Q").value.values.tolist() == [1.0]


def test_an_edit_lets_its_neighbours_be_judged_again(pump):
    load(pump, [row("H", s, v) for s, v in enumerate([2.0, 2.0, 2.9, 2.0, 2.0])])
    assert flags(pump, "H")[2] == Flag.FAIL
    edits.correct(pump, "H", np.array([at(2)]), np.array([2.01]), note="staff read")
    assert set(flags(pump, "H")) == {Flag.PASS}


def test_a_verdict_on_nothing_is_refused_and_changes_nothing(pump):
    with pytest.raises(UsageError, match="no reading from"):
        edits.approve(pump, "Q", at(0), at(3), level=Approval.REVIEWED, note="ok")
    load(pump, [row("Q", 0, 1.0)])
    with pytest.raises(UsageError, match="working"):
        edits.approve(
            pump, "Q", at(0), at(3), level=Approval.WORKING, verdict=Flag.FAIL, note="x"
        )
    with pump.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM verdict")) == 0


def test_failed_readings_give_no_volume(pump):
    load(pump, [row("Q", s, 9.0 if s == 5 else 1.0) for s in range(1, 25)])
    with pump.connect() as connection:
        day = connection.execute(text("SELECT * FROM daily ORDER BY day")).first()
    assert day.volume == 23 * 3600.0
    assert day.observed_s == 23 * 3600.0
    assert day.volume_pass == day.volume


def test_readings_that_were_loaded_unjudged_are_due_and_get_the_same_flags(pump):
    rows = levels(3, 300)
    load(pump, rows, judge=False, daily=False)
    assert set(flags(pump, "H")) == {Flag.NOT_EVALUATED}
    assert due(pump) == 1
    derived.refresh(pump)
    expected = whole(pump, ["H"])
    assert flags(pump, "H") == expected.flag.values.tolist()
    assert bits_of(pump, "H") == expected.failed.values.tolist()
    assert {Flag.PASS, Flag.FAIL} <= set(flags(pump, "H"))
    assert due(pump) == 0
