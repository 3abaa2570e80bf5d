"""The strip of key figures: value, uncertainty, change, status and coverage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dash import Input, Output, html

from ewater.dashboard import format as fmt
from ewater.dashboard import totals, view
from ewater.dashboard.components import choice
from ewater.dashboard.exhibits import Cell, Column, Exhibit, Sheet
from ewater.dashboard.exhibits.exhibit import why
from ewater.dashboard.exhibits.table import (
    badge,
    explain_button,
    insufficient,
    known,
    missing,
)
from ewater.dashboard.figures.sparkline import sparkline
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import STATUSES, VERDICTS, use_words
from ewater.dashboard.theme import palette
from ewater.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dash import Dash

    from ewater.dashboard.answers import Period, Quantity, Residual
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State
    from ewater.dashboard.view import View


_LEAST_SHARE = 0.005  # a smaller one would read 0 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One key figure: how to find it in a period, and how to show it."""

    name: str
    title: str
    quantity: Callable[[Period], Quantity]
    colour: str
    signed: bool = False
    sector: str = ""

    @property
    def cell(self) -> str:
        """What Explain takes."""
        return totals.use_cell(self.sector) if self.sector else f"balance.{self.name}"

    def words(self, lang: Language) -> str:
        """Its title."""
        return use_words(self.sector, lang) if self.sector else lang.gettext(self.title)


CARDS = (
    Card(
        name="inflow",
        title=mark("Inflow"),
        quantity=lambda p: p["inflow"],
        colour="inflow",
    ),
    Card(
        name="outflow",
        title=mark("Outflow"),
        quantity=lambda p: p["outflow"],
        colour="outflow",
    ),
    Card(name="use", title=mark("Use"), quantity=totals.use, colour="use"),
    Card(
        name="storage_change",
        title=mark("Storage change"),
        quantity=lambda p: p["storage_change"],
        colour="storage",
        signed=True,
    ),
    Card(
        name="residual",
        title=mark("Residual"),
        quantity=lambda p: p["residual"],
        colour="residual",
        signed=True,
    ),
)


def cards(sector: str) -> list[Card]:
    """Key figures; the use is that of a sector where one is chosen."""
    used = partial(totals.use, sector=sector)
    return [
        replace(card, quantity=used, sector=sector) if card.name == "use" else card
        for card in CARDS
    ]


def _figure(
    card: Card, quantity: Quantity, lang: Language, *, apportioned: bool
) -> list[Any]:
    value = quantity["value"]
    shown = fmt.amount(quantity, lang, signed=card.signed)
    if value is None and apportioned and not quantity["missing"]:
        words = lang.gettext("Not defined: a shared reach crosses the boundary")
        return [html.P(words, className="undefined"), badge(quantity["status"], lang)]
    parts: list[Any] = [html.Span(shown, className="number")]
    if shown != fmt.DASH:
        parts.append(html.Span(fmt.UNIT, className="unit"))
    unsure = f"{fmt.expanded(quantity['u'], lang)} (95 %)"
    if value is None:
        unsure = lang.gettext("unknown")
        if shown != fmt.DASH:
            unsure = lang.gettext("known so far")
    status = known(quantity, lang) if shown != fmt.DASH else []
    return [
        html.P(parts, className="value"),
        html.Div([html.Span(unsure), *status], className="unsure"),
    ]


def _trend(card: Card, view: View, lang: Language, theme: str) -> html.Div:
    year, _ = view.history[-1]
    quantities = [(y, card.quantity(p)) for y, p in view.history]
    now = card.quantity(view.period)
    before = card.quantity(view.before) if view.before else None
    written = fmt.change(now, before, lang, signed=card.signed)
    arrow = {"+": "▲ ", "−": "▼ "}.get(written[:1], "")
    words = lang.gettext("against {year}").format(year=year - 1)
    small = fmt.is_within_uncertainty(now, before)
    title = lang.gettext("Within the uncertainty of both years") if small else ""
    spoken = "; ".join(
        f"{y}: {fmt.amount(q, lang, signed=card.signed)}" for y, q in quantities
    )
    return html.Div(
        [
            html.Span(
                [html.B(f"{arrow}{written}"), " ", words],
                className="change small" if small else "change",
                title=title,
            ),
            html.Img(
                src=sparkline(
                    [q["value"] for _, q in quantities],
                    palette(theme)[card.colour],
                ),
                alt=f"{card.words(lang)}, {fmt.UNIT}. {spoken}",
                title=spoken,
                className="spark",
            ),
        ],
        className="trend",
    )


def _coverage_line(quantity: Quantity, lang: Language) -> html.Div:
    covered = quantity["coverage"]
    return html.Div(
        [
            html.Span(lang.gettext("Coverage")),
            html.Div(
                html.Div(style={"width": f"{100 * (covered or 0.0):.1f}%"}),
                className="meter",
            ),
            html.Span(fmt.percent(covered, lang)),
        ],
        className="covered",
    )


def _verdict(residual: Residual, lang: Language) -> list[Any]:
    z = residual["z"]
    name = fmt.verdict(z)
    parts: list[Any] = [
        html.Span(lang.gettext(VERDICTS[name]), className=f"badge verdict-{name}"),
    ]
    if z is not None:
        parts.append(html.Span(f"z = {lang.number(z, 2)}", className="z"))
    notes: list[Any] = []
    if residual["after_balancing_items"]:
        notes.append(html.P(lang.gettext("after balancing items"), className="note"))
    if accounts := residual["not_modelled"]:
        words = lang.ngettext(
            "{count} account without stocks is in it",
            "{count} accounts without stocks are in it",
            len(accounts),
        ).format(count=lang.number(len(accounts)))
        notes.append(
            html.Details(
                [
                    html.Summary(words),
                    html.Ul([html.Li(html.Code(code)) for code in accounts]),
                ],
                className="missing quiet",
            )
        )
    return [html.Div(parts, className="verdict"), *notes]


def _card(card: Card, view: View, lang: Language, theme: str) -> html.Article:
    quantity = card.quantity(view.period)
    content = [
        html.Header(
            [
                html.H2(card.words(lang)),
                explain_button(Cell(card.cell), card.words(lang), lang),
            ]
        ),
        *_figure(card, quantity, lang, apportioned=view.period["apportioned"]),
    ]
    if card.name == "residual":
        content += _verdict(view.period["residual"], lang)
    content += [*missing(quantity, lang), _trend(card, view, lang, theme)]
    content.append(_coverage_line(quantity, lang))
    value = quantity["value"]
    return html.Article(
        content,
        className=f"kpi kpi-{card.colour}",
        **attributes(
            data_kpi=card.name,
            data_m3="" if value is None else repr(float(value)),
        ),
    )


def _coverage_card(view: View, lang: Language) -> html.Article:
    period = view.period
    parts = (
        (mark("Inflow"), period["inflow"]),
        (mark("Outflow"), period["outflow"]),
        (mark("Use"), totals.use(period)),
    )
    covered = [q["coverage"] for _, q in parts if q["coverage"] is not None]
    mean = sum(covered) / len(covered) if covered else None
    shares = totals.coverage(period)["status_shares"]
    ordered = [(s, shares[s]) for s in STATUSES if shares.get(s, 0.0) >= _LEAST_SHARE]
    return html.Article(
        [
            html.Header(html.H2(lang.gettext("Coverage"))),
            html.P(
                html.Span(fmt.percent(mean, lang), className="number"),
                className="value",
            ),
            html.P(lang.gettext("Mean of inflow, outflow and use"), className="unsure"),
            html.Ul(
                [
                    html.Li(
                        [
                            html.Span(lang.gettext(label)),
                            html.B(fmt.percent(q["coverage"], lang)),
                        ]
                    )
                    for label, q in parts
                ],
                className="parts",
            ),
            html.Div(
                [
                    html.Div(
                        style={"width": f"{100 * share:.2f}%"}, className=f"fill-{name}"
                    )
                    for name, share in ordered
                ],
                className="shares",
                **attributes(aria_hidden="true"),
            ),
            html.P(
                [
                    html.Span(
                        f"{lang.gettext(STATUSES[name])} {fmt.percent(share, lang)}",
                        className=f"key key-{name}",
                    )
                    for name, share in ordered
                ],
                className="keys",
            ),
        ],
        className="kpi kpi-accent",
        **attributes(data_kpi="coverage"),
    )


def strip(
    view: View, lang: Language, theme: str, sector: str = ""
) -> list[html.Article]:
    """All key figures of the period."""
    return [
        *(_card(card, view, lang, theme) for card in cards(sector)),
        _coverage_card(view, lang),
    ]


def _bounded(card: Card, period: Period) -> Quantity:
    """Give a key figure; the known part of a signed one bounds nothing."""
    quantity = card.quantity(period)
    if card.signed and quantity["value"] is None:
        return {**quantity, "known": None}
    return quantity


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """All key figures, for this period and the one a year before."""
    say = lang.gettext
    shown = view.load(reader, state)
    rows = [
        {
            "name": card.words(lang),
            "now": _bounded(card, shown.period),
            "before": _bounded(card, shown.before) if shown.before else None,
            "z": shown.period["residual"]["z"] if card.name == "residual" else None,
            "cell": card.cell,
        }
        for card in cards(state.sector)
    ]
    columns = (
        Column("name", say("Figure")),
        Column("now", say("This period"), kind="quantity"),
        Column("before", say("The same a year before"), kind="quantity"),
        Column("z", "z", kind="number", digits=2),
        Column("now", say("Coverage"), kind="covered"),
        Column("now", say("Status"), kind="known"),
    )
    return Sheet(say("Key figures"), columns, rows)


#: The strip has no panel of its own; downloads and Explain have its table.
FIGURES = Exhibit("figures", mark("Key figures"), "", "", sheet, on_page=False)


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the strip, and the choice that only the whole country has."""

    @app.callback(Output("kpis", "children"), Input("state", "data"))
    def show_strip(data: Mapping[str, Any]) -> Any:
        state, lang = view.opened(data)
        try:
            shown = view.load(reader, state)
        except NotReadyError as error:
            return [insufficient(why(error, state, lang), lang)]
        return strip(shown, lang, state.theme, state.sector)

    @app.callback(Output(choice("level"), "disabled"), Input("state", "data"))
    def close_level(data: Mapping[str, Any]) -> bool:
        state, _ = view.opened(data)
        return view.geography(reader).kind(state.territory) != "country"
