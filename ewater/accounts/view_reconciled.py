"""Views of a run with reconciled figures beside the raw ones."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.documents import finite
from ewater.accounts.settled import settled
from ewater.accounts.view_tables import Views
from ewater.accounts.views import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from ewater.accounts.runs import Run
    from ewater.accounts.settled import Settled
    from ewater.accounts.view_files import Files

    Document = dict[str, Any]


class ReconciledViews:
    """All views of one run for some territories, raw and reconciled.

    Each period is reconciled on its own, over the managed boundary, as
    `ewater balance --reconcile` does; so both say the same of a flow.

    Parameters
    ----------
    view
        A run seen through a boundary; what was reconciled once is kept with it.
    territories, files
        As of `Views`.
    """

    def __init__(
        self,
        view: View | Run,
        territories: Sequence[str] | None = None,
        files: Files | None = None,
    ) -> None:
        self.view = view if isinstance(view, View) else View(view)
        self.files = files
        self.raw = Views(self.view.run, territories, files)
        self._after: dict[int, Views | None] = {}

    @cached_property
    def _all(self) -> range:
        return range(self.raw.basis.periods)

    def after(self, period: int) -> Views | None:
        """Give the views of a reconciled period; None where raw values stand."""
        if period not in self._after:
            found = settled(self.view, [period])[period].view
            self._after[period] = None
            if found is not None:
                self._after[period] = Views(
                    found.run, self.raw.territories, self.files, found.adjusted
                )
        return self._after[period]

    def document(
        self,
        name: str | None,
        territory: int = 0,
        periods: Sequence[int] | None = None,
    ) -> Document:
        """Write a view as docs/views.md describes it, with ``reconciliation``.

        Each period has ``reconciliation``: the verdict and tests, and, where raw
        values do not stand, ``cells`` by code: ``value``, ``u`` and ``adjustment``
        (raw - reconciled); and ``closes`` of the reconciled figures.
        """
        chosen = self._all if periods is None else periods
        document = self.raw.document(name, territory, chosen)
        found = settled(self.view, chosen)
        return document | {
            "periods": [
                period
                | {"reconciliation": self._beside(found[n], n, name, territory, period)}
                for n, period in zip(chosen, document["periods"], strict=True)
            ]
        }

    def _beside(
        self,
        found: Settled,
        n: int,
        name: str | None,
        territory: int,
        raw: Document,
    ) -> Document:
        views = self.after(n)
        said = found.said | {"raw": self._account(territory, n)}
        if views is None:
            return said | {"cells": None, "closes": None}
        (period,) = views.document(name, territory)["periods"]
        cells = {
            code: cell | {"adjustment": _less(raw["cells"][code]["value"], cell)}
            for code, cell in period["cells"].items()
        }
        return said | {"cells": cells, "closes": period["closes"]}

    def _account(self, territory: int, n: int) -> Document:
        """Give the raw residual of the account, which a refusal leaves."""
        code = self.raw.territories[territory]
        account = self.view.plain("account")
        row = int(self.view.ledger.rows([code])[0])
        return {
            "residual": {
                "value": finite(account["residual"][row, n]),
                "u": finite(account["residual_u"][row, n]),
            }
        }

    def dataset(self, name: str | None) -> xr.Dataset:
        """Cells as `Views.dataset` gives them, and reconciled.

        Returns
        -------
        xarray.Dataset : (cell, territory, period)
            Besides, ``reconciled``, ``reconciled_u`` and ``adjustment`` (raw -
            reconciled), NaN where raw values stand; ``verdict`` (period,), words of
            `ewater.balance.reconciliation.result.Verdict`.
        """
        raw = self.raw.dataset(name)
        value = np.full(raw["value"].shape, np.nan)
        u = value.copy()
        found = settled(self.view, self._all)
        for n in self._all:
            views = self.after(n)
            if views is not None:
                after = views.dataset(name)
                value[..., n] = after["value"].to_numpy()[..., 0]
                u[..., n] = after["value_u"].to_numpy()[..., 0]
        dims = raw["value"].dims
        return raw.assign(
            reconciled=(dims, value),
            reconciled_u=(dims, u),
            adjustment=(dims, raw["value"].to_numpy() - value),
            verdict=("period", [found[n].verdict for n in self._all]),
        )


def _less(raw: float | None, cell: Document) -> float | None:
    after = cell["value"]
    return None if raw is None or after is None else raw - after
