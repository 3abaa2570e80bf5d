"""Lines of an account by their cell, whoever says them: a period, or an edition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import totals
from ewater.dashboard.labels import SECTORS, term_label
from ewater.terms import SECTORS as SECTOR_ORDER
from ewater.terms import TERMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.answers import Period, Quantity
    from ewater.dashboard.i18n import Language

#: What a period or an edition says, by cell as Explain takes it.
Lines = dict[str, "Quantity"]
MAIN = ("inflow", "outflow", "use", "storage_change", "residual")
SIGNED = ("balance.storage_change", "balance.residual")


def of_period(period: Period) -> Lines:
    """Take the lines of a period."""
    found: Lines = {
        f"balance.{name}": period[name]  # type: ignore[literal-required]
        for name in MAIN
        if name != "use"
    }
    found["balance.use"] = totals.use(period)
    for sector, measures in period["sectors"].items():
        found[f"balance.sectors.{sector}.use"] = measures["use"]
    for term, quantity in period["terms"].items():
        found[f"balance.terms.{term}"] = quantity
    return found


def of_figures(figures: list[Mapping[str, Any]], start: str) -> Lines:
    """Take the lines of an edition, of the period that begins then."""
    return {
        one["cell"]: {
            "value": one["value"],
            "known": one["known"],
            "missing": list(one["missing"]),
            "u": one["u"],
            "coverage": one["coverage"],
            "status": one["status"],
            "status_shares": {one["status"]: 1.0},
        }
        for one in figures
        if one["period"] == start
    }


def named(lang: Language) -> dict[str, str]:
    """Words of all lines, in their order, by cell."""
    say = lang.gettext
    return {
        "balance.inflow": say("Inflow"),
        "balance.outflow": say("Outflow"),
        "balance.use": say("Use"),
        "balance.storage_change": say("Storage change"),
        "balance.residual": say("Residual"),
        **{f"balance.sectors.{s}.use": say(SECTORS[s]) for s in SECTOR_ORDER},
        **{f"balance.terms.{term}": term_label(term, lang) for term in TERMS},
    }
