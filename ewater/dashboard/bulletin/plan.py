"""What stands on which page of a bulletin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import view
from ewater.dashboard.exhibits import Column, Exhibit, Sheet
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.overview import areas, cards, flows, tables
from ewater.dashboard.theme import axis, base_layout, palette
from ewater.dashboard.words import year_words
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State


def years_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Key figures of the same period of each year up to the one shown."""
    say = lang.gettext
    history = view.load(reader, state).history
    rows = [
        {
            "year": year_words(year, state.first_month),
            **{card.name: card.quantity(period) for card in cards.CARDS},
            "z": period["residual"]["z"],
        }
        for year, period in history
    ]
    columns = (
        Column("year", say("Year")),
        *(
            Column(
                card.name,
                say(card.title),
                kind="signed" if card.signed else "quantity",
            )
            for card in cards.CARDS
        ),
        Column("z", "z", kind="number", digits=2),
    )
    return Sheet(say("The same period of past years"), columns, rows)


def years_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw inflow, outflow and use of each year."""
    drawn = [card for card in cards.CARDS if not card.signed]
    names = [str(row["year"]) for row in shown.rows]
    return bars(
        [
            (lang.gettext(card.title), card.colour, names, _of(shown, card.name))
            for card in drawn
        ],
        state,
        lang,
    )


def sectors_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw use and consumption of each sector."""
    rows = [row for row in shown.rows if not row.get("total")]
    names = [row["sector"] for row in rows]
    kinds = (
        ("use", "use", lang.gettext("Use")),
        ("consumption", "outflow", lang.gettext("Consumption")),
    )
    return bars(
        [
            (words, colour, names, [row[key] for row in rows])
            for key, colour, words in kinds
        ],
        state,
        lang,
    )


def _of(shown: Sheet, key: str) -> list[Quantity]:
    return [row[key] for row in shown.rows]


def bars(
    kinds: Sequence[tuple[str, str, list[str], list[Quantity]]],
    state: State,
    lang: Language,
) -> dict[str, Any]:
    """Draw known values side by side with their uncertainty; the unknown has no bar."""
    colours = palette(state.theme)
    return {
        "data": [
            {
                "type": "bar",
                "name": name,
                "x": at,
                "y": [None if q["value"] is None else q["value"] / HM3 for q in values],
                "error_y": {
                    "type": "data",
                    "array": [
                        None if q["u"] is None else fmt.EXPANSION * q["u"] / HM3
                        for q in values
                    ],
                    "thickness": 1.4,
                    "width": 4,
                },
                "marker": {"color": colours[colour]},
            }
            for name, colour, at, values in kinds
        ],
        "layout": {
            **base_layout(state.theme, lang),
            "barmode": "group",
            "xaxis": axis(state.theme, type="category"),
            "yaxis": axis(state.theme, title={"text": fmt.UNIT}),
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        },
    }


YEARS = Exhibit(
    "years", mark("The same period of past years"), "", "", years_sheet, years_chart
)
MAP = replace(areas.MAP, hint="")  # paper is not clicked
SECTORS = replace(tables.SECTORS_USE, chart=sectors_chart)


@dataclass(frozen=True, slots=True)
class Place:
    """An exhibit on a page of paper: its chart's height (px) and its longest table."""

    exhibit: Exhibit
    chart: int = 0
    rows: int = 0


#: The left half of the first page, then the right one from top to bottom.
SUMMARY = (
    Place(tables.MONTHS, chart=420),
    Place(tables.SECTORS_USE, rows=9),
    Place(tables.NEIGHBOURS, chart=170),
)
#: The pages between the summary and the last one, which explains.
CHAPTERS = (
    (Place(cards.FIGURES, rows=8), Place(YEARS, chart=250, rows=6)),
    (Place(flows.SANKEY, chart=560),),
    (Place(flows.SANKEY, rows=22),),
    (Place(MAP, chart=330, rows=9),),
    (Place(tables.MONTHS, chart=250, rows=12),),
    (Place(SECTORS, chart=300, rows=8),),
    (Place(tables.NEIGHBOURS, chart=300, rows=8),),
    (Place(tables.PUBLISHED, rows=16),),
)
PAGES = (1, len(CHAPTERS) + 2)
