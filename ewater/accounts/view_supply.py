"""Supply probabilities of a view, from all years on record (METHODS 1.11)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts import pipeline, runs
from ewater.accounts.documents import finite
from ewater.accounts.view_tables import Views
from ewater.balance.views import supply as exceeded
from ewater.series import calendars
from ewater.store import spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from ewater.accounts.runs import Run
    from ewater.accounts.view_files import Files
    from ewater.balance.views.compiled import Compiled
    from ewater.balance.views.model import Supply
    from ewater.series.calendars import Calendar

    Document = dict[str, Any]

#: Periods that come again in every year.
STEPS = ("year", "quarter", "month")


@dataclass(frozen=True)
class Supplied:
    """One view of the periods of a run, against the same part of all years.

    Parameters
    ----------
    run
        What is shown.
    record
        The account of all years on record, by the same step and as of the same time.
    compiled
        The view.
    wanted
        Its ``supply``.
    territories, files
        As of `ewater.accounts.view_tables.Views`.
    """

    run: Run
    record: Run
    compiled: Compiled
    wanted: Supply
    territories: list[str] | None
    files: Files | None

    @staticmethod
    def of(
        engine: Engine,
        run: Run,
        compiled: Compiled,
        territories: Sequence[str] | None = None,
        files: Files | None = None,
    ) -> Supplied | None:
        """Obtain the record of a view; None where it says no supply, or by days."""
        wanted = compiled.view.supply
        if wanted is None or run.step not in STEPS:
            return None
        record = runs.obtain(
            engine,
            *_years(engine, run),
            run.step,
            calendar=None if run.frames["calendars"].empty else run.calendar.code,
            as_of=run.as_of,
        )
        chosen = None if territories is None else list(territories)
        return Supplied(run, record, compiled, wanted, chosen, files)

    @property
    def cells(self) -> list[str]:
        """Cells that have a supply probability."""
        cells = self.compiled.cells
        return [c for c in cells if cells[c].row.code in self.wanted.rows]

    @cached_property
    def _values(self) -> NDArray[np.float64]:
        """Values on record: (cell, territory, period)."""
        views = Views(self.record, self.territories, self.files)
        evaluated = views.view(self.compiled.view.view)
        return np.stack([evaluated.cell(code).value for code in self.cells])

    @cached_property
    def _parts(self) -> dict[int, exceeded.Supply]:
        """Supply of each month that a period begins in: (cell, territory, …)."""
        months = _months(self.record)
        return {
            month: exceeded.supply(
                self._values[..., months == month], self.wanted.probabilities
            )
            for month in sorted(set(_months(self.run).tolist()))
        }

    def document(self, territory: int = 0) -> Document:
        """Write the supply of one territory as docs/views.md describes it."""
        ends = calendars.labels(self.record.calendar, self.record.bounds[[0, -1]])
        return {
            "position": exceeded.POSITION,
            "confidence": exceeded.CONFIDENCE,
            "start": ends[0],
            "end": ends[1],
            "probabilities": list(self.wanted.probabilities),
            "parts": [
                {
                    "month": None if self.run.step == "year" else month,
                    "cells": {
                        code: {
                            "unit": self.compiled.cells[code].row.unit,
                            "years": int(found.years[n, territory]),
                            "probabilities": [
                                _figure(found, (n, territory, k), percent)
                                for k, percent in enumerate(self.wanted.probabilities)
                            ],
                        }
                        for n, code in enumerate(self.cells)
                    },
                }
                for month, found in self._parts.items()
            ],
        }

    def added(self, dataset: xr.Dataset) -> xr.Dataset:
        """Add the supply to what `Views.dataset` gives.

        Returns
        -------
        xarray.Dataset
            Besides, ``supply``, ``supply_low``, ``supply_high`` (cell, territory,
            period, probability), NaN for cells without one and where years are too
            few; ``supply_years`` (cell, territory, period).
        """
        names, months = dataset["cell"].values.tolist(), _months(self.run)
        place = [names.index(code) for code in self.cells]
        shape = (*dataset["value"].shape, len(self.wanted.probabilities))
        arrays = {name: np.full(shape, np.nan) for name in ("value", "low", "high")}
        years = np.zeros(shape[:-1], dtype=np.int64)
        for n, month in enumerate(months.tolist()):
            found = self._parts[month]
            years[place, :, n] = found.years
            for name, array in arrays.items():
                array[place, :, n] = getattr(found, name)
        dims = ("cell", "territory", "period")
        return dataset.assign(
            supply=((*dims, "probability"), arrays["value"]),
            supply_low=((*dims, "probability"), arrays["low"]),
            supply_high=((*dims, "probability"), arrays["high"]),
            supply_years=(dims, years),
        ).assign_coords(probability=list(self.wanted.probabilities))


def _figure(found: exceeded.Supply, at: tuple[int, int, int], percent: float) -> Any:
    return {
        "percent": percent,
        "value": finite(found.value[at]),
        "low": finite(found.low[at]),
        "high": finite(found.high[at]),
        "needs": exceeded.fewest(percent),
    }


def _years(engine: Engine, run: Run) -> tuple[dt.date, dt.date]:
    """Whole years in which there are readings of the ledger, or reports."""
    with engine.connect() as connection:
        read = spans.of(connection, pipeline.needs(run.frames).all())
    times = [read.ravel(), run.bounds]
    reports = run.frames["reports"]
    if len(reports):
        for column in ("period_start", "period_end"):
            stamps = reports[column].dt.tz_convert("UTC").dt.tz_localize(None)
            times.append(stamps.to_numpy().astype("M8[us]").astype(np.int64))
    first_and_last = np.concatenate(times)
    ends = first_and_last.min(), first_and_last.max() - 1  # what ends a year is in it
    days = calendars.local_days(run.calendar, np.array(ends))
    first, last = (_year_of(run.calendar, day.astype(dt.date)) for day in days)
    return _start(run, first), _start(run, last + 1)


def _start(run: Run, year: int) -> dt.date:
    month, day = (int(part) for part in run.calendar.year_start.split("-"))
    return dt.date(year, month, 1 if run.step == "month" else day)


def _year_of(calendar: Calendar, day: dt.date) -> int:
    """Calendar year in which the year of a day begins."""
    month, first = (int(part) for part in calendar.year_start.split("-"))
    return day.year - ((day.month, day.day) < (month, first))


def _months(run: Run) -> NDArray[np.int64]:
    """Month of the year in which each period begins."""
    days = calendars.local_days(run.calendar, run.bounds[:-1])
    return days.astype("M8[M]").astype(np.int64) % 12 + 1
