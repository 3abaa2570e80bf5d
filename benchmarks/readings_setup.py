"""What the benchmarks of readings share: a throw-away database and made-up rivers."""

from __future__ import annotations

import os
import platform
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sqlalchemy import Engine, make_url, text

from ewater.store import cluster, database, registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = np.datetime64("2023-01-01", "us")
STEP = np.timedelta64(10, "m")


@contextmanager
def fresh_database() -> Iterator[Engine]:
    """Database of its own, on EWATER_TEST_DATABASE_URL or a private cluster."""
    given = os.environ.get("EWATER_TEST_DATABASE_URL")
    if given is None:
        with cluster.temporary() as url:
            yield from _database(url)
    else:
        yield from _database(given)


def _database(server: str) -> Iterator[Engine]:
    name = f"ewater_bench_{uuid.uuid4().hex[:8]}"
    admin = database.connect(server)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        engine = database.connect(make_url(server).set(database=name))
        try:
            database.migrate(engine)
            yield engine
        finally:
            engine.dispose()
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def register(engine: Engine, count: int) -> list[str]:
    """Register series of discharge every ten minutes; return their codes."""
    codes = [f"KUR-{number:04d}.Q" for number in range(count)]
    registry.load(
        engine,
        {
            "calendars": pd.DataFrame({"code": ["az"], "timezone": ["Asia/Baku"]}),
            "sites": pd.DataFrame({"code": ["KUR"], "kind": ["river_gauge"]}),
            "series": pd.DataFrame(
                {
                    "code": codes,
                    "site": "KUR",
                    "quantity": "discharge",
                    "unit": "m3/s",
                    "signal": "instantaneous",
                    "interval_s": 600.0,
                    "timezone": "Asia/Baku",
                }
            ),
        },
    )
    return codes


def discharge(rng: np.random.Generator, count: int) -> np.ndarray:
    """Make a river of ten-minute readings: floods, recession, 1 % noise, 0.01 m3/s."""
    slow = np.cumsum(rng.normal(0, 0.004, count))
    level = np.exp(4 + 0.5 * np.sin(np.arange(count) * (2 * np.pi / 52_560)) + slow)
    return np.round(level * (1 + rng.normal(0, 0.01, count)), 2)


def write_csv(
    path: Path, codes: list[str], count: int, seed: int = 1, more: float = 0.0
) -> int:
    """Write a readings file, series behind series; return its rows.

    ``more`` is added to every value.
    """
    rng = np.random.default_rng(seed)
    times = np.datetime_as_string(START + np.arange(count) * STEP, unit="s")
    with path.open("w") as file:
        file.write("series,time,value\n")
        for code in codes:
            values = (discharge(rng, count) + more).tolist()
            file.writelines(
                f"{code},{time}Z,{value:.2f}\n"
                for time, value in zip(times, values, strict=True)
            )
    return len(codes) * count


def machine() -> str:
    """Say what it ran on."""
    python = platform.python_version()
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {python}, "
        f"load average {load:.1f}"
    )


def bar(
    name: str, value: float, unit: str, limit: float, *, least: bool = True
) -> None:
    """Print one bar: ``NAME value unit bar B ok`` or ``short``."""
    fine = value >= limit if least else value <= limit
    print(f"{name} {value:.3g} {unit} bar {limit:g} {'ok' if fine else 'short'}")
