"""The strip of the main indicators: value, uncertainty, class, five years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Input, Output, html

from ewater.dashboard import format as fmt
from ewater.dashboard import view
from ewater.dashboard.exhibits import Cell
from ewater.dashboard.exhibits.exhibit import why
from ewater.dashboard.exhibits.table import explain_button, insufficient
from ewater.dashboard.figures.sparkline import sparkline
from ewater.dashboard.html import attributes
from ewater.dashboard.pages.indicators import asked
from ewater.dashboard.theme import palette
from ewater.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.pages.indicators.asked import Classes
    from ewater.dashboard.queries import CachedReader

Years = list[tuple[int, dict[str, Any]]]


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the strip."""

    @app.callback(
        Output("indicators-cards", "children"),
        Input("state", "data"),
    )
    def show(data: Mapping[str, Any] | None) -> list[Any]:
        state, lang = view.opened(data)
        try:
            cells = asked.document(reader, state)["periods"][0]["cells"]
        except NotReadyError as error:  # what was shown before must go
            return [insufficient(why(error, state, lang), lang)]
        years = [(y, c) for y, c in asked.every_year(reader, state) if y <= state.year]
        return [
            _card(code, title, classes, cells[code], years, lang, state.theme)
            for code, title, classes in asked.CARDS
        ]


def _card(
    code: str,
    title: str,
    classes: Classes | None,
    cell: Mapping[str, Any],
    years: Years,
    lang: Language,
    theme: str,
) -> html.Article:
    say = lang.gettext
    unit = lang.unit(asked.shown_unit(cell["unit"])[0])
    value = asked.scaled(cell["value"], cell["unit"])
    content: list[Any] = [
        html.Header(
            [
                html.H2(say(title)),
                explain_button(Cell(f"{asked.VIEW}.{code}"), say(title), lang),
            ]
        )
    ]
    if value is None:
        content += [
            html.P(html.B(say("Insufficient data")), className="undefined"),
            html.P(asked.why(cell, lang), className="undefined"),
        ]
    else:
        half = asked.expanded(cell)
        content += [
            html.P(
                [
                    html.Span(fmt.figure(value, lang), className="number"),
                    html.Span(unit, className="unit"),
                ],
                className="value",
            ),
            html.Div(
                [
                    html.Span(
                        fmt.DASH
                        if half is None
                        else f"± {fmt.figure(half, lang)} (95 %)"
                    ),
                    *_class(classes, value, lang),
                ],
                className="unsure",
            ),
        ]
    content.append(_line(code, years, unit, lang, theme))
    return html.Article(
        content,
        className="kpi kpi-accent",
        **attributes(
            data_indicator=code, data_value="" if value is None else repr(value)
        ),
    )


def _class(classes: Classes | None, value: float, lang: Language) -> list[Any]:
    found = classes.of(value) if classes else None
    if found is None:
        return []
    word, colour = found
    verdict = {"good": "closed", "watch": "watch", "bad": "investigate"}[colour]
    return [html.Span(lang.gettext(word), className=f"badge verdict-{verdict}")]


def _line(code: str, years: Years, unit: str, lang: Language, theme: str) -> html.Div:
    values = [
        asked.scaled(cells[code]["value"], cells[code]["unit"]) for _, cells in years
    ]
    if all(value is None for value in values):
        return html.Div(className="trend")
    spoken = "; ".join(
        f"{year}: {fmt.figure(value, lang)} {unit}"
        for (year, _), value in zip(years, values, strict=True)
    )
    picture = sparkline(values, palette(theme)["accent"])
    return html.Div(
        html.Img(src=picture, alt=spoken, title=spoken, className="spark"),
        className="trend",
    )
