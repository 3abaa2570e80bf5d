"""From one definition to another, and to what others published."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dash import Input, Output

from ewater.dashboard import format as fmt
from ewater.dashboard import view
from ewater.dashboard.components import choice, select
from ewater.dashboard.exhibits import Column, Exhibit, Sheet
from ewater.dashboard.figures.bridge import bridge as waterfall
from ewater.dashboard.figures.bridge import height_of
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import item_label
from ewater.dashboard.pages.indicators import asked
from ewater.dashboard.questions.views import bridge, bridges, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_PUBLISHED = "published:"
_FIRST = "losses"


def known(reader: CachedReader, state: State) -> dict[str, dict[str, Any]]:
    """Bridges of this territory and year by code; published ones only if published."""
    published = {p["item"] for p in reader.published(state.territory, state.year)}
    found = {}
    for one in reader.ask(bridges):
        item = one["to"].removeprefix(_PUBLISHED)
        if not one["to"].startswith(_PUBLISHED):
            found[one["code"]] = one
        elif item in published and asked.is_year(state):
            found[f"{_PUBLISHED}{item}"] = one
    return found


def chosen(reader: CachedReader, state: State) -> str:
    """Code of the bridge in the address; the first one if there is no such."""
    offered = known(reader, state)
    given = state.get("bridge")
    return given if given in offered else next(iter(offered), "")


def name_of(one: Mapping[str, Any], lang: Language) -> str:
    """Name a bridge."""
    if one["title"]:
        return lang.pick(one["title"])
    return item_label(str(one["to"]).removeprefix(_PUBLISHED), lang)


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Start, lines and end; the lines add up to the difference."""
    say = lang.gettext
    code = chosen(reader, state)
    one = known(reader, state).get(code)
    if one is None:
        return Sheet(say("Bridge"), (), (), empty=say("There is no bridge to choose."))
    found = reader.ask(
        bridge, one["from"], one["to"], state.territory, state.start, state.end,
        state.basis,
    )  # fmt: skip
    period = found["periods"][0]
    unit = found["unit"]
    rows = [
        {
            "line": _cell_name(reader, state, one["from"], lang),
            "value": asked.scaled(period["from"], unit),
            "expanded": None,
            "end": True,
            "total": True,
            "cell": one["from"],
        },
        *(
            {
                "line": lang.pick(line["label"]),
                "value": asked.scaled(line["value"], unit),
                "expanded": _expanded(line["u"], unit),
                "missing": ", ".join(line["missing"][:6]) or None,
                "end": False,
            }
            for line in period["lines"]
        ),
        {
            "line": _cell_name(reader, state, one["to"], lang),
            "value": asked.scaled(period["to"], unit),
            "expanded": None,
            "end": True,
            "total": True,
            "cell": None if one["to"].startswith(_PUBLISHED) else one["to"],
        },
    ]
    shown = lang.unit(asked.shown_unit(unit)[0])
    columns = (
        Column("line", say("Line")),
        Column("value", say("Value"), shown, "number"),
        Column("expanded", fmt.UNCERTAINTY, shown, "number"),
        Column("missing", say("What is missing"), kind="aside"),
    )
    ends = (rows[0]["value"], rows[-1]["value"])
    lacking = sorted({code for line in period["lines"] for code in line["missing"]})
    why = say("A figure at its end is unknown; without data: {flows}.").format(
        flows=", ".join(lacking[:6]) or fmt.DASH
    )
    return Sheet(
        f"{say('Bridge')}: {name_of(one, lang)}",
        columns,
        [] if None in ends else rows,
        empty=why,
        notes=_notes(one, reader, state, lang),
        facts=replace(asked.worth(_ends(reader, state, one)), unit=shown),
        data=shown,
    )


def _ends(
    reader: CachedReader, state: State, one: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Figures at the ends of a bridge; what is published says nothing of itself."""
    found = []
    for name in (one["from"], one["to"]):
        if not name.startswith(_PUBLISHED):
            code, _, cell = name.partition(".")
            asked_of = (code, state.territory, state.start, state.end, state.basis)
            found.append(reader.ask(table, *asked_of)["periods"][0]["cells"][cell])
    return found


def _notes(
    one: Mapping[str, Any], reader: CachedReader, state: State, lang: Language
) -> list[str]:
    say = lang.gettext
    notes = [
        say("Coverage and status are those of the figures at its ends that are ours."),
        say("The lines add up to the difference; what is counted besides comes first."),
        say(
            "Of a share, the numerator changes first, line by line, then the "
            "denominator."
        ),
    ]
    item = str(one["to"]).removeprefix(_PUBLISHED)
    for row in reader.published(state.territory, state.year):
        if one["title"] is None and row["item"] == item:
            words = say("Published: {source}").format(source=row["source"])
            notes.append(f"{words}. {row['note']}" if row["note"] else words)
    if one["title"] is None:
        notes.append(
            say(
                "Unexplained is what no definition accounts for; a difference is not "
                "an error."
            )
        )
    return notes


def _expanded(u: float | None, unit: str) -> float | None:
    half = asked.scaled(u, unit)
    return None if half is None else fmt.EXPANSION * half


def _cell_name(reader: CachedReader, state: State, name: str, lang: Language) -> str:
    """Words of ``VIEW.CELL`` or of a published item."""
    if name.startswith(_PUBLISHED):
        item = item_label(name.removeprefix(_PUBLISHED), lang)
        return lang.gettext("Published: {source}").format(source=item)
    code, _, cell = name.partition(".")
    document = reader.ask(
        table, code, state.territory, state.start, state.end, state.basis
    )
    row = cell.partition(".")[0]
    labels = {r["code"]: lang.pick(r["label"]) for r in document["rows"]}
    return labels.get(row, name)


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the waterfall."""
    return waterfall(shown.rows, shown.data, theme=state.theme, lang=lang)


def controls(state: State, lang: Language) -> list[Any]:
    """Choose the bridge; what there is follows the territory and year."""
    words = lang.gettext("From one definition to another")
    return [
        select(
            choice("bridge"),
            value=state.get("bridge") or _FIRST,
            data=[],
            searchable=True,
            placeholder=words,
            className="indicators-bridge",
            **attributes(aria_label=words),
        )
    ]


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the list of bridges."""

    @app.callback(
        Output(choice("bridge"), "data"),
        Input("state", "data"),
    )
    def offer(data: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        state, lang = view.opened(data)
        return offered(reader, state, lang)


def offered(reader: CachedReader, state: State, lang: Language) -> list[dict[str, Any]]:
    """Bridges by group, as the list wants them."""
    found = known(reader, state)
    groups = (
        (lang.gettext("Between definitions"), False),
        (lang.gettext("To published figures"), True),
    )
    return [
        {"group": words, "items": items}
        for words, published in groups
        if (
            items := [
                {"value": code, "label": name_of(one, lang)}
                for code, one in found.items()
                if code.startswith(_PUBLISHED) == published
            ]
        )
    ]


BRIDGE = Exhibit(
    "bridge",
    mark("Bridge between definitions"),
    mark("What lies between two figures that are taken for one another."),
    "bridge",
    sheet,
    chart,
    height_of(0),
    controls=controls,
)
