"""One return beside its meters, permits, counterparties and other years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import html

from ewater.dashboard import format as fmt
from ewater.dashboard.html import attributes
from ewater.dashboard.pages.returns.about import (
    badge,
    due,
    permits,
    plain_table,
    remarks,
    severity,
    versions,
)
from ewater.reports.findings import ordered
from ewater.reports.review import WAITING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language

    Told = Mapping[str, Any]


def examined(told: Told, lang: Language) -> list[Any]:
    """Lay everything about one return side by side."""
    say = lang.gettext
    name = f"{told['name'] or told['enterprise']}, {told['period']}"
    head = html.Div(
        [html.H3(name), badge(told["state"], lang), html.Code(told["enterprise"])],
        className="return-state",
    )
    laid = told.get("beside") or {}
    if laid.get("reported") is None and not laid.get("years"):
        return [head, html.P(say("Nothing was submitted yet."), className="empty")]
    blocks = (
        (say("Water taken, from all sides"), compared(laid, lang)),
        (say("Counterparties"), _partners(laid["partners"], lang)),
        (say("Other years"), _years(laid["years"], lang)),
        (say("Permits"), permits(told, lang)),
        (say("Versions and receipts"), versions(told, lang)),
        (say("Remarks of reviewers"), remarks(told, lang) or [_none(lang)]),
    )
    return [
        head,
        html.P(due(told, lang), className="hint"),
        html.Div(
            [
                html.Section([html.H4(title), *content], className="block")
                for title, content in blocks
            ],
            className="blocks",
        ),
    ]


def compared(laid: Told, lang: Language) -> list[Any]:
    """Compare what was reported with each witness, with both uncertainties."""
    say = lang.gettext
    rows = [_line(say("Reported"), laid["reported"], laid["u"], None, "", lang)]
    if laid["metered"] is not None:
        share = fmt.percent(laid["metered"], lang)
        rows[0] = _line(
            say("Reported"),
            laid["reported"],
            laid["u"],
            None,
            say("metered {share}").format(share=share),
            lang,
        )
    for key, title in (("meters", say("Meters")), ("pumps", say("Energy of pumps"))):
        one = laid[key]
        if one is None:
            rows.append(_line(title, None, None, None, say("no instrument"), lang))
            continue
        covered = say("{series}, {share} of the time").format(
            series=one["series"], share=fmt.percent(one["coverage"], lang)
        )
        rows.append(
            _line(title, one["volume"], one["u"], one["reported"], covered, lang)
        )
    allowed = [row["allowed"] for row in laid["permits"] if row["allowed"] is not None]
    rows.append(
        _line(
            say("Permits allow"),
            sum(allowed) if allowed else None,
            None,
            laid["own"],
            say("in this period"),
            lang,
        )
    )
    rows.append(
        _line(
            say("Other years lead to"),
            laid["expected"],
            None,
            laid["reported"],
            "",
            lang,
        )
    )
    heads = (
        say("Witness"),
        fmt.with_unit(say("Volume")),
        fmt.UNCERTAINTY,
        fmt.with_unit(say("Reported less this")),
        say("How"),
    )
    return [plain_table(say("Water taken, from all sides"), heads, rows)]


def _line(
    title: str,
    value: float | None,
    u: float | None,
    against: float | None,
    how: str,
    lang: Language,
) -> html.Tr:
    apart = None if value is None or against is None else against - value
    return html.Tr(
        [
            html.Th(title, scope="row"),
            html.Td(fmt.hm3(value, lang), className="number"),
            html.Td(fmt.expanded(u, lang), className="number"),
            html.Td(fmt.signed_hm3(apart, lang), className="number"),
            html.Td(how),
        ]
    )


def _none(lang: Language) -> html.P:
    return html.P(lang.gettext("None."), className="hint")


def _partners(rows: Sequence[Told], lang: Language) -> list[Any]:
    say = lang.gettext
    if not rows:
        return [html.P(say("No transfer is named."), className="hint")]
    heads = (
        say("Other side"),
        say("Direction"),
        fmt.with_unit(say("The giver says")),
        fmt.with_unit(say("The taker says")),
        fmt.with_unit(say("Difference")),
    )
    body = []
    for row in rows:
        known = row["given"] is not None and row["taken"] is not None
        apart = row["given"] - row["taken"] if known else None
        way = say("gives to it") if row["gives"] else say("takes from it")
        body.append(
            html.Tr(
                [
                    html.Th(row["other"], scope="row"),
                    html.Td(way),
                    html.Td(fmt.hm3(row["given"], lang), className="number"),
                    html.Td(fmt.hm3(row["taken"], lang), className="number"),
                    html.Td(fmt.signed_hm3(apart, lang), className="number"),
                ]
            )
        )
    return [plain_table(say("Counterparties"), heads, body)]


def _with_u(row: Told, key: str, lang: Language) -> html.Td:
    """Write a figure of another year with its ± U; what is not given has none."""
    u = row[f"{key}_u"]
    half = [] if u is None else [html.Small(fmt.expanded(u, lang))]
    return html.Td([fmt.hm3(row[key], lang), *half], className="number")


def _years(rows: Sequence[Told], lang: Language) -> list[Any]:
    say = lang.gettext
    heads = (
        say("Period"),
        fmt.with_unit(say("Water taken")),
        fmt.with_unit(say("Water used")),
        fmt.with_unit(say("Water discharged")),
        say("Metered"),
    )
    body = [
        html.Tr(
            [
                html.Th(lang.period(row["period"]), scope="row"),
                *(_with_u(row, key, lang) for key in ("intake", "used", "discharge")),
                html.Td(fmt.percent(row["metered"], lang), className="number"),
            ],
            className="here" if row["this"] else None,
        )
        for row in rows
    ]
    return [plain_table(say("Other years"), heads, body)]


def findings(told: Told, lang: Language, *, reviews: bool) -> list[Any]:
    """List findings by severity and size, each to be taken into the remarks."""
    say = lang.gettext
    found = ordered(told["findings"])
    waits = reviews and told["state"] in WAITING
    if not found:
        return [html.P(say("The cross-examination found nothing."), className="hint")]
    items = []
    for at, one in enumerate(found):
        words = one.text(lang.code, told["form"])
        size = ""
        if one.size_m3 is not None:
            size = f"{fmt.hm3(one.size_m3, lang)} {fmt.UNIT}"
        parts: list[Any] = [severity(one.severity, lang), html.B(size), words]
        if one.cause:
            parts.append(html.Small(say("explained by another finding")))
        if waits:
            check = dmc.Checkbox(
                id={"type": "desk-finding", "at": at},
                checked=one.severity in ("error", "grave", "warning") and not one.cause,
                size="xs",
                **attributes(aria_label=say("Send as a remark")),
            )
            parts = [check, html.Div(parts, className="said")]
        items.append(html.Li(parts, className="finding"))
    return [html.Ul(items, className="findings")]


def decide(told: Told, lang: Language, *, reviews: bool, approves: bool) -> list[Any]:
    """Offer what a reviewer and an approver can do."""
    say = lang.gettext
    if told["state"] not in WAITING:
        words = say("It does not wait for a decision.")
        return [html.P(words, className="hint")]
    parts: list[Any] = []
    if reviews:
        parts.append(
            dmc.Button(
                say("Send back with these remarks"),
                id={"type": "desk-act", "act": "return"},
                variant="default",
            )
        )
    if approves:
        parts.append(
            dmc.Button(say("Approve"), id={"type": "desk-act", "act": "approve"})
        )
    if not parts:
        words = say("Your role may look at returns, not decide on them.")
        parts.append(html.P(words, className="hint"))
    return parts
