"""Sign-in at a provider: OpenID Connect, authorization code with PKCE.

What must come back unchanged (state, nonce, the verifier of the code) is kept in the
database under the hash of a cookie, and serves once.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from sqlalchemy import text

from ewater.errors import EWaterError
from ewater.people import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

_MINUTES = 10  # to sign in at the provider
_TIMEOUT_S = 10.0
_METADATA_S = 3600.0
_LEEWAY_S = 60
_SCOPE = "openid email profile"
#: Signed by the provider's own key; a shared secret signs nothing.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")


class ProviderError(EWaterError):
    """The sign-in at the provider did not come about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the provider says it is; ``email`` only if it has verified it."""

    issuer: str
    subject: str
    email: str | None


class Provider:
    """One provider, found by its issuer."""

    def __init__(self, issuer: str, client: str, secret: str | None = None) -> None:
        self.issuer = issuer
        self._client = client
        self._secret = secret
        self._metadata: tuple[float, Mapping[str, Any]] = float("-inf"), {}

    def begin(self, connection: Connection, back: str, next: str) -> tuple[str, str]:
        """Begin a sign-in.

        Parameters
        ----------
        back
            Address of ours that the provider returns to.
        next
            Page to open afterwards.

        Returns
        -------
        url, token
            Address at the provider, and the token for the cookie.

        Raises
        ------
        ProviderError
            The provider does not answer.
        """
        endpoint = str(self._found()["authorization_endpoint"])
        token, state, nonce, verifier = (
            tokens.new(),
            *(secrets.token_urlsafe(32) for _ in range(3)),
        )
        connection.execute(
            text(
                "INSERT INTO login_begun (sha256, state, nonce, verifier, next, "
                "expires_at) VALUES (:sha256, :state, :nonce, :verifier, :next, "
                "clock_timestamp() + make_interval(mins => :minutes))"
            ),
            {
                "sha256": token.sha256,
                "state": state,
                "nonce": nonce,
                "verifier": verifier,
                "next": next,
                "minutes": _MINUTES,
            },
        )
        connection.execute(
            text("DELETE FROM login_begun WHERE expires_at < clock_timestamp()")
        )
        url: str = prepare_grant_uri(
            endpoint,
            client_id=self._client,
            response_type="code",
            redirect_uri=back,
            scope=_SCOPE,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return url, token.said

    def finish(
        self,
        connection: Connection,
        token: str,
        answer: Mapping[str, str],
        back: str,
    ) -> tuple[Identity, str]:
        """Take what the provider sent back; returns who it is and the page to open.

        Raises
        ------
        ProviderError
            It is none of ours, too late, refused, or cannot be trusted.
        """
        begun = connection.execute(
            text("DELETE FROM login_begun WHERE sha256 = :sha256 RETURNING *"),
            {"sha256": tokens.hashed(token)},
        ).one_or_none()
        connection.commit()  # serves once, whatever comes
        if begun is None or begun.expires_at.timestamp() < time.time():
            raise ProviderError("no sign-in was begun here, or too long ago")
        given = answer.get("state", "").encode("utf-8", "surrogatepass")
        if not secrets.compare_digest(begun.state.encode(), given):
            raise ProviderError("the answer belongs to another sign-in")
        if "code" not in answer:
            raise ProviderError(f"the provider refuses: {answer.get('error')!r}")
        told = self._exchange(answer["code"], begun.verifier, back)
        return self._identity(told, begun.nonce), begun.next

    def _exchange(self, code: str, verifier: str, back: str) -> Mapping[str, Any]:
        return _asked(
            "POST",
            str(self._found()["token_endpoint"]),
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": back,
                "code_verifier": verifier,
                **({"client_id": self._client} if self._secret is None else {}),
            },
            auth=None if self._secret is None else (self._client, self._secret),
        )

    def _identity(self, given: Mapping[str, Any], nonce: str) -> Identity:
        keys = _asked("GET", str(self._found()["jwks_uri"]))
        try:
            signed = jwt.decode(
                given["id_token"],
                key=KeySet.import_key_set(dict(keys)),  # type: ignore[arg-type]
                registry=JWSRegistry(
                    algorithms=list(_ALGORITHMS), strict_check_header=False
                ),
            )
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {
                    "iss": {"essential": True, "values": [self.issuer]},
                    "aud": {"essential": True, "values": [self._client]},
                    "sub": {"essential": True},
                    "nonce": {"essential": True},
                },
                {
                    "nonce": nonce,
                    "client_id": self._client,
                    "access_token": given.get("access_token"),
                },
            )
            claims.validate(leeway=_LEEWAY_S)
        except Exception as error:  # many kinds, all meaning: not to be trusted
            raise ProviderError(
                f"the provider's word does not hold: {error}"
            ) from error
        verified = claims.get("email_verified") is True
        email = str(claims.get("email") or "").strip().casefold()
        return Identity(
            issuer=self.issuer,
            subject=str(claims["sub"]),
            email=email if verified and email else None,
        )

    def _found(self) -> Mapping[str, Any]:
        """Endpoints of the provider, asked once an hour."""
        at, metadata = self._metadata
        if time.monotonic() - at > _METADATA_S:
            url = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
            metadata = _asked("GET", url)
            if metadata.get("issuer") != self.issuer:
                raise ProviderError(
                    f"{self.issuer} calls itself {metadata.get('issuer')!r}"
                )
            self._metadata = time.monotonic(), metadata
        return metadata


def _asked(method: str, url: str, **more: Any) -> Mapping[str, Any]:
    try:
        answer = httpx.request(method, url, timeout=_TIMEOUT_S, **more)
        answer.raise_for_status()
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderError(
            f"the provider does not answer as it should: {error}"
        ) from (error)
    if not isinstance(said, dict):
        raise ProviderError("the provider does not answer as it should")
    return said
