"""What the dashboard asks for, answered from the store."""

from __future__ import annotations

import datetime as dt
import functools
import threading
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ewater.accounts import documents, runs
from ewater.accounts.documents import finite
from ewater.accounts.explain import TOP, Explainer
from ewater.accounts.scope import Scope, ScopedReader
from ewater.accounts.views import View
from ewater.errors import UsageError
from ewater.series.calendars import bounds
from ewater.store import recording, registry
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Sequence

    import pandas as pd
    from geopandas import GeoDataFrame
    from sqlalchemy import Engine

    from ewater.accounts.explain import Depth
    from ewater.terms import Step

    Document = dict[str, Any]

#: Calendar (empty: the first), time as of which (empty: now), raw or reconciled.
Basis = tuple[str, str, str]

NOW: Basis = ("", "", "raw")
_STEPS_IN_MEMORY = 8
_SHORTEST_MONTH = 28  # days


class DatabaseReader:
    """Read-only access to the accounts of one country.

    A question about part of the years with an account is answered from the run over
    all of them, so that a page needs one run for each step, not one for each year.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._views: dict[tuple[Any, ...], View] = {}
        self._lock = threading.Lock()

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
        with self._engine.connect() as connection:
            return recording.latest(connection).isoformat()

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
        starts = self._table("calendars").set_index("code")["year_start"]
        return {str(code): int(start[:2]) for code, start in starts.items()}

    def balance(
        self,
        territory: str,
        start: dt.date,
        end: dt.date,
        step: Step,
        boundary: str = "managed",
        basis: Basis = NOW,
    ) -> Document:
        """Account of one territory by steps over ``[start, end)``."""
        view, periods = self._periods(start, end, step, boundary, basis)
        return documents.document(view, view.territory(territory), periods)

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
        view, periods = self._periods(start, end, step_of(start, end), boundary, basis)
        ledger = view.ledger
        codes = ledger.territories[ledger.territory_kind == kind]
        return {
            str(code): documents.periods_of(view, str(code), periods[-1:])[0]
            for code in codes
            if only is None or str(code) in only
        }

    def flows(
        self,
        territory: str,
        start: dt.date,
        end: dt.date,
        boundary: str = "managed",
        basis: Basis = NOW,
    ) -> list[Document]:
        """Flows that touch a territory over ``[start, end)``, see `step_of`."""
        view, periods = self._periods(start, end, step_of(start, end), boundary, basis)
        return flow_rows(view, territory, periods[-1])

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
        """
        view, periods = self._periods(start, end, step_of(start, end), boundary, basis)
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
        frame = self._table("published")
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

    def _table(self, name: str) -> pd.DataFrame:
        with self._engine.connect() as connection:
            return registry.read_table(connection, name)

    def _periods(
        self, start: dt.date, end: dt.date, step: Step, boundary: str, basis: Basis
    ) -> tuple[View, Sequence[int]]:
        """View over all years with an account, and the periods asked for."""
        calendar, as_of, version = basis
        if version != "raw":
            raise UsageError(f"figures {version!r} are not kept; choose 'raw'")
        years = self.years()
        month = self.calendars()[calendar] if calendar else 1
        first, last = (
            (dt.date(years[0], month, 1), dt.date(years[-1] + 1, month, 1))
            if years
            else (start, end)
        )
        if not (first <= start and end <= last):
            first, last = start, end
        key = (self.version(), first, last, step, boundary, calendar, as_of)
        view = self._view(*key)
        wanted = bounds(view.run.calendar, start, end, step)
        place = np.searchsorted(view.run.bounds, wanted)
        return view, range(int(place[0]), int(place[-1]))

    def _view(
        self,
        version: str,
        start: dt.date,
        end: dt.date,
        step: Step,
        boundary: str,
        calendar: str,
        as_of: str,
    ) -> View:
        key = (version, start, end, step, boundary, calendar, as_of)
        with self._lock:  # one thread computes, the others wait for its answer
            if key not in self._views:
                run = runs.obtain(
                    self._engine,
                    start,
                    end,
                    step,
                    calendar=calendar or None,
                    as_of=dt.datetime.fromisoformat(as_of) if as_of else None,
                )
                while len(self._views) >= _STEPS_IN_MEMORY:
                    self._views.pop(next(iter(self._views)))
                self._views[key] = View(run, boundary)
            return self._views[key]


@functools.lru_cache(maxsize=_STEPS_IN_MEMORY)
def _explainer(view: View) -> Explainer:
    return Explainer(view)


def step_of(start: dt.date, end: dt.date) -> Step:
    """Step of the account that has ``[start, end)`` as one period.

    Examples
    --------
    >>> step_of(dt.date(2023, 4, 1), dt.date(2023, 7, 1))
    'quarter'
    """
    if (end - start).days < _SHORTEST_MONTH:
        return "decade"
    months = 12 * (end.year - start.year) + end.month - start.month
    return "month" if months == 1 else "quarter" if months == 3 else "year"


def flow_rows(view: View, territory: str, period: int) -> list[Document]:
    """Write the flows of one period that touch a territory inside the boundary.

    A flow counts with the larger share of its two accounts: half of what a border
    reservoir that is shared half and half receives, all of what it gives to us.
    """
    ledger, flows = view.ledger, view.flows
    row = int(ledger.rows([territory])[0])
    share = ledger.shares_inside(view.boundary)[[row]].toarray()[0]
    accounts = view.run.frames["accounts"].drop_duplicates("code").set_index("code")
    site, sector = (accounts[c].reindex(ledger.accounts) for c in ("site", "sector"))
    named = view.run.frames["sites"].set_index("code")
    data = flows.dataset().isel(period=period)
    u = np.hypot(data["u_random"].values, data["u_systematic"].values)
    counted = np.maximum(share[ledger.flow_from], share[ledger.flow_to])
    touching = (counted > 0) & flows.valid[:, period]

    def end(account: int, name: str) -> Document:
        kind, code = str(ledger.account_kind[account]), str(ledger.accounts[account])
        place = site.iloc[account]
        known = isinstance(place, str) and place in named.index
        names = {lang: named[f"name_{lang}"].get(place) for lang in ("az", "en", "ru")}
        of = sector.iloc[account]
        return {
            name: code,
            f"{name}_kind": kind,
            f"{name}_name": names if known else None,
            f"{name}_sector": of if isinstance(of, str) else None,
            f"{name}_inside": bool(share[account] > 0),
        }

    return [
        {
            "code": str(ledger.flows[n]),
            **end(int(ledger.flow_from[n]), "from"),
            **end(int(ledger.flow_to[n]), "to"),
            "term": str(ledger.flow_term[n]),
            "sector": None,
            "volume": finite(counted[n] * data["volume"].values[n]),
            "u": finite(counted[n] * u[n]),
            "status": Status(int(data["status"].values[n])).name.lower(),
            "coverage": finite(data["coverage"].values[n]),
        }
        for n in np.flatnonzero(touching)
    ]
