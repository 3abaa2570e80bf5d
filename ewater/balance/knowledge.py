"""What flows of some periods can draw on besides the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import xarray as xr

from ewater.balance.expressions import Way, parse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ewater.balance.reported import ReportedVolumes

    Array = NDArray[np.float64]

#: Label of each table of `Knowledge` that rules look things up in.
_LABELS = {
    "normal": "series",
    "area": "site",
    "depth": "series",
    "storage_change": "account",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Everything besides the ledger that the flows of some periods can draw on.

    ``series`` is a Sources dataset by series code, with the ``rating`` behind each
    where it has that coordinate. ``depth`` (series, period) m,
    ``area`` (site, period) m2, ``normal`` (series, period) m3: the long-term mean
    volume of the same days. ``storage_change`` (account, period) m3 with its
    ``storage_change_u``. ``seconds`` (period,).
    """

    series: xr.Dataset
    depth: xr.Dataset
    area: xr.DataArray
    normal: xr.DataArray
    storage_change: xr.Dataset
    reported: ReportedVolumes
    seconds: Array

    def table(self, about: str) -> tuple[dict[str, int], dict[str, Array]]:
        """Lay one table out as plain arrays, as looking up labels is slow.

        Returns
        -------
        tuple
            Row of each series, site or account; arrays by variable.
        """
        data, dim = getattr(self, about), _LABELS[about]
        data = data if isinstance(data, xr.Dataset) else data.to_dataset(name=about)
        place = {str(one): n for n, one in enumerate(data[dim].values)}
        arrays = {
            str(name): array.transpose(dim, ...).values
            for name, array in data.data_vars.items()
        }
        return place, arrays


@dataclass(frozen=True, slots=True)
class FlowRow:
    """What of a row of ``flows.csv`` matters here."""

    entering: str
    leaving: str
    term: str
    ways: tuple[Way, ...]
    u: float

    @classmethod
    def of(cls, row: Any) -> FlowRow:
        """Read a row."""
        text = row["measured_by"]
        ways = parse(text) if isinstance(text, str) and text else ()
        return cls(row["to"], row["from"], row["term"], ways, float(row["u_pct"]) / 100)
