"""Limits learned from real records do not throw their floods away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ewater.series.quality import Test, evaluate
from ewater.series.quality_history import learned_limits
from ewater.series.quality_limits import default_limits, with_history

FT3 = 0.028316846592
SITES = pd.DataFrame(
    {
        "code": ["S"],
        "kind": ["river_gauge"],
        "capacity_m3": [np.nan],
        "dead_m3": [np.nan],
        "full_level_m": [np.nan],
    }
)


def boise(folder):
    table = pd.read_csv(
        folder / "SouthForkOfBoiseNearFeatherville.txt",
        sep=r"\s+",
        comment="#",
        header=0,
        names=["day", "flow"],
    )
    return table["day"], pd.to_numeric(table["flow"]), "%m/%d/%Y"


def ririe(folder):
    table = pd.read_csv(folder / "rire_hydromet_daily.txt", sep="\t")
    flow = pd.to_numeric(table.iloc[:, 1])
    return table.iloc[:, 0], flow.mask(flow < 0), "%m/%d/%Y"


@pytest.mark.parametrize("read", [boise, ririe])
def test_hardly_a_day_of_a_sound_daily_record_fails(build, shared_data, read):
    days, flow, form = read(shared_data / "real" / "telemetry" / "usbr")
    times = pd.to_datetime(days, format=form).to_numpy()
    value = flow.mask(flow > 1e6).to_numpy() * FT3
    series = build.series(X={"signal": "mean_preceding", "interval_s": 86_400})
    readings = build.readings(X=(times, value))
    defaults = default_limits(series, SITES)
    learned = learned_limits(readings, defaults)
    found = evaluate(readings, with_history(defaults, learned))
    failed = found.failed.values & np.uint32(Test.SPIKE_FAIL) > 0
    assert np.nansum(value[failed]) < 0.002 * np.nansum(value)
    assert (found.flag == 3).sum().item() < 0.002 * value.size


def test_two_stages_of_the_environment_agency_pass(build, shared_data):
    folder = shared_data / "real" / "telemetry" / "uk_ea"
    inputs = {}
    for path in sorted(folder.glob("*-level-15min-*.csv")):
        table = pd.read_csv(path)
        times = pd.to_datetime(table["dateTime"]).to_numpy()
        inputs[path.stem.split("-")[0]] = (times, table["value"].to_numpy())
    row = {"quantity": "level", "unit": "m", "interval_s": 900}
    series = build.series(**dict.fromkeys(inputs, row))
    readings = build.readings(**inputs)
    defaults = default_limits(series, SITES)
    found = evaluate(readings, defaults)
    assert (found.flag > 1).sum().item() <= 2  # the first of each has no neighbour
    learned = with_history(defaults, learned_limits(readings, defaults))
    flags = evaluate(readings, learned).flag
    assert (flags == 4).sum().item() == 0
    assert (flags == 3).sum().item() <= 5
