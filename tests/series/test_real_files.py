"""Files as their publishers send them; skipped where they are not at hand."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from ewater.series import calendars
from ewater.series.calendars import Calendar
from ewater.series.stocks import storage_change
from ewater.series.volumes import volumes
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from pathlib import Path

NEW_YORK = Calendar("ga", "America/New_York")


def daily_means(path: Path) -> pd.Series:
    """Daily mean discharge (ft3/s) by local day, from the RDB format."""
    rows = pd.read_csv(path, sep="\t", comment="#")
    rows = rows.loc[rows["agency_cd"] == "USGS"]
    values = rows["01_00060_00003"].astype(float)
    return pd.Series(values.to_numpy(), pd.to_datetime(rows["datetime"]))


def test_a_month_of_a_usgs_file_is_its_daily_means_by_hand(shared_data, build):
    path = shared_data / "real/telemetry/usgs/dataRetrievalR_RDB1Example.txt"
    if not path.exists():
        pytest.skip("the USGS file is not at hand")
    daily = daily_means(path)
    ends = daily.index.to_numpy().astype("M8[D]") + np.timedelta64(1, "D")
    readings = build.readings(
        Q=(
            calendars.to_utc(NEW_YORK, ends),
            daily.to_numpy() * factor_to_si("ft3/s", "discharge"),
        )
    )
    series = build.series(
        Q={"unit": "ft3/s", "signal": "mean_preceding", "interval_s": 86_400}
    )
    dates = [dt.date(2012, 9, 1), dt.date(2012, 10, 1)]
    month = calendars.bounds(NEW_YORK, *dates, "month")
    assert calendars.labels(NEW_YORK, month)[0] == "2012-09-01T00:00:00-04:00"
    found = volumes(readings, series, month)
    # the 30 values of September add up to 11,532 ft3/s; a day has 86,400 s
    assert found.volume.item() == pytest.approx(11_532 * 86_400 * 0.028316846592)
    assert found.coverage.item() == 1
    days = volumes(readings, series, calendars.bounds(NEW_YORK, *dates, "day"))
    assert days.volume[0, 2].item() == pytest.approx(409 * 86_400 * 0.028316846592)


def test_the_volumes_of_jackson_lake_leave_what_its_publisher_left(shared_data, build):
    path = shared_data / "real/telemetry/reservoir/jackson_lake_daily_2009_2016.csv"
    if not path.exists():
        pytest.skip("the reservoir file is not at hand")
    table = pd.read_csv(path)
    stamps = pd.to_datetime(table["DateTime"]).to_numpy().astype("M8[us]")
    day = {"signal": "mean_preceding", "interval_s": 86_400}
    flows = build.readings(
        IN=(stamps, table["Q_in_m3d"] / 86_400),
        OUT=(stamps, table["Q_out_m3d"] / 86_400),
    )
    rows = build.series(
        IN=day,
        OUT=day,
        S=day | {"quantity": "storage", "unit": "m3"},
    )
    bounds = np.unique(stamps.astype(np.int64)[[0, 365, 1000, -1]])
    found = volumes(flows, rows, bounds)
    curves = pd.DataFrame(
        columns=["site", "kind", "valid_from", "valid_to", "x", "y", "segment"]
    )
    stored = build.readings(S=(stamps, table["Storage_m3"]))
    change = storage_change(stored, rows, curves, bounds).storage_change
    residual = (
        found.volume.sel(series="IN")
        - found.volume.sel(series="OUT")
        - change.sel(series="S")
    )
    assert (found.coverage == 1).all()
    assert residual.sum().item() / 1e6 == pytest.approx(2.8, abs=0.05)
