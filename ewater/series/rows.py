"""Rows of the country frame, and readings as plain arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.errors import UsageError
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray


def rows_of(readings: xr.Dataset, series: pd.DataFrame) -> pd.DataFrame:
    """Rows of the country frame in the order of the series of ``readings``.

    Errors are those of :func:`rows_named`.
    """
    return rows_named(readings["series"].to_numpy(), series)


def rows_named(named: Iterable[str], series: pd.DataFrame) -> pd.DataFrame:
    """Rows of the country frame in the order of some codes.

    Raises
    ------
    UsageError
        A series has readings but no row, or occurs twice.
    """
    codes = pd.Index(named)
    known = series.set_index("code", drop=False)
    unknown = codes.difference(known.index)
    if len(unknown):
        raise UsageError(
            f"series {some(list(unknown))} have readings but are not registered; add "
            "them to series.csv"
        )
    rows: pd.DataFrame = known.loc[codes]
    if len(rows) != len(codes) or not codes.is_unique:
        raise UsageError("a series occurs twice; give the readings of each once")
    return rows


def ragged(
    readings: xr.Dataset,
) -> tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]
]:
    """Offsets (series + 1,), times (us UTC), values and flags as plain arrays.

    Raises
    ------
    UsageError
        The row sizes do not add up to the readings.
    """
    size = readings["row_size"].to_numpy().astype(np.int64)
    offset = np.zeros(size.size + 1, dtype=np.int64)
    np.cumsum(size, out=offset[1:])
    if offset[-1] != readings.sizes["reading"] or (size < 0).any():
        raise UsageError(
            f"row_size adds up to {offset[-1]}, but there are "
            f"{readings.sizes['reading']} readings; select series and readings together"
        )
    time = readings["time"].to_numpy().astype("M8[us]", copy=False).view(np.int64)
    return (
        offset,
        np.ascontiguousarray(time),
        np.ascontiguousarray(readings["value"].to_numpy(), dtype=np.float64),
        np.ascontiguousarray(readings["flag"].to_numpy(), dtype=np.uint8),
    )


def some(codes: Sequence[str]) -> str:
    """Name the first few of many codes in a message."""
    shown = list(codes[:5])
    return ", ".join(shown) + (f" and {len(codes) - 5} more" if len(codes) > 5 else "")


def microseconds(seconds: ArrayLike) -> NDArray[np.int64]:
    """Whole microseconds; 0 where not given."""
    filled = np.nan_to_num(np.asarray(seconds, dtype=np.float64))
    return np.rint(filled * 1e6).astype(np.int64)


def factors(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Factor to SI of each row of the country frame ``series``."""
    pairs = zip(rows["unit"], rows["quantity"], strict=True)
    return np.array([factor_to_si(unit, quantity) for unit, quantity in pairs])
