"""Drafts that are saved while they are typed, by one person or by several at once."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.reports import known, merge, receipts, stored, who, workbook, workflow
from ewater.reports.cells import is_blank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from ewater.reports.form import Form
    from ewater.reports.stored import Head
    from ewater.reports.who import Person
    from ewater.reports.workflow import Saved

    Content = Mapping[str, Sequence[Mapping[str, Any]]]

_OF_OTHERS = text(
    "SELECT EXISTS (SELECT FROM return_draft WHERE return_id = :id AND NOT aside "
    "AND edits > :edits AND actor <> :who)"
)
_ASIDES = text(
    "SELECT d.id, d.edits, d.content, d.at, d.actor, p.name AS who "
    "FROM return_draft AS d LEFT JOIN person AS p ON p.id = d.actor "
    "WHERE d.return_id = :id AND d.aside ORDER BY d.id DESC LIMIT 20"
)
_AUTHOR = text(
    "SELECT p.name FROM return_draft AS d LEFT JOIN person AS p ON p.id = d.actor "
    "WHERE d.return_id = :id AND NOT d.aside ORDER BY d.edits DESC, d.id DESC LIMIT 1"
)


def keep(
    connection: Connection,
    person: Person,
    place: tuple[str, str, str],
    content: Content,
    *,
    edits: int,
    mine: bool = False,
) -> tuple[Head, Saved]:
    """Save what a person types, and begin the return where there is none.

    Parameters
    ----------
    place
        Enterprise, form and period.
    edits
        The number of saves that it is based on. Where all that came since is of the
        same person (answers overtake each other while somebody types), what was typed
        last stands; what others typed meanwhile is merged, or kept as a conflict.
    mine
        Whether what this person typed stands where others changed the same cells; they
        have seen both. What the others typed stays among the drafts.

    Returns
    -------
    head, saved
        The return as it is now.

    Raises
    ------
    ForbiddenError, UsageError
        As of `ewater.reports.workflow.begin` and `ewater.reports.workflow.save`.
    """
    enterprise, form, period = place
    made = workflow.begin(connection, person, enterprise, period, form)
    head = stored.head(connection, made.id, lock=True)
    asked = {"id": head.id, "edits": edits, "who": person.id}
    given = compact(content)
    if edits < head.edits and (mine or not connection.scalar(_OF_OTHERS, asked)):
        base = stored.draft_at(connection, head.id, edits)
        standing = stored.draft(connection, head.id)
        given = merge.with_mine(
            base["content"] if base else {},
            standing["content"] if standing else {},
            given,
        )
        edits = head.edits
    saved = workflow.save(connection, person, head.id, given, edits=edits)
    return stored.head(connection, head.id), saved


def compact(content: Content) -> dict[str, list[dict[str, Any]]]:
    """Leave out cells, lines and sections in which nothing was given."""
    found: dict[str, list[dict[str, Any]]] = {}
    for section, given in content.items():
        lines = [
            {key: value for key, value in line.items() if not is_blank(value)}
            for line in given
        ]
        if kept := [line for line in lines if line]:
            found[section] = kept
    return found


def author(connection: Connection, number: int) -> str | None:
    """Name who saved the draft last; None: nobody, or somebody who was forgotten."""
    found: str | None = connection.scalar(_AUTHOR, {"id": number})
    return found


def asides(connection: Connection, number: int) -> list[dict[str, Any]]:
    """Drafts that were set aside because others had changed the same cells."""
    rows = connection.execute(_ASIDES, {"id": number}).mappings()
    return [dict(row) for row in rows]


def before(
    form: Form, section: str, line: Mapping[str, Any], previous: Content | None
) -> Mapping[str, Any]:
    """Line of the year before that is of the same permit, source and other side.

    Where no line is the same in all of those, it is the one that agrees in most of
    them, and at least in one; nothing if there is none.
    """
    lines = list((previous or {}).get(section, ()))
    keys = form.section(section).line_key
    if not keys:
        return lines[0] if lines else {}
    alike = [
        sum(not is_blank(line.get(k)) and line.get(k) == other.get(k) for k in keys)
        for other in lines
    ]
    best = max(alike, default=0)
    return lines[alike.index(best)] if best else {}


def opening(
    form: Form, permits: Sequence[Mapping[str, Any]], zone: str
) -> dict[str, list[dict[str, Any]]]:
    """First lines of a return that was not begun: one for each permit of the period.

    Parameters
    ----------
    permits
        Of `ewater.reports.beside.permits`.
    """
    section = form.section_of(form.roles.get("permit", ""))
    held = [row for row in permits if row["allowed"]]
    lines = workbook.permit_lines(form, held, zone)
    return compact({section: lines}) if section else {}


def filled(
    form: Form, permits: Sequence[Mapping[str, Any]], content: Content, zone: str
) -> dict[str, list[dict[str, Any]]]:
    """Write what the system fills in: what the register says of the permit of a line.

    Parameters
    ----------
    permits
        As of the register: ``code``, ``source_kind``, ``limit_m3``, ``per``, validity.
    """
    key = form.roles.get("permit", "")
    own = {column.key for _, column in form.columns() if column.filled}
    lines = workbook.permit_lines(form, permits, zone)
    known = {line[key]: line for line in lines if key in line}
    found = {}
    for section, given in content.items():
        found[section] = [
            {k: v for k, v in line.items() if k not in own}
            | {k: v for k, v in known.get(line.get(key), {}).items() if k in own}
            for line in given
        ]
    return found


def receipt(
    connection: Connection, person: Person, number: int, version: int
) -> dict[str, Any] | None:
    """Receipt of a submitted version, made again from what is kept; None: no such one.

    Returns
    -------
    dict
        Of `ewater.reports.receipts.receipt`, with ``intact``: whether content, hash
        and seal still agree; ``way``, ``late``, ``by``, ``zone``.

    Raises
    ------
    ForbiddenError
        The enterprise is outside the scope.
    UsageError
        There is no such return.
    """
    head = stored.head(connection, number)
    who.allow(connection, person, who.READ, head.enterprise)
    kept = {one["number"]: one for one in stored.versions(connection, number)}
    if version not in kept:
        return None
    one, earlier = kept[version], kept.get(version - 1)
    made = receipts.receipt(
        head.enterprise, head.form, head.period, version, one["sha256"],
        one["submitted_at"].astimezone(UTC), earlier["receipt"] if earlier else None,
    )  # fmt: skip
    form = known.form_of(connection, head.form, one["form_version"])
    sealed = receipts.sealed(
        head.enterprise, form.form, form.version, head.period, form.unit, one["content"]
    )
    intact = (
        receipts.sha256(sealed) == one["sha256"]
        and bytes.fromhex(made["seal"]) == one["receipt"]
    )
    return {
        **made,
        "submitted_at": one["submitted_at"],
        "intact": intact,
        "way": one["way"],
        "late": one["late"],
        "by": one["submitted_name"],
        "zone": known.zone_of(connection),
    }
