"""Keys of programs: shown once, kept as a hash, taken back at will.

A key may write some series, or send the returns of some enterprises.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.errors import UsageError
from ewater.store import audit, landing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_FORM = re.compile(r"ewk_([0-9a-f]{12})_[\w-]{43}", re.ASCII)
_PATTERN = re.compile(r"[A-Za-z0-9_.:*?-]+")
_TRUSTED_S = 60.0  # how long a key that was read is not read again


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept."""

    id: str
    sha256: bytes


def add(
    connection: Connection,
    name: str,
    patterns: Sequence[str],
    *,
    who: str,
    per_minute: int | None = None,
    enterprises: Sequence[str] = (),
) -> str:
    """Give a key; this is the only time it can be read.

    Parameters
    ----------
    patterns
        Codes of series, in which ``*`` and ``?`` stand for anything and any one.
    per_minute
        Posts that it may send in a minute; None for any number.

    Raises
    ------
    UsageError
        The name is taken, or a pattern can match no code.
    """
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise UsageError(
                f"{pattern!r} matches no series; write letters, digits, _.:- and * or ?"
            )
    if not patterns and not enterprises:
        raise UsageError(
            "name the series it may write; '*' is all of them; or the enterprises "
            "whose returns it may send"
        )
    _check_enterprises(connection, enterprises)
    number, person = secrets.token_hex(6), landing.person(connection, who)
    key = f"ewk_{number}_{secrets.token_urlsafe(32)}"
    made = connection.execute(
        text(
            "INSERT INTO push_key (id, name, sha256, patterns, enterprises, "
            "per_minute, actor) VALUES (:id, :name, :sha256, :patterns, :enterprises, "
            ":per_minute, :actor) "
            "ON CONFLICT (name) DO NOTHING"
        ),
        {
            "id": number,
            "name": name,
            "sha256": _hash(key),
            "patterns": list(patterns),
            "enterprises": list(enterprises),
            "per_minute": per_minute,
            "actor": person,
        },
    )
    if not made.rowcount:
        raise UsageError(f"there is a key named {name!r}; choose another name")
    given: dict[str, Any] = {"series": list(patterns), "per_minute": per_minute}
    if enterprises:
        given["enterprises"] = list(enterprises)
    audit.record(connection, "key.add", f"key:{number}", who=person, after=given)
    return key


def revoke(connection: Connection, name: str, *, who: str) -> bool:
    """Take a key back; False if it was already.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    done = connection.execute(
        text(
            "UPDATE push_key SET revoked_at = clock_timestamp() "
            "WHERE name = :name AND revoked_at IS NULL RETURNING id"
        ),
        {"name": name},
    ).scalar_one_or_none()
    if done is not None:
        audit.record(
            connection,
            "key.revoke",
            f"key:{done}",
            who=landing.person(connection, who),
            before={"revoked": False},
            after={"revoked": True},
        )
        return True
    known = {row["name"] for row in read(connection)}
    if name not in known:
        raise UsageError(f"no key is named {name!r}; see `ewater key list`")
    return False


def read(connection: Connection) -> list[dict[str, Any]]:
    """All keys, without what would let anyone use them."""
    rows = connection.execute(
        text(
            "SELECT name, id, array_to_string(patterns, ' ') AS series, "
            "array_to_string(enterprises, ' ') AS enterprises, per_minute, "
            "created_at, last_used, revoked_at FROM push_key ORDER BY name"
        )
    )
    return [dict(row) for row in rows.mappings()]


def patterns(connection: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    """Series that some keys may write."""
    rows = connection.execute(
        text("SELECT id, patterns FROM push_key WHERE id = ANY(:ids)"),
        {"ids": list(ids)},
    )
    return {row.id: row.patterns for row in rows}


def enterprises(connection: Connection, key: Key) -> tuple[str, tuple[str, ...]]:
    """Name of a key, and the enterprises whose returns it may send."""
    row = connection.execute(
        text("SELECT name, enterprises FROM push_key WHERE id = :id"), {"id": key.id}
    ).one()
    return row.name, tuple(row.enterprises)


def _check_enterprises(connection: Connection, codes: Sequence[str]) -> None:
    known = set(
        connection.scalars(
            text("SELECT code FROM enterprises WHERE recorded_to IS NULL")
        )
    )
    if unknown := sorted(set(codes) - known):
        raise UsageError(f"no enterprise has the code {', '.join(unknown)}")


def may_write(patterns: Sequence[str], code: str) -> bool:
    """Whether a key of these patterns may write a series.

    Examples
    --------
    >>> may_write(["KUR-*", "X"], "KUR-1.Q"), may_write(["KUR-*"], "ARAZ-1.Q")
    (True, False)
    """
    return any(fnmatchcase(code, pattern) for pattern in patterns)


class Keyring:
    """Tells whose key a request carries; reads each key once a minute.

    A key that was taken back in the meantime is refused when the post is kept.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Key]] = {}

    def find(self, connection: Connection, given: str) -> Key | None:
        """Find the key that was given; None if it is none that holds."""
        form = _FORM.fullmatch(given)
        if form is None:
            return None
        key = self._read(connection, form[1])
        if key is None or not hmac.compare_digest(key.sha256, _hash(given)):
            return None
        return key

    def _read(self, connection: Connection, number: str) -> Key | None:
        at, key = self._known.get(number, (float("-inf"), None))
        if key is not None and time.monotonic() - at < _TRUSTED_S:
            return key
        key = _read(connection, number)
        if key is None:
            self._known.pop(number, None)
        else:
            self._known[number] = time.monotonic(), key
        return key


def _read(connection: Connection, number: str) -> Key | None:
    row = connection.execute(
        text("SELECT id, sha256 FROM push_key WHERE id = :id AND revoked_at IS NULL"),
        {"id": number},
    ).one_or_none()
    return None if row is None else Key(row.id, row.sha256)


def hold(connection: Connection, key: Key) -> bool:
    """Whether a key was not taken back."""
    return _read(connection, key.id) is not None


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
