"""The sites and series there are: searched, and chosen by a link."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc

from ewater.dashboard.components import choice, options
from ewater.dashboard.exhibits import Column, Exhibit, Link, Sheet, reasons
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import SITE_KINDS
from ewater.dashboard.pages.series import chosen
from ewater.dashboard.questions import places
from ewater.dashboard.reading_labels import QUANTITIES, word

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

ALL = "all"
_KINDS = MappingProxyType({ALL: mark("Every kind of site"), **SITE_KINDS})
_WORDS = mark("Name, code or organisation")
_KIND = mark("Kind of site")


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Series that the search leaves."""
    say = lang.gettext
    kind = state.pick("kind", _KINDS)
    found = reader.ask(places.found, state.get("find"), "" if kind == ALL else kind)
    shown = state.get("series")
    rows = [
        {
            "site": chosen.site_name(row, lang),
            "series": Link(row["code"], chosen.to_series(state, row["code"])),
            "quantity": word(QUANTITIES, row["quantity"], lang),
            "organisation": row["organisation"],
            "last": row["last_time"],
            "mark": "chosen" if row["code"] == shown else "",
        }
        for row in found
    ]
    columns = (
        Column("site", say("Site")),
        Column("series", say("Series")),
        Column("quantity", say("Quantity")),
        Column("organisation", say("Organisation"), where="file"),
        Column("last", say("Last reading"), kind="time"),
    )
    notes = []
    if found and found[0]["total"] > len(found):
        notes.append(
            say("{shown} of {count}: more words leave fewer.").format(
                shown=lang.number(len(found)), count=lang.number(found[0]["total"])
            )
        )
    return Sheet(
        say("Sites and series"),
        columns,
        rows,
        notes=notes,
        empty=say("No series of yours has all these words."),
    )


def controls(state: State, lang: Language) -> list[Any]:
    """Words to look for, and the kind of site."""
    say = lang.gettext
    return [
        dmc.TextInput(
            id=choice("find"),
            value=state.get("find"),
            placeholder=say(_WORDS),
            debounce=400,
            size="sm",
            className="find-words",
            **attributes(aria_label=say(_WORDS)),
        ),
        dmc.Select(
            id=choice("kind"),
            value=state.pick("kind", _KINDS),
            data=options(_KINDS, lang),
            allowDeselect=False,
            size="sm",
            className="find-kind",
            comboboxProps={"withinPortal": True},
            **attributes(aria_label=say(_KIND)),
        ),
    ]


FIND = Exhibit(
    "find",
    mark("Sites and series"),
    mark("Choose a series by its link."),
    "find",
    sheet,
    controls=controls,
    without=reasons.RECORDS,
)
