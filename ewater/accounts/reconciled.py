"""Reconciliation of a run beside its raw figures (METHODS 5, docs/balance-json.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.documents import finite
from ewater.accounts.origins import Origins
from ewater.balance.reconciliation.reconcile import reconcile
from ewater.balance.reconciliation.result import Standing, Verdict
from ewater.balance.reconciliation.territory import QUANTITIES, TerritoryTotals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.accounts.views import View
    from ewater.balance.reconciliation.result import Suspect
    from ewater.balance.reconciliation.settle import Policy

    Document = dict[str, Any]

_TESTS = ("gamma", "dof", "p", "first_gamma", "first_dof", "first_p")
_TELLING = (Standing.REDUNDANT, Standing.OBSERVABLE, Standing.SUSPECT)


class Reconciliation:
    """A view reconciled, and the totals of one territory with it.

    All flows, changes of storage and territories of a period are one solve, so that
    what a basin and the country say of a flow agrees by construction. Each period is
    solved on its own (docs/decisions/0015-reconciled-by-period.md).

    Attributes
    ----------
    found : LedgerReconciliation
        The solved ledger with all its tests.
    """

    def __init__(
        self, view: View, territory: str, policy: Policy | None = None
    ) -> None:
        self.view = view
        self.asked = TerritoryTotals.of(
            view.ledger, view.flows, view.boundary, territory
        )
        self.found = reconcile(
            view.ledger,
            view.flows,
            view.run.inputs.stocks,
            boundary=view.boundary,
            totals=self.asked.totals,
            policy=policy,
        )
        self.totals = self.asked.read(self.found)
        self.touching = _touching(view, territory)
        self._tables = {n: a.values for n, a in self.found.flows().data_vars.items()}

    def add_to(self, document: Document) -> Document:
        """Add to a document of this territory what reconciliation says.

        Returns
        -------
        dict
            With ``reconciliation`` in each period, beside the raw figures, and the
            ``sources`` that it names.
        """
        entries = [self._period(n, raw) for n, raw in enumerate(document["periods"])]
        named = {name for entry in entries for name in _names(entry)}
        origins = Origins(self.view)
        return document | {
            "periods": [
                raw | {"reconciliation": entry}
                for raw, entry in zip(document["periods"], entries, strict=True)
            ],
            "sources": {name: origins.of(name) for name in sorted(named)},
        }

    def _period(self, n: int, raw: Document) -> Document:
        result = self.found.result
        entry: Document = {"verdict": Verdict(int(result.verdict[n])).name.lower()}
        entry |= {name: finite(getattr(result, name)[n]) for name in _TESTS}
        for name in QUANTITIES:
            value, u = (finite(table[n]) for table in self.totals[name])
            entry[name] = _beside(raw[name]["value"], value, u)
        entry |= {name: int(entry[name]) for name in ("dof", "first_dof")}
        entry["residual"]["explained"] = _explained(entry["residual"])
        entry["suspects"] = [_suspect(s) for s in result.suspects if s.period == n]
        entry["indistinguishable"] = [list(group) for group in self._groups(n)]
        entry["bounds"] = result.active_bounds(n)
        entry["contradictions"] = result.contradictions(n)
        entry["flows"] = self._flows(n)
        return entry

    def _groups(self, n: int) -> list[tuple[str, ...]]:
        """List groups with an instrument that feeds a flow of the territory."""
        weights = self.view.flows.weights
        fed = (abs(weights).T @ self.touching.astype(float)) > 0
        feeding = set(self.found.result.candidates[: fed.size][fed])
        return [g for g in self.found.result.groups(n) if feeding & set(g)]

    def _flows(self, n: int) -> Document:
        """Flows of the territory that are checked or found; the others stay raw."""
        tables = {name: table[:, n] for name, table in self._tables.items()}
        shown = self.touching & np.isin(tables["standing"], _TELLING)
        answer = {}
        for place in np.flatnonzero(shown):
            code = str(self.found.flow_codes[place])
            change = tables["adjustment"][place]
            answer[code] = {
                "raw": finite(tables["raw"][place]),
                "raw_u": finite(tables["raw_u"][place]),
                "value": finite(tables["value"][place]),
                "u": finite(tables["u"][place]),
                "adjustment": finite(change),
                "normalised": finite(tables["normalised"][place]),
                "in_residual": finite(self.asked.net.get(code, 0.0) * change),
                "standing": Standing(int(tables["standing"][place])).name.lower(),
            }
        return answer


def _touching(view: View, territory: str) -> NDArray[np.bool_]:
    """Flows with an end inside the territory, (flow,)."""
    ledger = view.ledger
    row = ledger.rows([territory])
    inside = ledger.shares_inside(view.boundary)[row].toarray()[0] > 0
    return np.asarray(inside[ledger.flow_from] | inside[ledger.flow_to])


def _beside(raw: float | None, value: float | None, u: float | None) -> Document:
    known = raw is not None and value is not None
    return {
        "raw": raw,
        "value": value,
        "u": u,
        "adjustment": raw - value if known else None,  # type: ignore[operator]
    }


def _explained(residual: Document) -> float | None:
    """Share of the raw residual that the adjustments take away."""
    change, raw = residual["adjustment"], residual["raw"]
    return change / raw if change is not None and raw else None


def _suspect(suspect: Suspect) -> Document:
    return {
        "source": suspect.name,
        "z": suspect.z,
        "removed": suspect.removed,
        "alike": list(suspect.alike),
        "close": list(suspect.close),
        "gamma_before": suspect.gamma_before,
        "gamma_after": suspect.gamma_after,
        "dof_after": suspect.dof_after,
    }


def _names(entry: Document) -> set[str]:
    """List the sources that a period names."""
    names = {name for group in entry["indistinguishable"] for name in group}
    for suspect in entry["suspects"]:
        names |= {suspect["source"], *suspect["alike"], *suspect["close"]}
    return names
