"""What pages ask about a territory's network, exchanges and treaties."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pytest

from ewater.accounts.named import names
from ewater.accounts.scope import Scope
from ewater.dashboard.questions.network import exchanges, network
from ewater.dashboard.questions.treaties import treaties
from ewater.errors import ForbiddenError, UsageError

pytestmark = pytest.mark.db

YEAR = dt.date(2023, 1, 1), dt.date(2024, 1, 1)
MONTH = dt.date(2023, 4, 1), dt.date(2023, 5, 1)
ALL = Scope()
HM3_AT_10_M3S = 315.36


@pytest.fixture
def of_two_basins(measured):
    """Ask a question of the country with a year of readings."""

    def ask(question, *args, scope=ALL):
        return question(measured, scope, *args)

    return ask


def test_a_page_is_given_accounts_with_their_place_and_how_they_close(of_two_basins):
    found = of_two_basins(network, "TB", *YEAR)
    nodes = {node["code"]: node for node in found["nodes"]}
    assert set(nodes) == {
        "RIVER-UP",
        "RES",
        "RIVER-LOW",
        "FARMS",
        "NB",
        "SEA",
        "AIR",
    }
    flows = {flow["code"]: flow for flow in found["flows"]}
    assert {end for f in flows.values() for end in (f["from"], f["to"])} == set(nodes)
    assert flows["IN"]["volume"] == pytest.approx(HM3_AT_10_M3S * 1e6)
    assert flows["IN"]["measured_by"] == "G-IN.Q"
    dam, upper, lower = (nodes[code] for code in ("RES", "RIVER-UP", "RIVER-LOW"))
    assert (dam["lon"], dam["lat"], dam["placed"]) == (46.6, 40.3, "site")
    assert dam["names"]["ru"] == "Водохранилище"
    assert dam["modelled"]
    assert (upper["lon"], upper["placed"]) == (46.1, "measured")
    assert upper["balanced"]
    assert (lower["lon"], lower["placed"]) == (47.0, "measured")
    assert nodes["FARMS"]["placed"] == "territory"
    assert nodes["NB"]["lon"] is None
    for node in (upper, lower):
        left = node["entering"] - node["leaving"] - node["storage_change"]
        assert node["residual"] is None or node["residual"] == pytest.approx(left)
    east = of_two_basins(network, "EAST", *YEAR)
    assert "RIVER-UP" not in {node["code"] for node in east["nodes"]}

    agency = Scope(organisations=("Hydromet",))
    told = of_two_basins(network, "TB", *YEAR, scope=agency)
    dam = next(node for node in told["nodes"] if node["code"] == "RES")
    assert dam["names"] is None
    assert dam["placed"] != "site"
    assert all(f["from_name"] is None for f in told["flows"] if f["from"] == "RES")
    basin = Scope(territories=("EAST",))
    for question in (network, exchanges):
        of_two_basins(question, "EAST", *YEAR, scope=basin)
        with pytest.raises(ForbiddenError, match="WEST"):
            of_two_basins(question, "WEST", *YEAR, scope=basin)


def test_a_page_is_given_exchanges_and_treaties_of_a_period(of_two_basins):
    found = {one["partner"]: one for one in of_two_basins(exchanges, "EAST", *YEAR)}
    assert set(found) == {"WEST", "NB", "SEA"}
    west = found["WEST"]
    assert west["kind"] == "basin"
    assert west["received"]["value"] == pytest.approx(0.8 * HM3_AT_10_M3S * 1e6 / 2)
    assert west["given"]["value"] == 0
    assert west["received"]["u"] > 0
    assert found["SEA"]["given"]["value"] is None
    assert found["SEA"]["given"]["missing"] == ["OUT"]

    rows = {row["code"]: row for row in of_two_basins(treaties, "TB", *YEAR)}
    assert set(rows) == {"NB-NORMAL", "NB-TREATY", "ALL"}
    seconds = 365 * 86_400
    assert rows["NB-NORMAL"]["volume"] == pytest.approx(12.5 * seconds)
    assert rows["NB-TREATY"]["volume"] == pytest.approx(300e6)
    assert rows["ALL"]["neighbour"] is None
    assert math.isclose(rows["ALL"]["volume"], 0.2e9, rel_tol=1e-3)
    month = {row["code"]: row for row in of_two_basins(treaties, "TB", *MONTH)}
    assert month["NB-TREATY"]["volume"] is None
    assert month["NB-NORMAL"]["volume"] == pytest.approx(12.5 * 30 * 86_400)
    with pytest.raises(ForbiddenError, match="TB"):
        of_two_basins(treaties, "TB", *YEAR, scope=Scope(territories=("EAST",)))


def test_a_flow_and_what_an_account_leaves_over_can_be_explained(measured):
    from ewater.accounts.reader import DatabaseReader

    reader = DatabaseReader(measured)
    flow = reader.explain("balance.flows.IN", "TB", *YEAR, depth="sources")
    (period,) = flow["periods"]
    assert period["quantity"]["value"] == pytest.approx(HM3_AT_10_M3S * 1e6)
    assert [item["code"] for item in period["items"]] == ["IN"]
    node = reader.explain("balance.accounts.RIVER-UP", "TB", *YEAR, depth="sources")
    (period,) = node["periods"]
    parts = {item["code"]: item["value"] for item in period["items"]}
    assert set(parts) == {"IN", "TO-RES", "FROM-RES-BACK"}
    assert sum(parts.values()) == pytest.approx(period["quantity"]["value"], abs=1)
    for cell in ("balance.flows.IN", "balance.accounts.RIVER-UP", "balance.flows.NO"):
        with pytest.raises(UsageError, match="no cell"):
            reader.explain(cell, "EAST", *YEAR)


def test_an_account_is_called_by_its_own_name_before_that_of_its_site():
    accounts = pd.DataFrame(
        [
            ("REACH", None, "Kür, 1-ci hissə", "Kura, reach 1", None),
            ("DAM", "DAM", None, "The lake", None),
            ("POOL", "DAM", None, None, None),
            ("FIELDS", None, None, None, None),
        ],
        columns=["code", "site", "name_az", "name_en", "name_ru"],
    )
    sites = pd.DataFrame(
        [("DAM", "Anbar", "Reservoir", "Водохранилище")],
        columns=["code", "name_az", "name_en", "name_ru"],
    )
    assert names({"accounts": accounts, "sites": sites}) == {
        "REACH": {"az": "Kür, 1-ci hissə", "en": "Kura, reach 1", "ru": None},
        "DAM": {"az": None, "en": "The lake", "ru": None},
        "POOL": {"az": "Anbar", "en": "Reservoir", "ru": "Водохранилище"},
    }
