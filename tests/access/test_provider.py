"""Sign-in at a provider that runs as a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from sqlalchemy import text

from ewater.people import users
from ewater.people.provider import Provider
from ewater.store import audit

pytestmark = pytest.mark.db

#: Its own imports warn of what authlib deprecates.
MOCK = (sys.executable, "-W", "ignore", "-m", "oidc_provider_mock")
KNOWN = {"sub": "s-1", "email": "Leyla@example.org", "email_verified": True}
UNVERIFIED = {"sub": "s-2", "email": "leyla@example.org", "email_verified": False}


@pytest.fixture(scope="module")
def issuer():
    """Address of a provider that knows two people."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    claims = [x for u in (KNOWN, UNVERIFIED) for x in ("--user-claims", json.dumps(u))]
    process = subprocess.Popen(
        [*MOCK, "--port", str(port), *claims],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 30
    while True:
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/jwks").status_code == 200:
                break
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
def client(make_app, issuer):
    def make(**access):
        return make_app(
            provider=Provider(issuer, "ewater", "a-long-enough-secret"), **access
        ).test_client()

    return make


def add(engine, name="leyla@example.org", role="analyst", provider=True):
    with engine.begin() as connection:
        users.add(connection, name, role=role, by="chief", provider=provider)


def go(client, next="/?year=2022"):
    """Address at the provider."""
    sent = client.get("/login/provider", query_string={"next": next})
    assert sent.status_code == 303
    return sent.location


def agree(url, subject="s-1"):
    """Sign in there; the address the provider sends the browser back to."""
    answer = httpx.post(url, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"].removeprefix("http://localhost")


def test_a_user_signs_in_at_the_provider_and_opens_the_page_wanted(client, engine, ask):
    add(engine)
    browser = client()
    back = agree(go(browser))
    entered = browser.get(back)
    assert (entered.status_code, entered.location) == (303, "/?year=2022")
    assert ask(browser).status_code == 200
    with engine.connect() as connection:
        [row] = users.read(connection)
        assert [r["action"] for r in audit.read(connection)] == ["login", "user.add"]
    assert (row["role"], row["method"], row["sessions"]) == ("analyst", "provider", 1)


def test_the_code_is_bound_to_who_asked_for_it(client, engine, monkeypatch):
    add(engine)
    browser = client()
    url = go(browser)
    asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT * FROM login_begun")).one()
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"] == create_s256_code_challenge(kept.verifier)
    assert (asked["state"], asked["nonce"]) == (kept.state, kept.nonce)
    sent = []
    request = httpx.request

    def watched(method, address, **more):
        sent.append(more.get("data"))
        return request(method, address, **more)

    monkeypatch.setattr(httpx, "request", watched)
    assert browser.get(agree(url)).status_code == 303
    assert [d["code_verifier"] for d in sent if d] == [kept.verifier]


def test_a_person_is_known_by_the_subject_afterwards(client, engine):
    add(engine)
    assert client().get(agree(go(first := client()))).status_code == 403
    assert first.get(agree(go(first))).status_code == 303
    with engine.begin() as connection:
        other = "UPDATE person SET name = 'o@example.org' WHERE name LIKE 'leyla%'"
        connection.execute(text(other))
    second = client()
    assert second.get(agree(go(second))).status_code == 303


def test_an_answer_to_a_sign_in_that_was_not_begun_here_is_refused(client, engine):
    add(engine)
    back = agree(go(client()))
    stranger = client()
    answer = stranger.get(back)
    assert answer.status_code == 403
    assert "did not come about" in answer.text
    assert stranger.get_cookie("ewater") is None


def test_an_answer_serves_once(client, engine):
    add(engine)
    browser = client()
    back = agree(go(browser))
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


def test_another_state_is_refused(client, engine):
    add(engine)
    browser = client()
    back = agree(go(browser))
    other = parse_qs(urlsplit(go(client())).query)["state"][0]
    mine = parse_qs(urlsplit(back).query)["state"][0]
    assert browser.get(back.replace(mine, other)).status_code == 403


def test_another_nonce_is_refused(client, engine):
    add(engine)
    browser = client()
    back = agree(go(browser))
    with engine.begin() as connection:
        connection.execute(text("UPDATE login_begun SET nonce = 'other'"))
    assert browser.get(back).status_code == 403


def test_a_sign_in_that_took_too_long_is_refused(client, engine):
    add(engine)
    browser = client()
    back = agree(go(browser))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE login_begun SET expires_at = clock_timestamp()")
        )
    assert browser.get(back).status_code == 403


def test_a_refusal_at_the_provider_is_one_here(client, engine):
    browser = client()
    state = parse_qs(urlsplit(go(browser)).query)["state"][0]
    answer = browser.get(f"/login/back?error=access_denied&state={state}")
    assert answer.status_code == 403


def test_whoever_was_not_added_stays_outside(client, engine):
    browser = client()
    answer = browser.get(agree(go(browser)))
    assert answer.status_code == 403
    assert "nobody has added you" in answer.text


def test_whoever_the_provider_knows_may_enter_as_viewer_if_that_is_allowed(
    client, engine
):
    browser = client(provision=True)
    assert browser.get(agree(go(browser))).status_code == 303
    with engine.connect() as connection:
        [row] = users.read(connection)
    assert (row["name"], row["role"]) == ("leyla@example.org", "viewer")


def test_an_address_that_the_provider_has_not_verified_opens_nothing(client, engine):
    add(engine)
    browser = client(provision=True)
    assert browser.get(agree(go(browser), "s-2")).status_code == 403


def test_the_account_of_a_password_is_not_taken_over(client, engine):
    add(engine, provider=False)
    browser = client(provision=True)
    assert browser.get(agree(go(browser))).status_code == 403


def test_who_is_shut_out_here_does_not_come_in_by_the_provider(client, engine):
    add(engine)
    browser = client(provision=True)
    assert browser.get(agree(go(browser))).status_code == 303
    with engine.begin() as connection:
        users.disable(connection, "leyla@example.org", by="chief")
    assert browser.get(agree(go(browser))).status_code == 403


def test_a_provider_that_does_not_answer_is_said(make_app):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
        app = make_app(provider=Provider(nobody, "ewater"))
        answer = app.test_client().get("/login/provider")
    assert answer.status_code == 502
    assert "did not come about" in answer.text
    assert "Traceback" not in answer.text


def test_a_provider_that_is_another_is_not_believed(make_app, issuer):
    app = make_app(provider=Provider(issuer.replace("127.0.0.1", "localhost"), "x"))
    assert app.test_client().get("/login/provider").status_code in {303, 502}
    wrong = make_app(provider=Provider(issuer + "/", "x"))
    assert wrong.test_client().get("/login/provider").status_code == 502


def test_the_sign_in_page_offers_the_provider(client, issuer):
    page = client().get("/login?next=/%3Fyear%3D2022").text
    assert "Sign in with 127.0.0.1" in page
    assert "/login/provider?next=/%3Fyear%3D2022" in page
