"""What the returns behind an account disagree on, and what was recirculated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.pipeline import Descendants
from ewater.balance.reported import with_sector
from ewater.balance.returns import approved, recirculation, settle, transactions

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    Document = dict[str, Any]

_MEASURES = ("recirculated", "fresh", "rate")


class Returned:
    """Returns of a country on the periods of one account."""

    def __init__(
        self, frames: Mapping[str, pd.DataFrame], bounds: NDArray[np.int64]
    ) -> None:
        self.bounds = bounds
        self.settled = settle(approved(frames["reports"]))
        self.deals = transactions(self.settled.reports, bounds)
        places = with_sector(frames["enterprises"], frames["sectors"])
        self.sector = _texts(places, "sector")
        self.place = _texts(places, "territory")
        self.below = Descendants(frames["territories"])

    def of(self, territory: str) -> list[Document]:
        """Write, period by period, what docs/balance-json.md calls ``returns``."""
        inside = self.below(territory)
        mine = {code for code, place in self.place.items() if place in inside}
        count = len(self.bounds) - 1
        unmatched: list[list[Document]] = [[] for _ in range(count)]
        for deal in self.deals.to_dict("records"):
            apart = deal["unmatched"] != 0  # NaN is, too: one side did not report
            if apart and {deal["supplier"], deal["user"]} & mine:
                unmatched[deal["period"]].append(_deal(deal))
        rates = self._rates(mine)
        revised = self._revised(mine)
        return [
            {
                "unmatched": unmatched[n],
                "revised": revised[n],
                "recirculation": rates[n],
            }
            for n in range(count)
        ]

    def _rates(self, mine: set[str]) -> list[Document]:
        reports = self.settled.reports
        users = reports["enterprise"].isin(mine) | reports["counterparty"].isin(mine)
        sectors = {code: s for code, s in self.sector.items() if code in mine}
        found = recirculation(reports[users], sectors, self.bounds)
        names = sorted({key.partition(".")[0] for key in found})
        return [
            {
                sector: {m: _finite(found[f"{sector}.{m}"][n]) for m in _MEASURES}
                for sector in names
                if np.isfinite(found[f"{sector}.recirculated"][n])
            }
            for n in range(len(self.bounds) - 1)
        ]

    def _revised(self, mine: set[str]) -> list[list[Document]]:
        """List returns that longer ones overruled, in each period they touch."""
        rows: list[list[Document]] = [[] for _ in range(len(self.bounds) - 1)]
        table = self.settled.revised
        for row in table[table["enterprise"].isin(mine)].to_dict("records"):
            start, end = row["period_start"], row["period_end"]
            first = np.searchsorted(self.bounds, start.value // 1000, side="right") - 1
            last = np.searchsorted(self.bounds, end.value // 1000)
            told = {
                "enterprise": row["enterprise"],
                "item": row["item"],
                "start": start.isoformat(),
                "end": end.isoformat(),
                **{n: _finite(row[n]) for n in ("whole", "parts", "difference")},
            }
            for n in range(max(int(first), 0), min(int(last), len(rows))):
                rows[n].append(told)
        return rows


def _deal(deal: Mapping[Any, Any]) -> Document:
    names = ("supplied", "received", "unmatched")
    return {
        "supplier": deal["supplier"],
        "user": deal["user"],
        **{name: _finite(deal[name]) for name in names},
    }


def _texts(frame: pd.DataFrame, column: str) -> dict[str, str]:
    given = frame[frame[column].notna()]
    return dict(zip(given["code"].astype(str), given[column].astype(str), strict=True))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
