"""Editions in words, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.accounts.editions import results, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ewater.accounts.editions.results import Figure, Key

    Document = Mapping[str, Any]

CELL_COLUMNS = ("territory", *results.COLUMNS)
_SHOWN = 12  # cells in a line
_MOVED = 60
_CAUSES = 10


def cell_rows(figures: Mapping[Key, Figure]) -> list[dict[str, Any]]:
    """Sealed figures as rows."""
    names = ("territory", "period", "cell")
    return [
        dict(zip(names, key, strict=True))
        | one.shown()
        | {"missing": " ".join(one.missing)}
        for key, one in figures.items()
    ]


def edition(document: Document) -> str:
    """Tell one edition."""
    return "\n".join(_edition(document))


def verification(document: Document) -> str:
    """Tell what verifying found."""
    return "\n".join(_verification(document))


def _edition(document: Document) -> Iterator[str]:
    said = document["parameters"]
    yield f"{document['name']}: {document['state']}"
    if document["state"] == "withdrawn":
        yield f"WITHDRAWN {document['state_since']}: {document['reason']}"
    yield (
        f"{document['territory']}, {_days(document)}, by {document['step']}, calendar "
        f"{said.get('calendar')}, boundary {said.get('boundary')}"
    )
    yield f"as of {document['as_of']}"
    yield f"root {document['root']}"
    yield f"seal {document['seal']}"
    for one in document["exceptions"]:
        yield f"except {one['name']}: {one['why']}"
    for step in document["steps"]:
        who = step["who"] or step["person"]
        reason = step["note"]["reason"]
        own = ", ".join(step["note"]["exceptions"]) if step["state"] != "draft" else ""
        told = "".join(
            f"; {text}" for text in (reason, own and f"except {own}") if text
        )
        yield f"{step['seq']:>4}  {step['at']}  {step['state']:9}  {who}{told}"
    check = document["check"]
    if check is None:
        yield "not verified yet"
    else:
        found = "intact" if check["intact"] else "NOT as it was sealed"
        yield f"verified {check['at']} by {check['who']}: {found}"


def _days(document: Document) -> str:
    """First and last day of an edition."""
    zone = document["timezone"]
    first = show.day(document["period_start"], zone)
    last = show.day(document["period_end"], zone, last=True)
    return f"{first} to {last}"


def _verification(document: Document) -> Iterator[str]:
    checked = document["checked"]
    if document["intact"]:
        yield (
            f"{document['edition']}: intact; {checked['cells']:,} cells computed again "
            f"from {checked['readings']:,} readings, {checked['parts']} parts"
        )
    else:
        yield f"{document['edition']}: NOT as it was sealed"
    yield f"root {document['root']}"
    for one in document["differences"]:
        yield f"- {one['kind']} {one['item']}: {one['what']}"
        if one["cells"]:
            yield f"  touches {_listed(one['cells'])}"
    moved = document["moved"]
    if moved:
        yield f"{len(moved)} cells differ:"
    for one in moved[:_MOVED]:
        was, now = (_value(one[name]) for name in ("sealed", "now"))
        at = f"{one['territory']} {one['period']} {one['cell']}"
        yield f"  {at}: {was}, now {now}"
    if len(moved) > _MOVED:
        yield f"  and {len(moved) - _MOVED} more; --format json has all"
    for note in document["notes"]:
        yield f"note: {note}"


def difference(
    document: Document, zone: str, *, territory: str | None, cell: str, top: int
) -> str:
    """Tell what changed: causes by group, then the cells that moved most.

    ``zone`` is the time zone in which periods begin.
    """
    return "\n".join(_difference(document, zone, territory, cell, top))


def chosen(
    document: Document, territory: str | None, cell: str
) -> list[dict[str, Any]]:
    """Pick cells of a territory, whose names begin so, by how far they moved."""
    found = [
        one
        for one in document["cells"]
        if territory in (None, one["territory"]) and one["cell"].startswith(cell)
    ]
    return sorted(found, key=lambda one: -abs(one["change"] or 0.0))


def _difference(
    document: Document, zone: str, territory: str | None, cell: str, top: int
) -> Iterator[str]:
    yield f"from {document['a']} to {document['b']}, replaced in this order:"
    for group in document["groups"]:
        causes = document["causes"][group]
        yield f"  {group}: {len(causes) or 'nothing'}" + (" changed" if causes else "")
        for one in causes[:_CAUSES]:
            yield f"    {one['item']}: {one['what']}"
        if len(causes) > _CAUSES:
            yield f"    and {len(causes) - _CAUSES} more"
    cells = chosen(document, territory, cell)
    yield f"{len(cells)} cells moved"
    for one in cells[: top or None]:
        yield (
            f"{one['territory']} {show.day(one['period'], zone)} {one['cell']}: "
            f"{_known(one['a'])} to {_known(one['b'])} {one['unit']}"
        )
        for group, part in (one["parts"] or {}).items():
            if part:
                yield f"    {part:+,.15g}  {group}"
        if one["parts"] is None:
            yield "    it was unknown in between"
    if top and len(cells) > top:
        yield f"and {len(cells) - top} more; --top 0 lists all"


def _known(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.15g}"


def _value(figure: Document | None) -> str:
    if figure is None:
        return "none"
    value = figure["value"]
    return f"unknown (known {figure['known']})" if value is None else f"{value:,.15g}"


def _listed(cells: Iterable[Iterable[str]]) -> str:
    texts = [" ".join(cell) for cell in cells]
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return f"{len(texts)} cells: " + ", ".join(texts[:_SHOWN]) + more
