"""The log of steps: each signed, each with the hash of the one before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from ewater.accounts.editions import keys
from ewater.accounts.editions.material import iso
from ewater.accounts.editions.merkle import canonical
from ewater.errors import ForbiddenError
from ewater.store import editions, landing, recording
from ewater.store.tables.editions import EditionLog

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from sqlalchemy import Connection

    from ewater.accounts.editions.keys import Signer

    Step = Mapping[str, Any]

NOTHING = bytes(32)
STATES = ("draft", "reviewed", "approved", "published", "withdrawn")
#: What each state may become.
NEXT = {
    "draft": ("reviewed", "withdrawn"),
    "reviewed": ("approved", "withdrawn"),
    "approved": ("published", "withdrawn"),
    "published": ("withdrawn",),
    "withdrawn": (),
}


@dataclass(frozen=True, slots=True)
class Broken:
    """A step that is not what was signed, and why."""

    seq: int
    edition: str
    why: str


def line(step: Step) -> str:
    """Write a step as the one line of which its hash is the SHA-256.

    Canonical JSON of seq, at, edition, state, root, person, key, note and prev; bytes
    as hexadecimal digits.
    """
    return canonical(
        {
            "seq": step["seq"],
            "at": iso(step["at"]),
            "edition": step["edition"],
            "state": step["state"],
            "root": bytes(step["root"]).hex(),
            "person": str(step["person"]),
            "key": bytes(step["key"]).hex(),
            "note": step["note"],
            "prev": bytes(step["prev"]).hex(),
        }
    )


def append(
    connection: Connection,
    edition: str,
    state: str,
    root: bytes,
    signer: Signer,
    note: Mapping[str, Any],
) -> dict[str, Any]:
    """Take a step, signed, behind all others; one transaction at a time.

    Raises
    ------
    ForbiddenError
        The key was another person's first.
    """
    editions.alone(connection)
    person = landing.person(connection, signer.name)
    before = editions.steps(connection)
    at = recording.moment(connection)
    owner = editions.own_key(connection, signer.public, person, at)
    if owner != person:
        raise ForbiddenError(f"the key of {signer.name} is that of another person")
    step: dict[str, Any] = {
        "seq": before[-1]["seq"] + 1 if before else 1,
        "at": at,
        "edition": edition,
        "state": state,
        "root": root,
        "person": person,
        "key": signer.public,
        "note": canonical(dict(note)),
        "prev": bytes(before[-1]["hash"]) if before else NOTHING,
    }
    step["hash"] = hashlib.sha256(line(step).encode()).digest()
    step["signature"] = signer.sign(step["hash"])
    connection.execute(insert(EditionLog).values(**step))
    return step


def broken(steps: Iterable[Step], owners: Mapping[bytes, UUID]) -> list[Broken]:
    """Find the steps that are not as they were signed, or not in their place.

    Parameters
    ----------
    steps
        The whole log in its order.
    owners
        Person of each key.
    """
    found = []
    prev, seq, states = NOTHING, 0, dict[str, str]()
    for step in steps:
        name = step["edition"]
        faults = _faults(step, seq, prev, owners)
        before = states.get(name)
        if step["state"] not in (("draft",) if before is None else NEXT[before]):
            faults.append(f"{step['state']} cannot follow {before or 'nothing'}")
        found += [Broken(step["seq"], name, why) for why in faults]
        prev, seq = bytes(step["hash"]), step["seq"]
        states[name] = step["state"]
    return found


def _faults(
    step: Step, seq: int, prev: bytes, owners: Mapping[bytes, UUID]
) -> list[str]:
    faults = []
    digest, key = bytes(step["hash"]), bytes(step["key"])
    if step["seq"] != seq + 1:
        faults.append(f"step {seq + 1} is gone: {step['seq']} follows {seq}")
    elif bytes(step["prev"]) != prev:
        faults.append(f"it does not follow step {seq} as that stands now")
    if hashlib.sha256(line(step).encode()).digest() != digest:
        faults.append("its line was altered: the hash is of another one")
    if not keys.genuine(key, bytes(step["signature"]), digest):
        faults.append("its signature is not of its key")
    if owners.get(key) != step["person"]:
        faults.append("its key is not of the person it names")
    return faults
