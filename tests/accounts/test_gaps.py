"""Gaps of series: how they are filled, kept, and shown behind a balance."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ewater.accounts import alone, documents, pipeline, runs
from ewater.accounts.measured import neighbours, totalisers
from ewater.balance.expressions import codes
from ewater.series import calendars
from ewater.store import folder
from ewater.terms import Status

DAY = 86_400
KEYS = {
    "series", "flows", "method", "donor", "seconds", "volume", "u", "coverage",
    "lower", "upper",
}  # fmt: skip


def daily(values):
    """Readings that close Baku's days from 1 January 2020, in the ragged form."""
    stamps = np.datetime64("2020-01-01T20:00", "us") + np.arange(
        max(map(len, values.values()))
    ) * np.timedelta64(DAY, "s")
    rows = {code: np.isfinite(value) for code, value in values.items()}
    times = [stamps[: len(seen)][seen] for seen in rows.values()]
    kept = [value[rows[code]] for code, value in values.items()]
    count = sum(map(len, kept))
    return xr.Dataset(
        {
            "row_size": ("series", np.array([len(k) for k in kept])),
            "time": ("reading", np.concatenate(times)),
            "value": ("reading", np.concatenate(kept)),
            "flag": ("reading", np.ones(count, np.uint8)),
            "lineage": ("reading", np.zeros(count, np.uint8)),
        },
        coords={"series": list(values)},
    )


@pytest.fixture
def frames(two_basins):
    """Two basins whose gauges give daily means, without what needs a database."""
    found = dict(folder.read(two_basins, expression_codes=codes))
    series = found["series"]
    mid = series["code"] == "G-MID.Q"
    series.loc[mid, ["signal", "interval_s"]] = ["mean_preceding", float(DAY)]
    curves = found["curves"]
    found["curves"] = curves[curves["kind"] != "area"]
    found["reports"] = pd.DataFrame(
        columns=[
            "enterprise", "period_start", "period_end", "item", "value", "unit",
            "source", "purpose", "status", "counterparty", "revision",
        ]
    ).astype(
        dict.fromkeys(("period_start", "period_end"), "datetime64[us, UTC]")
    )  # fmt: skip
    found["site_territories"] = pd.DataFrame({"site": [], "territory": []})
    return found


def four_years(lost=slice(0, 0)):
    """A river of 10 to 30 m3 s-1; the gauge below sees 0.8 of it, a day earlier."""
    count = 4 * 366
    q = 20 + 10 * np.sin(np.arange(count) / 58) * np.cos(np.arange(count) / 7)
    given = {"G-IN.Q": q.copy(), "G-MID.Q": 0.8 * q}
    given["G-IN.Q"][lost] = np.nan
    nothing = np.full(count, np.nan)
    return given | dict.fromkeys(("G-OUT.H", "RES.H", "RES.E", "PUMP.N"), nothing)


def of_2023(frames, values, step="year"):
    calendar = calendars.from_frame(frames["calendars"], "civil")
    bounds = calendars.bounds(calendar, dt.date(2023, 1, 1), dt.date(2024, 1, 1), step)
    needed = pipeline.needs(frames)
    readings = pipeline.select(daily(values), needed.all())
    return pipeline.compute(frames, readings, bounds, calendar)


def test_each_series_is_taken_from_the_last_dataset_that_has_it():
    first = daily({"A": np.array([1.0, 2.0]), "B": np.array([3.0]), "C": np.array([])})
    second = daily({"C": np.array([7.0]), "A": np.array([8.0])})
    found = alone.select_last((first, second), ["C", "B", "A", "D"])
    assert found["series"].values.tolist() == ["C", "B", "A", "D"]
    assert found["row_size"].values.tolist() == [1, 1, 1, 0]
    assert found["value"].values.tolist() == [7.0, 3.0, 8.0]
    emptied = alone.select_last((first, daily({"A": np.array([])})), ["A", "B"])
    assert emptied["row_size"].values.tolist() == [0, 1]


JUNE_2023 = 1096 + 151  # days since 1 January 2020


def source(inputs, name):
    return inputs.sources.sel(source=name).isel(period=0)


def test_a_gap_is_filled_from_the_donor_and_says_so(frames):
    lost = slice(JUNE_2023, JUNE_2023 + 20)
    truth = four_years()["G-IN.Q"][1096 : 1096 + 365].sum() * DAY
    inputs = of_2023(frames, four_years(lost))
    measured = source(inputs, "series:G-IN.Q")
    assert measured["volume"].item() == pytest.approx(truth, rel=1e-9)
    assert measured["status"].item() == Status.MEASURED
    assert measured["coverage"].item() == pytest.approx(345 / 365)
    (gap,) = inputs.gaps[inputs.gaps["series"] == "G-IN.Q"].to_dict("records")
    assert (gap["method"], gap["donor"]) == ("regression", "G-MID.Q")
    assert gap["seconds"] == 20 * DAY
    assert gap["volume"] == pytest.approx(four_years()["G-IN.Q"][lost].sum() * DAY)
    assert {"G-IN.Q", "G-MID.Q"} <= inputs.whole_record


def test_where_the_donor_is_silent_too_the_season_speaks(frames):
    values = four_years(slice(JUNE_2023, JUNE_2023 + 20))
    values["G-MID.Q"][JUNE_2023 : JUNE_2023 + 5] = np.nan
    gaps = of_2023(frames, values).gaps
    mine = gaps[gaps["series"] == "G-IN.Q"].set_index("method")
    assert mine["seconds"].to_dict() == {"regression": 15 * DAY, "seasonal": 5 * DAY}
    assert mine.loc["seasonal", "donor"] == "G-IN.Q"
    assert (mine["u"] > 0).all()


def test_more_filled_than_seen_is_imputed(frames):
    values = four_years(slice(JUNE_2023, JUNE_2023 + 6))
    values["G-IN.Q"][JUNE_2023 + 6 : JUNE_2023 + 30] = 0.5  # hardly anything
    inputs = of_2023(frames, values, "month")
    june = inputs.sources.sel(source="series:G-IN.Q").isel(period=5)
    assert june["coverage"].item() == pytest.approx(0.8)
    assert june["status"].item() == Status.IMPUTED


def test_an_insufficient_year_keeps_what_bounds_it(frames):
    values = four_years(slice(1096, 1096 + 200))
    gaps = of_2023(frames, values).gaps
    (gap,) = gaps[gaps["series"] == "G-IN.Q"].to_dict("records")
    assert gap["method"] == "none"
    seen = four_years()["G-IN.Q"][1096 + 200 : 1096 + 365]
    assert gap["lower"] == pytest.approx(seen.sum() * DAY)
    assert np.isnan(gap["volume"])


def test_counters_and_gauges_nearby_are_found_in_the_country():
    series = pd.DataFrame(
        [
            ("P.Q", "P", "discharge", "instantaneous"),
            ("P.N", "P", "volume", "totaliser"),
            ("P.V", "P", "volume", "total_preceding"),
            ("R.Q", "R", "discharge", "instantaneous"),
        ],
        columns=["code", "site", "quantity", "signal"],
    )
    assert totalisers(series, ["P.Q", "R.Q"]) == {"P.Q": ["P.N"]}
    flows = pd.DataFrame(
        [
            ("N", "R1", "A.Q"),
            ("R1", "R2", "B.Q else rule:seasonal(B.Q)"),
            ("R1", "CAN", "0.5 * C.Q"),
            ("R2", "LAKE", "D.Q"),
            ("LAKE", "SEA", "E.Q"),
        ],
        columns=["from", "to", "measured_by"],
    )
    kinds = {"N": "neighbour", "LAKE": "reservoir", "SEA": "sea", "CAN": "canal"}
    accounts = pd.DataFrame(
        [(c, kinds.get(c, "river")) for c in ("N", "R1", "R2", "LAKE", "SEA", "CAN")],
        columns=["code", "kind"],
    )
    assert neighbours({"flows": flows, "accounts": accounts}) == {
        "A.Q": ["B.Q"],
        "B.Q": ["A.Q", "D.Q"],
        "D.Q": ["B.Q"],
    }


@pytest.mark.db
def test_gaps_are_kept_with_the_run_and_shown_behind_the_balance(
    country, ingest, hourly
):
    times = pd.date_range("2022-12-31T20:00Z", "2023-12-31T20:00Z", freq="h")
    ingest(hourly({"G-MID.Q": 8.0, "RES.H": 7500.0, "PUMP.N": 3600.0}, times))
    ingest(hourly({"G-IN.Q": 10.0}, times[: len(times) // 2]))
    seen = []
    for _ in ("computed", "kept"):
        run = runs.obtain(country, dt.date(2023, 1, 1), dt.date(2024, 1, 1), "year")
        (period,) = documents.balance(run, "TB")["periods"]
        seen.append(period["gaps"])
    assert seen[0] == seen[1]
    gap = next(gap for gap in seen[0] if gap["series"] == "G-IN.Q")
    assert set(gap) == KEYS
    assert (gap["method"], gap["donor"], gap["flows"]) == ("none", None, ["IN"])
    assert gap["lower"] == pytest.approx(10 * 3600 * (len(times) // 2), rel=1e-2)
    assert gap["volume"] is None
    other = documents.balance(run, "EAST")["periods"][0]["gaps"]
    assert "IN" not in {flow for gap in other for flow in gap["flows"]}
