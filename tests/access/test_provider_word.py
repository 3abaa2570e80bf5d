"""What a provider's word must be to be believed: forged in one part at a time."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import text

from ewater.people import provider as providers
from ewater.people.provider import Provider, ProviderError

pytestmark = pytest.mark.db

ISSUER = "https://login.example"
SECRET = "a-long-enough-secret"
KEY, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
SHARED, PUBLIC = SECRET.encode(), KEY.as_pem(private=False)
BACK = "https://water.example/login/back"


def signed(header, claims, key):
    """Write a token; one whose key is bytes by hand, as a library would refuse it."""
    if not isinstance(key, bytes):
        return jwt.encode(header, claims, key, algorithms=["ES256"])
    parts = [urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims)]
    body = b".".join(part.rstrip(b"=") for part in parts)
    seal = hmac.digest(key, body, "sha256") if key else b""
    seal = urlsafe_b64encode(seal).rstrip(b"=")
    return (body + b"." + seal).decode()


@pytest.fixture
def said(engine, monkeypatch):
    """Come back from a provider with these claims; returns who it is taken for."""
    word = {}

    def asked(method, url, **more):
        if url.endswith("openid-configuration"):
            return {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/jwks",
            }
        if url.endswith("/jwks"):
            return {"keys": [KEY.as_dict(private=False)]}
        return {"id_token": word["token"], "access_token": "x"}

    monkeypatch.setattr(providers, "_asked", asked)

    def come(changed, *, key=KEY, header=None, state=None):
        provider = Provider(ISSUER, "ewater", SECRET)
        with engine.connect() as connection:
            _, token = provider.begin(connection, BACK, "/")
            begun = connection.execute(text("SELECT * FROM login_begun")).one()
            connection.commit()
            now = int(time.time())
            claims = {
                "iss": ISSUER, "aud": "ewater", "sub": "s-1", "nonce": begun.nonce,
                "iat": now, "exp": now + 60, "email": "a@b.example",
                "email_verified": True,
            }  # fmt: skip
            claims = {k: v for k, v in (claims | changed).items() if v is not None}
            word["token"] = signed(header or {"alg": "ES256"}, claims, key)
            answer = {"state": begun.state if state is None else state, "code": "c"}
            return provider.finish(connection, token, answer, BACK)[0]

    return come


def test_an_honest_word_is_believed(said):
    who = said({})
    assert (who.issuer, who.subject, who.email) == (ISSUER, "s-1", "a@b.example")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": None},
        {"aud": ["ewater", "another"], "azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": None},
    ],
    ids=str,
)
def test_a_word_for_another_place_person_or_time_is_not_believed(said, changed):
    with pytest.raises(ProviderError, match="does not hold"):
        said(changed)


@pytest.mark.parametrize(
    ("key", "header"),
    [
        (OTHER, {"alg": "ES256"}),
        (SHARED, {"alg": "HS256"}),
        (PUBLIC, {"alg": "HS256"}),
        (b"", {"alg": "none"}),
    ],
    ids=["another key", "our secret", "the public key as a secret", "unsigned"],
)
def test_a_word_that_the_provider_did_not_sign_is_not_believed(said, key, header):
    with pytest.raises(ProviderError, match="does not hold"):
        said({}, key=key, header=header)


@pytest.mark.parametrize("verified", [False, "true", 1, None])
def test_an_address_counts_only_where_it_was_verified(said, verified):
    assert said({"email_verified": verified}).email is None


@pytest.mark.parametrize("state", ["", "another", "é"])
def test_another_state_is_refused_before_the_code_is_used(said, state):
    with pytest.raises(ProviderError, match="another sign-in"):
        said({}, state=state)
