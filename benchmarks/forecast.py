"""Score monthly forecasts by rolling origins: the simulated country and real rivers.

The simulated country has thirty years of daily archive and five of telemetry at
thirty gauges and reservoirs (1991 to 2025). From the first of each month of 2011 to
2025 all are forecast twelve months ahead with what was measured before, by the
candidate that had been best until then, and compared with climatology by CRPS. The
same is done with the real daily series beside the checkout, where they are, from the
eighth year of each on.

    python benchmarks/forecast.py [--quick]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from readings_setup import bar, machine

from ewater import simulate
from ewater.forecast.records import Records
from ewater.forecast.rolling import Rolled, roll
from ewater.simulate import calibrate, ledger, model, telemetry

HORIZON = 12
FIRST_YEAR, FIRST_SCORED = 1991, 2011
WARM = 8  # years before the first origin
REAL = Path(__file__).parents[2] / "shared" / "data" / "real" / "telemetry"
ZONE = pd.Timedelta(hours=4)
FT3 = 0.3048**3  # m3
EIGHTY = (75.0, 85.0)


def simulated() -> Records:
    """Monthly volumes of the gauges and month-end stocks of the reservoirs."""
    world = ledger.Country(model.load(simulate.sample()), simulate.SEED)
    sender = telemetry.Telemetry(world, calibrate.calibrate(world))
    drivers = world.model.drivers
    known = telemetry.instruments(world.model.frames["series"], drivers["series"])
    instruments = {one.code: one for one in known}
    months = pd.period_range(f"{FIRST_YEAR}-01", "2025-12", freq="M")
    sites = world.model.frames["sites"].set_index("code")["capacity_m3"]
    rows, upper = [], []
    codes = [str(code) for code in drivers["history"]["series"]]
    for code in codes:
        parts = [
            _local(sender.observe(instruments[c]), instruments[c])
            for c in (code, code.removesuffix("D"))
        ]
        if instruments[code].quantity == "level":
            levels = pd.concat(parts).groupby(level=0).last()
            site = code.removesuffix(".HD")
            z, volume, _ = sender.curves[site]
            rows.append(np.interp(levels.reindex(months), z, volume))
            upper.append(float(sites[site]))
        else:
            rows.append(_volume(pd.concat(parts), months))
            upper.append(np.inf)
    value = np.array(rows)
    top = np.maximum(np.array(upper), np.nanmax(value, axis=1))
    return Records.of(np.array(codes), FIRST_YEAR * 12, value, top)


def _local(seen: object, instrument: telemetry.Instrument) -> pd.Series:
    """Values by local month; a mean of the time before belongs to that time."""
    back = 1 if instrument.signal == "mean_preceding" else 0
    time_s = pd.to_datetime(seen.minute * 60 - back, unit="s") + ZONE  # type: ignore[attr-defined]
    return pd.Series(seen.value, time_s.to_period("M"))  # type: ignore[attr-defined]


def _volume(values: pd.Series, months: pd.PeriodIndex) -> np.ndarray:
    """Means to volumes; a month with less than three quarters is unknown."""
    grouped = values.groupby(level=0)
    seconds = months.days_in_month.to_numpy() * 86_400.0
    expected = grouped.size().reindex(months, fill_value=0)
    # daily means before telemetry, hourly since: the usual count of a month says which
    usual = np.where(expected > 40, 24.0, 1.0) * months.days_in_month
    mean = grouped.mean().reindex(months).to_numpy()
    return np.where(expected >= 0.75 * usual, mean * seconds, np.nan)


def real() -> list[Records]:
    """Real daily series, each a record of its own."""
    found = []
    for name, column in (
        ("usbr/rire_hydromet_daily.txt", "RIR QD"),
        ("usbr/heise.txt", "HEII QD"),
    ):
        frame = pd.read_csv(REAL / name, sep="\t", skipinitialspace=True)
        frame.columns = [str(c).strip() for c in frame.columns]
        day = pd.to_datetime(frame["Date"].str.strip(), format="%m/%d/%Y")
        found.append(_record(column, day, frame[column] * FT3))
    boise = REAL / "usbr/SouthForkOfBoiseNearFeatherville.txt"
    frame = pd.read_csv(boise, sep=r"\s+", skiprows=1)
    day = pd.to_datetime(frame["DATE"], format="%m/%d/%Y")
    found.append(_record("BRFI QD", day, frame["BRFI_QD"] * FT3))
    lake = pd.read_csv(REAL / "reservoir/jackson_lake_daily_2009_2016.csv")
    day = pd.to_datetime(lake["DateTime"], format="%m/%d/%Y")
    found += [
        _record(f"jackson {column}", day, lake[column] / 86_400)
        for column in ("Q_in_m3d", "Q_out_m3d")
    ]
    stored = pd.Series(lake["Storage_m3"].to_numpy(), day.dt.to_period("M"))
    last = stored.groupby(level=0).last()
    found.append(_of("jackson Storage_m3", last))
    return found


def _record(code: str, day: pd.Series, value: pd.Series) -> Records:
    known = pd.Series(value.to_numpy(float), pd.PeriodIndex(day, freq="D"))
    known = known[known >= 0]  # -999 is not known; noise below 0 neither
    monthly = known.groupby(known.index.asfreq("M"))
    months = pd.period_range(monthly.size().index[0], monthly.size().index[-1])
    count = monthly.size().reindex(months, fill_value=0)
    mean = monthly.mean().reindex(months)
    volume = mean * months.days_in_month.to_numpy() * 86_400.0
    return _of(code, volume.where(count >= 0.75 * months.days_in_month))


def _of(code: str, volume: pd.Series) -> Records:
    first = volume.index[0]
    value = volume.to_numpy(float)[None]
    return Records.of(np.array([code]), first.year * 12 + first.month - 1, value)


def table(rolled: Rolled, scored: np.ndarray) -> pd.DataFrame:
    """Skill and coverage of each series over the origins that are scored."""
    frames = []
    picked = {
        "climatology": (rolled.crps[0], rolled.inside[0]),
        "chosen": (rolled.of_chosen(rolled.crps), rolled.of_chosen(rolled.inside)),
    }
    usual = np.nansum(picked["climatology"][0][:, scored], axis=(1, 2))
    for name, (score, hit) in picked.items():
        own = np.nansum(score[:, scored], axis=(1, 2))
        frames.append(
            pd.DataFrame(
                {
                    f"skill_{name}": 1 - own / usual,
                    f"inside_{name}": np.nanmean(hit[:, scored], axis=(1, 2)),
                }
            )
        )
    late = rolled.chosen[:, scored]
    counts = [np.bincount(row, minlength=len(rolled.names)) for row in late]
    told = pd.DataFrame(counts, columns=list(rolled.names))
    found = pd.concat([*frames, told], axis=1).drop(columns="skill_climatology")
    found.insert(0, "series", rolled.records.codes)
    months = np.isfinite(rolled.crps[0][:, scored]).sum(axis=(1, 2))
    return found.assign(months=months)


def overall(rolled: Rolled, scored: np.ndarray) -> pd.DataFrame:
    """Compare every candidate, had it always been taken."""
    usual = np.nansum(rolled.crps[0][:, scored], axis=(1, 2))
    rows = []
    for number, name in enumerate(rolled.names):
        own = np.nansum(rolled.crps[number][:, scored], axis=(1, 2))
        inside = 100 * np.nanmean(rolled.inside[number][:, scored])
        skill = 1 - own / usual
        better = 100 * (skill > 0).mean()
        rows.append((name, float(np.median(skill)), better, float(inside)))
    return pd.DataFrame(
        rows, columns=["candidate", "skill", "better_pct", "inside_pct"]
    )


def main() -> None:
    """Roll, print the tables, and say what is short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every third origin")
    step = 3 if parser.parse_args().quick else 1
    print(machine())
    records = simulated()
    began = time.process_time()
    origins = np.arange(12 * WARM, records.value.shape[1], step)
    rolled = roll(records, origins, HORIZON)
    spent = time.process_time() - began
    scored = origins >= 12 * (FIRST_SCORED - FIRST_YEAR)
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        print(f"\nsimulated, origins of {FIRST_SCORED} to 2025:")
        print(table(rolled, scored).round(3).to_string(index=False))
        print("\neach candidate, had it always been taken:")
        print(overall(rolled, scored).round(3).to_string(index=False))
        if REAL.is_dir():
            print("\nreal daily series, from the eighth year of each:")
            print(_real_table(step).round(3).to_string(index=False))
    chosen = rolled.of_chosen(rolled.crps)[:, scored]
    usual = np.nansum(rolled.crps[0][:, scored], axis=(1, 2))
    better = 100 * float((np.nansum(chosen, axis=(1, 2)) < usual).mean())
    held = 100 * float(np.nanmean(rolled.of_chosen(rolled.inside)[:, scored]))
    print()
    print(f"rolling {spent:.3g} s of processor time for {origins.size} origins")
    bar("better_than_climatology", better, "%", 70)
    good = "ok" if EIGHTY[0] <= held <= EIGHTY[1] else "short"
    print(f"band_of_80 {held:.3g} % bar {EIGHTY[0]:g}-{EIGHTY[1]:g} {good}")


def _real_table(step: int) -> pd.DataFrame:
    tables = []
    for records in real():
        months = records.value.shape[1]
        begin = 12 * min(WARM, max(months // 12 - 4, 2))
        origins = np.arange(begin, months, step)
        rolled = roll(records, origins, HORIZON)
        scored = np.ones(origins.size, dtype=bool)
        found = table(rolled, scored)
        found.insert(1, "from", records.month(begin))
        tables.append(found)
    return pd.concat(tables, ignore_index=True)


if __name__ == "__main__":
    main()
