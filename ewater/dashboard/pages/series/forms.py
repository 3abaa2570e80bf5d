"""The two forms of the series page: values of a day, and a verdict on readings."""

from __future__ import annotations

import datetime as dt
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import dcc, html

from ewater.dashboard.components import options, panel, picker
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.series import chosen
from ewater.dashboard.pages.series.line import flag_words
from ewater.dashboard.pages.series.tables import clocks
from ewater.dashboard.reading_labels import APPROVALS
from ewater.written import typed_day

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ewater.dashboard.i18n import Language

MOST_ROWS = 300  # more are corrected with a file
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "keep": mark("each keeps its flag"),
        "pass": mark("all pass"),
        "suspect": mark("all suspect"),
        "fail": mark("all fail"),
    }
)
SPANS: Mapping[str, str] = MappingProxyType(
    {"day": mark("The day chosen"), "time": mark("All the time shown")}
)


def number_of(text: str | None) -> float | None:
    """Read a number as people type it; nothing typed is None.

    Examples
    --------
    >>> number_of(" 12,5 "), number_of("−3"), number_of("1 200"), number_of("")
    (12.5, -3.0, 1200.0, None)
    >>> number_of("1.234,5")
    Traceback (most recent call last):
    ...
    ValueError: 1.234,5
    """
    written = "".join((text or "").split()).replace("−", "-")
    if not written:
        return None
    if not _NUMBER.fullmatch(written):
        raise ValueError(text)
    return float(written.replace(",", "."))


def entry_panel(lang: Language) -> html.Section:
    """Make the empty form of a day's values."""
    say = lang.gettext
    return panel(
        "series-entry",
        say("Enter or correct values"),
        say("Only what you type changes. What stood before stays on record."),
        _day(lang),
        html.Div(id="series-entry-why"),
        html.Div(
            [
                html.Div(id="series-entry-rows"),
                _reason("series-entry-reason", lang),
                _button("series-entry-save", say("Save the values")),
            ],
            id="series-entry-form",
            hidden=True,
        ),
        html.P(id="series-entry-said", className="said", role="status"),
        dcc.Store(id="series-seen"),
        area="entry",
    )


def _day(lang: Language) -> html.Div:
    """Choose the day that is listed and edited."""
    say = lang.gettext
    return html.Div(
        [
            html.Label(say("Day"), htmlFor="series-day"),
            dcc.Input(
                id="series-day",
                type="text",
                pattern=r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4}",
                placeholder=typed_day(dt.date(2025, 1, 31), lang.code),
                debounce=True,
                className="day",
            ),
            picker("series-day", "date", say("Choose a day"), submits=True),
            _step("series-day-before", "‹", say("The day before")),
            _step("series-day-after", "›", say("The day after")),
        ],
        className="choose-day",
    )


def _step(name: str, sign: str, words: str) -> html.Button:
    return html.Button(
        sign, id=name, type="button", title=words, **attributes(aria_label=words)
    )


def _reason(name: str, lang: Language) -> dmc.Textarea:
    return dmc.Textarea(
        id=name,
        label=lang.gettext("Reason"),
        description=lang.gettext("Kept with the readings, for everybody to see."),
        required=True,
        autosize=True,
        minRows=2,
    )


def _button(name: str, words: str) -> html.Button:
    return html.Button(words, id=name, type="button", className="save")


def verdict_panel(lang: Language) -> html.Section:
    """Make the form by which a person says how far readings were looked at."""
    say = lang.gettext
    common: dict[str, Any] = {"size": "sm", "allowDeselect": False}
    return panel(
        "series-verdict",
        say("Review or approve"),
        say("Outranks the tests; lapses where a value is revised."),
        html.Div(id="series-verdict-why"),
        html.Div(
            [
                dmc.Select(
                    id="series-verdict-span",
                    label=say("Readings"),
                    value="day",
                    data=options(SPANS, lang),
                    **common,
                ),
                dmc.Select(
                    id="series-verdict-level",
                    label=say("Level"),
                    value="reviewed",
                    data=options(APPROVALS, lang),
                    **common,
                ),
                dmc.Select(
                    id="series-verdict-flag",
                    label=say("Flag"),
                    value="keep",
                    data=options(FLAGS, lang),
                    **common,
                ),
                _reason("series-verdict-reason", lang),
                _button("series-verdict-save", say("Save the verdict")),
            ],
            id="series-verdict-form",
            className="verdict-form",
            hidden=True,
        ),
        html.P(id="series-verdict-said", className="said", role="status"),
        area="verdict",
    )


def rows(
    found: Mapping[str, Any],
    lang: Language,
    typed: Mapping[int, str] | None = None,
    gone: Collection[int] = (),
) -> html.Div:
    """Make the rows of a day: what stands, and a field for what should.

    Parameters
    ----------
    found
        Answer of `ewater.dashboard.questions.day.day`.
    typed, gone
        What the person has typed already, and marked to be taken back.
    """
    say = lang.gettext
    unit = chosen.unit(found["series"]["unit"], lang)
    heads = (
        say("Time"),
        ", ".join((say("Stands"), unit)),
        ", ".join((say("New value"), unit)),
        say("Take back"),
    )
    given = typed or {}
    body = [
        _row(row, time, lang, given.get(row["time"], ""), gone)
        for row, time in zip(found["rows"], clocks(found["rows"]), strict=True)
    ]
    return html.Div(
        html.Table(
            [
                html.Caption(say("Values of the day"), className="visually-hidden"),
                html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])),
                html.Tbody(body),
            ]
        ),
        className="table entry-rows",
        tabIndex=0,
        role="region",
        **attributes(aria_label=say("Values of the day")),
    )


def plain(value: float, lang: Language) -> str:
    """Write a value with all its digits, as it can be typed again."""
    text = f"{value:.12g}"
    digits = len(text.partition(".")[2]) if "e" not in text else 0
    return lang.number(value, digits) if "e" not in text else text


def _row(
    row: Mapping[str, Any],
    time: str,
    lang: Language,
    typed: str,
    gone: Collection[int],
) -> html.Tr:
    say = lang.gettext
    stands: Any = "—"
    if row["value"] is not None:
        sign = flag_words(row["flag"], lang)
        stands = [plain(row["value"], lang), html.Small(sign)]
    take_back: Any = ""
    if row["value"] is not None:
        take_back = dmc.Checkbox(
            id={"type": "entry-gone", "time": row["time"]},
            checked=row["time"] in gone,
            size="xs",
            **attributes(
                aria_label=say("Take back the reading of {time}").format(time=time)
            ),
        )
    field = dcc.Input(
        id={"type": "entry-value", "time": row["time"]},
        type="text",
        inputMode="numeric",
        value=typed,
        autoComplete="off",
        className="entry-value",
    )
    label = html.Label(
        [
            html.Span(
                say("New value of {time}").format(time=time),
                className="visually-hidden",
            ),
            field,
        ]
    )
    return html.Tr(
        [
            html.Th(time, scope="row"),
            html.Td(stands, className="number"),
            html.Td(label),
            html.Td(take_back),
        ]
    )
