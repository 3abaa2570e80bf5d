"""What of the series page is chosen in the address, and how it is named."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ewater.dashboard.i18n import mark
from ewater.dashboard.questions import places
from ewater.dashboard.reading_labels import QUANTITIES, word
from ewater.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

PATH = "/series"
SPANS: Mapping[str, str] = MappingProxyType(
    {"period": mark("Period"), "five": mark("Five years"), "all": mark("All")}
)
DETAILS: Mapping[str, str] = MappingProxyType(
    {
        "suits": mark("As it suits"),
        "readings": mark("Readings"),
        "days": mark("Days"),
    }
)
_POWERS = (("m3", "m³"), ("m2", "m²"), ("s-1", "s⁻¹"), ("km2", "km²"))
NONE_YET = mark("No series of yours has a reading yet.")


def code(reader: CachedReader, state: State) -> str:
    """Series that is shown.

    Raises
    ------
    NotReadyError
        None is chosen, and there is none with readings.
    """
    found = state.get("series") or reader.ask(places.first)
    if not found:
        raise NotReadyError(NONE_YET)
    return str(found)


def days(state: State) -> tuple[dt.date | None, dt.date | None]:
    """First day shown, and the day after the last; None: wherever readings begin."""
    match state.pick("span", SPANS):
        case "all":
            return None, None
        case "five":
            year = state.end.year - 5
            return state.end.replace(year=year, day=min(state.end.day, 28)), state.end
        case _:
            return state.start, state.end


def detail(state: State) -> str:
    """Tell whether readings or days are wanted; empty: what suits."""
    picked = state.pick("detail", DETAILS)
    return "" if picked == "suits" else picked


def day(state: State, shown: Mapping[str, Any]) -> dt.date:
    """Day whose readings are listed: the one chosen, else the last with a reading.

    ``shown`` is the answer of `ewater.dashboard.questions.hydrograph`.
    """
    try:
        return dt.date.fromisoformat(state.get("day"))
    except ValueError:
        pass
    if len(shown["time"]):
        zone = ZoneInfo(shown["zone"])
        last = dt.datetime.fromtimestamp(int(shown["time"][-1]) / 1e6, zone)
        return last.date()
    last_shown: dt.date = shown["days"][1] - dt.timedelta(days=1)
    return last_shown


def calendar(state: State) -> str:
    """Code of the calendar; empty for the first."""
    return state.calendar


def address(state: State, **more: str) -> str:
    """Address of this page with some choices replaced; an empty one is taken away."""
    there = state
    for name, value in more.items():
        there = there.with_more(name, value)
    return PATH + there.query()


def to_series(state: State, series: str) -> str:
    """Address of a series, from any page."""
    return address(state, series=series, day="", at="", find="", kind="")


def unit(text: str, lang: Language) -> str:
    """Write a unit as people do.

    Examples
    --------
    >>> from ewater.dashboard.i18n import language
    >>> unit("m3/s", language("ru")), unit("kg m-3 s-1", language("en"))
    ('м³/с', 'kg m-3 s⁻¹')
    """
    if (said := lang.unit(text)) != text:
        return said
    for plain, written in _POWERS:
        text = text.replace(plain, written)
    return text


def site_name(series: Mapping[str, Any], lang: Language) -> str:
    """Name of a site in a language, else its code."""
    return lang.pick(series, "name_") or str(series["site"])


def title(series: Mapping[str, Any], lang: Language) -> str:
    """Name a series: its site and what it measures."""
    quantity = word(QUANTITIES, series["quantity"], lang)
    return f"{site_name(series, lang)}: {quantity}"


def duration(seconds: float, lang: Language) -> str:
    """Write a length of time in its largest unit."""
    for size, code in ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            amount = seconds / size
            digits = 0 if amount == int(amount) or amount >= 10 else 1
            return f"{lang.number(amount, digits)}\u00a0{lang.unit(code)}"
    return f"{lang.number(seconds)}\u00a0{lang.unit('s')}"
