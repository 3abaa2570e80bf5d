"""Passwords: argon2id hashes, first passwords, and which ones are refused."""

from __future__ import annotations

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ewater.errors import UsageError

SHORTEST, LONGEST = 12, 200  # characters
_DISTINCT = 6
_FIRST_WORDS = 4  # groups of four letters and digits
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read as another
_HASHER = PasswordHasher()  # argon2id, 64 MiB, 3 passes: RFC 9106, second choice

# A hash takes 64 MiB: one at a time keeps a worker small, and a flood of sign-ins slow.
_ONE_AT_A_TIME = threading.Lock()


def first() -> str:
    """Make a first password, to be read out or typed once.

    Examples
    --------
    >>> len(first().split("-"))
    4
    """
    groups = (
        "".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_FIRST_WORDS)
    )
    return "-".join(groups)  # 31**16: 79 bits


def check(password: str, *, name: str, old: str | None = None) -> None:
    """Refuse a password that is guessed or known.

    Raises
    ------
    UsageError
        Says what would be right.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters")
    if len(set(password)) < _DISTINCT:
        raise UsageError(f"use at least {_DISTINCT} different characters")
    if name.casefold() in password.casefold():
        raise UsageError("leave your name out of the password")
    if password == old:
        raise UsageError("choose another password than the one before")


def made(password: str) -> str:
    """Hash a password, with its salt and parameters."""
    with _ONE_AT_A_TIME:
        return _HASHER.hash(password)


def holds(kept: str | None, password: str) -> bool:
    """Whether a password is the one that was kept.

    Takes as long when there is none, so that nobody learns whose name exists.
    """
    if len(password) > LONGEST:
        password = ""
    with _ONE_AT_A_TIME:
        try:
            _HASHER.verify(kept or _nobodys(), password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
