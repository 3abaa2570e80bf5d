"""Quality control of readings: one flag and the failed tests (METHODS 3).

The result does not depend on how the time is cut: :func:`context` says how much to
read before and after a span so that its readings get the flags of the whole
series.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from ewater.errors import UsageError
from ewater.series.calendars import Calendar
from ewater.series.quality_limits import check_columns
from ewater.series.quality_packed import Packed, pack
from ewater.series.rows import ragged
from ewater.terms import Flag, Test

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Ragged = tuple[
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.float64],
        NDArray[np.uint8],
        NDArray[np.uint32],
    ]

_PARALLEL_FROM = 200_000  # readings; below, a thread costs more than it saves


#: Bits that make a reading fail; those that make it suspect; those that
#: :func:`evaluate` does not compute and therefore keeps. ``MANUAL`` alone says that
#: the flag is a person's, whatever the other bits say.
FAIL_TESTS = Test.GROSS_FAIL | Test.SPIKE_FAIL | Test.SOURCE_FAIL
KEPT_TESTS = (
    Test.DRIFT
    | Test.MASS_BALANCE
    | Test.SOURCE_SUSPECT
    | Test.SOURCE_FAIL
    | Test.REPORT_SUSPECT
)
SUSPECT_TESTS = (
    Test.GROSS_SUSPECT
    | Test.RATE
    | Test.SPIKE_SUSPECT
    | Test.FLAT_LINE
    | Test.CLIMATOLOGY
    | Test.ATTENUATION
    | Test.DRIFT
    | Test.MASS_BALANCE
    | Test.SOURCE_SUSPECT
    | Test.REPORT_SUSPECT
)


class Judged(NamedTuple):
    """What the tests say of readings."""

    flag: NDArray[np.uint8]
    failed: NDArray[np.uint32]


def evaluate(
    readings: xr.Dataset,
    limits: pd.DataFrame,
    *,
    events: pd.DataFrame | None = None,
    companions: Mapping[str, str] | None = None,
    calendar: Calendar = Calendar.UTC,
    threads: int | None = None,
) -> xr.Dataset:
    """Put every reading to the tests and roll them up to one flag.

    ``fail > suspect > pass > not evaluated``; a reading without a value is missing,
    whatever the tests say, and an infinite one fails. A failed reading is put to no
    further test and is nobody's neighbour.

    A flag of 3 or 4 that comes without failed tests is the publisher's: it counts
    as a test (``SOURCE_SUSPECT``, ``SOURCE_FAIL``; so does a 9 on a value). The
    bits of :data:`KEPT_TESTS` stay as they are, so that a second run changes
    nothing.

    Parameters
    ----------
    readings
        Contiguous ragged form (ARCHITECTURE, "Readings"), in SI units, with or
        without ``failed``.
    limits
        Frame by series code (:mod:`ewater.series.quality_limits`), SI; NaN is off
        and 0 is zero. Every series has a row.
    events
        Country frame ``meter_events``: a step with an event in it has no rate.
    companions
        By totaliser, the discharge series whose flow must move it; both in
        ``readings``, else the totaliser is not tested for standing still.
    calendar
        Whose months the climatology means.
    threads
        Default: all that numba may use.

    Returns
    -------
    xarray.Dataset
        ``readings`` with ``flag`` (uint8) and ``failed`` (uint32, :class:`Test`)
        replaced; values and lineage are untouched.

    Raises
    ------
    UsageError
        A series has no limits, or its times do not increase.
    """
    offset, time, value, flag = ragged(readings)
    failed = np.zeros(time.size, dtype=np.uint32)
    if "failed" in readings:
        failed = np.ascontiguousarray(readings["failed"].to_numpy(), dtype=np.uint32)
    packed = pack(limits, events=events, companions=companions, calendar=calendar)
    codes = readings["series"].to_numpy().tolist()
    found = judge(packed, codes, (offset, time, value, flag, failed), threads=threads)
    return readings.assign(flag=_flags(found.flag), failed=_bits(found.failed))


def judge(
    packed: Packed, codes: Sequence[str], readings: Ragged, threads: int | None = None
) -> Judged:
    """Do as `evaluate` does, on plain arrays and limits that are packed already.

    Parameters
    ----------
    packed
        Of these series and, if need be, others.
    codes : (series,)
        Whose readings they are.
    readings
        Offset (series + 1,), then time in microseconds UTC, value in SI, flag and
        failed tests (reading,); contiguous, they are not changed.
    threads
        Default: all that numba may use.

    Raises
    ------
    UsageError
        A series has no limits, or its times do not increase.
    """
    from ewater.series import quality_kernels as kernels  # numba is slow to import

    offset, time = readings[:2]
    limits, events = packed.of(codes)
    if time.size == 0:
        return Judged(np.zeros(0, np.uint8), np.zeros(0, np.uint32))
    given = np.diff(offset) > 0
    ends = time[offset[:-1][given]].min(), time[offset[1:][given] - 1].max()
    out = Judged(np.empty(time.size, np.uint8), np.empty(time.size, np.uint32))
    months = packed.months(*ends)
    arguments = (readings, tuple(limits), months, tuple(events), *out)
    cuts = _cuts(offset, threads)
    if len(cuts) == 2:
        unsorted = [kernels.block(0, len(codes), *arguments)]
    else:
        with ThreadPoolExecutor(_workers(threads)) as pool:
            jobs = [
                pool.submit(kernels.block, int(begin), int(end), *arguments)
                for begin, end in pairwise(cuts)
            ]
        unsorted = [job.result() for job in jobs]
    if max(unsorted) >= 0:
        raise UsageError(
            f"readings of {codes[max(unsorted)]} are not in order of time, or two have "
            "one time; sort them and keep one value per instant"
        )
    return out


def context(
    limits: pd.DataFrame, companions: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """How much to read around a span so that its flags are those of the whole.

    Also how far a new or corrected reading reaches: flags may change from
    ``after_s`` before it to ``before_s`` after it.

    Parameters
    ----------
    limits, companions
        As for :func:`evaluate`.

    Returns
    -------
    pandas.DataFrame : (series,)
        ``before_s`` and ``after_s``, by series code; 0 where every test looks at
        one reading alone.
    """
    check_columns(limits)
    gap = limits["neighbour.gap_s"].fillna(0.0)
    spiky = limits[["spike.suspect", "spike.fail"]].notna().any(axis=1)
    after = (2.0 * gap).where(spiky, 0.0)
    reach = pd.DataFrame(
        {
            "rate": limits["rate.gap_s"].where(limits["rate.limit"].notna()),
            "window": limits["flat_line.window_s"] + gap,
            "count": limits["flat_line.count"] * gap,
            "rolling": limits["attenuation.window_s"] + gap,
        }
    )
    reach[["window", "count"]] = reach[["window", "count"]].where(
        limits["flat_line.epsilon"].notna()
    )
    reach["rolling"] = reach["rolling"].where(limits["attenuation.floor"].notna())
    before = reach.max(axis=1).fillna(0.0) + after
    for counter, flow in (companions or {}).items():
        if counter in before.index and flow in before.index:
            wanted = before[counter] + gap[flow]
            before[flow] = max(before[flow], wanted)
    return pd.DataFrame({"before_s": before, "after_s": after})


def flags_of(failed: NDArray[np.uint32], flag: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Recompute flags after bits have been set or cleared.

    Missing stays missing, a person's flag stays a person's. A reading that no test
    speaks against any more passes; one that was never evaluated stays so.

    Parameters
    ----------
    failed, flag : (reading,)
    """
    clean = np.where(flag == Flag.NOT_EVALUATED, Flag.NOT_EVALUATED, Flag.PASS)
    found = np.select(
        [
            (flag == Flag.MISSING) | ((failed & Test.MANUAL) != 0),
            (failed & FAIL_TESTS) != 0,
            (failed & SUSPECT_TESTS) != 0,
        ],
        [flag, np.uint8(Flag.FAIL), np.uint8(Flag.SUSPECT)],
        clean,
    )
    return found.astype(np.uint8)


def names(failed: int) -> tuple[str, ...]:
    """Names of the tests in a bit set, lowest bit first; unknown bits by number.

    Examples
    --------
    >>> names(Test.RATE | Test.GROSS_FAIL)
    ('gross_fail', 'rate')
    """
    known = {int(test): str(test.name).lower() for test in Test}
    bits = [1 << i for i in range(int(failed).bit_length()) if failed >> i & 1]
    return tuple(known.get(bit, f"bit_{bit.bit_length() - 1}") for bit in bits)


def _flags(flag: NDArray[np.uint8]) -> xr.Variable:
    meanings = " ".join(one.name.lower() for one in Flag)
    attrs = {"flag_values": [int(one) for one in Flag], "flag_meanings": meanings}
    return xr.Variable("reading", flag, attrs)


def _bits(failed: NDArray[np.uint32]) -> xr.Variable:
    meanings = " ".join(str(one.name).lower() for one in Test)
    attrs = {"flag_masks": [int(one) for one in Test], "flag_meanings": meanings}
    return xr.Variable("reading", failed, attrs)


def _workers(threads: int | None) -> int:
    import numba

    return threads or int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]


def _cuts(offset: NDArray[np.int64], threads: int | None) -> NDArray[np.intp]:
    """Positions of series between which the work is cut, for even shares."""
    series, workers = offset.size - 1, _workers(threads)
    if workers == 1 or series < workers or offset[-1] < _PARALLEL_FROM:
        return np.array([0, series])
    wanted = np.linspace(0, offset[-1], 4 * workers + 1)
    cuts = np.unique(np.searchsorted(offset[:-1], wanted))
    cuts[0], cuts[-1] = 0, series
    return cuts
