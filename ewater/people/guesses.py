"""Lockout after failed sign-ins, in the database: for all workers, through restarts.

A name that nobody has is counted like any other, so the lockout tells nobody which
names exist. An attempt is counted before the password is looked at: attempts made at
once count one by one.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sqlalchemy import text

from ewater.people.tokens import hashed

if TYPE_CHECKING:
    from sqlalchemy import Connection

FREE = {"name": 5, "address": 20}  # attempts before the first lock
_FIRST_LOCK_S, _LONGEST_LOCK_S = 60, 3600
_MOST_DOUBLINGS = 6  # 60 s times 2 to the 6th is beyond the longest lock
_FORGOTTEN_DAYS = 1
_HALF = (2**64 - 1) << 64  # the part of an IPv6 address that names a network

_COUNT = (
    "(CASE WHEN g.last_at < clock_timestamp() - make_interval(days => :forgotten) "
    "THEN 1 ELSE g.failures + 1 END)"
)
_TAKE = text(
    f"""
    INSERT INTO login_guess AS g (subject, failures) VALUES (:subject, 1)
    ON CONFLICT (subject) DO UPDATE SET
        failures = {_COUNT},
        last_at = clock_timestamp(),
        locked_until = CASE WHEN {_COUNT} >= :free THEN
            clock_timestamp() + make_interval(secs => least(:longest,
                :first * power(2, least({_COUNT} - :free, :doublings)))) END
    WHERE g.locked_until IS NULL OR g.locked_until <= clock_timestamp()
    RETURNING failures
    """  # noqa: S608 - constants of this module
)


def household(address: str) -> str:
    """Whom an address stands for: of IPv6 the whole /64, which one host has to itself.

    Examples
    --------
    >>> household("192.0.2.7"), household("2001:db8:1:2:3:4:5:6"), household("unknown")
    ('192.0.2.7', '2001:db8:1:2::/64', 'unknown')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found) & _HALF, 64)))


def take(connection: Connection, kind: str, subject: str) -> bool:
    """Count an attempt; False if none is looked at now. Commit before looking.

    Parameters
    ----------
    kind
        ``name`` or ``address``.
    """
    taken = connection.execute(
        _TAKE,
        {
            "subject": hashed(f"{kind}:{subject}"),
            "free": FREE[kind],
            "first": _FIRST_LOCK_S,
            "longest": _LONGEST_LOCK_S,
            "doublings": _MOST_DOUBLINGS,
            "forgotten": _FORGOTTEN_DAYS,
        },
    )
    return taken.one_or_none() is not None


def forgive(connection: Connection, kind: str, subject: str) -> bool:
    """Forget the attempts after a success, or because somebody says so."""
    done = connection.execute(
        text("DELETE FROM login_guess WHERE subject = :subject"),
        {"subject": hashed(f"{kind}:{subject}")},
    )
    return done.rowcount > 0


def give_back(connection: Connection, kind: str, subject: str) -> None:
    """Take one attempt back: a success from an address that others share."""
    connection.execute(
        text(
            "UPDATE login_guess SET failures = greatest(failures - 1, 0), "
            "locked_until = NULL WHERE subject = :subject"
        ),
        {"subject": hashed(f"{kind}:{subject}")},
    )
