"""Whether a limit is passed, with a way back that is not the way there.

A rule is quiet until its value has been beyond the limit for as long as it must
hold, and stays raised until the value has been back beyond a second limit as long.
Values in between, and unknown ones, change nothing.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Times = NDArray[np.int64]


class State(IntEnum):
    """Where a rule stands."""

    QUIET = 0
    RISING = 1
    RAISED = 2
    FALLING = 3


@njit(cache=True)
def follow(cuts, time, value, limit, clear, sign, hold, state, since):  # type: ignore[no-untyped-def]
    """Follow every rule through its values.

    Parameters
    ----------
    cuts : (rule + 1,), int64
        Where the values of each rule begin and the last one's end.
    time : (value,), int64 microseconds UTC
        Increasing within a rule.
    value : (value,), float64
        NaN where unknown.
    limit, clear : (rule,), float64
        Raised from ``limit`` on, quiet again from ``clear`` on.
    sign : (rule,), float64
        1: beyond is upwards; -1: downwards.
    hold : (rule,), int64
        Microseconds that either must last.
    state, since : (rule,), int64
        Where each stands and since when; changed in place.

    Returns
    -------
    rule, raised, at, seen : (event,)
        Which rule, whether it was raised or has ended, from when on, and the place
        of the value by which that was known.
    """
    rule = np.empty(len(time), np.int64)
    raised = np.empty(len(time), np.bool_)
    at = np.empty(len(time), np.int64)
    seen = np.empty(len(time), np.int64)
    count = 0
    for r in range(len(cuts) - 1):
        for i in range(cuts[r], cuts[r + 1]):
            if np.isnan(value[i]):
                continue
            beyond = sign[r] * value[i] >= sign[r] * limit[r]
            back = sign[r] * value[i] <= sign[r] * clear[r] and not beyond
            up = state[r] < 2
            if up and beyond and state[r] == 0:
                state[r], since[r] = 1, time[i]
            elif up and not beyond:
                state[r] = 0
            elif not up and back and state[r] == 2:
                state[r], since[r] = 3, time[i]
            elif not up and not back:
                state[r] = 2
            if state[r] in (1, 3) and time[i] - since[r] >= hold[r]:
                state[r] = (state[r] + 1) % 4
                rule[count], raised[count] = r, state[r] == 2
                at[count], seen[count] = since[r], i
                count += 1
    return rule[:count], raised[:count], at[:count], seen[:count]
