"""Group the flows of a territory into the nodes and links of one diagram.

Left to right: where water comes from, rivers and reservoirs, canals, sectors,
where it goes. Water that would run back (returns to a river, reuse) ends in a
node on the right and starts again on the left, so the diagram has no cycles
and each volume is drawn in the direction it is accounted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ewater.dashboard import totals
from ewater.dashboard.labels import GROUPS, SECTORS
from ewater.terms import BOUNDARIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ewater.dashboard.answers import Flow, Names, Period, Quantity
    from ewater.dashboard.i18n import Language

_SURFACE = frozenset({"river", "lake", "reservoir"})
_GROUND = frozenset({"groundwater", "soil"})
_SOURCE_OF_TERM = {
    "runoff": "runoff",
    "baseflow": "baseflow",
    "precipitation": "precipitation",
    "desalinated": "sea_source",
    "seawater_abstraction": "sea_source",
    "other_change_in_volume": "other_change",
}
_SINK_OF_TERM = {
    "evaporation": "evaporation",
    "actual_evapotranspiration": "evaporation",
    "consumption": "consumption",
    "losses_in_conveyance": "losses",
    "seepage": "losses",
    "recharge": "losses",
    "outflow_to_sea": "sea",
    "other_change_in_volume": "other_change",
}
_LAYER = {
    "snow_ice": 1,
    "soil": 2,
    "groundwater": 3,
    "surface": 4,
    "canal": 5,
    "sector:water_supply": 6,
    "sector:sewerage": 8,
}
_SECTOR_LAYER, _SINK_LAYER = 7, 9
_BACK_TO = {"groundwater": "losses", "soil": "losses"}


@dataclass(slots=True)
class Link:
    """Flows between two nodes, summed; unknown ones are named, not added."""

    source: str
    target: str
    volume: float = 0.0
    u: float = 0.0
    by_status: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    parts: list[Quantity] = field(default_factory=list)

    def add(self, flow: Flow) -> None:
        """Put one more flow into the link."""
        volume = flow["volume"]
        self.parts.append(totals.of_flow(flow))
        if volume is None or not math.isfinite(volume):
            self.missing.append(flow["code"])
            return
        self.volume += volume
        self.u += flow["u"] or 0.0
        status = flow["status"]
        self.by_status[status] = self.by_status.get(status, 0.0) + volume

    @property
    def coverage(self) -> float | None:
        """Coverage of all its flows, by volume; None where one does not tell."""
        known = (part for part in self.parts if part["value"] is not None)
        if any(part["coverage"] is None for part in known):
            return None
        return totals.add(self.parts)["coverage"]

    @property
    def status(self) -> str:
        """Status of the largest share by volume."""
        by = self.by_status
        return max(by, key=by.__getitem__) if by else "unknown"


def layer(node: str) -> int:
    """Column of a node, from the left."""
    side, _, group = node.partition("/")
    if side == "from":
        return 0
    if side == "to":
        return _SINK_LAYER
    return _LAYER.get(group, _SECTOR_LAYER)


def _inside(kind: str, sector: str | None) -> str:
    if kind in _SURFACE:
        return "in/surface"
    if kind == "economy":
        return f"in/sector:{sector or 'services'}"
    return f"in/{kind}"


def _outside(code: str, kind: str, term: str, boundary: str, side: str) -> str:
    by_term = _SOURCE_OF_TERM if side == "from" else _SINK_OF_TERM
    if kind == "neighbour":
        return f"{side}/neighbour:{code}"
    if term in by_term:
        return f"{side}/{by_term[term]}"
    if kind in _GROUND:
        return f"{side}/{'ground_source' if side == 'from' else 'losses'}"
    if kind == "sea":
        return f"{side}/{'sea_source' if side == 'from' else 'sea'}"
    if kind == "atmosphere":
        return f"{side}/{'precipitation' if side == 'from' else 'evaporation'}"
    if kind not in BOUNDARIES[boundary]:
        return f"{side}/{'from_economy' if side == 'from' else 'to_economy'}"
    return f"{side}/{'other_source' if side == 'from' else 'other_sink'}"


def ends(flow: Flow, boundary: str) -> tuple[str, str]:
    """Nodes of the diagram at which a flow starts and ends."""
    term, sector = flow["term"], flow["sector"]
    if flow["from_inside"]:
        source = _inside(flow["from_kind"], flow.get("from_sector") or sector)
    else:
        source = _outside(flow["from"], flow["from_kind"], term, boundary, "from")
    if flow["to_inside"]:
        target = _inside(flow["to_kind"], flow.get("to_sector") or sector)
    else:
        target = _outside(flow["to"], flow["to_kind"], term, boundary, "to")
    return source, target


def links(flows: Iterable[Flow], boundary: str) -> list[Link]:
    """Sum the flows between each two nodes; those inside one node are left out."""
    found: dict[tuple[str, str], Link] = {}

    def put(source: str, target: str, flow: Flow) -> None:
        key = (source, target)
        found.setdefault(key, Link(source, target)).add(flow)

    for flow in flows:
        source, target = ends(flow, boundary)
        if source == target:
            continue
        if layer(source) < layer(target):
            put(source, target, flow)
            continue
        sink = _BACK_TO.get(target.removeprefix("in/"), "returns")
        put(source, f"to/{sink}", flow)
        put("from/returned", target, flow)
    return list(found.values())


def closing_links(period: Period) -> list[Link]:
    """Links for the change in storage and for what is not explained."""
    made = []
    for name, up, down in (
        ("storage_change", "into_storage", "from_storage"),
        ("residual", "residual", "residual_source"),
    ):
        quantity = period[name]  # type: ignore[literal-required]
        value = quantity["value"]
        if not value or not math.isfinite(value):
            continue
        ends = (
            ("in/surface", f"to/{up}") if value > 0 else (f"from/{down}", "in/surface")
        )
        by_status = {quantity["status"]: 1.0}
        u = quantity["u"] or 0.0
        made.append(Link(*ends, abs(value), u, by_status, parts=[quantity]))
    return made


def node_name(node: str, names: dict[str, Names], lang: Language) -> str:
    """Name of a node in a language."""
    group = node.partition("/")[2]
    kind, _, detail = group.partition(":")
    if kind == "neighbour":
        given = names.get(detail)
        return (lang.pick(given) if given else "") or lang.country(detail)
    if kind == "sector":
        return lang.gettext(SECTORS.get(detail, detail))
    return lang.gettext(GROUPS.get(group, group))


def names_of(flows: Sequence[Flow]) -> dict[str, Names]:
    """Names the flows give to the accounts at their ends."""
    names = {}
    for flow in flows:
        if given := flow.get("from_name"):
            names[flow["from"]] = given
        if given := flow.get("to_name"):
            names[flow["to"]] = given
    return names
