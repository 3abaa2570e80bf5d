"""What the dashboard asks for, answered from the store."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ewater.accounts import documents, in_memory, runs, settled
from ewater.accounts.documents import finite
from ewater.accounts.explain import TOP, Explainer
from ewater.accounts.in_memory import NOW, step_of
from ewater.accounts.scope import Scope, ScopedReader
from ewater.store import registry
from ewater.terms import Status

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Hashable, Sequence

    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from ewater.accounts.apart import Apart
    from ewater.accounts.explain import Depth
    from ewater.accounts.in_memory import Basis, States
    from ewater.accounts.views import View
    from ewater.terms import Step

    Document = dict[str, Any]

_EXPLAINERS = 8
_TOLD = ("volume", "u_random", "u_systematic", "status", "coverage")
_STATUSES = {int(status): status.name.lower() for status in Status}


class DatabaseReader:
    """Read-only access to the accounts of one country."""

    def __init__(self, engine: Engine, apart: Apart | None = None) -> None:
        """Answer from a store; ``apart`` computes, while kept accounts are shown."""
        self._engine = engine
        self._memory = in_memory.of(engine)
        if apart is not None:
            self._memory.keep_standing(apart)
        self._published: tuple[str, pd.DataFrame] | None = None

    def of(self, scope: Scope) -> ScopedReader:
        """Give the same, of what a scope contains; the rest raises ForbiddenError."""
        return ScopedReader(self, scope)

    @property
    def engine(self) -> Engine:
        """The database behind the accounts."""
        return self._engine

    def ask(self, question: Callable[..., Any], *args: Hashable) -> Any:
        """Answer ``question(engine, scope, *args)``, of everything.

        A question lives where its facts do, keeps to the scope in its own queries and
        raises ForbiddenError for what is outside.
        """
        return question(self._engine, Scope(), *args)

    def version(self) -> str:
        """Identify the state of the data; changes whenever an answer could."""
        return self._memory.version()

    def states(self) -> States:
        """Say which states of the data there are, and which is shown."""
        return self._memory.states()

    def stale(self, run: str) -> Document | None:
        """Say since when and why a run is stale; None when it is not."""
        return self._memory.stale(run)

    def renew(self) -> bool:
        """Have newer accounts computed; whether the last attempt failed."""
        return self._memory.renew()

    def territories(self) -> GeoDataFrame:
        """Index ``code``; kind, parent, name_az, name_en, name_ru, geometry."""
        return cast("GeoDataFrame", self._table("territories").set_index("code"))

    def sites(self) -> GeoDataFrame:
        """Index ``code``; kind, names, geometry (points, EPSG:4326)."""
        import geopandas as gpd

        sites = self._table("sites").set_index("code")
        points = gpd.points_from_xy(sites["lon"], sites["lat"], crs="EPSG:4326")
        return gpd.GeoDataFrame(sites, geometry=points)

    def years(self) -> list[int]:
        """Years with an account, ascending."""
        return runs.kept_years(self._engine)

    def calendars(self) -> dict[str, int]:
        """First month of the year by code of calendar; the default comes first."""
        return self._memory.calendars()

    def balance(
        self,
        territory: str,
        start: dt.date,
        end: dt.date,
        step: Step,
        boundary: str = "managed",
        basis: Basis = NOW,
        *,
        whole: bool = False,
    ) -> Document:
        """Account of one territory by steps over ``[start, end)``: its figures.

        ``whole`` adds ``gaps`` and ``returns``. ``stale`` is as it was when the run
        was read; `stale` says what it is now.
        """
        view, periods = self._memory.periods(start, end, step, boundary, basis)
        code = view.territory(territory)
        if basis[2] == "reconciled":
            return settled.document(view, code, periods, figures_only=not whole)
        return documents.document(view, code, periods, figures_only=not whole)

    def balances(
        self,
        kind: str,
        start: dt.date,
        end: dt.date,
        boundary: str = "managed",
        basis: Basis = NOW,
        only: Collection[str] | None = None,
    ) -> dict[str, Document]:
        """One period for each territory of a kind, or of those of it in ``only``."""
        view, periods = self._whole(start, end, boundary, basis)
        ledger = view.ledger
        codes = ledger.territories[ledger.territory_kind == kind]
        chosen = [str(code) for code in codes if only is None or str(code) in only]
        if basis[2] == "reconciled":
            return {code: settled.period_of(view, code, periods[-1]) for code in chosen}
        return {code: documents.figures_of(view, code, periods[-1]) for code in chosen}

    def flows(
        self,
        territory: str,
        start: dt.date,
        end: dt.date,
        boundary: str = "managed",
        basis: Basis = NOW,
    ) -> list[Document]:
        """Flows that touch a territory over ``[start, end)``, see `step_of`."""
        view, periods = self._whole(start, end, boundary, basis)
        shown, period = settled.standing(view, periods[-1], basis[2])
        return flow_rows(shown, territory, period)

    def explain(
        self,
        cell: str,
        territory: str,
        start: dt.date,
        end: dt.date,
        boundary: str = "managed",
        basis: Basis = NOW,
        *,
        depth: Depth = "sources",
        top: int = TOP,
    ) -> Document:
        """Say what made a cell over ``[start, end)``, as docs/explain.md describes it.

        What was made for one cell serves the next of the same run; see `step_of`.
        Explained are raw figures, also where reconciled ones are shown: it is they
        that instruments and reports made.
        """
        view, periods = self._whole(start, end, boundary, basis)
        with self._engine.connect() as connection:
            return _explainer(view).document(
                cell,
                territory,
                periods=periods[-1:],
                depth=depth,
                top=top,
                connection=connection,
            )

    def published(self, territory: str, year: int) -> list[Document]:
        """Figures published for a territory and year."""
        registered = self.states().registry
        if self._published is None or self._published[0] != registered:
            self._published = registered, self._table("published")
        frame = self._published[1]
        chosen = frame[
            (frame["territory"] == territory) & (frame["year"].astype(str) == str(year))
        ]
        columns = ["item", "value", "unit", "source", "note"]
        given = chosen[columns].astype(object).where(chosen[columns].notna(), None)
        return cast("list[Document]", given.to_dict("records"))

    def territories_of_sites(self) -> pd.DataFrame:
        """Columns ``site`` and ``territory``: where each site lies."""
        with self._engine.connect() as connection:
            return registry.site_territories(connection)

    def _whole(
        self, start: dt.date, end: dt.date, boundary: str, basis: Basis
    ) -> tuple[View, Sequence[int]]:
        step = step_of(start, end)
        return self._memory.periods(start, end, step, boundary, basis)

    def _table(self, name: str) -> pd.DataFrame:
        with self._engine.connect() as connection:
            return registry.read_table(connection, name)


@functools.lru_cache(maxsize=_EXPLAINERS)
def _explainer(view: View) -> Explainer:
    return Explainer(view)


def flow_rows(view: View, territory: str, period: int) -> list[Document]:
    """Write the flows of one period that touch a territory inside the boundary.

    A flow counts with the larger share of its two accounts: half of what a border
    reservoir that is shared half and half receives, all of what it gives to us.
    """
    ledger, flows = view.ledger, view.flows
    row = int(ledger.rows([territory])[0])
    share = ledger.shares_inside(view.boundary)[[row]].toarray()[0]
    counted = np.maximum(share[ledger.flow_from], share[ledger.flow_to])
    chosen = np.flatnonzero((counted > 0) & flows.valid[:, period])
    data = flows.dataset().isel(period=period)
    told = {name: data[name].values[chosen] for name in _TOLD}
    u = np.hypot(told["u_random"], told["u_systematic"])
    start, end = ledger.flow_from[chosen], ledger.flow_to[chosen]
    ends = _ends(view, np.union1d(start, end), share)
    return [
        {
            "code": code,
            **ends[first][0],
            **ends[last][1],
            "term": term,
            "sector": None,
            "volume": finite(volume),
            "u": finite(error),
            "status": _STATUSES[status],
            "coverage": finite(coverage),
        }
        for code, first, last, term, volume, error, status, coverage in zip(
            ledger.flows[chosen].astype(str).tolist(),
            start.tolist(),
            end.tolist(),
            ledger.flow_term[chosen].astype(str).tolist(),
            (counted[chosen] * told["volume"]).tolist(),
            (counted[chosen] * u).tolist(),
            told["status"].tolist(),
            told["coverage"].tolist(),
            strict=True,
        )
    ]


def _ends(
    view: View, places: NDArray[np.int64], share: NDArray[np.float64]
) -> dict[int, tuple[Document, Document]]:
    """Write accounts as the start and as the end of a flow, by their place."""
    ledger = view.ledger
    accounts = view.run.frames["accounts"].drop_duplicates("code").set_index("code")
    accounts = accounts.reindex(ledger.accounts[places])
    found = {}
    for place, sector in zip(places.tolist(), accounts["sector"], strict=True):
        about = {
            "": str(ledger.accounts[place]),
            "_kind": str(ledger.account_kind[place]),
            "_name": view.named.get(str(ledger.accounts[place])),
            "_sector": sector if isinstance(sector, str) else None,
            "_inside": bool(share[place] > 0),
        }
        found[place] = (
            {f"from{key}": value for key, value in about.items()},
            {f"to{key}": value for key, value in about.items()},
        )
    return found
