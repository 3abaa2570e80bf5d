"""Returns in the country folder: dumped, loaded and dumped again without a loss."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy import text
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import FaultsError
from ewater.reports import carry, carry_load, due, review, signing, stored, workflow
from ewater.store import registry

pytestmark = pytest.mark.db

EMPTIED = (
    "TRUNCATE enterprise_return, return_trust, return_deadline, total_break, "
    "period_sign_off CASCADE"
)


@pytest.fixture
def full(reporting, people, submitted, approved):
    """One approved and corrected, one sent back with a draft and one that waits."""
    number, _ = approved()
    approved("E1", "2024", {"intake": [{"g4": "river", "g12": 510.0, "g31": 510.0}]},
             reason="meter re-read")  # fmt: skip
    submitted("E2", "2024", {"intake": [{"g4": "river", "g12": 5.0}]})
    back, _ = submitted("E1", "2023")
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with reporting.begin() as connection:
        clerk = people.command
        review.send_back(connection, clerk, back, [{"body": "why?"}], "unclear")
        head = stored.head(connection, back)
        workflow.save(
            connection, clerk, back, {"intake": [{"g4": "much"}]}, edits=head.edits
        )
        signing.trust(connection, clerk, "k1", public, "E1")
        raw = signing.content(connection, clerk, number, 1)
        signing.attach(connection, clerk, number, 1, key.sign(raw))
        later = datetime(2025, 3, 1, tzinfo=UTC)
        due.extend(connection, clerk, "2024", later, "flood", enterprise="E2")
    return number


@pytest.fixture
def dumped(reporting, full, tmp_path):
    folder = tmp_path / "one"
    registry.dump(reporting, folder)
    with reporting.connect() as connection:
        assert carry.dump(connection, folder) == 3
    return folder


def again(reporting, people, folder):
    with reporting.begin() as connection:
        return carry_load.load(connection, folder, people.command)


def test_returns_and_their_approval_survive_a_round_trip(
    reporting, people, dumped, tmp_path
):
    assert again(reporting, people, dumped) == (0, 3), "all of it is there"
    with reporting.begin() as connection:
        found = _findings(connection)
        connection.execute(text(EMPTIED))
    assert again(reporting, people, dumped) == (3, 0)
    second = tmp_path / "two"
    registry.dump(reporting, second)
    with reporting.connect() as connection:
        carry.dump(connection, second)
        assert _findings(connection) == found, "cross-examined again"
        head = stored.find(connection, "E1", "2-TP", "2024")
        (signature,) = signing.verified(connection, people.command, head.id, 1)
        assert signature["holds"]
        assert (head.state, head.approved, head.versions) == ("approved", 2, 2)
    names = sorted(path.name for path in dumped.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    for name in names:
        if (dumped / name).is_file():
            assert (dumped / name).read_bytes() == (second / name).read_bytes(), name
    with reporting.begin() as connection:
        back = stored.find(connection, "E1", "2-TP", "2023")
        assert stored.draft(connection, back.id)["content"] == {
            "intake": [{"g4": "much"}]
        }
        assert [r["body"] for r in stored.remarks(connection, back.id)] == ["why?"]


def _findings(connection):
    return sorted(
        connection.execute(
            text(
                "SELECT r.enterprise, r.period, f.code, f.size_m3 FROM return_finding "
                "AS f JOIN return_version AS v ON v.id = f.version_id "
                "JOIN enterprise_return AS r ON r.id = v.return_id "
                "AND r.versions = v.number"
            )
        ).all(),
        key=str,
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["versions"][0]["content"]["intake"][0].update(g12=9.0),
         "version 1 is not what was sealed"),
        (lambda d: d.update(enterprise="E9"), "no enterprise has the code 'E9'"),
        (lambda d: d.update(state="lost"), "'lost' is no state"),
        (lambda d: d.pop("state"), "is no return, key, deadline"),
        (lambda d: d["versions"].pop(0), "is not what was sealed"),
    ],
)  # fmt: skip
def test_what_was_altered_is_refused_with_its_line(
    reporting, people, dumped, change, says
):
    with reporting.begin() as connection:
        connection.execute(text(EMPTIED))
    file = dumped / carry.FILE
    lines = file.read_text().splitlines()
    said = json.loads(lines[1])
    change(said)
    lines[1] = json.dumps(said)
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(FaultsError, match=says) as refused:
        again(reporting, people, dumped)
    assert {fault.line for fault in refused.value.faults} == {2}
    with reporting.connect() as connection:
        assert not connection.scalar(text("SELECT count(*) FROM enterprise_return"))


def test_the_command_dumps_and_loads_returns(
    reporting, full, database_url, monkeypatch, tmp_path
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def run(*words):
        return CliRunner().invoke(app, list(map(str, words)))

    folder = tmp_path / "out"
    assert "3 returns written" in run("dump", folder).output
    with reporting.begin() as connection:
        connection.execute(text(EMPTIED))
    dry = run("load", folder, "--dry-run")
    assert "returns: 3 new, 0 unchanged" in dry.output
    assert "returns: 3 new, 0 unchanged" in run("load", folder).output
    assert "returns: 0 new, 3 unchanged" in run("load", folder).output


def test_a_figure_that_reports_csv_states_otherwise_is_refused_with_its_line(
    reporting, people, dumped
):
    with reporting.begin() as connection:
        connection.execute(text(EMPTIED))
        changed = connection.execute(
            text(
                "UPDATE reports SET value = value + 1 WHERE enterprise = 'E1' "
                "AND recorded_to IS NULL AND status = 'approved' AND revision = 2 "
                "RETURNING item, value, unit"
            )
        ).all()
    assert changed
    with pytest.raises(FaultsError, match="in the same revision") as refused:
        again(reporting, people, dumped)
    lines = (dumped / carry.FILE).read_text().splitlines()
    for fault in refused.value.faults:
        assert (fault.file, fault.column) == (carry.FILE, "versions")
        said = json.loads(lines[fault.line - 1])
        assert (said["enterprise"], said["period"]) == ("E1", "2024")
    item, value, unit = changed[0]
    assert any(
        f"gives {item} {value - 1:.12g} {unit}" in fault.message
        and f"reports.csv has {value:.12g} {unit}" in fault.message
        and f"{value - 1:.12g} {unit} in reports.csv" in fault.allowed
        for fault in refused.value.faults
    )
    with reporting.begin() as connection:
        assert not connection.scalar(text("SELECT count(*) FROM enterprise_return"))
        connection.execute(
            text("UPDATE reports SET value = value * 2, revision = 7 "
                 "WHERE enterprise = 'E1' AND revision = 2")
        )  # fmt: skip
    assert again(reporting, people, dumped) == (3, 0), "of another revision"
