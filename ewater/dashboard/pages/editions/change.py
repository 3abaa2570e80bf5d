"""What changed from one edition to another, and why: a waterfall in a fixed order."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard.components import choice, options, select
from ewater.dashboard.exhibits import Column, Exhibit, Link, Sheet, reasons
from ewater.dashboard.figures.bridge import bridge, height_of
from ewater.dashboard.format import UNIT
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.editions.how import how
from ewater.dashboard.pages.editions.lists import address
from ewater.dashboard.pages.editions.sealed import KEY
from ewater.dashboard.questions import editions as questions
from ewater.errors import NotReadyError
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "late data": mark("Late data"),
        "corrections": mark("Corrections"),
        "curves": mark("New curves"),
        "returns": mark("Returns of enterprises"),
        "registry": mark("Rest of the registry"),
        "program": mark("Rules and program"),
    }
)
_NONE = mark("No two editions were compared yet; `ewater edition diff A B` does it.")
_FIGURE = mark("Which figure")


def pair(reader: CachedReader, state: State, lang: Language) -> tuple[str, str]:
    """Editions that are compared: those of the address, else the newest comparison.

    Raises
    ------
    NotReadyError
        None were.
    """
    pairs = reader.ask(questions.differences)
    wanted = (state.get("before"), state.get("after"))
    if wanted in pairs:
        return wanted
    if not pairs:
        raise NotReadyError(_NONE)
    first, last = pairs[-1]
    return first, last


def pairs_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Comparisons that were made; a link shows one."""
    say = lang.gettext
    pairs = reader.ask(questions.differences)
    shown = pair(reader, state, lang) if pairs else None
    rows = [
        {
            "pair": Link(f"{a} → {b}", address(state, before=a, after=b)),
            "mark": "chosen" if (a, b) == shown else "",
        }
        for a, b in reversed(pairs)
    ]
    columns = (Column("pair", say("From one edition to another")),)
    return Sheet(say("Comparisons"), columns, rows, empty=say(_NONE))


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Split the change of one figure."""
    say = lang.gettext
    a, b = pair(reader, state, lang)
    cell = state.pick("of", KEY)
    document = reader.ask(questions.difference, a, b, state.territory)
    found = [one for one in document["cells"] if one["cell"] == cell]
    title = f"{say(KEY[cell])}: {a} → {b}"
    columns = (
        Column("line", say("Cause")),
        Column("value", say("Change"), UNIT, "number"),
    )
    if not found:
        why = say("This figure did not change in this territory.")
        return Sheet(title, columns, [], calm=why)
    if any(one["parts"] is None for one in found):
        why = say("It was unknown in one of them, or in between.")
        return Sheet(title, columns, [], empty=why)
    split = {group: sum(c["parts"][group] for c in found) for group in GROUPS}
    first, last = (sum(one[end] for one in found) for end in ("a", "b"))
    rows = [
        *(_row(say(GROUPS[group]), part, end=False) for group, part in split.items()),
        _row(say("Whole change"), last - first, end=True),
    ]
    ends = say("From {first} hm³ in {a} to {last} hm³ in {b}.")
    values = {
        name: lang.number(one / HM3, 3)
        for name, one in (("first", first), ("last", last))
    }
    notes = [
        ends.format(a=a, b=b, **values),
        say(
            "The inputs of the first are replaced by those of the second in this "
            "order, and everything is computed again each time: the parts add up to "
            "the whole, and another order would split it otherwise."
        ),
        say("Of a figure that lacks something, its known part is compared."),
    ]
    return Sheet(title, columns, rows, notes=notes)


def causes_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List what of the inputs differs, group by group."""
    say = lang.gettext
    a, b = pair(reader, state, lang)
    causes = reader.ask(questions.difference, a, b, state.territory)["causes"]
    title = say("What differs between the inputs")
    if causes is None:
        why = say("It names series and returns that you may not see.")
        return Sheet(title, (), [], empty=why)
    rows = [
        {
            "group": say(GROUPS[group]),
            "item": one["item"],
            "what": how(one["what"], lang),
        }
        for group in GROUPS
        for one in causes[group]
    ]
    columns = (
        Column("group", say("Cause")),
        Column("item", say("What")),
        Column("what", say("How it differs")),
    )
    return Sheet(title, columns, rows, calm=say("Nothing differs."))


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any] | None:
    """Draw the waterfall."""
    if not shown.rows:
        return None
    return bridge(shown.rows, UNIT, theme=state.theme, lang=lang)


def controls(state: State, lang: Language) -> list[Any]:
    """Choose the figure."""
    return [
        select(
            choice("of"),
            value=state.pick("of", KEY),
            data=options(KEY, lang),
            **attributes(aria_label=lang.gettext(_FIGURE)),
        )
    ]


def _row(line: str, volume: float, *, end: bool) -> dict[str, Any]:
    return {
        "line": line,
        "value": volume / HM3,
        "expanded": None,
        "end": end,
        "total": end,
    }


PAIRS = Exhibit(
    "pairs",
    mark("Comparisons"),
    mark("A link shows one."),
    "pairs",
    pairs_sheet,
    without=reasons.RECORDS,
)
CHANGE = Exhibit(
    "change",
    mark("What changed, and why"),
    mark("Late data first, the program last."),
    "change",
    sheet,
    chart,
    height=height_of(len(GROUPS) + 1),
    controls=controls,
    without=reasons.EDITIONS,
    unexplained=reasons.SEALED,
)
CAUSES = Exhibit(
    "causes",
    mark("What differs between the inputs"),
    mark("Readings, curves, returns and rows of the registry."),
    "causes",
    causes_sheet,
    without=reasons.RECORDS,
)
