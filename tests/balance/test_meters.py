"""Where the next meters pay: by hand, and against solving again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ewater.balance.flows import Flows, resolve
from ewater.balance.ledger import Ledger
from ewater.balance.meters import next_meters, total_row
from ewater.balance.reconciliation.by_period import by_period
from ewater.balance.reconciliation.rows import Stocks, rows_of
from ewater.balance.reconciliation.settle import Policy
from ewater.balance.reconciliation.solve import solve
from ewater.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

NAN = np.nan
VOLUME = {
    "in": 100.0, "side": 20.0, "a": 50.0, "b": 30.0, "sea": 40.0, "back": 5.0,
}  # fmt: skip


def country(make: SimpleNamespace) -> Ledger:
    """A canal that takes in at two ends and gives to two farms and the sea."""
    return Ledger.build(
        {
            "territories": make.territories(("AZ", "country"), ("VOID", "basin", "AZ")),
            "accounts": make.accounts(
                ("C", "canal", "AZ"),
                ("D", "canal", "AZ"),
                ("FA", "economy", "AZ", "agriculture"),
                ("FB", "economy", "AZ", "agriculture"),
                ("N", "neighbour"),
                ("SEA", "sea"),
            ),
            "flows": make.flows(
                ("in", "N", "C", "inflow_from_neighbours"),
                ("side", "N", "D", "inflow_from_neighbours"),
                ("a", "C", "FA", "delivery"),
                ("b", "D", "FB", "delivery"),
                ("sea", "C", "SEA", "outflow_to_sea"),
                ("back", "D", "C", "outflow_to_downstream"),
            ),
        }
    )


def flows_of(make: SimpleNamespace, ledger: Ledger, u: dict[str, Any]) -> Flows:
    volume = {c: NAN if u.get(c, 1.0) is None else v for c, v in VOLUME.items()}
    data = make.sources(volume, u_random={c: v for c, v in u.items() if v is not None})
    return resolve(ledger, data, make.weights(ledger, data))


def by_solving_again(
    make: SimpleNamespace, ledger: Ledger, flows: Flows, meters: dict[str, float]
) -> float:
    """Variance of the inflow when the meters are rows of their own."""
    held = Stocks.of(ledger, flows.bounds, make.stocks())
    given_ = by_period(
        ledger, flows, rows_of(ledger, flows, "managed", ("canal",)), held
    )
    row = np.zeros(given_.matrix.shape[1])
    row[: ledger.flows.size] = total_row(ledger, "AZ", "inflow", "managed")
    place = {str(code): n for n, code in enumerate(ledger.flows)}
    more = np.zeros((len(meters), row.size))
    for n, code in enumerate(meters):
        more[n, place[code]] = 1.0
    extra = 1 + len(meters)
    matrix = sparse.vstack(
        [
            sparse.hstack(
                [given_.matrix, sparse.csr_array((given_.matrix.shape[0], extra))]
            ),
            sparse.hstack(
                [sparse.csr_array(np.vstack([row, more])), -sparse.eye_array(extra)]
            ),
        ]
    )
    count = len(meters)
    value = np.concatenate(
        [given_.value[:, 0], [NAN], [VOLUME[code] for code in meters]]
    )
    loading = sparse.block_diag(
        [given_.loading, sparse.csr_array((1, 0)), sparse.eye_array(count)]
    )
    u = np.concatenate([given_.u[:, 0], list(meters.values())])
    result = solve(
        matrix, value, u, loading=loading, policy=Policy(eliminate=False, refuse=False)
    )
    return float(result.u[row.size, 0] ** 2)


def test_a_single_meter_by_hand(make: SimpleNamespace) -> None:
    """Nothing but the inflow is uncertain and alone: u 10, a meter of u 5."""
    ledger = Ledger.build(
        {
            "territories": make.territories(("AZ", "country")),
            "accounts": make.accounts(("R", "river", "AZ"), ("N", "neighbour")),
            "flows": make.flows(("in", "N", "R", "inflow_from_neighbours")),
        }
    )
    data = make.sources({"in": 100.0}, u_random={"in": 10.0})
    flows = resolve(ledger, data, make.weights(ledger, data))
    found = next_meters(
        ledger, flows, make.stocks(), "inflow", territory="AZ", count=3, u_pct=5.0
    )
    assert found.u.tolist() == [10.0]
    assert found.candidates["gain"].tolist() == pytest.approx([10_000 / 125])
    assert found.candidates["fall"].tolist() == pytest.approx([0.8])
    assert found.u_after.tolist() == pytest.approx([np.sqrt(20)])
    assert found.chosen["flow"].tolist() == ["in"]  # no second meter at one place
    assert found.chosen["left"].tolist() == pytest.approx([0.2])


@settings(derandomize=True, max_examples=10, deadline=None)
@given(
    u=st.fixed_dictionaries(
        {code: st.sampled_from([None, 0.5, 3.0, 12.0]) for code in ("a", "b", "back")}
        | {code: st.sampled_from([0.5, 3.0, 12.0]) for code in ("in", "side", "sea")}
    )
)
def test_each_choice_is_worth_what_solving_again_says(
    make: SimpleNamespace, u: dict[str, Any]
) -> None:
    ledger = country(make)
    flows = flows_of(make, ledger, u)
    found = next_meters(
        ledger, flows, make.stocks(), "inflow", territory="AZ", count=3, u_pct=2.0
    )
    before = by_solving_again(make, ledger, flows, {})
    assert found.u[0] ** 2 == pytest.approx(before, rel=1e-7)
    for _, row in found.candidates.iterrows():
        after = by_solving_again(make, ledger, flows, {row["flow"]: row["meter_u"]})
        assert row["gain"] == pytest.approx(before - after, rel=1e-5, abs=1e-8)
    built: dict[str, float] = {}
    for _, row in found.chosen.iterrows():
        built[row["flow"]] = row["meter_u"]
        left = by_solving_again(make, ledger, flows, built) / before
        assert row["left"] == pytest.approx(left, rel=1e-6, abs=1e-9)
    assert found.u_after[0] ** 2 == pytest.approx(
        by_solving_again(make, ledger, flows, built), rel=1e-6
    )
    assert found.chosen["gain"].iloc[0] == found.candidates["gain"].iloc[0]


def test_what_nothing_determines_is_named_and_left_out(make: SimpleNamespace) -> None:
    ledger = country(make)
    flows = flows_of(
        make,
        ledger,
        {"in": 2.0, "side": None, "back": None, "b": None, "a": 1, "sea": 1},
    )
    found = next_meters(ledger, flows, make.stocks(), "inflow", territory="AZ")
    assert found.open == ("side",)
    assert np.isfinite(found.u).all()
    assert "side" not in set(found.candidates["flow"])


def test_totals_that_are_not_there_are_refused(make: SimpleNamespace) -> None:
    ledger = country(make)
    flows = flows_of(make, ledger, {"in": 2.0})
    ask = (ledger, flows, make.stocks())
    with pytest.raises(UsageError, match="no total 'wind'"):
        next_meters(*ask, "wind", territory="AZ")
    with pytest.raises(UsageError, match="no flow belongs to inflow of VOID"):
        next_meters(*ask, "inflow", territory="VOID")
    with pytest.raises(UsageError, match="1 or more"):
        next_meters(*ask, "inflow", territory="AZ", count=0)
    with pytest.raises(UsageError, match="more than 0"):
        next_meters(*ask, "inflow", territory="AZ", u_pct=0.0)


def test_totals_are_those_of_the_account(make: SimpleNamespace) -> None:
    ledger = country(make)
    codes = ledger.flows.tolist()

    def named(total: str) -> dict[str, float]:
        row = total_row(ledger, "AZ", total, "managed")
        return {c: v for c, v in zip(codes, row.tolist(), strict=True) if v}

    assert named("inflow") == {"in": 1, "side": 1}
    assert named("net_inflow") == {"in": 1, "side": 1, "sea": -1}
    assert named("delivery") == {"a": 1, "b": 1}
    assert named("use") == {"a": 1, "b": 1}
    assert named("agriculture.use") == {"a": 1, "b": 1}
