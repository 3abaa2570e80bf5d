"""Against permits and pumps: limits, validity, what can be lifted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.reports.examine.facts import edges, month_edges
from ewater.reports.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ewater.reports.examine.facts import Facts, Floats

_DAY_US = 86_400 * 1e6
_PER_DAY = {"year": 1 / 365.25, "month": 12 / 365.25, "day": 1.0}
_GRAVE = 0.1  # of the limit
_OPEN = (-(2**62), 2**62)


def over_limits(facts: Facts, permits: pd.DataFrame, zone: str) -> Iterator[Finding]:
    """Find volumes above what all permits of a kind allow, and months without one.

    A permit without a kind of source counts for every kind.
    """
    if permits.empty or not len(facts):
        return
    pairs = _pairs(facts, permits)
    start, end = edges(facts, zone)
    bounds = month_edges(facts.year, zone)
    limit, lasts, names = _limits(permits)
    owner, permit = pairs
    first = np.maximum(start[owner], lasts[permit, 0])
    last = np.minimum(end[owner], lasts[permit, 1])
    days = np.maximum(last - first, 0) / _DAY_US
    # a permit of a year allows its limit in every whole year, of 365 days or 366
    whole = (end - start)[owner] / _DAY_US
    year = np.where(facts.quarter[owner] == 0, whole, 365.25)
    yearly = np.where(permits["per"].to_numpy()[permit] == "year", year, np.nan)
    rate = np.where(np.isnan(yearly), limit[permit], limit[permit] * 365.25 / yearly)
    months = bounds[owner]
    valid = (lasts[permit, 0, None] < months[:, 1:]) & (
        lasts[permit, 1, None] > months[:, :-1]
    )
    for at, kind in enumerate(facts.kinds):
        said = permits["source_kind"].to_numpy()[permit]
        mine = (said == kind) | pd.isna(said)
        allowed = np.bincount(owner[mine], (rate * days)[mine], minlength=len(facts))
        covered = np.zeros((len(facts), 12))
        np.maximum.at(covered, owner[mine], valid[mine].astype(float))
        yield from _above(facts, at, kind, allowed, (owner[mine], names[permit[mine]]))
        yield from _without(facts, at, kind, covered > 0)


def _pairs(
    facts: Facts, permits: pd.DataFrame
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    left = pd.DataFrame({"e": facts.enterprise, "owner": np.arange(len(facts))})
    right = pd.DataFrame(
        {"e": permits["enterprise"].astype(str), "permit": np.arange(len(permits))}
    )
    both = left.merge(right, on="e")
    return both["owner"].to_numpy(np.intp), both["permit"].to_numpy(np.intp)


def _limits(
    permits: pd.DataFrame,
) -> tuple[Floats, NDArray[np.int64], NDArray[np.object_]]:
    per_day = permits["per"].map(_PER_DAY).to_numpy(dtype=float)
    limit = (permits["limit_m3"].to_numpy(dtype=float) * per_day).astype(np.float64)
    lasts = np.empty((len(permits), 2), dtype=np.int64)
    for at, name in enumerate(("valid_from", "valid_to")):
        column = pd.to_datetime(permits[name], utc=True).dt.as_unit("us")
        given = column.notna().to_numpy()
        lasts[:, at] = _OPEN[at]
        lasts[given, at] = column[given].astype("int64").to_numpy()
    names: NDArray[np.object_] = permits["code"].astype(str).to_numpy(object)
    return limit, lasts, names


def _above(
    facts: Facts,
    at: int,
    kind: str,
    allowed: NDArray[Any],
    named: tuple[NDArray[np.intp], NDArray[np.object_]],
) -> Iterator[Finding]:
    taken = facts.own[:, at]
    step = facts.batch.form.step * facts.batch.form.factor
    over = (allowed > 0) & (taken > allowed * (1 + 1e-9) + step)
    for owner in np.flatnonzero(over).tolist():
        mine = sorted(set(named[1][named[0] == owner].tolist()))
        excess = float(taken[owner] - allowed[owner])
        yield Finding(
            code="over_limit",
            severity="grave" if excess > _GRAVE * allowed[owner] else "warning",
            owner=owner,
            size_m3=excess,
            values={
                "source": kind,
                "value": taken[owner] / 1000,
                "limit": float(allowed[owner]) / 1000,
                "permits": ", ".join(mine),
            },
        )


def _without(
    facts: Facts, at: int, kind: str, covered: NDArray[np.bool_]
) -> Iterator[Finding]:
    """Find water taken in months in which no permit was valid."""
    monthly = facts.own_months[:, at]
    known = ~np.isnan(monthly)
    volume = np.where(~covered & known, monthly, 0.0)
    split = known.any(axis=1)
    total = np.where(split, volume.sum(axis=1), 0.0)
    taken = np.nan_to_num(facts.own[:, at])
    total = np.where(~split & ~covered.any(axis=1), taken, total)
    for owner in np.flatnonzero(total > 0).tolist():
        months = np.flatnonzero(volume[owner] > 0) + 1
        yield Finding(
            code="no_permit",
            severity="grave",
            owner=owner,
            size_m3=float(total[owner]),
            values={
                "source": kind,
                "value": float(total[owner]) / 1000,
                "months": ", ".join(map(str, months)) or "1–12",
            },
        )


def over_pumps(facts: Facts, pump_m3h: Floats, zone: str) -> Iterator[Finding]:
    """Find months with more than the installed pumps lift in all their hours.

    Parameters
    ----------
    pump_m3h : (return,)
        Installed capacity, m3/h; NaN where it is not known.
    """
    hours = np.diff(month_edges(facts.year, zone), axis=1) / 3.6e9
    own = np.nansum(facts.own_months, axis=1)
    with np.errstate(invalid="ignore"):
        most = pump_m3h[:, None] * hours
        excess = np.where(own > most * (1 + 1e-9), own - most, 0.0)
    step = facts.batch.form.step * facts.batch.form.factor
    for owner in np.flatnonzero(excess.sum(axis=1) > step).tolist():
        month = int(np.argmax(excess[owner]))
        yield Finding(
            code="pump_capacity",
            severity="grave",
            owner=owner,
            size_m3=float(excess[owner].sum()),
            values={
                "month": month + 1,
                "value": float(own[owner, month]) / 1000,
                "limit": float(most[owner, month]) / 1000,
            },
        )
