"""Sealed figures of the territory, as they were signed."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ewater.dashboard.exhibits import Column, Exhibit, Facts, Sheet, reasons
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.editions import lists
from ewater.dashboard.questions import editions as questions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

#: Cells that the page shows; a file has all of the account.
KEY: Mapping[str, str] = MappingProxyType(
    {
        "balance.inflow": mark("Inflow"),
        "balance.outflow": mark("Outflow"),
        "balance.net_inflow": mark("Net inflow"),
        "balance.storage_change": mark("Storage change"),
        "balance.residual": mark("Residual"),
        "balance.use": mark("Use"),
    }
)
#: Cells of either sign.
SIGNED = frozenset({"balance.net_inflow", "balance.storage_change", "balance.residual"})


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Figures of one edition and territory, whole m3."""
    say = lang.gettext
    name = lists.chosen(reader, state)
    found = reader.ask(questions.figures, name, state.territory)
    periods = sorted({one["period"] for one in found})
    rows = [
        {
            "figure": say(label),
            "code": cell,
            "from": one["day"],
            "quantity": {
                "value": one["value"],
                # what is known of a figure with a sign bounds nothing
                "known": None
                if cell in SIGNED and one["value"] is None
                else one["known"],
                "u": one["u"],
                "coverage": one["coverage"],
                "status": one["status"],
                "status_shares": {},
                "missing": one["missing"],
            },
        }
        for cell, label in KEY.items()
        for period in periods
        for one in found
        if (one["cell"], one["period"]) == (cell, period)
    ]
    columns = (
        Column("figure", say("Figure")),
        Column("code", say("Cell"), kind="code", where="file"),
        Column("from", say("First day"), kind="date"),
        Column("quantity", say("Value"), kind="quantity"),
        Column("quantity", say("Coverage"), kind="covered"),
        Column("quantity", say("Status"), kind="known"),
    )
    return Sheet(
        say("Sealed figures of {edition}").format(edition=name),
        columns,
        rows,
        notes=[say("Sealed rounded to 1 m³.")],
        empty=say("This edition has no figures of this territory."),
        facts=Facts(edition=name),
    )


FIGURES = Exhibit(
    "figures",
    mark("Sealed figures"),
    mark("As they were signed, whatever came later."),
    "figures",
    sheet,
    unexplained=reasons.SEALED,
)
