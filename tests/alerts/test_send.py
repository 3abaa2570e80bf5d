"""Messages: by mail and webhook, signed, tried again, never twice."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, message_from_string, policy

import pytest
from sqlalchemy import text

from ewater.alerts.check import check
from ewater.alerts.send import send_due
from ewater.outgoing import ATTEMPTS

pytestmark = pytest.mark.db

NOW = datetime(2024, 6, 2, 12, tzinfo=UTC)


@pytest.fixture
def raise_one(country, rules, read_in):
    """Raise a flood that is told to these addresses."""

    def act(notify, **more):
        rules(
            {
                "code": "F", "kind": "discharge", "series": "G-MID.Q", "above": 500.0,
                "severity": "danger", "notify": notify, "name_az": "Daşqın",
                "name_en": "Flood", **more,
            }
        )  # fmt: skip
        read_in("G-MID.Q", {"2024-06-02T01:00Z": 612.5})
        check(country, lambda codes, after: {}, NOW)

    return act


def waiting(country):
    with country.connect() as connection:
        return connection.execute(
            text("SELECT attempts, error, due, sent_at FROM alert_message ORDER BY id")
        ).all()


def soon():
    return datetime.now(UTC) + timedelta(days=1)


def test_a_mail_says_what_where_and_how_much(country, raise_one, mail):
    raise_one("duty@example.org")
    assert send_due(country) == 1
    sent = message_from_bytes(mail.got[0].encode(), policy=policy.default)
    assert sent["Subject"] == "[Təhlükə · Danger · Опасность] Daşqın"
    assert (sent["From"], sent["To"]) == ("water@example.org", "duty@example.org")
    body = sent.get_content()
    for words in (
        "Təhlükə: Daşqın",
        "Su sərfi, G-MID.Q: 612,5 m³/san, hədd ≥ 500 m³/san",
        "Danger: Flood",
        "Discharge, G-MID.Q: 612.5 m³/s, limit ≥ 500 m³/s",
        "Расход воды, G-MID.Q: 612,5 м³/с, порог ≥ 500 м³/с",
        "02.06.2024 05:00 (Asia/Baku)",
        "2 Jun 2024 05:00 (Asia/Baku)",
    ):
        assert words in body
    assert send_due(country, soon()) == 0, "sent once"


def test_a_name_cannot_forge_a_header(country, raise_one, mail):
    raise_one("duty@example.org", name_az="x\nBcc: all@example.org")
    assert send_due(country) == 1
    sent = message_from_string(mail.got[0], policy=policy.default)
    assert sent["Bcc"] is None
    assert sent["Subject"].endswith("] x Bcc: all@example.org")


def test_a_webhook_is_signed(country, raise_one, hook, monkeypatch):
    monkeypatch.setenv("EWATER_WEBHOOK_KEY", "a key")
    raise_one(f"http://127.0.0.1:{hook.server_address[1]}/x")
    assert send_due(country) == 1
    headers, body = hook.got[0]
    want = hmac.new(b"a key", body, hashlib.sha256).hexdigest()
    assert headers["x-ewater-signature"] == f"sha256={want}"
    said = json.loads(body)
    assert (said["event"], said["value"], said["series"]) == (
        "raised", 612.5, "G-MID.Q",
    )  # fmt: skip
    assert said["limit"] == {"above": 500.0}


def test_what_fails_is_tried_again_later_and_given_up(country, raise_one, hook):
    hook.refuses = 500
    raise_one(f"http://127.0.0.1:{hook.server_address[1]}/x")
    now = datetime.now(UTC) + timedelta(seconds=1)
    assert send_due(country, now) == 0
    (row,) = waiting(country)
    assert "500" in row.error
    assert row.due == now + timedelta(seconds=30)
    assert send_due(country, now + timedelta(seconds=29)) == 0
    assert len(hook.got) == 1, "not before its time"
    for day in range(1, ATTEMPTS + 3):
        send_due(country, now + timedelta(days=day))
    (row,) = waiting(country)
    assert (row.attempts, row.due, row.sent_at) == (ATTEMPTS, None, None)
    assert len(hook.got) == ATTEMPTS


def test_a_webhook_that_leads_on_is_not_followed(country, raise_one, hook):
    hook.refuses = 307
    raise_one(f"http://127.0.0.1:{hook.server_address[1]}/x")
    assert send_due(country) == 0
    assert len(hook.got) == 1
    assert "307" in waiting(country)[0].error


def test_one_address_that_fails_does_not_hold_up_another(country, raise_one, mail):
    raise_one("http://127.0.0.1:9/nobody duty@example.org")
    assert send_due(country) == 1
    assert [row.attempts for row in waiting(country)] == [1, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        "http://127.0.0.1:99999/x",
        "http://[::1/x",
        f"http://{'a' * 64}.example/x",
        "not an address@",
        "\u0431@\u0432.example",
    ],
)
def test_an_address_that_cannot_be_one_holds_up_nobody(country, raise_one, mail, wrong):
    raise_one("first@example.org second@example.org")
    with country.begin() as connection:
        connection.execute(
            text("UPDATE alert_message SET address = :to WHERE address LIKE 'first%'"),
            {"to": wrong},
        )
    assert send_due(country) == 1
    (row, _) = waiting(country)
    assert row.attempts == 1
    assert row.error


def test_a_refused_mail_is_kept_with_the_reason(country, raise_one, mail):
    mail.refuses = True
    raise_one("gone@example.org")
    assert send_due(country) == 0
    assert "nobody of that name" in waiting(country)[0].error


def test_without_a_mail_server_the_message_waits(country, raise_one):
    raise_one("duty@example.org")
    assert send_due(country) == 0
    assert "EWATER_SMTP_URL" in waiting(country)[0].error


def test_a_password_is_not_sent_in_the_clear(country, raise_one, mail, monkeypatch):
    port = mail.server_address[1]
    monkeypatch.setenv("EWATER_SMTP_URL", f"smtp://me:secret@127.0.0.1:{port}")
    raise_one("duty@example.org")
    assert send_due(country) == 0
    error = waiting(country)[0].error
    assert "no TLS" in error
    assert "secret" not in error
