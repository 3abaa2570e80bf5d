"""Tests of whole periods: mass balance, drift, reports (METHODS 3).

They find a member, or a month of a series, at fault; :func:`mark` carries that to
its readings.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import UsageError
from ewater.series.quality import SUSPECT_TESTS, flags_of
from ewater.series.rows import ragged
from ewater.terms import Flag, Test

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_array

    Floats = NDArray[np.float64]

BALANCE_SIGMAS = 3.0
DRIFT_TOLERANCE = 0.05  # per month
DRIFT_COVERAGE = 0.95  # of both, below which months are not compared [D]
REPORT_CHANGE = 0.30  # year on year
REPORT_SAME = 3  # periods


class Outcome(IntEnum):
    """What a test of a period says."""

    NOT_EVALUATED = -1
    PASSED = 0
    FAILED = 1


def mass_balance(
    residual: ArrayLike, u: ArrayLike, members: csr_array
) -> NDArray[np.int8]:
    """Suspect every member of a node whose residual is too large for its error.

    The node is judged by ``|r| > 3 u(r)``; which member is to blame is for the
    measurement test of METHODS 5 to say.

    Parameters
    ----------
    residual, u : (node, period), m3
        Residual and its standard uncertainty; NaN where not known.
    members : (series, node), sparse
        Non-zero where a series measures a flow or stock of the node.

    Returns
    -------
    numpy.ndarray : (series, period), int8
        :class:`Outcome`: failed if one node did, not evaluated if none was.
    """
    r, spread = (np.asarray(x, dtype=np.float64) for x in (residual, u))
    known = ~np.isnan(r) & ~np.isnan(spread)
    bad = known & (np.abs(r) > BALANCE_SIGMAS * spread)
    belongs = members.astype(bool).astype(np.int64)
    failed, judged = (belongs @ which.astype(np.int64) > 0 for which in (bad, known))
    return _outcome(failed, judged)


def drift(
    counted: ArrayLike,
    counted_s: ArrayLike,
    integrated: ArrayLike,
    integrated_s: ArrayLike,
    length_s: ArrayLike,
    tolerance: float = DRIFT_TOLERANCE,
) -> NDArray[np.int8]:
    """Compare a totaliser with the integral of the discharge beside it.

    Mean flows over what each has observed are compared, relative to the totaliser,
    so that a short gap of one of them is no drift.

    Parameters
    ----------
    counted, integrated : (pair, month), m3
        Volume of the totaliser and of the discharge series.
    counted_s, integrated_s : (pair, month), s
        What each has observed.
    length_s : (month,), s
    tolerance
        Greatest difference as a fraction.

    Returns
    -------
    numpy.ndarray : (pair, month), int8
        :class:`Outcome`; not evaluated below 95 % coverage of either.
    """
    length = np.asarray(length_s, dtype=np.float64)
    seconds = [np.asarray(s, dtype=np.float64) for s in (counted_s, integrated_s)]
    known = np.minimum(*seconds) >= DRIFT_COVERAGE * length
    known &= ~np.isnan(counted) & ~np.isnan(integrated)
    flow, other = (
        np.divide(v, s, out=np.zeros_like(s), where=known)
        for v, s in zip((counted, integrated), seconds, strict=True)
    )
    return _outcome(known & (np.abs(other - flow) > tolerance * np.abs(flow)), known)


def check_reports(
    volume: ArrayLike,
    seconds: ArrayLike,
    pump_m3h: ArrayLike,
    *,
    per_year: int,
    output: ArrayLike | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Flag what enterprises report, by the row "industrial report" of METHODS 3.

    A negative volume, or more than the installed pumps can lift, fails. Suspect are
    a change of more than 30 % on the same period a year before that a change of
    output does not explain, and one figure other than zero in three or more periods
    in a row. A volume above the permit is no error and not looked at.

    Parameters
    ----------
    volume : (report, period), m3
        One item of one enterprise in periods side by side; NaN where not reported.
    seconds : (period,), s
    pump_m3h : (report,), m3 h-1
        Installed capacity; NaN where not known.
    per_year
        Periods in a year: 4 for quarters, 12 for months, 1 for years.
    output : (report, period)
        What was produced, in any unit; where not known nothing explains a change.

    Returns
    -------
    flag : (report, period), uint8
    failed : (report, period), uint32
        ``GROSS_FAIL``, ``REPORT_SUSPECT``, ``FLAT_LINE`` of
        :class:`~ewater.series.quality.Test`.
    """
    v = np.asarray(volume, dtype=np.float64)
    most = np.outer(np.asarray(pump_m3h, float), np.asarray(seconds, float) / 3600.0)
    made = np.full(v.shape, np.nan) if output is None else np.asarray(output, float)
    change, explained = _yearly(v, per_year), _yearly(made, per_year)
    expected = 1.0 + np.nan_to_num(explained - 1.0)
    jump = np.abs(change - expected) > REPORT_CHANGE * np.abs(expected)
    jump &= np.abs(change - 1.0) > REPORT_CHANGE
    failed = np.where((v < 0) | (v > most), np.uint32(Test.GROSS_FAIL), np.uint32(0))
    failed |= np.where(jump, np.uint32(Test.REPORT_SUSPECT), np.uint32(0))
    failed |= np.where(_repeats(v), np.uint32(Test.FLAT_LINE), np.uint32(0))
    flag = np.full(v.shape, np.uint8(Flag.PASS))
    flag[np.isnan(v)] = Flag.MISSING
    failed[np.isnan(v)] = 0
    return flags_of(failed, flag), failed


def mark(
    readings: xr.Dataset,
    outcome: NDArray[np.int8],
    bounds: NDArray[np.int64],
    test: Test,
    *,
    preceding: ArrayLike = False,
) -> xr.Dataset:
    """Carry the outcome of a test of periods to their readings.

    Within ``bounds`` the bit of the test is set or cleared and the flag follows;
    where the test was not evaluated, and outside, readings stay as they are.

    Parameters
    ----------
    readings
        With ``flag`` and ``failed``.
    outcome : (series, period), int8
        :class:`Outcome`, in the order of the series of ``readings``.
    bounds : (period + 1,), int64 microseconds UTC
    test
        ``Test.DRIFT`` or ``Test.MASS_BALANCE``: a suspect of one bit.
    preceding : (series,), bool
        True where a reading stands for the interval before its time, so that the
        one stamped at the end of a period belongs to it.

    Returns
    -------
    xarray.Dataset
        ``readings`` with ``flag`` and ``failed`` replaced.

    Raises
    ------
    UsageError
        The test is none of :data:`~ewater.series.quality.SUSPECT_TESTS`, or the
        outcome does not fit series and bounds.
    """
    offset, time, value, flag = ragged(readings)
    shape = (offset.size - 1, bounds.size - 1)
    if outcome.shape != shape or test not in SUSPECT_TESTS:
        raise UsageError(
            f"outcome {outcome.shape} of {test!r} cannot mark {shape} series and "
            "periods; give one suspect test and an outcome for each"
        )
    series = np.repeat(np.arange(shape[0]), np.diff(offset))
    before = np.broadcast_to(np.asarray(preceding, dtype=bool), shape[:1])
    period = np.searchsorted(bounds, time - before[series], side="right") - 1
    inside = (period >= 0) & (period < shape[1])
    told = np.full(time.size, np.int8(Outcome.NOT_EVALUATED))
    told[inside] = outcome[series[inside], period[inside]]
    bit = np.uint32(test)
    failed = readings["failed"].to_numpy()
    failed = np.where(told == Outcome.FAILED, failed | bit, failed)
    failed = np.where(told == Outcome.PASSED, failed & ~bit, failed)
    evaluated = (told != Outcome.NOT_EVALUATED) & (flag == Flag.NOT_EVALUATED)
    known = np.where(evaluated & ~np.isnan(value), np.uint8(Flag.PASS), flag)
    touched = told != Outcome.NOT_EVALUATED
    return readings.assign(
        flag=readings["flag"].copy(
            data=np.where(touched, flags_of(failed, known), flag)
        ),
        failed=readings["failed"].copy(data=failed),
    )


def _outcome(bad: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.int8]:
    found = np.where(known, Outcome.PASSED, Outcome.NOT_EVALUATED)
    return np.where(bad, Outcome.FAILED, found).astype(np.int8)


def _yearly(values: Floats, per_year: int) -> Floats:
    """Ratio to the same period a year before; NaN where that is not above zero."""
    ratio = np.full(values.shape, np.nan)
    past = values[:, :-per_year]
    np.divide(values[:, per_year:], past, out=ratio[:, per_year:], where=past > 0)
    return ratio


def _repeats(values: Floats) -> NDArray[np.bool_]:
    """Whether a figure other than zero is the last of three or more equal ones."""
    same = np.zeros(values.shape, dtype=bool)
    run = values.shape[1] - REPORT_SAME + 1
    if run > 0:
        last = values[:, REPORT_SAME - 1 :]
        equal = np.stack(
            [values[:, i : i + run] == last for i in range(REPORT_SAME - 1)]
        )
        same[:, REPORT_SAME - 1 :] = equal.all(axis=0) & (last != 0)
    return same
