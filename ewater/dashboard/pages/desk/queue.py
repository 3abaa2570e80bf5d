"""The queue: what waits for review, the gravest and largest first; who is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import dcc, html

from ewater.dashboard import format as fmt
from ewater.dashboard import view
from ewater.dashboard.exhibits import Column, Sheet
from ewater.dashboard.exhibits.table import insufficient
from ewater.dashboard.html import attributes
from ewater.dashboard.naming import territory_name
from ewater.dashboard.pages.returns.about import badge, plain_table, severity
from ewater.dashboard.pages.returns.place import form_of, period_of
from ewater.dashboard.questions import returns as asked
from ewater.dashboard.reasons import why_not
from ewater.dashboard.return_labels import SEVERITIES, STATES, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Row = Mapping[str, Any]


def is_clean(row: Row) -> bool:
    """Whether the cross-examination found nothing but notices."""
    return bool(row["examined_at"]) and not (
        row["errors"] or row["grave"] or row["warnings"]
    )


def rows_of(reader: CachedReader, state: State) -> list[dict[str, Any]]:
    """Read what waits for the period that the address names."""
    rows: list[dict[str, Any]] = reader.look(
        asked.queue, form_of(reader, state), period_of(reader, state)
    )
    return rows


def shown(rows: Sequence[Row], state: State, lang: Language, zone: tzinfo) -> list[Any]:
    """List the queue, each return a way to its examination."""
    say = lang.gettext
    if not rows:
        why = say("No return of this period waits for review in your scope.")
        return [html.P(why, className="empty")]
    heads = (
        say("Return"),
        say("Severity"),
        say("Largest finding, hm³"),
        say("Findings"),
        say("State"),
        say("Submitted"),
    )
    body = [_row(row, state, lang, zone) for row in rows]
    return [plain_table(say("Returns that wait for review"), heads, body)]


def _row(row: Row, state: State, lang: Language, zone: tzinfo) -> html.Tr:
    say = lang.gettext
    number = str(row["id"])
    name = row["name"] or row["enterprise"]
    here = state.get("examined") == number
    link = dcc.Link(
        name,
        href="/desk" + state.with_more("examined", number).query(),
    )
    grave = severity(row["severity"], lang) if row["severity"] else ""
    if is_clean(row):
        grave = html.Span(say("Clean"), className="badge state-approved")
    late = html.Span(say("late"), className="badge severity-warning")
    return html.Tr(
        [
            html.Th(
                [link, html.Small(f"{row['enterprise']} · {row['territory'] or ''}")],
                scope="row",
            ),
            html.Td(grave),
            html.Td(fmt.hm3(row["size_m3"], lang), className="number"),
            html.Td(_counts(row, lang)),
            html.Td([badge(row["state"], lang), late if row["late"] else ""]),
            html.Td(lang.moment(row["submitted_at"].astimezone(zone))),
        ],
        className="here" if here else None,
        **(attributes(aria_current="true") if here else {}),
    )


def _counts(row: Row, lang: Language) -> str:
    counted = (("grave", row["grave"]), ("warning", row["warnings"]))
    parts = [
        f"{named(SEVERITIES, name, lang)}: {lang.number(count)}"
        for name, count in counted
        if count
    ]
    return ", ".join(parts) or fmt.DASH


def bulk(rows: Sequence[Row], lang: Language) -> list[Any]:
    """Offer to approve the clean ones together."""
    say = lang.gettext
    clean = [row for row in rows if is_clean(row)]
    if not clean:
        return [html.P(say("None of them is clean."), className="hint")]
    words = lang.ngettext(
        "Approve {count} clean return", "Approve {count} clean returns", len(clean)
    )
    return [
        dmc.Button(
            words.format(count=lang.number(len(clean))),
            id={"type": "desk-act", "act": "clean"},
            size="xs",
            variant="default",
        )
    ]


def queue_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Write the queue as a table for downloads."""
    say = lang.gettext
    rows = [
        {
            **row,
            "period": lang.period(row["period"]),
            "territory": _place(reader, row["territory"], lang),
            "severity": named(SEVERITIES, row["severity"], lang)
            if row["severity"]
            else None,
            "state": named(STATES, row["state"], lang),
        }
        for row in rows_of(reader, state)
    ]
    columns = (
        Column("enterprise", say("Enterprise"), kind="code"),
        Column("name", say("Name")),
        Column("territory", say("Territory")),
        Column("period", say("Period")),
        Column("state", say("State")),
        Column("severity", say("Severity")),
        Column("size_m3", say("Largest finding"), kind="volume"),
        Column("grave", say("Grave"), kind="number", digits=0),
        Column("warnings", say("Warnings"), kind="number", digits=0),
        Column("submitted_at", say("Submitted"), kind="time"),
    )
    why = say("No return of this period waits for review in your scope.")
    return Sheet(say("Returns that wait for review"), columns, rows, empty=why)


def _place(reader: CachedReader, code: str | None, lang: Language) -> str | None:
    """Name the territory of an enterprise."""
    return code and territory_name(code, view.geography(reader), lang)


def missing_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List who owes a return and has not sent one, the largest permits first."""
    say = lang.gettext
    period = period_of(reader, state)
    rows = [
        {
            **row,
            "territory": _place(reader, row["territory"], lang),
            "state": named(STATES, row["state"], lang),
            "overdue": say("overdue") if row["overdue"] else say("not due yet"),
        }
        for row in reader.look(asked.missing, form_of(reader, state), period)
    ]
    columns = (
        Column("name", say("Enterprise")),
        Column("enterprise", say("Code"), kind="code"),
        Column("territory", say("Territory")),
        Column("permitted_m3", say("Permitted a year"), kind="volume"),
        Column("state", say("State")),
        Column("last_day", say("Due"), kind="date"),
        Column("overdue", say("Deadline")),
        Column("reminded_at", say("Reminded"), kind="time"),
    )
    why = say("Everybody in your scope who owes a return for {period} has sent it.")
    notes = (
        say("Whoever held a permit in the period, or reported the year before, owes."),
    )
    title = say("Not reported")
    return Sheet(
        title, columns, rows, notes=notes, empty=why.format(period=lang.period(period))
    )


def refused(error: Exception, lang: Language) -> list[Any]:
    """Say why there is nothing to show."""
    return [insufficient(why_not(error, lang), lang)]
