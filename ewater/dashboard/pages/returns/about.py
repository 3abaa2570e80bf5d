"""What stands around the form: state, permits, versions with receipts, remarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dash_mantine_components as dmc
from dash import html

from ewater.dashboard import format as fmt
from ewater.dashboard.html import attributes
from ewater.dashboard.pages.returns.form import act, anchor, written
from ewater.dashboard.return_labels import (
    DECISIONS,
    MEANINGS,
    PER,
    SEVERITIES,
    SOURCES,
    STATES,
    WAYS,
    named,
)
from ewater.reports.workflow import OPEN
from ewater.series.calendars import last_day, local_day
from ewater.written import figure as written_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language
    from ewater.reports.findings import Finding
    from ewater.reports.form import Form

    Told = Mapping[str, Any]

_HASH = 16  # digits of a hash that tell versions apart; the receipt has all


def badge(state: str, lang: Language) -> html.Span:
    """Where a return stands, in a word."""
    return html.Span(named(STATES, state, lang), className=f"badge state-{state}")


def severity(name: str, lang: Language) -> html.Span:
    """How grave a finding is, in a word."""
    words = named(SEVERITIES, name, lang)
    return html.Span(words, className=f"badge severity-{name}")


def moment(value: Any, told: Told, lang: Language) -> str:
    """Write a time as it was in the country."""
    return lang.moment(value.astimezone(ZoneInfo(told["zone"]))) if value else fmt.DASH


def due(told: Told, lang: Language) -> str:
    """Say until when the return is in time."""
    when = fmt.DASH
    if told["due_at"]:
        when = lang.day(last_day(told["due_at"], told["zone"]))
    return lang.gettext("Due until {when}").format(when=when)


def head(told: Told, lang: Language) -> list[Any]:
    """Say where the return stands, and what that asks."""
    say = lang.gettext
    form: Form = told["form"]
    parts: list[Any] = [
        html.Div(
            [
                badge(told["state"], lang),
                html.Span(named(MEANINGS, told["state"], lang)),
                html.Span(due(told, lang), className="hint"),
            ],
            className="return-state",
        )
    ]
    unit = say("Volumes in {unit}, to {step}; a comma is as good as a point.")
    step = written_figure(form.step, lang.code)
    words = unit.format(unit=lang.unit(form.unit), step=step)
    parts.append(html.P(words, className="hint"))
    if form.note:
        parts.append(html.P(form.note.say(lang.code), className="hint"))
    return parts


def unchecked(lang: Language) -> list[Any]:
    """Say why there are no checks: they are of whoever may write."""
    words = lang.gettext("Sign in to see what the checks find.")
    return [html.P(words, className="empty")]


def permits(told: Told, lang: Language) -> list[Any]:
    """List the permits, beside the sources that they are for."""
    say = lang.gettext
    rows = told["permits"]
    if not rows:
        words = say("The register has no permit of this enterprise.")
        return [html.P(words, className="empty")]
    heads = (say("Permit"), say("Source"), say("Limit"), say("Valid"))
    body = []
    for row in rows:
        limit = fmt.figure(row["limit_m3"] / told["form"].factor, lang)
        unit = lang.unit(told["form"].unit)
        source = named(SOURCES, row["source_kind"], lang)
        start, end = row["valid_from"], row["valid_to"]
        first = start and local_day(start, told["zone"])
        last = end and last_day(end, told["zone"])
        span = " – ".join(lang.day(one) if one else "…" for one in (first, last))
        body.append(
            html.Tr(
                [
                    html.Th(row["code"], scope="row"),
                    html.Td(source),
                    html.Td(
                        f"{limit} × {unit} {named(PER, row['per'], lang)}",
                        className="number",
                    ),
                    html.Td(span if row["allowed"] else [span, _over(lang)]),
                ]
            )
        )
    return [plain_table(say("Permits"), heads, body)]


def _over(lang: Language) -> html.Span:
    words = lang.gettext("not in this period")
    return html.Span(words, className="badge severity-warning")


def plain_table(title: str, heads: Sequence[str], rows: Sequence[Any]) -> html.Div:
    """Make a table with its caption."""
    return html.Div(
        html.Table(
            [
                html.Caption(title, className="visually-hidden"),
                html.Thead(html.Tr([html.Th(one, scope="col") for one in heads])),
                html.Tbody(list(rows)),
            ]
        ),
        className="table",
        tabIndex=0,
        role="region",
        **attributes(aria_label=title),
    )


def versions(told: Told, lang: Language) -> list[Any]:
    """List what was submitted, with receipts and decisions."""
    say = lang.gettext
    if not told["versions"]:
        return [html.P(say("Nothing was submitted yet."), className="empty")]
    heads = (say("Version"), say("Submitted"), say("Decision"), say("Receipt"))
    rows = [_version(told, one, lang) for one in reversed(told["versions"])]
    return [plain_table(say("Versions and receipts"), heads, rows)]


def _version(told: Told, one: Told, lang: Language) -> html.Tr:
    say = lang.gettext
    came: list[Any] = [
        moment(one["submitted_at"], told, lang),
        html.Small(f"{one['submitted_name'] or ''} · {named(WAYS, one['way'], lang)}"),
    ]
    if one["late"]:
        came.append(html.Span(say("late"), className="badge severity-warning"))
    decided: list[Any] = [fmt.DASH]
    if one["decision"]:
        when = moment(one["decided_at"], told, lang)
        decided = [
            f"{named(DECISIONS, one['decision'], lang)} {when}",
            html.Small(f"{one['decided_name'] or ''}: {one['decided_why'] or ''}"),
        ]
    number = one["number"]
    href = f"/returns/receipt/{told['id']}/{number}?lang={lang.code}"
    return html.Tr(
        [
            html.Th(str(number), scope="row"),
            html.Td(came),
            html.Td(decided),
            html.Td(
                [
                    html.A(say("Receipt"), href=href, target="_blank"),
                    html.Small(html.Code(one["sha256"].hex()[:_HASH])),
                ]
            ),
        ]
    )


def remarks(told: Told, lang: Language) -> list[Any]:
    """List remarks of reviewers, each with a way to the cell it speaks of."""
    form: Form = told["form"]
    items = []
    for one in told["remarks"]:
        where: list[Any] = []
        if one["section"] and one["line"] and one["column"]:
            place = (one["section"], one["line"] - 1, one["column"])
            column = form.section(one["section"]).column(one["column"])
            name = f"{column.number}. {column.names.say(lang.code)}"
            where = [html.A(name, href=anchor(*place)), " "]
        by = f"{one['who'] or ''} · {moment(one['at'], told, lang)}"
        items.append(html.Li([*where, one["body"], html.Small(by)]))
    return [html.Ul(items, className="remarks")] if items else []


def findings(
    found: Sequence[Finding],
    form: Form,
    rows: Mapping[str, Sequence[int]],
    lang: Language,
) -> list[Any]:
    """List what the checks say, each with a way to its cell.

    Parameters
    ----------
    rows
        Place on the page of each line that was given, by section.
    """
    say = lang.gettext
    if not found:
        return [html.P(say("The checks find nothing."), className="empty")]
    items = []
    for one in found:
        words: Any = one.text(lang.code, form)
        place = place_of(one, rows)
        if place is not None:
            words = html.A(words, href=anchor(*place))
        items.append(html.Li([severity(one.severity, lang), " ", words]))
    return [html.Ul(items, className="findings")]


def place_of(
    finding: Finding, rows: Mapping[str, Sequence[int]]
) -> tuple[str, int, str] | None:
    """Place on the page of the cell that a finding is of."""
    if finding.section is None or finding.line is None or finding.column is None:
        return None
    lines = rows.get(finding.section, ())
    at = finding.line - 1
    return (finding.section, lines[at], finding.column) if at < len(lines) else None


def conflict(
    changed: Mapping[str, tuple[Any, Any]],
    author: str,
    form: Form,
    lang: Language,
) -> html.Div:
    """Show both versions of cells that two people changed."""
    say = lang.gettext
    rows = []
    for path, (theirs, mine) in changed.items():
        section, line, key = path.split(".")
        name = cell_name(form, section, int(line), key, lang)
        rows.append(
            html.Tr(
                [
                    html.Th(name, scope="row"),
                    html.Td(written(theirs, lang) or fmt.DASH),
                    html.Td(written(mine, lang) or fmt.DASH),
                ]
            )
        )
    words = say(
        "{who} saved this draft while you typed and changed the same cells. Both are "
        "kept; choose which stands."
    ).format(who=author)
    heads = (say("Cell"), author, say("Yours"))
    return html.Div(
        [
            html.P(html.B(words)),
            plain_table(say("Both versions"), heads, rows),
            html.Div(
                [
                    dmc.Button(say("Mine stands"), id=act("mine"), size="xs"),
                    dmc.Button(
                        say("Theirs stands"),
                        id=act("theirs"),
                        size="xs",
                        variant="default",
                    ),
                ],
                className="buttons",
            ),
        ],
        className="conflict",
        role="alert",
    )


def cell_name(form: Form, section: str, line: int, key: str, lang: Language) -> str:
    """Name a cell: its section, line and column."""
    column = form.section(section).column(key)
    return lang.gettext("{section}, line {line}, {column}").format(
        section=form.section(section).names.say(lang.code),
        line=line,
        column=f"{column.number}. {column.names.say(lang.code)}",
    )


def asides(told: Told, lang: Language) -> list[Any]:
    """List drafts that were set aside; they stay readable."""
    say = lang.gettext
    form: Form = told["form"]
    items = []
    for one in told["asides"]:
        words = say("{who}, {when}: {count} cells").format(
            who=one["who"] or say("somebody"),
            when=moment(one["at"], told, lang),
            count=sum(len(line) for lines in one["content"].values() for line in lines),
        )
        cells = [
            html.Li(f"{cell_name(form, section, at + 1, key, lang)}: {said}")
            for section, lines in one["content"].items()
            for at, line in enumerate(lines)
            for key, value in line.items()
            if (said := written(value, lang))
        ]
        items.append(html.Details([html.Summary(words), html.Ul(cells)]))
    if not items:
        return []
    title = say("Set aside when two people changed the same cells")
    return [html.H3(title), *items]


def button(told: Told, lang: Language, *, reports: bool) -> list[Any]:
    """Offer what the reporter can do with the return as it stands."""
    say = lang.gettext
    if not reports:
        words = say("Only a reporter of this enterprise can change its returns.")
        return [html.P(words, className="hint")]
    if told["state"] == "approved":
        return [dmc.Button(say("Correct this return"), id=act("correct"))]
    if told["state"] in ("none", *OPEN):
        return [dmc.Button(say("Submit"), id=act("submit"))]
    return []
