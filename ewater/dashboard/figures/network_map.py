"""The ledger on a map: own outlines, accounts in their places, flows between them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ewater.dashboard.figures.network import (
    Edge,
    Node,
    arrow_trace,
    curve,
    edge_traces,
    label_trace,
    legend_traces,
    legible,
    node_trace,
    ring_trace,
)
from ewater.dashboard.theme import base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.figures.network import Point
    from ewater.dashboard.i18n import Language

HEIGHT = 620
_WIDEST = 15.0
_EDGES = 34  # pixels above and below
_STUB = 0.075  # of the extent: how far a flow reaches across the border
_FAN = 0.5  # radians between two such flows at one account
_ASIDE = 0.011  # of the extent: accounts of one place stand around it
_BULGE = 0.09


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What is drawn of a flow: ends by code, an outside end by its name."""

    code: str
    start: str
    end: str
    colour: str
    volume: float | None
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What is on the map; nodes are at longitude and latitude.

    ``outside`` are words for the ends that have no place.
    """

    nodes: Sequence[Node]
    flows: Sequence[Flow]
    outside: Mapping[str, str]
    outlines: Mapping[str, Any]  # GeoJSON
    border: Mapping[str, Any]
    bounds: tuple[float, float, float, float]  # west, south, east, north
    legend: Mapping[str, str]
    chosen: str = ""


def network_map(
    drawing: Drawing, *, height: int = HEIGHT, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw accounts and flows in their places; widths by volume."""
    west, south, east, north = drawing.bounds
    squeeze = math.cos(math.radians((south + north) / 2))
    size = max((east - west) * squeeze, north - south)
    nodes = _spread(drawing.nodes, squeeze, _ASIDE * size)
    at = {node.code: node.at for node in nodes}
    middle = ((west + east) / 2 * squeeze, (south + north) / 2)
    edges, tips = _edges(drawing, at, middle, _STUB * size)
    room = _STUB * size * 0.55
    scale = (height - _EDGES) / (north - south + 2 * room)
    colours = palette(theme)
    spots = [e.path[len(e.path) // 2] for e in edges if drawing.chosen == _flow(e)]
    spots += [n.at for n in nodes if drawing.chosen == f"node:{n.code}"]
    data = [
        _shape(drawing.outlines, squeeze, colours["raised"], colours["line"], 1.0),
        _shape(drawing.border, squeeze, None, colours["muted"], 1.6),
        *edge_traces(edges, _WIDEST, theme=theme),
        node_trace(nodes, (6.0, 19.0), theme=theme),
        arrow_trace(edges, 1.0, theme=theme),
        label_trace(legible([*nodes, *tips], scale, scale), "top center", theme=theme),
        ring_trace(spots, theme=theme),
        *legend_traces(drawing.legend, theme=theme),
    ]
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    layout = {
        **base_layout(theme, lang),
        "height": height,
        "margin": {"l": 4, "r": 4, "t": 30, "b": 4},
        "hovermode": "closest",
        "dragmode": "pan",
        "clickmode": "event",
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "xaxis": {**hidden, "range": [west * squeeze - room, east * squeeze + room]},
        "yaxis": {
            **hidden,
            "range": [south - room, north + room],
            "scaleanchor": "x",
            "scaleratio": 1,
        },
    }
    return {"data": data, "layout": layout}


def _flow(edge: Edge) -> str:
    return f"flow:{edge.code}"


def _spread(nodes: Sequence[Node], squeeze: float, aside: float) -> list[Node]:
    """Put the accounts of one place around it, and give all of them map coordinates."""
    groups: dict[Point, list[Node]] = {}
    for node in nodes:
        spot = (round(node.at[0] * squeeze, 3), round(node.at[1], 3))
        groups.setdefault(spot, []).append(node)
    placed = []
    for (x, y), some in groups.items():
        for n, node in enumerate(some):
            turn = 2 * math.pi * n / len(some)
            far = aside if len(some) > 1 else 0.0
            spot = (x + far * math.cos(turn), y + far * math.sin(turn))
            placed.append(replace(node, at=spot))
    return placed


def _edges(
    drawing: Drawing, at: Mapping[str, Point], middle: Point, stub: float
) -> tuple[list[Edge], list[Node]]:
    """Curves of the flows, and the ends of those that cross the border, with names."""
    edges, tips = [], []
    pairs: dict[tuple[str, str], int] = {}
    fans: dict[str, int] = {}
    named: set[str] = set()
    for flow in sorted(drawing.flows, key=lambda f: -(f.volume or 0.0)):
        start, end = at.get(flow.start), at.get(flow.end)
        inside = end if start is None else start
        if inside is None:
            continue
        if start is not None and end is not None:
            pair = (flow.start, flow.end)
            pairs[pair] = pairs.get(pair, 0) + 1
            path = curve(start, end, _BULGE * pairs[pair])
        else:
            code, other = flow.start, flow.end
            if start is None:
                code, other = other, code
            fans[code] = fans.get(code, -1) + 1
            tip = _beyond(inside, middle, stub, fans[code])
            path = curve(tip, inside, 0.0) if start is None else curve(inside, tip, 0.0)
            if other not in named:
                named.add(other)
                tips.append(_tip(other, drawing.outside.get(other, other), tip))
        edges.append(
            Edge(
                code=flow.code,
                colour=flow.colour,
                volume=flow.volume,
                path=path,
                told=flow.told,
            )
        )
    return edges, tips


def _tip(code: str, name: str, at: Point) -> Node:
    return Node(
        code=code,
        name=f"<i>{name}</i>",
        kind="",
        colour="muted",
        size=0.0,
        at=at,
        told="",
        labelled=True,
    )


def _beyond(inside: Point, middle: Point, stub: float, turn: int) -> Point:
    """Point away from the middle; several of one account fan out."""
    angle = math.atan2(inside[1] - middle[1], inside[0] - middle[0])
    angle += _FAN * ((turn + 1) // 2) * (-1) ** turn
    return inside[0] + stub * math.cos(angle), inside[1] + stub * math.sin(angle)


def _shape(
    geojson: Mapping[str, Any],
    squeeze: float,
    fill: str | None,
    line: str,
    width: float,
) -> dict[str, Any]:
    x: list[float | None] = []
    y: list[float | None] = []
    for feature in geojson["features"]:
        geometry = feature["geometry"]
        parts = geometry["coordinates"]
        for part in parts if geometry["type"] == "MultiPolygon" else [parts]:
            for ring in part:
                x += [*(round(p[0] * squeeze, 4) for p in ring), None]
                y += [*(round(p[1], 4) for p in ring), None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "fill": "toself" if fill else "none",
        "fillcolor": fill,
        "line": {"color": line, "width": width},
        "hoverinfo": "skip",
        "showlegend": False,
    }
