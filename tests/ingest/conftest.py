"""A few registered series and short ways to load them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from sqlalchemy import Engine

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def register(engine: Engine, codes: list[str], **given: object) -> None:
    from ewater.store import registry

    series = {
        "site": "GIR",
        "quantity": "discharge",
        "unit": "m3/s",
        "signal": "instantaneous",
        "interval_s": 3600.0,
        "timezone": "Asia/Baku",
    }
    registry.load(
        engine,
        {
            "calendars": pd.DataFrame({"code": ["az"], "timezone": ["Asia/Baku"]}),
            "sites": pd.DataFrame({"code": ["GIR"], "kind": ["river_gauge"]}),
            "series": pd.DataFrame({"code": codes} | series | given),
        },
    )


@pytest.fixture
def country(engine: Engine) -> Engine:
    """Engine on a database with the series Q1, Q2 and Q3."""
    register(engine, ["Q1", "Q2", "Q3"])
    return engine
