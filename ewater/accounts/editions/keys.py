"""Keys with which people sign: Ed25519, the private half in a file of their own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from ewater.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

PASSPHRASE = "EWATER_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, and with what."""

    name: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    def sign(self, digest: bytes) -> bytes:
        """Sign a hash, 64 bytes."""
        return self.private.sign(digest)


def signer(home: Path, name: str) -> Signer:
    """Read the key of a person in a data folder; make it at the first time.

    The file is ``keys/NAME.pem`` (PKCS #8), readable by its owner alone, encrypted
    where ``EWATER_KEY_PASSPHRASE`` is set.

    Raises
    ------
    UsageError
        The key cannot be read: not a key, or another passphrase.
    """
    if "/" in name or name.startswith("."):
        raise UsageError(f"{name!r} is no name of a person")
    path = home / "keys" / f"{name}.pem"
    given = os.environ.get(PASSPHRASE, "").encode() or None
    if not path.exists():
        _make(path, given)
    try:
        private = form.load_pem_private_key(path.read_bytes(), given)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} cannot be read: {error}; see {PASSPHRASE}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise UsageError(f"{path} is no Ed25519 key")
    return Signer(name, private)


def genuine(public: bytes, signature: bytes, digest: bytes) -> bool:
    """Whether a signature of a hash was made with a key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, digest)
    except (InvalidSignature, ValueError):
        return False
    return True


def _make(path: Path, passphrase: bytes | None) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    how: form.KeySerializationEncryption = (
        form.BestAvailableEncryption(passphrase) if passphrase else form.NoEncryption()
    )
    content = Ed25519PrivateKey.generate().private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, how
    )
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return  # another command of this person was first
    with os.fdopen(file, "wb") as out:
        out.write(content)
