"""Years that are not over as runs: what is known of them, then a forecast.

Such a run has one source for each flow, so that every view can be asked of it: of the
mean over the futures, or of all of them side by side.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy import sparse

from ewater.accounts.runs import Run
from ewater.balance.flows import resolve
from ewater.errors import UsageError
from ewater.terms import Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.accounts.forecasting.make import Outlook
    from ewater.balance.flows import Flows
    from ewater.terms import Step

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]


class Ahead:
    """Months of a run and of a forecast from its end on, side by side.

    Parameters
    ----------
    past
        Run by month up to the origin.
    outlook
        Forecast from there.
    """

    def __init__(self, past: Run, outlook: Outlook) -> None:
        if past.bounds[-1] != outlook.bounds[0]:
            raise UsageError("a forecast begins where its past ends")
        self.past, self.outlook = past, outlook
        self.months = np.concatenate([past.bounds, outlook.bounds[1:]])
        inputs = past.inputs
        self._flows: Flows = resolve(inputs.ledger, inputs.sources, inputs.weights)
        self._before = past.bounds.size - 1
        place = np.searchsorted(outlook.accounts, inputs.stocks["account"].to_numpy())
        self._stock = outlook.stock[place]

    def run(self, bounds: NDArray[np.int64], step: Step) -> Run:
        """Make a run over some periods: the mean future, as uncertain as its past is.

        What the futures are apart is not in it: they move together, which a run does
        not know of its flows; it is seen in `futures`, cell by cell.

        Parameters
        ----------
        bounds
            Each one that of a month.
        """
        cuts = self._cuts(bounds)
        known, coming, stock = self._tables(cuts)
        made = known + coming
        value = made.mean(axis=2)
        covered = self._covered(cuts)
        mostly = np.abs(known[:, :, 0]) >= np.abs(coming.mean(axis=2))
        newest = self._flows.status[:, [-1]]
        status = np.where(mostly & (covered > 0), newest, int(Status.MODELLED))
        early = cuts <= self._before
        volume = stock.mean(axis=2)
        stock_u = np.zeros_like(volume)
        given = self.past.inputs.stocks
        stock_u[:, early] = given["u_random"].to_numpy()[:, cuts[early]]
        other = np.zeros_like(volume)
        other[:, early] = given["other_change"].to_numpy()[:, cuts[early]]
        tables = {"volume": value, "u_random": self._u(cuts), "coverage": covered}
        return self._run(
            bounds, step, tables | {"status": status}, (volume, stock_u, other)
        )

    def futures(self, bounds: NDArray[np.int64], step: Step) -> tuple[Run, Places]:
        """Lay the periods of all futures side by side in one run.

        So that a view is made once for all of them: behind the periods of one future
        comes one in which the stocks go back to where the next begins, and nothing
        flows. The bounds are seconds from the first on; what exists there counts.

        Returns
        -------
        run
        places : (member, period)
            Where the periods of each future stand.
        """
        cuts = self._cuts(bounds)
        known, coming, stock = self._tables(cuts)
        made = known + coming
        items, periods, members = made.shape
        laid = np.zeros((items, members, periods + 1))
        laid[:, :, :periods] = np.moveaxis(made, 2, 1)
        held = np.moveaxis(stock, 2, 1).reshape(stock.shape[0], -1)
        count = members * (periods + 1) - 1
        value = laid.reshape(items, -1)[:, :count]
        nothing = np.zeros_like(value)
        tables = {"volume": value, "u_random": nothing, "coverage": nothing}
        status = np.full(value.shape, int(Status.MODELLED))
        side = bounds[0] + 1_000_000 * np.arange(count + 1)
        flat = np.zeros_like(held)
        run = self._run(side, step, tables | {"status": status}, (held, flat, flat))
        places = (periods + 1) * np.arange(members)[:, None] + np.arange(periods)
        return run, places

    def _cuts(self, bounds: NDArray[np.int64]) -> Places:
        """Months at which the periods begin and end."""
        cuts = np.searchsorted(self.months, bounds)
        found = self.months[np.minimum(cuts, self.months.size - 1)]
        if not np.array_equal(found, bounds):
            raise UsageError("a period ahead begins and ends with a month at hand")
        return np.asarray(cuts)

    def _tables(self, cuts: Places) -> tuple[Floats, Floats, Floats]:
        """Flows that are known and that come, and stocks, (item, period, member)."""
        flows, members = self._flows, self.outlook.members
        past = np.where(flows.valid, flows.volume, 0.0)
        known = _sums(past[:, :, None], cuts, 0)
        coming = _sums(self.outlook.flow, cuts, self._before)
        early = cuts <= self._before
        volume = self.past.inputs.stocks["volume"].to_numpy()
        stock = np.empty((volume.shape[0], cuts.size, members))
        stock[:, early] = volume[:, cuts[early], None]
        stock[:, ~early] = self._stock[:, cuts[~early] - self._before]
        return known, coming, stock

    def _covered(self, cuts: Places) -> Floats:
        """Share of the periods that was observed, (flow, period)."""
        seconds = np.diff(self.months[: self._before + 1]) / 1e6
        observed = (self._flows.coverage * seconds)[:, :, None]
        length = np.diff(self.months[cuts]) / 1e6
        return np.asarray(_sums(observed, cuts, 0)[:, :, 0] / length)

    def _u(self, cuts: Places) -> Floats:
        """Uncertainty of the months that are known, (flow, period)."""
        data = self._flows.dataset()
        random = np.nan_to_num(data["u_random"].to_numpy())
        common = np.nan_to_num(data["u_systematic"].to_numpy())
        square = _sums((random**2)[:, :, None], cuts, 0)[:, :, 0]
        return np.sqrt(square + _sums(common[:, :, None], cuts, 0)[:, :, 0] ** 2)

    def _run(
        self,
        bounds: NDArray[np.int64],
        step: Step,
        tables: dict[str, NDArray[Any]],
        stocks: tuple[Floats, Floats, Floats],
    ) -> Run:
        """Write tables of flows and stocks as a run."""
        given = self.past.inputs
        volume = tables["volume"]
        known = np.isfinite(volume)
        status = np.where(known, tables["status"], int(Status.UNKNOWN))
        fields = {
            **tables,
            "u_random": np.where(known, tables["u_random"], np.nan),
            "u_systematic": np.where(known, 0.0, np.nan),
            "status": status.astype(np.int8),
        }
        sources = xr.Dataset(
            {name: (("source", "period"), table) for name, table in fields.items()},
            coords={
                "source": [f"flow:{code}" for code in self._flows.codes],
                "period": bounds[:-1].view("M8[us]"),
                "period_end": ("period", bounds[1:].view("M8[us]")),
            },
        )
        names = ("volume", "u_random", "other_change")
        held = xr.Dataset(
            {
                **{
                    name: (("account", "instant"), table)
                    for name, table in zip(names, stocks, strict=True)
                },
                "u_systematic_fraction": given.stocks["u_systematic_fraction"],
            },
            coords={
                "account": given.stocks["account"].to_numpy(),
                "instant": bounds.view("M8[us]"),
            },
        )
        each = sparse.csr_array(sparse.eye_array(volume.shape[0]).tocsr())
        return Run(
            code=self.past.code,
            step=step,
            calendar=self.past.calendar,
            bounds=bounds,
            as_of=self.past.as_of,
            basis="expected" if bounds[0] < self.outlook.bounds[0] else "forecast",
            inputs=replace(given, sources=sources, weights=each, stocks=held),
            frames=self.past.frames,
        )


def _sums(table: Floats, cuts: Places, first: int) -> Floats:
    """Sum months (item, month, member) between cuts; ``first`` is their first month."""
    place = np.clip(cuts - first, 0, table.shape[1])
    zero = np.zeros((table.shape[0], 1, table.shape[2]))
    parts = [
        table[:, a:b].sum(axis=1, keepdims=True) if b > a else zero
        for a, b in itertools.pairwise(place)
    ]
    return np.concatenate(parts, axis=1)
