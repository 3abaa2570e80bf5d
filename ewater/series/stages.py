"""Stages of rivers and canals to discharge, by the ratings of their site.

Discharge is computed first and integrated later, because it is convex in the stage
(METHODS 2, Stage; E7). A curve holds for the time of the reading, from one survey to
the next; where only the shift differs from one version to the next, the versions are
visits to one curve, and the shift runs straight from one visit to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.errors import UsageError
from ewater.series import pumps
from ewater.series import volumes as integrate
from ewater.series.curve_tables import rating_curves
from ewater.series.rows import ragged, rows_of, some
from ewater.series.uncertainty import percentages
from ewater.terms import Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from ewater.series.curves import RatingCurve

    Floats = NDArray[np.float64]
    Marks = NDArray[np.bool_]

#: Least standard uncertainty (%) of what lies beyond the gauged range: half the
#: middle of the 10 to 25 % that METHODS 4 has for high flow.
EXTRAPOLATED_U_PCT = 8.75
_RATED = ("discharge", "level")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """Readings and series, stages among them turned into discharge.

    Attributes
    ----------
    readings
        Contiguous ragged form; a stage that no curve knows is NaN.
    series
        Country frame ``series``; a stage is now a discharge in m3 s-1.
    stages
        Codes of the series that were stages.
    extrapolated : (reading,), bool
        The stage lies outside the gauged range of its curve.
    """

    readings: xr.Dataset
    series: pd.DataFrame
    stages: tuple[str, ...]
    extrapolated: Marks


def rated(readings: xr.Dataset, series: pd.DataFrame, curves: pd.DataFrame) -> Rated:
    """Turn series of quantity ``level`` into discharge.

    Parameters
    ----------
    readings
        Contiguous ragged form, SI; levels among them are stages of rivers or canals.
    series, curves
        Country frames.

    Returns
    -------
    Rated
        NaN where no curve is valid at the time of a reading, outside a table, and
        beyond twice the greatest gauged discharge. Without an upper gauged stage
        (``gauged_to``) segments know no upper end, and nothing above them is marked.

    Raises
    ------
    UsageError
        The site of a level has no rating.
    FaultsError
        A rating cannot be read.
    """
    rows = rows_of(readings, series)
    offset, time, value, _ = ragged(readings)
    marks = np.zeros(value.size, dtype=bool)
    places = np.flatnonzero((rows["quantity"] == "level").to_numpy()).tolist()
    if not places:
        return Rated(readings=readings, series=series, stages=(), extrapolated=marks)
    versions = rating_curves(curves[curves["kind"] == "rating"])
    sites = rows["site"].tolist()
    bare = [n for n in places if sites[n] not in versions]
    if bare:
        named = some([f"{rows.index[n]} at {sites[n]}" for n in bare])
        raise UsageError(
            f"a level is no volume without a rating, and there is none for {named}; "
            "add it to curves.csv, or measure the flow by a discharge"
        )
    flow = value.copy()
    for n in places:
        mine = slice(int(offset[n]), int(offset[n + 1]))
        flow[mine], marks[mine] = discharge(time[mine], value[mine], versions[sites[n]])
    codes = tuple(str(rows.index[n]) for n in places)
    return Rated(
        readings=readings.assign(value=("reading", flow)),
        series=_as_discharge(series, codes),
        stages=codes,
        extrapolated=marks,
    )


def discharge(
    time: NDArray[np.int64], stage: Floats, versions: Sequence[RatingCurve]
) -> tuple[Floats, Marks]:
    """Discharge at each stage by the curve that is valid at its time.

    Parameters
    ----------
    time : (n,), int64 microseconds UTC
        Increasing.
    stage : (n,), m
    versions
        Of one site, by validity.

    Returns
    -------
    discharge : (n,), m3 s-1
        NaN where the stage is, where no curve is valid, outside a table, and beyond
        twice the greatest gauged discharge.
    extrapolated : (n,), bool
        Outside the gauged range.
    """
    found = np.full(stage.shape, np.nan)
    marks = np.zeros(stage.shape, dtype=bool)
    for n, curve in enumerate(versions):
        mine = slice(*np.searchsorted(time, [curve.valid_from, curve.valid_to]))
        if mine.start == mine.stop:
            continue
        following = versions[n + 1] if n + 1 < len(versions) else None
        shift = _shift(time[mine], stage[mine], curve, following)
        found[mine], marks[mine] = curve.flow(stage[mine], shift)
    return found, marks & np.isfinite(found)


def volumes(
    readings: xr.Dataset,
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
    *,
    curves: pd.DataFrame,
    sites: pd.DataFrame | None = None,
    **more: Any,
) -> xr.Dataset:
    """Volumes of every series that measures water, stages and pumps among them.

    Parameters
    ----------
    readings, series, bounds
        As of :func:`ewater.series.volumes.volumes`.
    curves
        Country frame ``curves``.
    sites
        Country frame ``sites``: what a rating is uncertain by goes by their kind.
    more
        ``pumps`` and ``events``, as of :func:`ewater.series.pumps.volumes`.

    Returns
    -------
    xarray.Dataset : (series, period)
        What :func:`ewater.series.pumps.volumes` gives; where stages are among the
        series, what :func:`beyond` adds.
    """
    found = rated(readings, series, curves)
    whole = pumps.volumes(found.readings, found.series, bounds, **more)
    return beyond(whole, found, series, bounds, sites)


def beyond(
    observed: xr.Dataset,
    found: Rated,
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
    sites: pd.DataFrame | None = None,
) -> xr.Dataset:
    """Add to volumes what ratings are uncertain by, and what they extrapolate.

    Parameters
    ----------
    observed : (series, period)
        Volumes of ``found`` on ``bounds``.
    found
        From :func:`rated`.
    series, sites
        Country frames, stages as levels: ``u_systematic_pct`` of a stage is that of
        the discharge.
    bounds : (period + 1,), int64 microseconds UTC

    Returns
    -------
    xarray.Dataset : (series, period)
        With ``extrapolated`` m3, ``extrapolated_s`` and ``extrapolated_u`` m3, part
        of volume, time and uncertainty, and ``rating_u`` m3 (k=1), common to all
        steps. Unchanged without stages.
    """
    mine = [str(c) for c in observed["series"].values if str(c) in set(found.stages)]
    if not mine:
        return observed
    volume, seconds = (
        _marked(found, mine, bounds, per_second=each).reindex_like(
            observed["volume"], fill_value=0.0
        )
        for each in (False, True)
    )
    codes = observed["series"].to_numpy()
    stage = np.isin(codes, mine)
    u = np.where(stage, rating_u_pct(series, codes, sites), 0.0)[:, None] / 100
    steep = np.where(stage[:, None], np.maximum(u, EXTRAPOLATED_U_PCT / 100), 0.0)
    gauged = abs(observed["volume"].fillna(0.0)) - abs(volume)
    far = abs(volume) * steep
    rating = gauged * u + far
    if "rating_u" in observed:  # of pumps
        rating = rating + observed["rating_u"]
    return observed.assign(
        extrapolated=volume.assign_attrs(units="m3"),
        extrapolated_s=seconds.assign_attrs(units="s"),
        extrapolated_u=far.assign_attrs(units="m3"),
        rating_u=rating.assign_attrs(units="m3"),
    )


def rating_u_pct(
    series: pd.DataFrame,
    codes: Sequence[str] | NDArray[Any],
    sites: pd.DataFrame | None = None,
) -> Floats:
    """Systematic standard uncertainty (%) of the discharge that series stand for.

    What a series gives, else that of a discharge at its site (METHODS 4).
    """
    rows = series.set_index("code", drop=False).loc[list(codes)]
    return percentages(rows.assign(quantity="discharge"), sites)[1]


def shared_ratings(series: pd.DataFrame, curves: pd.DataFrame) -> dict[str, str]:
    """Site whose rating stands behind each series of stage or discharge there.

    METHODS 4 takes what such series say as correlated
    (:data:`ewater.balance.uncertainty.SHARED_RATING`).
    """
    sites = set(curves.loc[curves["kind"] == "rating", "site"])
    mine = series[series["quantity"].isin(_RATED) & series["site"].isin(sites)]
    return dict(zip(mine["code"].astype(str), mine["site"].astype(str), strict=True))


def _shift(
    time: NDArray[np.int64],
    stage: Floats,
    curve: RatingCurve,
    following: RatingCurve | None,
) -> Floats:
    """Shift at each time, on its way to that of the next visit, if one follows."""
    now = curve.shift_at(stage)
    dated = curve.valid_from > np.iinfo(np.int64).min  # else nobody says since when
    if following is None or not dated or not following.continues(curve):
        return now
    whole = float(curve.valid_to) - float(curve.valid_from)
    gone = (time.astype(np.float64) - float(curve.valid_from)) / whole
    return np.asarray(now + gone * (following.shift_at(stage) - now))


def _as_discharge(series: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Rows of stages as rows of discharge; what they are uncertain by is apart."""
    stage = series["code"].isin(list(codes))
    told: dict[str, Any] = {
        "quantity": "discharge",
        "unit": "m3/s",
        "max_rate": np.nan,  # of a stage it is in m/s
        "u_systematic_pct": 0.0,
    }
    return series.assign(
        **{name: series[name].mask(stage, value) for name, value in told.items()}
    )


def _marked(
    found: Rated, codes: Sequence[str], bounds: NDArray[np.int64], *, per_second: bool
) -> xr.DataArray:
    """Volume, or time, of the marked readings of stages, (series, period)."""
    value = found.readings["value"].to_numpy()
    shown = np.where(found.extrapolated, 1.0 if per_second else value, 0.0)
    flag = found.readings["flag"].to_numpy().copy()
    flag[np.isnan(value)] = Flag.MISSING  # else what is unknown would be zero
    chosen = np.isin(found.readings["series"].to_numpy(), list(codes))
    part = pumps.taken(
        found.readings.assign(value=("reading", shown), flag=("reading", flag)), chosen
    )
    return integrate.volumes(part, found.series, bounds)["volume"].fillna(0.0)
