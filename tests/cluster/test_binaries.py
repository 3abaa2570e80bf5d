"""The server is found wherever a distribution puts it, or its packages are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ewater.errors import NotReadyError
from ewater.store import cluster, cluster_binaries

if TYPE_CHECKING:
    from pathlib import Path


def install(root: Path, version: str, *, postgis: str | None) -> Path:
    """Lay out a server as the packages of the PostgreSQL project do."""
    major = version.split(".")[0]
    folder = root / f"pgsql-{major}" / "bin"
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version} (Some)'\n")
        program.chmod(0o755)
    extensions = folder.parent / "share" / "extension"
    extensions.mkdir(parents=True)
    if postgis:
        control = f"comment = 'geometry'\ndefault_version = '{postgis}'\n"
        (extensions / "postgis.control").write_text(control)
    return folder


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which only what the test installs is installed."""
    monkeypatch.setattr(cluster_binaries, "PLACES", (f"{tmp_path}/pgsql-*/bin",))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    return tmp_path


def test_the_newest_server_with_postgis_is_chosen(machine):
    install(machine, "15.4", postgis="3.3.2")
    newest = install(machine, "17.1", postgis="3.5.0")
    install(machine, "18beta1", postgis=None)
    assert cluster.find_binaries() == newest
    assert cluster_binaries.select().postgis == "3.5.0"
    assert [each.major for each in cluster_binaries.installed()] == [18, 17, 15]


def test_the_path_is_searched_too(machine, monkeypatch):
    monkeypatch.setattr(cluster_binaries, "PLACES", ())
    folder = install(machine, "16.2", postgis="3.4.1")
    monkeypatch.setenv("PATH", f"/nowhere:{folder}")
    assert cluster.find_binaries() == folder


def test_a_machine_without_postgresql_is_told_what_to_install(machine):
    with pytest.raises(NotReadyError) as told:
        cluster.find_binaries()
    message = str(told.value)
    assert "not installed" in message
    for system in ("apt-get install postgresql", "dnf install", "brew install"):
        assert system in message
    assert "compose.yaml" in message
    assert "EWATER_DATABASE_URL" in message


def test_the_first_start_says_the_same_and_makes_nothing(machine, home):
    with pytest.raises(NotReadyError, match="apt-get install postgresql"):
        cluster.start(home)
    assert not (home / "cluster" / "data").exists()


def test_a_server_without_postgis_or_too_old_is_named(machine):
    install(machine, "14.9", postgis="3.3.2")
    install(machine, "17.1", postgis=None)
    with pytest.raises(NotReadyError, match=r"17\.1, 14\.9 is installed, but none"):
        cluster.find_binaries()


def test_a_program_that_does_not_run_is_no_server(machine):
    folder = install(machine, "17.1", postgis="3.5.0")
    (folder / "postgres").write_text("#!/bin/sh\nexit 1\n")
    assert cluster_binaries.installed() == []


@pytest.mark.parametrize(
    ("release", "major"),
    [
        ("ID=debian\nVERSION_CODENAME=bookworm\n", "15"),
        ("ID=ubuntu\nVERSION_CODENAME=noble\n", "16"),
        ("ID=fedora\n", "17"),
    ],
)
def test_the_package_named_is_the_one_this_distribution_ships(
    tmp_path, monkeypatch, release, major
):
    (tmp_path / "os-release").write_text(release)
    monkeypatch.setattr(cluster_binaries, "RELEASE", tmp_path / "os-release")
    assert f"postgresql-{major}-postgis-3" in cluster_binaries.install_hint()
