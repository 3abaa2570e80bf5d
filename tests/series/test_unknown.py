"""Unknown in, unknown out: every public function of ``ewater.series``.

A case gives a function something unknown (NaN, an absent cell, a missing reading) and
returns what came out, which must be NaN or say by its own word that nothing is known.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import sparse

from ewater.errors import FaultsError, UsageError
from ewater.series import (
    calendars,
    curve_tables,
    curves,
    donors,
    infill,
    integrate,
    kernels,
    meter_life,
    periods,
    plan,
    pumps,
    quality,
    quality_history,
    quality_limits,
    quality_packed,
    quality_periods,
    quality_verdicts,
    rows,
    stages,
    stocks,
    uncertainty,
    volumes,
)
from ewater.terms import Flag, Test

NAN = np.nan
NOTHING = np.array([NAN, NAN, NAN])
HOUR = 3_600_000_000
TIMES = np.arange(3) * HOUR
BOUNDS = np.array([0, 2 * HOUR])
LEVEL = {"quantity": "level", "unit": "m", "interval_s": 3600.0}
HOURS = {"quantity": "pump_hours", "unit": "h", "signal": "total_preceding",
         "interval_s": 3600.0}  # fmt: skip
RAIN = {"quantity": "precipitation", "unit": "mm", "signal": "total_preceding",
        "interval_s": 3600.0}  # fmt: skip
NO_EVENTS = pd.DataFrame(
    {n: [] for n in ("series", "time", "event", "old_reading", "new_reading")}
)
MONTHS = np.array(
    ["2023-01-01", "2023-02-01", "2023-03-01"], dtype="M8[us]"
).astype(np.int64)  # fmt: skip

#: Nothing that is measured goes in: no value that could be unknown.
NO_VALUES = {
    "instants, days and their labels": (
        "calendars.from_frame calendars.first calendars.bounds calendars.to_utc "
        "calendars.local_days calendars.local_day calendars.last_day "
        "calendars.labels curves.version_at "
        "periods.check_bounds periods.positions periods.period_coords volumes.cells"
    ),
    "codes, and rows or readings chosen by them": (
        "pumps.is_pump pumps.taken rows.rows_of rows.rows_named rows.some "
        "stages.shared_ratings quality_companions.companions "
        "quality_limits.sensor_kinds quality_limits.check_columns thinning.thin"
    ),
    "failed tests as bits": "quality.flags_of quality.names quality_kernels.paint",
    "0 is its word for not given, or for a test that is off and looks no further": (
        "rows.microseconds quality.context"
    ),
    "what is not given has a default of METHODS 4": "stages.rating_u_pct",
}


def frame(**columns):
    names = ["site", "kind", "valid_from", "valid_to", "x", "y"]
    names += ["segment", "a", "h0", "b", "shift", "gauged_to"]
    made = pd.DataFrame({"site": "S"} | columns).reindex(columns=names)
    for name in ("valid_from", "valid_to"):
        made[name] = pd.to_datetime(made[name], utc=True)
    return made


RATING = frame(kind=["rating"], segment=[0.0], a=[8.0], h0=[0.0], b=[1.6])
STORAGE = frame(kind=["storage"] * 2, x=[0.0, 9.0], y=[0.0, 9e6])
AREA = frame(
    kind=["storage"] * 2 + ["area"] * 2, x=[0.0, 9.0] * 2, y=[0, 9e6, 1e6, 1e6]
)


def lost(build, **row):
    """Readings without values of one series, and its row."""
    return build.readings(A=(TIMES, NOTHING)), build.series(A=row)


def unknown_volumes(build, bounds=MONTHS):
    return volumes.volumes(*lost(build), bounds)


def normal(build):
    return infill.climatology(unknown_volumes(build), calendars.Calendar.UTC)


def limits(**given):
    table = pd.DataFrame(NAN, index=["A"], columns=list(quality_limits.PARAMETERS))
    table["rate.counter"] = 0.0
    return table.assign(**given)


def refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
    return NAN  # nothing came out


def outcomes(found):
    """NaN where a test says that it was not evaluated."""
    return np.where(found == quality_periods.Outcome.NOT_EVALUATED, NAN, found)


def flags(found):
    """NaN where a reading is called missing."""
    return np.where(np.asarray(found) == Flag.MISSING, NAN, found)


def kernel_sums(build):
    planned = plan.plan(build.series(A={}), BOUNDS, volumes.VOLUME_SIGNALS)
    return planned, planned.blank()


def observed(out):
    """NaN where nothing was observed: sums are 0 there, and say so."""
    return np.where(out[..., kernels.OBSERVED] == 0, NAN, out[..., kernels.VOLUME])


def case_integrate_run(build):
    planned, _ = kernel_sums(build)
    data = (np.array([0, 3]), TIMES, NOTHING, np.ones(3, np.uint8))
    return observed(integrate.run(*data, planned.steps, planned.events, BOUNDS))


def case_kernels_block(build):
    planned, out = kernel_sums(build)
    data = (np.array([0, 3]), TIMES, NOTHING, np.ones(3, np.uint8))
    steps, events = planned.steps, planned.events
    kernels.block(
        0, 1, *data, tuple(steps[:3]), tuple(steps[3:]), tuple(events[:3]),
        tuple(events[3:]), BOUNDS, out,
    )  # fmt: skip
    return observed(out)


def case_kernels_levels(build):
    out, one = np.zeros((1, 2)), np.array([HOUR])
    flag = np.ones(3, np.uint8)
    kernels.levels(np.array([0, 3]), TIMES, NOTHING, flag, one, one, BOUNDS, out)
    return out


def case_plan_plan(build):
    blank = build.series(A={"signal": "mean_preceding"})
    signals = volumes.VOLUME_SIGNALS
    return refused(lambda: plan.plan(blank, BOUNDS, signals), UsageError, "interval_s")


def case_donors_donate(build):
    rates = xr.DataArray(
        np.array([[1.0, 1.0], [NAN, NAN]]),
        dims=("series", "day"),
        coords={"series": ["A", "B"]},
    )
    fits = pd.DataFrame([donors.Fit("A", 2, "B", 1.0, 0.0, 0, 0.1, 0.0, 0.9, 800)])
    gap = xr.DataArray(
        [[3600.0, 0.0]], dims=("series", "cell"), coords={"series": ["A"]}
    )
    days = np.arange(3) * 24 * HOUR
    given = donors.donate(gap, np.array([0, 1]), rates, fits, days, days)
    summed = donors.summed(given, days, days[[0, 2]])
    # no time is filled: what has none has no volume
    return [
        found["volume"].where(found["seconds"] > 0).to_numpy().ravel().tolist()
        for found in (given, summed)
    ]


def case_donors_find_donors(build):
    rates = xr.DataArray(
        np.full((2, 800), NAN), dims=("series", "day"), coords={"series": ["A", "B"]}
    )
    near = {"A": ["B"]}
    found = donors.find_donors(
        rates, ["A"], totalisers=near, neighbours=near, u_share={}
    )
    return NAN if found.empty else found["gain"]


def case_quality_kernels_block(build):
    return flags(
        quality.judge(
            quality_packed.pack(limits()),
            ["A"],
            (
                np.array([0, 3]),
                TIMES,
                NOTHING,
                np.ones(3, np.uint8),
                np.zeros(3, np.uint32),
            ),
        ).flag
    )


def case_quality_mark(build):
    readings = build.readings(A=(TIMES, NOTHING, [9, 9, 9]))
    readings["failed"] = ("reading", np.zeros(3, np.uint32))
    passed = np.array([[quality_periods.Outcome.PASSED]], np.int8)
    found = quality_periods.mark(readings, passed, BOUNDS, Test.DRIFT)
    return flags(found["flag"])


def case_quality_verdicts(build):
    readings = build.readings(A=(TIMES, NOTHING, [9, 9, 9]))
    readings["failed"] = ("reading", np.zeros(3, np.uint32))
    names = ("series", "start", "end", "flag", "level", "made")
    stamps = pd.to_datetime([-1, 9 * HOUR, 9 * HOUR], unit="us", utc=True)
    verdict = pd.DataFrame([("A", *stamps[:2], 1, 2, stamps[2])], columns=list(names))
    when = np.zeros(3, np.int64)
    return flags(quality_verdicts.apply_verdicts(readings, verdict, when)["flag"])


def case_default_limits(build):
    sites = pd.DataFrame(
        {"code": ["S"], "kind": ["reservoir"], "capacity_m3": [NAN], "dead_m3": [NAN],
         "full_level_m": [NAN]}
    )  # fmt: skip
    table = quality_limits.default_limits(build.series(A=LEVEL), sites)
    return table[["gross_range.fail_low", "gross_range.fail_high"]]


def case_with_overrides(build):
    given = pd.DataFrame(
        {"series": "A", "test": ["rate"], "parameter": "limit", "value": NAN}
    )
    table = limits(**{"rate.limit": 7.0})  # an override of nothing puts a test off
    return quality_limits.with_overrides(table, given, "limits.csv")["rate.limit"]


def case_suspected(build):
    found = meter_life.suspected(
        build.readings(A=(TIMES, [5.0, NAN, 2.0])),
        build.series(A={"quantity": "volume", "unit": "m3", "signal": "totaliser"}),
        NO_EVENTS,
    )
    return found["upper_m3"]


def case_stocks(function):
    def case(build):
        found = function(*lost(build, **LEVEL), AREA, np.append(BOUNDS, 9 * HOUR))
        names = [n for n in ("volume", "level", "storage_change", "area") if n in found]
        return [found[name].to_numpy().ravel() for name in names]

    return case


CASES = {
    "curve_tables.rating_curves": lambda b: refused(
        lambda: curve_tables.rating_curves(RATING.assign(a=NAN)), FaultsError, "a, h0"
    ),
    "curve_tables.storage_curves": lambda b: refused(
        lambda: curve_tables.storage_curves(STORAGE.assign(y=NAN)), FaultsError, "nan"
    ),
    "curves.interpolate": lambda b: curves.interpolate(
        NOTHING, np.array([0.0, 1.0]), np.array([0.0, 5.0])
    ),
    "donors.daily_rates": lambda b: donors.daily_rates(*lost(b), BOUNDS),
    "donors.donate": case_donors_donate,
    "donors.find_donors": case_donors_find_donors,
    "donors.shifted": lambda b: donors.shifted(np.array([[NAN, 1.0]]), np.array([1])),
    "donors.summed": case_donors_donate,
    "infill.climatology": lambda b: normal(b)["mean"],
    "infill.infill": lambda b: infill.infill(
        unknown_volumes(b), MONTHS, normal(b), calendars.Calendar.UTC
    )["volume"],
    "infill.usual": lambda b: infill.usual(
        normal(b), MONTHS, MONTHS, calendars.Calendar.UTC
    ),
    "integrate.run": case_integrate_run,
    "kernels.block": case_kernels_block,
    "kernels.levels": case_kernels_levels,
    "meter_life.suspected": case_suspected,
    "periods.coverage": lambda b: periods.coverage(np.array([[NAN]]), BOUNDS)[1],
    "plan.plan": case_plan_plan,
    "pumps.pump_volumes": lambda b: pumps.pump_volumes(*lost(b, **HOURS), BOUNDS)[
        "volume"
    ],
    "pumps.volumes": lambda b: pumps.volumes(
        b.readings(A=(TIMES, [3600.0] * 3)), b.series(A=HOURS), BOUNDS
    )["volume"],  # no test of the pump
    "quality.evaluate": lambda b: flags(quality.evaluate(lost(b)[0], limits())["flag"]),
    "quality.judge": case_quality_kernels_block,
    "quality_history.grouped_quantiles": lambda b: quality_history.grouped_quantiles(
        np.zeros(0, np.int64), np.zeros(0), 2, (50.0,)
    ),
    "quality_history.learned_limits": lambda b: quality_history.learned_limits(
        lost(b)[0], limits()
    ),
    "quality_kernels.block": case_quality_kernels_block,
    "quality_limits.default_limits": case_default_limits,
    "quality_limits.with_history": lambda b: quality_limits.with_history(
        limits(), limits().drop(columns="rate.counter")
    )["rate.limit"],
    "quality_limits.with_overrides": case_with_overrides,
    "quality_packed.pack": lambda b: quality_packed.pack(limits()).limits.climate,
    "quality_periods.check_reports": lambda b: flags(
        quality_periods.check_reports([[NAN]], [86_400.0], [NAN], per_year=1)[0]
    ),
    "quality_periods.drift": lambda b: outcomes(
        quality_periods.drift([[NAN]], [[1.0]], [[1.0]], [[1.0]], [1.0])
    ),
    "quality_periods.mark": case_quality_mark,
    "quality_periods.mass_balance": lambda b: outcomes(
        quality_periods.mass_balance(
            [[NAN, 9.0]], [[1.0, NAN]], sparse.csr_array([[1.0]])
        )
    ),
    "quality_verdicts.apply_verdicts": case_quality_verdicts,
    "quality_verdicts.time_of_flag": lambda b: quality_verdicts.time_of_flag(
        lost(b)[0], [NAN], BOUNDS, Flag.FAIL
    ),
    "quality_verdicts.volume_shares": lambda b: quality_verdicts.volume_shares(
        [NAN, NAN, NAN], 1.0
    )[:3],
    "rows.factors": lambda b: refused(
        lambda: rows.factors(b.series(A={"unit": NAN})), UsageError, "unit"
    ),
    "rows.ragged": lambda b: rows.ragged(lost(b)[0])[2],
    "stages.beyond": lambda b: stages.volumes(*lost(b, **LEVEL), BOUNDS, curves=RATING)[
        "volume"
    ],
    "stages.discharge": lambda b: stages.discharge(
        TIMES, NOTHING, curve_tables.rating_curves(RATING)["S"]
    )[0],
    "stages.rated": lambda b: stages.rated(*lost(b, **LEVEL), RATING).readings["value"],
    "stages.volumes": lambda b: stages.volumes(
        *lost(b, **LEVEL), BOUNDS, curves=RATING
    )["volume"],
    "stocks.levels_at": lambda b: stocks.levels_at(lost(b)[0], ["A"], BOUNDS),
    "stocks.mean_area": case_stocks(stocks.mean_area),
    "stocks.stocks": case_stocks(stocks.stocks),
    "stocks.storage_change": case_stocks(stocks.storage_change),
    "uncertainty.percentages": lambda b: uncertainty.percentages(
        b.series(A={"quantity": "snow"})
    )[1],  # without a default
    "uncertainty.uncertainty": lambda b: uncertainty.uncertainty(
        unknown_volumes(b), b.series(A={})
    )["u_systematic"],
    "volumes.aggregate": lambda b: volumes.aggregate(
        unknown_volumes(b), MONTHS, MONTHS[[0, 2]]
    )["volume"],
    "volumes.depths": lambda b: volumes.depths(*lost(b, **RAIN), BOUNDS)["depth"],
    "volumes.of_sums": lambda b: volumes.of_sums(*kernel_sums(b))["volume"],
    "volumes.volumes": lambda b: unknown_volumes(b)["volume"],
    "volumes.work": lambda b: volumes.work(*lost(b, **HOURS), BOUNDS)["work"],
}
EXEMPT = {name: why for why, found in NO_VALUES.items() for name in found.split()}


def test_every_public_function_has_a_case(public_functions):
    found = set(public_functions("ewater.series"))
    told = set(CASES) | set(EXEMPT)
    assert found - told == set(), "give each a case in CASES: unknown in, unknown out"
    assert told - found == set(), "no such function any more: take it out"
    assert not set(CASES) & set(EXEMPT)


@pytest.mark.parametrize("name", sorted(CASES))
def test_unknown_in_is_unknown_out(build, name):
    found = CASES[name](build)
    parts = found if isinstance(found, list) else [found]
    for part in parts:
        values = np.asarray(part, dtype=float)
        assert values.size
        assert np.isnan(values).all(), values
