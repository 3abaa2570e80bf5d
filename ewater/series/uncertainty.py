"""Standard uncertainty of the volumes of series, random and systematic (METHODS 4).

Random errors are independent from step to step and shrink in a sum; systematic
ones belong to the instrument or rating and do not.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_COVERAGE_FACTOR = 2.0  # METHODS 4 lists U, at 95 %

#: Expanded uncertainty (%) where a series gives none: the middle of the range in
#: METHODS 4. Of discharge by the kind of its site: rating curve in mid flow at a
#: river gauge, gates at canals and dams, pipe meters in service (twice 2 %),
#: clamp-on meters at wells and intakes, a weir or flume at outfalls.
DISCHARGE_U_PCT = MappingProxyType(
    {
        "river_gauge": 7.5,
        "reservoir": 15.0,
        "hydro_junction": 15.0,
        "canal": 15.0,
        "well": 4.0,
        "intake": 4.0,
        "outfall": 4.5,
        "meter": 4.0,
    }
)
#: Of pumps it is that of the counter, an hour counter or a class 2 electricity meter;
#: the rating has its own (``rating_u``).
QUANTITY_U_PCT = MappingProxyType(
    {
        "discharge": 7.5,
        "volume": 4.0,
        "precipitation": 20.0,
        "evaporation": 22.5,
        "pump_hours": 1.0,
        "energy": 2.3,
    }
)


def uncertainty(
    volumes: xr.Dataset, series: pd.DataFrame, sites: pd.DataFrame | None = None
) -> xr.Dataset:
    """Give the standard uncertainty (k=1) of observed volumes or depths.

    ``u_random`` is ``u_random_pct`` of the root of the summed squares of the steps,
    together with what splitting a gap of a counter at an edge and filling a gap add.
    ``u_systematic`` is ``u_systematic_pct`` of the observed volume, of a pump
    together with that of its ratings.

    Where ``u_systematic_pct`` is not given, half of the expanded uncertainty of
    METHODS 4 stands for it (:data:`DISCHARGE_U_PCT`, :data:`QUANTITY_U_PCT`); where
    ``u_random_pct`` is not given it is 0: METHODS 4 does not say how the total is
    split, and a systematic error is the careful reading, as it does not average out.

    Parameters
    ----------
    volumes : (series, period)
        From :mod:`ewater.series.volumes` or :func:`ewater.series.infill.infill`.
    series, sites
        Country frames; without ``sites``, defaults go by quantity alone.

    Returns
    -------
    xarray.Dataset : (series, period)
        ``u_random`` and ``u_systematic`` in the unit of the volumes, NaN where the
        volume is.
    """
    rows = series.set_index("code").loc[volumes["series"].to_numpy()]
    random, systematic = percentages(rows, sites)
    name = "depth" if "depth" in volumes else "volume"
    observed = volumes["observed" if "observed" in volumes else name]
    steps = volumes["square"] * (random[:, None] / 100.0) ** 2
    square = steps + volumes["distribution_square"]
    if "infilled_u" in volumes:
        square = square + volumes["infilled_u"] ** 2
    known = ~np.isnan(volumes[name])
    common = abs(observed) * (systematic[:, None] / 100.0)
    if "rating_u" in volumes:
        common = (common**2 + volumes["rating_u"] ** 2) ** 0.5
    parts = {"u_random": square**0.5, "u_systematic": common}
    unit = {"units": volumes[name].attrs["units"]}
    return xr.Dataset(
        {part: u.where(known).assign_attrs(unit) for part, u in parts.items()}
    )


def percentages(
    rows: pd.DataFrame, sites: pd.DataFrame | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Random and systematic standard uncertainty (%) of each series.

    Parameters
    ----------
    rows
        Rows of the country frame ``series``.
    sites
        Country frame ``sites``.

    Returns
    -------
    tuple of numpy.ndarray : (series,)
        Defaults filled in; a quantity without a default keeps NaN.
    """
    expanded = _looked_up(rows["quantity"], QUANTITY_U_PCT)
    if sites is not None:
        kind = rows["site"].map(sites.set_index("code")["kind"])
        by_kind = _looked_up(kind, DISCHARGE_U_PCT)
        use = (rows["quantity"] == "discharge") & by_kind.notna()
        expanded = by_kind.where(use, expanded)
    default = expanded / _COVERAGE_FACTOR
    return (
        rows["u_random_pct"].fillna(0.0).to_numpy(dtype=np.float64),
        rows["u_systematic_pct"].fillna(default).to_numpy(dtype=np.float64),
    )


def _looked_up(keys: pd.Series[str], table: Mapping[str, float]) -> pd.Series[float]:
    # Series.map gives text where no key is found
    found = [table.get(key, np.nan) for key in keys]
    return pd.Series(found, index=keys.index, dtype="float64")
