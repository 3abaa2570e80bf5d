"""The map and the diagram of the network, with their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import totals, view
from ewater.dashboard.components import segments
from ewater.dashboard.exhibits import Column, Exhibit, Sheet
from ewater.dashboard.figures.network_diagram import Diagram, network_diagram
from ewater.dashboard.figures.network_map import HEIGHT, Drawing, network_map
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import account_label, term_label
from ewater.dashboard.pages.network import drawn
from ewater.terms import OUTSIDE_KINDS

if TYPE_CHECKING:
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.pages.network.drawn import Shown
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_PLACELESS = ("soil", "snow_ice", "groundwater", "atmosphere")
_MOST = 160  # accounts in a diagram: more than these cannot be told apart
_PAINT = mark("Colours by")
_DETAIL = mark("Accounts shown")


def map_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Flows that touch the territory, the largest first."""
    say = lang.gettext
    shown = drawn.load(reader, state, lang)
    rows = [
        {
            "from": shown.names[flow["from"]],
            "to": shown.names[flow["to"]],
            "term": term_label(flow["term"], lang),
            "volume": totals.of_flow(flow),
            "code": flow["code"],
            "measured_by": flow["measured_by"],
            "cell": f"balance.flows.{flow['code']}",
        }
        for flow in sorted(shown.flows, key=lambda f: -(f["volume"] or 0.0))
    ]
    columns = (
        Column("from", say("From")),
        Column("to", say("To")),
        Column("term", say("Term")),
        Column("volume", say("Volume"), kind="quantity"),
        Column("volume", say("Coverage"), kind="covered"),
        Column("volume", say("Status"), kind="known"),
        Column("code", say("Flow"), kind="code"),
        Column("measured_by", say("Known by"), kind="code", where="file"),
    )
    return Sheet(
        say("Flows on the map"),
        columns,
        rows,
        notes=[
            say("A flow counts with the larger share that its two accounts have here."),
            say(
                "Rain, evapotranspiration and what seeps have no one place: they are "
                "in the table, not on the map."
            ),
            say(
                "An account without a site lies where its flows are measured, else in "
                "the middle of its territory."
            ),
        ],
        gaps=[flow["code"] for flow in shown.flows if flow["volume"] is None],
        empty=say("No flow touches this territory inside this boundary."),
        data=_drawing(reader, state, lang, shown),
    )


def _drawing(
    reader: CachedReader, state: State, lang: Language, shown: Shown
) -> Drawing | None:
    placed = {
        code: (node["lon"], node["lat"])
        for code, node in shown.nodes.items()
        if node["lon"] is not None and node["kind"] not in _PLACELESS
    }
    if not placed:
        return None
    geography = view.geography(reader)
    areas = geography.drawable(geography.shown(state.territory, "basin"))
    border = geography.drawable([state.territory])
    lons, lats = ([p[n] for p in placed.values()] for n in (0, 1))
    around = (min(lons), min(lats), max(lons), max(lats))
    placeless = {
        code for code, node in shown.nodes.items() if node["kind"] in _PLACELESS
    }
    return Drawing(
        nodes=drawn.drawn_nodes(shown, placed, lang),
        flows=[
            flow
            for flow in drawn.drawn_flows(shown, lang)
            if not {flow.start, flow.end} & placeless
        ],
        outside={
            code: shown.names[code]
            for code, node in shown.nodes.items()
            if node["kind"] in OUTSIDE_KINDS
        },
        outlines=_outlines(reader, areas),
        border=_outlines(reader, border),
        bounds=_wider(_extent(geography, border), around) if border else around,
        legend=shown.legend(lang),
        chosen=shown.chosen,
    )


def _outlines(reader: CachedReader, codes: list[str]) -> dict[str, Any]:
    if not codes:
        return {"type": "FeatureCollection", "features": []}
    geography = view.geography(reader)
    found: dict[str, Any] = reader.derived(
        "geojson", lambda *inner: geography.geojson(inner), *codes
    )
    return found


def _extent(
    geography: Geography, codes: list[str]
) -> tuple[float, float, float, float]:
    west, south, east, north = geography.frame.geometry.loc[codes].total_bounds
    return float(west), float(south), float(east), float(north)


def _wider(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def map_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any] | None:
    """Draw the map, if anything has a place."""
    if shown.data is None:
        return None
    return network_map(shown.data, theme=state.theme, lang=lang)


def diagram_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Accounts that touch the territory, those that do not close first."""
    say = lang.gettext
    shown = drawn.load(reader, state, lang)
    rows = [
        {
            "account": shown.names[code],
            "kind": account_label(node["kind"], lang),
            "entering": node["entering"],
            "leaving": node["leaving"],
            "change": node["storage_change"] if node["modelled"] else None,
            "residual": _residual(node),
            "z": node["residual_z"],
            "verdict": drawn.verdict_words(node, lang),
            "code": code,
            "cell": None
            if node["kind"] in OUTSIDE_KINDS
            else f"balance.accounts.{code}",
        }
        for code, node in sorted(shown.nodes.items(), key=_worst_first)
    ]
    columns = (
        Column("account", say("Account")),
        Column("kind", say("Kind")),
        Column("entering", say("Inflow"), kind="volume"),
        Column("leaving", say("Outflow"), kind="volume"),
        Column("change", say("Storage change"), kind="volume"),
        Column("residual", say("Residual"), kind="signed"),
        Column("z", "z", kind="number", digits=2),
        Column("verdict", say("Verdict")),
        Column("code", say("Code"), kind="code"),
    )
    nodes, flows, left_out = _largest(shown, lang)
    notes = [
        say(
            "Accounts are whole here, whoever holds them; the residual is what enters "
            "less what leaves and is stored."
        ),
        say("Where no storage is modelled, its change is in the residual."),
    ]
    if left_out:
        notes.append(
            lang.ngettext(
                "{count} account with little water is not drawn",
                "{count} accounts with little water are not drawn",
                left_out,
            ).format(count=lang.number(left_out))
        )
    return Sheet(
        say("Accounts by upstream order"),
        columns,
        rows,
        notes=notes,
        facts=drawn.facts([totals.of_flow(flow) for flow in shown.flows]),
        empty=say("No flow touches this territory inside this boundary."),
        data=Diagram(
            nodes=nodes,
            flows=flows,
            legend=shown.legend(lang),
            chosen=shown.chosen,
        ),
    )


def _worst_first(item: tuple[str, dict[str, Any]]) -> tuple[float, float]:
    node = item[1]
    z = node["residual_z"]
    judged = z is not None and not node["balanced"]
    return (-abs(z) if judged else 1.0, -(node["entering"] or 0.0))


def _residual(node: dict[str, Any]) -> dict[str, Any] | None:
    if node["residual"] is None:
        return None
    return {
        "value": node["residual"],
        "known": node["residual"],
        "missing": [],
        "u": node["u"],
        "coverage": None,
        "status": "unknown",
        "status_shares": {},
    }


def _largest(shown: Shown, lang: Language) -> tuple[list[Any], list[Any], int]:
    nowhere = dict.fromkeys(shown.nodes, (0.0, 0.0))
    nodes = drawn.drawn_nodes(shown, nowhere, lang)
    nodes.sort(key=lambda node: -node.size)
    kept = nodes[:_MOST]
    codes = {node.code for node in kept}
    flows = [
        flow
        for flow in drawn.drawn_flows(shown, lang)
        if flow.start in codes and flow.end in codes
    ]
    return kept, flows, len(nodes) - len(kept)


def diagram_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the diagram."""
    return network_diagram(shown.data, theme=state.theme, lang=lang)


def controls(state: State, lang: Language) -> list[Any]:
    """Choose colours and detail, of the map and the diagram alike."""
    return [
        segments(
            "paint", state.pick("paint", drawn.PAINTS), drawn.PAINTS, lang, _PAINT
        ),
        segments(
            "detail", state.pick("detail", drawn.DETAILS), drawn.DETAILS, lang, _DETAIL
        ),
    ]


MAP = Exhibit(
    "map",
    mark("Flows on the map"),
    mark("Widths by volume. Click a head of an arrow or an account for its figures."),
    "map",
    map_sheet,
    map_chart,
    HEIGHT,
    controls=controls,
)
DIAGRAM = Exhibit(
    "diagram",
    mark("Accounts by upstream order"),
    mark("From the sources on the left to where the water ends on the right."),
    "diagram",
    diagram_sheet,
    diagram_chart,
    380,
    least=1200,
)
