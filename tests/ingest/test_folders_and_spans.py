from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import UsageError
from ewater.ingest import folders, jobs, replay
from ewater.ingest.outcome import Options, Span
from ewater.ingest.profiles.find import parse as profile
from ewater.ingest.source import Memory
from ewater.store import chunks

pytestmark = pytest.mark.db

NOW = datetime(2024, 6, 1, tzinfo=UTC)
DAYS = "".join(f"Q1,2024-01-{d:02d}T00:00Z,{d}\n" for d in range(1, 11))


def source(body, name="r.csv"):
    return Memory(name, ("series,time,value\n" + body).encode())


def day(number):
    return datetime(2024, 1, number, tzinfo=UTC)


def read(engine, code="Q1"):
    with engine.connect() as connection:
        return chunks.read(connection, [code]).value.values.tolist()


def test_files_of_folders_come_in_order_without_what_is_unfinished(tmp_path):
    for name in ("b/2.csv", "a.csv", ".hidden", "b/.git/x", "c.csv.part", "b/1.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = folders.find([tmp_path])
    names = [str(p.relative_to(tmp_path)) for p in found.files]
    assert names == ["a.csv", "b/1.csv", "b/2.csv"]
    reasons = {p.name: reason for p, reason in found.skipped}
    assert reasons == {
        ".git": "hidden",
        ".hidden": "hidden",
        "c.csv.part": "unfinished",
        "loop": "a link to a folder",
    }
    named = folders.find([tmp_path / "c.csv.part"])
    assert [p.name for p in named.files] == ["c.csv.part"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no file"):
        folders.find([tmp_path / "empty"])


def test_a_span_takes_its_start_and_leaves_its_end(country):
    options = Options(now=NOW, span=Span(start=day(3), end=day(6)))
    done = jobs.ingest(country, source(DAYS), options)
    assert read(country) == [3.0, 4.0, 5.0]
    assert (done.counts.rows_read, done.counts.new, done.outside) == (3, 3, 7)
    trial = jobs.ingest(
        country, source(DAYS), Options(now=NOW, dry_run=True, span=Span(end=day(2)))
    )
    assert (trial.counts.new, trial.outside) == (1, 9)


def test_a_file_taken_in_part_is_not_known_until_it_was_taken_whole(country):
    part = Options(now=NOW, span=Span(start=day(3), end=day(6)))
    inner = Options(now=NOW, span=Span(start=day(4), end=day(5)))
    first = jobs.ingest(country, source(DAYS), part)
    assert jobs.ingest(country, source(DAYS), part).load == first.load
    assert jobs.ingest(country, source(DAYS), inner).known, "within what was taken"
    whole = jobs.ingest(country, source(DAYS), Options(now=NOW))
    assert (whole.known, whole.counts.new, whole.counts.unchanged) == (False, 7, 3)
    for options in (part, Options(now=NOW), Options(now=NOW, span=Span(end=day(9)))):
        assert jobs.ingest(country, source(DAYS), options).known
    with country.connect() as connection:
        files = connection.execute(text("SELECT count(*) FROM landed_file"))
        assert files.scalar_one() == 1


def test_a_span_goes_through_a_profile_and_stays_with_held_rows(
    country, register_series
):
    said = profile(
        "columns: {time: [t], values: 'Q.*'}\ntime: {zone: UTC}\n", "p.yaml", "p"
    )
    raw = b"t,Q1,Q2,Q9\n2024-01-01,1,2,3\n2024-01-02,4,5,6\n"
    options = Options(now=NOW, span=Span(start=day(2)), profile=said)
    done = jobs.ingest(country, Memory("wide.csv", raw), options)
    assert (read(country), read(country, "Q2")) == ([4.0], [5.0])
    assert (done.counts.rejected, done.outside) == (2, 2)

    register_series(country, ["Q1", "Q2", "Q9"])
    again = replay.replay(country, options=Options(now=NOW))
    assert read(country, "Q9") == [6.0], "the held row outside stays outside"
    assert [o.outside for o in again] == [1]


def test_bytes_said_again_can_be_loaded_as_a_later_word(country):
    one, two = source("Q1,2024-01-01T00:00Z,1\n"), source("Q1,2024-01-01T00:00Z,2\n")
    said = []
    options = Options(
        now=NOW, again=True, published=lambda _connection, load: said.append(load)
    )
    for words in (one, two, one):
        jobs.ingest(country, words, options)
    assert read(country) == [1.0]
    assert len(set(said)) == 3


def test_the_command_takes_folders_and_spans(
    country, database_url, monkeypatch, tmp_path
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    (tmp_path / "one.csv").write_text("series,time,value\n" + DAYS)
    (tmp_path / "two.csv.tmp").write_text("")

    def run(*arguments):
        return CliRunner().invoke(app, ["ingest", str(tmp_path), *arguments])

    done = run("--from", "2024-01-02T00:00Z", "--to", "2024-01-04T00:00Z")
    assert done.exit_code == 0, done.output
    assert "2 new" in done.output
    assert "8 outside" in done.output
    assert "two.csv.tmp: skipped: unfinished" in done.output
    wrong = run("--from", "2024-01-04T00:00Z", "--to", "2024-01-04T00:00Z")
    assert isinstance(wrong.exception, UsageError)
    (tmp_path / "r.csv").write_text(
        "enterprise,period_start,period_end,item,value,unit,source,purpose,status,"
        "counterparty,revision\n"
    )
    refused = run("--to", "2024-01-04T00:00Z")
    assert refused.exit_code == 2
    assert "reports have periods" in refused.output
