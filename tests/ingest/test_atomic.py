from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ewater.ingest import jobs, readings_csv
from ewater.ingest.outcome import Options
from ewater.ingest.source import File, Memory
from ewater.store import chunks, landed_files, landing, rejects, unfinished

pytestmark = pytest.mark.db

NOW = datetime(2024, 6, 1, tzinfo=UTC)
TABLES = (
    "load",
    "chunk",
    "reject",
    "landed_file",
    "landed_piece",
    "daily_due",
    "daily",
)


class Crash(BaseException):
    """Stands for a killed process."""


def source(body, name="r.csv"):
    return Memory(name, ("series,time,value\n" + body).encode())


def rows(code, count, value=1):
    return "".join(f"{code},2024-01-{d + 1:02d}T00:00Z,{value}\n" for d in range(count))


def counts(engine):
    with engine.connect() as connection:
        return {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in TABLES
        }


def read(engine, code="Q1", as_of=None):
    with engine.connect() as connection:
        return chunks.read(connection, [code], as_of=as_of).value.values.tolist()


def crash(*_args, **_kwargs):
    raise Crash


@pytest.mark.parametrize("where", ["publish", "lock_series", "overtaken"])
def test_a_crash_before_publishing_leaves_nothing_visible_and_a_rerun_cleans_up(
    country, monkeypatch, where
):
    file = source(rows("Q1", 5) + "Q9,2024-01-01T00:00Z,1\n")
    with monkeypatch.context() as patch:
        patch.setattr(landing, where, crash)
        patch.setattr(
            unfinished, "discard", lambda *_, **__: None
        )  # the process is dead
        with pytest.raises(Crash):
            jobs.ingest(country, file, Options(now=NOW))
    left = counts(country)
    assert left["chunk"] == left["load"] == left["reject"] == 1
    assert read(country) == []
    with country.connect() as connection:
        assert rejects.read(connection) == []

    done = jobs.ingest(country, file, Options(now=NOW))
    assert not done.known
    assert read(country) == [1.0] * 5
    after = counts(country)
    assert after["load"] == after["chunk"] == after["landed_piece"] == 1


def test_leftovers_of_another_file_are_cleared_by_the_next_ingest(country, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(landing, "publish", crash)
        patch.setattr(unfinished, "discard", lambda *_, **__: None)
        with pytest.raises(Crash):
            jobs.ingest(country, source(rows("Q1", 5)), Options(now=NOW))
    jobs.ingest(country, source(rows("Q2", 1)), Options(now=NOW))
    after = counts(country)
    assert after["load"] == after["chunk"] == after["landed_file"] == 1
    assert read(country) == []


def test_a_load_that_fails_takes_everything_with_it(country, monkeypatch):
    monkeypatch.setattr(readings_csv, "publish", crash)
    with pytest.raises(Crash):
        jobs.ingest(country, source(rows("Q1", 5)), Options(now=NOW))
    assert set(counts(country).values()) == {0}


def test_a_load_in_work_is_not_taken_for_a_leftover(country, monkeypatch):
    real = landing.lock_series
    seen = []

    def meanwhile(connection, load):
        if not seen:
            seen.append(load)
            jobs.ingest(country, source(rows("Q2", 2), "b.csv"), Options(now=NOW))
        return real(connection, load)

    monkeypatch.setattr(landing, "lock_series", meanwhile)
    jobs.ingest(country, source(rows("Q1", 3), "a.csv"), Options(now=NOW))
    assert (len(read(country)), len(read(country, "Q2"))) == (3, 2)


def test_two_writers_of_one_series_give_what_one_after_the_other_would(
    country, monkeypatch
):
    """The second publishes between the first's comparison and its publication."""
    early = Options(now=NOW, issued_at=datetime(2024, 2, 1, tzinfo=UTC))
    late = Options(now=NOW, issued_at=datetime(2024, 3, 1, tzinfo=UTC))
    real = landing.lock_series
    inner = []

    def meanwhile(connection, load):
        if not inner:
            inner.append(None)
            inner[0] = jobs.ingest(country, source(rows("Q1", 3, 92), "b.csv"), late)
        return real(connection, load)

    monkeypatch.setattr(landing, "lock_series", meanwhile)
    outer = jobs.ingest(country, source(rows("Q1", 5, 100), "a.csv"), early)
    assert read(country) == [92.0, 92.0, 92.0, 100.0, 100.0]
    assert (outer.counts.new, outer.counts.outdated) == (2, 3)
    assert outer.counts.accepted == outer.counts.rows_read == 5
    assert read(country, as_of=inner[0].recorded_from) == [92.0] * 3


def test_writers_in_parallel_all_arrive(country):
    problems = []

    def work(number):
        try:
            body = rows("Q1", 5, number) + rows("Q2", number + 1, number)
            issued = datetime(2024, 2, 1 + number, tzinfo=UTC)
            options = Options(now=NOW, issued_at=issued)
            jobs.ingest(country, source(body, f"{number}.csv"), options)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert read(country) == [3.0] * 5, "the file issued last wins, whoever was first"
    with country.connect() as connection:
        recorded = connection.execute(
            text("SELECT count(DISTINCT recorded_from) FROM load")
        ).scalar_one()
        waiting = connection.execute(
            text("SELECT count(*) FROM daily_due")
        ).scalar_one()
    assert (recorded, waiting) == (4, 0)


def test_the_same_file_twice_at_once_is_loaded_once(country):
    outcomes = []

    def work():
        outcomes.append(jobs.ingest(country, source(rows("Q1", 5)), Options(now=NOW)))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(o.known for o in outcomes) == [False, True]
    assert counts(country)["load"] == 1


def test_bytes_landed_are_the_bytes_loaded(country, tmp_path, monkeypatch):
    """A file that grows once its size was taken is landed as it was read."""
    path = tmp_path / "growing.csv"
    path.write_text("series,time,value\n" + rows("Q1", 3))
    real = landing.begin

    def grow(*args, **kwargs):
        with path.open("a") as file:
            file.write(rows("Q2", 1))
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(landing, "begin", grow)
        done = jobs.ingest(country, File(path), Options(now=NOW))
    with country.connect() as connection:
        assert b"".join(landed_files.landed(connection, done.load)) == path.read_bytes()
    assert done.counts.new == 4
    assert jobs.ingest(country, File(path), Options(now=NOW)).known
