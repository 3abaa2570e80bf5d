"""The national sample, its true ledger, and one short simulation on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ewater import simulate
from ewater.balance.expressions import codes
from ewater.simulate import calibrate, ledger, model
from ewater.store import folder

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


@pytest.fixture(scope="session")
def sample() -> Path:
    return simulate.sample()


@pytest.fixture(scope="session")
def frames(sample: Path) -> dict[str, pd.DataFrame]:
    return folder.read(sample, expression_codes=codes)


@pytest.fixture(scope="session")
def country(sample: Path) -> ledger.Country:
    return ledger.Country(model.load(sample), simulate.SEED)


@pytest.fixture(scope="session")
def truth(country: ledger.Country) -> ledger.Truth:
    return calibrate.calibrate(country)


@pytest.fixture(scope="session")
def simulation(
    sample: Path, tmp_path_factory: pytest.TempPathFactory
) -> simulate.Simulation:
    """A fortnight of readings around the corrected and the late ones."""
    out = tmp_path_factory.mktemp("simulation") / "out"
    return simulate.run(sample, out, start="2023-08-28", end="2023-09-04")
