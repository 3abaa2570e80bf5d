"""One run seen through one boundary: totals, terms, sectors, neighbours."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ewater.accounts.named import names
from ewater.accounts.returned import Returned
from ewater.balance.account import account_of
from ewater.balance.flows import Flows, resolve
from ewater.balance.missing import Missing
from ewater.balance.sectors import sector_totals, total_use
from ewater.balance.terms import neighbours, term_totals
from ewater.errors import UsageError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from ewater.accounts.runs import Run
    from ewater.accounts.settled import Settled
    from ewater.balance.reconciliation.adjusted import Adjusted


class View:
    """Datasets of one run, each made when it is first asked for."""

    def __init__(
        self, run: Run, boundary: str = "managed", adjusted: Adjusted | None = None
    ) -> None:
        """See a run; ``adjusted`` are its flows and stocks where it is reconciled."""
        self.run = run
        self.boundary = boundary
        self.ledger = run.inputs.ledger
        self.adjusted = adjusted
        self.settled: dict[int, Settled] = {}  # by period, see `accounts.settled`
        self.settling = threading.Lock()
        self._plain: dict[str, dict[str, NDArray[Any]]] = {}

    @cached_property
    def flows(self) -> Flows:
        """Volumes of all flows."""
        if self.adjusted is not None:
            return self.adjusted.flows
        inputs = self.run.inputs
        return resolve(inputs.ledger, inputs.sources, inputs.weights)

    @cached_property
    def account(self) -> xr.Dataset:
        """Totals by territory and period, see ``ewater.balance.account``."""
        return account_of(
            self.ledger,
            self.flows,
            self.run.inputs.stocks,
            boundary=self.boundary,
            changes=self.adjusted.changes if self.adjusted else None,
        )

    @cached_property
    def terms(self) -> xr.Dataset:
        """Totals by territory, term and period."""
        return term_totals(self.ledger, self.flows)

    @cached_property
    def sectors(self) -> xr.Dataset:
        """Use, gross use and consumption by territory, sector and period."""
        return sector_totals(self.ledger, self.flows)

    @cached_property
    def use(self) -> xr.Dataset:
        """Use, gross use and consumption of all sectors by territory and period."""
        return total_use(self.ledger, self.flows)

    @cached_property
    def neighbours(self) -> xr.Dataset:
        """Inflow and outflow by territory, neighbour and period."""
        return neighbours(self.ledger, self.flows)

    @cached_property
    def missing(self) -> Missing:
        """Names of what the totals lack."""
        return Missing.of(
            self.ledger, self.flows, self.run.inputs.stocks, boundary=self.boundary
        )

    @cached_property
    def returned(self) -> Returned:
        """What returns disagree on, and what was recirculated."""
        return Returned(self.run.frames, self.run.bounds)

    @cached_property
    def named(self) -> dict[str, dict[str, str | None]]:
        """Names of accounts in each language, by code: see `named.names`."""
        return names(self.run.frames)

    def plain(self, dataset: str) -> dict[str, NDArray[Any]]:
        """Arrays of one of the datasets: labelled access to each cell is slow."""
        if dataset not in self._plain:
            found = getattr(self, dataset).data_vars.items()
            self._plain[dataset] = {str(name): array.values for name, array in found}
        return self._plain[dataset]

    def territory(self, code: str | None) -> str:
        """Check a code; the country when none is given.

        Raises
        ------
        UsageError
            No such territory, or several countries and none named.
        """
        ledger = self.ledger
        if code is None:
            countries = ledger.territories[ledger.territory_kind == "country"]
            if len(countries) != 1:
                raise UsageError("name a territory; there is not exactly one country")
            return str(countries[0])
        ledger.rows([code])
        return code
