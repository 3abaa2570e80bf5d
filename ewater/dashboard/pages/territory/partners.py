"""What the territory exchanges with those around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import view
from ewater.dashboard.exhibits import Column, Exhibit, Sheet
from ewater.dashboard.figures.partners import partners
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import account_label
from ewater.dashboard.naming import territory_name
from ewater.dashboard.questions.network import exchanges

if TYPE_CHECKING:
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State


def partner_name(one: dict[str, Any], geography: Geography, lang: Language) -> str:
    """Name a partner: a territory, a country, or the sea."""
    code, kind = one["partner"], one["kind"]
    if kind == "neighbour":
        return lang.country(code)
    if kind == "sea":
        return account_label("sea", lang)
    return territory_name(code, geography, lang)


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Partners, the largest exchange first."""
    say = lang.gettext
    geography = view.geography(reader)
    found = reader.ask(exchanges, state.territory, *state.question)
    rows = [
        {
            "name": partner_name(one, geography, lang),
            "received": None if one["apportioned"] else one["received"],
            "given": None if one["apportioned"] else one["given"],
            "net": one["net"],
            "note": say("only the net is defined: a shared reach lies between")
            if one["apportioned"]
            else None,
            "cell": f"balance.neighbours.{one['partner']}.inflow"
            if one["kind"] == "neighbour"
            else None,
        }
        for one in sorted(found, key=_size)
        if _size(one)
        or any(one[way]["missing"] for way in ("received", "given", "net"))
    ]
    columns = (
        Column("name", say("Partner")),
        Column("received", say("Received"), kind="quantity"),
        Column("given", say("Given"), kind="quantity"),
        Column("net", say("Net"), kind="signed"),
        Column("net", say("Coverage"), kind="covered"),
        Column("net", say("Status"), kind="known"),
        Column("note", say("Note"), kind="aside"),
    )
    return Sheet(
        say("Exchange with those around"),
        columns,
        rows,
        notes=[
            say("Net is received less given."),
            say(
                "Water that leaves and comes back is in both ways. Of a shared border "
                "water only our part is counted."
            ),
        ],
        empty=say(
            "No flow joins this territory to another, to a neighbour country or to the "
            "sea."
        ),
    )


def _size(one: dict[str, Any]) -> float:
    return -((one["received"]["known"] or 0.0) + (one["given"]["known"] or 0.0))


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw both ways and the net."""
    return partners(shown.rows, theme=state.theme, lang=lang)


PARTNERS = Exhibit(
    "partners",
    mark("Exchange with those around"),
    mark("Other territories of its kind, neighbour countries, the sea."),
    "partners",
    sheet,
    chart,
    256,
)
