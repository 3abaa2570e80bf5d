"""``ewater load`` and ``ewater dump``: what they say, and their exit status."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from ewater.cli.main import app, main
from ewater.store import folder

pytestmark = pytest.mark.db


@pytest.fixture
def ewater(database_url, monkeypatch, capsys):
    """Run the command as the shell would; give status, output and errors."""
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["ewater", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out, captured.err

    return run


def test_a_country_is_loaded_and_dumped_and_a_second_load_says_nothing_new(
    ewater, two_basins, tmp_path
):
    status, out, _ = ewater("load", two_basins)
    assert status == 0
    assert "recorded at" in out
    (line,) = [line for line in out.splitlines() if line.startswith("sites")]
    assert line.split() == ["sites", "5", "0", "0", "0"]
    status, out, _ = ewater("load", two_basins)
    assert status == 0
    assert "nothing new" in out
    status, out, _ = ewater("dump", tmp_path / "out")
    assert status == 0
    assert folder.read(tmp_path / "out")["sites"].equals(
        folder.read(two_basins)["sites"]
    )


def test_a_dry_run_says_what_would_change_and_changes_nothing(
    ewater, engine, two_basins
):
    status, out, _ = ewater("load", two_basins, "--dry-run")
    assert status == 0
    assert "dry run" in out
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM sites")) == 0


def test_a_refused_folder_is_status_2_and_every_fault_is_listed(
    ewater, engine, country
):
    flows = country / "flows.csv"
    flows.write_text(flows.read_text().replace("NB,RIVER", "NBX,RIVER"))
    status, out, err = ewater("load", country)
    assert status == 2
    assert out == ""
    assert "flows.csv:2: from: 'NBX' is not in accounts.csv" in err
    assert "flows.csv:8: from: 'NBX'" in err
    assert "nothing was loaded" in err
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM sites")) == 0


def test_a_dump_does_not_write_into_a_folder_with_content(ewater, two_basins, country):
    ewater("load", two_basins)
    (country / "sites.csv").write_text("mine")
    status, _, err = ewater("dump", country)
    assert status == 2
    assert "--force" in err
    assert (country / "sites.csv").read_text() == "mine"
    assert ewater("dump", country, "--force")[0] == 0
    assert folder.read(country)["sites"].shape[0] == 5


def test_a_dump_as_of_a_time_before_the_first_load_is_empty(
    ewater, two_basins, tmp_path
):
    ewater("load", two_basins)
    as_of = "2020-01-01T00:00:00+04:00"
    assert ewater("dump", tmp_path / "then", "--as-of", as_of)[0] == 0
    assert folder.read(tmp_path / "then")["sites"].empty
    status, _, err = ewater("dump", tmp_path / "x", "--as-of", "2020-01-01")
    assert status == 2
    assert "no offset" in err
    assert not (tmp_path / "x").exists()


def test_help_says_what_the_exit_status_means():
    shown = CliRunner().invoke(app, ["load", "--help"]).output
    assert "Exit status" in shown
