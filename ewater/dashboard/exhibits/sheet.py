"""The table of one figure: what is in it, in SI, and how it is to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from ewater.dashboard import format as fmt
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

#: How the values of a column are written. ``text``, ``code`` and the quiet ``aside``
#: are words, ``written`` is a number in words, ``status`` a code of how a volume is
#: known; ``number`` is in SI and shown after division by the column's factor;
#: ``volume`` is m3, shown in hm³; ``share`` is 1 for all, ``change`` the same with a
#: sign; ``date`` and ``time`` are of the standard library. ``quantity``, ``signed``,
#: ``known`` and ``covered`` show parts of a `ewater.dashboard.answers.Quantity`: its
#: volume with its uncertainty, the same with a sign, how it is known, its coverage.
Kind = Literal[
    "text",
    "aside",
    "code",
    "written",
    "status",
    "number",
    "volume",
    "share",
    "change",
    "date",
    "time",
    "quantity",
    "signed",
    "known",
    "covered",
]
Where = Literal["both", "page", "file"]

OF_QUANTITIES = frozenset({"quantity", "signed", "known", "covered"})
WORDS = frozenset({"text", "aside", "code", "status", "known"})
_UNITS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        **dict.fromkeys(("volume", "quantity", "signed"), (fmt.UNIT, HM3)),
        **dict.fromkeys(("share", "change", "covered"), ("%", 0.01)),
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet.

    Attributes
    ----------
    key
        Of the rows; several columns may show one key.
    label
        In the language of the sheet, without the unit.
    unit
        As shown; volumes and shares have theirs.
    factor
        SI in one of the unit: a ``number`` in mm of values in m has 0.001.
    digits
        Decimals of a ``number``; about three figures if not given.
    note
        What the column means, for the definitions of a download.
    where
        Shown on the ``page``, written to a ``file``, or both.
    """

    key: str
    label: str
    unit: str = ""
    kind: Kind = "text"
    factor: float = 1.0
    digits: int | None = None
    note: str = ""
    where: Where = "both"

    @property
    def shown_unit(self) -> str:
        """Unit of what is shown."""
        return self.unit or _UNITS.get(self.kind, ("", 1.0))[0]

    @property
    def scale(self) -> float:
        """Give the SI value of one of the unit shown."""
        return _UNITS.get(self.kind, ("", self.factor))[1]

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers, which stand on the right."""
        return self.kind not in WORDS


class Link(str):
    """Words that lead to another view; a file has the words alone."""

    href: str

    def __new__(cls, words: str, href: str) -> Link:
        """Let ``words`` lead to an address of ours."""
        made = super().__new__(cls, words)
        made.href = href
        return made


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure that Explain can take apart.

    ``cell`` is written as in docs/explain.md. What is empty is that of the page:
    its territory, and its period (``start`` and ``end`` are ISO dates).
    """

    cell: str
    territory: str = ""
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How far a figure is to be believed; what is not given is found in its rows.

    ``coverage`` is 1 for all, ``statuses`` are shares by code, ``as_of`` is ISO 8601,
    ``uncertainty``, ``edition`` and ``figures`` are words; ``figures`` says which they
    are where it is not what the filter says (raw ones though reconciled are chosen).
    ``without`` says why those of uncertainty, coverage and status that are not given
    are not; ``by_row`` names those that each row says.
    """

    unit: str = ""
    uncertainty: str = ""
    coverage: float | None = None
    statuses: Mapping[str, float] = field(default_factory=dict)
    as_of: str = ""
    edition: str = ""
    figures: str = ""
    without: str = ""
    by_row: frozenset[str] = frozenset()


Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The table of one figure, ready in a language.

    Attributes
    ----------
    rows
        By key of a column. Besides: ``cell`` (a `Cell` or its ``cell``) is what
        Explain opens, ``total`` (true) sets a row apart, ``mark`` is a class of the
        style sheet for its first cell. ``None`` and NaN are unknown; a key that a row
        does not have is of no meaning for it.
    notes
        What a reader must know: definitions, methods, limits.
    empty
        Why there are no rows; shown below "insufficient data".
    calm
        What is said instead where it is no lack that there are none.
    gaps
        Codes of flows or series without data that the chart leaves out.
    facts
        For the badges; see `Facts`.
    data
        What the chart is drawn from besides the rows; not shown or written.
    most
        Rows on the page; a download has them all.
    zone
        In which the page writes times; files hold UTC.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    empty: str = ""
    gaps: Sequence[str] = ()
    facts: Facts = field(default_factory=Facts)
    data: Any = None
    most: int = 500
    calm: str = ""
    zone: tzinfo | None = None

    @property
    def has_times(self) -> bool:
        """Whether a column holds times."""
        return any(column.kind == "time" for column in self.columns)

    @property
    def leads_on(self) -> bool:
        """Whether a row opens Explain, or leads to another view."""
        return any(
            cell_of(row) or any(isinstance(value, Link) for value in row.values())
            for row in self.rows
        )

    def on(self, where: Where) -> list[Column]:
        """Columns that are shown on the page or written to a file."""
        return [c for c in self.columns if c.where in ("both", where)]


def cell_of(row: Row) -> Cell | None:
    """Cell that Explain opens for a row, if there is one."""
    given = row.get("cell")
    if not given:
        return None
    return given if isinstance(given, Cell) else Cell(str(given))
