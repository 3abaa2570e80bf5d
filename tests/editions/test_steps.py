"""Who may take which step, what stands in the way, and a chain that holds."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from sqlalchemy import text

from ewater.accounts.editions import (
    archive,
    archive_read,
    archive_verify,
    chain,
    checking,
    keys,
    material,
    obstacles,
    parts,
    seal,
    show,
)
from ewater.accounts.editions.obstacles import RefusedError
from ewater.errors import ForbiddenError, UsageError
from ewater.store import editions, recording, registry

pytestmark = pytest.mark.db
NAME = "2023-annual"


def log(engine):
    with engine.connect() as connection:
        steps = editions.steps(connection)
        broken = chain.broken(steps, editions.keys(connection))
    return [(s["edition"], s["state"]) for s in steps], broken


def test_an_edition_goes_its_way_signed_by_each(sealed, signers):
    seal.advance(sealed, NAME, "review", signers["rufat"])
    seal.advance(sealed, NAME, "approve", signers["leyla"], reason="as examined")
    seal.advance(sealed, NAME, "publish", signers["leyla"])
    states, broken = log(sealed)
    assert [state for _, state in states] == list(chain.STATES[:4])
    assert broken == []
    with sealed.connect() as connection:
        document = show.document(connection, NAME)
    assert [step["who"] for step in document["steps"]] == [
        "ana", "rufat", "leyla", "leyla",
    ]  # fmt: skip
    lines = "".join(step["line"] for step in document["steps"])
    assert not any(name in lines for name in signers)
    with pytest.raises(UsageError, match="published; it can become withdrawn"):
        seal.advance(sealed, NAME, "approve", signers["leyla"])
    with pytest.raises(UsageError, match="say why"):
        seal.advance(sealed, NAME, "withdraw", signers["leyla"])
    seal.advance(sealed, NAME, "withdraw", signers["leyla"], reason="a wrong curve")
    with sealed.connect() as connection:
        gone = show.document(connection, NAME)
        assert show.figures(connection, NAME, "TB")
    assert (gone["state"], gone["reason"]) == ("withdrawn", "a wrong curve")
    outcome = checking.outcome_of(sealed, NAME)
    assert outcome.intact
    assert "this edition was withdrawn" in outcome.notes


def test_erasing_a_person_breaks_no_seal(sealed, signers):
    seal.advance(sealed, NAME, "review", signers["rufat"])
    with sealed.begin() as connection:
        connection.execute(text("DELETE FROM person WHERE name = 'rufat'"))
    assert log(sealed)[1] == []
    with sealed.connect() as connection:
        assert show.document(connection, NAME)["steps"][1]["who"] is None


def test_who_sealed_does_not_review_unless_that_is_on_record(sealed, signers):
    with pytest.raises(RefusedError, match="own-work: who sealed it"):
        seal.advance(sealed, NAME, "review", signers["ana"])
    assert len(log(sealed)[0]) == 1
    seal.advance(sealed, NAME, "review", signers["ana"], excepted=["own-work"])
    with sealed.connect() as connection:
        step = show.document(connection, NAME)["steps"][1]
    assert step["note"]["exceptions"] == ["own-work"]


def test_nobody_signs_with_the_key_of_another(sealed, signers):
    borrowed = keys.Signer("rufat", signers["ana"].private)
    with pytest.raises(ForbiddenError, match="another person"):
        seal.advance(sealed, NAME, "review", borrowed)
    assert len(log(sealed)[0]) == 1


def test_sealing_is_refused_with_everything_in_the_way(
    loaded, wanted, signers, ingest, two_basins
):
    late = two_basins["reports"].head(1).copy()
    late[["period_start", "period_end"]] = [
        pd.Timestamp("2023-01-01T00:00+04:00"),
        pd.Timestamp("2023-04-01T00:00+04:00"),
    ]
    late["status"] = "submitted"
    registry.load(loaded, {"reports": late})
    with loaded.connect() as connection:
        then = recording.latest(connection)
    ingest(loaded, {"G-IN.Q": 11.0}, "2024-03-01T00:00Z")
    with loaded.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO quality_due (series_id, first_time, last_time) "
                "SELECT id, '2023-05-01T00:00Z', '2023-05-02T00:00Z' FROM series_key "
                "WHERE code = 'G-IN.Q'"
            )
        )
        connection.execute(
            text(
                "INSERT INTO enterprise_return (enterprise, form, period_start, "
                "period_end, period, state, versions, approved) VALUES "
                "('E2', '2TP', '2022-12-31T20:00Z', '2023-12-31T20:00Z', '2023', "
                ":state, 2, 1)"
            ),
            {"state": "submitted"},
        )
    what = wanted(as_of=then)
    with pytest.raises(RefusedError) as refused:
        seal.seal(loaded, what, signers["ana"])
    found = {one.name: one.why for one in refused.value.obstacles}
    assert set(found) == {
        "stale",
        "unjudged:G-IN.Q",
        "report:E1/2022-12-31/abstraction",
        "report:E2/2023/2TP",
        "coverage:outflow",
    }
    assert "G-IN.Q" in found["stale"]
    assert found["coverage:outflow"].startswith("unknown without EVAP")
    with pytest.raises(UsageError, match="rules are stale"):
        seal.seal(loaded, what, signers["ana"], excepted=["everything"])
    assert log(loaded) == ([], [])
    done = seal.seal(loaded, what, signers["ana"], excepted=[*found])
    with loaded.connect() as connection:
        document = show.document(connection, NAME)
    assert [one["name"] for one in document["exceptions"]] == done["exceptions"]
    assert {one["person"] for one in document["exceptions"]} == {
        document["steps"][0]["person"]
    }


def test_too_little_observed_is_in_the_way_of_its_period(sealed, wanted):
    with sealed.connect() as connection:
        lines = editions.part(connection, NAME, parts.PARAMETERS)
        frames = {"calendars": registry.read_table(connection, "calendars")}
    spec = replace(material.Spec.read(lines), least_coverage=0.8)
    cells = [
        "TB,2022-12-31T20:00:00Z,balance.inflow,m3,5,5,1,0.79,measured,",
        "TB,2023-01-31T20:00:00Z,balance.inflow,m3,5,5,1,0.8,measured,",
        "EAST,2022-12-31T20:00:00Z,balance.inflow,m3,5,5,1,0.1,measured,",
    ]
    made = SimpleNamespace(spec=spec, bounds=[0, 1, 2], frames=frames)
    (one,) = obstacles.uncovered(made, cells)
    assert str(one) == "coverage:inflow/2023-01-01: 79.0% observed, below 80%"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"name": NAME}, "already"),
        ({"name": "../x"}, "is no name"),
        ({"name": "b", "territory": "ATLANTIS"}, "ATLANTIS"),
        ({"name": "b", "calendar": "MAYA"}, "MAYA"),
    ],
)
def test_what_cannot_be_meant_is_refused(sealed, wanted, signers, change, match):
    with pytest.raises(UsageError, match=match):
        seal.seal(sealed, wanted(**change), signers["ana"], excepted=["coverage"])
    assert len(log(sealed)[0]) == 1


def test_two_people_sealing_at_once_make_one_chain(loaded, wanted, signers):
    def go(name, who):
        try:
            seal.seal(loaded, wanted(name=name), signers[who], excepted=["coverage"])
        except UsageError as error:
            return str(error)
        return "sealed"

    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(go, ["a", "b", "a"], ["ana", "rufat", "leyla"]))
    assert told.count("sealed") == 2
    assert any("already" in one for one in told)
    steps, broken = log(loaded)
    assert sorted(steps) == [("a", "draft"), ("b", "draft")]
    assert broken == []


def test_a_clock_that_is_set_back_or_forward_breaks_nothing(sealed, signers):
    ahead = int(dt.datetime(2031, 1, 1, tzinfo=dt.UTC).timestamp() * 1e6)
    with sealed.begin() as connection:  # the wall clock is years behind it from now on
        connection.execute(text("SELECT setval('recorded_clock', :at)"), {"at": ahead})
    seal.advance(sealed, NAME, "review", signers["rufat"])
    seal.advance(sealed, NAME, "approve", signers["rufat"])
    with sealed.connect() as connection:
        connection.execute(text("SET TIME ZONE 'Asia/Baku'"))
        steps = editions.steps(connection)
        assert chain.broken(steps, editions.keys(connection)) == []
    times = [step["at"] for step in steps]
    assert times == sorted(set(times))
    assert times[1].year == times[2].year == 2031


def test_a_restored_backup_goes_on_and_its_archives_tell_what_it_lost(
    sealed, signers, copy_of, tmp_path
):
    path = tmp_path / "x.tar"
    sealed.dispose()
    with copy_of(sealed) as backup:
        seal.advance(sealed, NAME, "review", signers["rufat"])
        archive.export(sealed, NAME, path)
        assert log(backup) == ([(NAME, "draft")], [])
        manifest = archive_read.manifest_of(path, archive_read.read(path)[0])
        with backup.connect() as connection:
            (lost,) = archive_verify.strange_steps(connection, manifest)
        assert lost.item == "step 2"
        assert lost.what.startswith("is in the archive and not in the log")
        seal.advance(backup, NAME, "review", signers["leyla"])
        assert log(backup)[1] == []
        with backup.connect() as connection:
            (other,) = archive_verify.strange_steps(connection, manifest)
        assert "another one" in other.what
        with sealed.connect() as connection:
            assert not list(archive_verify.strange_steps(connection, manifest))


def test_a_key_is_of_its_owner_alone_and_needs_its_passphrase(tmp_path, monkeypatch):
    monkeypatch.setenv(keys.PASSPHRASE, "open sesame")
    made = keys.signer(tmp_path, "ana")
    path = tmp_path / "keys" / "ana.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.signer(tmp_path, "ana").public == made.public
    monkeypatch.setenv(keys.PASSPHRASE, "wrong")
    with pytest.raises(UsageError, match="cannot be read"):
        keys.signer(tmp_path, "ana")
    assert not keys.genuine(made.public, made.sign(b"a"), b"b")
