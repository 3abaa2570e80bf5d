"""Sums of sparse coefficients, one matrix for each block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.balance.matrices import above, csr, pattern, positive
from ewater.balance.views import stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.balance.matrices import Matrix

    Rows = dict[str, Matrix]

#: ``flow`` has also the pairs that leave and come back; ``gross`` marks sums that
#: would need to divide an account (`Basis.gross`).
BLOCKS = ("flow", "gross", "input", *stored.BLOCKS)
NEGLIGIBLE = 1e-9  # what subtraction leaves of equal shares


def added(left: Rows, right: Rows) -> Rows:
    """Add coefficients, block by block."""
    return {
        name: csr(left[name] + right[name]) if right[name].nnz else left[name]
        for name in BLOCKS
    }


def stacked(parts: Sequence[Rows]) -> Rows:
    """Put the rows of several cells above each other."""
    return {name: above([part[name] for part in parts]) for name in BLOCKS}


def combined(matrix: Matrix, rows: Rows) -> Rows:
    """Sum rows; leave out what cancels, measured by what went in."""
    made = {}
    for name in BLOCKS:
        total = csr(matrix @ rows[name])
        size = csr(abs(total) - NEGLIGIBLE * (abs(matrix) @ abs(rows[name])))
        made[name] = csr(total.multiply(pattern(positive(size))))
        made[name].eliminate_zeros()
    return made


def clean(matrix: Matrix) -> Matrix:
    """Leave out what subtraction leaves of equal coefficients."""
    result = csr(matrix)
    result.data[np.abs(result.data) < NEGLIGIBLE] = 0.0
    result.eliminate_zeros()
    return result
