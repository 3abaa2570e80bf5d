"""A scenario beside its forecast as a document and as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.documents import finite
from ewater.accounts.forecasting.documents import country
from ewater.accounts.forecasting.totals import Totals, summary
from ewater.series.calendars import labels
from ewater.units import HM3

if TYPE_CHECKING:
    from ewater.accounts.forecasting.make import Outlook

    Document = dict[str, Any]

_LEVELS = ("storage",)
_BAND = ("0.1", "0.9")  # quantiles of each month


def document(
    name: str,
    forecast: tuple[str, Outlook],
    scenario: tuple[str, Outlook],
    notes: Document,
    territory: str | None = None,
) -> Document:
    """Write a scenario of one territory beside the forecast that it changes.

    Only some futures are shared out. A scenario that leaves the inflow as it is told as
    the whole forecast and what it changes in those: else it would seem to change what
    other futures of the forecast have otherwise.
    """
    base, made = forecast[1], scenario[1]
    chosen = territory or country(base)
    both = [
        Totals(one.ledger, one.flow, one.accounts, one.stock, [chosen])
        for one in (base, made)
    ]
    same = notes.get("futures")
    starts = labels(base.calendar, base.bounds)
    quantities = {}
    for quantity in both[0].names():
        before, after = (totals(quantity)[0] for totals in both)
        if same is not None:
            rest = before.mean(axis=1) - before[:, same].mean(axis=1)
            after = after + rest[:, None]
        level = quantity in _LEVELS
        months = [summary(month)["quantiles"] or {} for month in after]
        quantities[quantity] = {
            "forecast": summary(before[-1] if level else before.sum(axis=0)),
            "scenario": summary(after[-1] if level else after.sum(axis=0)),
            "forecast_months": [finite(v) for v in before.mean(axis=1)],
            "scenario_months": [finite(v) for v in after.mean(axis=1)],
            "scenario_low": [month.get(_BAND[0]) for month in months],
            "scenario_high": [month.get(_BAND[1]) for month in months],
        }
    return {
        "scenario": name,
        "territory": chosen,
        "basis": "forecast",
        "unit": "m3",
        "forecast": forecast[0],
        "code": scenario[0],
        "as_of": base.as_of.isoformat(),
        "starts": starts[:-1],
        "end": starts[-1],
        "members": made.members,
        "quantities": quantities,
        "deficits": notes["deficits"],
        "imbalance": made.gap,
    }


def rows(told: Document) -> list[Document]:
    """One row for each quantity, hm3 over all months (storage: at the end)."""
    found = []
    for name, one in told["quantities"].items():
        before, after = one["forecast"]["mean"], one["scenario"]["mean"]
        if before is not None and max(abs(before), abs(after or 0)) < 1e4:
            continue
        known = before is not None and after is not None
        band = one["scenario"]["quantiles"] or {}
        found.append(
            {
                "quantity": name,
                "forecast_hm3": _hm3(before),
                "scenario_hm3": _hm3(after),
                "change_hm3": _hm3(after - before) if known else None,
                "q10_hm3": _hm3(band.get("0.1")),
                "q90_hm3": _hm3(band.get("0.9")),
            }
        )
    return found


def lines(told: Document) -> list[str]:
    """Say who goes short, and what could not be balanced."""
    found = [
        f"{told['members']} futures, {told['starts'][0][:7]} to {told['end'][:7]}; "
        f"scenario {told['code'][:12]} over forecast {told['forecast'][:12]}"
    ]
    short = False
    for sector, one in told["deficits"].items():
        want, lack = sum(one["demand"]), sum(one["deficit"])
        if lack > 1e4:
            short = True
            worst = int(np.argmax(one["deficit"]))
            found.append(
                f"{sector} lacks {lack / HM3:,.1f} of {want / HM3:,.0f} hm3 "
                f"({lack / want:.1%}), in {one['futures_short']:.0%} of the futures; "
                f"most in {told['starts'][worst][:7]}"
            )
    if not short:
        found.append("nobody goes short")
    found += [
        f"{account} does not balance by up to {rest / HM3:,.3f} hm3 a month"
        for account, rest in sorted(told["imbalance"].items())
    ]
    return found


def _hm3(volume: float | None) -> float | None:
    return None if volume is None else round(volume / HM3, 1)
