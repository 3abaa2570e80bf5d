"""Periods of a view as reconciliation leaves them: adjusted, or raw and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts import documents
from ewater.accounts.documents import finite
from ewater.accounts.views import View
from ewater.balance.reconciliation.adjusted import adjusted
from ewater.balance.reconciliation.reconcile import reconcile
from ewater.balance.reconciliation.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.balance.reconciliation.adjusted import Adjusted
    from ewater.balance.reconciliation.reconcile import LedgerReconciliation

    Document = dict[str, Any]

_BESIDE = ("inflow", "outflow", "storage_change", "residual", "use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a period.

    ``view`` has this one period, reconciled; None where raw values stand.
    """

    view: View | None
    verdict: str
    gamma: float | None
    dof: int
    p: float | None
    suspects: tuple[str, ...]

    @property
    def said(self) -> Document:
        """Verdict and tests, as docs/balance-json.md describes them."""
        return {
            "verdict": self.verdict,
            "stands": "raw" if self.view is None else "reconciled",
            "gamma": self.gamma,
            "dof": self.dof,
            "p": self.p,
            "suspects": list(self.suspects),
        }


def settled(view: View, periods: Sequence[int]) -> dict[int, Settled]:
    """Reconcile some periods of a view, each on its own; what was done once is kept.

    See docs/decisions/0015-reconciled-by-period.md.
    """
    with view.settling:
        wanted = [n for n in periods if n not in view.settled]
        if wanted:
            view.settled |= _reconciled(view, range(min(wanted), max(wanted) + 1))
        return {n: view.settled[n] for n in periods}


def standing(view: View, period: int, version: str) -> tuple[View, int]:
    """View whose figures stand for a period, and the place of the period in it.

    Reconciled ones where they are asked for and not refused, else raw ones.
    """
    if version != "reconciled":
        return view, period
    found = settled(view, [period])[period].view
    return (view, period) if found is None else (found, 0)


def _reconciled(view: View, periods: range) -> dict[int, Settled]:
    flows = view.flows.within(periods)
    stocks = view.run.inputs.stocks.isel(instant=[*periods, periods[-1] + 1])
    found = reconcile(view.ledger, flows, stocks, boundary=view.boundary, errors=True)
    made = {}
    for n, period in enumerate(periods):
        one = adjusted(view.ledger, flows, stocks, found, n)
        of_it = None if one is None else _view(view, period, one)
        made[period] = _said(found, n, of_it)
    return made


def _said(found: LedgerReconciliation, n: int, view: View | None) -> Settled:
    result = found.result
    return Settled(
        view=view,
        verdict=Verdict(int(result.verdict[n])).name.lower(),
        gamma=finite(result.gamma[n]),
        dof=int(result.dof[n]),
        p=finite(result.p[n]),
        suspects=tuple(s.name for s in result.suspects if s.period == n),
    )


def _view(view: View, period: int, one: Adjusted) -> View:
    """View over one reconciled period, as if it were a run of its own."""
    run, inputs = view.run, view.run.inputs
    edges = run.bounds[period : period + 2]
    start = inputs.gaps["period_start"].to_numpy().astype("M8[us]").astype(np.int64)
    own = replace(
        inputs,
        sources=inputs.sources.isel(period=[period]),
        stocks=one.stocks,
        gaps=inputs.gaps[start == edges[0]],
    )
    return View(replace(run, bounds=edges, inputs=own), view.boundary, one)


def document(
    view: View, code: str, periods: Sequence[int], *, figures_only: bool = False
) -> Document:
    """Write the balance of a territory with reconciled figures, raw ones beside.

    Each period says in ``reconciliation`` what became of it; where raw values stand,
    they are the figures, and the residual with them. ``gaps`` and ``returns`` are
    those of the raw account.
    """
    raw = documents.document(view, code, periods, figures_only=figures_only)
    found = settled(view, periods)
    return raw | {
        "periods": [
            _beside(found[n], period, code)
            for n, period in zip(periods, raw["periods"], strict=True)
        ]
    }


def period_of(view: View, code: str, period: int) -> Document:
    """Write one period of one territory, as `document` does."""
    raw = documents.figures_of(view, code, period)
    return _beside(settled(view, [period])[period], raw, code)


def _beside(found: Settled, raw: Document, code: str) -> Document:
    said = found.said | {
        "raw": {
            name: {key: raw[name][key] for key in ("value", "u")} for name in _BESIDE
        }
    }
    if found.view is None:
        return raw | {"reconciliation": said}
    beside = {name: raw[name] for name in ("gaps", "returns") if name in raw}
    figures = documents.figures_of(found.view, code, 0)
    return figures | beside | {"reconciliation": said}
