"""The true ledger closes everywhere and adds up to what was published."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ewater import simulate
from ewater.simulate import calibrate, ledger, model
from ewater.simulate import truth as tables
from ewater.simulate.reservoirs import SimulationError
from ewater.terms import BOUNDARIES

if TYPE_CHECKING:
    from pathlib import Path

    from ewater.simulate.ledger import Country, Truth

HM3 = 1e6
USE_2023 = {
    ("agriculture",): 7207.0,
    ("industry", "energy"): 2145.0,
    ("households",): 342.7,
    ("services",): 77.3,
    ("water_supply",): 0.0,
    ("sewerage",): 0.0,
}
INTO_USE = ("abstraction", "delivery", "passed_on", "reuse")
OUT_OF_USE = ("delivery", "passed_on", "losses_in_conveyance")


def year_of(truth: Truth, rows: np.ndarray, year: int) -> float:
    return float(truth.volume[rows][:, truth.days.within(year)].sum()) / HM3


def test_every_modelled_account_closes_in_every_month(country: Country, truth: Truth):
    monthly = tables.monthly(truth)
    stocks = tables.stocks(truth)
    flows = country.model.frames["flows"].set_index("code")
    volume = monthly.pivot_table(
        index="flow", columns="period_start", values="volume_m3"
    )
    gained = volume.groupby(flows["to"].reindex(volume.index)).sum()
    lost = volume.groupby(flows["from"].reindex(volume.index)).sum()
    accounts = country.model.frames["accounts"].set_index("code")
    managed = accounts.index[accounts["kind"].isin(BOUNDARIES["managed"])]
    stock = stocks.pivot_table(index="account", columns="time", values="volume_m3")
    change = stock.diff(axis=1).iloc[:, 1:]
    change = change.reindex(managed).fillna(0.0).to_numpy()
    through = gained.reindex(managed).to_numpy()
    left = through - lost.reindex(managed).to_numpy() - change
    assert np.isfinite(left).all()
    assert (np.abs(left) <= 1e-6 * np.maximum(through, 1e6)).all()


def test_no_flow_is_negative_and_no_reservoir_leaves_its_bounds(
    country: Country, truth: Truth
):
    assert truth.volume.min() >= 0
    for account, stock in zip(truth.accounts, truth.stock, strict=True):
        reservoir = country.reservoirs[account]
        assert stock.min() >= reservoir.dead - 1
        assert stock.max() <= reservoir.capacity


@pytest.mark.parametrize(("sectors", "hm3"), USE_2023.items())
def test_use_of_2023_is_what_was_published(
    country: Country, truth: Truth, sectors: tuple[str, ...], hm3: float
):
    accounts = country.model.frames["accounts"].set_index("code")
    members = set(accounts.index[accounts["sector"].isin(sectors)])
    table = country.table
    came = table["to"].isin(members) & table["term"].isin(INTO_USE)
    went = table["from"].isin(members) & table["term"].isin(OUT_OF_USE)
    use = year_of(truth, came.to_numpy(), 2023) - year_of(truth, went.to_numpy(), 2023)
    assert use == pytest.approx(hm3, rel=0.01, abs=0.01)


def test_conveyance_losses_of_2023_are_what_was_published(
    country: Country, truth: Truth
):
    lost = (country.table["term"] == "losses_in_conveyance").to_numpy()
    assert year_of(truth, lost, 2023) == pytest.approx(3034.4, rel=0.01)


def test_2021_is_as_dry_as_officials_said(country: Country, truth: Truth):
    foreign = calibrate.foreign_inflow(country, truth)
    formed = calibrate.formed(country, truth)
    assert foreign[2021] / HM3 == pytest.approx(11000, rel=0.001)
    assert formed[2021] / HM3 == pytest.approx(4000, rel=0.001)
    assert foreign[2021] == min(foreign.values())
    assert foreign[2024] == max(foreign.values())


def test_national_storage_follows_the_published_figures(country: Country, truth: Truth):
    share = country.model.frames["accounts"].set_index("code")["share"].fillna(1.0)
    total = share.reindex(truth.accounts).to_numpy() @ truth.stock / HM3
    days = truth.days
    assert total[days.index("2026-01-01")] == pytest.approx(16400, rel=0.02)
    assert total[days.index("2025-04-10")] == pytest.approx(18000, rel=0.06)
    assert total[days.index("2025-09-11")] == pytest.approx(16000, rel=0.06)


def test_another_seed_tells_another_story_with_the_same_totals(
    sample: Path, truth: Truth
):
    other = ledger.Country(model.load(sample), simulate.SEED + 1)
    story = calibrate.calibrate(other)
    assert not np.allclose(story.volume, truth.volume)
    foreign = calibrate.foreign_inflow(other, story)
    assert foreign[2021] / HM3 == pytest.approx(11000, rel=0.001)


def test_the_same_seed_gives_the_same_ledger(sample: Path, truth: Truth):
    again = calibrate.calibrate(ledger.Country(model.load(sample), simulate.SEED))
    np.testing.assert_array_equal(again.volume, truth.volume)
    np.testing.assert_array_equal(again.stock, truth.stock)


def test_asking_a_river_for_more_than_it_has_names_it(country: Country):
    thirsty = country.model.drivers["flows"].copy()
    thirsty.loc[thirsty["flow"] == "R-NAX:UT-NAXC", "value"] = 500.0
    drivers = {**country.model.drivers, "flows": thirsty}
    dry = ledger.Country(replace(country.model, drivers=drivers), simulate.SEED)
    with pytest.raises(SimulationError, match="R-NAX has to give more than it gets"):
        calibrate.calibrate(dry)


def test_a_flow_without_a_driver_is_named(country: Country):
    fewer = country.model.drivers["flows"].query("flow != 'GE:R-KURA-1'")
    drivers = {**country.model.drivers, "flows": fewer}
    with pytest.raises(SimulationError, match="says nothing of GE:R-KURA-1"):
        ledger.Country(replace(country.model, drivers=drivers), simulate.SEED)
