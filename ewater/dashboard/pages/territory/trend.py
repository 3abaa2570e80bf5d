"""The same period of every year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import totals, view
from ewater.dashboard.exhibits import Cell, Column, Exhibit, Sheet
from ewater.dashboard.figures.trend import Line, height_of, trend
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import use_words
from ewater.dashboard.words import year_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from ewater.dashboard.answers import Period, Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

#: Key, words, colour, whether it has a sign, and where it stands in a period.
LINES: tuple[tuple[str, str, str, bool, Callable[[Period], Quantity]], ...] = (
    ("inflow", mark("Inflow"), "inflow", False, lambda p: p["inflow"]),
    ("outflow", mark("Outflow"), "outflow", False, lambda p: p["outflow"]),
    ("use", mark("Use"), "use", False, totals.use),
    (
        "storage_change",
        mark("Storage change"),
        "storage",
        True,
        lambda p: p["storage_change"],
    ),
    ("residual", mark("Residual"), "residual", True, lambda p: p["residual"]),
)


def _words(key: str, words: str, state: State, lang: Language) -> str:
    return use_words(state.sector, lang) if key == "use" else lang.gettext(words)


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Account of the period in every year with an account."""
    say = lang.gettext
    rows = [
        {
            "year": year_words(year, state.first_month),
            **{key: quantity(period) for key, *_, quantity in LINES},
            "use": totals.use(period, state.sector),
            "z": period["residual"]["z"],
            "coverage": totals.coverage(period),
            "cell": Cell(
                "balance.residual", start=period["start"][:10], end=period["end"][:10]
            ),
        }
        for year, period in view.every_year(reader, state)
    ]
    columns = (
        Column("year", say("Year")),
        *(
            Column(
                key,
                _words(key, words, state, lang),
                kind="signed" if signed else "quantity",
            )
            for key, words, _, signed, _ in LINES
        ),
        Column("z", "z", kind="number", digits=2),
        Column("coverage", say("Coverage"), kind="covered"),
    )
    return Sheet(
        say("Year by year"),
        columns,
        rows,
        notes=[
            say("The band is ± U (95 %)."),
            say("A gap breaks the line; a hollow triangle is what is known of a year."),
        ],
    )


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw each quantity over the years."""
    lines = [
        Line(
            name=_words(key, words, state, lang),
            colour=colour,
            quantities=[row[key] for row in shown.rows],
            signed=signed,
        )
        for key, words, colour, signed, _ in LINES
        if any(row[key]["value"] is not None or row[key]["known"] for row in shown.rows)
    ]
    years = [row["year"] for row in shown.rows]
    return trend(years, lines, theme=state.theme, lang=lang)


TREND = Exhibit(
    "trend",
    mark("Year by year"),
    mark("The period shown in every year with an account; the band is 95 %."),
    "trend",
    sheet,
    chart,
    height_of(len(LINES)),
)
