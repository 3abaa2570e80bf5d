"""Explain a cell: what made it, each part with its share of value and of variance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ewater.accounts import documents, explain_evidence
from ewater.accounts.documents import finite
from ewater.accounts.explain_ways import Ways
from ewater.accounts.render import lines
from ewater.accounts.view_tables import Views, quantity
from ewater.balance import account_cells, explain
from ewater.balance.views.linear import evaluated
from ewater.errors import UsageError
from ewater.series.calendars import labels
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from ewater.accounts.view_files import Files
    from ewater.accounts.views import View
    from ewater.balance.explain import Item, Made, Moment, Part
    from ewater.balance.views.basis import Basis
    from ewater.balance.views.coefficients import Rows

    Document = dict[str, Any]

Depth: TypeAlias = Literal["flows", "sources", "chunks"]
BALANCE = "balance"
TOP = 20


class Explainer:
    """Explains the cells of one run; keeps what it has made for the next question.

    Parameters
    ----------
    view
        A run and the boundary that the account is drawn with.
    files
        A view and inputs of the country's own.
    """

    def __init__(self, view: View, files: Files | None = None) -> None:
        self.view, self.run, self.files = view, view.run, files
        self._moments: dict[int, Moment] = {}
        self._ways: dict[int, Ways] = {}
        self._views: dict[str, Views] = {}
        self._bases: dict[str, Basis] = {}

    def document(
        self,
        cell: str,
        territory: str | None = None,
        *,
        periods: Sequence[int] | None = None,
        depth: Depth = "sources",
        top: int = TOP,
        connection: Connection | None = None,
    ) -> Document:
        """Explain a cell of one territory as docs/explain.md describes it.

        Parameters
        ----------
        cell
            ``VIEW.CELL``; figures of the account are those of the view ``balance``.
        territory
            Its code; default: the country.
        periods
            Positions of periods; default: all.
        depth
            How far down: flows, their sources, or chunks of readings as well.
        top
            How many flows, and how many sources, are listed; 0: all.
        connection
            To the store of the run; needed for chunks.

        Raises
        ------
        UsageError
            Unknown view, cell or territory.
        """
        run = self.run
        code = self.view.territory(territory)
        name, dot, rest = cell.partition(".")
        if not dot:
            raise UsageError(
                f"{cell!r} is no cell; write VIEW.CELL, such as balance.inflow"
            )
        edges = labels(run.calendar, run.bounds)
        chosen = range(len(run.bounds) - 1) if periods is None else periods
        return {
            "cell": cell,
            "territory": code,
            "boundary": self.view.boundary if name == BALANCE else None,
            "version": "raw",
            "basis": run.basis,
            "as_of": run.as_of.isoformat(),
            "run": run.code,
            "step": run.step,
            "calendar": run.calendar.code,
            "notices": documents.notices(run),
            "stale": run.stale,
            "depth": depth,
            "periods": [
                {
                    "start": edges[n],
                    "end": edges[n + 1],
                    **self._period(name, rest, code, n, depth, top, connection),
                }
                for n in chosen
            ],
        }

    def _period(
        self,
        name: str,
        cell: str,
        territory: str,
        period: int,
        depth: Depth,
        top: int,
        connection: Connection | None,
    ) -> Document:
        moment = self._moment(period)
        said, made = (
            self._of_account(cell, territory, moment)
            if name == BALANCE
            else self._of_view(name, cell, territory, moment)
        )
        total = made.known if said["formula"] is None else said["quantity"]["value"]
        if said["quantity"]["why"] is not None:
            total = None
        share = _Shares(total, made.variance)
        shown = {"added": finite(made.known), "variance": finite(made.variance)}
        result = said | shown | self._items(made, share, period, top)
        if depth == "flows":
            for item in result["items"]:
                del item["sources"]
            return result
        result |= self._sources(made, share, period, top)
        if depth == "chunks":
            if connection is None:
                raise UsageError("chunks are in the store; give a connection to it")
            result["series"] = self._series(result["sources"], period, connection)
        return result

    def _of_account(
        self, cell: str, territory: str, moment: Moment
    ) -> tuple[Document, Made]:
        view = self.view
        if territory not in self._bases:
            self._bases[territory] = account_cells.basis_of(
                view.ledger,
                view.flows,
                self.run.inputs.stocks,
                view.boundary,
                territory,
            )
        basis = self._bases[territory]
        rows = account_cells.rows_of(basis, view.boundary, cell)
        written = documents.figures_of(view, territory, moment.period)
        found = dict(lines(written)).get(cell)
        if found is None and cell.startswith(account_cells.SINGLE):
            found = _sum_of(basis, rows, moment.period)
        if found is None:
            found = self._net(territory, moment.period)
        cut = written["apportioned"] and cell in _GROSS
        why = "apportioned" if cut else None
        if not cut and found["known"] is None and not found["missing"]:
            why = "no such territory then"
        elif view.account["empty"].sel(territory=territory):
            why = "the territory holds no account inside the boundary"
        quantity = {name: found[name] for name in _QUANTITY}
        quantity |= {"unit": "m3", "why": why}
        return (
            {"quantity": quantity, "formula": None, "cells": []},
            explain.made(basis, moment, rows),
        )

    def _net(self, territory: str, period: int) -> Document:
        """Write net inflow, which the document of the balance leaves out."""
        row = int(self.view.ledger.rows([territory])[0])
        arrays = {name: a[row] for name, a in self.view.plain("account").items()}
        return documents.quantity_of(
            arrays,
            "net_inflow",
            period,
            lambda: self.view.missing.missing(territory, period, "net_inflow"),
        )

    def _of_view(
        self, name: str, cell: str, territory: str, moment: Moment
    ) -> tuple[Document, Made]:
        if territory not in self._views:
            self._views[territory] = Views(self.run, [territory], self.files)
        evaluated = self._views[territory].view(name)
        row = evaluated.compiled.cell(cell).row
        by_cell = explain.slopes(evaluated, cell, 0, moment.period)
        made = explain.made(
            evaluated.basis, moment, explain.rows_of(evaluated, by_cell)
        )
        linear = cell in evaluated.linear
        cells = [
            {
                "cell": f"{name}.{code}",
                "slope": finite(slope),
                "value": finite(evaluated.cell(code).value[0, moment.period]),
                "unit": evaluated.compiled.cells[code].row.unit,
            }
            for code, slope in by_cell.items()
            if code != cell
        ]
        return (
            {
                "quantity": quantity(evaluated, cell, 0, moment.period),
                "formula": None if linear else row.formula,
                "cells": cells,
            },
            made,
        )

    def _moment(self, period: int) -> Moment:
        if period not in self._moments:
            inputs = self.run.inputs
            self._moments[period] = explain.Moment.of(
                inputs.ledger, inputs.sources, inputs.weights, period
            )
            self._ways[period] = Ways(self.run, period)
        return self._moments[period]

    def _items(self, made: Made, share: _Shares, period: int, top: int) -> Document:
        order = sorted(
            made.items, key=lambda item: explain.weight_of(item.value, item.covariance)
        )
        shown = order[:top] if top else order
        return {
            "items": [self._item(item, share, period) for item in shown],
            "other_items": share.rest(
                [(item.value, item.covariance) for item in order[len(shown) :]]
            ),
        }

    def _item(self, item: Item, share: _Shares, period: int) -> Document:
        about: Document = {
            "kind": item.kind,
            "code": item.code,
            "factors": {name: finite(value) for name, value in item.factors.items()},
            "volume": finite(item.volume),
            **share.of(item.value, item.covariance),
        }
        if item.kind == "flow":
            about |= self._flow(item.code, period)
        about["sources"] = [_part(part, share) for part in item.parts]
        return about

    def _flow(self, code: str, period: int) -> Document:
        ledger, flows = self.view.ledger, self.view.flows
        row = int(np.searchsorted(ledger.flows, code))
        ends = {"from": ledger.flow_from, "to": ledger.flow_to}
        return {
            "term": str(ledger.flow_term[row]),
            **{name: str(ledger.accounts[at[row]]) for name, at in ends.items()},
            "status": Status(int(flows.status[row, period])).name.lower(),
            "coverage": finite(flows.coverage[row, period]),
        }

    def _sources(self, made: Made, share: _Shares, period: int, top: int) -> Document:
        found = made.by_source()
        shown = list(found)[:top] if top else list(found)
        table = self._moments[period].sources.isel(period=0)
        place = {str(code): n for n, code in enumerate(table["source"].to_numpy())}
        arrays = {name: table[name].to_numpy() for name in _SAYS}
        listed = []
        for name in shown:
            at = place.get(name)
            says: Document = dict.fromkeys((*_SAYS, "status"))
            status = Status.UNKNOWN
            if at is not None:
                says |= {key: finite(a[at]) for key, a in arrays.items()}
                status = Status(int(table["status"].to_numpy()[at]))
                says["status"] = status.name.lower()
            how = self._ways[period].of(name, status)
            listed.append({"source": name, **share.of(*found[name]), **says, **how})
        return {
            "sources": listed,
            "other_sources": share.rest([found[n] for n in list(found)[len(shown) :]]),
        }

    def _series(
        self, sources: list[Document], period: int, connection: Connection
    ) -> Document:
        """Write what the store holds behind the series of the sources listed."""
        codes = sorted({one["code"] for how in sources for one in how["series"]})
        bounds, as_of = self.run.bounds[period : period + 2], self.run.as_of
        held = explain_evidence.of_series(connection, codes, bounds, as_of)
        tables = {
            name: explain_evidence.registered(
                connection, name, key, codes, bounds, as_of
            )
            for name, key in _REGISTERED.items()
        }
        rows = tables.pop("series")
        site = {code: versions[-1]["site"] for code, versions in rows.items()}
        levels = {
            site[code]
            for code, versions in rows.items()
            if versions[-1]["quantity"] == "level" and site[code] is not None
        }
        curves = explain_evidence.curves(connection, sorted(levels), bounds, as_of)
        return {
            code: held[code]
            | {
                "site": site.get(code),
                "registered": rows.get(code, []),
                "curves": curves.get(site.get(code, ""), [])
                if code in rows and rows[code][-1]["quantity"] == "level"
                else [],
                **{name: table.get(code, []) for name, table in tables.items()},
            }
            for code in codes
        }


def _sum_of(basis: Basis, rows: Rows, period: int) -> Document:
    """Write what a row of coefficients adds up to."""
    one = evaluated(basis, rows)
    arrays = {f"sum{suffix}": a[0] for suffix, a in one.totals.fields().items()}
    return documents.quantity_of(arrays, "sum", period, lambda: one.missing(0, period))


_QUANTITY = ("value", "known", "missing", "u", "coverage", "status", "status_shares")
_GROSS = ("inflow", "outflow", "re_entering")
_SAYS = ("volume", "u_random", "u_systematic", "coverage")
_REGISTERED = {
    "series": "code",
    "pumps": "series",
    "limits": "series",
    "meter_events": "series",
}


class _Shares:
    """Shares of a value and of a variance; null where there is none to share."""

    def __init__(self, value: float | None, variance: float) -> None:
        self.value, self.variance = value, variance

    def of(self, value: float, covariance: float) -> Document:
        return {
            "value": finite(value),
            "share": finite(value / self.value) if self.value else None,
            "covariance": finite(covariance),
            "variance_share": finite(covariance / self.variance)
            if self.variance > 0
            else None,
        }

    def rest(self, left: list[tuple[float, float]]) -> Document:
        """Write what is not listed, so that all that is printed adds up."""
        value = float(np.nansum([pair[0] for pair in left]))
        covariance = float(np.nansum([pair[1] for pair in left]))
        return {"count": len(left), **self.of(value, covariance)}


def _part(part: Part, share: _Shares) -> Document:
    return {
        "source": part.source,
        "weight": part.weight,
        "volume": finite(part.volume),
        **share.of(part.value, part.covariance),
    }
