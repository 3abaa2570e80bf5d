"""Limits of the tests by series: defaults by sensor kind, history, overrides.

A frame of limits has a row per series and a column per parameter, named
``test.parameter``, in SI units. NaN switches a test off; 0 is a limit of zero.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.errors import Fault, FaultsError, UsageError
from ewater.series.plan import MAX_GAP_S
from ewater.series.rows import factors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.series.curves import StorageCurve

_HOUR, _DAY = 3_600.0, 86_400.0

#: What each parameter means; "x" stands for the SI unit of the series.
PARAMETERS = MappingProxyType(
    {
        "neighbour.gap_s": "s; readings further apart are no neighbours",
        "gross_range.fail_low": "x; lowest value that is physically possible",
        "gross_range.fail_high": "x; highest value that is physically possible",
        "gross_range.suspect_low": "x; lowest value the operator expects",
        "gross_range.suspect_high": "x; highest value the operator expects",
        "rate.limit": "x s-1; fastest change, of a counter its greatest flow",
        "rate.noise": "x; change that two readings of one value may show, none if off",
        "rate.gap_s": "s; the reading before is no older than this",
        "rate.counter": "1; 1 for a counter, which only rises, else 0",
        "rate.modulus": "x; where a counter begins again",
        "spike.suspect": "x; distance from the mean of both neighbours",
        "spike.fail": "x; the same, beyond which it fails",
        "flat_line.window_s": "s; time over which something must move",
        "flat_line.count": "1; number of readings over which something must move",
        "flat_line.epsilon": "x; a smaller range is no movement",
        "flat_line.exempt": "x; value at which standing still is right",
        "attenuation.window_s": "s; time of the rolling standard deviation",
        "attenuation.floor": "x; least standard deviation",
    }
    | {
        f"climatology.{end}_{month}": f"x; {end}est usual value of month {month}"
        for end in ("low", "high")
        for month in range(1, 13)
    }
)
CLIMATE = tuple(name for name in PARAMETERS if name.startswith("climatology."))

GAP_STEPS = 2.0  # METHODS 3, Spike
COUNTER_GAP_S = 7 * _DAY  # how far back a counter's flow is looked at [D]
COUNTER_SLACK = 1.05  # as METHODS 2, Totaliser
BANK_ABOVE_M = 2.0
CREST_ABOVE_M = 0.5
DEAD_BELOW_M = 2.0
STORAGE_ABOVE = 1.2  # of the capacity [D]
RAIN_MS = 0.060 / _HOUR
PIPE_LOW, PIPE_HIGH = -0.02, 1.25  # of Q4
_SAME = 1e-9  # epsilon where only equal values stand still [D]
_HALF_MM = 0.0005  # half the resolution of a level [D]

#: METHODS 3, second table: what a kind of sensor has in common. What depends on a
#: site or meter is derived in :func:`default_limits`.
KINDS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "pipe_meter": {
            "flat_line.window_s": 48 * _HOUR,
            "flat_line.epsilon": _SAME,
            "flat_line.exempt": 0.0,
        },
        "open_channel": {
            "gross_range.fail_low": 0.0,
        },
        "stage": {
            "rate.limit": 0.5 / 900.0,
            "flat_line.window_s": 72 * _HOUR,
            "flat_line.epsilon": _HALF_MM,
        },
        "reservoir_level": {
            "rate.limit": 0.5 / _DAY,
            "rate.noise": 0.03,  # two levels of U = 20 mm each, METHODS 4 [D]
            "flat_line.window_s": 7 * _DAY,
            "flat_line.epsilon": _HALF_MM,
        },
        "storage": {"gross_range.fail_low": 0.0},
        "totaliser": {
            "gross_range.fail_low": 0.0,
            "rate.counter": 1.0,
            "rate.limit": np.inf,  # without a greatest flow, it still only rises
            "flat_line.window_s": 48 * _HOUR,
            "flat_line.epsilon": _SAME,
        },
        "interval_volume": {"gross_range.fail_low": 0.0},
        "rain": {
            "gross_range.fail_low": 0.0,
            "flat_line.count": 6.0,
            "flat_line.epsilon": _SAME,
            "flat_line.exempt": 0.0,
        },
        "rain_counter": {
            "gross_range.fail_low": 0.0,
            "rate.counter": 1.0,
            "rate.limit": RAIN_MS,
        },
        "pump_hours": {"gross_range.fail_low": 0.0},
        "other": {},
    }
)

_COUNTERS = ("totaliser", "pulse")
_PIPES = ("well", "intake", "outfall", "meter")


def sensor_kinds(series: pd.DataFrame, sites: pd.DataFrame) -> pd.Series[str]:
    """Kind of sensor (:data:`KINDS`) by series code.

    Parameters
    ----------
    series, sites
        Country frames.
    """
    place = _of_site(series, sites, "kind").to_numpy()
    quantity, counts = series["quantity"], series["signal"].isin(_COUNTERS)
    rules = {
        "rain_counter": (quantity == "precipitation") & counts,
        "rain": quantity == "precipitation",
        "totaliser": (quantity == "volume") & counts,
        "interval_volume": quantity == "volume",
        "pipe_meter": (quantity == "discharge") & np.isin(place, _PIPES),
        "open_channel": quantity == "discharge",
        "reservoir_level": (quantity == "level") & (place == "reservoir"),
        "stage": quantity == "level",
        "storage": quantity == "storage",
        "pump_hours": (quantity == "pump_hours") & ~counts,
    }
    kind = np.select(list(rules.values()), list(rules), "other")
    return pd.Series(kind, index=pd.Index(series["code"]), name="kind")


def default_limits(
    series: pd.DataFrame,
    sites: pd.DataFrame,
    curves: Mapping[str, Sequence[StorageCurve]] | None = None,
    *,
    reversible: Collection[str] = (),
    max_inflow: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Limits of METHODS 3 from what the registry knows.

    Q4 of a meter and the greatest flow of a totaliser are ``max_rate``; the bank of
    a gauge and the full level of a reservoir are ``full_level_m``; its crest is the
    top of its storage table where that is higher; its dead level is where the table
    holds ``dead_m3``. What is not given leaves a limit off.

    Parameters
    ----------
    series, sites
        Country frames.
    curves
        By site, :func:`ewater.series.curve_tables.storage_curves`; the last version
        counts.
    reversible
        Series whose flow may run backwards as far as forwards; derived series may
        be negative without limit.
    max_inflow
        Greatest inflow (m3 s-1) by reservoir site: its level cannot rise faster than
        this over the least area in use.

    Returns
    -------
    pandas.DataFrame : (series, parameter)
        By series code; columns are :data:`PARAMETERS`.
    """
    kind = sensor_kinds(series, sites)
    table = pd.DataFrame(dict(KINDS)).T.reindex(columns=list(PARAMETERS))
    found = table.loc[list(kind)].set_axis(kind.index, axis=0).astype("float64")
    found["rate.counter"] = found["rate.counter"].fillna(0.0)
    rows = series.set_index("code")
    interval = rows["interval_s"].astype("float64")
    steps = (GAP_STEPS * interval.where(interval > 0)).fillna(MAX_GAP_S)
    found["neighbour.gap_s"] = steps
    found["rate.gap_s"] = steps.clip(lower=MAX_GAP_S)
    counts = found["rate.counter"] == 1.0
    found.loc[counts, "rate.gap_s"] = steps[counts].clip(lower=COUNTER_GAP_S)
    factor = pd.Series(factors(series), index=rows.index)
    found["rate.modulus"] = (rows["modulus"] * factor).where(counts)
    _by_meter(found, kind, rows["max_rate"].astype("float64"), interval)
    _by_site(found, kind, series, sites, curves or {}, max_inflow or {})
    _signs(found, rows["derived"].fillna(False).astype(bool), reversible)
    return found


def with_history(limits: pd.DataFrame, learned: pd.DataFrame) -> pd.DataFrame:
    """Limits in which what a site has shown goes before what its kind suggests.

    Parameters
    ----------
    limits
        Result of :func:`default_limits`.
    learned
        Result of :func:`ewater.series.quality_history.learned_limits`; where it has
        nothing to say (NaN), the default stays.
    """
    check_columns(limits)
    return learned.reindex(index=limits.index, columns=limits.columns).fillna(limits)


def with_overrides(
    limits: pd.DataFrame, overrides: pd.DataFrame, file: str = "limits.csv"
) -> pd.DataFrame:
    """Limits as a person has set them, test by test.

    Parameters
    ----------
    limits
        Frame of limits.
    overrides
        ``series,test,parameter,value``, SI; NaN switches the parameter off, 0 is
        zero.
    file
        Where the overrides come from, for messages.

    Raises
    ------
    FaultsError
        An unknown series or parameter, one given twice, an impossible value, or a
        low limit above the high one; all of them at once.
    """
    check_columns(limits)
    name = overrides["test"].astype(str) + "." + overrides["parameter"].astype(str)
    row, column = (
        limits.index.get_indexer_for(pd.Index(overrides["series"])),
        limits.columns.get_indexer_for(pd.Index(name)),
    )
    value = overrides["value"].to_numpy(dtype=np.float64)
    twice = overrides.duplicated(["series", "test", "parameter"]).to_numpy()
    positive = name.str.contains(r"_s$|limit|noise|count|epsilon|suspect$|fail$|floor")
    wrong = {
        "series": (row < 0, "this series is not registered"),
        "parameter": (column < 0, "no such test and parameter"),
        "value": (twice, "this limit is given twice"),
        "value ": (positive.to_numpy() & (value < 0), "this limit cannot be negative"),
    }
    faults = [
        Fault(
            file=file,
            line=int(i) + 2,
            column=where.strip(),
            message=f"{overrides['series'].iloc[i]} {name.iloc[i]}: {message}",
            allowed="tests and parameters are those of PARAMETERS"
            if where == "parameter"
            else "",
        )
        for where, (bad, message) in wrong.items()
        for i in np.flatnonzero(bad)
    ]
    if faults:
        raise FaultsError(faults)
    values = limits.to_numpy(dtype=np.float64, copy=True)
    values[row, column] = value
    found = pd.DataFrame(values, index=limits.index, columns=limits.columns)
    _check_order(found, file)
    return found


def check_columns(limits: pd.DataFrame) -> None:
    """Refuse a frame that is no frame of limits.

    Raises
    ------
    UsageError
        A column is missing, or a series occurs twice.
    """
    missing = [name for name in PARAMETERS if name not in limits.columns]
    if missing:
        raise UsageError(
            f"limits have no column {missing[0]}; begin with default_limits, which has "
            "all of them"
        )
    if not limits.index.is_unique:
        raise UsageError("a series has two rows of limits; give one row per series")


def _check_order(limits: pd.DataFrame, file: str) -> None:
    pairs = [
        ("gross_range.fail_low", "gross_range.fail_high"),
        ("gross_range.suspect_low", "gross_range.suspect_high"),
        ("spike.suspect", "spike.fail"),
        *zip(CLIMATE[:12], CLIMATE[12:], strict=True),
    ]
    faults = [
        Fault(
            file=file,
            line=None,
            column=low,
            message=f"{code}: {low} is above {high}",
            allowed="give them in order, or leave one off",
        )
        for low, high in pairs
        for code in limits.index[limits[low] > limits[high]]
    ]
    if faults:
        raise FaultsError(faults)


def _by_meter(
    found: pd.DataFrame,
    kind: pd.Series[str],
    greatest: pd.Series[float],
    interval: pd.Series[float],
) -> None:
    """Limits that follow from the greatest flow of a meter or the interval."""
    flow = kind.isin(("pipe_meter", "open_channel")) & greatest.notna()
    found.loc[flow, "gross_range.fail_low"] = PIPE_LOW * greatest[flow]
    found.loc[flow, "gross_range.fail_high"] = PIPE_HIGH * greatest[flow]
    pipe = kind == "pipe_meter"
    found.loc[pipe, "rate.limit"] = greatest[pipe] / 60.0
    counter = kind.isin(("totaliser", "rain_counter"))
    found.loc[counter, "gross_range.fail_high"] = found["rate.modulus"][counter]
    meter = (kind == "totaliser") & greatest.notna()
    found.loc[meter, "rate.limit"] = COUNTER_SLACK * greatest[meter]
    most = {
        "interval_volume": PIPE_HIGH * greatest * interval,
        "rain": RAIN_MS * interval,
        "pump_hours": interval,
    }
    for name, high in most.items():
        found.loc[kind == name, "gross_range.fail_high"] = high[kind == name]


def _by_site(
    found: pd.DataFrame,
    kind: pd.Series[str],
    series: pd.DataFrame,
    sites: pd.DataFrame,
    curves: Mapping[str, Sequence[StorageCurve]],
    max_inflow: Mapping[str, float],
) -> None:
    """Limits that follow from banks, levels and capacities."""
    full, dead, capacity = (
        _of_site(series, sites, name).astype("float64").set_axis(found.index)
        for name in ("full_level_m", "dead_m3", "capacity_m3")
    )
    site = series["site"].set_axis(found.index)
    stage = kind == "stage"
    found.loc[stage, "gross_range.fail_high"] = full[stage] + BANK_ABOVE_M
    stored = kind == "storage"
    found.loc[stored, "gross_range.fail_high"] = STORAGE_ABOVE * capacity[stored]
    level = kind == "reservoir_level"
    top, lowest, area = (
        pd.Series(column, index=found.index[level])
        for column in _of_curves(
            site[level], dead[level].to_numpy(dtype=np.float64), curves
        )
    )
    crest = np.fmax(full[level], top)
    found.loc[level, "gross_range.fail_low"] = lowest - DEAD_BELOW_M
    found.loc[level, "gross_range.fail_high"] = crest + CREST_ABOVE_M
    fastest = site[level].map(max_inflow).astype("float64") / area
    found.loc[level, "rate.limit"] = np.fmin(found["rate.limit"][level], fastest)


def _of_curves(
    site: pd.Series[str],
    dead: NDArray[np.floating],
    curves: Mapping[str, Sequence[StorageCurve]],
) -> NDArray[np.float64]:
    """Top, dead level (m) and area there (m2) of each reservoir; NaN if unknown."""
    found = np.full((3, len(site)), np.nan)
    for i, code in enumerate(site):
        if curves.get(code):
            curve = curves[code][-1]
            lowest = curve.level_for_volume(dead[i])
            found[:, i] = curve.level[-1], lowest, curve.area(lowest)
    return found


def _signs(
    found: pd.DataFrame, derived: pd.Series[bool], reversible: Collection[str]
) -> None:
    """Take off the lower limit of what may be negative."""
    back = found.index.isin(list(reversible))
    found.loc[back, "gross_range.fail_low"] = -found["gross_range.fail_high"][back]
    found.loc[derived, "gross_range.fail_low"] = np.nan


def _of_site(
    series: pd.DataFrame, sites: pd.DataFrame, column: str
) -> pd.Series[float]:
    by_code: pd.Series[float] = sites.set_index("code")[column]
    return series["site"].map(by_code)
