"""Files that a command is given: what cannot be read or written is said in one line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ewater.cli import files
from ewater.cli.main import main
from ewater.errors import UsageError


@pytest.fixture
def refused(monkeypatch, capsys, tmp_path):
    """Run the command in a folder; return the one line with which it ends."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("1;2\n")
    (tmp_path / "old.xlsx").write_text("filled in")
    (tmp_path / "folder.xlsx").mkdir()

    def run(*words):
        before = everything(tmp_path)
        monkeypatch.setattr(sys, "argv", ["ewater", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        assert everything(tmp_path) == before
        said = capsys.readouterr()
        assert said.out == ""
        [line] = said.err.splitlines()
        return line.removeprefix("ewater: ")

    return run


def everything(folder):
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


GRID = ("grid", "grid.nc", "--series", "RAIN.{territory}", "--out")
TEMPLATE = ("template", "reservoir", "--from", "2024-03", "--out")
RETURN = ("report", "template", "E1", "--period", "2024", "--out")
STATUTORY = ("statutory", "--format", "xlsx", "--output")
WRITERS = {
    "grid": GRID,
    "template": TEMPLATE,
    "report template": RETURN,
    "report content": ("report", "content", "1", "--out"),
    "bulletin": ("bulletin", "--output"),
    "statutory": STATUTORY,
    "edition export": ("edition", "export", "e", "--out"),
}


@pytest.mark.parametrize("words", WRITERS.values(), ids=WRITERS)
def test_where_no_file_can_be_written_is_said_before_the_work(refused, words):
    assert refused(*words, "none/a.xlsx") == "none is no folder; make it first"
    assert refused(*words, "file/a.xlsx") == "file is no folder; make it first"
    assert refused(*words, "folder.xlsx") == "folder.xlsx is a folder; name a file"


@pytest.mark.parametrize("words", [GRID, TEMPLATE, RETURN], ids=lambda w: w[0])
def test_a_file_that_is_there_is_not_replaced_without_being_asked(refused, words):
    said = refused(*words, "old.xlsx")
    assert said == "old.xlsx is there; name another file, or use --force"


@pytest.mark.parametrize("name", ["none.nc", "file", "folder.xlsx"])
def test_a_grid_that_cannot_be_read_is_named(refused, name):
    said = refused("grid", name, "--series", "RAIN.{territory}")
    assert said.startswith(f"{name}: ")


def test_a_simulation_below_a_file_is_refused(refused):
    assert refused("simulate", "file/below") == "file: File exists"


@pytest.mark.db
def test_a_country_dumped_below_a_file_is_refused(refused, database_url, monkeypatch):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    assert refused("dump", "file/below") == "file/below: Not a directory"


def test_a_folder_that_takes_no_file_is_said(tmp_path, monkeypatch):
    def locked(*_, dir, **__):
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr(files.tempfile, "mkstemp", locked)
    with pytest.raises(UsageError, match="cannot be written: Permission denied"):
        files.write(tmp_path / "new.xlsx", b"")


def test_an_error_of_the_system_that_names_no_file_is_no_answer(monkeypatch):
    def fail():
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys.modules["ewater.cli.main"], "app", fail)
    with pytest.raises(OSError, match="Input/output"):
        main()


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "bulletin.pdf"
    files.write(target, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(UsageError, match=r"bulletin\.pdf cannot be written: No space"):
        files.write(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    files.write(pipe, b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UsageError, match="none cannot be read: No such file"):
        files.read(tmp_path / "none")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        files.read(tmp_path)
    assert files.words(ValueError("why"), Path("a")) == "a: why"
