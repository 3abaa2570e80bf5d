"""How much an item weighs in the coverage and the status of a total."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TRACE = 1e-9  # m3: gives a flow of zero a weight, hence a status and a coverage


def expected_volume(
    volume: NDArray[np.float64], valid: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """How much each item weighs in coverages and shares of a total.

    What is known weighs its size. What is unknown weighs the mean of its known
    periods; an item that is never known weighs the mean of all that are, or one if
    none is, so that items then count alike.

    Parameters
    ----------
    volume : (item, period), m3
    valid : (item, period), bool
        Outside its validity an item has no weight.
    """
    weight = np.abs(volume)
    gap = np.isnan(weight)
    counted = valid & ~gap
    periods = counted.sum(axis=1)
    total = weight.sum(axis=1, where=counted)
    common = (
        (total[periods > 0] / periods[periods > 0]).mean() if counted.any() else 1.0
    )
    mean = np.where(periods > 0, total / np.maximum(periods, 1), common)
    np.copyto(weight, mean[:, None], where=gap)
    np.maximum(weight, _TRACE, out=weight)
    np.copyto(weight, 0.0, where=~valid)
    return weight
