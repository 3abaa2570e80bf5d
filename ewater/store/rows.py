"""Readings as arrays side by side, as they are stored and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Readings side by side; all arrays have shape ``(n,)``.

    ``time`` is int64 microseconds UTC, ``value`` float64 in SI, ``flag`` and
    ``lineage`` uint8, ``failed`` uint32 (a bit per failed test), ``load`` int64.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]
    failed: NDArray[np.uint32]
    lineage: NDArray[np.uint8]
    load: NDArray[np.int64]

    def __len__(self) -> int:
        """Count of readings."""
        return len(self.time)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Rows:
        """Pick rows by mask, index or slice."""
        return Rows(
            time=self.time[which],
            value=self.value[which],
            flag=self.flag[which],
            failed=self.failed[which],
            lineage=self.lineage[which],
            load=self.load[which],
        )

    @staticmethod
    def empty(count: int = 0) -> Rows:
        """``count`` rows that are not yet filled."""
        return Rows(
            time=np.empty(count, np.int64),
            value=np.empty(count, np.float64),
            flag=np.empty(count, np.uint8),
            failed=np.empty(count, np.uint32),
            lineage=np.empty(count, np.uint8),
            load=np.empty(count, np.int64),
        )

    @staticmethod
    def concatenate(parts: Sequence[Rows]) -> Rows:
        """Put rows behind each other."""
        if not parts:
            return Rows.empty()
        return Rows(
            time=np.concatenate([p.time for p in parts]),
            value=np.concatenate([p.value for p in parts]),
            flag=np.concatenate([p.flag for p in parts]),
            failed=np.concatenate([p.failed for p in parts]),
            lineage=np.concatenate([p.lineage for p in parts]),
            load=np.concatenate([p.load for p in parts]),
        )
