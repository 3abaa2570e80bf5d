"""What the page asks of the reader for one state, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ewater.dashboard.geography import Geography

if TYPE_CHECKING:
    from ewater.dashboard.queries import Balance, CachedReader, Period
    from ewater.dashboard.state import State

_YEARS = 5  # the year shown and the four before it


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The period shown, the same period of earlier years, and their account."""

    balance: Balance
    period: Period
    history: tuple[tuple[int, Period | None], ...]

    @property
    def before(self) -> Period | None:
        """The same period of the year before."""
        return self.history[-2][1] if len(self.history) > 1 else None


def geography(reader: CachedReader) -> Geography:
    """Territories of the country, prepared once per state of the data."""
    made: Geography = reader.derived(
        "geography", lambda: Geography(reader.territories())
    )
    return made


def months(reader: CachedReader, state: State) -> Balance:
    """Account of every month of the year shown."""
    return reader.balance(
        state.territory,
        date(state.year, 1, 1),
        date(state.year + 1, 1, 1),
        "month",
        state.boundary,
    )


def _history_years(reader: CachedReader, year: int) -> list[int]:
    first = max(year - _YEARS + 1, reader.years()[0])
    return list(range(first, year + 1))


def load(reader: CachedReader, state: State) -> View:
    """Read the period shown and those before it.

    A whole year comes with its history in one question. Part of a year is asked
    for all territories of the kind at once, which the map asks for as well.
    """
    years = _history_years(reader, state.year)
    if state.is_whole_year:
        balance = reader.balance(
            state.territory,
            date(years[0], 1, 1),
            date(state.year + 1, 1, 1),
            "year",
            state.boundary,
        )
        periods: list[Period | None] = list(balance["periods"])
    else:
        balance = months(reader, state)
        kind = geography(reader).kind(state.territory)
        periods = [
            reader.balances(
                kind,
                state.start.replace(year=year),
                state.end.replace(year=year + state.end.year - state.year),
                state.boundary,
            ).get(state.territory)
            for year in years
        ]
    period = periods[-1]
    if period is None:
        raise LookupError(f"no account of {state.territory} in {state.year}")
    return View(
        balance=balance,
        period=period,
        history=tuple(zip(years, periods, strict=True)),
    )
