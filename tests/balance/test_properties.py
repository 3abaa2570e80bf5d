"""What must hold for every country: parts and whole, order, unknown, boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewater.balance.account import account
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.missing import Missing
from ewater.balance.sectors import sector_totals
from ewater.balance.terms import neighbours, term_totals
from ewater.terms import BOUNDARIES, OUTSIDE_KINDS

if TYPE_CHECKING:
    from types import SimpleNamespace

    import xarray as xr
    from scipy import sparse

PERIODS = 2
few = settings(max_examples=15)
volumes = st.floats(0, 1e9, allow_subnormal=False)
gappy = st.one_of(st.just(np.nan), volumes)


def inputs(
    make: SimpleNamespace, country: Any
) -> tuple[Ledger, xr.Dataset, sparse.csr_array, xr.Dataset]:
    ledger = Ledger.build(country.frames)
    percent = {code: 0.05 * v for code, v in country.volume.items()}
    data = make.sources(country.volume, u_random=percent)
    stocks = make.stocks(country.stock, PERIODS)
    return ledger, data, make.weights(ledger, data), stocks


def described(result: Any, name: str) -> Any:
    """Totals; of a territory without any account, what is known of it: nothing."""
    return result[name].where(~result["empty"], result[f"{name}_known"])


def close(left: Any, right: Any) -> None:
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-3)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_territory_is_the_sum_of_its_parts(
    make: SimpleNamespace, boundary: str
) -> None:
    @few
    @given(make.countries())
    def holds(country: Any) -> None:
        result = account(*inputs(make, country), boundary=boundary)
        for name in ("net_inflow", "storage_change", "residual"):
            value = described(result, name)
            nation = value.sel(territory="AZ")
            close(value.sel(territory=["B1", "B2"]).sum("territory"), nation)
            close(value.sel(territory=["D1", "D2"]).sum("territory"), nation)
            close(
                value.sel(territory=["B1a", "B1b"]).sum("territory"),
                value.sel(territory="B1"),
            )

    holds()


def test_gross_totals_are_those_of_the_parts_less_what_crosses_between_them(
    make: SimpleNamespace,
) -> None:
    @few
    @given(make.countries(whole=True))
    def holds(country: Any) -> None:
        ledger, data, weights, stocks = inputs(make, country)
        result = account(ledger, data, weights, stocks)
        net = ledger.coefficients().toarray()
        first, second = (list(ledger.territories).index(t) for t in ("B1", "B2"))
        between = net[first] * net[second] < 0
        volume = np.array([country.volume[str(f)] for f in ledger.flows])
        crossing = volume[between].sum(axis=0)
        for name in ("inflow", "outflow"):
            value = described(result, name)
            parts = value.sel(territory=["B1", "B2"]).sum("territory")
            close(parts - crossing, value.sel(territory="AZ"))

    holds()


def test_the_order_of_rows_changes_nothing_not_even_the_last_bit(
    make: SimpleNamespace,
) -> None:
    @few
    @given(make.countries(gappy), st.randoms(use_true_random=False))
    def holds(country: Any, random: Any) -> None:
        shuffled = {
            name: frame.sample(frac=1, random_state=random.randrange(2**32))
            for name, frame in country.frames.items()
        }
        volume = dict(sorted(country.volume.items(), key=lambda _: random.random()))
        other = make.Country(shuffled, volume, country.stock)
        first, second = everything(make, country), everything(make, other)
        for name, dataset in first.items():
            assert dataset.identical(second[name])

    holds()


def everything(make: SimpleNamespace, country: Any) -> dict[str, xr.Dataset]:
    ledger, data, weights, stocks = inputs(make, country)
    flows = resolve(ledger, data, weights)
    return {
        "account": account(ledger, data, weights, stocks),
        "flows": flows.dataset(),
        "terms": term_totals(ledger, flows),
        "sectors": sector_totals(ledger, flows),
        "neighbours": neighbours(ledger, flows),
    }


def test_term_totals_of_the_parts_add_up_to_the_nation(make: SimpleNamespace) -> None:
    @few
    @given(make.countries())
    def holds(country: Any) -> None:
        ledger, data, weights, _ = inputs(make, country)
        flows = resolve(ledger, data, weights)
        for total, names in (
            (term_totals(ledger, flows), ["volume"]),
            (sector_totals(ledger, flows), ["use", "gross_use", "consumption"]),
        ):
            for name in names:
                nation = total[name].sel(territory="AZ")
                for parts in (["D1", "D2"], ["B1a", "B1b", "B2"]):
                    close(total[name].sel(territory=parts).sum("territory"), nation)

    holds()


def test_unknown_makes_a_total_unknown_and_what_is_known_no_larger(
    make: SimpleNamespace,
) -> None:
    @few
    @given(make.countries(whole=True), st.data())
    def holds(country: Any, data: st.DataObject) -> None:
        lost = data.draw(st.sampled_from(sorted(country.volume)))
        gaps = country.volume | {lost: np.full(PERIODS, np.nan)}
        full = account(*inputs(make, country))
        ledger, sources, weights, stocks = inputs(
            make, make.Country(country.frames, gaps, country.stock)
        )
        holed = account(ledger, sources, weights, stocks)
        missing = Missing.of(ledger, resolve(ledger, sources, weights), stocks)
        for name in ("inflow", "outflow"):
            took_part = (holed[f"{name}_missing"] > 0).values
            nobody = holed["empty"].values[:, None]
            assert np.array_equal(np.isnan(holed[name]), took_part | nobody)
            assert (holed[f"{name}_known"] <= full[f"{name}_known"]).all()
            same = np.where(took_part, full[name], holed[name])
            assert np.array_equal(same, full[name], equal_nan=True)
            for row, territory in enumerate(ledger.territories):
                named = missing.missing(str(territory), 0, name)
                assert named == ([lost] if took_part[row, 0] else [])

    holds()


def test_boundaries_nest(make: SimpleNamespace) -> None:
    @few
    @given(make.countries())
    def holds(country: Any) -> None:
        given = inputs(make, country)

        def net(boundary: str | tuple[str, ...]) -> np.ndarray:
            found = account(*given, boundary=boundary)
            return described(found, "residual").to_numpy()

        close(net("water_resources") + net(("economy", "canal")), net("territory"))
        below = ("snow_ice", "groundwater", "soil")
        close(net("managed") + net(below), net("territory"))

    holds()


def test_a_stock_built_from_the_flows_leaves_no_residual(
    make: SimpleNamespace,
) -> None:
    @few
    @given(make.countries())
    def holds(country: Any) -> None:
        flows, stock = country.frames["flows"], {}
        inside = country.frames["account_territories"]["account"].unique()
        for code in inside:
            into = [country.volume[f] for f in flows["code"][flows["to"] == code]]
            out = [country.volume[f] for f in flows["code"][flows["from"] == code]]
            change = sum(into, np.zeros(PERIODS)) - sum(out, np.zeros(PERIODS))
            stock[code] = 1e10 + np.append(0.0, np.cumsum(change))
        frames = country.frames | {"stocks": pd.DataFrame({"account": inside})}
        built = inputs(make, make.Country(frames, country.volume, stock))
        for boundary in BOUNDARIES:
            result = account(*built, boundary=boundary)
            close(described(result, "residual"), 0.0)

    holds()


def test_shares_of_every_account_are_a_partition_of_unity(
    make: SimpleNamespace,
) -> None:
    @few
    @given(make.countries())
    def holds(country: Any) -> None:
        ledger = Ledger.build(country.frames)
        held = ledger.membership.toarray()
        place = {code: row for row, code in enumerate(ledger.territories)}
        nation = held[place["AZ"]]
        inside = ~np.isin(ledger.account_kind, OUTSIDE_KINDS)
        assert np.array_equal(nation, inside.astype(float))
        for leaves in make.LEAVES.values():
            close(held[[place[t] for t in leaves]].sum(axis=0), nation)

    holds()
