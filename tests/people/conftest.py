"""People of a database: added, with the password of the first sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import argon2
import pytest

from ewater.people import passwords, users

if TYPE_CHECKING:
    from collections.abc import Callable


_REAL = passwords._HASHER


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch):
    """Hashes that cost nothing: most tests are not about them."""
    quick = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", quick)
    passwords._nobodys.cache_clear()


@pytest.fixture
def real_hashes(_quick_hashes, monkeypatch):
    """Hashes as they are made outside tests."""
    monkeypatch.setattr(passwords, "_HASHER", _REAL)
    passwords._nobodys.cache_clear()


@pytest.fixture
def add_user(engine) -> Callable[..., str | None]:
    """Add a user; returns the first password."""

    def add(name, role="viewer", **more):
        with engine.begin() as connection:
            return users.add(connection, name, role=role, by="chief", **more)

    return add
