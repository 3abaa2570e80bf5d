"""From when to when there are readings, without reading any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection

_SPANS = text(
    """
SELECT (extract(epoch FROM min(c.first_time)) * 1000000)::bigint,
    (extract(epoch FROM max(c.last_time)) * 1000000)::bigint
FROM chunk AS c
JOIN series_key AS s ON s.id = c.series_id
LEFT JOIN load AS d ON d.id = c.load_id
WHERE s.code = ANY(:codes) AND (c.kind <> 'delta' OR d.recorded_from IS NOT NULL)
GROUP BY s.code
"""
)


def of(connection: Connection, codes: Sequence[str]) -> NDArray[np.int64]:
    """First and last reading of each series that has any, retracted ones included.

    Returns
    -------
    numpy.ndarray : (series, 2), int64 microseconds UTC
    """
    rows = connection.execute(_SPANS, {"codes": list(codes)}).all()
    return np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 2)
