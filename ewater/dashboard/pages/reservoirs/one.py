"""One reservoir through the year: storage, capacity, dead volume, what is usual."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.dashboard import format as fmt
from ewater.dashboard.exhibits import Column, Exhibit, Facts, Link, Sheet
from ewater.dashboard.figures.hydrograph import Band, Drawing
from ewater.dashboard.figures.hydrograph import hydrograph as drawn
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.reservoirs.all import ask, known_of, name_of
from ewater.dashboard.pages.series import chosen as series_page
from ewater.dashboard.questions import stored
from ewater.units import HM3

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Row = dict[str, Any]

_QUANTILES = ("min", "p10", "p50", "p90", "max")
_LINES = {
    "min_max": mark("least to largest of past years"),
    "p10_p90": mark("10 to 90 % of past years"),
    "median": mark("median of past years"),
}


def chosen(reader: CachedReader, state: State) -> Row | None:
    """Give the reservoir of the address, else the largest of the territory."""
    found = ask(reader, state)
    by_code = {row["site"]: row for row in found}
    if state.get("reservoir") in by_code:
        return by_code[state.get("reservoir")]
    return max(found, key=lambda row: row["capacity"] or 0.0, default=None)


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Storage of each day of the year, with the same day of past years."""
    say = lang.gettext
    one = chosen(reader, state)
    title = say("Storage through the year")
    if one is None:
        return Sheet(title, (), (), empty=say("No reservoir of yours lies here."))
    first = dt.date(state.year, state.first_month, 1)
    last = dt.date(state.year + 1, state.first_month, 1)
    found = reader.ask(stored.storage, one["site"], first, last, state.calendar)
    rows = _rows(found, one, state)
    known = [row for row in rows if row["stored"]["value"] is not None]
    columns = (
        Column("day", say("Day"), kind="date"),
        Column("stored", say("Storage"), kind="quantity"),
        Column("min", say("Past years, least"), kind="volume"),
        Column("p10", "10 %", kind="volume"),
        Column("p50", say("Past years, median"), kind="volume"),
        Column("p90", "90 %", kind="volume"),
        Column("max", say("Past years, largest"), kind="volume"),
        Column("series", say("Series")),
    )
    years = [past[5] for past in found["past"] if past]
    notes = [
        say("Daily means of the whole reservoir, as they are known now."),
        say(
            "± U of what is stored: of level and storage curve. The bands of past "
            "years are how far these differ; their own uncertainty is not in them."
        ),
    ]
    if years:
        span = f"{min(years)}–{max(years)}"
        notes.append(
            say("Past years before the one shown: {years}.").format(years=span)
        )
    else:
        notes.append(say("There are fewer than three past years to say what is usual."))
    return Sheet(
        f"{name_of(one, lang)}: {title}",
        columns,
        rows if known or years else [],
        notes=notes,
        empty=say("No storage is known in this year."),
        facts=Facts(coverage=len(known) / len(rows), statuses={"measured": 1.0}),
        data=(one, found),
    )


def _rows(found: Row, one: Row, state: State) -> list[Row]:
    """Lay the answer out by day; the series of a day leads to its readings."""
    keys = ("day", "stored", "u", "series", "past")
    rows = []
    for day, stored_, u, series, past in zip(*map(found.get, keys), strict=True):
        there = series and series_page.address(state, series=series, day=day)
        rows.append(
            {
                "day": dt.date.fromisoformat(day),
                "stored": known_of(stored_, u, series or one["site"]),
                "series": there and Link(series, there),
                **dict(zip(_QUANTILES, past or (), strict=False)),
            }
        )
    return rows


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the storage between dead volume and capacity."""
    one, found = shown.data
    days = np.array(found["day"], dtype="M8[D]")
    noon = (days.astype("M8[us]") + np.timedelta64(12, "h")).astype(np.int64)
    value, u = (
        np.array([np.nan if v is None else v for v in found[key]], np.float64)
        for key in ("stored", "u")
    )
    known = np.isfinite(value)
    time = noon[known]
    levels = [
        (f"{lang.gettext(words)}: {lang.number(one[key] / HM3)}", one[key] / HM3)
        for key, words in (("capacity", _CAPACITY), ("dead", _DEAD))
        if one[key]
    ]
    drawing = Drawing(
        name=name_of(one, lang),
        unit="hm³",
        zone="UTC",
        ends=(int(noon[0]), int(noon[-1])),
        time=time,
        value=value[known] / HM3,
        half=fmt.EXPANSION * u[known] / HM3,
        broken=np.concatenate([[False], np.diff(time) > 1.5 * 86_400e6])[: len(time)],
        band=_band(noon, found["past"]),
        words={name: lang.gettext(text) for name, text in _LINES.items()},
        levels=levels,
    )
    return drawn(drawing, theme=state.theme, lang=lang)


_CAPACITY, _DEAD = mark("Capacity"), mark("Dead volume")


def _band(noon: NDArray[np.int64], past: list[tuple[float, ...] | None]) -> Band | None:
    if not any(past):
        return None
    unknown = (np.nan,) * 5
    table = np.array([(one or unknown)[:5] for one in past]).T / HM3
    low, p10, p50, p90, high = table
    return Band(time=noon, low=low, p10=p10, p50=p50, p90=p90, high=high)


ONE = Exhibit(
    "one",
    mark("Storage through the year"),
    mark("Against capacity, dead volume and the same day of past years."),
    "one",
    sheet,
    chart,
    height=400,
)
