"""Means of territories as rows of a canonical readings file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater import units
from ewater.errors import UsageError
from ewater.grids import zonal

if TYPE_CHECKING:
    import xarray as xr
    from geopandas import GeoDataFrame

PLACE = "{territory}"
_DEPTHS = ("precipitation", "evaporation")


def targets(
    pattern: str, territories: GeoDataFrame, series: pd.DataFrame
) -> tuple[GeoDataFrame, pd.DataFrame]:
    """Territories for which a pattern names a registered series, and these series.

    Parameters
    ----------
    pattern
        Code with ``{territory}`` in it, such as ``RAIN.{territory}``.
    territories, series
        Country frames.

    Returns
    -------
    (GeoDataFrame, DataFrame)
        Rows side by side.

    Raises
    ------
    UsageError
        No series that the pattern names is registered, or one cannot hold totals.
    """
    if PLACE not in pattern:
        raise UsageError(f"series {pattern!r} needs {PLACE} where the code belongs")
    named = territories["code"].map(lambda code: pattern.replace(PLACE, str(code)))
    known = series.set_index("code", drop=False)
    there = named.isin(known.index).to_numpy()
    if not there.any():
        first = named.iloc[0] if len(named) else "none: there is no territory"
        raise UsageError(
            f"no series that {pattern!r} names is registered, such as {first}; add "
            "them to series.csv (precipitation, evaporation or volume, total_preceding)"
        )
    found = known.loc[named[there]]
    wrong = ~found["quantity"].isin((*_DEPTHS, "volume")).to_numpy()
    wrong |= (found["signal"] != "total_preceding").to_numpy()
    if wrong.any():
        row = found[wrong].iloc[0]
        raise UsageError(
            f"series {row['code']} is {row['quantity']}, {row['signal']}; a grid gives "
            "precipitation, evaporation or volume as total_preceding"
        )
    return territories[there].reset_index(drop=True), found.reset_index(drop=True)


def rows(
    found: xr.Dataset,
    series: pd.DataFrame,
    *,
    least_coverage: float = 0.95,
    reverse: bool = False,
) -> pd.DataFrame:
    """Depth or volume of each territory, in the unit of its series.

    A value stands at the end of its period, as ``total_preceding`` wants it. A
    period of which too little of the area is covered has no row: unknown is not zero.

    Parameters
    ----------
    found
        Result of :func:`ewater.grids.zonal.means`.
    series
        Country frame, a row for each territory (:func:`targets`); the quantity says
        whether depth or volume is meant.
    least_coverage
        Part of the territory's area that must have a value.
    reverse
        Turn the sign, for products in which evaporation is negative.

    Returns
    -------
    pandas.DataFrame
        ``series``, ``time`` (UTC), ``value``.
    """
    deep = series["quantity"].isin(_DEPTHS).to_numpy()
    value = np.where(
        deep[:, None], zonal.depths(found).values, zonal.volumes(found).values
    )
    pairs = zip(series["unit"], series["quantity"], strict=True)
    value /= np.array([units.factor_to_si(u, q) for u, q in pairs])[:, None]
    enough = np.isfinite(value) & (found["coverage"].values >= least_coverage)
    at, when = np.nonzero(enough)
    ends = pd.DatetimeIndex(found["time_end"].values, tz="UTC")
    return pd.DataFrame(
        {
            "series": series["code"].to_numpy()[at],
            "time": ends[when],
            "value": (-value if reverse else value)[enough],
        }
    )


def csv(frame: pd.DataFrame) -> bytes:
    """Canonical readings file, every digit kept."""
    text = frame.assign(time=frame["time"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    return text.to_csv(index=False, lineterminator="\n").encode()
