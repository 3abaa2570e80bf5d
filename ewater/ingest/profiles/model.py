"""What a profile may say; every field is checked before a file is touched."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ewater.ingest.profiles import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

Format = Literal[
    "delimited",
    "fixed",
    "xlsx",
    "parquet",
    "waterml1",
    "waterml2",
    "usgs-json",
    "sensorthings",
    "cwms-json",
]
#: Columns that the reader of a document format gives, all of them text.
DOCUMENT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "waterml1": (
        "site",
        "parameter",
        "statistic",
        "method",
        "unit",
        "missing",
        "time",
        "value",
        "qualifier",
    ),
    "waterml2": ("site", "parameter", "id", "unit", "time", "value", "qualifier"),
    "usgs-json": (
        "site",
        "parameter",
        "statistic",
        "method",
        "unit",
        "missing",
        "time",
        "value",
        "qualifier",
    ),
    "sensorthings": ("datastream", "unit", "time", "value", "qualifier"),
    "cwms-json": ("name", "office", "unit", "time", "value", "qualifier"),
}


def _encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise ValueError(
            f"encoding {name!r} is unknown; write one such as utf-8, cp1251, utf-16"
        ) from error


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"{pattern!r} is no regular expression: {error}; quote it with '…'"
        ) from error
    return pattern


def _zone(name: str) -> str:
    if name == "series" or clock.fixed_offset(name) is not None:
        return name
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(
            f"zone {name!r} is unknown; write series, an IANA name such as Asia/Baku, "
            "or an offset such as +04:00"
        ) from error
    return name


def _time_format(given: str) -> str:
    clock.program(given)
    return given


def _interval(given: str) -> str:
    clock.interval(given)
    return given


Encoding = Annotated[str, AfterValidator(_encoding)]
Regex = Annotated[str, AfterValidator(_regex)]
Zone = Annotated[str, AfterValidator(_zone)]
TimeFormat = Annotated[str, AfterValidator(_time_format)]
Interval = Annotated[str, AfterValidator(_interval)]
Words = list[str | int | float]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Part):
    """How bytes become lines, and lines cells."""

    encoding: Encoding = "utf-8"
    delimiter: Literal[",", ";", "tab", "|", ":", "whitespace"] = ","
    quote: Literal['"', "'", "none"] = '"'
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'", "none"] = "none"
    comment: str = ""
    skip: int = Field(0, ge=0, le=1000)
    header: bool = True
    after: int = Field(0, ge=0, le=1000)
    starts: Regex | None = None
    names: list[str] | None = None
    fixed: dict[str, tuple[int, int]] | None = None

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError(
                f"decimal and thousands are both {self.decimal!r}; make them differ"
            )
        if self.delimiter == self.decimal and self.quote == "none":
            raise ValueError(
                "delimiter and decimal are both ','; give a quote or another delimiter"
            )
        return self


class Columns(_Part):
    """Which columns play which role, by name."""

    time: list[str] = Field(min_length=1)
    series: list[str] = []
    value: str | None = None
    values: Regex | None = None
    flag: str | None = None
    unit: str | None = None
    zone: str | None = None
    missing: str | None = None

    @model_validator(mode="after")
    def _one_layout(self) -> Self:
        if (self.value is None) == (self.values is None):
            raise ValueError(
                "give value (one column, long layout) or values (a regular expression "
                "of columns, wide layout), not both"
            )
        return self


class Time(_Part):
    """How times are written and what they stamp."""

    formats: list[TimeFormat] = ["iso"]
    zone: Zone = "series"
    zones: dict[str, Zone] = {}
    doubled_hour: Literal["reject", "first", "second", "by_order"] = "reject"
    stamp: Literal["start", "end"] = "end"
    interval: Interval | None = None

    @model_validator(mode="after")
    def _interval_is_known(self) -> Self:
        if self.stamp == "start" and self.interval is None:
            raise ValueError(
                "stamp: start needs an interval, such as 15 min, 1 h, 1 d or 1 month"
            )
        return self


class Pattern(_Part):
    """Source identifiers that match become codes by a template."""

    match: Regex
    code: str

    @model_validator(mode="after")
    def _template_fits(self) -> Self:
        groups = re.compile(self.match)
        positions = ("", *("",) * groups.groups)
        try:
            self.code.format(*positions, **dict.fromkeys(groups.groupindex, ""))
        except (KeyError, IndexError, ValueError) as error:
            names = ", ".join(f"{{{name}}}" for name in groups.groupindex)
            raise ValueError(
                f"code {self.code!r} names a group that match has not ({error}); "
                f"use {names or '{0}, which is the whole match'}"
            ) from error
        return self


class Series(_Part):
    """How an identifier of the source becomes the code of a series."""

    id: str = ""
    table: dict[str, str] = {}
    patterns: list[Pattern] = []
    ignore: Regex | None = None


class IssuedAt(_Part):
    """Where the file says when it was issued; the group ``time`` is read."""

    file_name: Regex | None = None
    header: Regex | None = None
    format: TimeFormat = "iso"
    zone: Zone = "UTC"

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = self.file_name or self.header
        if given is None or (self.file_name and self.header):
            raise ValueError("give file_name or header, a regular expression")
        if "time" not in re.compile(given).groupindex:
            raise ValueError(f"{given!r} has no group named time; write (?P<time>…)")
        if self.zone == "series":
            raise ValueError("zone: an issue belongs to no series; name its zone")
        return self


class Profile(_Part):
    """All that a profile says."""

    name: str = ""
    about: str = ""
    format: Format = "delimited"
    sheet: str | None = None
    text: Text = Field(default_factory=Text.model_construct)
    columns: Columns
    time: Time = Time()
    missing: Words = []
    missing_in: dict[Regex, Words] = {}
    unit: str | None = None
    units: dict[Regex, str] = {}
    unit_names: dict[str, str] = {}
    flags: dict[str, Literal[1, 2, 3, 4, 9, "reject"]] = {}
    other_flags: Literal[1, 2, 3, 4, 9, "reject"] = "reject"
    flag_split: Regex | None = None
    series: Series = Series()
    issued_at: IssuedAt | None = None

    @model_validator(mode="after")
    def _layout_is_whole(self) -> Self:
        if self.format == "fixed" and not self.text.fixed:
            raise ValueError("format fixed needs text.fixed, {name: [first, last]}")
        if not self.text.header and self.format == "delimited" and not self.text.names:
            raise ValueError("header: false needs text.names, the columns in order")
        named = self.columns.series or self.columns.values or self.series.id
        if not named:
            raise ValueError(
                "long layout needs columns.series, or series.id where the file has "
                "one series only"
            )
        return self

    @property
    def is_document(self) -> bool:
        """Whether lines count readings, not lines of text."""
        return self.format in DOCUMENT_COLUMNS or self.format == "parquet"

    def said(self) -> str:
        """JSON of what differs from the defaults; equal profiles give equal text."""
        return self.model_dump_json(exclude_defaults=True)
