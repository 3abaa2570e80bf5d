"""The loop over cells; compiled, because a block is too large for copies of it."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def sums(block, start, cell, area, out):  # type: ignore[no-untyped-def]
    """Sum value x area, and area, over the cells of each territory with a value.

    Parameters
    ----------
    block : (time, cell)
    start, cell, area
        Rows of a sparse matrix (territory, cell): where each starts, its cells, m2.
    out : (2, time, territory)
        Written.
    """
    for t in range(block.shape[0]):
        for k in range(len(start) - 1):
            total, covered = 0.0, 0.0
            for i in range(start[k], start[k + 1]):
                value = np.float64(block[t, cell[i]])
                if np.isfinite(value):
                    total += value * area[i]
                    covered += area[i]
            out[0, t, k], out[1, t, k] = total, covered
