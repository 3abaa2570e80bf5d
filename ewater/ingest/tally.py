"""What became of the rows of a load, by series."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ewater.store import chunks_stage, landing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.ingest.parse import Reject
    from ewater.store.stretch import Stretch


@dataclass(slots=True)
class Tally:
    """What happened to the rows so far; arrays run over the series of the schema."""

    rows_read: int
    rejected: int
    new: NDArray[np.int64]
    corrected: NDArray[np.int64]
    outdated: NDArray[np.int64]
    outside: int = 0
    last_rejected: int = 0  # line
    conflicts: list[NDArray[np.int64]] = field(default_factory=list)
    kept: list[Reject] = field(default_factory=list)
    staged: list[Stretch] = field(default_factory=list)  # what was judged together

    @staticmethod
    def empty(series_count: int) -> Tally:
        """Nothing read yet."""
        zeros = np.zeros(series_count, np.int64)
        return Tally(0, 0, zeros, zeros.copy(), zeros.copy())

    def add(self, series: NDArray[np.int32], changes: NDArray[np.int64]) -> None:
        """Add what `ewater.store.chunks_stage.counts` found of different series."""
        self.new[series] += changes[:, chunks_stage.NEW]
        self.corrected[series] += changes[:, chunks_stage.CORRECTED]
        self.outdated[series] += changes[:, chunks_stage.OUTDATED]

    def counts(self) -> landing.Counts:
        """Totals; what is accepted and changes nothing is unchanged."""
        new, corrected = int(self.new.sum()), int(self.corrected.sum())
        outdated = int(self.outdated.sum())
        accepted = self.rows_read - self.rejected
        return landing.Counts(
            rows_read=self.rows_read,
            rejected=self.rejected,
            new=new,
            corrected=corrected,
            outdated=outdated,
            unchanged=accepted - new - corrected - outdated,
        )
