"""A load that was killed goes on where it was, and gives what it would have given."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.errors import FaultsError
from ewater.ingest import jobs, readings_csv
from ewater.ingest.outcome import Options, Span
from ewater.ingest.profiles import find
from ewater.ingest.source import File
from ewater.store import chunks, landed_files, landing, registry, rejects, unfinished

pytestmark = pytest.mark.db

NOW = datetime(2024, 6, 1, tzinfo=UTC)
WINDOWS = 10


class Kill(BaseException):
    """Stands for a killed process."""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Windows of a dozen rows, in blocks of a few lines."""
    monkeypatch.setattr("ewater.ingest.source.BLOCK", 128)
    for module in ("window", "readings_csv", "repeats"):
        monkeypatch.setattr(f"ewater.ingest.{module}.WINDOW_ROWS", 12)


def lines():
    """Rows of three series; repeats, contradictions and unknown series far apart."""
    found = []
    for h in range(40):
        at = f"2024-01-{1 + h // 24:02d}T{h % 24:02d}:00Z"
        found += [f"Q{n},{at},{h + n}" for n in (1, 2, 3)]
        if h % 9 == 4:
            found.append(f"X{h},{at},1")
    found += [
        "Q1,2024-01-01T02:00Z,3",
        "Q2,2024-01-01T03:00Z,99",
        "Q3,2030-01-01T00:00Z,1",
    ]
    found += ["Q1,2024-01-02T01:00Z,77", "Q1,2024-02-01T00:00Z,1"]
    return found


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("series,time,value\n" + "\n".join(lines()) + "\n")
    return path


@pytest.fixture
def load(country):
    """Load a file; what is said meanwhile, and how many blocks were parsed."""

    def run(path, **options):
        said, parsed = [], []
        real = readings_csv.Run.parse

        def parse(self, body, first_line, *, placed=True):
            if not placed:
                parsed.append(first_line)
            return real(self, body, first_line, placed=placed)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(readings_csv.Run, "parse", parse)
            given = {"now": NOW, "daily": False, "say": said.append} | options
            done = jobs.ingest(country, File(path), Options(**given))
        return done, said, parsed

    return run


@pytest.fixture
def kill(country, monkeypatch):
    """Begin a load and kill it before a checkpoint is written, or elsewhere."""

    def run(path, window, where=(unfinished, "write"), error=Kill, **options):
        times = []
        module, name = where
        real = getattr(module, name)

        def killed(*arguments, **named):
            times.append(None)
            if len(times) > window:
                raise error
            return real(*arguments, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, name, killed)
            if error is Kill:
                patch.setattr(unfinished, "discard", lambda *_, **__: None)
            given = {"now": NOW, "daily": False} | options
            with pytest.raises(error):
                jobs.ingest(country, File(path), Options(**given))

    return run


def state(engine, load):
    """All that a load leaves, but for its number and times."""
    with engine.connect() as connection:
        found = chunks.read(connection, ["Q1", "Q2", "Q3"])
        kept = [
            {name: row[name] for name in row if name not in {"load", "resolved_by"}}
            for row in rejects.read(connection)
        ]
        due = connection.execute(
            text(
                "SELECT series_id, first_time, last_time FROM quality_due ORDER BY 1, 2"
            )
        ).all()
        raw = b"".join(landed_files.landed(connection, load))
        tables = ("load", "landed_file", "landed_piece", "load_checkpoint", "chunk")
        counts = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in tables
        }
    columns = ("time", "value", "flag", "failed", "lineage")
    return (
        {name: found[name].values.tolist() for name in columns},
        kept,
        due,
        raw,
        counts,
    )


def emptied(engine):
    with engine.begin() as connection:
        connection.execute(
            text(
                "TRUNCATE load, chunk, reject, landed_file, daily, daily_due, "
                "landed_piece, quality_due CASCADE"
            )
        )


@pytest.fixture
def whole(country, file, load):
    """What the file gives when nobody interrupts it; the store is empty again."""
    done, said, parsed = load(file)
    assert said == []
    found = state(country, done.load)
    assert found[0]["value"], "there are readings"
    assert {row["reason"] for row in found[1]} == {
        "unknown_series",
        "conflict",
        "future",
    }
    assert found[4]["load_checkpoint"] == 0
    emptied(country)
    return done.counts, found, parsed


@pytest.mark.parametrize("window", [1, 4, 8])
def test_a_killed_load_goes_on_with_what_was_not_staged(
    country, file, load, kill, whole, window
):
    counts, want, all_blocks = whole
    kill(file, window)
    with country.connect() as connection:
        assert chunks.read(connection, ["Q1"]).sizes["reading"] == 0
        assert rejects.read(connection) == []
        issued = connection.execute(text("SELECT issued_at FROM load")).scalar_one()
    done, said, parsed = load(file)
    assert done.counts == counts
    assert state(country, done.load) == want
    assert parsed == all_blocks[-len(parsed) :], "the last blocks, each once"
    assert len(parsed) < len(all_blocks) - 2 * window
    assert said[0].startswith(f"f.csv: goes on at line {parsed[0]} (")
    with country.connect() as connection:
        found = connection.execute(text("SELECT issued_at FROM load")).scalar_one()
    assert found == issued, "issued when it first began to land"
    assert load(file)[0].known


def test_a_load_may_be_killed_again_and_again(country, file, load, kill, whole):
    counts, want, all_blocks = whole
    for _ in range(3):
        kill(file, 2)
    done, _, parsed = load(file)
    assert done.counts == counts
    assert state(country, done.load) == want
    assert len(parsed) < len(all_blocks) - 12


@pytest.mark.parametrize(
    "where",
    [
        ("ewater.ingest.repeats", "find"),
        ("ewater.ingest.readings_csv", "settle"),
        ("ewater.ingest.wrong_unit", "suspects"),
        ("ewater.store.landing", "publish"),
    ],
)
def test_a_load_killed_after_its_last_window_gives_the_same(
    country, file, load, kill, whole, where
):
    import importlib

    counts, want, all_blocks = whole
    kill(file, 0, (importlib.import_module(where[0]), where[1]))
    done, said, parsed = load(file)
    assert done.counts == counts
    assert state(country, done.load) == want
    if where[1] in {"find", "settle"}:
        assert said == ["f.csv: goes on at its end (100 % of the file)"]
        assert parsed == []
    else:  # what was staged has been changed
        assert said == []
        assert parsed == all_blocks


def test_ctrl_c_leaves_a_load_that_goes_on(country, file, load, kill, whole):
    kill(file, 4, error=KeyboardInterrupt)
    done, said, parsed = load(file)
    assert "goes on" in said[0]
    assert len(parsed) < len(whole[2])
    assert state(country, done.load) == whole[1]


def test_ctrl_c_before_the_first_checkpoint_leaves_nothing(country, file, kill):
    kill(file, 0, error=KeyboardInterrupt)
    with country.connect() as connection:
        for table in ("load", "chunk", "landed_file", "landed_piece", "reject"):
            count = connection.execute(text(f"SELECT count(*) FROM {table}"))
            assert count.scalar_one() == 0, table


def test_a_file_whose_first_bytes_changed_starts_anew(country, file, load, kill, whole):
    kill(file, 4)
    file.write_text(file.read_text().replace("T00:00Z,1\n", "T00:00Z,8\n", 1))
    done, said, parsed = load(file)
    assert "goes on" in said[0]
    assert said[1] == "f.csv: its first bytes are others: starts anew"
    assert parsed[-len(whole[2]) :] == whole[2], "from the first block on"
    found = state(country, done.load)
    assert found[0]["value"][0] == 8.0
    assert found[3] == file.read_bytes()
    assert found[4] == whole[1][4], "nothing is left of the first load"


def test_a_file_of_another_size_starts_anew(country, file, load, kill, whole):
    kill(file, 4)
    with file.open("a") as out:
        out.write("Q1,2024-02-01T01:00Z,2\n")
    done, said, parsed = load(file)
    assert said == []
    assert parsed[: len(whole[2])] == whole[2]
    assert done.counts.new == whole[0].new + 1


def test_a_changed_registry_starts_anew_and_removes_what_was_staged(
    country, file, load, kill, whole
):
    kill(file, 4)
    series = {
        "code": ["X4"],
        "site": "GIR",
        "quantity": "discharge",
        "unit": "m3/s",
        "signal": "instantaneous",
        "timezone": "UTC",
    }
    with country.connect() as connection:
        frame = registry.read_table(connection, "series", None)
    both = pd.concat([frame, pd.DataFrame(series)], ignore_index=True)
    registry.load(country, {"series": both})
    done, said, parsed = load(file)
    assert said == []
    assert parsed == whole[2]
    assert done.counts.rejected == whole[0].rejected - 1
    assert state(country, done.load)[4]["load"] == 1


@pytest.mark.parametrize(
    "other",
    [
        {"issued_at": datetime(2024, 5, 1, tzinfo=UTC)},
        {"span": Span(start=datetime(2024, 1, 2, tzinfo=UTC))},
        {"unit_accepted": True},
    ],
)
def test_a_load_asked_for_otherwise_starts_anew(file, load, kill, whole, other):
    kill(file, 4)
    _, said, parsed = load(file, **other)
    assert said == []
    assert parsed == whole[2]


def test_a_fault_in_the_file_leaves_nothing_to_go_on_with(country, file, load):
    with file.open("a") as out:
        out.write("Q1,2024-02-01T0")
    with pytest.raises(FaultsError, match="ends within a row"):
        load(file)
    with country.connect() as connection:
        for table in ("load", "load_checkpoint", "chunk", "landed_file"):
            count = connection.execute(text(f"SELECT count(*) FROM {table}"))
            assert count.scalar_one() == 0, table


def test_what_others_publish_meanwhile_is_compared_at_the_end(
    country, file, load, kill, tmp_path
):
    kill(file, 6, issued_at=datetime(2024, 3, 1, tzinfo=UTC))
    newer = tmp_path / "n.csv"
    newer.write_text("series,time,value\nQ1,2024-01-01T01:00Z,500\n")
    load(newer, issued_at=datetime(2024, 4, 1, tzinfo=UTC))
    done, said, _ = load(file, issued_at=datetime(2024, 3, 1, tzinfo=UTC))
    assert "goes on" in said[0]
    assert done.counts.outdated == 1
    with country.connect() as connection:
        found = chunks.read(connection, ["Q1"])
    assert 500.0 in found.value.values
    assert done.counts.accepted == sum(
        (done.counts.new, done.counts.outdated, done.counts.unchanged)
    )


def test_a_load_that_lives_is_not_taken_over(country, file, load, kill):
    kill(file, 4)
    with country.connect() as connection:
        key = connection.execute(text("SELECT owner_key FROM load")).scalar_one()
    with landing.owned(country, key):
        _, said, _ = load(file)
    assert said == []
    with country.connect() as connection:
        left = connection.execute(
            text("SELECT count(*) FROM load WHERE recorded_from IS NULL")
        )
        assert left.scalar_one() == 1


def test_an_interrupted_load_is_swept_after_a_week(country, file, kill):
    kill(file, 4)
    assert unfinished.sweep(country) == 0
    with country.begin() as connection:
        connection.execute(
            text("UPDATE load_checkpoint SET made_at = made_at - interval '8 days'")
        )
    assert unfinished.sweep(country) == 1
    with country.connect() as connection:
        for table in ("load", "load_checkpoint", "chunk", "reject", "landed_piece"):
            count = connection.execute(text(f"SELECT count(*) FROM {table}"))
            assert count.scalar_one() == 0, table


PROFILE = """
name: letters
text: {encoding: cp1251, delimiter: ";", comment: "#"}
columns: {series: [Код], time: [t], value: v}
"""


def test_a_file_read_by_a_profile_goes_on_too(country, tmp_path, load, kill):
    profile = find.parse(PROFILE, "p.yaml", "p")
    path = tmp_path / "f.txt"
    rows = ["# Кура", "Код;t;v", *(line.replace(",", ";") for line in lines())]
    path.write_bytes("\r\n".join([*rows, ""]).encode("cp1251"))
    done, _, all_blocks = load(path, profile=profile)
    counts, want = done.counts, state(country, done.load)
    emptied(country)
    kill(path, 5, profile=profile)
    done, said, parsed = load(path, profile=profile)
    assert "goes on" in said[0]
    assert parsed == all_blocks[-len(parsed) :]
    assert len(parsed) < len(all_blocks) - 5
    assert done.counts == counts
    assert state(country, done.load) == want


def test_places_of_series_are_kept_by_their_number():
    from ewater.ingest import checkpoints
    from ewater.store.stretch import Stretch

    found = checkpoints.Found(
        first=np.array([5, np.iinfo(np.int64).max]),
        last=np.array([9, np.iinfo(np.int64).min]),
        conflicts=np.array([[1, 7]]),
        series=np.array([0], np.int32),
        changes=np.array([[3, 2, 0, 1]]),
        staged=Stretch.concatenate([]),
    )
    state = checkpoints._packed(found, np.array([30, 20], np.int32))
    back = checkpoints._unpacked(state, np.array([20, 30], np.int32))
    assert back.last.tolist() == [np.iinfo(np.int64).min, 9]
    assert back.conflicts.tolist() == [[0, 7]]
    assert back.series.tolist() == [1]
    assert back.changes.tolist() == [[3, 2, 0, 1]]
