"""Tables: the twins of the figures, the sectors, the published figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

from ewater.dashboard import format as fmt
from ewater.dashboard import totals
from ewater.dashboard.figures import flows as grouping
from ewater.dashboard.html import attributes
from ewater.dashboard.labels import SECTORS, item_label
from ewater.dashboard.pages.overview.cards import badge, missing
from ewater.dashboard.published import compare
from ewater.terms import SECTORS as SECTOR_ORDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.figures.flows import Link
    from ewater.dashboard.figures.neighbours import Row
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import Names, Period, Published, Quantity

Cell = Any


def table(
    caption: str,
    heads: Sequence[Cell],
    rows: Sequence[Sequence[Cell]],
    *,
    text_columns: int = 1,
) -> html.Div:
    """Make a table whose first column heads each row.

    ``text_columns`` columns from the left hold words, the others numbers.
    """
    kinds = ["words" if i < text_columns else "number" for i in range(len(heads))]
    return html.Div(
        html.Table(
            [
                html.Caption(caption, className="visually-hidden"),
                html.Thead(
                    html.Tr(
                        [
                            html.Th(head, scope="col", className=kind)
                            for head, kind in zip(heads, kinds, strict=True)
                        ]
                    )
                ),
                html.Tbody(
                    [
                        html.Tr(
                            [
                                html.Th(row[0], scope="row"),
                                *(
                                    html.Td(cell, className=kind)
                                    for cell, kind in zip(
                                        row[1:], kinds[1:], strict=True
                                    )
                                ),
                            ]
                        )
                        for row in rows
                    ]
                ),
            ]
        ),
        className="table",
        tabIndex=0,
        role="region",
        **attributes(aria_label=caption),
    )


def empty(words: str) -> html.P:
    """Say why there is nothing to see."""
    return html.P(words, className="empty")


def _how_known(quantity: Quantity, lang: Language) -> Cell:
    return [badge(quantity["status"], lang), *missing(quantity, lang)]


def flow_table(links: Sequence[Link], names: dict[str, Names], lang: Language) -> Any:
    """Twin of the flow diagram, largest first."""
    ordered = sorted(links, key=lambda link: -link.volume)
    rows = [
        (
            grouping.node_name(link.source, names, lang),
            grouping.node_name(link.target, names, lang),
            _link_amount(link, lang),
            fmt.expanded(link.u, lang) if link.volume else fmt.DASH,
            badge(link.status, lang),
        )
        for link in ordered
    ]
    heads = [
        lang.gettext("From"),
        lang.gettext("To"),
        fmt.with_unit(lang.gettext("Volume")),
        lang.gettext("± U (95 %), at most"),
        lang.gettext("Status"),
    ]
    return table(lang.gettext("From source to use"), heads, rows, text_columns=2)


def _link_amount(link: Link, lang: Language) -> str:
    if not link.missing:
        return fmt.hm3(link.volume, lang)
    return f"≥ {fmt.hm3(link.volume, lang)}" if link.volume else fmt.DASH


def month_table(periods: Sequence[Period], lang: Language) -> Any:
    """Twin of the monthly figure."""
    rows = []
    for i, period in enumerate(periods):
        residual = period["residual"]
        rows.append(
            (
                lang.month(i + 1, "wide"),
                fmt.amount(period["inflow"], lang),
                fmt.amount(period["outflow"], lang),
                fmt.amount(period["storage_change"], lang, signed=True),
                fmt.amount(residual, lang, signed=True),
                fmt.expanded(residual["u"], lang),
                fmt.percent(totals.coverage(period)["coverage"], lang),
            )
        )
    heads = [
        lang.gettext("Month"),
        lang.gettext("Inflow"),
        lang.gettext("Outflow"),
        lang.gettext("Storage change"),
        lang.gettext("Residual"),
        fmt.UNCERTAINTY,
        lang.gettext("Coverage"),
    ]
    caption = fmt.with_unit(lang.gettext("Month by month"))
    return table(caption, heads, rows)


def sector_table(period: Period, before: Period | None, lang: Language) -> Any:
    """Use of each sector; a share is given only where the whole is known."""
    whole = totals.use(period)
    earlier = before["sectors"] if before else {}
    rows: list[Sequence[Cell]] = []
    for code in SECTOR_ORDER:
        if code not in period["sectors"]:
            continue
        sector = period["sectors"][code]
        use = sector["use"]
        then = earlier.get(code)
        rows.append(
            (
                html.Span(lang.gettext(SECTORS[code]), className=f"sector fill-{code}"),
                _with_uncertainty(use, lang),
                share(use, whole, lang),
                fmt.amount(sector["gross_use"], lang),
                fmt.amount(sector["consumption"], lang),
                fmt.change(use, then["use"] if then else None, lang),
                fmt.percent(use["coverage"], lang),
                _how_known(use, lang),
            )
        )
    if not rows:
        return empty(lang.gettext("No sector uses water inside this boundary."))
    total_before = totals.use(before) if before else None
    rows.append(
        (
            html.B(lang.gettext("All sectors")),
            html.B(_with_uncertainty(whole, lang)),
            fmt.percent(1.0, lang) if whole["value"] else fmt.DASH,
            "",
            "",
            fmt.change(whole, total_before, lang),
            fmt.percent(whole["coverage"], lang),
            _how_known(whole, lang),
        )
    )
    heads = [
        lang.gettext("Sector"),
        [fmt.with_unit(lang.gettext("Use")), " ", html.Small(fmt.UNCERTAINTY)],
        lang.gettext("Share"),
        lang.gettext("Gross use"),
        lang.gettext("Consumption"),
        lang.gettext("Change"),
        lang.gettext("Coverage"),
        lang.gettext("Status"),
    ]
    return table(fmt.with_unit(lang.gettext("Use by sector")), heads, rows)


def _with_uncertainty(quantity: Quantity, lang: Language) -> list[Cell]:
    unsure = fmt.expanded(quantity["u"], lang)
    return [fmt.amount(quantity, lang), html.Small(unsure)]


def share(part: Quantity, whole: Quantity, lang: Language) -> str:
    """Write a part of a whole; unknown as soon as either is."""
    if part["value"] is None or not whole["value"]:
        return fmt.DASH
    return fmt.percent(part["value"] / whole["value"], lang, 1)


def neighbour_table(
    rows: Sequence[tuple[str, Quantity, Quantity]],
    re_entering: Row | None,
    lang: Language,
) -> Any:
    """Twin of the figure of neighbours."""
    lines: list[Sequence[Cell]] = [
        (
            name,
            fmt.amount(inflow, lang),
            fmt.expanded(inflow["u"], lang),
            fmt.amount(outflow, lang),
            fmt.expanded(outflow["u"], lang),
        )
        for name, inflow, outflow in rows
    ]
    if re_entering is not None:
        name, quantity = re_entering
        both = (fmt.amount(quantity, lang), fmt.expanded(quantity["u"], lang))
        lines.append((name, *both, *both))
    heads = [
        lang.gettext("Neighbour"),
        fmt.with_unit(lang.gettext("Inflow")),
        fmt.UNCERTAINTY,
        fmt.with_unit(lang.gettext("Outflow")),
        fmt.UNCERTAINTY,
    ]
    return table(lang.gettext("Exchange with neighbours"), heads, lines)


def area_table(
    head: str,
    rows: Sequence[tuple[str, Quantity, Quantity, Quantity, float | None]],
    lang: Language,
) -> Any:
    """Twin of the map: every measure of every territory drawn."""
    lines = [
        (
            name,
            fmt.amount(use, lang),
            fmt.amount(inflow, lang),
            fmt.amount(residual, lang, signed=True),
            fmt.DASH if z is None else lang.number(z, 2),
            fmt.percent(inflow["coverage"], lang),
        )
        for name, use, inflow, residual, z in rows
    ]
    heads = [
        head,
        fmt.with_unit(lang.gettext("Use")),
        fmt.with_unit(lang.gettext("Inflow")),
        fmt.with_unit(lang.gettext("Residual")),
        "z",
        lang.gettext("Coverage"),
    ]
    return table(lang.gettext("Territories"), heads, lines)


def published_table(items: Sequence[Published], period: Period, lang: Language) -> Any:
    """Our figure beside what others published for the same year."""
    rows = []
    for item in items:
        ours, theirs, digits, unit = compare(item, period)
        difference = fmt.DASH
        if ours is not None and theirs:
            difference = fmt.signed_percent(ours / theirs - 1, lang)
        rows.append(
            (
                item_label(item["item"], lang),
                fmt.DASH if ours is None else lang.number(ours, digits),
                lang.number(theirs, digits),
                unit,
                difference,
                [
                    html.Span(item["source"], className="source"),
                    *([html.Small(item["note"])] if item["note"] else []),
                ],
            )
        )
    heads = [
        lang.gettext("Item"),
        lang.gettext("This account"),
        lang.gettext("Published"),
        lang.gettext("Unit"),
        lang.gettext("Difference"),
        lang.gettext("Source"),
    ]
    return table(lang.gettext("Compared with published figures"), heads, rows)
