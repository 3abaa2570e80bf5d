"""Numbers and times as Plotly takes them fastest: typed arrays, base64."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray


def typed(values: NDArray[Any]) -> dict[str, str]:
    """Write numbers as a typed array; NaN is a gap.

    Examples
    --------
    >>> typed(np.array([1.0]))
    {'dtype': 'f8', 'bdata': 'AAAAAAAA8D8='}
    """
    given = np.ascontiguousarray(values, np.float64)
    return {"dtype": "f8", "bdata": base64.b64encode(given.tobytes()).decode()}


def local_ms(time: NDArray[np.int64], zone: str) -> NDArray[np.float64]:
    """Milliseconds since 1970 on the clocks of a zone, as an axis of dates shows them.

    Parameters
    ----------
    time : (n,), int64 us UTC

    Examples
    --------
    >>> local_ms(np.array([0]), "Asia/Baku") / 3.6e6
    array([4.])
    """
    stamps = pd.DatetimeIndex(np.asarray(time, np.int64).view("M8[us]"), tz="UTC")
    local = stamps.tz_convert(zone).tz_localize(None)
    return np.asarray(local.to_numpy().astype("M8[us]").astype(np.int64) / 1000.0)


def with_gaps(
    x: NDArray[np.float64], y: NDArray[np.float64], broken: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Put an unknown value before every point that the line is not drawn to."""
    at = np.flatnonzero(broken)
    return np.insert(x, at, x[at]), np.insert(y, at, np.nan)
