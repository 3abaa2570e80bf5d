"""The form that enterprises fill in, as data: sections, columns, codes, identities."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ewater import described
from ewater.errors import FaultsError, UsageError
from ewater.reports import linear
from ewater.store.folder_files import REPORT_ITEMS
from ewater.terms import CODE_PATTERN
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from ewater.errors import Fault

SEE = "docs/reports.md"
DEFAULT = "2-TP"
LANGUAGES = ("az", "en", "ru")
#: What the cross-examination reads; the first ones every form must say.
ROLES = (
    "intake", "intake_months", "metered", "losses", "used", "passed_unused",
    "passed_used", "discharge", "discharge_months", "output", "permit", "source",
    "supplier", "permit_from", "permit_to", "limit",
)  # fmt: skip

Kind: TypeAlias = Literal["number", "code", "text", "permit", "enterprise", "territory"]
Severity: TypeAlias = Literal["error", "grave", "warning", "notice"]
_Code = Annotated[str, Field(pattern=f"^{CODE_PATTERN}$")]
_Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Names(_Said):
    """A name in the three languages."""

    az: str
    en: str
    ru: str

    def say(self, language: str) -> str:
        """Say it in one of them; English where it is another."""
        return str(getattr(self, language if language in LANGUAGES else "en"))


class CodeName(_Said):
    """One code of a list; ``kind`` is what permits call it."""

    names: Names
    kind: str | None = None


class Column(_Said):
    """One column of a section.

    ``needs`` names the column that must be given beside it, ``filled`` says that the
    system fills it in, ``month`` that it is a month's figure.
    """

    key: _Key
    number: str
    names: Names
    kind: Kind = "number"
    codes: str | None = None
    required: bool = False
    filled: bool = False
    needs: str | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    unit: str | None = None

    @property
    def is_volume(self) -> bool:
        """Whether it is a number in the unit of the form."""
        return self.kind == "number" and self.unit is None


class Section(_Said):
    """A table of the form: one line, or as many as are needed."""

    key: _Key
    names: Names
    lines: Literal["one", "many"] = "many"
    line_key: tuple[str, ...] = ()
    columns: Annotated[tuple[Column, ...], Field(min_length=1)]

    def column(self, key: str) -> Column:
        """Column of a key."""
        return next(column for column in self.columns if column.key == key)


class Identity(_Said):
    """A rule between columns of one line, such as ``g12 = g13..g24``."""

    code: _Key
    section: str
    is_: Annotated[str, Field(alias="is")]
    severity: Severity
    names: Names

    @property
    def rule(self) -> linear.Rule:
        """The rule, parsed."""
        return linear.rule(self.is_)


class Entry(_Said):
    """How columns become figures of ``reports.csv``.

    ``only`` and ``unless`` name a column that must, or must not, be given;
    ``items`` gives other items for some codes of ``source``.
    """

    section: str
    item: str
    value: str
    months: str | None = None
    source: str | None = None
    purpose: str | None = None
    counterparty: str | None = None
    metered: str | None = None
    only: str | None = None
    unless: str | None = None
    items: dict[str, str] = Field(default_factory=dict)


class DueDays(_Said):
    """Days after the end of a period at whose end its return is due."""

    year: Annotated[int, Field(ge=0, le=366)]
    quarter: Annotated[int, Field(ge=0, le=366)]


class Remind(_Said):
    """When who has not reported is reminded: days after the deadline, or before it."""

    days: tuple[Annotated[int, Field(ge=-366, le=366)], ...] = (-14, 1, 15)
    periods: tuple[Literal["year", "quarter"], ...] = ("year",)

    @model_validator(mode="after")
    def _rise(self) -> Self:
        if list(self.days) != sorted(set(self.days)):
            raise ValueError("days of reminders rise, each of them once")
        return self


class Form(_Said):
    """A whole form."""

    form: _Code
    version: Annotated[int, Field(ge=1)]
    about: str
    names: Names
    note: Names | None = None
    unit: str
    decimals: Annotated[int, Field(ge=0, le=6)] = 2
    most: Annotated[float, Field(gt=0)] = 1e8
    due_days: DueDays
    remind: Remind = Remind()
    late: Literal["accept", "refuse"] = "accept"
    codes: dict[str, dict[str, CodeName]] = Field(default_factory=dict)
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    identities: tuple[Identity, ...] = ()
    ledger: tuple[Entry, ...] = ()
    roles: dict[str, str] = Field(default_factory=dict)

    @property
    def factor(self) -> float:
        """Cubic metres in a unit of the form."""
        return factor_to_si(self.unit, "volume")

    @property
    def step(self) -> float:
        """Smallest difference between two figures, in the unit."""
        return float(10.0**-self.decimals)

    def section(self, key: str) -> Section:
        """Section of a key."""
        return next(section for section in self.sections if section.key == key)

    def columns(self) -> Iterator[tuple[Section, Column]]:
        """All columns with their sections, in order."""
        for section in self.sections:
            for column in section.columns:
                yield section, column

    def section_of(self, key: str) -> str | None:
        """Key of the section of a column; None if there is no such column."""
        return next((s.key for s, c in self.columns() if c.key == key), None)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        factor_to_si(self.unit, "volume")
        keys = [column.key for _, column in self.columns()]
        if again := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"columns {', '.join(sorted(again))} are given twice")
        for section, column in self.columns():
            _check_column(self, section, column)
        for identity in self.identities:
            _check_keys(self, identity.section, identity.rule.keys, identity.code)
        for entry in self.ledger:
            _check_entry(self, entry)
        for role, said in self.roles.items():
            if role not in ROLES:
                raise ValueError(f"no role {role!r}; use one of {', '.join(ROLES)}")
            _check_known(self, linear.sum_of(said).keys, f"role {role}")
        if "intake" not in self.roles:
            raise ValueError("say which column is the intake: roles: {intake: ...}")
        return self


def _check_column(form: Form, section: Section, column: Column) -> None:
    if (column.kind == "code") != (column.codes is not None):
        raise ValueError(f"column {column.key}: kind code goes with codes")
    if column.codes is not None and column.codes not in form.codes:
        raise ValueError(f"column {column.key}: no list of codes {column.codes!r}")
    own = {c.key for c in section.columns}
    for key in (column.needs, *section.line_key):
        if key is not None and key not in own:
            raise ValueError(f"column {column.key}: section {section.key} has no {key}")


def _check_keys(form: Form, section: str, keys: tuple[str, ...], who: str) -> None:
    known = {s.key: {c.key for c in s.columns} for s in form.sections}
    if section not in known:
        raise ValueError(f"{who}: no section {section!r}; use {', '.join(known)}")
    if unknown := sorted(set(keys) - known[section]):
        raise ValueError(f"{who}: section {section} has no {', '.join(unknown)}")


def _check_known(form: Form, keys: tuple[str, ...], who: str) -> None:
    known = {column.key for _, column in form.columns()}
    if unknown := sorted(set(keys) - known):
        raise ValueError(f"{who}: no column {', '.join(unknown)}")


def _check_entry(form: Form, entry: Entry) -> None:
    for item in (entry.item, *entry.items.values()):
        if item not in REPORT_ITEMS:
            raise ValueError(f"no item {item!r}; use one of {', '.join(REPORT_ITEMS)}")
    named = (
        entry.value, entry.source, entry.purpose, entry.counterparty, entry.metered,
        entry.only, entry.unless,
    )  # fmt: skip
    months = linear.sum_of(entry.months).keys if entry.months else ()
    if entry.months and len(months) != 12:
        raise ValueError(f"{entry.item}: months are twelve columns, not {len(months)}")
    keys = (*(key for key in named if key is not None), *months)
    _check_keys(form, entry.section, keys, f"ledger {entry.item}")


@cache
def parse(text: str, file: str) -> Form:
    """Read a form.

    Parameters
    ----------
    text
        YAML.
    file
        Name for its faults; of a country's form, ``forms/CODE.yaml``.

    Raises
    ------
    FaultsError
        Every fault with its line.
    """
    said, lines = described.load(text, file, SEE)
    try:
        form = Form.model_validate(said, strict=False)
    except ValidationError as error:
        raise described.faults_of(error, file, lines, "form", SEE) from error
    stem = re.fullmatch(r"(?:.*/)?([^/]+)\.yaml", file)
    if stem and stem[1] != form.form:
        line = described.line_of(("form",), lines)
        raise described.refused(
            file, line, "form", f"says {form.form!r}", f"{stem[1]}, as the file does"
        )
    return form


def check(frames: Mapping[str, pd.DataFrame]) -> None:
    """Read every form of country frames.

    Raises
    ------
    FaultsError
        One of them is none; every fault with its file and line.
    """
    faults: list[Fault] = []
    if "forms" not in frames:
        return
    for code, body in zip(*(frames["forms"][c] for c in ("code", "body")), strict=True):
        try:
            parse(str(body), f"forms/{code}.yaml")
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)


@cache
def built_in(code: str = DEFAULT) -> Form:
    """Read a form that comes with the project.

    Raises
    ------
    UsageError
        There is none of this code.
    """
    file = resources.files("ewater.reports") / "forms" / f"{code}.yaml"
    if not file.is_file():
        raise UsageError(f"no form {code!r} comes with ewater; {DEFAULT} does")
    return parse(file.read_text("utf-8"), f"{code}.yaml")
