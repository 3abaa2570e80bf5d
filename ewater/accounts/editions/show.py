"""Editions as documents: lists, one with its steps, and its figures."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from ewater.accounts.editions import chain, merkle, parts, results
from ewater.accounts.editions.material import iso
from ewater.series.calendars import last_day, local_day
from ewater.store import editions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    Document = dict[str, Any]


def listing(connection: Connection) -> list[Document]:
    """List all editions: name, territory, period, state, seal, newest check.

    ``timezone`` is that of the calendar by which the periods are cut.
    """
    return [
        _row(row) | {"timezone": zone(connection, row["name"])}
        for row in editions.listing(connection)
    ]


def zone(connection: Connection, name: str) -> str:
    """Time zone of the calendar of an edition, as sealed; UTC if that is gone."""
    lines = editions.part(connection, name, parts.PARAMETERS) or ()
    said = dict(line.split(" ", 1) for line in lines if " " in line)
    rows = editions.part(connection, name, f"{parts.REGISTRY}calendars.jsonl") or ()
    zones = {row["code"]: row["timezone"] for row in map(json.loads, rows)}
    return str(zones.get(json.loads(said.get("calendar", '""')), "UTC"))


def day(instant: str, timezone: str, *, last: bool = False) -> dt.date:
    """Local day on which a period begins; ``last``: the last day before it ends."""
    moment = dt.datetime.fromisoformat(instant)
    return (last_day if last else local_day)(moment, timezone)


def document(connection: Connection, name: str) -> Document:
    """Write one edition: parameters, roots, exceptions, steps, newest check.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    row = editions.read(connection, name)
    said = {
        key: json.loads(value)
        for key, _, value in (
            line.partition(" ")
            for line in editions.part(connection, name, parts.PARAMETERS) or ()
        )
    }
    roots = editions.part_roots(connection, name)
    excepted = editions.part(connection, name, parts.EXCEPTIONS) or ()
    return {
        **_row(row),
        "timezone": zone(connection, name),
        "parameters": said,
        "parts": {part: roots[part].hex() for part in sorted(roots)},
        "exceptions": parts.exceptions(excepted),
        "steps": steps(connection, name),
        "check": _check(editions.newest_check(connection, name)),
    }


def steps(connection: Connection, name: str | None = None) -> list[Document]:
    """Write the steps of one edition, or of all, in their order."""
    return [step_of(step) for step in editions.steps(connection, name)]


def figures(
    connection: Connection, name: str, territory: str | None = None
) -> dict[results.Key, results.Figure]:
    """Read the sealed figures, of one territory or of all."""
    editions.read(connection, name)
    lines = editions.part(connection, name, parts.CELLS) or ()
    start = f"{territory},"
    return results.figures(x for x in lines if territory is None or x.startswith(start))


def step_of(step: Mapping[str, Any]) -> Document:
    """Write one step; ``who`` is the name, while the person is known by it."""
    return {
        "seq": step["seq"],
        "at": iso(step["at"]),
        "edition": step["edition"],
        "state": step["state"],
        "who": step.get("who"),
        "note": json.loads(step["note"]),
        **{name: bytes(step[name]).hex() for name in _BYTES},
        "person": str(step["person"]),
        "line": chain.line(step),
    }


_BYTES = ("root", "key", "prev", "hash", "signature")


def _row(row: Mapping[str, Any]) -> Document:
    return {
        "name": row["name"],
        "territory": row["territory"],
        "period_start": iso(row["period_start"]),
        "period_end": iso(row["period_end"]),
        "step": row["step"],
        "as_of": iso(row["as_of"]),
        "state": row["state"],
        "state_since": row["at"] and iso(row["at"]),
        "reason": json.loads(row["note"])["reason"] if row["note"] else "",
        "root": bytes(row["root"]).hex(),
        "seal": seal_of(row),
        "checked_at": row["checked_at"] and iso(row["checked_at"]),
        "intact": row["intact"],
    }


def seal_of(row: Mapping[str, Any]) -> str | None:
    """Seal of an edition in its state: the node over its root and its newest step."""
    if row["hash"] is None:
        return None
    return merkle.node(bytes(row["root"]), bytes(row["hash"])).hex()


def _check(row: Mapping[str, Any] | None) -> Document | None:
    if row is None:
        return None
    return {
        "at": iso(row["at"]),
        "who": row["who"],
        "version": row["version"],
        "intact": row["intact"],
        "found": row["found"],
    }
