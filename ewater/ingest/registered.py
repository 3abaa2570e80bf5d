"""What the registry says of the series that readings are loaded for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import Fault, FaultsError
from ewater.ingest.parse import Schema
from ewater.store import chunks, registry
from ewater.units import factor_to_si

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection


def series_frame(connection: Connection) -> pd.DataFrame:
    """Country frame ``series`` of the present, one row per code.

    Raises
    ------
    FaultsError
        A code has rows of different unit or zone: a stored reading would not say
        which of them it was converted from.
    """
    frame = registry.read_table(connection, "series", None)
    said = frame.groupby("code")[["unit", "quantity", "timezone"]].nunique(dropna=False)
    unclear = said.index[(said > 1).any(axis=1)]
    if len(unclear):
        raise FaultsError(
            [
                Fault(
                    file="series.csv",
                    line=None,
                    column=None,
                    message=f"series {code} changes its unit, quantity or time zone",
                    allowed="register what comes after the change under a new code",
                )
                for code in unclear
            ]
        )
    return newest(frame, "code")


def newest(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """Take the row of each code whose validity begins last."""
    ordered = frame.sort_values("valid_from", kind="stable", na_position="first")
    return ordered.drop_duplicates(key, keep="last").reset_index(drop=True)


_last: tuple[object, Schema] | None = None  # of this process; never changed


def schema(connection: Connection) -> Schema:
    """Take number, factor to SI and zone of every registered series.

    What a process has read last it keeps for as long as the registry stands still.
    """
    global _last
    key = str(connection.engine.url), registry.version(connection)
    if _last is None or _last[0] != key:
        _last = key, _schema(connection)
    return _last[1]


def _schema(connection: Connection) -> Schema:
    frame = series_frame(connection)
    known = chunks.series_codes(connection)
    numbers = {code: number for number, code in known.items()}
    factors = [
        factor_to_si(unit, quantity)
        for unit, quantity in zip(frame["unit"], frame["quantity"], strict=True)
    ]
    codes = frame["code"].tolist()
    return Schema.of(
        codes,
        np.array([numbers[code] for code in codes], np.int32),
        np.array(factors, np.float64),
        [zone if isinstance(zone, str) else None for zone in frame["timezone"]],
        frame["quantity"].tolist(),
    )
