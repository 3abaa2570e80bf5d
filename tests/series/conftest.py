"""Builders of readings and of the country frames ``series`` and ``meter_events``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

_SERIES = {
    "site": "S",
    "quantity": "discharge",
    "unit": "m3 s-1",
    "signal": "instantaneous",
    "interval_s": np.nan,
    "timezone": "UTC",
    "modulus": np.nan,
    "max_rate": np.nan,
    "u_random_pct": np.nan,
    "u_systematic_pct": np.nan,
    "derived": False,
}


class Build:
    """Small inputs in the form that crosses package boundaries."""

    @staticmethod
    def us(*instants: str) -> np.ndarray:
        return np.array(instants, dtype="M8[us]").astype(np.int64)

    @staticmethod
    def readings(**series: tuple[Any, ...]) -> xr.Dataset:
        """``code=(times, values[, flags])``; times as text or int64 microseconds."""
        times, values, flags = [], [], []
        for time, value, *flag in series.values():
            times.append(np.asarray(time, dtype="M8[us]"))
            values.append(np.asarray(value, dtype=np.float64))
            flags.append(np.asarray(flag[0] if flag else [1] * len(value), np.uint8))
        empty = [np.array([], dtype="M8[us]")]
        return xr.Dataset(
            {
                "row_size": ("series", np.array([len(t) for t in times], np.int64)),
                "time": ("reading", np.concatenate(times + empty)),
                "value": ("reading", np.concatenate([*values, np.zeros(0)])),
                "flag": ("reading", np.concatenate([*flags, np.zeros(0, np.uint8)])),
                "lineage": ("reading", np.zeros(sum(map(len, times)), np.uint8)),
            },
            coords={"series": list(series)},
        )

    @staticmethod
    def series(**rows: dict[str, Any]) -> pd.DataFrame:
        return pd.DataFrame(
            [_SERIES | {"code": code} | row for code, row in rows.items()]
        )

    @staticmethod
    def events(*rows: tuple[Any, ...]) -> pd.DataFrame:
        names = ["series", "time", "event", "old_reading", "new_reading"]
        frame = pd.DataFrame(rows, columns=names)
        return frame.assign(time=pd.to_datetime(frame["time"], utc=True))


@pytest.fixture(scope="session")
def build() -> type[Build]:
    return Build
