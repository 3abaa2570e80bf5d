"""What one pattern of measured variables allows: structure, observability, redundancy.

Everything here depends on which variables are measured, not on their values, and is
found once for all periods with the same pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit
from scipy import sparse

from ewater.balance.matrices import csr
from ewater.balance.reconciliation.factor import (
    Shape,
    analysed,
    factorise,
    refined,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Marks = NDArray[np.bool_]

DEPENDENT = 1e-9  # of the diagonal: what elimination leaves of a row that is no new one
_PROBE, _PROBES = (
    20230101,
    3,
)  # any seed: two columns agree on random probes only if parallel


_SAME = 1e-6  # of the answers to the probes


class Recipe(NamedTuple):
    """How values become entries of K, and entries of the inverse become variances.

    Attributes
    ----------
    entry, coefficient, source
        K[entry] += coefficient * weight[source]; entries are the diagonal, then what
        is below it; weights are squared uncertainties, the R of `factor`, and 1.
    plain_vector, plain_coefficient, plain_place
        Quadratic forms of constant vectors.
    slot, slot_coefficient, slot_factor
        Vectors that carry variances: value[slot] += coefficient * variance[factor].
    pair_vector, pair_first, pair_second, pair_place, pair_twice
        Their quadratic forms.
    """

    entry: Places
    coefficient: Floats
    source: Places
    plain_vector: Places
    plain_coefficient: Floats
    plain_place: Places
    slot: Places
    slot_coefficient: Floats
    slot_factor: Places
    pair_vector: Places
    pair_first: Places
    pair_second: Places
    pair_place: Places
    pair_twice: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Structure:
    """A pattern of measured variables, ready for any values.

    Attributes
    ----------
    measured : (variable,), bool
    unmeasured : (unmeasured,)
        Positions of the variables without a value.
    row_place, border_place
        Where rows and unmeasured variables stand in the elimination.
    loading : csr (variable, factor)
        Of the measured variables, with the factors that are uncertain.
    spread : csr (row, factor)
        Matrix times loading: what each error does to the rows.
    probes : csr (row, vector)
        Matrix of the measured variables, then of the candidates.
    dropped : (position,), bool
        Rows that depend on others, unmeasured variables that loops leave open.
    observable : (unmeasured,), bool
    redundant : (vector,), bool
        An error there would show.
    alike : (vector,)
        Vectors with one number cannot be told apart; -1 where none is alike.
    """

    measured: Marks
    unmeasured: NDArray[np.intp]
    row_place: Places
    border_place: Places
    loading: Matrix
    spread: Matrix
    border: Matrix
    probes: Matrix
    shape: Shape
    recipe: Recipe
    dropped: Marks
    observable: Marks
    redundant: Marks
    alike: Places

    @property
    def size(self) -> int:
        """Rows and unmeasured variables."""
        return self.dropped.size

    @property
    def rank(self) -> int:
        """Degrees of freedom of the global test."""
        kept_rows = int((~self.dropped[self.row_place]).sum())
        return kept_rows - int((~self.dropped[self.border_place]).sum())


def structure(
    matrix: Matrix,
    loading: Matrix,
    candidates: Matrix | None,
    measured: Marks,
    uncertain: Marks,
    order: Places,
) -> Structure:
    """Analyse one pattern.

    Parameters
    ----------
    matrix : csr (row, variable)
        With rows scaled to a largest entry of 1.
    loading : csr (variable, factor)
    candidates : csr (variable, candidate), optional
        Directions of gross errors besides the variables themselves.
    measured : (variable,), bool
    uncertain : (factor,), bool
        Factors with an uncertainty above 0.
    order : (row,)
        Order of elimination of the rows.
    """
    rows = matrix.shape[0]
    unmeasured = np.flatnonzero(~measured)
    keep = sparse.diags_array(measured.astype(float))
    known = csr(keep @ loading @ sparse.diags_array(uncertain.astype(float)))
    known.eliminate_zeros()
    spread = csr(matrix @ known)
    spread.eliminate_zeros()
    own = csr(matrix @ keep)
    own.eliminate_zeros()
    probes = own if candidates is None else csr(sparse.hstack([own, own @ candidates]))
    border = csr(matrix[:, unmeasured])
    row_place, border_place = _places(order, border)
    shape, recipe = _assemble(
        rows + unmeasured.size, spread, border, probes, known, (row_place, border_place)
    )
    places = (row_place, border_place)
    analysis = _unit_analysis(
        shape, recipe, spread, border, probes, matrix.shape[1], places
    )
    return Structure(
        measured=measured,
        unmeasured=unmeasured,
        row_place=row_place,
        border_place=border_place,
        loading=known,
        spread=spread,
        border=border,
        probes=probes,
        shape=shape,
        recipe=recipe,
        dropped=analysis.dropped,
        observable=analysis.observable,
        redundant=analysis.redundant,
        alike=analysis.alike,
    )


def _places(order: Places, border: Matrix) -> tuple[Places, Places]:
    """Put every unmeasured variable right after the last of its rows."""
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    entries = border.tocoo()
    last = np.zeros(border.shape[1], dtype=np.int64)
    np.maximum.at(last, entries.coords[1], 2 * rank[entries.coords[0]] + 1)
    place = np.empty(order.size + last.size, dtype=np.int64)
    place[np.argsort(np.concatenate([2 * rank, last]), kind="stable")] = np.arange(
        place.size
    )
    return place[: order.size], place[order.size :]


def _assemble(
    size: int,
    spread: Matrix,
    border: Matrix,
    probes: Matrix,
    loading: Matrix,
    places: tuple[Places, Places],
) -> tuple[Shape, Recipe]:
    row_place, border_place = places
    factors, unknown = spread.shape[1], border.shape[1]
    errors = _pairs(spread, row_place)
    ridge = _pairs(border, row_place)
    plain = _pairs(probes, row_place)
    slots, terms = _carriers(spread, loading)
    carried = _pairs(slots, row_place)
    edge = border.tocoo()
    ends = row_place[edge.coords[0]], border_place[edge.coords[1]]
    high = [np.maximum(*ends), *(p.high for p in (errors, ridge, plain, carried))]
    low = [np.minimum(*ends), *(p.low for p in (errors, ridge, plain, carried))]
    key = np.concatenate(high) * size + np.concatenate(low)
    off = np.concatenate(high) != np.concatenate(low)
    distinct = np.unique(key[off])
    shape = analysed(size, distinct // size, distinct % size)
    entry = np.where(off, size + np.searchsorted(distinct, key), key // (size + 1))
    edges, _, used = np.cumsum([edge.nnz, errors.high.size, ridge.high.size])
    recipe = Recipe(
        entry=entry[:used],
        coefficient=np.concatenate([edge.data, errors.product, ridge.product]),
        source=np.concatenate(
            [
                np.full(edges, factors + unknown),
                errors.column,
                factors + ridge.column,
            ]
        ),
        plain_vector=plain.column,
        plain_coefficient=plain.product * plain.twice,
        plain_place=_within(shape, plain.high, plain.low),
        slot=terms[0],
        slot_coefficient=terms[1],
        slot_factor=terms[2],
        pair_vector=carried.column,
        pair_first=carried.first,
        pair_second=carried.second,
        pair_place=_within(shape, carried.high, carried.low),
        pair_twice=carried.twice,
    )
    return shape, recipe


class _Pairs(NamedTuple):
    """All pairs of entries of each column, each pair once."""

    column: Places
    first: Places
    second: Places
    high: Places
    low: Places
    product: Floats
    twice: Floats


def _pairs(matrix: Matrix, place: Places) -> _Pairs:
    """Pairs of a csr (row, column); ``first`` and ``second`` count by column."""
    by_column = sparse.csc_array(matrix)
    start = by_column.indptr.astype(np.int64)
    column, first, second = _list_pairs(start)
    at = place[by_column.indices]
    return _Pairs(
        column=column,
        first=first,
        second=second,
        high=np.maximum(at[first], at[second]),
        low=np.minimum(at[first], at[second]),
        product=by_column.data[first] * by_column.data[second],
        twice=np.where(first == second, 1.0, 2.0),
    )


@njit(cache=True, nogil=True)
def _list_pairs(start: Places) -> tuple[Places, Places, Places]:
    total = 0
    for j in range(start.size - 1):
        count = start[j + 1] - start[j]
        total += count * (count + 1) // 2
    column = np.empty(total, dtype=np.int64)
    first = np.empty(total, dtype=np.int64)
    second = np.empty(total, dtype=np.int64)
    at = 0
    for j in range(start.size - 1):
        for a in range(start[j], start[j + 1]):
            for b in range(a, start[j + 1]):
                column[at], first[at], second[at] = j, a, b
                at += 1
    return column, first, second


def _carriers(
    spread: Matrix, loading: Matrix
) -> tuple[Matrix, tuple[Places, Floats, Places]]:
    """Columns of A V as sums over factors: where, how much, of which factor."""
    by_factor = sparse.csc_array(spread)
    entries = loading.tocoo()
    variable, factor = (c.astype(np.int64) for c in entries.coords)
    count = np.diff(by_factor.indptr)[factor]
    origin = np.repeat(np.arange(factor.size), count)
    within = np.arange(origin.size) - np.repeat(np.cumsum(count) - count, count)
    at = by_factor.indptr[factor[origin]] + within
    row, column = by_factor.indices[at].astype(np.int64), variable[origin]
    key = column * spread.shape[0] + row
    distinct, slot = np.unique(key, return_inverse=True)
    shape = (spread.shape[0], loading.shape[0])
    places = (distinct % spread.shape[0], distinct // spread.shape[0])
    slots = csr(sparse.csr_array((np.ones(distinct.size), places), shape=shape))
    coefficient = by_factor.data[at] * entries.data[origin]
    return slots, (slot.astype(np.int64), coefficient, factor[origin])


@njit(cache=True, nogil=True)
def _within(shape: Shape, high: Places, low: Places) -> Places:
    """Where entries of the inverse are kept: the diagonal, then the places of L."""
    size = shape.row_start.size - 1
    place = np.empty(high.size, dtype=np.int64)
    for n in range(high.size):
        if high[n] == low[n]:
            place[n] = high[n]
            continue
        start, end = shape.lower_start[low[n]], shape.lower_start[low[n] + 1]
        found = np.searchsorted(shape.lower_row[start:end], high[n])
        place[n] = size + start + found
    return place


def _largest(matrix: Matrix) -> Floats:
    """Size of each column, 1 where it is empty."""
    if not matrix.nnz:
        return np.ones(matrix.shape[1])
    largest = np.asarray(abs(matrix).max(axis=0).todense()).ravel()
    return np.where(largest > 0, largest, 1.0)


class _Analysis(NamedTuple):
    dropped: Marks
    observable: Marks
    redundant: Marks
    alike: Places


def _unit_analysis(
    shape: Shape,
    recipe: Recipe,
    spread: Matrix,
    border: Matrix,
    probes: Matrix,
    variables: int,
    places: tuple[Places, Places],
) -> _Analysis:
    """Ranks, with every error of size 1: what depends on what is no matter of size."""
    size = shape.row_start.size - 1
    row_place, border_place = places
    sizes = _largest(spread)
    weight = np.concatenate([sizes**-2.0, np.ones(border.shape[1] + 1)])
    diagonal, below = filled_in(recipe, weight, size, shape.column.size)
    dropped = np.zeros(size, dtype=np.bool_)
    lower, pivot = np.empty(shape.lower_row.size), np.empty(size)
    factorise(shape, below, diagonal, dropped, DEPENDENT, lower, pivot)
    rng = np.random.default_rng(_PROBE)
    open_ended = dropped[border_place]
    mixture = rng.uniform(1.0, 2.0, border.shape[1]) * open_ended
    right = np.zeros(size)
    right[row_place] = border @ mixture
    loops = refined(shape, below, diagonal, lower, pivot, right)[border_place]
    observable = ~open_ended & (np.abs(loops) < np.sqrt(DEPENDENT))

    questions = rng.uniform(-1.0, 1.0, (_PROBES, row_place.size))
    answers = np.empty((_PROBES, probes.shape[1]))
    for answer, question in zip(answers, questions, strict=True):
        right = np.zeros(size)
        right[row_place] = question
        seen = refined(shape, below, diagonal, lower, pivot, right)[row_place]
        answer[:] = (probes.T @ seen) / (_largest(probes) * np.abs(seen).max(initial=1))
    redundant = np.asarray(np.abs(answers) > DEPENDENT).max(axis=0, initial=False)
    own_kind = slice(0, variables), slice(variables, None)
    alike = np.concatenate([_parallel(answers[:, k], redundant[k]) for k in own_kind])
    return _Analysis(dropped, observable, redundant, alike)


def _parallel(answers: Floats, redundant: Marks) -> Places:
    """Give one number to the vectors that answer every probe alike, (vector,)."""
    alike = np.full(redundant.size, -1, dtype=np.int64)
    some = np.flatnonzero(redundant)
    if not some.size:
        return alike
    scaled = answers[1:, some] / answers[0, some]
    order = np.argsort(scaled[0])
    near = np.abs(np.diff(scaled[:, order], axis=1)) < _SAME * np.abs(
        scaled[:, order[1:]]
    )
    number = np.concatenate([[0], np.cumsum(~near.all(axis=0))])
    alone = np.bincount(number)[number] == 1
    alike[some[order]] = np.where(alone, -1, number)
    return alike


@njit(cache=True, nogil=True)
def filled_in(
    recipe: Recipe, weight: Floats, size: int, count: int
) -> tuple[Floats, Floats]:
    """Values of K: the diagonal, and what is below it."""
    values = np.zeros(size + count)
    for n in range(recipe.entry.size):
        values[recipe.entry[n]] += recipe.coefficient[n] * weight[recipe.source[n]]
    return values[:size], values[size:]


@njit(cache=True, nogil=True)
def plain_forms(recipe: Recipe, count: int, inverse: Floats) -> Floats:
    """Quadratic forms of the probes, (vector,)."""
    form = np.zeros(count)
    for n in range(recipe.plain_vector.size):
        form[recipe.plain_vector[n]] += (
            recipe.plain_coefficient[n] * inverse[recipe.plain_place[n]]
        )
    return form


@njit(cache=True, nogil=True)
def carried_forms(
    recipe: Recipe, slots: int, count: int, variance: Floats, inverse: Floats
) -> Floats:
    """Variance of the adjustment of each variable, (variable,)."""
    value = np.zeros(slots)
    for n in range(recipe.slot.size):
        value[recipe.slot[n]] += (
            recipe.slot_coefficient[n] * variance[recipe.slot_factor[n]]
        )
    form = np.zeros(count)
    for n in range(recipe.pair_vector.size):
        form[recipe.pair_vector[n]] += (
            recipe.pair_twice[n]
            * value[recipe.pair_first[n]]
            * value[recipe.pair_second[n]]
            * inverse[recipe.pair_place[n]]
        )
    return form
