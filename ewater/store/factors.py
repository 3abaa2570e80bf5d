"""Factors to SI of stored series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.store import chunks, registry
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection


def factors_of(
    connection: Connection, series_id: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Factor to SI of each series as registered now; any other only costs space."""
    frame = registry.read_table(connection, "series")
    codes = chunks.series_codes(connection)
    known = {
        code: factor_to_si(unit, quantity)
        for code, unit, quantity in zip(
            frame["code"], frame["unit"], frame["quantity"], strict=True
        )
    }
    return np.array([known.get(codes[i], 1.0) for i in series_id.tolist()], np.float64)
