"""Random tokens for cookies; only their hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple


class Token(NamedTuple):
    """What the browser keeps, and what the database does."""

    said: str
    sha256: bytes


def new() -> Token:
    """Make a token of 32 random bytes."""
    said = secrets.token_urlsafe(32)
    return Token(said, hashed(said))


def hashed(said: str) -> bytes:
    """Hash what a browser or a person sent, as it is kept."""
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()
