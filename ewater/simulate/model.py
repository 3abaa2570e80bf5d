"""The country and what drives it: the folder, and its ``simulation`` tables.

A country that can be simulated has, beside its files, a folder ``simulation`` that
says how each flow truly comes about (``flows.csv``), what each series observes
(``series.csv``), how reservoirs are run (``reservoirs.csv``, ``fills.csv``), the
seasons (``patterns.csv``), the years (``years.csv``), what they must add up to
(``targets.csv``), the gauges before telemetry (``history.csv``) and who reports
(``reporters.csv``). ``docs/sample.md`` explains the columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.errors import NotReadyError
from ewater.store import folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

TABLES = (
    "flows",
    "series",
    "reservoirs",
    "fills",
    "history",
    "patterns",
    "years",
    "targets",
    "reporters",
)
ZONE = "+04:00"  # Asia/Baku has kept one offset since 2016
MARGIN_DAYS = 3  # beyond both ends, so that readings exist at the last bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Everything the simulator reads; ``drivers`` is keyed by table name."""

    folder: Path
    frames: Mapping[str, pd.DataFrame]
    drivers: Mapping[str, pd.DataFrame]

    @property
    def years(self) -> list[int]:
        """Years with a true ledger."""
        return [int(year) for year in self.drivers["years"]["year"]]


@dataclass(frozen=True, slots=True)
class Days:
    """Local days of the true ledger, margins included.

    ``year`` is that of the day, margins counted with the nearest year;
    ``doy`` (day,) is the position in the year, 0 to 1.
    """

    start: pd.DatetimeIndex
    year: NDArray[np.int64]
    doy: Array

    @classmethod
    def of(cls, years: list[int]) -> Days:
        """Make the days of some consecutive years."""
        first = pd.Timestamp(f"{years[0]}-01-01") - pd.Timedelta(days=MARGIN_DAYS)
        last = pd.Timestamp(f"{years[-1]}-12-31") + pd.Timedelta(days=MARGIN_DAYS)
        start = pd.date_range(first, last, freq="D")
        year = np.clip(start.year.to_numpy(), years[0], years[-1]).astype(np.int64)
        return cls(start, year, (start.day_of_year.to_numpy() - 0.5) / 365.25)

    def __len__(self) -> int:
        """Count the days."""
        return len(self.start)

    def index(self, date: str) -> int:
        """Position of a day that starts on ``date``."""
        return int(self.start.get_indexer(pd.DatetimeIndex([date]))[0])

    def within(self, year: int) -> slice:
        """Positions of the days of a year, without the margins."""
        return slice(self.index(f"{year}-01-01"), self.index(f"{year}-12-31") + 1)


def load(country: Path) -> Model:
    """Read a country and the tables that drive it.

    Raises
    ------
    NotReadyError
        The country has no ``simulation`` folder, or a table of it is missing.
    FaultsError
        The country folder itself is at fault.
    """
    source = Path(country) / "simulation"
    missing = [t for t in TABLES if not (source / f"{t}.csv").is_file()]
    if missing:
        raise NotReadyError(
            f"{country} cannot be simulated: simulation/{missing[0]}.csv is missing"
        )
    drivers = {table: pd.read_csv(source / f"{table}.csv") for table in TABLES}
    return Model(folder=Path(country), frames=folder.read(country), drivers=drivers)
