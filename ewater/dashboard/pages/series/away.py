"""All readings of the time shown, for the downloads alone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ewater.dashboard.exhibits import Column, Exhibit, Sheet
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.series import chosen, worth
from ewater.dashboard.pages.series.line import ask, flag_words
from ewater.dashboard.questions import whole
from ewater.dashboard.questions.day import tests_of
from ewater.dashboard.reading_labels import LINEAGES, TESTS, word
from ewater.terms import Flag, Lineage

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Every reading with its flag, failed tests, origin and load."""
    say = lang.gettext
    shown = ask(reader, state)
    first, last = shown["days"]
    found = reader.ask(
        whole.readings,
        shown["series"]["code"],
        first,
        last,
        chosen.calendar(state),
        state.as_of,
    )
    zone = ZoneInfo(found["zone"])
    flags = {int(f): flag_words(f.name.lower(), lang) for f in Flag}
    origins = {int(o): word(LINEAGES, o.name.lower(), lang) for o in Lineage}
    tests = {
        bits: ", ".join(word(TESTS, name, lang) for name in tests_of(bits))
        for bits in set(found["failed"].tolist())
    }
    names = ("time", "value", "flag", "failed", "lineage", "load")
    columns_of = (found[name].tolist() for name in names)
    rows = [
        {
            "time": dt.datetime.fromtimestamp(time / 1e6, zone),
            "value": value,
            "flag": flags[flag],
            "tests": tests[failed],
            "lineage": origins[lineage],
            "load": load,
        }
        for time, value, flag, failed, lineage, load in zip(*columns_of, strict=True)
    ]
    unit = chosen.unit(shown["series"]["unit"], lang)
    columns = (
        Column("time", say("Time"), found["zone"], "time"),
        Column("value", say("Value"), unit, "number", shown["series"]["factor"]),
        Column("flag", say("Flag")),
        Column("tests", say("What speaks against it")),
        Column("lineage", say("Origin")),
        Column("load", say("Load"), kind="number", digits=0),
    )
    return Sheet(
        chosen.title(shown["series"], lang),
        columns,
        rows,
        empty=say("This series has no reading in the time shown."),
        facts=worth.facts(
            shown["series"], unit, shown["observed"], lang, shown.get("lineage")
        ),
    )


READINGS = Exhibit(
    "readings",
    mark("Readings"),
    mark("Every one of the time shown."),
    "readings",
    sheet,
    on_page=False,
)
