"""What the page shows, as the query of its address and back.

Everything a viewer can choose is here, so that a link restores the view and
the browser's Back works. A link that names something this country does not
have shows the nearest thing that exists, and says so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from ewater.dashboard.i18n import LANGUAGES
from ewater.dashboard.labels import LEVELS, MEASURES
from ewater.terms import BOUNDARIES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

THEMES = ("light", "dark")

#: The year, its quarters and its months, as first and last month.
PERIODS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        f"{first}-{first + width - 1}": (first, first + width - 1)
        for width in (12, 3, 1)
        for first in range(1, 13, width)
    }
)
_STEPS = {12: "year", 3: "quarter", 1: "month"}
_CHOICES: Mapping[str, Collection[str]] = {
    "boundary": tuple(BOUNDARIES),
    "measure": tuple(MEASURES),
    "level": tuple(LEVELS),
    "lang": LANGUAGES,
    "theme": THEMES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One view of the overview page."""

    territory: str
    year: int
    months: tuple[int, int] = (1, 12)
    boundary: str = "managed"
    measure: str = "use"
    level: str = "basin"
    lang: str = "en"
    theme: str = "light"
    dropped: tuple[str, ...] = field(default=(), compare=False)

    @property
    def start(self) -> date:
        """First day of the period."""
        return date(self.year, self.months[0], 1)

    @property
    def end(self) -> date:
        """First day after the period."""
        return month_after(self.year, self.months[1])

    @property
    def period(self) -> str:
        """Key of the period in `PERIODS`."""
        return f"{self.months[0]}-{self.months[1]}"

    @property
    def step(self) -> str:
        """Step of the account that has this period."""
        return _STEPS[self.months[1] - self.months[0] + 1]

    def with_changes(self, **changes: Any) -> State:
        """Copy with some choices replaced; what was dropped is forgotten."""
        return replace(self, **{"dropped": (), **changes})

    def query(self) -> str:
        """Write the view as the query of an address, in a fixed order."""
        pairs = {
            "territory": self.territory,
            "year": str(self.year),
            "months": self.period,
            "boundary": self.boundary,
            "measure": self.measure,
            "level": self.level,
            "lang": self.lang,
            "theme": self.theme,
        }
        return "?" + urlencode(pairs)

    def to_store(self) -> dict[str, Any]:
        """Plain data for the browser."""
        return asdict(self)

    @classmethod
    def from_store(cls, data: Mapping[str, Any]) -> State:
        """Read back what `to_store` wrote and JSON carried."""
        return cls(
            **{
                **data,
                "months": tuple(data["months"]),
                "dropped": tuple(data["dropped"]),
            }
        )


def month_after(year: int, month: int) -> date:
    """First day of the month that follows one."""
    return date(year + month // 12, month % 12 + 1, 1)


def _months(text: str) -> tuple[int, int]:
    return PERIODS[_one_of(text, PERIODS)]


def _year(text: str, years: Sequence[int]) -> int:
    year = int(text)
    if year not in years:
        raise ValueError(text)
    return year


def _one_of(text: str, allowed: Collection[str]) -> str:
    if text not in allowed:
        raise ValueError(text)
    return text


def parse(
    search: str | None,
    *,
    territories: Sequence[str],
    years: Sequence[int],
    lang: str = "en",
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
    """
    given = {k: v[-1] for k, v in parse_qs((search or "").lstrip("?")).items()}
    chosen: dict[str, Any] = {
        "territory": territories[0],
        "year": years[-1],
        "lang": lang if lang in LANGUAGES else "en",
    }
    dropped = []
    for key, text in given.items():
        try:
            if key == "year":
                chosen[key] = _year(text, years)
            elif key == "months":
                chosen[key] = _months(text)
            elif key == "territory" or key in _CHOICES:
                chosen[key] = _one_of(text, _CHOICES.get(key, territories))
        except ValueError:
            dropped.append(f"{key}={text[:40]}")
    return State(**chosen, dropped=tuple(dropped))
