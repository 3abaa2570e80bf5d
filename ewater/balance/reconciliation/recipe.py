"""How uncertainties become the entries of K, and its inverse becomes variances.

All is sums over lists that are made once, so a period is a few passes over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit
from scipy import sparse

from ewater.balance.matrices import csr
from ewater.balance.reconciliation.factor import Shape, analysed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]


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


def assembled(
    size: int,
    spread: Matrix,
    border: Matrix,
    probes: Matrix,
    loading: Matrix,
    places: tuple[Places, Places],
) -> tuple[Shape, Recipe]:
    """Find the structure of K and the recipe of its values.

    Parameters
    ----------
    size
        Rows and unmeasured variables.
    spread, border, probes, loading
        As in `ewater.balance.reconciliation.structure.Structure`.
    places
        Where rows and unmeasured variables stand in the elimination.
    """
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
