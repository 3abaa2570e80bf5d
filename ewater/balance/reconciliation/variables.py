"""The ledger as variables and rows, coupled: what the adapter hands to `solve`.

The variables are flows of all periods, stocks at all instants, changes that nobody
measures, and totals. `by_period` has those of periods on their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from ewater.balance.matrices import above, beside, csr, filled
from ewater.balance.terms import term_matrix, terms_of
from ewater.errors import UsageError
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.balance.reconciliation.rows import Rows, Stocks

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A sum that somebody states, or that is wanted: one more variable and row.

    Attributes
    ----------
    code : str
    parts : mapping of code to coefficient
        Flows, in the ``periods``, and other totals.
    periods : sequence of positions, or None for all
        A quarter names its three months.
    value, u : float
        What is stated of it, m3; NaN where nothing is.
    """

    code: str
    parts: Mapping[str, float]
    periods: Sequence[int] | None = None
    value: float = np.nan
    u: float = np.nan


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Variables:
    """What `solve` is given.

    Attributes
    ----------
    matrix : csr (row, variable)
    value : (variable, period)
    loading : csr (variable, factor)
    u : (factor, period)
    lower, upper : (variable, 1)
    constant : (row, 1)
        What the rows sum to.
    names : dict of arrays
    """

    matrix: Matrix
    value: Floats
    loading: Matrix
    u: Floats
    lower: Floats
    upper: Floats
    constant: Floats
    names: dict[str, NDArray[np.str_]] = field(default_factory=dict)


def measured_flows(flows: Flows) -> Floats:
    """Volumes with gaps where nothing measures them, (flow, period), m3.

    What was found as what is left over is no measurement.
    """
    return np.where(flows.status == Status.BALANCING, np.nan, flows.volume)


def coupled(
    ledger: Ledger,
    flows: Flows,
    rows: Rows,
    stocks: Stocks,
    totals: Sequence[Total],
    capacity: Mapping[str, float],
) -> Variables:
    """All periods at once, joined by stocks, totals and what is systematic.

    Variables, in order: flows by period; stocks by instant; changes of storage that
    nobody measures, by period; totals.
    """
    periods = flows.volume.shape[1]
    each, instants = sparse.eye_array(periods), sparse.eye_array(periods + 1)
    accounts, size = ledger.accounts[rows.accounts], rows.accounts.size
    step = csr(instants.tocsr()[1:] - instants.tocsr()[:-1])
    held = filled(
        *_matched(rows.accounts, stocks.accounts), 1.0, (size, stocks.accounts.size)
    )
    modelled = sparse.diags_array(rows.modelled.ravel().astype(float))
    storage = modelled @ sparse.kron(held, step)
    # in - out - (closing - opening - what a new curve changed in the books) = 0
    booked = modelled @ np.nan_to_num(held @ stocks.other[:, 1:]).ravel()
    balance = [
        csr(sparse.kron(rows.flows, each)),
        csr(-storage),
        csr(-sparse.eye_array(size * periods)),
    ]
    sums = _total_rows(totals, ledger, periods)
    width = sum(block.shape[1] for block in balance)
    flow_part = csr(
        sparse.hstack(
            [sums[0], sparse.csr_array((len(totals), width - sums[0].shape[1]))]
        )
    )
    matrix = above(
        [
            beside([*balance, csr(sparse.csr_array((size * periods, len(totals))))]),
            beside([flow_part, sums[1]]),
        ]
    )
    loose = np.where(rows.open, np.nan, 0.0)
    times = _instants(flows.bounds)
    errors = _coupled_errors(ledger, flows, stocks, totals, size * periods)
    stocked = ledger.accounts[stocks.accounts]
    full = np.array([capacity.get(str(code), np.inf) for code in stocked])
    total_codes = [total.code for total in totals]
    free = np.full(size * periods + len(totals), np.inf)
    bounded = np.zeros(flows.volume.size + stocks.volume.size)
    return Variables(
        matrix=matrix,
        value=np.concatenate(
            [
                measured_flows(flows).ravel(),
                stocks.volume.ravel(),
                loose.ravel(),
                [total.value for total in totals],
            ]
        )[:, None],
        loading=errors.loading,
        u=errors.u[:, None],
        lower=np.concatenate([bounded, -free])[:, None],
        upper=np.concatenate(
            [
                np.full(flows.volume.size, np.inf),
                np.repeat(full, periods + 1),
                free,
            ]
        )[:, None],
        constant=-np.concatenate([booked, np.zeros(len(totals))])[:, None],
        names={
            "variable": np.concatenate(
                [
                    _at(flows.codes, times[:-1]),
                    _at(named("stock of", stocked), times),
                    _at(named("change of", accounts), times[:-1]),
                    named("total", total_codes),
                ]
            ),
            "row": np.concatenate(
                [_at(accounts, times[:-1]), named("total", total_codes)]
            ),
            "candidate": errors.names,
        },
    )


def _matched(
    accounts: NDArray[np.intp], stocked: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    place = pd.Index(stocked).get_indexer(pd.Index(accounts))
    return np.flatnonzero(place >= 0), place[place >= 0]


def _total_rows(
    totals: Sequence[Total], ledger: Ledger, periods: int
) -> tuple[Matrix, Matrix]:
    """Rows of totals: over flows by period, and over totals."""
    flow_place = {str(code): n for n, code in enumerate(ledger.flows)}
    total_place = {total.code: n for n, total in enumerate(totals)}
    if len(total_place) < len(totals):
        raise UsageError("two totals have one code")
    over_flows: list[tuple[int, int, float]] = []
    over_totals = [(n, n, -1.0) for n in range(len(totals))]
    for row, total in enumerate(totals):
        within = range(periods) if total.periods is None else total.periods
        if any(not 0 <= t < periods for t in within):
            raise UsageError(f"total {total.code} names a period that is not there")
        for code, factor in total.parts.items():
            if code in total_place and total_place[code] != row:
                over_totals.append((row, total_place[code], factor))
            elif code in flow_place:
                first = flow_place[code] * periods
                over_flows += [(row, first + t, factor) for t in within]
            else:
                raise UsageError(f"total {total.code}: no flow or total {code}")
    return (
        placed(over_flows, (len(totals), len(flow_place) * periods)),
        placed(over_totals, (len(totals), len(totals))),
    )


def placed(entries: list[tuple[int, int, float]], shape: tuple[int, int]) -> Matrix:
    """Sparse matrix of (row, column, value)."""
    row, column, value = np.array(entries, dtype=float).reshape(-1, 3).T
    return filled(row.astype(np.intp), column.astype(np.intp), value, shape)


@dataclass(frozen=True, slots=True, eq=False)
class _Errors:
    loading: Matrix
    u: Floats
    names: NDArray[np.str_]


def _coupled_errors(
    ledger: Ledger,
    flows: Flows,
    stocks: Stocks,
    totals: Sequence[Total],
    unmeasured: int,
) -> _Errors:
    """Random errors of each step, systematic ones of each instrument."""
    parts, periods = flows.random.shape
    each = sparse.eye_array(periods)
    random = sparse.kron(flows.weights, each)
    part = np.repeat(np.arange(parts), periods)
    systematic = random @ filled(
        np.arange(part.size), part, flows.systematic.ravel(), (part.size, parts)
    )
    known = np.isfinite(stocks.volume)
    first = stocks.volume[np.arange(known.shape[0]), known.argmax(axis=1)]
    # an error of the storage curve grows with the change since the first stock
    drift = np.nan_to_num(stocks.fraction * (stocks.volume - first[:, None]))
    held = np.repeat(np.arange(drift.shape[0]), drift.shape[1])
    curve = filled(np.arange(held.size), held, drift.ravel(), (held.size, len(drift)))
    loading = sparse.block_diag(
        [
            sparse.hstack([random, systematic]),
            sparse.hstack([sparse.eye_array(held.size), curve]),
            sparse.csr_array((unmeasured, 0)),
            sparse.eye_array(len(totals)),
        ]
    )
    times = _instants(flows.bounds)
    names, stocked = part_names(flows), ledger.accounts[stocks.accounts]
    return _Errors(
        csr(loading),
        np.concatenate(
            [
                flows.random.ravel(),
                np.ones(parts),
                stocks.random.ravel(),
                np.ones(len(drift)),
                [total.u for total in totals],
            ]
        ),
        np.concatenate(
            [
                _at(names, times[:-1]),
                names,
                _at(named("stock of", stocked), times),
                named("storage curve of", stocked),
                named("total", [total.code for total in totals]),
            ]
        ),
    )


def part_names(flows: Flows) -> NDArray[np.str_]:
    """Name the instruments, (part,): the code of the source.

    Where a source is cut in time, what follows the code is the flows that the part
    feeds, joined by a plus.
    """
    fed = sparse.csc_array(flows.weights)
    cut = pd.Series(flows.origin).duplicated(keep=False).to_numpy()
    names = flows.origin.astype(object)
    for n in np.flatnonzero(cut):
        feeds = flows.codes[fed.indices[fed.indptr[n] : fed.indptr[n + 1]]]
        names[n] = f"{names[n]} ({' + '.join(feeds)})"
    return names.astype(np.str_)


def term_parts(ledger: Ledger, territory: str, term: str) -> dict[str, float]:
    """Parts of a `Total`: the flows of one term, counted in one territory."""
    terms = terms_of(ledger)
    if term not in terms:
        raise UsageError(f"no flow has the term {term}; there are {', '.join(terms)}")
    matrix = term_matrix(ledger, ledger.rows([territory]))
    row = csr(matrix[[terms.index(term)]])
    return {
        str(ledger.flows[place]): float(share)
        for place, share in zip(row.indices, row.data, strict=True)
    }


def _instants(bounds: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.datetime_as_string(bounds.astype("datetime64[us]"), unit="auto")


def named(word: str, codes: Iterable[str]) -> NDArray[np.str_]:
    """Names of variables that are of a code: ``change of LAKE``."""
    return np.array([f"{word} {code}" for code in codes], dtype=np.str_)


def _at(codes: Iterable[str], times: NDArray[np.str_]) -> NDArray[np.str_]:
    """Every code at every time, the times running fastest."""
    return np.array([f"{code} @ {time}" for code in codes for time in times], np.str_)
