"""The annual balance: years past, this one expected, the next one forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Input, Output, html

from ewater.accounts.forecasting import statutory_tables as tables
from ewater.dashboard import view
from ewater.dashboard.exhibits import Cell, Column, Exhibit, Facts, Sheet
from ewater.dashboard.figures.compare import HEIGHT, Series, sides
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.forecast import asked
from ewater.dashboard.questions.annual import annual_balance, newest_annual

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

#: Why there is none, for the panel and for the printed form.
NO_BALANCE = mark(
    "No forecast is kept that reaches the end of next year: `ewater statutory` makes "
    "one, and the balance over it."
)
_FORM = mark("Statutory form")
_KINDS = ("xlsx", "pdf")
_AHEAD = {"expected": ("outflow", 1.0), "forecast": ("accent", 1.0)}
_PALER = 0.28  # a year further back, of which the colour fades
_LINK = "forecast-annual-form-{}"


def document(reader: CachedReader, state: State) -> dict[str, Any] | None:
    """Newest annual balance of the territory; None if there is no forecast for one."""
    code = reader.ask(newest_annual, asked.minute())
    found: dict[str, Any] | None = (
        None if code is None else reader.ask(annual_balance, code, state.territory)
    )
    return found


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Rows of the form, a column for each period."""
    say = lang.gettext
    found = document(reader, state)
    if found is None:
        return Sheet(say("Annual balance"), (), (), empty=say(NO_BALANCE))
    last = found["year"] - 1
    rows = []
    for row in found["rows"]:
        words = f"{row['number'] or ''} {row['label'][lang.code]}".strip()
        made: dict[str, Any] = {"row": words}
        for column in found["columns"]:
            cell = column["cells"][row["code"]]
            made[column["code"]] = cell
            made[f"{column['code']}-low"] = cell.get("low")
            made[f"{column['code']}-high"] = cell.get("high")
        if str(last) in made:
            made["cell"] = Cell(
                f"{found['view']}.{row['code']}",
                start=f"{last}-01-01",
                end=f"{last + 1}-01-01",
            )
        rows.append(made)
    columns = [Column("row", say("Item"))]
    for column in found["columns"]:
        words = tables.heading(column, lang.code)
        columns.append(Column(column["code"], words, kind="quantity"))
        if column["basis"] != "actual":
            quantile = say("{level} % quantile")
            columns += [
                Column(
                    f"{column['code']}-{end}",
                    f"{words}, {quantile.format(level=level)}",
                    kind="volume",
                    where="file",
                )
                for end, level in (("low", 10), ("high", 90))
            ]
    return Sheet(
        tables.title(found, lang.code),
        columns,
        rows,
        notes=tables.notes(found | {"notices": []}, lang.code),  # above every page
        facts=Facts(as_of=found["as_of"]),
        data=found,
    )


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the main rows, year beside year."""
    found = shown.data
    rows = [
        row
        for row in found["rows"]
        if row["unit"] == "m3" and "." not in str(row["number"] or ".")
    ]
    annual = [column for column in found["columns"] if not column["quarter"]]
    cells = [[column["cells"][row["code"]] for row in rows] for column in annual]
    past = sum(column["basis"] not in _AHEAD for column in annual)
    signed = [
        any((c["known"] or 0) < 0 for c in row) for row in zip(*cells, strict=True)
    ]
    return sides(
        [row["label"][lang.code] for row in rows],
        [
            Series(
                name=tables.heading(column, lang.code),
                quantities=of,
                signed=signed,
                colour=_AHEAD.get(column["basis"])
                or ("muted", max(1 - _PALER * (past - 1 - n), _PALER)),
            )
            for n, (column, of) in enumerate(zip(annual, cells, strict=True))
        ],
        theme=state.theme,
        lang=lang,
    )


def controls(state: State, lang: Language) -> list[Any]:
    """Take the form itself, as it is handed in."""
    del state
    words = lang.gettext(_FORM)
    return [
        html.A(f"{words}, {kind.upper()}", id=_LINK.format(kind), className="download")
        for kind in _KINDS
    ]


def register(app: Dash) -> None:
    """Let the addresses of the form follow the view."""

    @app.callback(
        *(Output(_LINK.format(kind), "href") for kind in _KINDS),
        Input("state", "data"),
    )
    def lead(data: Mapping[str, Any] | None) -> list[str]:
        state, _ = view.opened(data)
        query = state.query_of_run()
        return [f"/download/annual-balance.{kind}{query}" for kind in _KINDS]


ANNUAL = Exhibit(
    "annual",
    mark("Annual balance"),
    mark("Three years as they were, this one expected, the next one forecast."),
    "annual",
    sheet,
    chart,
    HEIGHT,
    controls=controls,
)
