"""Keys and issuers that are trusted, and the signatures of returns that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy import text

from ewater.errors import UsageError
from ewater.reports import known, receipts, signatures, stored, who
from ewater.reports.signatures import SignatureError, Trust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from ewater.reports.stored import Head
    from ewater.reports.who import Person

_KNOWN = text(
    "SELECT EXISTS (SELECT FROM enterprises WHERE code = :code AND recorded_to IS NULL)"
)


def trust(
    connection: Connection,
    person: Person,
    name: str,
    given: bytes,
    enterprise: str | None = None,
) -> None:
    """Trust the Ed25519 public key of an enterprise, or an issuer of certificates.

    Parameters
    ----------
    given
        PEM of a public key, with an enterprise; of an issuer's certificate, without.

    Raises
    ------
    UsageError
        It is neither, or the name is taken.
    """
    if not person.may("administer"):
        who.refuse(person, "administer")
    kind = "issuer" if enterprise is None else "ed25519"
    if enterprise is not None and not connection.scalar(_KNOWN, {"code": enterprise}):
        raise UsageError(f"no enterprise has the code {enterprise!r}")
    try:
        if kind == "issuer":
            x509.load_pem_x509_certificate(given)
        elif not isinstance(
            serialization.load_pem_public_key(given), ed25519.Ed25519PublicKey
        ):
            raise ValueError("no Ed25519 key")  # noqa: TRY301 - one message for both
    except (ValueError, UnsupportedAlgorithm) as error:
        wanted = "a certificate" if kind == "issuer" else "an Ed25519 public key"
        raise UsageError(f"{name}: {error}; give {wanted} as PEM") from error
    done = connection.execute(
        text(
            "INSERT INTO return_trust (kind, name, enterprise, pem, actor) VALUES "
            "(:kind, :name, :enterprise, :pem, :who) ON CONFLICT (name) DO NOTHING"
        ),
        {
            "kind": kind,
            "name": name,
            "enterprise": enterprise,
            "pem": given.decode("ascii"),
            "who": person.id,
        },
    )
    if not done.rowcount:
        raise UsageError(f"{name!r} is trusted already; choose another name")
    after = {"kind": kind, "enterprise": enterprise}
    who.note(connection, person, "trust", f"trust:{name}", None, after)


def distrust(connection: Connection, person: Person, name: str) -> None:
    """Trust a key or an issuer no longer; what it signed stays accepted."""
    if not person.may("administer"):
        who.refuse(person, "administer")
    done = connection.execute(
        text(
            "UPDATE return_trust SET revoked_at = clock_timestamp() "
            "WHERE name = :name AND revoked_at IS NULL"
        ),
        {"name": name},
    )
    if not done.rowcount:
        raise UsageError(f"nothing of the name {name!r} is trusted")
    who.note(connection, person, "distrust", f"trust:{name}", None, {"revoked": True})


def attach(
    connection: Connection,
    person: Person,
    number: int,
    version: int | None,
    signature: bytes,
) -> str:
    """Verify a detached signature of a version, and keep it; the same one but once.

    Parameters
    ----------
    version
        None for the newest.
    signature
        64 bytes of Ed25519, or CMS SignedData, DER or PEM.

    Returns
    -------
    str
        Who signed: the name of the key, or the subject of the certificate.

    Raises
    ------
    SignatureError
        It is not accepted.
    """
    head = stored.head(connection, number)
    who.allow(connection, person, who.REPORT, head.enterprise)
    row = stored.version(connection, number, version)
    kind, signer, by = signatures.verify(
        _sealed(connection, head, row),
        signature,
        head.enterprise,
        _trusted(connection),
        row["submitted_at"],
    )
    again = connection.scalar(
        text(
            "SELECT EXISTS (SELECT FROM return_signature WHERE version_id = :id "
            "AND signature = :signature)"
        ),
        {"id": row["id"], "signature": signature},
    )
    if again:
        return signer
    connection.execute(
        text(
            "INSERT INTO return_signature (version_id, kind, signature, signer, "
            "trust_id) VALUES (:version, :kind, :signature, :signer, :trust)"
        ),
        {
            "version": row["id"],
            "kind": kind,
            "signature": signature,
            "signer": signer,
            "trust": by.id,
        },
    )
    after = {"version": row["number"], "kind": kind, "by": by.name}
    who.note(connection, person, "sign", head.code, None, after)
    return signer


def of(connection: Connection, version_id: int) -> list[dict[str, Any]]:
    """List the accepted signatures of a version."""
    rows = connection.execute(
        text(
            "SELECT s.kind, s.signer, t.name AS trust, s.verified_at, t.revoked_at "
            "FROM return_signature AS s JOIN return_trust AS t ON t.id = s.trust_id "
            "WHERE s.version_id = :id ORDER BY s.id"
        ),
        {"id": version_id},
    )
    return [dict(row) for row in rows.mappings()]


def content(
    connection: Connection, person: Person, number: int, version: int | None = None
) -> bytes:
    """Write what a signature of a version is made over: its canonical JSON.

    Raises
    ------
    UsageError
        Nothing was submitted.
    """
    head = stored.head(connection, number)
    who.allow(connection, person, who.READ, head.enterprise)
    return _sealed(connection, head, stored.version(connection, number, version))


def _sealed(connection: Connection, head: Head, row: Mapping[str, Any]) -> bytes:
    form = known.form_of(connection, head.form, row["form_version"])
    raw = receipts.sealed(
        head.enterprise, head.form, form.version, head.period, form.unit, row["content"]
    )
    if receipts.sha256(raw) != row["sha256"]:
        raise SignatureError("the version is not what was sealed; restore a backup")
    return raw


def sign(raw: bytes, key: bytes, file: str) -> bytes:
    """Sign content with an Ed25519 private key; the key is not kept.

    Raises
    ------
    UsageError
        It is no such key, or is encrypted.
    """
    try:
        private = serialization.load_pem_private_key(key, password=None)
        if not isinstance(private, ed25519.Ed25519PrivateKey):
            raise ValueError("no Ed25519 key")  # noqa: TRY004, TRY301 - one message
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        wanted = "give an Ed25519 private key, PEM without a password, or sign"
        raise UsageError(f"{file}: {error}; {wanted} elsewhere") from error
    return private.sign(raw)


def verified(
    connection: Connection, person: Person, number: int, version: int | None = None
) -> list[dict[str, Any]]:
    """Verify the kept signatures of a version again, over what is kept of it.

    Returns
    -------
    list of dict
        As `of`, with ``holds``, and ``why`` one does not. A key that was trusted when
        the signature came is asked, even where it is trusted no longer.
    """
    head = stored.head(connection, number)
    who.allow(connection, person, who.READ, head.enterprise)
    row = stored.version(connection, number, version)
    raws = connection.execute(
        text(
            "SELECT s.signature, t.id, t.kind, t.name, t.enterprise, t.pem "
            "FROM return_signature AS s JOIN return_trust AS t ON t.id = s.trust_id "
            "WHERE s.version_id = :id ORDER BY s.id"
        ),
        {"id": row["id"]},
    ).mappings()
    found = []
    for kept, said in zip(of(connection, row["id"]), raws.all(), strict=True):
        fields = {name: said[name] for name in ("id", "kind", "name", "enterprise")}
        by = Trust(**fields, pem=said["pem"].encode())
        found.append({**kept, **_holds(connection, head, row, said["signature"], by)})
    return found


def _holds(
    connection: Connection, head: Head, row: Mapping[str, Any], raw: bytes, by: Trust
) -> dict[str, Any]:
    try:
        signatures.verify(
            _sealed(connection, head, row), raw, head.enterprise, [by],
            row["submitted_at"],
        )  # fmt: skip
    except SignatureError as error:
        return {"holds": False, "why": str(error)}
    return {"holds": True, "why": None}


def listed(connection: Connection) -> list[dict[str, Any]]:
    """List keys and issuers, those that are trusted no longer with since when."""
    rows = connection.execute(
        text(
            "SELECT t.name, t.kind, t.enterprise, t.added_at, t.revoked_at, "
            "p.name AS who, (SELECT count(*) FROM return_signature AS s "
            "WHERE s.trust_id = t.id) AS signatures FROM return_trust AS t "
            "LEFT JOIN person AS p ON p.id = t.actor ORDER BY t.id"
        )
    )
    return [dict(row) for row in rows.mappings()]


def _trusted(connection: Connection) -> list[Trust]:
    rows = connection.execute(
        text(
            "SELECT id, kind, name, enterprise, pem FROM return_trust "
            "WHERE revoked_at IS NULL ORDER BY id"
        )
    )
    return [Trust(**{**row, "pem": row["pem"].encode()}) for row in rows.mappings()]
