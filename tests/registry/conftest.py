"""A small country to work on, and a copy of it to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

COUNTRIES = Path(__file__).parents[1] / "countries"


@pytest.fixture
def two_basins() -> Path:
    return COUNTRIES / "two_basins"


@pytest.fixture
def country(two_basins: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "country"
    shutil.copytree(two_basins, folder)
    return folder
