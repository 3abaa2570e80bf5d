"""Sparse symmetric factorisation whose structure is found once and used many times.

The matrix is that of the normal equations bordered by the unmeasured variables,

    K = [[H + Z R Z', Z], [Z', 0]],   H = A V A'

with positive rows and negative columns, factored as L D L' without pivoting: the
first block is positive definite, and each unmeasured variable comes after all rows
that it touches. R leaves the solution as it is and keeps the first block regular
where a row has nothing measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit
from scipy import sparse
from scipy.sparse.linalg import spilu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Marks = NDArray[np.bool_]


class Shape(NamedTuple):
    """Structure of K and of L; all positions are those of the elimination.

    Attributes
    ----------
    row_start, column : rows of K below the diagonal
    lower_start, lower_row : columns of L below the diagonal
    reach_start, reach_column, reach_place
        Rows of L: which columns, and where in L they stand.
    """

    row_start: Places
    column: Places
    lower_start: Places
    lower_row: Places
    reach_start: Places
    reach_column: Places
    reach_place: Places


def fill_reducing(pattern: Matrix) -> Places:
    """Order of elimination by minimum degree, (row,).

    Parameters
    ----------
    pattern : csr (row, row)
        Symmetric.
    """
    size = pattern.shape[0]
    if size < 3:
        return np.arange(size)
    dominant = abs(pattern)
    dominant.data = np.full(dominant.nnz, -1.0)
    heavy = sparse.diags_array(np.asarray(-dominant.sum(axis=1)).ravel() + 2.0)
    # only the ordering is wanted, so nothing of the factor is kept
    rough = spilu(
        sparse.csc_array(dominant + heavy),
        drop_tol=1.0,
        fill_factor=1.0,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return np.argsort(rough.perm_c).astype(np.int64)


def analysed(size: int, row: Places, column: Places) -> Shape:
    """Find the structure of L for a matrix with entries at (row > column)."""
    placed = sparse.csr_array(
        (np.ones(row.size, dtype=np.int8), (row, column)), shape=(size, size)
    )
    placed.sort_indices()
    start, within = placed.indptr.astype(np.int64), placed.indices.astype(np.int64)
    return Shape(start, within, *_structure(start, within))


@njit(cache=True, nogil=True)
def _structure(
    row_start: Places, column: Places
) -> tuple[Places, Places, Places, Places, Places]:
    size = row_start.size - 1
    parent = np.full(size, -1)
    seen = np.full(size, -1)
    count = np.zeros(size + 1, dtype=np.int64)
    reach_start = np.zeros(size + 1, dtype=np.int64)
    for k in range(size):
        seen[k] = k
        found = 0
        for p in range(row_start[k], row_start[k + 1]):
            j = column[p]
            while seen[j] != k:
                if parent[j] < 0:
                    parent[j] = k
                seen[j] = k
                count[j + 1] += 1
                found += 1
                j = parent[j]
        reach_start[k + 1] = reach_start[k] + found
    lower_start = np.cumsum(count)
    lower_row = np.empty(lower_start[size], dtype=np.int64)
    reach_column = np.empty(lower_start[size], dtype=np.int64)
    reach_place = np.empty(lower_start[size], dtype=np.int64)
    free = lower_start[:-1].copy()
    seen[:] = -1
    for k in range(size):
        seen[k] = k
        at = reach_start[k]
        for p in range(row_start[k], row_start[k + 1]):
            j = column[p]
            while seen[j] != k:
                seen[j] = k
                reach_column[at] = j
                at += 1
                j = parent[j]
        ordered = np.sort(reach_column[reach_start[k] : at])
        for q in range(ordered.size):
            j = ordered[q]
            place = free[j]
            free[j] += 1
            lower_row[place] = k
            reach_column[reach_start[k] + q] = j
            reach_place[reach_start[k] + q] = place
    return lower_start, lower_row, reach_start, reach_column, reach_place


@njit(cache=True, nogil=True)
def factorise(
    shape: Shape,
    below: Floats,
    diagonal: Floats,
    dropped: Marks,
    tolerance: float,
    lower: Floats,
    pivot: Floats,
) -> None:
    """Factor K = L D L', row by row.

    Parameters
    ----------
    below, diagonal
        Values of K.
    dropped : (position,), bool
        Left out. With a ``tolerance`` above zero, a row whose pivot falls below that
        part of its diagonal is added: it depends on those before it.
    lower, pivot
        Values of L and D, written. The pivot of what is dropped is infinite.
    """
    size = diagonal.size
    work = np.zeros(size)
    for k in range(size):
        if dropped[k]:
            for q in range(shape.reach_start[k], shape.reach_start[k + 1]):
                lower[shape.reach_place[q]] = 0.0
            pivot[k] = np.inf
            continue
        for p in range(shape.row_start[k], shape.row_start[k + 1]):
            work[shape.column[p]] = below[p]
        rest, size_of = diagonal[k], abs(diagonal[k])
        for q in range(shape.reach_start[k], shape.reach_start[k + 1]):
            j = shape.reach_column[q]
            value = work[j]
            work[j] = 0.0
            end = shape.reach_place[q]
            if value == 0.0:
                lower[end] = 0.0
                continue
            for p in range(shape.lower_start[j], end):
                work[shape.lower_row[p]] -= lower[p] * value
            part = value / pivot[j]
            lower[end] = part
            rest -= part * value
            size_of = max(size_of, abs(part * value))
        pivot[k] = rest
        if abs(rest) <= tolerance * size_of:
            dropped[k] = True
            pivot[k] = np.inf
            for q in range(shape.reach_start[k], shape.reach_start[k + 1]):
                lower[shape.reach_place[q]] = 0.0


@njit(cache=True, nogil=True)
def substitute(shape: Shape, lower: Floats, pivot: Floats, right: Floats) -> None:
    """Solve K x = right in place; what is dropped gets 0."""
    size = right.size
    for j in range(size):
        if np.isinf(pivot[j]):
            right[j] = 0.0
            continue
        value = right[j]
        if value != 0.0:
            for p in range(shape.lower_start[j], shape.lower_start[j + 1]):
                right[shape.lower_row[p]] -= lower[p] * value
    for j in range(size - 1, -1, -1):
        if np.isinf(pivot[j]):
            right[j] = 0.0
            continue
        value = right[j] / pivot[j]
        for p in range(shape.lower_start[j], shape.lower_start[j + 1]):
            value -= lower[p] * right[shape.lower_row[p]]
        right[j] = value


@njit(cache=True, nogil=True)
def substitute_many(shape: Shape, lower: Floats, pivot: Floats, right: Floats) -> None:
    """Solve K X = right in place, (position, column), many columns side by side."""
    size, count = right.shape
    for j in range(size):
        if np.isinf(pivot[j]):
            right[j] = 0.0
            continue
        for p in range(shape.lower_start[j], shape.lower_start[j + 1]):
            i, part = shape.lower_row[p], lower[p]
            for c in range(count):
                right[i, c] -= part * right[j, c]
    for j in range(size - 1, -1, -1):
        if np.isinf(pivot[j]):
            continue
        right[j] /= pivot[j]
        for p in range(shape.lower_start[j], shape.lower_start[j + 1]):
            i, part = shape.lower_row[p], lower[p]
            for c in range(count):
                right[j, c] -= part * right[i, c]


@njit(cache=True, nogil=True)
def refined(
    shape: Shape,
    below: Floats,
    diagonal: Floats,
    lower: Floats,
    pivot: Floats,
    right: Floats,
) -> Floats:
    """Solve K x = right with one step of refinement."""
    solution = right.copy()
    substitute(shape, lower, pivot, solution)
    left = right - diagonal * solution
    for k in range(right.size):
        for p in range(shape.row_start[k], shape.row_start[k + 1]):
            j = shape.column[p]
            left[k] -= below[p] * solution[j]
            left[j] -= below[p] * solution[k]
    substitute(shape, lower, pivot, left)
    return solution + left


@njit(cache=True, nogil=True)
def inverse_within(
    shape: Shape, lower: Floats, pivot: Floats, inside: Floats, diagonal: Floats
) -> None:
    """Write the entries of the inverse that lie within the structure of L.

    Takahashi's recurrence: no other entry is ever needed, and none is computed.

    Parameters
    ----------
    inside, diagonal
        Inverse at the places of L, and on the diagonal; written.
    """
    size = pivot.size
    total = np.zeros(size)
    value = np.zeros(size)
    wanted = np.full(size, -1)
    for j in range(size - 1, -1, -1):
        first, last = shape.lower_start[j], shape.lower_start[j + 1]
        for p in range(first, last):
            i = shape.lower_row[p]
            wanted[i] = j
            value[i] = lower[p]
            total[i] = lower[p] * diagonal[i]
        for p in range(first, last):
            k = shape.lower_row[p]
            mine, sum_k = value[k], 0.0
            for q in range(shape.lower_start[k], shape.lower_start[k + 1]):
                i = shape.lower_row[q]
                if wanted[i] == j:
                    total[i] += mine * inside[q]
                    sum_k += value[i] * inside[q]
            total[k] += sum_k
        rest = 0.0 if np.isinf(pivot[j]) else 1.0 / pivot[j]
        for p in range(first, last):
            i = shape.lower_row[p]
            inside[p] = -total[i]
            rest += lower[p] * total[i]
        diagonal[j] = rest
