"""A data folder of its own for each test that starts and breaks clusters."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ewater.store import cluster

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty data folder that the account of the server can reach."""
    folder = Path(tempfile.mkdtemp(prefix="ewater-test-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    cluster.destroy(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def running() -> Iterator[cluster.ClusterStatus]:
    """One running cluster for tests that only look at it."""
    folder = Path(tempfile.mkdtemp(prefix="ewater-test-", dir="/tmp"))
    folder.chmod(0o711)
    cluster.start(folder)
    yield cluster.status(folder)
    cluster.destroy(folder)
    shutil.rmtree(folder)
