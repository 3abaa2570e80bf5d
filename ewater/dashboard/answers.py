"""What the pages are told of the accounts: the interface, and the shape of answers.

Everything a reader returns is SI (m3) with standard uncertainties (k = 1); the
pages convert. A ``value`` of ``None`` is unknown, never zero: ``known`` is then
the sum of what is known and ``missing`` names the flows that are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NotRequired, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import date

    from geopandas.geodataframe import GeoDataFrame

    from ewater.accounts.scope import Scope


class Basis(NamedTuple):
    """What an account is computed on.

    ``calendar`` is a code, empty for the first of the country; ``as_of`` is ISO 8601
    with its offset, empty for now; ``version`` is ``raw`` or ``reconciled``.
    """

    calendar: str = ""
    as_of: str = ""
    version: str = "raw"


NOW = Basis()


class States(NamedTuple):
    """States of the data, ISO 8601; see `ewater.accounts.in_memory.States`."""

    latest: str
    registry: str
    shown: str


class Names(TypedDict):
    """One name in each language of the pages."""

    az: str
    en: str
    ru: str


class Quantity(TypedDict):
    """A volume (m3) and how far it is to be believed."""

    value: float | None
    known: float | None
    missing: list[str]
    u: float | None
    coverage: float | None
    status: str
    status_shares: dict[str, float]


class Residual(Quantity):
    """Inflow less outflow less storage change, with its test statistic."""

    z: float | None
    not_modelled: list[str]
    after_balancing_items: bool


class Exchange(TypedDict):
    """What crosses one border, each way."""

    inflow: Quantity
    outflow: Quantity
    names: NotRequired[Names]


class SectorUse(TypedDict):
    """Water of one economic sector."""

    use: Quantity
    gross_use: Quantity
    consumption: Quantity


class Reconciliation(TypedDict):
    """What became of a period that was asked for reconciled.

    ``stands`` says whether its figures are ``reconciled`` or ``raw``; ``raw`` are the
    raw totals either way, ``value`` and ``u`` by name.
    """

    verdict: str
    stands: str
    gamma: float | None
    dof: int
    p: float | None
    suspects: list[str]
    raw: dict[str, dict[str, float | None]]


class Period(TypedDict):
    """The account of one territory over one half-open period."""

    start: str
    end: str
    inflow: Quantity
    outflow: Quantity
    storage_change: Quantity
    residual: Residual
    re_entering: Quantity
    neighbours: dict[str, Exchange]
    apportioned: bool
    terms: dict[str, Quantity]
    sectors: dict[str, SectorUse]
    use: NotRequired[Quantity]
    reconciliation: NotRequired[Reconciliation]


class Notice(Names):
    """Something every viewer must know about the data."""

    code: str


class Balance(TypedDict):
    """The answer of ``ewater balance --format json``, and the notices."""

    territory: str
    boundary: str
    basis: str
    unit: str
    as_of: str
    run: str
    periods: list[Period]
    notices: list[Notice]


#: A flow that touches a territory; ``from`` is a keyword, hence this form. The
#: names are needed where an account is neither a site nor an ISO 3166 country.
Flow = TypedDict(
    "Flow",
    {
        "code": str,
        "from": str,
        "from_kind": str,
        "from_name": NotRequired[Names | None],
        "from_sector": NotRequired[str | None],
        "from_inside": bool,
        "to": str,
        "to_kind": str,
        "to_name": NotRequired[Names | None],
        "to_sector": NotRequired[str | None],
        "to_inside": bool,
        "term": str,
        "sector": str | None,
        "volume": float | None,
        "u": float | None,
        "status": str,
        "coverage": float | None,
    },
)


class Published(TypedDict):
    """A figure somebody published, in the unit they used."""

    item: str
    value: float
    unit: str
    source: str
    note: str | None


class Reader(Protocol):
    """Read-only access to the accounts of one country."""

    def of(self, scope: Scope) -> Reader:
        """Give the same, of what a scope contains; the rest raises ForbiddenError."""

    def ask(self, question: Callable[..., Any], *args: Hashable) -> Any:
        """Answer ``question(engine, scope, *args)`` of the page that asks it."""

    def version(self) -> str:
        """Identify the state of the data; changes whenever an answer could."""

    def states(self) -> States:
        """Name the newest state, that of the registry, and the one that is shown."""

    def stale(self, run: str) -> dict[str, Any] | None:
        """Say since when and why a kept run is stale; None when it is not."""

    def renew(self) -> bool:
        """Have newer accounts computed; whether the last attempt failed."""

    def territories(self) -> GeoDataFrame:
        """Index ``code``; kind, parent, name_az, name_en, name_ru, geometry."""

    def sites(self) -> GeoDataFrame:
        """Index or column ``code``; kind, name_az, name_en, name_ru, geometry."""

    def years(self) -> list[int]:
        """Years with an account, ascending."""

    def calendars(self) -> dict[str, int]:
        """First month of the year by code of calendar; the default comes first."""

    def balance(
        self,
        territory: str,
        start: date,
        end: date,
        step: str,
        boundary: str = "managed",
        basis: Basis = NOW,
        *,
        whole: bool = False,
    ) -> Balance:
        """Account of one territory by steps over ``[start, end)``.

        ``whole``: with what the pages do not show.
        """

    def balances(
        self,
        kind: str,
        start: date,
        end: date,
        boundary: str = "managed",
        basis: Basis = NOW,
    ) -> dict[str, Period]:
        """One period per territory of a kind."""

    def flows(
        self,
        territory: str,
        start: date,
        end: date,
        boundary: str = "managed",
        basis: Basis = NOW,
    ) -> list[Flow]:
        """Flows that touch a territory, summed over ``[start, end)``."""

    def explain(
        self,
        cell: str,
        territory: str,
        start: date,
        end: date,
        boundary: str = "managed",
        basis: Basis = NOW,
        *,
        depth: str = "sources",
        top: int = 10,
    ) -> dict[str, Any]:
        """Say what made a cell, as docs/explain.md describes it."""

    def published(self, territory: str, year: int) -> list[Published]:
        """Figures published for a territory and year."""
