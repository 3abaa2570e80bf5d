"""What pages ask of the reader for one state, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dash.exceptions import PreventUpdate

from ewater.dashboard.geography import Geography
from ewater.dashboard.i18n import Language, language
from ewater.dashboard.questions.places import country_zone
from ewater.dashboard.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.answers import Balance, Period
    from ewater.dashboard.queries import CachedReader

_YEARS = 5  # the year shown and the four before it


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The period shown, the same period of earlier years, and their account."""

    balance: Balance
    period: Period
    history: tuple[tuple[int, Period], ...]

    @property
    def before(self) -> Period | None:
        """The same period of the year before."""
        return self.history[-2][1] if len(self.history) > 1 else None


def opened(data: Mapping[str, Any] | None) -> tuple[State, Language]:
    """Read the state that a callback is given, and its language.

    Raises
    ------
    PreventUpdate
        The page has not been told yet what to show.
    """
    if data is None:
        raise PreventUpdate
    state = State.from_store(data)
    return state, language(state.lang)


def geography(reader: CachedReader) -> Geography:
    """Territories of the country, prepared once per state of the data."""
    made: Geography = reader.derived(
        "geography", lambda: Geography(reader.territories())
    )
    return made


def zone(reader: CachedReader) -> ZoneInfo:
    """Zone of the country, in which pages write times; files hold UTC."""
    return ZoneInfo(reader.ask(country_zone))


def steps(reader: CachedReader, state: State) -> Balance:
    """Account of the year shown step by step; in steps of years, of all years."""
    years = reader.years() if state.step == "year" else [state.year]
    return reader.balance(
        state.territory,
        date(years[0], state.first_month, 1),
        date(years[-1] + 1, state.first_month, 1),
        state.step,
        state.boundary,
        state.basis,
    )


def _history_years(reader: CachedReader, year: int) -> list[int]:
    first = max(year - _YEARS + 1, reader.years()[0])
    return list(range(first, year + 1))


def load(reader: CachedReader, state: State) -> View:
    """Read the period shown and the same one of the years before it."""
    years = _history_years(reader, state.year)
    balance, periods = _of_years(reader, state, years)
    return View(
        balance=balance,
        period=periods[-1],
        history=tuple(zip(years, periods, strict=True)),
    )


def every_year(reader: CachedReader, state: State) -> list[tuple[int, Period]]:
    """Read the period shown in every year with an account."""
    years = reader.years()
    return list(zip(years, _of_years(reader, state, years)[1], strict=True))


def _of_years(
    reader: CachedReader, state: State, years: Sequence[int]
) -> tuple[Balance, list[Period]]:
    """Read the same period of years that follow each other, and the last answer."""
    if state.account_step == "year":
        balance = reader.balance(
            state.territory,
            date(years[0], state.first_month, 1),
            date(years[-1] + 1, state.first_month, 1),
            "year",
            state.boundary,
            state.basis,
        )
        return balance, balance["periods"]
    answers = [_one_period(reader, state, year) for year in years]
    return answers[-1], [answer["periods"][0] for answer in answers]


def prefetch(reader: CachedReader) -> None:
    """Ask what the first view of each year needs, so that nobody waits for it."""
    years = reader.years()
    if not years:
        return
    first = geography(reader).codes()[0]
    for year in reversed(years):
        state = State(territory=first, year=year, seen=reader.shown())
        load(reader, state)
        steps(reader, state)
        reader.flows(state.territory, *state.question)
        reader.balances(state.level, *state.question)


def _one_period(reader: CachedReader, state: State, year: int) -> Balance:
    then = state.with_changes(year=year)
    return reader.balance(
        then.territory,
        then.start,
        then.end,
        then.account_step,
        then.boundary,
        then.basis,
    )
