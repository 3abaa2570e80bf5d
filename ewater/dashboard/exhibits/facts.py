"""The badges of an exhibit: unit, uncertainty, coverage, statuses, as-of or edition."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dash import html

from ewater.dashboard import format as fmt
from ewater.dashboard import totals
from ewater.dashboard.exhibits.table import codes
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import STATUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.exhibits.sheet import Facts, Sheet
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_LEAST_SHARE = 0.005  # a smaller one would read 0 %
_COVERAGE, _STATUS = mark("Coverage"), mark("Status")


def complete(sheet: Sheet, reader: CachedReader, state: State) -> Facts:
    """Facts as a sheet gives them; the others from its rows and the state."""
    facts = sheet.facts
    quantities = _main_quantities(sheet)
    if quantities:
        whole = totals.add(quantities)
        facts = replace(
            facts,
            uncertainty=facts.uncertainty or fmt.UNCERTAINTY,
            coverage=whole["coverage"] if facts.coverage is None else facts.coverage,
            statuses=facts.statuses or whole["status_shares"],
        )
    unit = next((c.shown_unit for c in sheet.columns if c.shown_unit), "")
    return replace(
        facts,
        by_row=facts.by_row or _by_row(sheet),
        unit=facts.unit or unit,
        as_of=facts.as_of or state.as_of or reader.version(),
        edition=facts.edition or state.get("edition"),
    )


def _main_quantities(sheet: Sheet) -> list[Quantity]:
    """Quantities of a column, without totals of others.

    It is the first of which something is known; one with a sign only if there is no
    other.
    """
    rows = [row for row in sheet.rows if not row.get("total")]
    columns = [
        [row[column.key] for row in rows if row.get(column.key)]
        for kind in ("quantity", "signed")
        for column in sheet.columns
        if column.kind == kind
    ]
    known = (of for of in columns if any(quantity["known"] for quantity in of))
    return next(known, columns[0] if columns else [])


def _by_row(sheet: Sheet) -> frozenset[str]:
    """Measures that have a column."""
    kinds = {column.kind for column in sheet.columns}
    keys = {column.key for column in sheet.columns}
    found = set()
    if "covered" in kinds or "coverage" in keys:
        found.add("coverage")
    if kinds & {"known", "status"}:
        found.add("status")
    return frozenset(found)


#: What tells how far a figure is to be believed.
MEASURES = MappingProxyType(
    {"uncertainty": mark("Uncertainty"), "coverage": _COVERAGE, "status": _STATUS}
)


def measures(facts: Facts, lang: Language) -> dict[str, str]:
    """Say each of `MEASURES` in words; what is not known is not there."""
    return {
        name: ", ".join(text for text, _ in found)
        for name, found in _measures(facts, lang).items()
        if found
    }


def lacking(facts: Facts) -> list[str]:
    """Name those of `MEASURES` that are neither known nor in each row."""
    known = {
        "uncertainty": facts.uncertainty,
        "coverage": facts.coverage is not None,
        "status": facts.statuses,
    }
    return [name for name in MEASURES if not known[name] and name not in facts.by_row]


def _measures(facts: Facts, lang: Language) -> dict[str, list[tuple[str, str]]]:
    """Each measure as words, with the status that these are of, if one."""
    say, shares = lang.gettext, facts.statuses
    known = [s for s in STATUSES if shares.get(s, 0.0) >= _LEAST_SHARE]
    covered = facts.coverage is not None
    return {
        "uncertainty": [(facts.uncertainty, "")] if facts.uncertainty else [],
        "coverage": [(fmt.percent(facts.coverage, lang), "")] if covered else [],
        "status": [
            (f"{say(STATUSES[s])} {fmt.percent(shares[s], lang)}", s)
            for s in sorted(known, key=lambda s: -shares[s])
        ],
    }


def unstated(facts: Facts, lang: Language) -> list[str]:
    """Say which measures each row has, and why there are no others."""
    found = _measures(facts, lang)
    by_row = [n for n in MEASURES if n in facts.by_row and not found[n]]
    why = facts.without or lang.gettext(STATUSES["unknown"])
    told = ((by_row, lang.gettext("in each row")), (lacking(facts), why))
    return [f"{_listed(names, lang)}: {why}" for names, why in told if names]


def _listed(names: Sequence[str], lang: Language) -> str:
    first, *others = (lang.gettext(MEASURES[name]) for name in names)
    return ", ".join([first, *(lang.small(word) for word in others)])


def moment(stamp: str, lang: Language) -> str:
    """Write an instant that is ISO 8601; anything else stays as it is."""
    try:
        return lang.when(datetime.fromisoformat(stamp))
    except ValueError:
        return stamp


def told(facts: Facts, lang: Language, *, stated: bool = True) -> list[tuple[str, str]]:
    """List each fact: its words, and the status it is of, if one.

    What is not known is among them where there is something to know it of (``stated``).
    """
    found = _measures(facts, lang)
    since = ""
    if facts.edition:
        since = lang.gettext("Edition {name}").format(name=facts.edition)
    elif facts.as_of:
        since = lang.gettext("as of {time}").format(time=moment(facts.as_of, lang))
    covered = [
        (f"{lang.gettext(_COVERAGE)} {share}", "") for share, _ in found["coverage"]
    ]
    listed = [
        (facts.unit, ""),
        (facts.figures, ""),
        *found["uncertainty"],
        *covered,
        *found["status"],
        *((text, "") for text in (unstated(facts, lang) if stated else ())),
        (since, ""),
    ]
    return [one for one in listed if one[0]]


def words(facts: Facts, lang: Language, *, stated: bool = True) -> list[str]:
    """List each fact in words."""
    return [text for text, _ in told(facts, lang, stated=stated)]


def badges(facts: Facts, lang: Language, *, stated: bool = True) -> list[Any]:
    """Make one small word of each fact."""
    return [
        html.Span(text, className=f"fact key key-{status}" if status else "fact")
        for text, status in told(facts, lang, stated=stated)
    ]


def footer(sheet: Sheet, facts: Facts, lang: Language) -> list[Any]:
    """Make what stands below an exhibit: gaps, notes, badges."""
    parts: list[Any] = []
    if sheet.gaps:
        count = len(sheet.gaps)
        words = lang.ngettext(
            "{count} line without data is not drawn",
            "{count} lines without data are not drawn",
            count,
        ).format(count=lang.number(count))
        parts.append(codes(words, sheet.gaps))
    if sheet.notes:
        notes = html.Ul([html.Li(note) for note in sheet.notes])
        summary = html.Summary(lang.gettext("Notes"))
        parts.append(html.Details([summary, notes], className="missing quiet"))
    said = badges(facts, lang, stated=bool(sheet.rows))
    if sheet.zone is not None:
        words = lang.gettext("times of {zone}").format(zone=sheet.zone)
        said.append(html.Span(words, className="fact"))
    parts.append(html.P(said, className="facts"))
    return parts
