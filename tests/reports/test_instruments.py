"""Meters and pumps of permits, from readings in a real database, checked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.reports import stored
from ewater.reports.examine import around, run
from ewater.store import registry

pytestmark = pytest.mark.db


@pytest.fixture
def instruments(reporting, country_frames):
    """P1 of E1 has a meter and a pump at its site, P2 of E2 a meter at another."""
    at = {"P1": "S1", "P2": "S2"}
    permits = country_frames["permits"]
    series = pd.DataFrame(
        {
            "code": ["S1.V", "S1.E", "S2.V"],
            "site": ["S1", "S1", "S2"],
            "quantity": ["volume", "energy", "volume"],
            "unit": ["m3", "kWh", "m3"],
            "signal": "total_preceding",
            "interval_s": 86_400.0,
            "timezone": "Asia/Baku",
            "u_systematic_pct": [3.0, 8.0, 3.0],
            "u_random_pct": [4.0, 6.0, 4.0],
        }
    )
    registry.load(
        reporting,
        {
            "sites": pd.DataFrame({"code": ["S1", "S2"], "kind": "meter"}),
            "series": series,
            "pumps": pd.DataFrame(
                {
                    "series": ["S1.E"],
                    "valid_from": pd.to_datetime(["2020-01-01"], utc=True),
                    "m3_per_kwh": [5.0],
                    "u_pct": [10.0],
                }
            ),
            "permits": permits.assign(site=permits["code"].map(at)),
        },
    )


@pytest.fixture
def read_in(reporting, instruments):
    """Give a series the same total for each day of 2024 up to a month."""

    def load(series, value, months=12):
        days = pd.date_range("2024-01-01", periods=367, tz="Asia/Baku")
        # a total stands at the end of its day; the first is of the year before
        before = days - pd.Timedelta(days=1)
        days = days[(before.year < 2024) | (before.month <= months)]
        lines = [f"{series},{day.isoformat()},{value}\n" for day in days]
        file = Memory(
            f"{series}.csv", ("series,time,value\n" + "".join(lines)).encode()
        )
        assert jobs.ingest(reporting, file, Options()).counts.rejected == 0

    return load


def surroundings(engine, form, number):
    with engine.connect() as connection:
        return run.look_at(connection, form, [number])


def found(engine, number, code):
    with engine.connect() as connection:
        version = stored.version(connection, number)["id"]
        return [f for f in stored.findings(connection, version) if f.code == code]


def test_a_return_is_compared_with_the_meter_at_the_site_of_its_permit(
    reporting, read_in, submitted, form
):
    read_in("S1.V", 1000)
    read_in("S2.V", 7)
    number, _ = submitted()
    seen = surroundings(reporting, form, number)
    (row,) = seen.around.meters.to_dict("records")
    # 366 days of 1,000 m3; u = 5 % of it, sqrt(3² + 4²); E1 says 500 thousand m3
    assert row["volume"] == pytest.approx(366_000)
    assert row["u"] == pytest.approx(18_300)
    assert row["coverage"] == pytest.approx(1.0)
    assert (row["series"], row["reported"]) == ("S1.V", pytest.approx(500_000))
    (one,) = found(reporting, number, "meter")
    # 80 % metered: hypot(0.8 x 2.5 %, 0.2 x 15 %) = 3.6056 % of 500 thousand m3
    assert one.size_m3 == pytest.approx(134_000)
    assert one.values["metered_u"] == pytest.approx(18.3)
    assert one.values["u"] == pytest.approx(18.0278, abs=1e-4)


def test_a_meter_that_agrees_within_both_uncertainties_says_nothing(
    reporting, read_in, submitted
):
    # 366 x 1,250 = 457.5; apart 42.5, allowed 2 sqrt(22.9² + 25²) = 67.8
    read_in("S1.V", 1250)
    number, _ = submitted()
    assert found(reporting, number, "meter") == []


def test_a_meter_that_ran_half_the_year_is_not_compared(
    reporting, read_in, submitted, form
):
    read_in("S1.V", 1000, months=6)
    number, _ = submitted()
    (row,) = surroundings(reporting, form, number).around.meters.to_dict("records")
    assert row["coverage"] == pytest.approx(182 / 365.2425, abs=1e-3)
    assert found(reporting, number, "meter") == []


def test_a_quarter_is_compared_with_its_own_months(
    reporting, read_in, submitted, form, made_content
):
    read_in("S1.V", 1000)
    line = made_content()["intake"][0]
    kept = {k: v for k, v in line.items() if k[:2] != "g1" or k in ("g1", "g12")}
    kept = {k: v for k, v in kept.items() if not k[1:].isdigit() or int(k[1:]) < 13
            or int(k[1:]) > 24}  # fmt: skip
    number, _ = submitted(period="2024-Q1", given={"intake": [kept]})
    (row,) = surroundings(reporting, form, number).around.meters.to_dict("records")
    assert row["volume"] == pytest.approx(91_000), "January to March: 91 days"


def test_the_energy_of_pumps_is_turned_into_what_they_lift(
    reporting, read_in, submitted, form
):
    read_in("S1.E", 100)
    number, _ = submitted()
    (row,) = surroundings(reporting, form, number).around.pumps.to_dict("records")
    # 366 days of 100 kWh at 5 m3/kWh; 10 % of the instrument, sqrt(8² + 6²), and 10 %
    # of the test of the pump
    assert row["volume"] == pytest.approx(183_000)
    assert row["u"] == pytest.approx(18_300 * 2**0.5)
    assert row["coverage"] == pytest.approx(1.0)
    (one,) = found(reporting, number, "pump_energy")
    assert one.size_m3 == pytest.approx(317_000)


def test_without_readings_there_is_nothing_to_compare(reporting, instruments, submitted,
                                                      form):  # fmt: skip
    number, _ = submitted()
    seen = surroundings(reporting, form, number)
    assert seen.around.meters.empty
    assert seen.around.pumps.empty
    assert np.isnan(around.Around(
        zone="Asia/Baku", permits=seen.around.permits,
        enterprises=seen.around.enterprises,
    ).pump_m3h(np.array(["E9"]))).all()  # fmt: skip
