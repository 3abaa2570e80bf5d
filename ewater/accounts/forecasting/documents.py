"""A forecast of one territory as a document (docs/forecast.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.accounts.documents import finite
from ewater.accounts.forecasting.totals import Totals, summary
from ewater.series.calendars import labels

if TYPE_CHECKING:
    import pandas as pd

    from ewater.accounts.forecasting.make import Outlook

    Document = dict[str, Any]

_QUARTERS = 3


def document(code: str, outlook: Outlook, territory: str | None = None) -> Document:
    """Write the forecast of one territory, by default of the country, by month.

    Raises
    ------
    UsageError
        Unknown territory.
    """
    chosen = territory or country(outlook)
    totals = Totals(
        outlook.ledger, outlook.flow, outlook.accounts, outlook.stock, [chosen]
    )
    starts = labels(outlook.calendar, outlook.bounds)
    months = outlook.bounds.size - 1
    quantities = {name: totals(name)[0] for name in totals.names()}
    lost = {
        name: totals.missing(name, 0)
        for name, table in quantities.items()
        if table.size and table[0, 0] != table[0, 0]
    }
    return {
        "territory": chosen,
        "basis": "forecast",
        "unit": "m3",
        "forecast": code,
        "run": outlook.run,
        "as_of": outlook.as_of.isoformat(),
        "origin": starts[0],
        "members": outlook.members,
        "periods": [
            {
                "start": starts[month],
                "end": starts[month + 1],
                "quantities": {
                    name: summary(table[month]) | {"missing": lost.get(name, [])}
                    for name, table in quantities.items()
                },
            }
            for month in range(months)
        ],
        "reservoirs": {
            str(account): [summary(stock[month + 1]) for month in range(months)]
            for account, stock in zip(outlook.accounts, outlook.stock, strict=True)
        },
    }


def country(outlook: Outlook) -> str:
    """Code of the country."""
    ledger = outlook.ledger
    return str(ledger.territories[ledger.territory_kind == "country"][0])


def score_rows(scores: pd.DataFrame) -> list[Document]:
    """Scores of what was chosen beside those of the yardstick, worst skill last."""
    from ewater.accounts.forecasting.make import CHOSEN
    from ewater.forecast.candidates import YARDSTICK

    keys = ["kind", "code"]
    taken = scores[scores["candidate"] == CHOSEN]
    plain = scores.loc[scores["candidate"] == YARDSTICK, [*keys, "crps"]]
    now = scores.loc[scores["chosen"], [*keys, "candidate"]]
    table = (
        taken.drop(columns=["candidate", "chosen"])
        .merge(plain, on=keys, suffixes=("", "_climatology"))
        .merge(now, on=keys)
    )
    rows = [
        {str(name): finite(v) if isinstance(v, float) else v for name, v in row.items()}
        for row in table.to_dict("records")
    ]
    for row in rows:
        usual, own = row["crps_climatology"], row["crps"]
        row["skill"] = 1 - own / usual if usual and own is not None else None
    return sorted(rows, key=lambda r: -(r["skill"] if r["skill"] is not None else -9))
