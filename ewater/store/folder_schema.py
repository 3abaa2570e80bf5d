"""How a file of a country folder is described: its columns, types and keys."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ewater import terms

Type = Literal[
    "code",
    "text",
    "number",
    "boolean",
    "time",
    "zone",
    "unit",
    "clock",
    "day_of_year",
    "expression",
    "geometry",
]

MEANING_OF_TYPE = MappingProxyType(
    {
        "code": f"a code of {terms.CODE_PATTERN}",
        "text": "text without control characters",
        "number": "a finite number such as 12.5",
        "boolean": "true or false",
        "time": "a time such as 2023-01-01 or 2023-01-01T00:00:00+04:00",
        "zone": "a time zone such as Asia/Baku",
        "unit": "a unit such as m3/s or hm3",
        "clock": "a time of day such as 08:00",
        "day_of_year": "a month and day such as 10-01",
        "expression": "a sum of series, report:ITEM or rule:NAME(...)",
        "geometry": "a valid Polygon or MultiPolygon in degrees (WGS 84)",
    }
)


_GEOJSON = ("territories",)
_DOCUMENTS = ("forms", "views")
_ELSEWHERE = {"view_inputs": "views/inputs.csv"}


def file_name(stem: str) -> str:
    """Name of a file in the folder; of documents, how each of them is named."""
    if stem in _DOCUMENTS:
        return f"{stem}/CODE.yaml"
    if stem in _ELSEWHERE:
        return _ELSEWHERE[stem]
    return f"{stem}.geojson" if stem in _GEOJSON else f"{stem}.csv"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what a cell may hold, and what it means.

    ``refers`` names the file whose codes (its first key column) the cell must be
    one of. ``default`` stands for an empty cell; without it the cell is not given.
    Values ``allowed`` that ``grow`` are checked by the reader only, so that a new
    term is no migration.
    """

    name: str
    type: Type
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    refers: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    positive: bool = False
    whole: bool = False
    default: str | None = None
    grow: bool = False

    @property
    def allows(self) -> str:
        """Say what a cell may hold, for a fault and for the documentation."""
        if self.allowed:
            return "one of " + ", ".join(self.allowed)
        if self.refers:
            return f"a code of {file_name(self.refers)}"
        if self.type != "number":
            return MEANING_OF_TYPE[self.type]
        noun = "a whole number" if self.whole else MEANING_OF_TYPE["number"]
        if self.positive:
            return f"{noun}, above 0"
        if self.minimum is None:
            return noun
        if self.maximum is None:
            return f"{noun}, at least {self.minimum:g}"
        return f"{noun}, from {self.minimum:g} to {self.maximum:g}"


VALIDITY = (
    Column("valid_from", "time", "Start of validity (in); not given: always"),
    Column("valid_to", "time", "End of validity (out); not given: still valid"),
)


@dataclass(frozen=True, slots=True)
class File:
    """One file of the folder, one frame and one table.

    ``key`` names a row, together with ``valid_from``; ``version_key``, where it
    is shorter, names what one validity belongs to (all points of a curve).
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    own_columns: tuple[Column, ...]
    version_key: tuple[str, ...] = ()
    additive: bool = False

    @property
    def file_name(self) -> str:
        """Name in the folder."""
        return file_name(self.name)

    @property
    def documents(self) -> bool:
        """Whether its rows are files of their own, in a folder of its name."""
        return self.name in _DOCUMENTS

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns in order; the validity stands last unless placed otherwise."""
        own = {column.name for column in self.own_columns}
        return (*self.own_columns, *(c for c in VALIDITY if c.name not in own))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def row_key(self) -> tuple[str, ...]:
        """Columns that tell one row from another."""
        return (*self.key, "valid_from")

    @property
    def order(self) -> tuple[str, ...]:
        """Columns by which rows are sorted: the key, as the columns stand."""
        return tuple(name for name in self.names if name in self.row_key)

    @property
    def validity_of(self) -> tuple[str, ...]:
        """Columns that name what a validity belongs to."""
        return self.version_key or self.key

    def column(self, name: str) -> Column:
        """Return the column of this name."""
        return next(column for column in self.columns if column.name == name)
