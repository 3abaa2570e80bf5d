"""Readings of a profile meet the registry: series, SI, UTC, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import UsageError
from ewater.ingest import rows
from ewater.ingest.parse import (
    FUTURE_US,
    Parsed,
    Reject,
    Schema,
    reason_of,
    status_of,
)
from ewater.ingest.profiles import clock
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.ingest.profiles.model import Profile
    from ewater.ingest.profiles.plan import Key
    from ewater.ingest.profiles.reader import Readings

_SERIES_ZONE = "series"


def settle(found: Readings, profile: Profile, schema: Schema, now_us: int) -> Parsed:
    """Convert readings to the registered series, SI and UTC; say which cannot be.

    Parameters
    ----------
    found
        Readings of a block.
    profile
        The profile they were read by.
    schema
        The registered series, with their quantities.
    now_us
        The present: later readings are refused.
    """
    place = {code: number for number, code in enumerate(schema.codes)}
    series = np.array([place.get(k.code or "", -1) for k in found.keys] or [-1])
    factor = np.array([_factor(k, schema, place) for k in found.keys] or [1.0])
    series_of, status = series[found.key], found.status.copy()
    status[(series_of < 0) & (status != rows.CELLS)] = rows.SERIES
    fine = status == rows.OK
    status[fine & np.isnan(factor[found.key])] = status_of("unit")
    time = _utc(found, profile, schema, series_of, status)
    with np.errstate(over="ignore"):  # what overflows is refused below
        value = found.value * factor[found.key]
    ok = status == rows.OK
    status[ok & ~np.isfinite(value) & ~found.missing] = rows.NOT_FINITE
    status[ok & (time > now_us + FUTURE_US)] = rows.FUTURE
    fine = status == rows.OK
    return Parsed(
        series=series_of[fine].astype(np.int32),
        time=time[fine],
        value=value[fine],
        flag=found.flag[fine],
        line=found.line[fine],
        first=found.first[fine],
        last=found.last[fine],
        rejects=[
            _reject(found, int(row), int(status[row])) for row in np.flatnonzero(~fine)
        ],
        column=found.column[fine],
        columns=found.columns,
    )


def _factor(key: Key, schema: Schema, place: dict[str, int]) -> float:
    """Factor to SI of a key's values; NaN where its unit does not fit its series."""
    at = place.get(key.code or "", -1)
    if at < 0 or key.unit is None:
        return float(schema.factor[at]) if at >= 0 else 1.0
    try:
        return factor_to_si(key.unit, schema.quantities[at])
    except UsageError:
        return np.nan


def _utc(
    found: Readings,
    profile: Profile,
    schema: Schema,
    series_of: NDArray[np.int64],
    status: NDArray[np.uint8],
) -> NDArray[np.int64]:
    """Put times on UTC, in place of what is refused a status."""
    time, said = found.time.copy(), profile.time
    ok = status == rows.OK
    zones = np.array(found.zones, object)
    name = np.where(found.zone >= 0, zones[np.maximum(found.zone, 0)], "UTC")
    of_series = ok & (name == _SERIES_ZONE)
    if of_series.any():
        registered = np.array([zone or "" for zone in schema.zones], object)
        name[of_series] = registered[series_of[of_series]]
    for zone in set(name[ok].tolist()):
        which = np.flatnonzero(ok & (name == zone))
        if not zone:
            status[which] = status_of("no_zone")
            continue
        time[which], status[which] = clock.to_utc(
            time[which], zone, said.doubled_hour, found.key[which]
        )
    by = clock.interval(said.interval) if said.interval else (0, "")
    return time + by[0] if said.stamp == "start" and by[1] == "us" else time


def _reject(found: Readings, row: int, status: int) -> Reject:
    key, reason = found.keys[int(found.key[row])], reason_of(status)
    detail = ""
    if reason == "unknown_series":
        code = f"{key.code}" if key.code else "nothing the profile maps"
        detail = f"the source says {key.said!r}, which is {code}"
    elif reason == "qualifier":
        detail = f"the source says {found.qualifier[int(found.qualified[row])]!r}"
    elif reason == "unit":
        detail = f"{key.unit!r} of {key.said!r} does not fit series {key.code}"
    column = found.columns[int(found.column[row])] if reason != "cells" else ""
    return Reject(
        line=int(found.line[row]),
        reason=reason,
        raw=found.raw(row),
        detail=detail,
        column=column,
    )
