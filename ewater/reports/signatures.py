"""Detached signatures of returns: Ed25519 keys, and CMS with X.509 certificates.

A signature is made over the canonical JSON of a version. It is accepted if a key that
is trusted for the enterprise made it, or a certificate that an issuer of ours issued
to the enterprise (its code stands in ``serialNumber`` or ``organizationIdentifier`` of
the subject) and that was valid when the version came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asn1crypto import cms, pem
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ewater.errors import EWaterError

if TYPE_CHECKING:
    from datetime import datetime

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_NAMED = (NameOID.SERIAL_NUMBER, NameOID.ORGANIZATION_IDENTIFIER)
_LARGEST = 64 << 10


class SignatureError(EWaterError):
    """A signature is not accepted; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A key or an issuer that is trusted."""

    id: int
    kind: str
    name: str
    enterprise: str | None
    pem: bytes


def verify(
    content: bytes,
    signature: bytes,
    enterprise: str,
    trusted: list[Trust],
    at: datetime,
) -> tuple[str, str, Trust]:
    """Verify a detached signature.

    Parameters
    ----------
    content
        What it must have been made over.
    at
        When a certificate must have been valid.

    Returns
    -------
    kind, signer, trust

    Raises
    ------
    SignatureError
        Content altered, wrong key, certificate expired or of an issuer that is not
        trusted, or of another enterprise.
    """
    if len(signature) == 64:
        return _by_key(content, signature, enterprise, trusted)
    if len(signature) > _LARGEST:
        raise SignatureError(f"a signature has at most {_LARGEST:,} bytes")
    return _by_certificate(content, signature, enterprise, trusted, at)


def _by_key(
    content: bytes, signature: bytes, enterprise: str, trusted: list[Trust]
) -> tuple[str, str, Trust]:
    mine = [t for t in trusted if t.kind == "ed25519" and t.enterprise == enterprise]
    for candidate in mine:
        key = serialization.load_pem_public_key(candidate.pem)
        assert isinstance(key, ed25519.Ed25519PublicKey)  # noqa: S101 - checked by signing.trust
        try:
            key.verify(signature, content)
        except InvalidSignature:
            continue
        return "ed25519", candidate.name, candidate
    raise SignatureError(
        f"no key that is trusted for {enterprise} made this signature over this "
        "content; sign the canonical JSON of the version with the registered key"
    )


def _by_certificate(
    content: bytes,
    signature: bytes,
    enterprise: str,
    trusted: list[Trust],
    at: datetime,
) -> tuple[str, str, Trust]:
    signed, signer, certificate = _parsed(signature)
    _signed_by(certificate, signed, signer, content)
    subject = certificate.subject.rfc4514_string()
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise SignatureError(
            f"the certificate of {subject} was valid from "
            f"{certificate.not_valid_before_utc.date()} to "
            f"{certificate.not_valid_after_utc.date()}, not on {at.date()}"
        )
    names = {
        str(a.value)
        for oid in _NAMED
        for a in certificate.subject.get_attributes_for_oid(oid)
    }
    if enterprise not in names:
        raise SignatureError(
            f"the certificate of {subject} is not that of {enterprise}; its code "
            "must be the serialNumber of the subject"
        )
    return "cms", subject, _issuer(certificate, trusted, at)


def _parsed(signature: bytes) -> tuple[Any, Any, x509.Certificate]:
    try:
        raw = pem.unarmor(signature)[2] if pem.detect(signature) else signature
        info = cms.ContentInfo.load(raw, strict=True)
        if info["content_type"].native != "signed_data":
            raise ValueError("no SignedData")  # noqa: TRY301 - one message for all
        signed = info["content"]
        signers = list(signed["signer_infos"])
        if len(signers) != 1:
            raise ValueError(f"{len(signers)} signers")  # noqa: TRY301
        certificate = _of_signer(signed, signers[0])
    except (ValueError, TypeError, KeyError) as error:
        raise SignatureError(
            f"it is no signature: {error}; give 64 bytes of Ed25519 or detached CMS of "
            "one signer with its certificate"
        ) from error
    return signed, signers[0], certificate


def _of_signer(signed: Any, signer: Any) -> x509.Certificate:
    """Find the certificate of the signer among those that came with the signature."""
    wanted = signer["sid"].chosen
    for choice in signed["certificates"] or []:
        candidate = choice.chosen
        if signer["sid"].name == "issuer_and_serial_number":
            fits = (
                candidate.serial_number == wanted["serial_number"].native
                and candidate.issuer.dump() == wanted["issuer"].dump()
            )
        else:
            fits = candidate.key_identifier == wanted.native
        if fits:
            return x509.load_der_x509_certificate(candidate.dump())
    raise ValueError("the certificate of the signer is not in it")


def _signed_by(
    certificate: x509.Certificate, signed: Any, signer: Any, content: bytes
) -> None:
    name = signer["digest_algorithm"]["algorithm"].native
    if name not in _HASHES:
        raise SignatureError(f"hash {name} is not accepted; use sha256 or longer")
    algorithm = _HASHES[name]
    attributes = {a["type"].native: a["values"] for a in signer["signed_attrs"] or []}
    over = content
    if attributes:
        digest = hashes.Hash(algorithm)
        digest.update(content)
        said = attributes.get("message_digest")
        if said is None or said[0].native != digest.finalize():
            raise SignatureError("the content was altered after it was signed")
        kind = attributes.get("content_type")
        if (
            kind is None
            or kind[0].native != signed["encap_content_info"]["content_type"].native
        ):
            raise SignatureError("the signature is over another kind of content")
        over = signer["signed_attrs"].untag().dump()
    try:
        _check(certificate.public_key(), signer["signature"].native, over, algorithm)
    except InvalidSignature as error:
        why = "the key of the certificate did not make it, or the content was altered"
        raise SignatureError(why) from error


def _check(key: Any, signature: bytes, over: bytes, algorithm: Any) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < 2048:
            raise SignatureError("the key has fewer than 2048 bits")
        key.verify(signature, over, padding.PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, over, ec.ECDSA(algorithm))
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, over)
    else:
        raise SignatureError("the key is neither RSA, ECDSA nor Ed25519")


def _issuer(certificate: x509.Certificate, trusted: list[Trust], at: datetime) -> Trust:
    """Find the trusted issuer that issued a certificate itself."""
    _must_sign(certificate)
    for candidate in trusted:
        if candidate.kind != "issuer":
            continue
        issuer = x509.load_pem_x509_certificate(candidate.pem)
        if not issuer.not_valid_before_utc <= at <= issuer.not_valid_after_utc:
            continue
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return candidate
    raise SignatureError(
        f"no issuer that is trusted issued the certificate of "
        f"{certificate.subject.rfc4514_string()} (it names "
        f"{certificate.issuer.rfc4514_string()})"
    )


def _must_sign(certificate: x509.Certificate) -> None:
    """Refuse a certificate that was issued for something else than signing."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        if not (usage.digital_signature or usage.content_commitment):
            raise SignatureError("the certificate is not for signing")
    except x509.ExtensionNotFound:
        pass
    try:
        extended = certificate.extensions.get_extension_for_class(
            x509.ExtendedKeyUsage
        ).value
    except x509.ExtensionNotFound:
        return
    if set(extended) == {ExtendedKeyUsageOID.SERVER_AUTH}:
        raise SignatureError("the certificate is that of a server, not for signing")
