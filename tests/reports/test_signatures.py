"""Detached signatures, with keys and certificates made here."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from sqlalchemy import text
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import ForbiddenError, UsageError
from ewater.reports import receipts, signing, stored
from ewater.reports.signatures import SignatureError, Trust, verify

NOW = datetime(2025, 1, 15, tzinfo=UTC)
CONTENT = b'{"sections":{"intake":[{"g12":500.0}]}}'


def name(common, code=None):
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if code:
        parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, code))
    return x509.Name(parts)


def issued(key, subject, issuer_key, issuer, *, days=(-10, 300), server=False):
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )
    if server:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(usage, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture(scope="module")
def issuer():
    key = ec.generate_private_key(ec.SECP256R1())
    return key, issued(key, name("Root"), key, name("Root"), days=(-3650, 3650))


@pytest.fixture(scope="module")
def plant_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def signed(issuer, plant_key):
    def sign(content=CONTENT, *, code="E1", by=issuer, key=plant_key, **more):
        ca_key, ca = by
        certificate = issued(key, name("Zavod", code), ca_key, ca.subject, **more)
        return (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(content)
            .add_signer(certificate, key, hashes.SHA256())
            .sign(
                serialization.Encoding.DER,
                [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary],
            )
        )

    return sign


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def public(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.fixture(scope="module")
def trusted(issuer):
    return [
        Trust(id=1, kind="issuer", name="root", enterprise=None, pem=pem(issuer[1]))
    ]


def test_a_certificate_of_a_trusted_issuer_signs(signed, trusted):
    kind, signer, by = verify(CONTENT, signed(), "E1", trusted, NOW)
    assert (kind, by.name) == ("cms", "root")
    assert "Zavod" in signer


def test_an_elliptic_key_signs_too(signed, trusted):
    key = ec.generate_private_key(ec.SECP384R1())
    assert verify(CONTENT, signed(key=key), "E1", trusted, NOW)[0] == "cms"


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"content": b"other"}, "altered after it was signed"),
        ({"days": (-300, -10)}, "was valid from"),
        ({"days": (10, 300)}, "was valid from"),
        ({"code": "E2"}, "is not that of E1"),
        ({"server": True}, "that of a server"),
    ],
)
def test_what_must_not_be_accepted_is_refused(signed, trusted, how, says):
    with pytest.raises(SignatureError, match=says):
        verify(CONTENT, signed(**how), "E1", trusted, NOW)


def test_an_issuer_that_is_not_trusted_is_refused(signed, trusted):
    key = ec.generate_private_key(ec.SECP256R1())
    other = issued(key, name("Root"), key, name("Root"), days=(-3650, 3650))
    with pytest.raises(SignatureError, match="no issuer that is trusted"):
        verify(CONTENT, signed(by=(key, other)), "E1", trusted, NOW)
    with pytest.raises(SignatureError, match="no issuer that is trusted"):
        verify(CONTENT, signed(), "E1", [], NOW)


def test_a_signature_by_another_key_under_the_certificate_is_refused(
    issuer, plant_key, trusted, signed
):
    from asn1crypto import cms

    good = cms.ContentInfo.load(signed())
    forged = cms.ContentInfo.load(
        signed(key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
    )
    good["content"]["signer_infos"][0]["signature"] = forged["content"]["signer_infos"][
        0
    ]["signature"].native
    with pytest.raises(SignatureError, match="did not make it"):
        verify(CONTENT, good.dump(force=True), "E1", trusted, NOW)


@pytest.mark.parametrize("junk", [b"", b"x" * 65, b"0" * 70000, b"-----BEGIN X-----"])
def test_what_is_no_signature_is_refused(trusted, junk):
    with pytest.raises(SignatureError):
        verify(CONTENT, junk, "E1", trusted, NOW)


def test_ed25519_by_the_registered_key_and_no_other():
    key, other = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
    mine = [Trust(id=1, kind="ed25519", name="k1", enterprise="E1", pem=public(key))]
    assert verify(CONTENT, key.sign(CONTENT), "E1", mine, NOW)[1] == "k1"
    for signature, enterprise in (
        (other.sign(CONTENT), "E1"),
        (key.sign(CONTENT + b" "), "E1"),
        (key.sign(CONTENT), "E2"),
    ):
        with pytest.raises(SignatureError, match="no key that is trusted"):
            verify(CONTENT, signature, enterprise, mine, NOW)


@pytest.mark.db
def test_a_signature_is_kept_with_the_version(
    reporting, people, submitted, signed, issuer
):
    number, receipt = submitted()
    key = ed25519.Ed25519PrivateKey.generate()
    with reporting.begin() as connection:
        version = stored.version(connection, number)
        sealed = receipts.sealed("E1", "2-TP", 1, "2024", "1000 m3", version["content"])
        with pytest.raises(ForbiddenError):
            signing.trust(connection, people.reviewer, "k1", public(key), "E1")
        with pytest.raises(UsageError, match="give an Ed25519 public key"):
            signing.trust(connection, people.command, "k1", b"junk", "E1")
        signing.trust(connection, people.command, "k1", public(key), "E1")
        signing.trust(connection, people.command, "root", pem(issuer[1]))
        with pytest.raises(UsageError, match="choose another name"):
            signing.trust(connection, people.command, "root", pem(issuer[1]))
        signing.attach(connection, people.reporter, number, 1, key.sign(sealed))
        signing.attach(connection, people.reporter, number, 1, signed(sealed))
        with pytest.raises(SignatureError):
            signing.attach(connection, people.reporter, number, 1, key.sign(b"x"))
        with pytest.raises(ForbiddenError):
            signing.attach(connection, people.other, number, 1, key.sign(sealed))
        kept = signing.of(connection, version["id"])
        signing.distrust(connection, people.command, "k1")
        with pytest.raises(SignatureError):
            signing.attach(connection, people.reporter, number, 1, key.sign(sealed))
    assert [row["trust"] for row in kept] == ["k1", "root"]
    assert receipt["sha256"] == receipts.sha256(sealed).hex()


def test_a_signature_is_made_attached_and_verified_by_command(
    reporting, submitted, database_url, monkeypatch, tmp_path
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    number, _ = submitted()

    def run(*words):
        return CliRunner().invoke(app, ["report", *map(str, words)])

    key = ed25519.Ed25519PrivateKey.generate()
    own = tmp_path / "own.pem"
    own.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    shared = tmp_path / "public.pem"
    shared.write_bytes(public(key))
    assert run("sign", number, "--key", own).exit_code != 0, "not trusted yet"
    assert run("key", "trust", "k1", shared, "--enterprise", "E9").exit_code != 0
    assert run("key", "trust", "k1", shared, "--enterprise", "E1").exit_code == 0
    assert "signed by k1" in run("sign", number, "--key", own).output
    over = tmp_path / "over.json"
    assert run("content", number, "--out", over).exit_code == 0
    made = tmp_path / "made.sig"
    made.write_bytes(key.sign(over.read_bytes()))
    assert run("sign", number, "--signature", made).exit_code == 0, "the same again"
    rows = json.loads(run("verify", number, "--format", "json").output)
    assert [(r["signer"], r["holds"]) for r in rows] == [("k1", True)]
    assert run("key", "distrust", "k1").exit_code == 0
    assert run("verify", number).exit_code == 0, "what it signed stays accepted"
    (told,) = json.loads(run("key", "list", "--format", "json").output)
    assert (told["name"], told["signatures"]) == ("k1", 1)
    assert told["revoked_at"]
    with reporting.begin() as connection:
        connection.execute(
            text("UPDATE return_version SET content = '{\"intake\": []}'")
        )
    altered = run("verify", number)
    assert altered.exit_code == 1
    assert "is not what was sealed" in " ".join(altered.output.split())
