"""A sheet as values for files: plain numbers in the unit shown, and what they mean."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater import __version__
from ewater.dashboard import format as fmt
from ewater.dashboard import overtaken, view
from ewater.dashboard.exhibits import facts as facts_of
from ewater.dashboard.exhibits.sheet import OF_QUANTITIES, Column, Sheet
from ewater.dashboard.exhibits.table import is_unknown
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARIES, BOUNDARY_MEANINGS, STATUSES, VERSIONS
from ewater.errors import EWaterError, ForbiddenError
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ewater.dashboard.answers import Balance
    from ewater.dashboard.exhibits.sheet import Facts
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_DIGITS = 12  # significant ones: what lies beyond them is the noise of a division
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
#: Parts of a quantity, each a column of its own.
_PARTS = (
    ("value", "", fmt.UNIT),
    ("u", mark("± U (95 %)"), fmt.UNIT),
    ("known", mark("known part"), fmt.UNIT),
    ("coverage", mark("coverage"), "%"),
    ("status", mark("status"), ""),
    ("missing", mark("without data"), ""),
)
MEANINGS = {
    "± U (95 %)": mark("Expanded uncertainty: two standard errors, about 95 %."),
    "known part": mark("Sum of the flows that have data; others are not in it."),
    "coverage": mark("Share of the expected volume that is covered by data."),
    "status": mark("How the largest share of the volume is known."),
    "without data": mark("Flows that have none in this period; the total is unknown."),
}


@dataclass(frozen=True, slots=True)
class Head:
    """Head of a column of a file."""

    label: str
    unit: str
    note: str
    is_number: bool

    @property
    def text(self) -> str:
        """Label and unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label


def heads(sheet: Sheet, lang: Language) -> list[Head]:
    """Heads of all columns of a file; a quantity has several."""
    found = []
    for column in _columns(sheet):
        if column.kind not in OF_QUANTITIES:
            unit = "UTC" if column.kind == "time" else lang.unit(column.shown_unit)
            kept = Head(column.label, unit, column.note, column.is_number)
            found.append(kept)
            continue
        for name, words, unit in _PARTS:
            parts = (column.label, lang.gettext(words))
            label = ": ".join(filter(None, parts))
            note = lang.gettext(MEANINGS.get(words, "")) or column.note
            found.append(Head(label, unit, note, name not in ("status", "missing")))
    return found


def values(sheet: Sheet, lang: Language) -> Iterable[list[Any]]:
    """Rows of a file: numbers, days and words; ``None`` is unknown."""
    columns = _columns(sheet)
    for row in sheet.rows:
        line: list[Any] = []
        for column in columns:
            value = row.get(column.key)
            if column.kind in OF_QUANTITIES:
                line += _parts(value, lang)
            else:
                line.append(_value(column, value, lang))
        yield line


def _columns(sheet: Sheet) -> list[Column]:
    """Columns to write; a quantity once, whatever the page shows of it."""
    kept: list[Column] = []
    written: set[str] = set()
    for column in sheet.on("file"):
        if column.kind in ("quantity", "signed"):
            written.add(column.key)
    for column in sheet.on("file"):
        is_repeated = column.kind in ("known", "covered") and column.key in written
        if not is_repeated:
            kept.append(column)
    return kept


def _parts(quantity: Any, lang: Language) -> list[Any]:
    if quantity is None:
        return [None] * len(_PARTS)
    u = None if fmt.is_absent(quantity) else quantity["u"]
    return [
        rounded(quantity["value"], HM3),
        rounded(None if u is None else fmt.EXPANSION * u, HM3),
        rounded(quantity["known"], HM3),
        rounded(quantity["coverage"], 0.01),
        lang.gettext(STATUSES.get(quantity["status"], quantity["status"])),
        safe("; ".join(quantity["missing"])),
    ]


def _value(column: Column, value: Any, lang: Language) -> Any:
    if is_unknown(value):
        return None
    if column.kind == "status":
        return lang.gettext(STATUSES.get(value, value))
    if column.kind in ("number", "volume", "share", "change"):
        return rounded(value, column.scale)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC)
    if isinstance(value, dt.date):  # a time is one, too
        return value
    return safe(str(value))


def rounded(value: Any, scale: float) -> Any:
    """Divide by the SI value of a unit, without the noise of the division.

    Examples
    --------
    >>> rounded(0.07, 0.01), rounded(None, 1.0), rounded(-5, 1.0)
    (7.0, None, -5)
    """
    if is_unknown(value):
        return None
    if isinstance(value, int) and scale == 1:
        return value
    return float(f"{value / scale:.{_DIGITS}g}")


def safe(text: str) -> str:
    """Keep a text from being taken for a formula; a number in words stays one.

    Examples
    --------
    >>> safe("=1+1"), safe("-5"), safe("-5+cmd"), safe("Kür")
    ("'=1+1", '-5', "'-5+cmd", 'Kür')
    """
    if not text.lstrip(" ").startswith(_FORMULA):
        return text
    try:
        float(text.replace(",", "."))
    except ValueError:
        return f"'{text}"
    return text


def about(
    reader: CachedReader,
    state: State,
    lang: Language,
    sheets: Sequence[Sheet],
    *,
    told: bool = False,
) -> list[tuple[str, str]]:
    """Say what a file is of: pairs of a word and its value, in a fixed order.

    Days and times are ISO 8601 for a program; with ``told`` as people write them.
    """
    say = lang.gettext
    facts = facts_of.complete(sheets[0], reader, state)
    balance = _balance(reader, state)
    run = balance["run"] if balance else ""
    name = view.geography(reader).name(state.territory, lang)
    units = {facts_of.complete(one, reader, state).unit for one in sheets}
    pairs = [
        (say("Territory"), f"{state.territory} {name}"),
        (say("Period"), _period(state, lang, told=told)),
        (say("Calendar"), state.calendar),
        (
            say("Boundary"),
            f"{say(BOUNDARIES[state.boundary])}: "
            f"{say(BOUNDARY_MEANINGS[state.boundary])}",
        ),
        (say("Version"), say(VERSIONS[state.version])),
        (say("Edition"), facts.edition),
        (say("Data as of"), _moment(facts.as_of, lang, told=told)),
        (say("Run"), run),
        (say("Unit"), "; ".join(sorted(filter(None, units)))),
        *(_measures(facts, lang) if len(sheets) == 1 and sheets[0].rows else ()),
        (say("View"), state.query()),
        (say("Made with"), f"ewater {__version__}"),
    ]
    return [(key, safe(value)) for key, value in pairs if value]


def _period(state: State, lang: Language, *, told: bool) -> str:
    if not told:
        return f"{state.start.isoformat()} / {state.end.isoformat()}"
    last = state.end - dt.timedelta(days=1)
    return f"{lang.day(state.start)} – {lang.day(last)}"


def _moment(stamp: str, lang: Language, *, told: bool) -> str:
    return facts_of.moment(stamp, lang) if told and stamp else stamp


def nothing(sheet: Sheet, lang: Language) -> str:
    """Say why a sheet has no rows."""
    lack = filter(None, (lang.gettext("Insufficient data"), sheet.empty))
    return sheet.calm or ". ".join(lack)


def _measures(facts: Facts, lang: Language) -> list[tuple[str, str]]:
    """Say how far a figure is to be believed, or why that is not said."""
    say, known = lang.gettext, facts_of.measures(facts, lang)
    found = []
    for name, words in facts_of.MEASURES.items():
        none = say("in each row") if name in facts.by_row else facts.without
        found.append((say(words), known.get(name) or none or say(STATUSES["unknown"])))
    return found


def believed(reader: CachedReader, state: State, lang: Language, sheet: Sheet) -> str:
    """Say in one line how far a figure is to be believed."""
    return "; ".join(facts_of.words(facts_of.complete(sheet, reader, state), lang))


def notes(reader: CachedReader, state: State, lang: Language) -> list[str]:
    """List what every reader of a file must know: the notices of the account."""
    balance = _balance(reader, state)
    if balance is None:
        return []
    stale = overtaken.words(balance, reader.stale(balance["run"]), lang)
    return [
        *(lang.pick(notice) for notice in balance["notices"]),
        *filter(None, [stale]),
    ]


def _balance(reader: CachedReader, state: State) -> Balance | None:
    """Account of the view; a page may show what has none."""
    try:
        return view.load(reader, state).balance
    except ForbiddenError:
        raise
    except EWaterError:
        return None
