"""The badges of an exhibit: unit, uncertainty, coverage, statuses, as-of or edition."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dash import html

from ewater.dashboard import format as fmt
from ewater.dashboard import totals
from ewater.dashboard.exhibits.table import codes
from ewater.dashboard.labels import STATUSES

if TYPE_CHECKING:
    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.exhibits.sheet import Facts, Sheet
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_LEAST_SHARE = 0.005  # a smaller one would read 0 %


def complete(sheet: Sheet, reader: CachedReader, state: State) -> Facts:
    """Facts as a sheet gives them; the others from its rows and the state."""
    facts = sheet.facts
    quantities = _main_quantities(sheet)
    if quantities:
        whole = totals.add(quantities)
        told = all(q["coverage"] is not None for q in quantities)
        covered = whole["coverage"] if told else None
        facts = replace(
            facts,
            uncertainty=facts.uncertainty or fmt.UNCERTAINTY,
            coverage=covered if facts.coverage is None else facts.coverage,
            statuses=facts.statuses or whole["status_shares"],
        )
    unit = next((c.shown_unit for c in sheet.columns if c.shown_unit), "")
    return replace(
        facts,
        unit=facts.unit or unit,
        as_of=facts.as_of or state.as_of or reader.version(),
        edition=facts.edition or state.get("edition"),
    )


def _main_quantities(sheet: Sheet) -> list[Quantity]:
    """Quantities of the first column that has some, without totals of others."""
    for kind in ("quantity", "signed"):
        for column in sheet.columns:
            if column.kind == kind:
                rows = [row for row in sheet.rows if not row.get("total")]
                return [row[column.key] for row in rows if row.get(column.key)]
    return []


def moment(stamp: str, lang: Language) -> str:
    """Write an instant that is ISO 8601; anything else stays as it is."""
    try:
        return lang.when(datetime.fromisoformat(stamp))
    except ValueError:
        return stamp


def told(facts: Facts, lang: Language) -> list[tuple[str, str]]:
    """List each fact that is known: its words, and the status it is of, if one."""
    shares = facts.statuses
    known = [s for s in STATUSES if shares.get(s, 0.0) >= _LEAST_SHARE]
    coverage = (
        ""
        if facts.coverage is None
        else f"{lang.gettext('Coverage')} {fmt.percent(facts.coverage, lang)}"
    )
    since = ""
    if facts.edition:
        since = lang.gettext("Edition {name}").format(name=facts.edition)
    elif facts.as_of:
        since = lang.gettext("as of {time}").format(time=moment(facts.as_of, lang))
    of_statuses = [
        (f"{lang.gettext(STATUSES[s])} {fmt.percent(shares[s], lang)}", s)
        for s in sorted(known, key=lambda s: -shares[s])
    ]
    plain = (facts.unit, facts.figures, facts.uncertainty, coverage)
    found = [(text, "") for text in plain]
    return [one for one in (*found, *of_statuses, (since, "")) if one[0]]


def words(facts: Facts, lang: Language) -> list[str]:
    """List each fact that is known, in words."""
    return [text for text, _ in told(facts, lang)]


def badges(facts: Facts, lang: Language) -> list[Any]:
    """One small word for each fact that is known."""
    return [
        html.Span(text, className=f"fact key key-{status}" if status else "fact")
        for text, status in told(facts, lang)
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
    said = badges(facts, lang)
    if sheet.zone is not None:
        words = lang.gettext("times of {zone}").format(zone=sheet.zone)
        said.append(html.Span(words, className="fact"))
    parts.append(html.P(said, className="facts"))
    return parts
