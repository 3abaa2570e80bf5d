"""Reminders by mail: at each step of a deadline, once, until the return has come."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import FaultsError, ForbiddenError
from ewater.outgoing import ATTEMPTS
from ewater.reports import due, form, remind

pytestmark = pytest.mark.db

# due by the end of 22 January in Baku: steps on 9 January, 24 January, 7 February
BEFORE = datetime(2025, 1, 10, tzinfo=UTC)
OVER = datetime(2025, 1, 25, tzinfo=UTC)


@pytest.fixture
def told(reporting, people):
    """Plan and keep at a time; answer how many are new."""

    def act(now, **which):
        with reporting.begin() as connection:
            rows = remind.planned(connection, people.command, now=now, **which)
            return remind.keep(connection, people.command, rows, now=now), rows

    return act


def test_a_reminder_goes_out_once_for_each_step(reporting, told, mail):
    assert told(BEFORE - timedelta(days=2)) == (0, []), "no step is reached"
    count, rows = told(BEFORE)
    assert [(r["enterprise"], r["step"], r["addresses"]) for r in rows] == [
        ("E1", -14, ["e1@example.org"]),
        ("E2", -14, []),
    ]
    assert count == 1
    assert told(BEFORE + timedelta(days=1))[0] == 0
    assert remind.send_due(reporting, BEFORE) == (1, 0)
    assert remind.send_due(reporting, BEFORE) == (0, 0)
    sent = message_from_string(mail.got[0], policy=policy.default)
    assert (sent["To"], sent["Subject"]) == ("e1@example.org", "2-TP 2024: Zavod (E1)")
    body = sent.get_content()
    for words in ("22.01.2025", "is due by", "qədər göndərilməlidir", "Отчёт не начат"):
        assert words in body
    assert told(OVER)[0] == 1
    assert remind.send_due(reporting, OVER) == (1, 0)
    assert (
        "was due by"
        in message_from_string(mail.got[1], policy=policy.default).get_content()
    )
    with reporting.connect() as connection:
        done = connection.scalar(
            text("SELECT count(*) FROM audit WHERE action = 'report.remind'")
        )
    assert done == 2


def test_a_deadline_that_is_moved_has_steps_of_its_own(reporting, people, told, mail):
    assert told(BEFORE)[0] == 1
    later = datetime(2025, 2, 7, 20, tzinfo=UTC)
    with reporting.begin() as connection:
        due.extend(connection, people.command, "2024", later, "flood", enterprise="E1")
    assert told(OVER)[1][0]["step"] == -14
    assert told(OVER)[0] == 0


def test_nobody_is_reminded_of_what_has_come(reporting, told, submitted, mail):
    assert told(OVER)[0] == 1
    submitted()
    assert remind.send_due(reporting, OVER) == (0, 0)
    assert told(OVER)[0] == 0
    assert mail.got == []


def test_what_is_not_sent_is_tried_again_and_given_up(reporting, told, mail):
    mail.refuses = True
    told(OVER)
    assert remind.send_due(reporting, OVER) == (0, 1)
    assert remind.send_due(reporting, OVER + timedelta(seconds=29)) == (0, 0)
    for day in range(1, ATTEMPTS + 2):
        remind.send_due(reporting, OVER + timedelta(days=day))
    with reporting.connect() as connection:
        row = connection.execute(
            text("SELECT attempts, try_at, sent_at, error FROM return_reminder")
        ).one()
    assert row[:3] == (ATTEMPTS, None, None)
    assert "nobody of that name" in row.error


def test_steps_missed_long_ago_are_left_out_unless_the_period_is_named(told):
    long_ago = OVER + timedelta(days=90)
    assert told(long_ago)[1] == []
    assert [r["step"] for r in told(long_ago, period="2024")[1]] == [15, 15]


def test_the_worker_keeps_no_mail_while_there_is_no_server(reporting, people):
    remind.watch()(reporting)
    with reporting.begin() as connection:
        with pytest.raises(ForbiddenError):
            remind.planned(connection, people.reporter)
        assert not connection.scalar(text("SELECT count(*) FROM return_reminder"))


def test_a_webhook_is_told_as_plain_data(reporting, told, hook):
    address = f"http://127.0.0.1:{hook.server_address[1]}/x"
    with reporting.begin() as connection:
        connection.execute(
            text("UPDATE enterprises SET notify = :a WHERE code = 'E1'"), {"a": address}
        )
    told(OVER)
    assert remind.send_due(reporting, OVER) == (1, 0)
    assert b'"event": "return_due"' in hook.got[0][1]


def test_the_command_lists_then_sends(reporting, database_url, monkeypatch, mail):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def run(*words):
        return CliRunner().invoke(app, ["report", "remind", "--year", "2024", *words])

    listed = run("--dry-run")
    assert listed.exit_code == 0
    assert "e1@example.org" in listed.output
    assert mail.got == []
    done = run()
    assert done.exit_code == 0
    assert "1 reminders kept, 1 sent, 0 not sent; 1 enterprises" in done.output
    assert "0 reminders kept, 0 sent" in run().output
    monkeypatch.delenv("EWATER_SMTP_URL")
    with reporting.begin() as connection:
        connection.execute(
            text("UPDATE enterprises SET notify = 'new@x.az' WHERE code = 'E2'")
        )
    refused = run()
    assert refused.exit_code != 0
    assert len(mail.got) == 1


def test_days_of_reminders_that_do_not_rise_are_refused():
    body = re.sub(r"days: \[-14, 1, 15\]", "days: [15, 1]", _built_in())
    with pytest.raises(FaultsError, match="rise"):
        form.parse(body, "2-TP.yaml")


def _built_in():
    from importlib import resources

    file = resources.files("ewater.reports") / "forms" / "2-TP.yaml"
    return file.read_text("utf-8")
