"""What a view may say: rows, columns, and which flows and stocks make a cell."""

from __future__ import annotations

import keyword
import re
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ewater.balance.views import formulas
from ewater.terms import ACCOUNT_KINDS, CODE_PATTERN, OUTSIDE_KINDS, SECTORS, TERMS

#: Account kinds by the words that views use for several of them.
SETS: dict[str, tuple[str, ...]] = {
    "surface": ("river", "lake", "reservoir", "snow_ice"),
    "open_water": ("river", "lake", "reservoir"),
    "inland_water": (
        "river",
        "lake",
        "reservoir",
        "snow_ice",
        "groundwater",
        "soil",
    ),
    "users": ("economy", "canal"),
    "inland": tuple(kind for kind in ACCOUNT_KINDS if kind not in OUTSIDE_KINDS),
    "outside": OUTSIDE_KINDS,
}
#: What a table row writes where the accounts of its column, or all others, stand.
COLUMN, OTHERS = "$column", "$others"

End: TypeAlias = Literal["from", "to", "enters", "leaves", "within", "counted"]
ReEntering: TypeAlias = Literal["apart", "only"]
Stock: TypeAlias = Literal["opening", "closing", "change", "booked"]
Capacity: TypeAlias = Literal["full", "dead"]
Per: TypeAlias = Literal["period", "year"]

_NAME = r"[a-z][a-z0-9_]*"


def _accounts(token: str) -> str:
    if token in (COLUMN, OTHERS) or token in SETS or token in ACCOUNT_KINDS:
        return token
    kind, slash, sector = token.partition("/")
    if slash and kind in ACCOUNT_KINDS and sector in SECTORS:
        return token
    if token.startswith("@") and re.fullmatch(CODE_PATTERN, token[1:]):
        return token
    raise ValueError(
        f"no accounts are called {token!r}; write a kind ({', '.join(ACCOUNT_KINDS)}), "
        f"a set ({', '.join(SETS)}), a sector such as economy/agriculture, an account "
        "such as @RES-1, or in a table "
        f"{COLUMN} and {OTHERS}"
    )


def _term(name: str) -> str:
    if name not in TERMS:
        raise ValueError(f"no term {name!r}; use one of {', '.join(TERMS)}")
    return name


def _usable(name: str) -> str:
    if keyword.iskeyword(name) or name in formulas.FUNCTIONS:
        raise ValueError(f"{name!r} means something else in formulas; take another")
    return name


def _formula(text: str) -> str:
    formulas.parse(text)
    return text


Accounts: TypeAlias = list[Annotated[str, AfterValidator(_accounts)]]
Terms: TypeAlias = list[Annotated[str, AfterValidator(_term)]]
Formula: TypeAlias = Annotated[str, AfterValidator(_formula)]
Name: TypeAlias = Annotated[str, Field(pattern=rf"^{_NAME}$"), AfterValidator(_usable)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Words(_Strict):
    """A text in the three languages."""

    az: str
    en: str
    ru: str


class Selection(_Strict):
    """Flows, and how much of each belongs to a territory.

    ``at`` is the share of the account that the flow leaves (``from``) or enters
    (``to``), what crosses the border of the territory (``enters``, ``leaves``), what
    stays in it (``within``), or the end that its term is counted at (``counted``).
    """

    sign: Literal[1, -1] = 1
    term: Terms | None = None
    not_term: Terms | None = None
    from_: Accounts | None = Field(None, alias="from")
    to: Accounts | None = None
    structure: list[str] | None = None
    not_structure: list[str] | None = None
    flow: list[str] | None = None
    at: End
    re_entering: ReEntering | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if not any((self.term, self.from_, self.to, self.structure, self.flow)):
            raise ValueError("selects every flow; say term, from, to or structure")
        return self


class Row(_Strict):
    """One line of a view; exactly one of the ways to make its cells."""

    code: Name
    label: Words
    flows: list[Selection] | None = None
    stock: Stock | None = None
    capacity: Capacity | None = None
    of: Accounts | None = None
    formula: Formula | None = None
    input: Name | None = None
    per: Per = "period"
    unit: str = "m3"
    columns: list[Name] | None = None
    memo: bool = False
    heading: Words | None = None
    number: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.flows, self.stock, self.capacity, self.formula, self.input)
        if sum(way is not None for way in ways) != 1:
            raise ValueError(
                "needs exactly one of flows, stock, capacity, formula, input"
            )
        if (self.stock or self.capacity) and not self.of:
            raise ValueError("of: says whose stock; write accounts")
        return self


class Column(_Strict):
    """One column: its accounts, or the sum of all columns that have accounts."""

    code: Name
    label: Words
    accounts: Accounts | None = None
    sum: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.accounts) == self.sum:
            raise ValueError("needs either accounts or sum: true")
        return self


class Place(_Strict):
    """Flows that must be in the view, and the cells that must hold them."""

    label: Words
    expected: list[Selection]
    cells: Formula


class Supply(_Strict):
    """Rows that have supply probabilities, % of the years, from those on record."""

    probabilities: list[Annotated[float, Field(gt=0, lt=100)]] = Field(min_length=1)
    rows: list[Name] = Field(min_length=1)


class View(_Strict):
    """A view: a table of the ledger, and what must be true of it."""

    view: Name
    title: Words
    source: str
    columns: list[Column] = []
    rows: list[Row] = Field(min_length=1)
    closes: list[Formula] = []
    places: list[Place] = []
    also: list[Literal["expected", "forecast"]] = []
    supply: Supply | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for what, codes in (
            ("row", [row.code for row in self.rows]),
            ("column", [column.code for column in self.columns]),
        ):
            twice = {code for code in codes if codes.count(code) > 1}
            if twice:
                raise ValueError(f"{what} {', '.join(sorted(twice))} is there twice")
        known = {row.code for row in self.rows}
        strange = sorted(set(self.supply.rows) - known) if self.supply else []
        if strange:
            raise ValueError(f"supply: there is no row {', '.join(strange)}")
        return self
