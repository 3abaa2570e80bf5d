"""What one person may see of the accounts: some organisations, some territories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ewater.accounts.explain import TOP
from ewater.balance.expressions import codes
from ewater.errors import ForbiddenError
from ewater.store import registry

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Hashable, Mapping

    import pandas as pd
    from geopandas import GeoDataFrame
    from sqlalchemy import Engine

    from ewater.accounts.explain import Depth
    from ewater.accounts.in_memory import Basis, States
    from ewater.accounts.reader import DatabaseReader, Document
    from ewater.terms import Step

_NOW = ("", "", "raw")


@dataclass(frozen=True, slots=True)
class Scope:
    """Codes of organisations, whose sites, and of territories, whose accounts.

    None of a kind means all of it. A territory has its parts with it.
    """

    organisations: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return not (self.organisations or self.territories)


def with_parts(territories: pd.DataFrame, codes: tuple[str, ...]) -> frozenset[str]:
    """Territories of some codes with all whose parents are among them, at any depth.

    Parameters
    ----------
    territories
        Index ``code``, column ``parent``.
    """
    inside = set(codes) & set(territories.index)
    while True:
        more = set(territories.index[territories["parent"].isin(inside)]) - inside
        if not more:
            return frozenset(inside)
        inside |= more


def territories_of(engine: Engine, scope: Scope) -> frozenset[str]:
    """Codes of the territories of a scope, with their parts."""
    with engine.connect() as connection:
        frame = registry.read_table(connection, "territories").set_index("code")
    if not scope.territories:
        return frozenset(frame.index)
    return with_parts(frame, scope.territories)


def require(engine: Engine, scope: Scope, territory: str) -> None:
    """Refuse what a scope does not contain.

    Raises
    ------
    ForbiddenError
        The territory is not in the scope.
    """
    if scope.territories and territory not in territories_of(engine, scope):
        raise ForbiddenError(f"territory {territory!r} is outside the scope")


def accounts_of(
    frames: Mapping[str, pd.DataFrame], scope: Scope
) -> frozenset[str] | None:
    """Accounts at the sites of the organisations of a scope; None: all of them.

    An account is at its site, and at the sites of the series that measure what enters
    or leaves it.
    """
    if not scope.organisations:
        return None
    sites, series, flows = (frames[name] for name in ("sites", "series", "flows"))
    mine = sites.loc[sites["organisation"].isin(scope.organisations), "code"]
    accounts = frames["accounts"]
    found = set(accounts.loc[accounts["site"].isin(mine), "code"])
    measured = set(series.loc[series["site"].isin(mine), "code"])
    for row in flows[flows["measured_by"].notna()].to_dict("records"):
        named = {code for kind, code in codes(row["measured_by"]) if "series" in kind}
        if named & measured:
            found |= {row["from"], row["to"]}
    return frozenset(found)


def _of_organisations(
    period: Document, organisations: tuple[str, ...], sites: frozenset[str]
) -> Document:
    """Keep what enterprises reported and what is behind series to their own people."""
    kept = dict(period)
    if "sources" in period:
        kept["sources"] = [
            {
                **source,
                "reports": [
                    report
                    for report in source["reports"] or ()
                    if report["enterprise"] in organisations
                ],
            }
            for source in period["sources"]
        ]
    if "series" in period:
        kept["series"] = {
            code: told
            for code, told in period["series"].items()
            if told["site"] in sites
        }
    return kept


def _unnamed(document: Document, scope: Scope) -> Document:
    """Leave out which inputs overtook an account: they may be of others."""
    stale = document.get("stale")
    return {**document, "stale": _uncaused(stale, scope)} if stale else document


def _uncaused(stale: Document, scope: Scope) -> Document:
    return stale if scope.is_all else {**stale, "causes": []}


class ScopedReader:
    """A reader of what a scope contains.

    Every question is written out here, none is passed on unseen: a question that is
    added to the reader cannot be asked by a scoped person until it is answered here.

    Raises
    ------
    ForbiddenError
        By every question that names a territory outside the scope.
    """

    def __init__(self, reader: DatabaseReader, scope: Scope) -> None:
        self._reader = reader
        self._scope = scope

    def of(self, scope: Scope) -> ScopedReader:
        """Refuse: a scope is not widened."""
        raise ForbiddenError(f"{self._scope} is the scope, not {scope}")

    def ask(self, question: Callable[..., Any], *args: Hashable) -> Any:
        """Answer ``question(engine, scope, *args)``, of this scope."""
        return question(self._reader.engine, self._scope, *args)

    def version(self) -> str:
        """Identify the state of the data."""
        return self._reader.version()

    def states(self) -> States:
        """Say which states of the data there are, and which is shown."""
        return self._reader.states()

    def stale(self, run: str) -> Document | None:
        """Say since when a run is stale, without naming its inputs."""
        found = self._reader.stale(run)
        return _uncaused(found, self._scope) if found else None

    def renew(self) -> bool:
        """Have newer accounts computed; whether the last attempt failed."""
        return self._reader.renew()

    def territories(self) -> GeoDataFrame:
        """Those of the scope, with their parts."""
        frame = self._reader.territories()
        if not self._scope.territories:
            return frame
        kept = frame.index.isin(with_parts(frame, self._scope.territories))
        return cast("GeoDataFrame", frame[kept])

    def sites(self) -> GeoDataFrame:
        """Those of the organisations, in the territories."""
        frame = self._reader.sites()
        if self._scope.organisations:
            frame = frame[frame["organisation"].isin(self._scope.organisations)]
        if self._scope.territories:
            placed = self._reader.territories_of_sites()
            inside = placed["territory"].isin(self.territories().index)
            frame = frame[frame.index.isin(placed["site"][inside])]
        return frame

    def years(self) -> list[int]:
        """Years with an account, ascending."""
        return self._reader.years()

    def calendars(self) -> dict[str, int]:
        """First month of the year by code of calendar."""
        return self._reader.calendars()

    def territories_of_sites(self) -> pd.DataFrame:
        """Where each site of the scope lies, as far as that is inside."""
        placed = self._reader.territories_of_sites()
        mine = placed["site"].isin(self.sites().index)
        return placed[mine & placed["territory"].isin(self.territories().index)]

    def balance(
        self,
        territory: str,
        start: dt.date,
        end: dt.date,
        step: Step,
        boundary: str = "managed",
        basis: Basis = _NOW,
        *,
        whole: bool = False,
    ) -> Document:
        """Account of one territory of the scope."""
        self._allow(territory)
        return _unnamed(
            self._reader.balance(
                territory, start, end, step, boundary, basis, whole=whole
            ),
            self._scope,
        )

    def balances(
        self,
        kind: str,
        start: dt.date,
        end: dt.date,
        boundary: str = "managed",
        basis: Basis = _NOW,
    ) -> dict[str, Document]:
        """One period for each territory of a kind that is in the scope."""
        return self._reader.balances(
            kind, start, end, boundary, basis, only=frozenset(self.territories().index)
        )

    def flows(
        self,
        territory: str,
        start: dt.date,
        end: dt.date,
        boundary: str = "managed",
        basis: Basis = _NOW,
    ) -> list[Document]:
        """Flows that touch a territory of the scope."""
        self._allow(territory)
        return self._reader.flows(territory, start, end, boundary, basis)

    def explain(
        self,
        cell: str,
        territory: str,
        start: dt.date,
        end: dt.date,
        boundary: str = "managed",
        basis: Basis = _NOW,
        *,
        depth: Depth = "sources",
        top: int = TOP,
    ) -> Document:
        """Say what made a cell of a territory of the scope.

        Returns, and what is behind series, are those of the organisations alone.
        """
        self._allow(territory)
        told = _unnamed(
            self._reader.explain(
                cell, territory, start, end, boundary, basis, depth=depth, top=top
            ),
            self._scope,
        )
        if not self._scope.organisations:
            return told
        mine = frozenset(self.sites().index)
        periods = [
            _of_organisations(period, self._scope.organisations, mine)
            for period in told["periods"]
        ]
        return {**told, "periods": periods}

    def published(self, territory: str, year: int) -> list[dict[str, Any]]:
        """Figures published for a territory of the scope."""
        self._allow(territory)
        return self._reader.published(territory, year)

    def _allow(self, territory: str) -> None:
        if territory not in self.territories().index:
            raise ForbiddenError(f"territory {territory!r} is outside the scope")
