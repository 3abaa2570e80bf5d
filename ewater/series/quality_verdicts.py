"""Verdicts of people over those of the tests, and flags of aggregates (METHODS 3)."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.errors import UsageError
from ewater.series.rows import ragged, some
from ewater.terms import Flag, Test

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

#: Order of the last dimension of flag shares.
SHARE_FLAGS = (
    Flag.PASS,
    Flag.NOT_EVALUATED,
    Flag.SUSPECT,
    Flag.FAIL,
    Flag.MISSING,
)


class Approval(IntEnum):
    """How far a reading has been looked at by a person."""

    WORKING = 0
    REVIEWED = 1
    APPROVED = 2


def apply_verdicts(
    readings: xr.Dataset, verdicts: pd.DataFrame, recorded: NDArray[np.int64]
) -> xr.Dataset:
    """Let what people have decided outrank the tests.

    A verdict holds for the readings of one series in ``[start, end)`` that were
    recorded before it was made: it lapses on a revision. The latest verdict counts,
    of two made at one instant the later row; ``working`` takes an approval back and
    leaves the reading to the tests. What has no value stays missing.

    Parameters
    ----------
    readings
        Result of :func:`ewater.series.quality.evaluate`.
    verdicts
        ``series``; ``start``, ``end``, ``made`` (datetime64, UTC); ``level``
        (:class:`Approval`); ``flag`` (1 to 4, not given: pass). Those of other
        series are ignored.
    recorded : (reading,), int64 microseconds UTC
        When the present version of each reading was recorded.

    Returns
    -------
    xarray.Dataset
        ``readings`` with ``flag`` replaced where a verdict holds, ``Test.MANUAL`` set
        there in ``failed`` and cleared elsewhere, and ``approval`` (uint8).

    Raises
    ------
    UsageError
        A level or flag is none, or ``end`` is not after ``start``.
    """
    from ewater.series import quality_kernels as kernels

    offset, time, value, flag = ragged(readings)
    if recorded.shape != time.shape:
        raise UsageError(
            f"{recorded.size} recorded times for {time.size} readings; give one each"
        )
    rows = _checked(verdicts)
    codes = pd.Index(readings["series"].to_numpy())
    at = codes.get_indexer_for(pd.Index(rows["series"]))
    rows = rows.assign(at=at).loc[at >= 0]
    made = _instants(rows["made"])
    order = np.argsort(made, kind="stable")
    given, approval = np.zeros(time.size, np.uint8), np.zeros(time.size, np.uint8)
    kernels.paint(
        offset,
        time,
        np.ascontiguousarray(recorded, dtype=np.int64),
        rows["at"].to_numpy(dtype=np.int64)[order],
        _instants(rows["start"])[order],
        _instants(rows["end"])[order],
        rows["flag"].to_numpy(dtype=np.uint8)[order],
        rows["level"].to_numpy(dtype=np.uint8)[order],
        made[order],
        given,
        approval,
    )
    holds = (approval > Approval.WORKING) & ~np.isnan(value)
    failed = readings["failed"].to_numpy() & ~np.uint32(Test.MANUAL)
    failed = np.where(holds, failed | np.uint32(Test.MANUAL), failed)
    meanings = " ".join(one.name.lower() for one in Approval)
    levels = {"flag_values": [int(one) for one in Approval], "flag_meanings": meanings}
    return readings.assign(
        flag=readings["flag"].copy(data=np.where(holds, given, flag)),
        failed=readings["failed"].copy(data=failed),
        approval=("reading", approval, levels),
    )


def volume_shares(
    parts: ArrayLike, coverage: ArrayLike, failed: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Share of each flag in the volume of a period.

    A failed or missing reading has no volume that could be believed. The time it
    stands for is weighed at the mean rate of the rest, so that a day of flood is
    not outweighed by a month of low flow, and shares sum to 1. A flow that runs
    both ways counts by size.

    Parameters
    ----------
    parts : (..., 3), m3
        Volume from readings that pass, are not evaluated, are suspect.
    coverage : (...)
        Observed part of the period, 0 to 1.
    failed : (...)
        Part of the period for which there is a reading that failed; the rest of
        what is not observed is missing.

    Returns
    -------
    numpy.ndarray : (..., 5)
        In the order of :data:`SHARE_FLAGS`. NaN where a part is unknown, or where
        nothing flowed and volume is no weight; only the last two are given where
        nothing was observed.

    Examples
    --------
    >>> volume_shares([60.0, 0.0, 20.0], 0.75, 0.125)
    array([0.5625, 0.    , 0.1875, 0.125 , 0.125 ])
    """
    volume = np.abs(np.asarray(parts, dtype=np.float64))
    covered = np.asarray(coverage, dtype=np.float64)
    lost = 1.0 - covered
    fail = np.minimum(np.asarray(failed, dtype=np.float64), lost)
    total = volume.sum(axis=-1)
    share = np.full(volume.shape, np.nan)
    np.divide(volume, total[..., None], out=share, where=total[..., None] > 0)
    share *= covered[..., None]
    share[covered == 0] = 0.0
    fail, missing = np.broadcast_arrays(fail, lost - fail)
    unobserved = np.broadcast_to(
        np.stack([fail, missing], axis=-1), (*volume.shape[:-1], 2)
    )
    return np.concatenate([share, unobserved], axis=-1)


def time_of_flag(
    readings: xr.Dataset, interval_s: ArrayLike, bounds: NDArray[np.int64], flag: Flag
) -> NDArray[np.float64]:
    """Part of each period for which readings have a flag, an interval each.

    Parameters
    ----------
    readings
        With ``flag``.
    interval_s : (series,), s
        Interval of each series; where not given the result is NaN.
    bounds : (period + 1,), int64 microseconds UTC
    flag
        The flag to count, such as ``Flag.FAIL`` for :func:`volume_shares`.

    Returns
    -------
    numpy.ndarray : (series, period)
        At most 1.
    """
    offset, time, _, found = ragged(readings)
    periods = bounds.size - 1
    period = np.searchsorted(bounds, time, side="right") - 1
    series = np.repeat(np.arange(offset.size - 1), np.diff(offset))
    counts = (found == flag) & (period >= 0) & (period < periods)
    cell = series[counts] * periods + period[counts]
    count = np.bincount(cell, minlength=(offset.size - 1) * periods)
    interval = np.asarray(interval_s, dtype=np.float64)
    interval = np.where(interval > 0, interval, np.nan)
    seconds = count.reshape(-1, periods) * interval[:, None]
    return np.asarray(np.minimum(seconds / (np.diff(bounds) / 1e6), 1.0))


def _checked(verdicts: pd.DataFrame) -> pd.DataFrame:
    rows = verdicts.assign(flag=verdicts["flag"].fillna(int(Flag.PASS)))
    levels = [int(one) for one in Approval]
    flags = [int(one) for one in Flag if one != Flag.MISSING]
    wrong = ~rows["level"].isin(levels) | ~rows["flag"].isin(flags)
    if wrong.any():
        raise UsageError(
            f"verdict on {some(list(rows.loc[wrong, 'series']))}: levels are {levels}, "
            f"flags {flags}; only a value that is absent is missing"
        )
    backward = rows["end"] <= rows["start"]
    if backward.any():
        raise UsageError(
            f"verdict on {some(list(rows.loc[backward, 'series']))} ends before it "
            "begins; give start (in) and end (out) in order"
        )
    return rows


def _instants(times: pd.Series[Any]) -> NDArray[np.int64]:
    stamps = pd.to_datetime(times, utc=True).dt.tz_localize(None)
    return np.ascontiguousarray(stamps.to_numpy().astype("M8[us]").astype(np.int64))
