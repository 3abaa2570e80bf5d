"""Sides beside each other, and how far they are from the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import totals
from ewater.dashboard.exhibits import Cell, Column, Exhibit, Sheet, reasons
from ewater.dashboard.exhibits.sheet import Facts
from ewater.dashboard.figures import compare as figures
from ewater.dashboard.figures.compare import HEIGHT, Difference, Series
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.compare import choosing, kinds, lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.pages.compare.kinds import Kind, Side
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_MAIN = tuple(f"balance.{name}" for name in lines.MAIN)


def compared(
    reader: CachedReader, state: State, lang: Language
) -> tuple[Kind, list[Side]]:
    """Give the kind that is chosen, and its sides."""
    kind = kinds.KINDS[state.pick("what", kinds.KINDS)]
    values = kinds.chosen(reader, state, lang)
    return kind, kind.sides(reader, state, lang, values)


def difference(
    kind: Kind, first: Quantity | None, other: Quantity | None
) -> tuple[float | None, float | None]:
    """Give the difference on the first and its U, m3; None where it is unknown.

    The U is None too where the kind does not judge differences.
    """
    if first is None or other is None:
        return None, None
    if first["value"] is None or other["value"] is None:
        return None, None
    value = other["value"] - first["value"]
    if abs(value) < kind.least:
        value = 0.0
    if kind.spread is None or first["u"] is None or other["u"] is None:
        return value, None
    return value, fmt.EXPANSION * kind.spread(first["u"], other["u"])


def _said(cell: str, sides: Sequence[Side]) -> bool:
    """Whether any side has water in a line."""
    told = [side.lines.get(cell) for side in sides]
    return any(q and (q["known"] or q["missing"]) for q in told)


def sides_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Lines of the account for each side."""
    say = lang.gettext
    kind, sides = compared(reader, state, lang)
    title = say("Side by side")
    if len(sides) < 2:
        return Sheet(title, (), (), empty=say(kind.why))
    rows = [
        {
            "line": words,
            **{f"side{n}": _shown(cell, side) for n, side in enumerate(sides)},
            "cell": _cell(cell, sides),
            "total": cell in _MAIN,
            "code": cell,
        }
        for cell, words in lines.named(lang).items()
        if cell in _MAIN or _said(cell, sides)
    ]
    columns = [Column("line", say("Line"))]
    for n, side in enumerate(sides):
        columns.append(Column(f"side{n}", side.name, kind="quantity"))
        columns.append(
            Column(
                f"side{n}", f"{side.name}: {say('Status')}", kind="known", where="file"
            )
        )
    return Sheet(title, columns, rows, notes=[say(kind.note)], data=sides)


def _shown(cell: str, side: Side) -> Quantity | None:
    """Take a line of a side; what is known of one with a sign bounds nothing."""
    quantity = side.lines.get(cell)
    if quantity is None or cell not in lines.SIGNED or quantity["value"] is not None:
        return quantity
    return {**quantity, "known": None}


def _cell(cell: str, sides: Sequence[Side]) -> Cell | None:
    """Cell of the newest side that Explain can take apart."""
    for side in reversed(sides):
        if side.explained:
            return Cell(cell, start=side.start, end=side.end)
    return None


def sides_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the main lines of all sides."""
    named = lines.named(lang)
    cells = [cell for cell in _MAIN if _said(cell, shown.data)]
    series = [
        Series(
            name=side.name,
            quantities=[side.lines.get(cell) for cell in cells],
            signed=[cell in lines.SIGNED for cell in cells],
        )
        for side in shown.data
    ]
    names = [named[cell] for cell in cells]
    return figures.sides(names, series, theme=state.theme, lang=lang)


def differences_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Differences on the first side, with U and what that says."""
    say = lang.gettext
    kind, sides = compared(reader, state, lang)
    title = say("Differences")
    if len(sides) < 2:
        return Sheet(title, (), (), empty=say(kind.why))
    first, *others = sides
    rows = []
    for cell, words in lines.named(lang).items():
        if not (cell in _MAIN or _said(cell, sides)):
            continue
        row: dict[str, Any] = {
            "line": words,
            "total": cell in _MAIN,
            "code": cell,
            "cell": _cell(cell, sides),
        }
        base = first.lines.get(cell)
        for n, side in enumerate(others):
            value, half = difference(kind, base, side.lines.get(cell))
            row[f"change{n}"], row[f"half{n}"] = value, half
            row[f"share{n}"] = _share(value, base)
            row[f"says{n}"] = _says(value, half, lang)
        rows.append(row)
    whole = totals.add(q for side in sides for q in _unsigned(side))
    columns = [Column("line", say("Line"))]
    for n, side in enumerate(others):
        columns += [
            Column(f"change{n}", side.name, kind="volume"),
            Column(f"half{n}", fmt.UNCERTAINTY, kind="volume"),
            Column(f"share{n}", say("Change"), kind="change"),
            Column(f"says{n}", say("Larger than its U?")),
        ]
    return Sheet(
        title,
        columns,
        rows,
        notes=[say("Differences on {name}.").format(name=first.name), say(kind.note)],
        facts=Facts(
            unit=fmt.UNIT,
            uncertainty=fmt.UNCERTAINTY if kind.spread else "",
            coverage=whole["coverage"],
            statuses=whole["status_shares"],
        ),
        data=[side.name for side in others],
    )


def _unsigned(side: Side) -> list[Quantity]:
    """Take the main lines of a side that tell how far all of it is known."""
    told = [side.lines.get(cell) for cell in _MAIN if cell not in lines.SIGNED]
    return [quantity for quantity in told if quantity]


def _share(value: float | None, base: Quantity | None) -> float | None:
    """Give a difference as a share of what it is on, if that can be told from zero."""
    if value is None or base is None or base["value"] is None:
        return None
    if abs(base["value"]) <= fmt.EXPANSION * (base["u"] or 0.0):
        return None
    return value / abs(base["value"])


def _says(value: float | None, half: float | None, lang: Language) -> str | None:
    if value is None or half is None:
        return None
    if abs(value) > half:
        return lang.gettext("yes: a change")
    return lang.gettext("no: within U")


def differences_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the differences of the main lines."""
    rows = [
        row
        for row in shown.rows
        if row["total"]
        and any(row[f"change{n}"] is not None for n in range(len(shown.data)))
    ]
    series = [
        Difference(
            name=name,
            values=[row[f"change{n}"] for row in rows],
            half=[row[f"half{n}"] for row in rows],
        )
        for n, name in enumerate(shown.data)
    ]
    names = [row["line"] for row in rows]
    return figures.differences(names, series, theme=state.theme, lang=lang)


SIDES = Exhibit(
    "sides",
    mark("Side by side"),
    mark("Lines of the account with U; a paler bar is only what is known."),
    "sides",
    sides_sheet,
    sides_chart,
    HEIGHT,
    controls=choosing.controls,
)
DIFFERENCES = Exhibit(
    "differences",
    mark("Differences"),
    mark("On the first; filled where the difference is larger than its U."),
    "differences",
    differences_sheet,
    differences_chart,
    HEIGHT,
    without=reasons.UNJUDGED,
)
