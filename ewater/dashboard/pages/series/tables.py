"""Readings of a day, versions of one reading, then against now, what people did."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ewater.dashboard.exhibits import Column, Exhibit, Link, Sheet, reasons
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.series import chosen, worth
from ewater.dashboard.pages.series.line import ask, flag_words
from ewater.dashboard.questions import changes
from ewater.dashboard.questions import day as days
from ewater.dashboard.reading_labels import (
    APPROVALS,
    LINEAGES,
    LOADS,
    TESTS,
    word,
)
from ewater.store.instants import instant
from ewater.terms import Flag, Lineage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Row = dict[str, Any]

_MOMENT = re.compile(r"-?[0-9]{1,16}")  # us since 1970; longer ones are no time


def of_day(reader: CachedReader, state: State) -> Row:
    """Ask for the readings of the day chosen."""
    found: Row = reader.ask(
        days.day,
        chosen.code(reader, state),
        chosen.day(state, ask(reader, state)),
        chosen.calendar(state),
        state.as_of,
    )
    return found


def day_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Every reading of the day, and the times at which one is due."""
    say = lang.gettext
    found = of_day(reader, state)
    unit = chosen.unit(found["series"]["unit"], lang)
    known = [row for row in found["rows"] if row["si"] is not None]
    columns = (
        Column("time", say("Time")),
        Column("si", say("Value"), unit, "number", found["series"]["factor"], 3),
        Column("flag", say("Flag")),
        Column("tests", say("What speaks against it"), kind="aside"),
        Column("lineage", say("Origin")),
        Column("approval", say("Looked at")),
        Column("versions", say("Versions"), kind="number", digits=0),
        Column("source", say("Brought by"), kind="aside"),
    )
    notes = [
        say("The day has {hours} hours.").format(hours=lang.number(found["hours"], 0))
    ]
    return Sheet(
        f"{found['series']['code']}, {lang.day(dt.date.fromisoformat(found['date']))}",
        columns,
        [
            _of_day(row, time, state, lang)
            for row, time in zip(found["rows"], clocks(found["rows"]), strict=True)
        ],
        notes=notes,
        empty=say("No reading is due on this day, and there is none."),
        facts=worth.facts(
            found["series"],
            unit,
            len(known) / len(found["rows"]) if found["rows"] else None,
            lang,
        ),
    )


def _of_day(row: Row, time: str, state: State, lang: Language) -> Row:
    there = "flag" in row
    link = chosen.address(state, at=str(row["time"]))
    return {
        "time": Link(time, link) if row["versions"] else time,
        "si": row["si"],
        "flag": flag_words(row["flag"] if there else "missing", lang),
        "tests": ", ".join(word(TESTS, name, lang) for name in row.get("tests", ())),
        "lineage": word(LINEAGES, row["lineage"], lang) if there else None,
        "approval": word(APPROVALS, row["approval"], lang) if there else None,
        "versions": row["versions"] or None,
        "source": row.get("source"),
    }


def clocks(rows: Sequence[Row]) -> list[str]:
    """Time of day of each row, with its offset where clocks are set on that day.

    Examples
    --------
    >>> clocks([{"local": "2015-10-25T04:30:00+05:00"}])
    ['04:30']
    """
    moments = [dt.datetime.fromisoformat(row["local"]) for row in rows]
    seconds = "%H:%M:%S" if any(moment.second for moment in moments) else "%H:%M"
    if len({moment.utcoffset() for moment in moments}) > 1:
        seconds += " %:z"
    return [_written(moment, seconds) for moment in moments]


def _written(moment: dt.datetime, form: str) -> str:
    offset = moment.strftime("%z")
    return moment.strftime(form.replace("%:z", f"{offset[:3]}:{offset[3:]}"))


def versions_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Everything that was ever said of the reading chosen."""
    say = lang.gettext
    title = say("Versions of a reading")
    at = state.get("at")
    if not _MOMENT.fullmatch(at):
        why = say("Choose a reading by its time in the list of the day.")
        return Sheet(title, (), (), calm=why)
    found = of_day(reader, state)
    factor, unit = found["series"]["factor"], chosen.unit(found["series"]["unit"], lang)
    listed = reader.ask(days.versions, found["series"]["code"], int(at))
    zone = _zone(reader, state)
    rows = [
        {
            "recorded": instant(row["recorded_from"]).astimezone(zone),
            "what": word(LOADS, row["what"], lang),
            "value": row["value"],
            "flag": None if row["flag"] is None else _flag(row["flag"], lang),
            "lineage": None
            if row["lineage"] is None
            else word(LINEAGES, Lineage(int(row["lineage"])).name.lower(), lang),
            "who": row["by"],
            "why": row["why"],
        }
        for row in listed
    ]
    columns = (
        Column("recorded", say("Recorded"), kind="time"),
        Column("what", say("Act")),
        Column("value", say("Value"), unit, "number", factor, 3),
        Column("flag", say("Flag")),
        Column("lineage", say("Origin")),
        Column("who", say("Who")),
        Column("why", say("File or reason"), kind="aside"),
    )
    moment = instant(int(at)).astimezone(zone)
    return Sheet(
        f"{title}: {lang.moment(moment)}",
        columns,
        rows,
        empty=say("There never was a reading at this time."),
    )


def _flag(code: float, lang: Language) -> str:
    return flag_words(Flag(int(code)).name.lower(), lang)


def _zone(reader: CachedReader, state: State) -> ZoneInfo:
    return ZoneInfo(ask(reader, state)["zone"])


def then_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List readings that are other now than at the time that is shown."""
    say = lang.gettext
    title = say("Then and now")
    if not state.as_of:
        why = say("Give a time in “As known at” to compare what was known then.")
        return Sheet(title, (), (), calm=why)
    shown = ask(reader, state)
    first, last = shown["days"]
    found = reader.ask(
        changes.since,
        shown["series"]["code"],
        first,
        last,
        state.as_of,
        chosen.calendar(state),
    )
    zone = ZoneInfo(shown["zone"])
    unit, factor = chosen.unit(shown["series"]["unit"], lang), shown["series"]["factor"]
    rows = [
        {
            "time": instant(row["time"]).astimezone(zone),
            "then": row["then"],
            "now": row["now"],
            "recorded": instant(row["recorded"]).astimezone(zone)
            if "recorded" in row
            else None,
            "what": word(LOADS, row["kind"], lang) if "kind" in row else None,
            "who": row.get("by"),
            "why": row.get("source"),
        }
        for row in found["rows"]
    ]
    columns = (
        Column("time", say("Time"), kind="time"),
        Column("then", say("Then"), unit, "number", factor, 3),
        Column("now", say("Now"), unit, "number", factor, 3),
        Column("recorded", say("Recorded"), kind="time"),
        Column("what", say("Act")),
        Column("who", say("Who")),
        Column("why", say("File or reason"), kind="aside"),
    )
    notes = [
        say(
            "{changed} readings have another value now, {new} are new, {gone} are gone."
        ).format(
            **{name: lang.number(found[name]) for name in ("changed", "new", "gone")}
        )
    ]
    return Sheet(
        title,
        columns,
        rows,
        notes=notes,
        calm=say("Nothing has changed since then."),
    )


def acts_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List what people edited and decided in the time shown."""
    say = lang.gettext
    shown = ask(reader, state)
    first, last = shown["days"]
    listed = reader.ask(
        changes.acts,
        shown["series"]["code"],
        first,
        last,
        chosen.calendar(state),
        state.as_of,
    )
    zone = ZoneInfo(shown["zone"])
    rows = [
        {
            "at": row["at"].astimezone(zone),
            "what": word(LOADS, row["what"], lang),
            "starts": row["starts"].astimezone(zone),
            "ends": row["ends"].astimezone(zone),
            "readings": None if row["readings"] is None else int(row["readings"]),
            "flag": None if row["flag"] is None else _flag(row["flag"], lang),
            "who": row["who"],
            "why": row["reason"],
        }
        for row in listed
    ]
    columns = (
        Column("at", say("Recorded"), kind="time"),
        Column("what", say("Act")),
        Column("starts", say("Begins"), kind="time"),
        Column("ends", say("Ends"), kind="time"),
        Column("readings", say("Readings"), kind="number", digits=0),
        Column("flag", say("Flag")),
        Column("who", say("Who")),
        Column("why", say("Reason"), kind="aside"),
    )
    return Sheet(
        say("What people did"),
        columns,
        rows,
        calm=say("Nobody has edited or approved readings in the time shown."),
    )


DAY = Exhibit(
    "day",
    mark("Readings of a day"),
    mark("With what speaks against each, where it comes from, and who looked at it."),
    "day",
    day_sheet,
)
VERSIONS = Exhibit(
    "versions",
    mark("Versions of a reading"),
    mark("Nothing that was ever recorded is lost."),
    "versions",
    versions_sheet,
    without=reasons.MOMENTS,
)
THEN = Exhibit(
    "then",
    mark("Then and now"),
    mark("What was known at a time, against what is known now."),
    "then",
    then_sheet,
    without=reasons.MOMENTS,
)
ACTS = Exhibit(
    "acts",
    mark("What people did"),
    mark("Edits, approvals and their reasons, newest first."),
    "acts",
    acts_sheet,
    without=reasons.RECORDS,
)
