"""What a source may say; every field is checked before it is recorded."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from croniter import croniter
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)

from ewater.errors import NotReadyError

_DURATION = re.compile(r"(\d+) ?(s|min|h|d)")
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}
_FIELD = re.compile(r"\{(\w*)\}")


def _cron(given: str) -> str:
    valid: bool = croniter.is_valid(given)  # type: ignore[no-untyped-call]
    if len(given.split()) != 5 or not valid:
        raise ValueError(
            f"{given!r} is no schedule; write five fields of cron in UTC, such as "
            "'*/10 * * * *'"
        )
    return given


def _duration(given: object) -> object:
    if not isinstance(given, str):
        return given
    found = _DURATION.fullmatch(given.strip())
    if found is None:
        return given  # ISO 8601, as what is recorded
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _positive(given: timedelta) -> timedelta:
    if given <= timedelta(0):
        raise ValueError("must be longer than nothing; write such as 30 min, 6 h, 2 d")
    return given


def _no_number(given: object) -> object:
    if isinstance(given, int | float):  # it would count seconds since 1970
        message = f"{given} is no time; write such as 2024-01-01T00:00:00+04:00"
        raise ValueError(message)  # noqa: TRY004 - pydantic turns it into a fault
    return given


def _absolute(given: Path) -> Path:
    if not given.is_absolute():
        raise ValueError(f"{str(given)!r} is relative; write the whole path")
    return given


Schedule = Annotated[str, AfterValidator(_cron)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Length = Annotated[Duration, AfterValidator(_positive)]
Moment = Annotated[AwareDatetime, BeforeValidator(_no_number)]
Folder = Annotated[Path, AfterValidator(_absolute)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(_Part):
    """Something secret: named here, and read from the environment when needed."""

    env: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")

    def read(self) -> str:
        """Read it now.

        Raises
        ------
        NotReadyError
            The variable is not set.
        """
        found = os.environ.get(self.env)
        if not found:
            raise NotReadyError(
                f"the environment variable {self.env} is not set; the source needs it"
            )
        return found


Value = str | Secret


def plain(value: Value) -> str:
    """Text of a value, read from the environment where it is secret."""
    return value.read() if isinstance(value, Secret) else value


class _Source(_Part):
    """What sources of every kind say."""

    name: Name
    about: str = ""
    profile: str | None = None

    @property
    def scheduled(self) -> str | None:
        """When it runs by itself, as cron; None if something else wakes it."""
        return None


class FolderSource(_Source):
    """A folder into which others drop files."""

    kind: Literal["folder"]
    path: Folder
    schedule: Schedule | None = None
    settle: Length = timedelta(seconds=2)
    then: Literal["move", "delete"] = "move"

    @property
    def scheduled(self) -> str | None:
        """When it is looked at; without a schedule it is watched."""
        return self.schedule


class Login(_Part):
    """How requests say who asks."""

    bearer: Secret | None = None
    user: Value | None = None
    password: Secret | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        both = self.user is not None and self.password is not None
        if (self.bearer is None) != both or (self.user is None) == both:
            raise ValueError("give bearer, or user and password")
        return self


class HttpSource(_Source):
    """A service that is asked for what is new."""

    kind: Literal["http"]
    url: str
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, Value] = {}
    params: dict[str, Value] = {}
    body: str | None = None
    login: Login | None = None
    sites: list[str] = []
    time_format: str = "%Y-%m-%dT%H:%M:%SZ"
    begin: Moment
    overlap: Duration = timedelta(days=1)
    span: Length = timedelta(days=30)
    schedule: Schedule | None = None
    timeout: Length = timedelta(seconds=30)
    attempts: int = Field(4, ge=1, le=10)
    largest_mb: int = Field(64, ge=1, le=1024)
    no_data: list[int] = [204]

    @property
    def scheduled(self) -> str | None:
        """When it is asked."""
        return self.schedule

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"url: {self.url!r} is no http or https address")
        if parts.username or parts.password:
            raise ValueError("url: names a person; use login, with secrets from env")
        said = [self.url, self.body or ""]
        said += [v for v in self.params.values() if isinstance(v, str)]
        used = {name for text in said for name in _FIELD.findall(text)}
        unknown = used - {"from", "to", "site"}
        if unknown and self.body is None:
            raise ValueError(
                f"{{{min(unknown)}}} is unknown; use {{from}} {{to}} {{site}}"
            )
        if ("site" in used) != bool(self.sites):
            raise ValueError("{site} in the request and a list of sites go together")
        return self

    def filled(self, text: str, site: str, start: datetime, end: datetime) -> str:
        """Put the site and the times into a text."""
        said = {
            "{site}": site,
            "{from}": start.strftime(self.time_format),
            "{to}": end.strftime(self.time_format),
        }
        return _FIELD.sub(lambda found: said.get(found[0], found[0]), text)


class MqttSource(_Source):
    """Topics of a broker."""

    kind: Literal["mqtt"]
    host: str
    port: int = Field(1883, ge=1, le=65535)
    tls: bool = False
    topic: str = Field(min_length=1)
    client_id: str = ""
    user: Value | None = None
    password: Secret | None = None

    @property
    def client(self) -> str:
        """Name of the session that the broker keeps."""
        return self.client_id or f"ewater-{self.name}"


class PushSource(_Source):
    """A layout of its own that loggers post."""

    kind: Literal["push"]


Source = FolderSource | HttpSource | MqttSource | PushSource
ADAPTER: TypeAdapter[Source] = TypeAdapter(
    Annotated[Source, Field(discriminator="kind")]
)
