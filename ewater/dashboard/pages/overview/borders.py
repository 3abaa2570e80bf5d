"""What crosses the border beside what treaties grant and what is normal."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import totals, view
from ewater.dashboard.exhibits import Column, Exhibit, Sheet
from ewater.dashboard.figures.borders import HEIGHT, borders
from ewater.dashboard.i18n import mark
from ewater.dashboard.questions.treaties import treaties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.answers import Flow, Period, Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

KINDS = MappingProxyType({"treaty": mark("treaty"), "normal": mark("normal")})
WAYS = MappingProxyType({"inflow": mark("Inflow"), "outflow": mark("Outflow")})


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Each grant or normal with what it is compared with, in this period."""
    say = lang.gettext
    period = view.load(reader, state).period
    stated = reader.ask(
        treaties, state.territory, state.start, state.end, state.calendar
    )
    is_country = view.geography(reader).kind(state.territory) == "country"
    flows = {f["code"]: f for f in reader.flows(state.territory, *state.question)}
    kinds, ways = (
        {code: say(word) for code, word in words.items()} for words in (KINDS, WAYS)
    )
    rows = []
    for one in stated:
        ours = _ours(one, period, flows, is_country=is_country)
        if ours is None:
            continue
        rows.append(
            {
                "name": _name(one, flows.get(one["flow"]), lang),
                "way": ways[one["way"]],
                "ours": ours,
                "kind": kinds[one["kind"]],
                "stated": one["volume"],
                "share": _share(ours, one["volume"]),
                "written": fmt.stated(one["value"], one["unit"], lang),
                "source": one["source"],
                "note": one["note"],
                "cell": _cell(one),
            }
        )
    columns = (
        Column("name", say("Border water")),
        Column("way", say("Direction")),
        Column("ours", say("This account"), kind="quantity"),
        Column("kind", say("Compared with")),
        Column("stated", say("Stated"), kind="volume"),
        Column("share", say("Share of it"), kind="share"),
        Column("written", say("As stated"), kind="written"),
        Column("source", say("Source"), kind="aside"),
        Column("note", say("Note"), kind="aside"),
    )
    return Sheet(
        say("Border waters against treaties and normals"),
        columns,
        rows,
        notes=[
            say("A rate is taken over the period, a year's volume for whole years."),
            say("All neighbours together: without water that leaves and comes back."),
        ],
        calm=say("No treaty or normal is stated for the waters of this territory."),
    )


def _ours(
    one: Mapping[str, Any],
    period: Period,
    flows: Mapping[str, Flow],
    *,
    is_country: bool,
) -> Quantity | None:
    """Find what a row speaks of; a treaty with a neighbour is the whole country's."""
    if one["flow"]:
        flow = flows.get(one["flow"])
        return None if flow is None else _of_flow(flow)
    if not is_country:
        return None
    if one["neighbour"]:
        exchange = period["neighbours"].get(one["neighbour"])
        return None if exchange is None else exchange[one["way"]]  # type: ignore[literal-required]
    every = [e[one["way"]] for e in period["neighbours"].values()]  # type: ignore[literal-required]
    if not every:
        return None
    return _less(totals.add(every), period["re_entering"])


def _of_flow(flow: Flow) -> Quantity:
    volume = flow["volume"]
    return {
        "value": volume,
        "known": volume,
        "missing": [flow["code"]] if volume is None else [],
        "u": flow["u"],
        "coverage": flow["coverage"],
        "status": flow["status"],
        "status_shares": {flow["status"]: 1.0} if volume else {},
    }


def _less(whole: Quantity, again: Quantity) -> Quantity:
    """Take water that comes back off what crosses the borders."""
    if whole["value"] is None or again["value"] is None:
        return {**whole, "value": None, "known": None}
    rest = whole["value"] - again["value"]
    return {**whole, "value": rest, "known": rest}


def _name(one: Mapping[str, Any], flow: Flow | None, lang: Language) -> str:
    """Name what is compared: a flow by its country and the water on this side."""
    country = lang.country(one["neighbour"]) if one["neighbour"] else ""
    if not one["flow"]:
        return country or lang.gettext("All neighbours")
    about: Mapping[str, Any] = flow or {}
    given = about.get("to_name" if one["way"] == "inflow" else "from_name")
    water = (lang.pick(given) if given else "") or str(one["flow"])
    return f"{country}: {water}" if country else water


def _cell(one: Mapping[str, Any]) -> str | None:
    if one["flow"]:
        return f"balance.flows.{one['flow']}"
    if one["neighbour"]:
        return f"balance.neighbours.{one['neighbour']}.{one['way']}"
    return None


def _share(ours: Quantity, stated: float | None) -> float | None:
    if ours["value"] is None or not stated:
        return None
    return ours["value"] / stated


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw ours as bars and what is stated as lines across them."""
    return borders(shown.rows, theme=state.theme, lang=lang)


BORDERS = Exhibit(
    "borders",
    mark("Border waters against treaties and normals"),
    mark("Bars: this account with U. Marks: what is granted, or normal."),
    "borders",
    sheet,
    chart,
    HEIGHT,
)
