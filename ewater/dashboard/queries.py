"""What the pages ask for: a cache over the interface to the accounts (`answers`)."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from flask import g, has_request_context
from sqlalchemy.exc import SQLAlchemyError

from ewater.accounts.scope import Scope
from ewater.dashboard.answers import (
    NOW,
    Balance,
    Basis,
    Flow,
    Period,
    Published,
    Reader,
    States,
)
from ewater.dashboard.remembered import Known, Remembered
from ewater.store import database

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import date

    from geopandas.geodataframe import GeoDataFrame

_CACHE_SIZE = 320
_STATES = "ewater_states"  # where a request keeps what it was told of the data


def _is_past(as_of: str, latest: str) -> bool:
    """Whether nothing that is recorded from now on is part of a state."""
    return datetime.fromisoformat(as_of) <= datetime.fromisoformat(latest)


class CachedReader:
    """Answer repeated questions from memory until what they rest on changes.

    What is kept is kept by the scope of the asker: nobody is given the answer of
    another who may see more. Beside that it is kept by the newest state of the data,
    or by less where less decides: the registry for places, the registry and the state
    asked for where that is a past one, whose readings do not change.

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
        self._scope = scope or Scope
        self._known = Known()
        self._answers = Remembered(size)
        self.of_account = False

    def noting(self) -> CachedReader:
        """Give a reader of the same answers that notes if an account is asked of it."""
        made = copy.copy(self)
        made.of_account = False
        return made

    @property
    def down(self) -> bool:
        """Whether the database did not answer when it was asked last."""
        return self._known.down

    def version(self) -> str:
        """Identify the newest state of the data."""
        return self.states().latest

    def shown(self) -> str:
        """State of the data whose accounts are shown to who opens a page now."""
        return self.states().shown

    def states(self) -> States:
        """Ask the reader itself, once a request: it knows whether the data changed.

        While the database does not answer, nothing changes either: the last states
        are still shown, and ``down`` says so.
        """
        within = g if has_request_context() else None
        if within is not None and (found := within.get(_STATES)):
            states: States = found
            return states
        try:
            self._known.states = self._reader.states()
        except SQLAlchemyError as error:
            if self._known.states is None or not database.unreachable(error):
                raise
            self._known.down = True
        else:
            self._known.down = False
        if within is not None:
            within.setdefault(_STATES, self._known.states)
        return self._known.states

    @property
    def _source(self) -> Reader:
        """The reader, of what this asker may see."""
        scope = self._scope()
        return self._reader if scope.is_all else self._reader.of(scope)

    def _ask(self, method: Callable[..., Any], *args: Hashable) -> Any:
        bases = [one for one in args if isinstance(one, Basis)]
        self.of_account |= bool(bases)
        states = self.states()
        past = [b for b in bases if b.as_of and _is_past(b.as_of, states.latest)]
        if past:
            return self._kept(states.registry, method, *args)
        kept_by = f"{states.latest} {states.shown}" if bases else states.latest
        return self._kept(kept_by, method, *args)

    def _place(self, method: Callable[..., Any], *args: Hashable) -> Any:
        """Answer what changes with the registry alone."""
        return self._kept(self.states().registry, method, *args)

    def _kept(self, kept_by: str, method: Callable[..., Any], *args: Hashable) -> Any:
        key = (kept_by, self._scope(), method.__name__, *args)
        return self._answers.get(key, method, *args)

    def stale(self, run: str) -> dict[str, Any] | None:
        """See `Reader.stale`; asked again as soon as the data change."""
        found: dict[str, Any] | None = self._ask(self._source.stale, run)
        return found

    def renew(self) -> bool:
        """See `Reader.renew`."""
        return self._reader.renew()

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
        """Keep what a page computed of places, under a name of its own."""

        def method(*inner: Hashable) -> Any:
            return compute(*inner)

        method.__name__ = f"derived:{name}"
        return self._place(method, *args)

    def territories(self) -> GeoDataFrame:
        """See `Reader.territories`."""
        territories: GeoDataFrame = self._place(self._source.territories)
        return territories

    def sites(self) -> GeoDataFrame:
        """See `Reader.sites`; the index is ``code`` either way."""
        sites: GeoDataFrame = self._place(self._source.sites)
        return sites.set_index("code") if "code" in sites.columns else sites

    def years(self) -> list[int]:
        """See `Reader.years`."""
        years: list[int] = self._ask(self._source.years)
        return years

    def calendars(self) -> dict[str, int]:
        """See `Reader.calendars`."""
        calendars: dict[str, int] = self._place(self._source.calendars)
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

    def document(
        self,
        territory: str,
        start: date,
        end: date,
        step: str,
        boundary: str = "managed",
        basis: Basis = NOW,
    ) -> Balance:
        """Give the whole balance, which is not kept, with what overtook it by now."""
        source = self._source
        made = source.balance(territory, start, end, step, boundary, basis, whole=True)
        told: Any = {**made, "stale": source.stale(made["run"])}
        return cast("Balance", told)

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
        answer: list[Published] = self._place(self._source.published, territory, year)
        return answer
