"""What the page asks of the reader for one state, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ewater.dashboard.geography import Geography
from ewater.dashboard.state import State

if TYPE_CHECKING:
    from ewater.dashboard.queries import Balance, CachedReader, Period

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
    """Read the period shown and the same one of the years before it."""
    years = _history_years(reader, state.year)
    if state.step == "year":
        balance = reader.balance(
            state.territory,
            date(years[0], 1, 1),
            state.end,
            state.step,
            state.boundary,
        )
        periods = balance["periods"]
    else:
        answers = [_one_period(reader, state, year) for year in years]
        balance = answers[-1]
        periods = [answer["periods"][0] for answer in answers]
    return View(
        balance=balance,
        period=periods[-1],
        history=tuple(zip(years, periods, strict=True)),
    )


def prefetch(reader: CachedReader) -> None:
    """Ask everything the first view needs, so that its visitor does not wait."""
    years = reader.years()
    if not years:
        return
    areas = geography(reader)
    state = State(territory=areas.codes()[0], year=years[-1])
    load(reader, state)
    months(reader, state)
    reader.flows(state.territory, state.start, state.end, state.boundary)
    reader.balances(state.level, state.start, state.end, state.boundary)


def _one_period(reader: CachedReader, state: State, year: int) -> Balance:
    then = state.with_changes(year=year)
    return reader.balance(
        then.territory, then.start, then.end, then.step, then.boundary
    )
