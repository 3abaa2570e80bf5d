"""Unknown in, unknown out: every public function of ``ewater.balance``.

A case gives a function something unknown (NaN, or a return that is not there) and
returns what came out, which must be NaN; where a function says it by a mark or a name,
the case turns that into NaN.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import sparse

from ewater.balance import (
    account,
    account_cells,
    closure,
    evaluate,
    exchange,
    expected,
    explain,
    flows,
    losses,
    meters,
    refusals,
    reported,
    returns,
    sectors,
    shared,
    storage,
    terms,
    totals,
    uncertainty,
)
from ewater.balance.crossing import Crossing
from ewater.balance.knowledge import Knowledge
from ewater.balance.ledger import Ledger
from ewater.balance.matrices import csr
from ewater.balance.reconciliation import (
    adjusted,
    gross,
    inputs,
    reconcile,
    result,
    solve,
    variables,
)
from ewater.balance.views import bridge, compiled, formulas, linear, supply
from ewater.balance.views.evaluate import Evaluated
from ewater.terms import Status

NAN = np.nan
ONE = csr(sparse.csr_array([[1.0]]))

#: Nothing that is measured goes in: no value that could be unknown.
NO_VALUES = {
    "codes, words, texts and formulas that are not evaluated": (
        "account_cells.names checks.refuse checks.texts checks.positions "
        "expressions.codes expressions.parse sectors.use_sign terms.terms_of "
        "terms.neighbours_of terms.counted_at reported.with_sector "
        "reconciliation.variables.named reconciliation.variables.part_names "
        "views.bridge.published views.compiled.bridges views.compiled.built_in "
        "views.compiled.find views.compiled.published "
        "views.compiled.needs views.compiled.parse views.formulas.linear "
        "views.formulas.name_of views.formulas.names views.formulas.needed "
        "views.formulas.parse views.formulas.quotient views.supply.fewest "
        "views.words.joined"
    ),
    "instants: one that is not given is open": "checks.spans labels.bounds_of",
    "coefficients, that the ledger gives and that are always known": (
        "account_cells.rows_of checks.read matrices.above matrices.below "
        "matrices.beside matrices.by_group matrices.choice matrices.csr "
        "matrices.filled matrices.of_columns matrices.pattern matrices.positive "
        "membership.ancestors membership.cycles membership.explicit_faults "
        "membership.partition_faults membership.shares meters.total_row "
        "reconciliation.rows.rows_of reconciliation.variables.placed "
        "reconciliation.variables.term_parts sectors.sector_matrices "
        "storage.unmodelled terms.neighbour_matrices terms.term_matrix "
        "views.coefficients.added views.coefficients.clean "
        "views.coefficients.combined views.coefficients.stacked "
        "views.evaluate.is_nothing"
    ),
    "a share that is not given has the usual one of METHODS 6": (
        "sectors.consumed_share"
    ),
    "positions of what changed: unknown is as unknown as it was": "draws.rows_apart",
    "counts, of tests or degrees of freedom": (
        "reconciliation.gross.critical_gamma reconciliation.gross.sidak_limit"
    ),
    "parts of solve and reconcile, which leave what is unknown out of their system": (
        "reconciliation.bounds.held_errors "
        "reconciliation.bounds.within_bounds reconciliation.by_period.by_period "
        "reconciliation.estimate.estimate reconciliation.factor.analysed "
        "reconciliation.factor.factorise reconciliation.factor.fill_reducing "
        "reconciliation.factor.inverse_within reconciliation.factor.refined "
        "reconciliation.factor.substitute reconciliation.factor.substitute_many "
        "reconciliation.first.first_fit reconciliation.gross.alike_with "
        "reconciliation.gross.eliminate reconciliation.recipe.assembled "
        "reconciliation.recipe.carried_forms reconciliation.recipe.filled_in "
        "reconciliation.recipe.plain_forms reconciliation.settle.settle "
        "reconciliation.structure.structure reconciliation.variables.coupled"
    ),
}
EXEMPT = {name: why for why, found in NO_VALUES.items() for name in found.split()}


class Country:
    """A river and a farm of which nothing is known: no flow, no stock."""

    def __init__(self, make):
        self.ledger = Ledger.build(
            {
                "territories": make.territories(
                    ("AZ", "country"), ("W", "basin", "AZ"), ("E", "basin", "AZ")
                ),
                "accounts": make.accounts(
                    ("NB", "neighbour"),
                    ("R", "lake", "W"),
                    ("C", "canal", "W"),
                    ("FARM", "economy", "E", "agriculture"),
                    ("AIR", "atmosphere"),
                    ("SEA", "sea"),
                ),
                "flows": make.flows(
                    ("in", "NB", "R", "inflow_from_neighbours"),
                    ("out", "R", "NB", "outflow_to_neighbours", None, "in"),
                    ("take", "R", "C", "abstraction"),
                    ("give", "C", "FARM", "delivery"),
                    ("gone", "FARM", "AIR", "consumption"),
                    ("sea", "R", "SEA", "outflow_to_sea"),
                ),
                "stocks": make.frame("account measured_by", ("R", "R.S")),
            }
        )
        nothing = dict.fromkeys(self.ledger.flows.tolist(), NAN)
        self.sources = make.sources(
            nothing, nothing, nothing, dict.fromkeys(nothing, 0.0),
            dict.fromkeys(nothing, float(Status.UNKNOWN)),
        )  # fmt: skip
        self.weights = make.weights(self.ledger, self.sources)
        self.stocks = make.stocks({"R": [NAN, NAN]}, u_random={"R": [NAN, NAN]})
        self.bounds = make.bounds(1)
        self.flows = flows.resolve(self.ledger, self.sources, self.weights)
        self.rows = self.ledger.rows(["AZ"])

    def basis(self):
        return account_cells.basis_of(
            self.ledger, self.flows, self.stocks, "managed", "AZ"
        )

    def rows_of(self, cell="inflow"):
        return account_cells.rows_of(self.basis(), "managed", cell)

    def made(self):
        moment = explain.Moment.of(self.ledger, self.sources, self.weights, 0)
        return explain.made(self.basis(), moment, self.rows_of())

    def view(self):
        return Evaluated(compiled.find("indicators"), self.basis())


@pytest.fixture(scope="module")
def country(make):
    return Country(make)


def unmarked(found):
    """NaN where a mark says that something is unknown or missing."""
    return np.where(np.asarray(found, dtype=float) > 0, NAN, 0.0)


def values_of(found, *names):
    return [found[name].to_numpy().ravel() for name in names]


def told(value, **more):
    row = {
        "enterprise": "E", "item": "abstraction", "value": value, "unit": "m3",
        "source": None, "purpose": None, "status": "approved", "counterparty": "F",
        "revision": 0, "period_start": "2023-01-01", "period_end": "2023-01-02",
    } | more  # fmt: skip
    frame = pd.DataFrame([row])
    for name in ("period_start", "period_end"):
        frame[name] = pd.to_datetime(frame[name], utc=True).dt.as_unit("us")
    return returns.approved(frame)


def case_returns_settle(c):
    """A refusal settles nothing; its time is covered by no other return."""
    found = returns.settle(told(NAN))
    _, seconds = returns.spread(
        found.reports, np.zeros(len(found.reports), int), c.bounds, (1, 1)
    )
    return np.where(seconds == 0, NAN, 0.0)


def case_reported_volumes(c):
    raw = told(NAN).drop(columns="volume").assign(item="use")
    volumes = reported.reported_volumes(
        {
            "reports": raw,
            "enterprises": pd.DataFrame(
                {"code": ["E"], "isic": ["A1"], "territory": ["AZ"]}
            ),
            "sectors": pd.DataFrame({"isic": ["A"], "sector": ["agriculture"]}),
            "permits": pd.DataFrame(
                {n: [] for n in ("enterprise", "valid_from", "valid_to")}
            ),
        },
        c.bounds,
    )
    return volumes.select("use", {"AZ"}, "agriculture").total(impute=False).volume


def case_recirculation(c):
    plant = [told(5.0, item="recirculation"), told(NAN)]
    found = returns.recirculation(
        pd.concat(plant, ignore_index=True), {"E": "industry"}, c.bounds
    )
    return [found["industry.fresh"], found["industry.rate"]]


def case_evaluate(c):
    none = xr.Dataset(coords={"series": [], "period": c.sources["period"]})
    one = {"series": ["Q"], "period": c.sources["period"]}
    dims = ("series", "period")
    unknown = {n: (dims, [[NAN]]) for n in ("volume", "u_random", "u_systematic")}
    known = Knowledge(
        series=xr.Dataset(
            unknown | {"coverage": (dims, [[0.0]]), "status": (dims, [[9]])},
            coords=one | {"period_end": ("period", c.sources["period_end"].data)},
        ),
        depth=none,
        area=xr.DataArray(
            np.zeros((0, 1)),
            coords={"site": [], "period": c.sources["period"]},
            dims=("site", "period"),
        ),
        normal=xr.DataArray([[NAN]], coords=one, dims=dims),
        storage_change=xr.Dataset(),
        reported=None,
        seconds=np.array([86_400.0]),
    )
    frame = pd.DataFrame(
        {"code": ["F"], "from": ["R"], "to": ["C"], "term": ["abstraction"],
         "measured_by": ["Q else rule:seasonal(Q)"], "u_pct": [NAN]}
    )  # fmt: skip
    accounts = pd.DataFrame(
        {"code": ["R", "C"], "kind": ["river", "canal"], "territory": "AZ",
         "sector": None}
    )  # fmt: skip
    sources, weights = evaluate.evaluate(frame, accounts, lambda code: {code}, known)
    assert weights.nnz
    return values_of(sources, "volume", "u_systematic")


def case_check_volumes(c):
    refusals.check_volumes(c.sources, "source", u=("u_random", "u_systematic"))
    return c.sources["volume"]  # let through as it is


def case_with_pairs(c):
    crossing = Crossing.of(c.ledger, "managed", c.ledger.rows(["AZ"]))
    found = flows.with_pairs(c.flows, crossing)
    assert found.volume.shape[0] > c.flows.volume.shape[0]
    return found.volume


def case_exchange(c):
    found = exchange.exchange(c.ledger, c.flows, "AZ", "managed")
    mine = found.partners == "NB"
    return [part[""][mine] for part in (found.received, found.given, found.net)]


def case_next_meters(c):
    found = meters.next_meters(
        c.ledger, c.flows, c.stocks, total="inflow", territory="AZ", count=1
    )
    return unmarked("in" in found.open)  # by name: nothing determines it


def case_reconcile(c):
    found = reconcile.reconcile(c.ledger, c.flows, c.stocks)
    return values_of(found.flows(), "value", "u")


def case_adjusted(c):
    found = reconcile.reconcile(c.ledger, c.flows, c.stocks, errors=True)
    made = adjusted.adjusted(c.ledger, c.flows, c.stocks, found, 0)
    return NAN if made is None else made.flows.volume  # None: raw values stand


def case_bridge(c):
    view = c.view()
    found = bridge.bridge(view, "use", view, "abstraction")
    return [found.start, found.end, *(line.value for line in found.lines)]


def case_to_published(c):
    found = bridge.to_published(c.view(), "use", None, np.full((1, 1), 5.0))
    return [found.start, *(line.value for line in found.lines)]


def dual(value=NAN):
    return formulas.Dual(np.float64(value), {"x": np.float64(1.0)})


def case_shared(c):
    parts = shared.Parts(
        csr(sparse.csr_array([[1.0, 1.0]])),
        np.zeros((2, 1)),
        np.array([[NAN], [NAN]]),
        np.array(["a", "b"], dtype=np.str_),
    )
    return shared.split_shared(parts, {"a": "G", "b": "G"}).systematic[:2]


CASES = {
    "account.account": lambda c: values_of(
        account.account(c.ledger, c.sources, c.weights, c.stocks, territories=["AZ"]),
        "inflow", "outflow", "net_inflow", "storage_change", "residual", "residual_z",
    ),
    "account.account_of": lambda c: values_of(
        account.account_of(c.ledger, c.flows, c.stocks, territories=["AZ"]), "residual"
    ),
    "account_cells.basis_of": lambda c: linear.evaluated(c.basis(), c.rows_of()).value,
    "closure.closure": lambda c: values_of(
        closure.closure(c.ledger, c.flows, c.stocks), "residual", "u", "residual_z"
    ),
    "evaluate.evaluate": case_evaluate,
    "exchange.exchange": case_exchange,
    "expected.expected_volume": lambda c: np.where(
        expected.expected_volume(np.array([[NAN], [4.0]]), np.ones((2, 1), bool))[0]
        == 4.0,  # weighs as much as the others, and is no zero
        NAN,
        0.0,
    ),
    "explain.folded": lambda c: explain.folded(c.basis(), c.rows_of()["flow"], 0)[
        np.isin(c.ledger.flows, ["in", "out"])
    ],    "explain.made": lambda c: [item.value for item in c.made().items],
    "explain.rows_of": lambda c: explain.rows_of(c.view(), {"use": NAN})["flow"].data,
    "explain.slopes": lambda c: list(
        explain.slopes(c.view(), "loss_of_use", 0, 0).values()
    ),
    "explain.weight_of": lambda c: unmarked(explain.weight_of(NAN, 1.0)[0]),
    "flows.flow_volumes": lambda c: values_of(
        flows.flow_volumes(c.ledger, c.sources, c.weights), "volume"
    ),
    "flows.resolve": lambda c: c.flows.volume,
    "flows.with_pairs": case_with_pairs,
    "labels.labelled": lambda c: values_of(c.flows.dataset(), "volume"),
    "losses.losses": lambda c: values_of(
        losses.losses(c.ledger, c.flows, c.stocks, "AZ"), "loss", "loss_u"
    ),
    "losses.ranked": lambda c: losses.ranked(
        losses.losses(c.ledger, c.flows, c.stocks, "AZ"), 0
    )["loss"],
    "meters.next_meters": case_next_meters,
    "reconciliation.adjusted.adjusted": case_adjusted,
    "reconciliation.gross.measurement_z": lambda c: gross.measurement_z(
        np.array([[NAN]]), ONE, np.array([[1.0]])
    ),
    "reconciliation.gross.stands_out": lambda c: unmarked(
        ~gross.stands_out(np.array([[NAN]]), 0.05)
    ),
    "reconciliation.inputs.read": lambda c: unmarked(
        ~inputs.read(
            [[1.0]], [NAN], [1.0], None, None, False, 0.0, (-np.inf, np.inf)
        ).measured
    ),
    "reconciliation.reconcile.reconcile": case_reconcile,
    "reconciliation.result.times": lambda c: result.times(ONE, np.array([[NAN]])),
    "reconciliation.solve.responses": lambda c: next(
        solve.responses([[1.0, -1.0]], [[NAN], [NAN]], [[NAN], [NAN]], None)
    ).variance,
    "reconciliation.solve.solve": lambda c: solve.solve(
        [[1.0, -1.0]], [NAN, NAN], [1.0, 1.0]
    ).value,
    "reconciliation.variables.measured_flows": lambda c: variables.measured_flows(
        c.flows
    ),
    "refusals.check_volumes": case_check_volumes,
    "reported.reported_volumes": case_reported_volumes,
    "reported.u_of_parts": lambda c: [
        reported.u_of_parts(np.array([NAN, 1.0]), np.array([0.0, 0.0])),
        reported.u_of_parts(np.array([1.0, 1.0]), np.array([NAN, 0.0])),
    ],
    "reported.returns_in": lambda c: reported.returns_in(told(NAN), c.bounds)["part"],
    "returns.approved": lambda c: told(NAN)["volume"],
    "returns.recirculation": case_recirculation,
    "returns.settle": case_returns_settle,
    "returns.spread": lambda c: returns.spread(
        told(NAN), np.array([0]), c.bounds, (1, 1)
    )[0],
    "returns.transactions": lambda c: returns.transactions(
        told(NAN, item="delivery"), c.bounds
    )[["supplied", "volume", "unmatched"]],
    "sectors.sector_totals": lambda c: values_of(
        sectors.sector_totals(c.ledger, c.flows, territories=["AZ"]).sel(
            sector="agriculture"
        ),
        "use", "gross_use", "consumption",
    ),
    "sectors.total_use": lambda c: values_of(
        sectors.total_use(c.ledger, c.flows, territories=["AZ"]), "use"
    ),
    "shared.root_of_sum": lambda c: shared.root_of_sum(
        np.array([[NAN], [1.0]]), ["G", "G"]
    ),
    "shared.split_shared": case_shared,
    "storage.at_instants": lambda c: storage.at_instants(
        c.ledger, c.bounds, c.stocks
    )["volume"],
    "storage.change_of": lambda c: storage.change_of(
        **storage.stock_tables(c.stocks)
    )[0],
    "storage.changes_at": lambda c: unmarked(
        storage.changes_at(
            c.ledger, c.bounds, c.stocks, np.flatnonzero(c.ledger.stocked)
        )[2]
    ),
    "storage.other_change": lambda c: storage.other_change(
        c.ledger,
        c.bounds,
        c.stocks.assign(other_change=c.stocks["volume"]),
        "managed",
        c.rows,
    ),
    "storage.stock_tables": lambda c: storage.stock_tables(c.stocks)["volume"],
    "storage.storage_change": lambda c: storage.storage_change(
        c.ledger, c.bounds, c.stocks, "managed", c.rows
    ).fields()[""],
    "storage.unknown_changes": lambda c: unmarked(
        storage.unknown_changes(c.ledger, c.bounds, c.stocks)[c.ledger.stocked]
    ),
    "terms.neighbours": lambda c: values_of(
        terms.neighbours(c.ledger, c.flows, territories=["AZ"]).sel(neighbour="NB"),
        "inflow", "outflow",
    ),
    "terms.term_totals": lambda c: values_of(
        terms.term_totals(c.ledger, c.flows, territories=["AZ"]), "volume"
    ),
    "totals.count_missing": lambda c: unmarked(
        totals.count_missing(ONE, np.array([[True]]))
    ),
    "totals.shown": lambda c: totals.shown(
        {"x": totals.totals(csr(sparse.eye_array(c.flows.codes.size)), c.flows)}
    )["x"],
    "totals.totals": lambda c: unmarked(
        totals.totals(csr(sparse.eye_array(c.flows.codes.size)), c.flows).missing
    ),
    "uncertainty.aggregate_uncertainty": lambda c: uncertainty.aggregate_uncertainty(
        xr.DataArray([1.0, NAN], dims="period"), xr.DataArray([1.0, 1.0], dims="period")
    ),
    "uncertainty.combine": lambda c: list(
        uncertainty.combine([NAN, 1.0], [NAN, 1.0])
    ),
    "uncertainty.product": lambda c: list(
        uncertainty.product([NAN, 1.0], [1.0, 1.0])
    ),
    "uncertainty.through": lambda c: list(
        uncertainty.through(lambda level: 2 * level, [NAN], [0.1], 0.1)
    ),
    "views.bridge.bridge": case_bridge,
    "views.bridge.to_published": case_to_published,
    "views.formulas.divided": lambda c: formulas.divided(dual(), dual(2.0)).value,
    "views.formulas.evaluate": lambda c: formulas.evaluate(
        "max(0, x) + 1", lambda *_: dual()
    ).value,
    "views.formulas.scaled": lambda c: formulas.scaled(dual(), 0.0).value,
    "views.formulas.subtracted": lambda c: formulas.subtracted(dual(), dual()).value,
    "views.linear.evaluated": lambda c: linear.evaluated(c.basis(), c.rows_of()).value,
    "views.linear.variance": lambda c: c.view().cell("loss_of_use").u,
    "views.supply.supply": lambda c: supply.supply(np.full(30, np.nan), [50, 95]).value,
}  # fmt: skip


def test_every_public_function_has_a_case(public_functions):
    found = set(public_functions("ewater.balance"))
    named = set(CASES) | set(EXEMPT)
    assert found - named == set(), "give each a case in CASES: unknown in, unknown out"
    assert named - found == set(), "no such function any more: take it out"
    assert not set(CASES) & set(EXEMPT)


@pytest.mark.parametrize("name", sorted(CASES))
def test_unknown_in_is_unknown_out(country, name):
    found = CASES[name](country)
    parts = found if isinstance(found, list) else [found]
    assert parts
    for part in parts:
        values = np.asarray(part, dtype=float)
        assert values.size
        assert np.isnan(values).all(), values
