"""What a page shows, as the query of its address and back.

Everything a viewer can choose is here, so that a link restores the view and
the browser's Back works. A link that names something this country does not
have shows the nearest thing that exists, and says so.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from ewater.dashboard.answers import Basis
from ewater.dashboard.labels import LEVELS, MEASURES, STEPS, VERSIONS
from ewater.errors import UsageError
from ewater.terms import BOUNDARIES, SECTORS
from ewater.written import LANGUAGES, as_typed, typed_day

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

THEMES = ("light", "dark")
YEAR = "1-12"
SEEN = "seen"  # in the address of a download: the state of the data of its page

#: The year, its quarters, months and thirds of months: first month, last month and
#: number of the ten days, 0 for whole months.
PERIODS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        f"{first}-{first + width - 1}": (first, first + width - 1, 0)
        for width in (12, 3, 1)
        for first in range(1, 13, width)
    }
    | {f"{m}.{third}": (m, m, third) for m in range(1, 13) for third in (1, 2, 3)}
)
_STEPS = {12: "year", 3: "quarter", 1: "month"}
_CHOICES: Mapping[str, Collection[str]] = {
    "boundary": tuple(BOUNDARIES),
    "measure": tuple(MEASURES),
    "level": tuple(LEVELS),
    "step": tuple(STEPS),
    "sector": ("", *SECTORS),
    "version": tuple(VERSIONS),
    "lang": LANGUAGES,
    "theme": THEMES,
}
_ALWAYS = ("boundary", "measure", "level", "lang", "theme")
_MORE = re.compile(r"[a-z][a-z0-9_]{0,30}")
_LAST_YEAR = 9998
_LONGEST = 200  # characters of a page's own choice
_UNTYPED = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # no text: nobody types it
_FIRST_DAY_OF_TEN = (1, 1, 11, 21)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One view of the dashboard.

    ``calendar`` is a code of the country, empty for its first one, whose year
    begins in ``first_month``; ``as_of`` is ISO 8601 with its offset, or empty for
    now; ``sector`` is empty for all; ``more`` are choices of single pages.
    ``seen`` is the state of the data that an open page shows where ``as_of`` is empty,
    so that all of it is of one run; an address that is shared does not carry it.
    """

    territory: str
    year: int
    period: str = YEAR
    boundary: str = "managed"
    measure: str = "use"
    level: str = "basin"
    calendar: str = ""
    first_month: int = 1
    step: str = "month"
    sector: str = ""
    version: str = "raw"
    as_of: str = ""
    lang: str = "en"
    theme: str = "light"
    more: tuple[tuple[str, str], ...] = ()
    seen: str = field(default="", compare=False)
    dropped: tuple[str, ...] = field(default=(), compare=False)

    @property
    def months(self) -> tuple[int, int]:
        """First and last month of the period."""
        return PERIODS[self.period][:2]

    @property
    def start(self) -> date:
        """First day of the period."""
        first, _, third = PERIODS[self.period]
        month = self.first_month if self.period == YEAR else first
        return date(self._year_of(month), month, _FIRST_DAY_OF_TEN[third])

    @property
    def end(self) -> date:
        """First day after the period."""
        if self.period == YEAR:
            return date(self.year + 1, self.first_month, 1)
        _, last, third = PERIODS[self.period]
        if third in (1, 2):
            return self.start.replace(day=_FIRST_DAY_OF_TEN[third + 1])
        return month_after(self._year_of(last), last)

    @property
    def account_step(self) -> str:
        """Step of the account that has this period."""
        first, last, third = PERIODS[self.period]
        return "decade" if third else _STEPS[last - first + 1]

    @property
    def basis(self) -> Basis:
        """What the account is computed on."""
        return Basis(self.calendar, self.as_of or self.seen, self.version)

    @property
    def question(self) -> tuple[date, date, str, Basis]:
        """Period, boundary and basis, as the reader is asked."""
        return self.start, self.end, self.boundary, self.basis

    def get(self, name: str, default: str = "") -> str:
        """Choice of a page, by its name."""
        return dict(self.more).get(name, default)

    def pick(self, name: str, allowed: Collection[str]) -> str:
        """Choice of a page among those allowed; the first of them by default."""
        given = self.get(name)
        return given if given in allowed else next(iter(allowed))

    def with_changes(self, **changes: Any) -> State:
        """Copy with some choices replaced; what was dropped is forgotten."""
        return replace(self, **{"dropped": (), **changes})

    def with_more(self, name: str, value: str) -> State:
        """Copy with a choice of a page; an empty one is taken away."""
        rest = {k: v for k, v in self.more if k != name}
        pairs = {**rest, name: value} if value else rest
        return self.with_changes(more=tuple(sorted(pairs.items())))

    def query(self) -> str:
        """Write the view as the query of an address, in a fixed order."""
        given = asdict(self)
        default = asdict(State(territory=self.territory, year=self.year))
        pairs = {
            "territory": self.territory,
            "year": str(self.year),
            "months": self.period,
            **{name: given[name] for name in _ALWAYS},
        }
        for name in ("calendar", "step", "sector", "version", "as_of"):
            if given[name] != default[name]:
                pairs[name] = given[name]
        return "?" + urlencode({**pairs, **dict(self.more)})

    def query_of_run(self) -> str:
        """Write the view as `query` does, with the state of the data it is of."""
        return self.query() + ("&" + urlencode({SEEN: self.seen}) if self.seen else "")

    def to_store(self) -> dict[str, Any]:
        """Plain data for the browser, with the query that says the same."""
        return {**asdict(self), "query": self.query()}

    @classmethod
    def from_store(cls, data: Mapping[str, Any]) -> State:
        """Read back what `to_store` wrote and JSON carried, or somebody made up.

        Raises
        ------
        UsageError
            It was not written here.
        """
        try:
            return cls(**_checked(data))
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"this is no state of a view: {error!r}") from error

    def _year_of(self, month: int) -> int:
        """Civil year in which a month of the year shown lies."""
        return self.year + (month < self.first_month)


def month_after(year: int, month: int) -> date:
    """First day of the month that follows one."""
    return date(year + month // 12, month % 12 + 1, 1)


def as_of_text(text: str) -> str:
    """Check a time as of which the data are shown; empty is now.

    Raises
    ------
    ValueError
        Not ISO 8601 with an offset.
    """
    if text and datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(text)
    return text


def as_of_typed(text: str) -> str:
    """Read such a time as a person writes it: without an offset it is UTC.

    Examples
    --------
    >>> as_of_typed("2024-03-31 12:00 UTC"), as_of_typed("2024-03-31T00:00+04:00")
    ('2024-03-31T12:00:00+00:00', '2024-03-31T00:00+04:00')
    >>> as_of_typed("31.03.2024 12:00")
    '2024-03-31T12:00:00+00:00'
    """
    text = as_typed(text).removesuffix("UTC").rstrip()
    if text and (moment := datetime.fromisoformat(text)).tzinfo is None:
        return moment.replace(tzinfo=UTC).isoformat()
    return as_of_text(text)


def as_of_shown(text: str, lang: str = "en") -> str:
    """Write such a time as a person would type it; one of another offset stays.

    Examples
    --------
    >>> as_of_shown("2024-03-31T12:00:00+00:00"), as_of_shown("2024-03-31T00:00+04:00")
    ('2024-03-31 12:00 UTC', '2024-03-31T00:00+04:00')
    >>> as_of_shown("2024-03-31T12:00:00+00:00", "az")
    '31.03.2024 12:00 UTC'
    """
    if not text or (moment := datetime.fromisoformat(text)).utcoffset():
        return text
    exact = moment.time().isoformat().removesuffix(":00")
    return f"{typed_day(moment.date(), lang)} {exact} UTC"


def _checked(data: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a state, each of which could have come from an address."""
    for key, allowed in {**_CHOICES, "period": PERIODS}.items():
        _one_of(data[key], allowed)
    more = tuple((str(k), str(v)) for k, v in data["more"])
    if not all(_MORE.fullmatch(k) and _typed(v) == v for k, v in more):
        raise ValueError("more")
    year, month = int(data["year"]), int(data["first_month"])
    if not (0 <= year <= _LAST_YEAR and 1 <= month <= 12):
        raise ValueError("year")
    return {
        **{key: data[key] for key in (*_CHOICES, "period")},
        **{key: str(data[key]) for key in ("territory", "calendar")},
        "as_of": as_of_text(str(data["as_of"])),
        "seen": as_of_text(str(data.get("seen", ""))),
        "year": year,
        "first_month": month,
        "more": more,
        "dropped": tuple(str(text)[:_LONGEST] for text in data["dropped"]),
    }


def _one_of(text: str, allowed: Collection[str]) -> str:
    if text not in allowed:
        raise ValueError(text)
    return text


def _typed(text: str) -> str:
    """Check a page's own choice: as long as one is, and of signs that are typed."""
    if len(text) > _LONGEST or _UNTYPED.search(text):
        raise ValueError(text)
    return text


def parse(
    search: str | None,
    *,
    territories: Sequence[str],
    years: Sequence[int],
    lang: str = "en",
    calendars: Mapping[str, int] = MappingProxyType({}),
    seen: str = "",
) -> State:
    """Read the query of an address.

    Parameters
    ----------
    search
        With or without its question mark.
    territories
        Codes that exist; the first one is shown when none is named.
    years
        Years with an account, ascending; the last one is the default.
    lang
        Language of the browser.
    calendars
        First month of the year by code of calendar; the first one is the default.
    seen
        State of the data to show where the address names none.
    """
    given = {k: v[-1] for k, v in parse_qs((search or "").lstrip("?")).items()}
    given.pop(SEEN, None)
    chosen: dict[str, Any] = {
        "seen": seen,
        "territory": territories[0],
        "year": years[-1],
        "lang": lang if lang in LANGUAGES else "en",
    }
    dropped, more = [], {}
    for key, text in given.items():
        try:
            if key == "year":
                chosen[key] = int(_one_of(text, [str(year) for year in years]))
            elif key == "months":
                chosen["period"] = _one_of(text, PERIODS)
            elif key == "calendar":
                chosen |= calendar_choice(_one_of(text, calendars), calendars)
            elif key == "as_of":
                chosen[key] = as_of_text(text)
            elif key == "territory" or key in _CHOICES:
                chosen[key] = _one_of(text, _CHOICES.get(key, territories))
            elif _MORE.fullmatch(key):
                more[key] = _typed(text)
        except ValueError:
            dropped.append(f"{key}={text[:40]}")
    chosen["more"] = tuple(sorted(more.items()))
    return State(**chosen, dropped=tuple(dropped))


def calendar_choice(code: str, calendars: Mapping[str, int]) -> dict[str, Any]:
    """Fields of the state for a calendar; the first one is the unnamed default."""
    default = next(iter(calendars), "")
    named = "" if code == default else code
    return {"calendar": named, "first_month": calendars.get(code, 1)}
