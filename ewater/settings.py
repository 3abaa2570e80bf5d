"""Where ewater keeps its data and which database it talks to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_home() -> Path:
    return user_data_path("ewater", appauthor=False)


class Settings(BaseSettings):
    """Settings from the environment; every name starts with ``EWATER_``."""

    model_config = SettingsConfigDict(env_prefix="EWATER_", extra="ignore")

    home: Path = Field(
        default_factory=_default_home, description="Data folder of this user"
    )
    database_url: str | None = Field(
        default=None, description="An existing PostgreSQL + PostGIS to use instead"
    )

    def model_post_init(self, _context: Any) -> None:
        """Make the data folder absolute, so that a child process agrees on it."""
        self.home = self.home.expanduser().absolute()


def settings() -> Settings:
    """Read the environment now: tests and workers change it between calls."""
    return Settings()
