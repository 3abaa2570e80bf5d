"""Accounts in territories: shares, hierarchies, validity, faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from ewater.balance.ledger import Ledger
from ewater.errors import FaultsError, UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace


@pytest.fixture
def country(make: SimpleNamespace) -> dict[str, pd.DataFrame]:
    """Two basins, one with two sub-basins; two districts; a sea and a neighbour."""
    return {
        "territories": make.territories(
            ("AZ", "country"),
            ("KUR", "basin", "AZ"),
            ("KUR.UP", "basin", "KUR"),
            ("KUR.LOW", "basin", "KUR"),
            ("ARAZ", "basin", "AZ"),
            ("D1", "district", "AZ"),
            ("D2", "district", "AZ"),
        ),
        "accounts": make.accounts(
            ("RIVER", "river", "KUR.UP"),
            ("LAKE", "reservoir", "D1", None, 0.5, "DAM"),
            ("FARM", "economy", "D2", "agriculture"),
            ("N", "neighbour"),
            ("SEA", "sea"),
        ),
        "flows": make.flows(
            ("in", "N", "RIVER", "inflow_from_neighbours"),
            ("down", "RIVER", "LAKE", "outflow_to_downstream"),
            ("take", "LAKE", "FARM", "abstraction"),
        ),
        "site_territories": make.frame(
            "site territory", ("DAM", "ARAZ"), ("DAM", "D1"), ("OTHER", "KUR")
        ),
        "stocks": make.frame("account", ("LAKE",)),
    }


def share(ledger: Ledger, territory: str, account: str) -> float:
    row = list(ledger.territories).index(territory)
    column = list(ledger.accounts).index(account)
    return float(ledger.membership[row, column])


def faults_of(frames: dict[str, pd.DataFrame]) -> str:
    with pytest.raises(FaultsError) as raised:
        Ledger.build(frames)
    return str(raised.value)


def test_an_account_belongs_to_its_territory_and_all_parents(
    country: dict[str, pd.DataFrame],
) -> None:
    ledger = Ledger.build(country)
    held = {t: share(ledger, t, "RIVER") for t in ledger.territories}
    assert held == {
        "AZ": 1.0,
        "KUR": 1.0,
        "KUR.UP": 1.0,
        "KUR.LOW": 0.0,
        "ARAZ": 0.0,
        "D1": 0.0,
        "D2": 0.0,
    }


def test_a_site_adds_hierarchies_and_the_national_share_scales_them_all(
    country: dict[str, pd.DataFrame],
) -> None:
    ledger = Ledger.build(country)
    assert share(ledger, "ARAZ", "LAKE") == 0.5
    assert share(ledger, "D1", "LAKE") == 0.5
    assert share(ledger, "AZ", "LAKE") == 0.5
    assert ledger.apportioned.nnz == 0


def test_an_account_without_any_territory_is_still_in_the_country(
    country: dict[str, pd.DataFrame],
) -> None:
    country["accounts"].loc[0, "territory"] = None
    ledger = Ledger.build(country)
    assert share(ledger, "AZ", "RIVER") == 1.0
    assert share(ledger, "KUR", "RIVER") == 0.0


def test_explicit_shares_overrule_one_hierarchy_and_parents_get_the_sum(
    country: dict[str, pd.DataFrame], make: SimpleNamespace
) -> None:
    country["account_territories"] = make.frame(
        "account territory share",
        ("LAKE", "KUR.UP", 0.25),
        ("LAKE", "KUR.LOW", 0.5),
        ("LAKE", "ARAZ", 0.25),
    )
    ledger = Ledger.build(country)
    assert share(ledger, "KUR", "LAKE") == 0.375  # three quarters of our half
    assert share(ledger, "ARAZ", "LAKE") == 0.125
    assert share(ledger, "D1", "LAKE") == 0.5
    fractions = {
        ledger.territories[t] for t in np.unique(ledger.apportioned.tocoo().coords[0])
    }
    assert fractions == {"KUR", "KUR.UP", "KUR.LOW", "ARAZ"}


def test_parts_that_sum_to_one_make_a_whole_parent_exactly(
    country: dict[str, pd.DataFrame], make: SimpleNamespace
) -> None:
    country["account_territories"] = make.frame(
        "account territory share", ("RIVER", "KUR.UP", 0.7), ("RIVER", "KUR.LOW", 0.3)
    )
    assert share(Ledger.build(country), "KUR", "RIVER") == 1.0


def test_a_written_territory_overrules_where_the_map_puts_the_site(
    country: dict[str, pd.DataFrame],
) -> None:
    country["accounts"].loc[1, "territory"] = "D2"
    ledger = Ledger.build(country)
    assert (share(ledger, "D2", "LAKE"), share(ledger, "D1", "LAKE")) == (0.5, 0.0)


def test_a_site_refines_a_territory_written_above_it(
    country: dict[str, pd.DataFrame],
) -> None:
    country["accounts"].loc[1, "territory"] = "KUR"
    country["site_territories"].loc[0, "territory"] = "KUR.LOW"
    ledger = Ledger.build(country)
    assert share(ledger, "KUR.LOW", "LAKE") == 0.5


def test_a_site_in_two_territories_of_one_hierarchy_needs_shares(
    country: dict[str, pd.DataFrame], make: SimpleNamespace
) -> None:
    country["site_territories"] = make.frame(
        "site territory", ("DAM", "ARAZ"), ("DAM", "KUR.UP")
    )
    message = faults_of(country)
    assert "LAKE lies in several territories of kind basin" in message
    assert "ARAZ, KUR, KUR.UP" in message


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "message"),
    [
        ("flows", 0, "to", "NOWHERE", "'NOWHERE', named by in, is not known"),
        ("flows", 1, "to", "RIVER", "down runs from RIVER to itself"),
        ("flows", 1, "term", "magic", "'magic' of down is not a term"),
        ("flows", 1, "reverse", "take", "take is not the reverse of down"),
        ("flows", 1, "re_enters", "down", "down names itself"),
        ("flows", 1, "sector", "moon", "'moon' of down is not a sector"),
        ("accounts", 0, "territory", "XX", "'XX', named by RIVER, is not known"),
        ("accounts", 0, "kind", "pond", "'pond' of RIVER is not a kind"),
        ("accounts", 0, "share", 1.5, "the national share of RIVER is 1.5"),
        ("accounts", 2, "sector", None, "economy account FARM has none"),
        ("accounts", 3, "territory", "KUR", "N is outside every territory"),
        ("accounts", 1, "code", "RIVER", "RIVER is given twice"),
        ("territories", 1, "parent", "KUR.UP", "KUR, KUR.UP lie within each other"),
        ("territories", 4, "kind", "country", "several countries: ARAZ, AZ"),
        ("stocks", 0, "account", "N", "N is outside every territory"),
        ("stocks", 0, "account", "X", "'X', named by X, is not known"),
    ],
)
def test_a_fault_names_the_code_and_what_is_wrong(
    country: dict[str, pd.DataFrame],
    table: str,
    row: int,
    column: str,
    value: Any,
    message: str,
) -> None:
    country[table].loc[row, column] = value
    assert message in faults_of(country)


def test_all_faults_are_listed_at_once(country: dict[str, pd.DataFrame]) -> None:
    country["flows"].loc[0, "to"] = "NOWHERE"
    country["flows"].loc[1, "term"] = "magic"
    message = faults_of(country)
    assert "NOWHERE" in message
    assert "magic" in message
    assert "2 faults" in message


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("RIVER", "ARAZ", 0.4), ("RIVER", "KUR", 0.4)], "sum to 0.8"),
        ([("RIVER", "ARAZ", 1.2)], "share of RIVER in ARAZ is 1.2"),
        ([("RIVER", "ARAZ", None)], "share of RIVER in ARAZ is nan"),
        ([("N", "ARAZ", 1.0)], "N is outside every territory"),
        ([("RIVER", "MARS", 1.0)], "'MARS', named by RIVER, is not known"),
    ],
)
def test_explicit_shares_are_checked(
    country: dict[str, pd.DataFrame],
    make: SimpleNamespace,
    rows: list[tuple[Any, ...]],
    message: str,
) -> None:
    country["account_territories"] = make.frame("account territory share", *rows)
    assert message in faults_of(country)


def test_two_flows_cannot_re_enter_as_one(country: dict[str, pd.DataFrame]) -> None:
    country["flows"]["re_enters"] = [None, "in", "in"]
    assert "several flows re-enter as in" in faults_of(country)


def test_a_finer_sector_rolls_up(
    country: dict[str, pd.DataFrame], make: SimpleNamespace
) -> None:
    country["accounts"].loc[2, "sector"] = "A01"
    country["sectors"] = make.frame("isic sector", ("A01", "agriculture"))
    ledger = Ledger.build(country)
    farm = list(ledger.accounts).index("FARM")
    assert ledger.account_sector[farm] == "agriculture"


def test_a_flow_exists_in_every_period_that_its_validity_touches(
    country: dict[str, pd.DataFrame], make: SimpleNamespace
) -> None:
    flows, accounts = country["flows"], country["accounts"]
    flows["valid_from"] = pd.Series(
        [pd.Timestamp("2023-01-02T12:00", tz="UTC"), pd.NaT, pd.NaT]
    )
    accounts["valid_to"] = pd.Series(
        [pd.NaT, pd.NaT, pd.Timestamp("2023-01-02", tz="UTC"), pd.NaT, pd.NaT]
    )
    ledger = Ledger.build(country)
    valid = dict(zip(ledger.flows, ledger.flow_valid(make.bounds(3)), strict=True))
    assert valid["in"].tolist() == [False, True, True]
    assert valid["down"].tolist() == [True, True, True]
    assert valid["take"].tolist() == [True, False, False]  # no longer than FARM


def test_a_change_of_stock_is_modelled_only_between_valid_instants(
    country: dict[str, pd.DataFrame], make: SimpleNamespace
) -> None:
    country["stocks"]["valid_from"] = pd.Timestamp("2023-01-02", tz="UTC")
    ledger = Ledger.build(country)
    lake = list(ledger.accounts).index("LAKE")
    assert ledger.stock_valid(make.bounds(3))[lake].tolist() == [False, True, True]


def test_unknown_boundary_and_territory_are_refused_with_what_is_known(
    country: dict[str, pd.DataFrame],
) -> None:
    ledger = Ledger.build(country)
    with pytest.raises(UsageError, match="managed"):
        ledger.inside("everything")
    with pytest.raises(UsageError, match=r"no territory XX.*ARAZ"):
        ledger.rows(["AZ", "XX"])


def test_an_empty_country_has_an_empty_ledger(make: SimpleNamespace) -> None:
    ledger = Ledger.build({"territories": make.territories(("AZ", "country"))})
    assert ledger.coefficients().shape == (1, 0)
