"""Periods side by side, and their place in finer ones (ARCHITECTURE, "Bounds")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check_bounds(bounds: NDArray[np.int64]) -> None:
    """Refuse bounds that make no period or do not increase."""
    if bounds.ndim != 1 or bounds.size < 2 or not (np.diff(bounds) > 0).all():
        raise UsageError(
            "bounds must be at least two instants that increase strictly; see "
            "ewater.series.calendars.bounds"
        )


def positions(
    cell_bounds: NDArray[np.int64], bounds: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Index of each bound among the cell bounds.

    Raises
    ------
    UsageError
        One of them is not there.
    """
    index = np.searchsorted(cell_bounds, bounds).astype(np.int64)
    found = np.append(cell_bounds, cell_bounds[-1] + 1)[index] == bounds
    if not found.all():
        missing = bounds[~found][:1].view("M8[us]")[0]
        raise UsageError(
            f"{missing} UTC is no edge of the cells; cut the cells at every period edge"
        )
    return index


def period_coords(bounds: NDArray[np.int64]) -> dict[str, Any]:
    """Coordinates ``period`` and ``period_end`` (ARCHITECTURE, "Bounds")."""
    instants = bounds.view("M8[us]")
    return {"period": instants[:-1], "period_end": ("period", instants[1:])}


def coverage(
    observed: NDArray[np.float64], bounds: NDArray[np.int64]
) -> tuple[tuple[str, str], NDArray[np.float64]]:
    """Share of each period that is observed, as dims (series, period) and values."""
    return ("series", "period"), observed / (np.diff(bounds) * 1e-6)
