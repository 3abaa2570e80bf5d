"""Where ewater keeps its data and which database it talks to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from pydantic import Field, SecretStr
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

    public_url: str | None = Field(
        default=None, description="Address people type, https://…, behind a proxy"
    )
    proxies: int = Field(
        default=0, ge=0, le=5, description="Proxies in front, whose word is taken"
    )
    public: bool = Field(
        default=False, description="Show published editions to everybody"
    )
    session_idle_minutes: int = Field(default=60, ge=1, le=24 * 60)
    session_hours: int = Field(default=12, ge=1, le=7 * 24)
    requests_per_minute: int = Field(
        default=1200, ge=1, description="Of one person, in one process"
    )
    oidc_issuer: str | None = Field(
        default=None, description="Provider by which people sign in (OpenID Connect)"
    )
    oidc_client_id: str = "ewater"
    oidc_client_secret: SecretStr | None = None
    oidc_provision: bool = Field(
        default=False, description="Whom the provider knows may enter as viewer"
    )

    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server for alerts and reminders: smtp[s]://[user:password@]host[:port]",
    )
    mail_from: str | None = Field(
        default=None, description="Sender of alerts and reminders, an e-mail address"
    )
    webhook_key: SecretStr | None = Field(
        default=None, description="Key that signs what is posted to webhooks"
    )

    def model_post_init(self, _context: Any) -> None:
        """Make the data folder absolute, so that a child process agrees on it."""
        self.home = self.home.expanduser().absolute()


def settings() -> Settings:
    """Read the environment now: tests and workers change it between calls."""
    return Settings()
