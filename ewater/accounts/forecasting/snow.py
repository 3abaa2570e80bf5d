"""Snow of the mountains, by month, and the flows that it foretells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.forecast.records import Records
from ewater.series.rows import ragged
from ewater.terms import Flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.ledger import Ledger

    Floats = NDArray[np.float64]
    Frames = Mapping[str, pd.DataFrame]

_RIVERS = ("river", "lake", "reservoir")
_UNUSED = (Flag.FAIL, Flag.MISSING)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snow:
    """Snow of basins, and which of it speaks for which flow.

    Attributes
    ----------
    records : Records
        By basin: mean over its series of what each had in the month, as a part of its
        own mean.
    of_flow : (flow,)
        Positions of basins; -1 is none.
    """

    records: Records
    of_flow: NDArray[np.intp]


def codes(frames: Frames) -> list[str]:
    """Series of quantity ``snow`` that the registry has."""
    series = frames["series"]
    return sorted(str(c) for c in series.loc[series["quantity"] == "snow", "code"])


def of(
    frames: Frames,
    ledger: Ledger,
    readings: xr.Dataset,
    months: NDArray[np.int64],
    first: int,
) -> Snow:
    """Lay the snow of a country out by basin and month.

    A flow looks at the snow of the smallest basin that its river lies in and that has
    any: of the account it leaves, or enters if it comes from no river.

    Parameters
    ----------
    frames
        Country frames, with ``site_territories``.
    readings
        Of series of snow, contiguous ragged form.
    months : (month + 1,), int64 microseconds UTC
    first : int
        Month of the first column, as of `Records`.
    """
    value = monthly(readings, months)
    names = [str(code) for code in readings["series"].values]
    site = frames["series"].drop_duplicates("code").set_index("code")["site"]
    lies = frames["site_territories"]
    held = {str(code): set(rows["territory"]) for code, rows in lies.groupby("site")}
    basins = _basins(ledger)
    rows = {
        basin: [n for n, code in enumerate(names) if basin in held.get(site[code], ())]
        for basin in basins
    }
    found = {basin: part for basin, part in rows.items() if part}
    table = [_mean(value[part]) for part in found.values()]
    records = Records.of(
        np.array([f"snow:{basin}" for basin in found], dtype=np.str_),
        first,
        np.array(table).reshape(len(found), months.size - 1),
    )
    return Snow(records=records, of_flow=_of_flow(ledger, list(found)))


def monthly(readings: xr.Dataset, months: NDArray[np.int64]) -> Floats:
    """Mean of the good readings of each series in each month, (series, month).

    As a part of the mean over all its months, so that stations can be averaged; NaN
    where there is no reading.
    """
    offset, time, value, flag = ragged(readings)
    series = np.repeat(np.arange(offset.size - 1), np.diff(offset))
    month = np.searchsorted(months, time, side="right") - 1
    good = np.isfinite(value) & (value >= 0) & ~np.isin(flag, _UNUSED)
    good &= (month >= 0) & (month < months.size - 1)
    shape = (offset.size - 1, months.size - 1)
    cell = series[good] * shape[1] + month[good]
    size = shape[0] * shape[1]
    count = np.bincount(cell, minlength=size).reshape(shape)
    total = np.bincount(cell, value[good], minlength=size).reshape(shape)
    mean = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    known = np.isfinite(mean)
    months_known = known.sum(axis=1, keepdims=True)
    usual = np.divide(
        np.where(known, mean, 0.0).sum(axis=1, keepdims=True),
        months_known,
        out=np.full((shape[0], 1), np.nan),
        where=months_known > 0,
    )
    part = np.divide(mean, usual, out=np.full(shape, np.nan), where=usual > 0)
    return np.asarray(part)


def _mean(parts: Floats) -> Floats:
    """Mean over the series that have a month; NaN where none has."""
    known = np.isfinite(parts)
    count = known.sum(axis=0)
    total = np.where(known, parts, 0.0).sum(axis=0)
    empty = np.full(count.size, np.nan)
    return np.asarray(np.divide(total, count, out=empty, where=count > 0))


def _basins(ledger: Ledger) -> list[str]:
    """Basins, those within others before them."""
    kind = ledger.territory_kind == "basin"
    depth = np.zeros(kind.size, dtype=int)
    up = ledger.territory_parent.copy()
    while (up >= 0).any():
        depth += up >= 0
        up = np.where(up >= 0, ledger.territory_parent[up], -1)
    order = np.argsort(-depth, kind="stable")
    return [str(ledger.territories[n]) for n in order if kind[n]]


def _of_flow(ledger: Ledger, basins: list[str]) -> NDArray[np.intp]:
    """First of the basins in which the river of each flow has a share."""
    result = np.full(ledger.flows.size, -1, dtype=np.intp)
    if not basins:
        return result
    share = ledger.membership[ledger.rows(basins)].toarray() > 0
    natural = np.isin(ledger.account_kind, _RIVERS)
    leaves, enters = (natural[end] for end in (ledger.flow_from, ledger.flow_to))
    account = np.where(leaves, ledger.flow_from, ledger.flow_to)
    held = share[:, account] & (leaves | enters)
    return np.where(held.any(axis=0), held.argmax(axis=0), result)
