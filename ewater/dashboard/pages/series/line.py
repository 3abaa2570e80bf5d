"""The hydrograph: what a series measured, what is usual, what is doubted."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from ewater.dashboard.components import segments
from ewater.dashboard.exhibits import Column, Exhibit, Sheet
from ewater.dashboard.figures.hydrograph import Band, Drawing
from ewater.dashboard.figures.hydrograph import hydrograph as drawn
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.series import chosen, worth
from ewater.dashboard.questions import band as bands
from ewater.dashboard.questions import hydrograph as questions
from ewater.dashboard.reading_labels import FLAG_SIGNS, FLAGS, word
from ewater.terms import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Answer = dict[str, Any]

_LISTED = 100  # points in the table; a download has them all
_SPAN = mark("Time shown")
_DETAIL = mark("Readings or days")
_LINES = {
    "min_max": mark("least to largest of past years"),
    "p10_p90": mark("10 to 90 % of past years"),
    "median": mark("median of past years"),
    "range": mark("least and largest of the day"),
    "now": mark("as known now"),
    "suspect": mark("suspect"),
    "failed": mark("failed, not used"),
    "edited": mark("edited by a person"),
}


def ask(reader: CachedReader, state: State, as_of: str | None = None) -> Answer:
    """Ask for the series shown; ``as_of`` replaces that of the state."""
    first, last = chosen.days(state)
    found: Answer = reader.ask(
        questions.hydrograph,
        chosen.code(reader, state),
        first,
        last,
        chosen.calendar(state),
        state.as_of if as_of is None else as_of,
        chosen.detail(state),
    )
    return found


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Points of the line that is drawn."""
    say = lang.gettext
    found = ask(reader, state)
    now = ask(reader, state, "") if state.as_of else None
    series = found["series"]
    unit = unit_of(found, lang)
    usual = _usual(reader, state, found)
    return Sheet(
        chosen.title(series, lang),
        _columns(found, unit, lang),
        _rows(found, lang),
        notes=_notes(found, usual, state, lang),
        empty=say("This series has no reading in the time shown."),
        facts=worth.facts(series, unit, found["observed"], lang, found.get("lineage")),
        data=(found, usual, now),
        most=_LISTED,
    )


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the line over what is usual."""
    found, usual, now = shown.data
    factor = found["series"]["factor"]
    drawing = Drawing(
        name=found["series"]["code"],
        unit=unit_of(found, lang),
        zone=found["zone"],
        ends=found["ends"],
        time=found["time"],
        value=found["value"] / factor,
        broken=found["broken"],
        range=_range(found, factor),
        marks={
            kind: (marks["time"], marks["value"] / factor)
            for kind, marks in found["marks"].items()
        },
        band=usual and _band(found, usual, factor),
        now=None
        if now is None or now["form"] != found["form"]
        else (now["time"], now["value"] / factor, now["broken"]),
        words={name: lang.gettext(words) for name, words in _LINES.items()},
    )
    if drawing.now is not None and state.as_of:
        drawing = replace(drawing, name=lang.gettext("as known then"))
    return drawn(drawing, theme=state.theme, lang=lang)


def unit_of(found: Answer, lang: Language) -> str:
    """Write the unit in which values are shown."""
    unit = chosen.unit(found["series"]["unit"], lang)
    return f"{unit}/{lang.unit('d')}" if found.get("per_day") else unit


def _range(
    found: Answer, factor: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    if not found.get("range"):
        return None
    return found["range"]["min"] / factor, found["range"]["max"] / factor


def _usual(reader: CachedReader, state: State, found: Answer) -> Answer | None:
    """Ask what past years were, where the line can be compared with it."""
    first, last = found["days"]
    counter = found["series"]["quantity"] == "volume" and found["form"] == "readings"
    if counter or state.pick("span", chosen.SPANS) == "all":
        return None
    usual: dict[tuple[int, int], tuple[float, ...]] = reader.ask(
        bands.band, found["series"]["code"], first, chosen.calendar(state)
    )
    if not usual:
        return None
    days = [first + dt.timedelta(days=n) for n in range((last - first).days)]
    return {"days": days, "of": [usual.get((day.month, day.day)) for day in days]}


def _band(found: Answer, usual: Answer, factor: float) -> Band:
    zone = ZoneInfo(found["zone"])
    noon = [
        dt.datetime(day.year, day.month, day.day, 12, tzinfo=zone).timestamp()
        for day in usual["days"]
    ]
    unknown = (np.nan,) * 5
    table = np.array([(one or unknown)[:5] for one in usual["of"]]).T / factor
    low, p10, p50, p90, high = table
    time = (np.array(noon) * 1e6).astype(np.int64)
    return Band(time=time, low=low, p10=p10, p50=p50, p90=p90, high=high)


def _columns(found: Answer, unit: str, lang: Language) -> list[Column]:
    say, factor = lang.gettext, found["series"]["factor"]
    number: dict[str, Any] = {"unit": unit, "kind": "number", "factor": factor}
    if found["form"] == "days":
        columns = [Column("time", say("Day"), kind="date")]
        columns.append(Column("value", say("Value"), **number))
        if found["range"]:
            columns.append(Column("min", say("Least"), **number))
            columns.append(Column("max", say("Largest"), **number))
        return columns
    return [
        Column("time", say("Time"), found["zone"], "time"),
        Column("value", say("Value"), **number),
        Column("flag", say("Flag")),
    ]


def _rows(found: Answer, lang: Language) -> list[dict[str, Any]]:
    zone = ZoneInfo(found["zone"])
    seconds = (found["time"] / 1e6).tolist()
    moments = [dt.datetime.fromtimestamp(second, zone) for second in seconds]
    values = found["value"].tolist()
    if found["form"] == "days":
        # the starts of days; where a day begins late it is still that day
        columns = {name: edge.tolist() for name, edge in found["range"].items()}
        return [
            {
                "time": moment.date(),
                "value": value,
                **{name: column[n] for name, column in columns.items()},
            }
            for n, (moment, value) in enumerate(zip(moments, values, strict=True))
        ]
    words = {int(f): flag_words(f.name.lower(), lang) for f in Flag}
    return [
        {"time": moment, "value": value, "flag": words[flag]}
        for moment, value, flag in zip(
            moments, values, found["flag"].tolist(), strict=True
        )
    ]


def flag_words(flag: str, lang: Language) -> str:
    """Write a flag with its sign, so that colour is never needed."""
    return f"{FLAG_SIGNS[flag]} {word(FLAGS, flag, lang)}"


def _notes(
    found: Answer, usual: Answer | None, state: State, lang: Language
) -> list[str]:
    say, number = lang.gettext, lang.number
    notes = []
    if found["aggregated"]:
        notes.append(
            say("{count} readings are too many to draw one by one: days are shown.")
        )
    elif found["drawn_of"] > len(found["time"]):
        notes.append(
            say(
                "{drawn} of {count} points are drawn; least and largest values and "
                "gaps that can be seen are kept. The download of readings has all."
            )
        )
    if found["bridged"]:
        notes.append(say("{bridged} gaps are too narrow to be drawn."))
    if "flags" in found:
        counts = ", ".join(
            f"{flag_words(flag, lang)} {number(count)}"
            for flag, count in found["flags"].items()
            if count
        )
        notes.append(say("Readings by flag: {flags}.").replace("{flags}", counts))
    years = [one[5] for one in (usual or {}).get("of", []) if one]
    if years:
        notes.append(
            say(
                "Past years: {years} years before the time shown, day by day; "
                "daily means, or volumes of counters, as they are known now."
            ).replace("{years}", f"{min(years)}–{max(years)}")
        )
    elif state.pick("span", chosen.SPANS) != "all":
        notes.append(say("There are fewer than three past years to say what is usual."))
    values = {
        "count": number(found["readings" if found["aggregated"] else "drawn_of"]),
        "drawn": number(len(found["time"])),
        "bridged": number(found["bridged"]),
    }
    for name, value in values.items():
        notes = [note.replace(f"{{{name}}}", value) for note in notes]
    return notes


def controls(state: State, lang: Language) -> list[Any]:
    """How long, and how closely."""
    return [
        segments("span", state.pick("span", chosen.SPANS), chosen.SPANS, lang, _SPAN),
        segments(
            "detail",
            state.pick("detail", chosen.DETAILS),
            chosen.DETAILS,
            lang,
            _DETAIL,
        ),
    ]


LINE = Exhibit(
    "line",
    mark("Hydrograph"),
    mark("The line is broken at gaps. A click on it lists the readings of that day."),
    "line",
    sheet,
    chart,
    height=430,
    controls=controls,
)
