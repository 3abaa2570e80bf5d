from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from ewater.errors import UsageError
from ewater.ingest import edits, jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import chunks, chunks_compact
from ewater.store.instants import instant, microseconds
from ewater.terms import Flag

pytestmark = pytest.mark.db

START = datetime(2024, 1, 30, tzinfo=UTC)
_number = itertools.count()


def file(rows, code="Q1", header="series,time,value"):
    lines = [f"{code},{time.isoformat()},{value}" for time, value in rows]
    name = f"f{next(_number)}.csv"
    return Memory(name, "\n".join([header, *lines, ""]).encode())


def load(engine, rows, issued=None, code="Q1"):
    options = Options(issued_at=issued, daily=False)
    return jobs.ingest(engine, file(rows, code), options)


def values(engine, as_of=None, code="Q1"):
    with engine.connect() as connection:
        found = chunks.read(connection, [code], as_of=as_of)
    return dict(
        zip(
            found.time.values.astype("M8[us]").astype(int).tolist(),
            found.value.values.tolist(),
            strict=True,
        )
    )


def test_e26_bitemporal(country):
    instant_ = datetime(2024, 1, 15, tzinfo=UTC)
    first = file([(instant_, 100)])
    options = Options(issued_at=datetime(2024, 2, 1, tzinfo=UTC))
    as_of_first = jobs.ingest(country, first, options).recorded_from
    load(country, [(instant_, 92)], datetime(2024, 3, 10, tzinfo=UTC))
    key = microseconds(instant_)
    assert values(country, as_of_first) == {key: 100.0}
    assert values(country) == {key: 92.0}

    again = load(country, [(instant_, "92.0")], datetime(2024, 3, 11, tzinfo=UTC))
    assert (again.counts.unchanged, again.counts.corrected) == (1, 0)
    with country.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM chunk")).scalar_one()
        assert rows == 2
    replayed = jobs.ingest(country, first, options)
    assert replayed.known
    late = load(country, [(instant_, "100.0")], datetime(2024, 2, 2, tzinfo=UTC))
    assert late.counts.outdated == 1
    assert values(country) == {key: 92.0}
    assert values(country, as_of_first) == {key: 100.0}


def test_history_lists_every_version_with_its_load(country):
    one = load(country, [(START, 1)], datetime(2024, 2, 1, tzinfo=UTC))
    two = load(country, [(START, 2)], datetime(2024, 2, 2, tzinfo=UTC))
    edits.retract(country, "Q1", np.array([microseconds(START)]), note="icing")
    for fold in (False, True):
        if fold:
            chunks_compact.compact(country)
        with country.connect() as connection:
            found = chunks.history(connection, "Q1", microseconds(START))
        assert found["load"].tolist()[:2] == [one.load, two.load]
        assert found["value"].tolist()[:2] == [1.0, 2.0]
        assert np.isnan(found["value"].iloc[2])
        assert found["lineage"].tolist() == [0, 0, 3]
        assert found["recorded_from"].is_monotonic_increasing


def test_a_retracted_reading_is_gone_now_and_there_as_of_before(country):
    done = load(country, [(START, 5), (START + timedelta(hours=1), 6)])
    edits.retract(country, "Q1", np.array([microseconds(START)]), note="wrong gauge")
    assert list(values(country).values()) == [6.0]
    assert list(values(country, done.recorded_from).values()) == [5.0, 6.0]
    later = load(country, [(START, 5)])
    assert later.counts.unchanged == 1, "the same wrong value again says nothing new"
    assert list(values(country).values()) == [6.0]
    load(country, [(START, 5.5)])
    assert list(values(country).values()) == [5.5, 6.0]


def test_a_verdict_survives_the_source_sending_the_same_value_again(country):
    load(country, [(START, 5)])
    edits.flag(country, "Q1", np.array([microseconds(START)]), Flag.FAIL, note="spike")
    assert load(country, [(START, "5.0")]).counts.unchanged == 1
    with country.connect() as connection:
        assert chunks.read(connection, ["Q1"]).flag.values.tolist() == [Flag.FAIL]


def test_an_edit_of_a_reading_that_is_not_there_changes_nothing(country):
    load(country, [(START, 5)])
    with pytest.raises(UsageError, match="no reading at 1970"):
        edits.retract(country, "Q1", np.array([0, microseconds(START)]), note="x")
    assert list(values(country).values()) == [5.0]


def test_reads_are_half_open_and_ragged(country):
    hours = [(START + timedelta(hours=h), h) for h in range(5)]
    load(country, hours)
    load(country, hours[:2], code="Q3")
    a, b = microseconds(START), microseconds(START + timedelta(hours=3))
    with country.connect() as connection:
        found = chunks.read(connection, ["Q3", "Q2", "Q1"], a, b)
        assert found.row_size.values.tolist() == [2, 0, 3]
        assert found.value.values.tolist() == [0, 1, 0, 1, 2]
        assert found.time.dtype == "M8[us]"
        with pytest.raises(UsageError, match="NOPE"):
            chunks.read(connection, ["NOPE"])
        with pytest.raises(UsageError, match="twice"):
            chunks.read(connection, ["Q1", "Q1"])


def sql_rows(engine, as_of=None, code="Q1"):
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT * FROM reading_sql(:code, NULL, NULL, :as_of)"),
            {"code": code, "as_of": as_of},
        ).all()
    return [(microseconds(r.time), r.value, r.flag, r.failed, r.lineage) for r in rows]


def python_rows(engine, as_of=None, code="Q1"):
    with engine.connect() as connection:
        found = chunks.read(connection, [code], as_of=as_of)
    return list(
        zip(
            found.time.values.astype("M8[us]").astype(int).tolist(),
            *(found[n].values.tolist() for n in ("value", "flag", "failed", "lineage")),
            strict=True,
        )
    )


@pytest.mark.parametrize(
    "value",
    [
        "7.25",
        "1e-310",
        "-9.876543210987654e29",
        "0.1",
        "-3.141592653589793",
        "123456789.123",
        "5e-324",
    ],
)
def test_sql_decodes_any_double_exactly(country, value):
    rows = [
        (START, value),
        (START + timedelta(minutes=7), "-2"),
        (START + timedelta(days=50, microseconds=1), "0"),
    ]
    load(country, rows)
    assert sql_rows(country) == python_rows(country)
    assert sql_rows(country)[0][1] == float(value)


def test_sql_gives_what_read_gives_before_and_after_compaction(country):
    rng = np.random.default_rng(5)
    noise = np.round(rng.lognormal(4, 1, 3000), 2)
    first = load(
        country, [(START + timedelta(minutes=10 * i), v) for i, v in enumerate(noise)]
    )
    load(
        country,
        [(START + timedelta(minutes=10 * i), v + 1) for i, v in enumerate(noise[:400])],
    )
    edits.flag(country, "Q1", np.array([microseconds(START)]), Flag.SUSPECT, note="x")
    for as_of in (None, first.recorded_from):
        assert sql_rows(country, as_of) == python_rows(country, as_of)
    before = [python_rows(country, as_of) for as_of in (None, first.recorded_from)]
    chunks_compact.compact(country)
    for as_of, want in zip((None, first.recorded_from), before, strict=True):
        assert python_rows(country, as_of) == want
        assert sql_rows(country, as_of) == want
    with country.connect() as connection:
        limited = connection.execute(
            text("SELECT count(*) FROM reading_sql('Q1', :a, :b)"),
            {"a": START, "b": START + timedelta(hours=1)},
        ).scalar_one()
    assert limited == 6


def test_content_hash_is_the_hash_of_the_payload(country):
    load(country, [(START, 1)])
    with country.connect() as connection:
        assert connection.execute(
            text("SELECT bool_and(content_hash = sha256(payload)) FROM chunk")
        ).scalar_one()


def test_overlapping_bases_are_refused_by_the_database(country):
    load(country, [(START + timedelta(hours=h), h) for h in range(5)])
    chunks_compact.compact(country)
    with pytest.raises(Exception, match="ex_chunk_base"), country.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO chunk (first_time, last_time, series_id, kind, count, "
                "newest, content_hash, payload) SELECT first_time, last_time, "
                "series_id, kind, count, newest, content_hash, payload FROM chunk"
            )
        )


def test_compaction_of_small_appends_leaves_one_base(country):
    for day in range(12):
        load(country, [(START + timedelta(days=day, hours=h), day) for h in range(24)])
    want = python_rows(country)
    done = chunks_compact.compact(country)
    assert (done.folded, done.written) == (12, 1)
    assert python_rows(country) == want
    assert chunks_compact.compact(country).folded == 0
    load(country, [(START + timedelta(days=12), 3)])
    assert chunks_compact.compact(country, ["Q1"]).folded == 2


class Bitemporal(RuleBasedStateMachine):
    """Readings of one series against a plain dictionary for every recorded time."""

    engine = None
    codes = iter(())

    def __init__(self):
        super().__init__()
        self.code = next(type(self).codes)
        self.now: dict[int, tuple[float, int, bool, int]] = {}
        self.seen: list[tuple[datetime, dict[int, tuple[float, int]]]] = []

    def _remember(self, recorded):
        present = {t: v[:2] for t, v in self.now.items() if not v[2]}
        self.seen.append((recorded, dict(sorted(present.items()))))

    @rule(
        rows=st.dictionaries(
            st.integers(0, 40), st.integers(0, 9), min_size=1, max_size=8
        ),
        issued=st.integers(1, 30),
    )
    def ingest(self, rows, issued):
        times = {hour: START + timedelta(hours=12 * hour) for hour in rows}
        done = load(
            self.engine,
            [(times[h], v) for h, v in rows.items()],
            START + timedelta(days=issued),
            self.code,
        )
        for hour, value in rows.items():
            key = microseconds(times[hour])
            old = self.now.get(key)
            if old is None or (old[0] != value and issued > old[3]):
                self.now[key] = (float(value), 1, False, issued)
        self._remember(done.recorded_from)

    @rule(pick=st.integers(0, 100))
    def retract(self, pick):
        there = sorted(t for t, v in self.now.items() if not v[2])
        if not there:
            return
        key = there[pick % len(there)]
        done = edits.retract(self.engine, self.code, np.array([key]), note="wrong")
        value, flag, _, _ = self.now[key]
        self.now[key] = (value, flag, True, 10**9)  # issued now: later than any file
        self._remember(done.recorded_from)

    @rule(pick=st.integers(0, 100), verdict=st.sampled_from([Flag.PASS, Flag.SUSPECT]))
    def judge(self, pick, verdict):
        there = sorted(t for t, v in self.now.items() if not v[2])
        if not there:
            return
        key = there[pick % len(there)]
        done = edits.flag(self.engine, self.code, np.array([key]), verdict, note="seen")
        value, _, _, issued = self.now[key]  # a verdict is no revision
        self.now[key] = (value, int(verdict), False, issued)
        self._remember(done.recorded_from)

    @rule()
    def compact(self):
        chunks_compact.compact(self.engine, [self.code])

    @invariant()
    def every_recorded_time_reads_as_it_did(self):
        for recorded, want in self.seen:
            found = {
                r[0]: r[1:3] for r in python_rows(self.engine, recorded, self.code)
            }
            assert found == want
        if self.seen:
            want = self.seen[-1][1]
            found = {r[0]: r[1:3] for r in sql_rows(self.engine, None, self.code)}
            assert found == want


@pytest.mark.slow
def test_what_was_read_as_of_a_time_never_changes(engine):

    register_many(engine)
    Bitemporal.engine = engine
    Bitemporal.codes = (f"M{i}" for i in range(400))
    run_state_machine_as_test(
        Bitemporal,
        settings=settings(
            max_examples=12,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def register_many(engine):
    import pandas as pd

    from ewater.store import registry

    registry.load(
        engine,
        {
            "sites": pd.DataFrame({"code": ["GIR"], "kind": ["river_gauge"]}),
            "series": pd.DataFrame(
                {
                    "code": [f"M{i}" for i in range(400)],
                    "site": "GIR",
                    "quantity": "discharge",
                    "unit": "m3/s",
                    "signal": "instantaneous",
                    "interval_s": 43200.0,
                    "timezone": "UTC",
                }
            ),
        },
    )


def test_timestamps_go_to_microseconds_and_back():
    for number in (0, -1, 1_704_067_200_000_001, -(10**15)):
        assert microseconds(instant(number)) == number
