"""What a person may see of returns: lists, and one with all that belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.reports import known, periods, stored, who
from ewater.reports.workflow import OPEN

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ewater.reports.stored import Head
    from ewater.reports.who import Person


def listed(
    connection: Connection, person: Person, **which: Any
) -> list[dict[str, Any]]:
    """List returns that a person may see; see `ewater.reports.stored.listed`."""
    return stored.listed(connection, person.scope(connection), **which)


def show(
    connection: Connection, person: Person, number: int, version: int | None = None
) -> dict[str, Any]:
    """Everything of a return that a person may see.

    Returns
    -------
    dict
        The head (`ewater.reports.stored.Head`), ``content`` (the draft where it is
        open, else the version), ``versions`` with receipts and decisions, ``remarks``,
        ``findings`` of the version, ``previous`` (the content approved for the period
        a year before, or None), ``permits`` of the enterprise.
    """
    head = stored.head(connection, number)
    who.allow(connection, person, who.READ, head.enterprise)
    kept = stored.versions(connection, number)
    draft = stored.draft(connection, number) if head.state in OPEN else None
    wanted = next((v for v in kept if v["number"] == (version or head.versions)), None)
    facts = known.read(
        connection, known.form_of(connection, head.form), [head.enterprise]
    )
    content = draft if draft is not None and version is None else wanted
    return {
        **{name: getattr(head, name) for name in stored.Head.__slots__},
        "content": content["content"] if content else {},
        "saved": None if draft is None else {"at": draft["at"], "by": draft["actor"]},
        "versions": [
            {key: value for key, value in v.items() if key != "content"} for v in kept
        ],
        "remarks": stored.remarks(connection, number),
        "findings": stored.findings(connection, wanted["id"]) if wanted else [],
        "previous": previous(connection, head),
        "permits": facts.permits.to_dict("records"),
    }


def previous(connection: Connection, head: Head) -> dict[str, Any] | None:
    """Content approved for the same period a year before; None if there is none."""
    when = periods.read(head.period)
    before = str(periods.Period(when.year - 1, when.quarter))
    found = stored.find(connection, head.enterprise, head.form, before)
    if found is None or found.approved is None:
        return None
    content: dict[str, Any] = stored.version(connection, found.id, found.approved)[
        "content"
    ]
    return content
