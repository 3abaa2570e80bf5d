"""What the pages ask for: the interface to the accounts, and a cache over it.

Everything a reader returns is SI (m3) with standard uncertainties (k = 1); the
pages convert. A ``value`` of ``None`` is unknown, never zero: ``known`` is then
the sum of what is known and ``missing`` names the flows that are not.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple, NotRequired, Protocol, TypedDict

from sqlalchemy.exc import SQLAlchemyError

from ewater.accounts.scope import Scope
from ewater.store import database

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import date

    from geopandas.geodataframe import GeoDataFrame

_CACHE_SIZE = 512


class Basis(NamedTuple):
    """What an account is computed on.

    ``calendar`` is a code, empty for the first of the country; ``as_of`` is ISO 8601
    with its offset, empty for now; ``version`` is ``raw`` or ``reconciled``.
    """

    calendar: str = ""
    as_of: str = ""
    version: str = "raw"


NOW = Basis()


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
    ) -> Balance:
        """Account of one territory by steps over ``[start, end)``."""

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


class CachedReader:
    """Answer repeated questions from memory until the data change.

    What is kept is kept by the scope of the asker: nobody is given the answer of
    another who may see more.

    Answers are shared between callers and must not be changed by them. Two
    threads that ask the same thing at once compute it once.
    """

    def __init__(
        self,
        reader: Reader,
        size: int = _CACHE_SIZE,
        scope: Callable[[], Scope] | None = None,
    ) -> None:
        """Answer from a reader; ``scope`` tells what the asker may see, now."""
        self._reader = reader
        self._size = size
        self._scope = scope or Scope
        self._version: str | None = None
        self.down = False
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
        self._busy: dict[Hashable, threading.Lock] = {}

    def version(self) -> str:
        """Ask the reader itself: it alone knows whether the data changed.

        While the database does not answer, nothing changes either: the last version
        is still shown, and ``down`` says so.
        """
        try:
            self._version = self._reader.version()
        except SQLAlchemyError as error:
            if self._version is None or not database.unreachable(error):
                raise
            self.down = True
        else:
            self.down = False
        return self._version

    @property
    def _source(self) -> Reader:
        """The reader, of what this asker may see."""
        scope = self._scope()
        return self._reader if scope.is_all else self._reader.of(scope)

    def _get(self, key: Hashable) -> tuple[bool, Any]:
        with self._lock:
            if key not in self._answers:
                return False, None
            self._answers.move_to_end(key)
            return True, self._answers[key]

    def _put(self, key: Hashable, answer: Any) -> None:
        with self._lock:
            self._answers[key] = answer
            self._busy.pop(key, None)
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)

    def _ask(self, method: Callable[..., Any], *args: Hashable) -> Any:
        key = (self.version(), self._scope(), method.__name__, *args)
        found, answer = self._get(key)
        if found:
            return answer
        with self._lock:
            busy = self._busy.setdefault(key, threading.Lock())
        with busy:
            found, answer = self._get(key)
            if not found:
                answer = method(*args)
                self._put(key, answer)
        return answer

    def ask(self, question: Callable[..., Any], *args: Hashable) -> Any:
        """Answer a question of a page: ``question(engine, scope, *args)``.

        ``question`` is a function of a module, which keeps to the scope in its own
        queries; its answer is plain data, kept until the data change.
        """
        return self._ask(self._source.ask, question, *args)

    def look(self, question: Callable[..., Any], *args: Hashable) -> Any:
        """Answer a question as `ask` does, anew each time.

        For what changes while the data do not: people, jobs, alerts.
        """
        return self._source.ask(question, *args)

    def derived(self, name: str, compute: Callable[..., Any], *args: Hashable) -> Any:
        """Keep what a page computed from the answers, under a name of its own."""

        def method(*inner: Hashable) -> Any:
            return compute(*inner)

        method.__name__ = f"derived:{name}"
        return self._ask(method, *args)

    def territories(self) -> GeoDataFrame:
        """See `Reader.territories`."""
        territories: GeoDataFrame = self._ask(self._source.territories)
        return territories

    def sites(self) -> GeoDataFrame:
        """See `Reader.sites`; the index is ``code`` either way."""
        sites: GeoDataFrame = self._ask(self._source.sites)
        return sites.set_index("code") if "code" in sites.columns else sites

    def years(self) -> list[int]:
        """See `Reader.years`."""
        years: list[int] = self._ask(self._source.years)
        return years

    def calendars(self) -> dict[str, int]:
        """See `Reader.calendars`."""
        calendars: dict[str, int] = self._ask(self._source.calendars)
        return calendars

    def balance(
        self,
        territory: str,
        start: date,
        end: date,
        step: str,
        boundary: str = "managed",
        basis: Basis = NOW,
    ) -> Balance:
        """See `Reader.balance`."""
        answer: Balance = self._ask(
            self._source.balance, territory, start, end, step, boundary, basis
        )
        return answer

    def balances(
        self,
        kind: str,
        start: date,
        end: date,
        boundary: str = "managed",
        basis: Basis = NOW,
    ) -> dict[str, Period]:
        """See `Reader.balances`."""
        answer: dict[str, Period] = self._ask(
            self._source.balances, kind, start, end, boundary, basis
        )
        return answer

    def flows(
        self,
        territory: str,
        start: date,
        end: date,
        boundary: str = "managed",
        basis: Basis = NOW,
    ) -> list[Flow]:
        """See `Reader.flows`."""
        answer: list[Flow] = self._ask(
            self._source.flows, territory, start, end, boundary, basis
        )
        return answer

    def explain(
        self,
        cell: str,
        territory: str,
        start: date,
        end: date,
        boundary: str,
        basis: Basis,
        depth: str,
        top: int,
    ) -> dict[str, Any]:
        """See `Reader.explain`."""
        source = self._source

        def explain(*args: Any) -> dict[str, Any]:
            return source.explain(*args[:-2], depth=args[-2], top=args[-1])

        answer: dict[str, Any] = self._ask(
            explain, cell, territory, start, end, boundary, basis, depth, top
        )
        return answer

    def published(self, territory: str, year: int) -> list[Published]:
        """See `Reader.published`."""
        answer: list[Published] = self._ask(self._source.published, territory, year)
        return answer
