"""Returns over HTTP with a key: taken, refused with every fault, or forbidden."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from ewater.errors import UsageError
from ewater.reports import api
from ewater.store import audit, keys

pytestmark = pytest.mark.db


@pytest.fixture
def client(reporting):
    app = Flask("test")
    app.register_blueprint(api.blueprint(reporting))
    return app.test_client()


@pytest.fixture
def key(reporting):
    with reporting.begin() as connection:
        return keys.add(connection, "plant", [], who="chief", enterprises=["E1"])


@pytest.fixture
def ask(client, key):
    def asked(method, path, body=None, *, token=key, **headers):
        return client.open(
            f"/api/reports/{path}",
            method=method,
            data=None if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}", **headers},
        )

    return asked


def test_a_return_is_taken_with_its_receipt_and_its_status_told(ask, made_content):
    body = {"form": "2-TP", "version": 1, "sections": made_content()}
    made = ask("POST", "E1/2024", body)
    assert made.status_code == 201
    receipt = made.json["receipt"]
    assert receipt["receipt"] == "2-TP/E1/2024/1"
    told = ask("GET", "E1/2024").json
    assert (told["state"], told["version"]) == ("submitted", 1)
    assert told["receipts"][0]["seal"] == receipt["seal"]
    again = ask("POST", "E1/2024", body)
    assert (again.status_code, again.json["unchanged"]) == (200, True)
    assert again.json["receipt"]["seal"] == receipt["seal"]


def test_a_return_with_faults_is_refused_in_the_language_asked_for(ask, made_content):
    refused = ask(
        "POST",
        "E1/2024",
        {"sections": made_content(g13=-1.0)},
        **{"Accept-Language": "ru"},
    )
    assert refused.status_code == 422
    said = [f["message"] for f in refused.json["findings"]]
    assert any("-1 отрицательно; введите 0 или больше" in text for text in said)
    assert ask("GET", "E1/2024").status_code == 404


def test_returns_of_others_are_forbidden_and_that_is_audited(
    ask, reporting, made_content
):
    for method in ("POST", "GET"):
        body = {"sections": made_content()} if method == "POST" else None
        assert ask(method, "E2/2024", body).status_code == 403
    with reporting.connect() as connection:
        rows = audit.read(connection, action="refused.report")
    assert [row["object"] for row in rows] == ["path:/api/reports/E2/2024"] * 2
    assert rows[0]["who"] == "key:plant"


def test_keys_that_are_none_or_for_series_send_nothing(ask, reporting, made_content):
    with reporting.begin() as connection:
        logger = keys.add(connection, "logger", ["*"], who="chief")
        with pytest.raises(UsageError, match="no enterprise has the code E9"):
            keys.add(connection, "x", [], who="chief", enterprises=["E9"])
        with pytest.raises(UsageError, match="name the series"):
            keys.add(connection, "x", [], who="chief")
    body = {"sections": made_content()}
    assert ask("POST", "E1/2024", body, token="ewk_x").status_code == 401
    assert ask("POST", "E1/2024", body, token=logger).status_code == 403
    with reporting.begin() as connection:
        keys.revoke(connection, "plant", who="chief")
    assert ask("POST", "E1/2024", body).status_code == 401


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ([], "send an object"),
        ({"section": {}}, "unknown field section"),
        ({"sections": []}, "sections is an object"),
        ({"sections": {"intake": [{"g12": [1]}]}}, "sections is an object"),
        ({"sections": {}, "form": "9-X"}, "there is no form 9-X"),
    ],
)
def test_a_body_that_is_no_return_is_refused(ask, body, says):
    answer = ask("POST", "E1/2024", body)
    assert answer.status_code == 400
    assert says in answer.json["error"]


def test_a_key_sends_no_more_than_its_share(ask, reporting, made_content):
    with reporting.begin() as connection:
        slow = keys.add(
            connection, "slow", [], who="chief", per_minute=1, enterprises=["E1"]
        )
    body = {"sections": made_content()}
    assert ask("POST", "E1/2024", body, token=slow).status_code == 201
    limited = ask("POST", "E1/2023", body, token=slow)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "60")
