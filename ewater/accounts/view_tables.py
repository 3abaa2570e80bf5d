"""Views of a run: found, evaluated, and written as the documents of docs/views.md."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.accounts import view_inputs
from ewater.accounts.documents import finite, notices
from ewater.accounts.view_files import Files, every, find
from ewater.balance.flows import resolve
from ewater.balance.views import bridge as bridges
from ewater.balance.views.basis import Basis
from ewater.balance.views.evaluate import Evaluated
from ewater.errors import UsageError
from ewater.series.calendars import labels
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.accounts.runs import Run
    from ewater.balance.reconciliation.adjusted import Adjusted

    Document = dict[str, Any]

#: What stands before the item of a published figure.
PUBLISHED = "published:"


class Views:
    """All views of one run for some territories, over one basis.

    Parameters
    ----------
    run
        From ``ewater.accounts.runs.obtain``.
    territories
        Codes; default: the country.
    files
        What the country gives of its own.
    adjusted
        Flows and stocks of the run, where it is a reconciled period.
    like
        Views of another run: where it has the same ledger and inputs, coefficients
        are taken from there.
    """

    def __init__(
        self,
        run: Run,
        territories: Sequence[str] | None = None,
        files: Files | None = None,
        adjusted: Adjusted | None = None,
        like: Views | None = None,
    ) -> None:
        self.run, self.files = run, files or Files()
        self.territories = list(territories or [_country(run)])
        self.own = None
        if self.files.view is not None:
            self.own = find(None, self.files)
        self._done: dict[str, Evaluated] = {}
        inputs = run.inputs
        self.basis = Basis.of(
            inputs.ledger,
            adjusted.flows
            if adjusted
            else resolve(inputs.ledger, inputs.sources, inputs.weights),
            inputs.stocks,
            territories=self.territories,
            capacity=_capacity(run),
            inputs=self._inputs(),
            changes=adjusted.changes if adjusted else None,
        )
        same = like is not None and self._same_coefficients(like)
        self._like = like if same else None

    def _same_coefficients(self, other: Views) -> bool:
        mine, theirs = self.basis, other.basis
        return (
            mine.ledger is theirs.ledger
            and self.territories == other.territories
            and mine.input_names == theirs.input_names
        )

    def _inputs(self) -> dict[str, Any]:
        views = every(self.run.frames)
        if self.own is not None:
            views[self.own.view.view] = self.own
        wanted = view_inputs.needs(views.values())
        if self.files.inputs is not None:
            stated = view_inputs.read(self.files.inputs, wanted)
        elif "view_inputs" in self.run.frames:
            stated = view_inputs.of_frame(self.run.frames["view_inputs"], wanted)
        else:
            return {}
        return view_inputs.given(
            stated, wanted, self.territories, _years(self.run), _part(self.run)
        )

    def view(self, name: str | None) -> Evaluated:
        """Evaluate a view; the country's own goes before a built-in one."""
        compiled = self.own
        if compiled is None or name not in (None, compiled.view.view):
            compiled = find(name, frames=self.run.frames)
        code = compiled.view.view
        if code not in self._done:
            like = self._like.view(name) if self._like else None
            if like is not None and like.compiled is not compiled:
                like = None
            self._done[code] = Evaluated(compiled, self.basis, like)
        return self._done[code]

    def dataset(self, name: str | None) -> xr.Dataset:
        """Cells of a view as labelled arrays, with what every output must say."""
        return (
            self.view(name)
            .dataset()
            .assign_attrs(
                view=self.view(name).view.view,
                run=self.run.code,
                as_of=self.run.as_of.isoformat(),
                notices=[notice["en"] for notice in notices(self.run)],
            )
        )

    def document(
        self,
        name: str | None,
        territory: int = 0,
        periods: Sequence[int] | None = None,
    ) -> Document:
        """Write a view of one territory as docs/views.md describes it.

        ``periods`` are positions; default: all.
        """
        evaluated = self.view(name)
        view = evaluated.view
        starts = self._starts()
        return {
            "view": view.view,
            "title": view.title.model_dump(),
            "source": view.source,
            **self._about(territory),
            "also": list(view.also),
            "columns": [
                {"code": column.code, "label": column.label.model_dump()}
                for column in view.columns
            ],
            "rows": [
                {
                    "code": row.code,
                    "number": row.number,
                    "label": row.label.model_dump(),
                    "heading": row.heading.model_dump() if row.heading else None,
                    "unit": row.unit,
                    "memo": row.memo,
                }
                for row in view.rows
            ],
            "periods": [
                {
                    "start": starts[n],
                    "end": starts[n + 1],
                    "cells": {
                        code: quantity(evaluated, code, territory, n)
                        for code in evaluated.compiled.cells
                    },
                    "closes": [
                        {
                            "identity": closure.identity,
                            "difference": finite(closure.value[territory, n]),
                        }
                        for closure in evaluated.closures.values()
                    ],
                    "not_placed": _not_placed(evaluated, territory, n),
                }
                for n in self._chosen(periods)
            ],
        }

    def _chosen(self, periods: Sequence[int] | None) -> Sequence[int]:
        return range(self.basis.periods) if periods is None else periods

    def _about(self, territory: int) -> Document:
        run = self.run
        return {
            "territory": self.territories[territory],
            "basis": run.basis,
            "as_of": run.as_of.isoformat(),
            "run": run.code,
            "step": run.step,
            "calendar": run.calendar.code,
            "notices": notices(run),
        }

    def _starts(self) -> list[str]:
        return labels(self.run.calendar, self.run.bounds)

    def bridge(self, first: str, second: str) -> bridges.Bridge:
        """Lead from one figure to another.

        Parameters
        ----------
        first
            ``VIEW.CELL``.
        second
            ``VIEW.CELL``, or ``published:ITEM``.

        Raises
        ------
        UsageError
            Unknown view, cell or item, or figures that no bridge can join.
        """
        start = self._cell(first)
        if not second.startswith(PUBLISHED):
            return bridges.bridge(*start, *self._cell(second))
        item = second.removeprefix(PUBLISHED)
        unit = start[0].compiled.cell(start[1]).row.unit
        stands_for = bridges.published().get(item)
        there = None
        if stands_for:
            there = (self.view(stands_for[0]), stands_for[1])
            if there[0].compiled.cell(there[1]).row.unit != unit:
                raise UsageError(
                    f"{first} is in {unit}; published {item} stands for "
                    f"{'.'.join(stands_for)}, which is not"
                )
        return bridges.to_published(*start, there, self._published(item, unit))

    def _cell(self, name: str) -> tuple[Evaluated, str]:
        view, dot, cell = name.partition(".")
        if not dot:
            raise UsageError(f"{name!r} is no cell; write VIEW.CELL")
        evaluated = self.view(view)
        evaluated.compiled.cell(cell)
        return evaluated, cell

    def _published(self, item: str, unit: str) -> NDArray[np.float64]:
        """Read what was published for each territory and period, in a unit."""
        frame = self.run.frames["published"]
        rows = frame[frame["item"] == item]
        if rows.empty:
            known = ", ".join(sorted(set(frame["item"]))) or "nothing"
            raise UsageError(f"published.csv has no {item!r}; it has {known}")
        if self.run.step != "year":
            raise UsageError("figures are published by year; take --step year")
        value = np.full((len(self.territories), self.basis.periods), np.nan)
        for row in rows.to_dict("records"):
            for place, year in enumerate(_years(self.run)):
                if row["territory"] in self.territories and row["year"] == year:
                    factor = _published_factor(item, str(row["unit"]), unit)
                    value[self.territories.index(row["territory"]), place] = (
                        factor * row["value"]
                    )
        return value

    def bridge_document(
        self,
        first: str,
        second: str,
        territory: int = 0,
        periods: Sequence[int] | None = None,
    ) -> Document:
        """Write a bridge as docs/views.md describes it."""
        found = self.bridge(first, second)
        starts = self._starts()
        return {
            "from": first,
            "to": second,
            "unit": found.unit,
            **self._about(territory),
            "periods": [
                {
                    "start": starts[n],
                    "end": starts[n + 1],
                    "from": finite(found.start[territory, n]),
                    "lines": [
                        {
                            "label": line.label,
                            "value": finite(line.value[territory, n]),
                            "u": finite(line.u[territory, n]),
                            "missing": line.missing(territory, n),
                        }
                        for line in found.lines
                    ],
                    "to": finite(found.end[territory, n]),
                }
                for n in self._chosen(periods)
            ],
        }


def _published_factor(item: str, given: str, wanted: str) -> float:
    if given == wanted:
        return 1.0
    refused = f"{item} was published in {given!r}, not in {wanted}"
    if wanted != "m3":
        raise UsageError(refused)
    try:
        return view_inputs.volume_factor(given)
    except UsageError as error:
        raise UsageError(refused) from error


def bridge_frame(document: Document) -> pd.DataFrame:
    """Lay the first period of a bridge out as a table."""
    period = document["periods"][0]
    rows = [
        {"label": document["from"], "value": period["from"], "u": None},
        *(
            {"label": line["label"]["en"], "value": line["value"], "u": line["u"]}
            for line in period["lines"]
        ),
        {"label": document["to"], "value": period["to"], "u": None},
    ]
    return pd.DataFrame(rows).astype({"value": float, "u": float})


def quantity(evaluated: Evaluated, code: str, territory: int, period: int) -> Document:
    """Write one cell; names of what is missing are looked up only where it is."""
    cell, at = evaluated.cell(code), (territory, period)
    unknown = bool(np.isnan(cell.value[at]))
    return {
        "value": finite(cell.value[at]),
        "known": finite(cell.known[at]),
        "missing": evaluated.missing(code, *at) if unknown else [],
        "u": finite(cell.u[at]),
        "coverage": finite(cell.coverage[at]),
        "status": Status(int(cell.status[at])).name.lower(),
        "status_shares": {
            status.name.lower(): float(share)
            for status, share in zip(Status, cell.shares[at], strict=True)
            if share > 0
        },
        "unit": evaluated.compiled.cell(code).row.unit,
        "why": evaluated.why(code, *at),
    }


def _not_placed(evaluated: Evaluated, territory: int, period: int) -> list[Document]:
    return [
        {
            "label": one.place.label.model_dump(),
            "value": finite(one.volume.value[territory, period]),
            "flows": one.flows(territory),
        }
        for one in evaluated.not_placed
    ]


def _country(run: Run) -> str:
    ledger = run.inputs.ledger
    countries = ledger.territories[ledger.territory_kind == "country"]
    if len(countries) != 1:
        raise UsageError("name a territory; there is not exactly one country")
    return str(countries[0])


def _capacity(run: Run) -> dict[str, NDArray[np.float64]]:
    """Full and dead volume of the site of each account, m3."""
    accounts = run.frames["accounts"].drop_duplicates("code").set_index("code")
    sites = run.frames["sites"].drop_duplicates("code").set_index("code")
    site = accounts["site"].reindex(run.inputs.ledger.accounts)
    return {
        name: site.map(sites[column]).to_numpy(dtype=float, na_value=np.nan)
        for name, column in (("full", "capacity_m3"), ("dead", "dead_m3"))
    }


def _years(run: Run) -> list[str]:
    """Year that each period begins in, on its calendar."""
    return [start[:4] for start in labels(run.calendar, run.bounds)[:-1]]


def _part(run: Run) -> NDArray[np.float64]:
    """Length of each period as a part of its year."""
    if run.step == "year":
        return np.ones(run.bounds.size - 1)
    days = np.array(
        [(dt.date(int(y) + 1, 1, 1) - dt.date(int(y), 1, 1)).days for y in _years(run)]
    )
    return np.asarray(np.diff(run.bounds) / (days * 86_400e6))
