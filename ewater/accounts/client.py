"""The store as a researcher sees it: series, readings, volumes and accounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ewater.accounts import dates, documents, recomputed, runs, view_files, view_tables
from ewater.accounts.view_supply import Supplied
from ewater.balance.account import account
from ewater.series import calendars
from ewater.settings import settings
from ewater.store import chunks, cluster, database, instants, registry

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr
    from geopandas import GeoDataFrame
    from sqlalchemy import Engine

    from ewater.accounts.explain import Depth
    from ewater.balance.reconciliation.reconcile import LedgerReconciliation
    from ewater.balance.reconciliation.settle import Policy
    from ewater.terms import Step


class Client:
    """Read-only access to one country; ``as_of`` is a time with its offset."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str | None = None) -> Client:
        """Connect; see :func:`ewater.connect`."""
        engine = database.connect(url or cluster.database_url(settings()))
        try:
            with database.refusals_named():
                database.migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def __enter__(self) -> Self:
        """Stay open within a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close, whatever happened."""
        self.close()

    def close(self) -> None:
        """Give back the connections to the database."""
        self.engine.dispose()

    def table(self, name: str, as_of: dt.datetime | str | None = None) -> pd.DataFrame:
        """Read one file of the country folder as it stood."""
        with self.engine.connect() as connection:
            return registry.read_table(connection, name, _utc(as_of))

    def series(self, as_of: dt.datetime | str | None = None) -> GeoDataFrame:
        """List the series with the names and places of their sites.

        Returns
        -------
        geopandas.GeoDataFrame
            A row per series, EPSG:4326.
        """
        import geopandas as gpd

        sites = self.table("sites", as_of).rename(columns={"code": "site"})
        joined = self.table("series", as_of).merge(
            sites, on="site", how="left", suffixes=("", "_site")
        )
        place = gpd.points_from_xy(joined["lon"], joined["lat"], crs="EPSG:4326")
        return gpd.GeoDataFrame(joined, geometry=place)

    def readings(
        self,
        series: str | Sequence[str],
        first: str,
        last: str | None = None,
        as_of: dt.datetime | str | None = None,
    ) -> xr.Dataset:
        """Read series in SI units, flags kept, gaps absent.

        Parameters
        ----------
        series
            One code or several.
        first, last
            As ``--from`` and ``--to`` of the command, in the first calendar.
        as_of
            What was recorded by then.

        Returns
        -------
        xarray.Dataset
            Contiguous ragged form of CF: ``row_size`` (series), ``time``, ``value``,
            ``flag``, ``lineage`` (reading).
        """
        codes = _codes(series)
        bounds = self._bounds(first, last, "day", None)
        with self.engine.connect() as connection:
            return chunks.read(
                connection, codes, int(bounds[0]), int(bounds[-1]), as_of=_utc(as_of)
            )

    def volumes(
        self,
        series: str | Sequence[str],
        first: str,
        last: str | None = None,
        *,
        step: Step = "month",
        calendar: str | None = None,
        as_of: dt.datetime | str | None = None,
    ) -> xr.Dataset:
        """Observed volumes (m3) of series by period.

        Series measure discharge or volume, the hours or energy of a pump, or the stage
        of a river or canal whose site has a rating.

        Returns
        -------
        xarray.Dataset : (series, period)
            ``volume``, ``coverage`` and more, see ``ewater.series.stages``. Gaps
            are not infilled.
        """
        codes = _codes(series)
        bounds = self._bounds(first, last, step, calendar)
        with self.engine.connect() as connection:
            return recomputed.series_volumes(connection, codes, bounds, _utc(as_of))

    def account(
        self,
        territory: str | Sequence[str] | None = None,
        first: str | None = None,
        last: str | None = None,
        *,
        step: Step = "year",
        calendar: str | None = None,
        boundary: str = "managed",
        as_of: dt.datetime | str | None = None,
    ) -> xr.Dataset:
        """Account of territories by period: inflow, outflow, storage change, residual.

        Returns
        -------
        xarray.Dataset : (territory, period), m3
            See ``ewater.balance.account``; NaN is unknown. ``attrs`` name the run
            and carry the notices of the country.
        """
        run = self.run(first, last, step=step, calendar=calendar, as_of=as_of)
        codes = None if territory is None else _codes(territory)
        inputs = run.inputs
        result = account(
            inputs.ledger,
            inputs.sources,
            inputs.weights,
            inputs.stocks,
            boundary=boundary,
            territories=codes,
        )
        notices = [str(text) for text in run.frames["notices"]["text_en"]]
        return result.assign_attrs(
            run=run.code, as_of=run.as_of.isoformat(), notices=notices
        )

    def balance(
        self,
        territory: str | None = None,
        first: str | None = None,
        last: str | None = None,
        *,
        step: Step = "year",
        boundary: str = "managed",
        as_of: dt.datetime | str | None = None,
        reconcile: bool = False,
    ) -> dict[str, Any]:
        """Return what ``ewater balance --format json`` prints, as a dictionary."""
        run = self.run(first, last, step=step, as_of=as_of)
        return documents.balance(run, territory, boundary=boundary, adjusted=reconcile)

    def reconciled(
        self,
        first: str | None = None,
        last: str | None = None,
        *,
        step: Step = "year",
        calendar: str | None = None,
        boundary: str = "managed",
        as_of: dt.datetime | str | None = None,
        couple: bool = False,
        policy: Policy | None = None,
    ) -> LedgerReconciliation:
        """Reconcile the ledger of all territories (METHODS 5).

        Returns
        -------
        LedgerReconciliation
            ``flows()`` and ``changes()`` as xarray: raw, reconciled, adjustment and
            standing; ``result`` with tests, suspects and verdicts. See
            ``ewater.balance.reconciliation.reconcile``.
        """
        from ewater.accounts.views import View
        from ewater.balance.reconciliation.reconcile import reconcile

        run = self.run(first, last, step=step, calendar=calendar, as_of=as_of)
        view = View(run, boundary)
        return reconcile(
            view.ledger,
            view.flows,
            run.inputs.stocks,
            boundary=boundary,
            couple=couple,
            policy=policy,
        )

    def view(
        self,
        name: str,
        territory: str | Sequence[str] | None = None,
        first: str | None = None,
        last: str | None = None,
        *,
        step: Step = "year",
        calendar: str | None = None,
        as_of: dt.datetime | str | None = None,
        file: str | Path | None = None,
        inputs: str | Path | None = None,
        reconcile: bool = False,
    ) -> xr.Dataset:
        """Evaluate a standard view, such as ``seea_asset`` or ``indicators``.

        Parameters
        ----------
        name
            One of ``ewater view --list``, the country's own among them, or the view
            of ``file``.
        territory
            Codes; default: the country.
        first, last, step, calendar, as_of
            As for `account`.
        file, inputs
            A view of one's own and what it needs besides the ledger, see
            docs/views.md.
        reconcile
            Add ``reconciled``, ``reconciled_u`` and ``adjustment`` (raw -
            reconciled), NaN where reconciliation is refused, and the ``verdict`` of
            each period.

        Returns
        -------
        xarray.Dataset : (cell, territory, period)
            ``value`` (NaN unknown), ``value_known``, ``value_u``,
            ``value_coverage``, ``value_status``, ``value_status_shares``,
            ``apportioned``; ``unit``, ``row`` and ``column`` by cell. Of a view with
            supply probabilities, such as ``section``, also what
            `ewater.accounts.view_supply.Supplied.added` adds.
        """
        files = view_files.Files.of(name, _path(file), _path(inputs))
        own = {"views": self.table("views", as_of)}
        found = view_files.find(name, files, own)
        run = self.run(first, last, step=step, calendar=calendar, as_of=as_of)
        codes = None if territory is None else _codes(territory)
        if reconcile:
            from ewater.accounts.view_reconciled import ReconciledViews

            made = ReconciledViews(run, codes, files).dataset(name)
        else:
            made = view_tables.Views(run, codes, files).dataset(name)
        supplied = Supplied.of(self.engine, run, found, codes, files)
        return made if supplied is None else supplied.added(made)

    def bridge(
        self,
        start: str,
        end: str,
        territory: str | None = None,
        first: str | None = None,
        *,
        step: Step = "year",
        as_of: dt.datetime | str | None = None,
        inputs: str | Path | None = None,
    ) -> pd.DataFrame:
        """Lead from one figure of a period to another, line by line.

        Parameters
        ----------
        start, end
            ``VIEW.CELL``; the end may be ``published:ITEM``.
        territory
            Code; default: the country.
        first
            The period, as ``--from``.

        Returns
        -------
        pandas.DataFrame
            ``label``, ``value``, ``u``; the first row is the start, the last the end,
            and the rows between add up to their difference.
        """
        files = view_files.Files.of(None, None, _path(inputs))
        run = self.run(first, step=step, as_of=as_of)
        views = view_tables.Views(run, [territory] if territory else None, files)
        return view_tables.bridge_frame(views.bridge_document(start, end))

    def explain(
        self,
        cell: str,
        territory: str | None = None,
        first: str | None = None,
        last: str | None = None,
        *,
        step: Step = "year",
        calendar: str | None = None,
        boundary: str = "managed",
        as_of: dt.datetime | str | None = None,
        depth: Depth = "chunks",
        top: int = 20,
        file: str | Path | None = None,
        inputs: str | Path | None = None,
    ) -> dict[str, Any]:
        """Say what made a figure, each part with its share of value and of variance.

        Parameters
        ----------
        cell
            ``VIEW.CELL``, such as ``indicators.use``; what `balance` gives is the
            view ``balance``: ``balance.terms.abstraction``.
        territory, first, last, step, calendar, boundary, as_of
            As for `account`.
        depth
            ``flows``, ``sources`` or ``chunks``.
        top
            Flows and sources listed; 0: all.
        file, inputs
            As for `view`.

        Returns
        -------
        dict
            See docs/explain.md.
        """
        from ewater.accounts.explain import Explainer
        from ewater.accounts.views import View

        name = cell.partition(".")[0]
        files = view_files.Files.of(name, _path(file), _path(inputs))
        run = self.run(first, last, step=step, calendar=calendar, as_of=as_of)
        with self.engine.connect() as connection:
            return Explainer(View(run, boundary), files).document(
                cell, territory, depth=depth, top=top, connection=connection
            )

    def run(
        self,
        first: str | None = None,
        last: str | None = None,
        *,
        step: Step = "year",
        calendar: str | None = None,
        as_of: dt.datetime | str | None = None,
    ) -> runs.Run:
        """Obtain the run behind an account: ledger, sources, weights, stocks."""
        start, end = dates.span(first or str(runs.newest_year(self.engine)), last)
        return runs.obtain(
            self.engine, start, end, step, calendar=calendar, as_of=_utc(as_of)
        )

    def _bounds(
        self, first: str, last: str | None, step: Step, calendar: str | None
    ) -> Any:
        frame = self.table("calendars")
        used = runs.calendar_of(frame, calendar)
        return calendars.bounds(used, *dates.span(first, last), step)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _utc(as_of: dt.datetime | str | None) -> dt.datetime | None:
    return None if as_of is None else instants.in_utc(as_of)


def _codes(given: str | Sequence[str]) -> list[str]:
    """Take one code or several."""
    return [given] if isinstance(given, str) else list(given)
