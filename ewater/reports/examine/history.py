"""Against the own past: jumps, slips of the unit, copied years, repeated figures."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.reports.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ewater.reports.examine.facts import Facts, Floats

#: What a slip of the unit multiplies by: thousand m3 for m3, m3/h for l/s, a rate in
#: m3/s for thousand m3 a day; and the other way.
SLIPS = (1e3, 1e-3, 3.6, 1 / 3.6, 86.4, 1 / 86.4)
_NEAR = 0.27  # of a slip, in logarithms
_LEAST = 0.262  # METHODS 3: 30 % without a change of output
_SPREADS = 2.5
_FLOOR = 0.05  # smallest spread of a user from year to year
_YEARS = 3  # on each side
_EQUAL = 10  # months that make a year a copy
_REPEATED = 4  # months of one metered figure


@dataclass(frozen=True, slots=True)
class Expected:
    """Intake that follows from other years, (return,): m3, and its log spread."""

    volume: Floats
    spread: Floats
    deviation: Floats


def expected(facts: Facts) -> Expected:
    """Expect what the nearest years say, per unit of output where that is given.

    Of what the years before and the years after say the nearer counts: a plant that
    doubled agrees with one of them, a misreport with neither.
    """
    intake = facts.grid(facts.intake)
    intake = np.where(intake > 0, intake, np.nan)
    output = facts.grid(facts.output)
    output = np.where(output > 0, output, np.nan)
    plain, by_output = beside(intake), beside(intake / output)
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = [side * output for side in by_output]
        sides = [
            np.where(np.isnan(s), p, s) for s, p in zip(scaled, plain, strict=True)
        ]
        apart = [np.abs(np.log(intake / side)) for side in sides]
        nearer = np.where(
            np.isnan(apart[0]) | (apart[1] < apart[0]), sides[1], sides[0]
        )
        deviation = facts.back(np.log(intake / nearer))
    return Expected(
        volume=facts.back(nearer),
        spread=facts.back(spread_of(intake / np.where(np.isnan(output), 1.0, output))),
        deviation=np.where(facts.annual, deviation, np.nan),
    )


def beside(grid: Floats) -> list[Floats]:
    """Median of up to three years before, and of up to three after."""
    found = []
    count = grid.shape[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # years without any figure
        for sign in (-1, 1):
            side = np.full(grid.shape, np.nan)
            for year in range(count):
                near = [year + sign * k for k in range(1, _YEARS + 1)]
                near = [k for k in near if 0 <= k < count]
                if near:
                    side[:, year] = np.nanmedian(grid[:, near], axis=1)
            found.append(side)
    return found


def spread_of(grid: Floats) -> Floats:
    """Robust spread of the change from year to year, of logarithms, by enterprise."""
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        change = np.abs(np.diff(np.log(grid), axis=1))
        middle = np.nanmedian(change, axis=1) / 0.6745
        common = np.nanmedian(middle)
    few = (~np.isnan(change)).sum(axis=1) < 4
    kept = np.where(few | np.isnan(middle), common, middle)
    # one user's few years say little: halfway to what is common
    spread = np.maximum(0.5 * (kept + common), _FLOOR)
    return np.repeat(np.nan_to_num(spread, nan=_FLOOR)[:, None], grid.shape[1], axis=1)


def slips(facts: Facts, seen: Expected) -> Iterator[Finding]:
    """Find intakes that are a factor of a unit away from what is expected."""
    owner, factor = _slipped(seen)
    for at in np.flatnonzero(owner).tolist():
        yield Finding(
            code="unit_slip",
            severity="grave",
            owner=at,
            size_m3=float(abs(facts.intake[at] - seen.volume[at])),
            values={
                "value": float(facts.intake[at]) / 1000,
                "expected": float(seen.volume[at]) / 1000,
                "factor": float(factor[at]),
            },
        )


def _slipped(seen: Expected) -> tuple[NDArray[np.bool_], Floats]:
    logs = np.log(np.array(SLIPS))
    apart = np.abs(seen.deviation[:, None] - logs)
    nearest = np.argmin(np.where(np.isnan(apart), np.inf, apart), axis=1)
    near = np.take_along_axis(apart, nearest[:, None], axis=1)[:, 0]
    tolerance = np.maximum(_NEAR, 2 * seen.spread)
    tolerance = np.minimum(tolerance, 0.45)  # 3.6 is no slip of 2.3 or of 5.6
    return near <= tolerance, np.array(SLIPS)[nearest]


def jumps(facts: Facts, seen: Expected) -> Iterator[Finding]:
    """Find changes that neither the output nor the years beside explain."""
    limit = np.maximum(_LEAST, _SPREADS * seen.spread)
    slipped, _ = _slipped(seen)
    far = (np.abs(seen.deviation) > limit) & ~slipped
    for at in np.flatnonzero(far).tolist():
        yield Finding(
            code="history",
            severity="warning",
            owner=at,
            size_m3=float(abs(facts.intake[at] - seen.volume[at])),
            values={
                "value": float(facts.intake[at]) / 1000,
                "expected": float(seen.volume[at]) / 1000,
                "ratio": float(np.exp(seen.deviation[at])),
            },
        )


def copies(facts: Facts) -> Iterator[Finding]:
    """Find years whose months are those of one of three years before.

    Months that are all alike are another kind: see `repeats`.
    """
    months = facts.grid(facts.months)
    code = np.rint(np.nan_to_num(months, nan=-1.0) / _step(facts))
    sorted_ = np.sort(code, axis=2)
    varied = (np.diff(sorted_, axis=2) > 0).sum(axis=2) + 1 >= 4
    found = np.zeros(code.shape[:2], dtype=np.int64)
    equal = np.zeros(code.shape[:2], dtype=np.int64)
    for lag in range(_YEARS, 0, -1):
        if code.shape[1] <= lag:
            continue
        same = ((code[:, lag:] == code[:, :-lag]) & (code[:, lag:] > 0)).sum(axis=2)
        # figures of a few steps agree by chance
        fine = np.median(code[:, lag:], axis=2) >= 20
        hit = (same >= _EQUAL) & varied[:, lag:] & fine
        found[:, lag:] = np.where(hit, lag, found[:, lag:])
        equal[:, lag:] = np.where(hit, same, equal[:, lag:])
    lag_of, count = facts.back(found), facts.back(equal)
    for at in np.flatnonzero((lag_of > 0) & facts.annual).tolist():
        yield Finding(
            code="copied_year",
            severity="warning",
            owner=at,
            size_m3=float(facts.intake[at]),
            values={"months": int(count[at]), "year": int(facts.year[at] - lag_of[at])},
        )


def repeats(facts: Facts) -> Iterator[Finding]:
    """Find one figure in several months of a metered intake.

    A meter does not repeat itself; small figures do by chance, and a norm divided by
    twelve does by its nature, so that neither is found.
    """
    code = np.rint(facts.months / _step(facts))
    ordered = np.sort(np.where(np.isnan(code), -np.arange(1, 13), code), axis=1)
    run, best = np.ones(len(code), np.int64), np.ones(len(code), np.int64)
    figure = ordered[:, 0].copy()
    for month in range(1, 12):
        same = (ordered[:, month] == ordered[:, month - 1]) & (ordered[:, month] > 0)
        run = np.where(same, run + 1, 1)
        figure = np.where(run > best, ordered[:, month], figure)
        best = np.maximum(best, run)
    fine = ((best >= _REPEATED) & (figure >= 300)) | ((best >= 6) & (figure >= 50))
    metered = np.nan_to_num(facts.metered) >= 0.5
    for at in np.flatnonzero(fine & metered).tolist():
        value = float(figure[at]) * _step(facts)
        yield Finding(
            code="same_figure",
            severity="warning",
            owner=at,
            size_m3=value * int(best[at]),
            values={"count": int(best[at]), "value": value / 1000},
        )


def _step(facts: Facts) -> float:
    return facts.batch.form.step * facts.batch.form.factor
