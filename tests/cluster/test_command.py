"""``ewater up``, ``down`` and ``doctor`` say what they did and exit as promised."""

from __future__ import annotations

from collections import namedtuple

import pytest
from sqlalchemy import make_url, text
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import NotReadyError
from ewater.settings import Settings
from ewater.store import (
    cluster,
    cluster_binaries,
    cluster_checks,
    cluster_settings,
    database,
)

NOWHERE = "postgresql://user:secret@127.0.0.1:1/water"


@pytest.fixture
def ewater(monkeypatch):
    """The command on a wide page, so that no line of its table is folded."""
    monkeypatch.setenv("COLUMNS", "300")

    def run(*words: str, **environment: str | None):
        return CliRunner().invoke(app, list(words), env=environment)

    return run


@pytest.mark.db
def test_up_starts_and_migrates_doctor_agrees_and_down_stops(ewater, home):
    where = {"EWATER_HOME": str(home)}
    up = ewater("up", **where)
    assert up.exit_code == 0, up.output
    assert "private cluster runs (" in up.stdout
    assert "schema is up to date (" in up.stdout
    assert cluster.status(home).url in up.stdout
    well = ewater("doctor", **where)
    assert well.exit_code == 0, well.output
    assert "failed" not in well.stdout
    assert f"process {cluster.status(home).pid}" in well.stdout
    assert "stopped (" in ewater("down", **where).stdout
    assert not cluster.status(home).running
    assert "was not running" in ewater("down", **where).stdout
    assert "→ ewater up" in ewater("doctor", **where).stdout


@pytest.mark.db
def test_up_with_an_address_of_ones_own_only_migrates(ewater, database_url, home):
    where = {"EWATER_HOME": str(home), "EWATER_DATABASE_URL": database_url}
    up = ewater("up", **where)
    assert up.exit_code == 0, up.output
    assert "no private cluster is started" in up.stdout
    assert not cluster.status(home).running
    assert "not ours to stop" in ewater("down", **where).stdout
    doctor = ewater("doctor", **where)
    assert doctor.exit_code == 0, doctor.output
    assert "private cluster" not in doctor.stdout


@pytest.mark.db
def test_doctor_sees_an_empty_schema(server_url, home, ewater):
    empty = make_url(server_url).set(database="template1")
    url = empty.render_as_string(hide_password=False)
    doctor = ewater("doctor", EWATER_DATABASE_URL=url, EWATER_HOME=str(home))
    assert doctor.exit_code == 2
    assert "empty, newest is" in doctor.stdout


@pytest.mark.db
@pytest.mark.parametrize(
    "command", [("up",), ("demo", "--no-serve"), ("source", "list")]
)
def test_a_schema_that_was_never_landed_is_named_and_left_alone(
    database_url, engine, home, ewater, command
):
    strange = text("UPDATE alembic_version SET version_num = '0000_mine'")
    with engine.begin() as connection:
        newest = database.schema(connection).newest
        connection.execute(strange)
    where = {"EWATER_HOME": str(home), "EWATER_DATABASE_URL": database_url}
    done = ewater(*command, **where)
    assert isinstance(done.exception, NotReadyError)
    said = str(done.exception)
    assert "0000_mine, which this ewater does not know" in said
    assert f"its newest is {newest}" in said
    assert "EWATER_HOME to another folder" in said
    assert "\n" not in said
    with engine.connect() as connection:
        assert database.schema(connection).current == "0000_mine"
    doctor = ewater("doctor", **where)
    assert doctor.exit_code == 2
    assert "0000_mine, newest is" in doctor.stdout
    assert "use the version of ewater that made it" in doctor.stdout


def test_an_address_that_does_not_answer_is_named_without_its_password(ewater):
    doctor = ewater("doctor", EWATER_DATABASE_URL=NOWHERE)
    assert doctor.exit_code == 2
    assert "EWATER_DATABASE_URL" in doctor.stdout
    assert "refused" in doctor.stdout
    assert "secret" not in doctor.output
    up = ewater("up", EWATER_DATABASE_URL=NOWHERE)
    assert isinstance(up.exception, NotReadyError)
    assert "secret" not in str(up.exception)


def test_doctor_says_how_to_fix_what_fails(ewater, home, monkeypatch):
    monkeypatch.setattr(cluster_binaries, "PLACES", ())
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setenv("BROWSER_PATH", str(home / "none"))
    usage = namedtuple("usage", "total used free")(10, 9, 1)
    monkeypatch.setattr(cluster_checks.shutil, "disk_usage", lambda _: usage)
    doctor = ewater("doctor", EWATER_HOME=str(home / "new"))
    assert doctor.exit_code == 2
    for advice in ("apt-get install postgresql", "free 2 GB", "BROWSER_PATH"):
        assert advice in doctor.stdout
    assert "2 of the checks failed" in doctor.stderr


def test_every_check_that_can_fail_has_a_fix(home):
    checks = list(cluster_checks.run(Settings(home=home)))
    assert all(check.fix for check in checks if check.verdict != "ok")


def test_memory_settings_follow_the_machine(home, monkeypatch):
    def buffers(available: int) -> str:
        monkeypatch.setattr(cluster_settings, "memory", lambda: available)
        text = cluster_settings.server(home, durable=True)
        settings = dict(line.split(" = ", 1) for line in text.splitlines())
        return settings["shared_buffers"]

    assert buffers(2**28) == "64MB"
    assert buffers(2**33) == "1024MB"
    assert buffers(2**38) == "2048MB"
