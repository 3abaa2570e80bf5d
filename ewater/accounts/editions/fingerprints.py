"""What is sealed of readings: a hash, and sums that find the one that was altered.

Readings of one series and one year of UTC are one line: count, SHA-256 over the
columns, and two sums modulo 2^64: of the hashes *h* of all readings, and of *t h* with
their times. Where one reading is altered, added or lost, the differences of the sums
give its time away, without a copy of what was sealed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

_NAN = np.uint64(0x7FF8000000000000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prints:
    """Lines by series and year, with where their readings stand."""

    lines: list[str]
    keys: list[tuple[str, int]]
    cuts: NDArray[np.int64]
    columns: tuple[NDArray[Any], ...]


def prints(readings: xr.Dataset) -> Prints:
    """Fingerprint readings in the contiguous ragged form, series in their order.

    Returns
    -------
    Prints
        A line is ``series year count sha256 sum moment``, the last two as 16
        hexadecimal digits. A series without readings has none.
    """
    columns = _columns(readings)
    time = columns[0]
    size = readings["row_size"].to_numpy().astype(np.int64)
    series = np.repeat(np.arange(size.size), size)
    year = time.view("M8[us]").astype("M8[Y]").astype(np.int64) + 1970
    starts = np.flatnonzero(
        np.concatenate(
            [
                np.ones(min(1, time.size), bool),
                (series[1:] != series[:-1]) | (year[1:] != year[:-1]),
            ]
        )
    )
    cuts = np.append(starts, time.size).astype(np.int64)
    sums, moments = _sums(cuts, *columns)
    codes = readings["series"].values
    keys = [(str(codes[series[at]]), int(year[at])) for at in starts]
    lines = [
        f"{code} {when} {cuts[n + 1] - cuts[n]} "
        f"{_sha256(columns, cuts[n], cuts[n + 1])} {sums[n]:016x} {moments[n]:016x}"
        for n, (code, when) in enumerate(keys)
    ]
    return Prints(lines=lines, keys=keys, cuts=cuts, columns=columns)


def altered(sealed: str, present: str, found: Prints, place: int) -> int | None:
    """Find the time of the one reading in which two states of a year differ.

    Parameters
    ----------
    sealed, present
        Lines of the same series and year.
    found, place
        The present readings, and which of their lines ``present`` is.

    Returns
    -------
    int or None
        Microseconds UTC; None where more than one reading differs.
    """
    (sum_a, moment_a), (sum_b, moment_b) = (
        (int(x, 16) for x in line.split()[4:6]) for line in (sealed, present)
    )
    whole = 1 << 64
    change, moved = (sum_b - sum_a) % whole, (moment_b - moment_a) % whole
    if change % 2:  # hashes are odd: one reading more, or one less
        instant = moved * pow(change, -1, whole) % whole
        known = instant < 1 << 63 and _within(instant, sealed)
        return instant if known else None
    time = found.columns[0][found.cuts[place] : found.cuts[place + 1]]
    hit = time.view(np.uint64) * np.uint64(change) == np.uint64(moved)
    return int(time[hit][0]) if change and hit.sum() == 1 else None


def _within(time: int, line: str) -> bool:
    year = np.int64(time).view("M8[us]").astype("M8[Y]").astype(np.int64) + 1970
    return str(year) == line.split()[1]


def _columns(readings: xr.Dataset) -> tuple[NDArray[Any], ...]:
    """Time, bits of the value, flag, failed tests and lineage, little-endian."""
    value = np.ascontiguousarray(readings["value"].to_numpy(), "<f8")
    bits = value.view("<u8")
    if np.isnan(value).any():
        bits = np.where(np.isnan(value), _NAN, bits)
    time = readings["time"].to_numpy().astype("M8[us]").astype("<i8")
    return (
        time,
        bits,
        np.ascontiguousarray(readings["flag"].to_numpy(), "u1"),
        np.ascontiguousarray(readings["failed"].to_numpy(), "<u4"),
        np.ascontiguousarray(readings["lineage"].to_numpy(), "u1"),
    )


def _sha256(columns: tuple[NDArray[Any], ...], start: int, end: int) -> str:
    digest = hashlib.sha256()
    for column in columns:
        digest.update(column[start:end].data)
    return digest.hexdigest()


@njit(cache=True, nogil=True)
def _sums(cuts, time, bits, flag, failed, lineage):  # type: ignore[no-untyped-def]
    """Add up hashes, and hashes times times, of the readings between cuts."""
    count = len(cuts) - 1
    sums = np.zeros(count, np.uint64)
    moments = np.zeros(count, np.uint64)
    for n in range(count):
        for i in range(cuts[n], cuts[n + 1]):
            t = np.uint64(time[i])
            beside = (
                np.uint64(flag[i])
                | (np.uint64(lineage[i]) << np.uint64(8))
                | (np.uint64(failed[i]) << np.uint64(16))
            )
            h = _mixed(_mixed(_mixed(t) ^ bits[i]) ^ beside) | np.uint64(1)
            sums[n] += h
            moments[n] += h * t
    return sums, moments


@njit(cache=True, nogil=True)
def _mixed(x):  # type: ignore[no-untyped-def]
    """Scramble 64 bits (the finaliser of splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
