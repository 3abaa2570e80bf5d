"""Sparse matrices as the ledger needs them: made, selected, stacked, never looped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Matrix: TypeAlias = sparse.csr_array[Any, tuple[int, int]]


def csr(matrix: Any) -> Matrix:
    """Return any sparse matrix in rows, with its columns in order."""
    result = sparse.csr_array(matrix)
    result.sort_indices()
    return result


def filled(
    row: NDArray[Any], column: NDArray[Any], value: Any, shape: tuple[int, int]
) -> Matrix:
    """Matrix of values at places; values at one place add up."""
    values = np.broadcast_to(np.asarray(value, dtype=float), row.shape)
    return csr(sparse.csr_array((values, (row, column)), shape=shape))


def choice(items: NDArray[np.intp], count: int) -> Matrix:
    """Matrix (chosen, item) with 1 where an item is chosen."""
    return filled(np.arange(items.size), items, 1.0, (items.size, count))


def pattern(matrix: Matrix) -> Matrix:
    """1 wherever the matrix has an entry."""
    result = csr(matrix.copy())
    result.eliminate_zeros()
    result.data = np.ones_like(result.data)
    return result


def positive(matrix: Matrix) -> Matrix:
    """Keep what is above zero."""
    result = csr(matrix.copy())
    result.data = np.maximum(result.data, 0.0)
    result.eliminate_zeros()
    return result


def below(matrix: Matrix, limit: float) -> Matrix:
    """Keep the entries below a limit; what has no entry is not compared."""
    result = csr(matrix.copy())
    result.data = np.where(result.data < limit, result.data, 0.0)
    result.eliminate_zeros()
    return result


def of_columns(matrix: Matrix, columns: NDArray[np.bool_]) -> Matrix:
    """Keep some columns in place and empty the others."""
    result = csr(matrix @ sparse.diags_array(columns.astype(float)))
    result.eliminate_zeros()
    return result


def above(blocks: Sequence[Matrix]) -> Matrix:
    """Stack matrices, one above the other."""
    return csr(sparse.vstack(blocks, format="csr"))


def beside(blocks: Sequence[Matrix]) -> Matrix:
    """Put matrices side by side."""
    return csr(sparse.hstack(blocks, format="csr"))


def by_group(matrix: Matrix, group: NDArray[np.intp], groups: int) -> Matrix:
    """Give each row one row for each group of columns.

    Parameters
    ----------
    matrix : csr (row, column)
    group : (column,)
        Group of each column; columns of group -1 are left out.
    groups
        Number of groups.

    Returns
    -------
    csr (row x group, column)
        Row r of group g stands at ``r * groups + g``.
    """
    entries = matrix.tocoo()
    row, column = entries.coords
    kept = group[column] >= 0
    row, column = row[kept], column[kept]
    shape = (matrix.shape[0] * groups, matrix.shape[1])
    return filled(row * groups + group[column], column, entries.data[kept], shape)
