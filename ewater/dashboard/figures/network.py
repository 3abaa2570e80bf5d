"""The ledger as a picture: nodes and edges in classes of colour and width."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ewater.dashboard.theme import palette

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Point = tuple[float, float]
_WIDTHS = 10  # classes; a trace has one width
_POINTS = 12  # of a curve
_LETTER = 0.55  # width of a letter over its height
_SYMBOLS = {
    "reservoir": "diamond",
    "lake": "diamond",
    "river": "circle",
    "canal": "square",
    "economy": "circle-open",
    "neighbour": "triangle-right",
    "sea": "triangle-left",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An account; ``size`` is the volume through it, m3, ``at`` its place."""

    code: str
    name: str
    kind: str
    colour: str  # of the palette
    size: float
    at: Point
    told: str
    labelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A flow; ``volume`` in m3, None if unknown; ``path`` is its curve."""

    code: str
    colour: str
    volume: float | None
    path: Sequence[Point]
    told: str


def curve(start: Point, end: Point, bulge: float) -> list[Point]:
    """Lead from one point to another, bent to the right of the way.

    ``bulge`` is a share of its length, so that two ways between two points part.
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    middle = (start[0] + dx / 2 + bulge * dy, start[1] + dy / 2 - bulge * dx)
    return [
        (
            (1 - t) ** 2 * start[0] + 2 * t * (1 - t) * middle[0] + t**2 * end[0],
            (1 - t) ** 2 * start[1] + 2 * t * (1 - t) * middle[1] + t**2 * end[1],
        )
        for t in (n / _POINTS for n in range(_POINTS + 1))
    ]


def wave(start: Point, end: Point) -> list[Point]:
    """Lead from left to right, level at both ends."""
    return [
        (
            start[0] + t * (end[0] - start[0]),
            start[1] + (3 * t**2 - 2 * t**3) * (end[1] - start[1]),
        )
        for t in (n / _POINTS for n in range(_POINTS + 1))
    ]


def edge_traces(
    edges: Sequence[Edge], widest: float, *, theme: str
) -> list[dict[str, Any]]:
    """Draw edges: width by volume, thin and dotted where it is unknown."""
    colours = palette(theme)
    most = max((e.volume or 0.0 for e in edges), default=0.0)
    classes: dict[tuple[str, int], list[Edge]] = {}
    for edge in sorted(edges, key=lambda e: -(e.volume or 0.0)):
        level = _class(edge.volume, most)
        classes.setdefault((edge.colour, level), []).append(edge)
    traces = []
    for (colour, level), some in classes.items():
        x, y = _joined(edge.path for edge in some)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": y,
                "opacity": 0.62,
                "line": {
                    "color": colours[colour],
                    "width": _width(level, widest),
                    "dash": "dot" if level < 0 else "solid",
                },
                "hoverinfo": "skip",
                "showlegend": False,
            }
        )
    return traces


def _class(volume: float | None, most: float) -> int:
    if volume is None:
        return -1
    return 0 if not most else round(_WIDTHS * max(0.0, volume) / most)


def _width(level: int, widest: float) -> float:
    return max(1.1, widest * level / _WIDTHS)


def _joined(paths: Iterable[Sequence[Point]]) -> tuple[list[Any], list[Any]]:
    x: list[float | None] = []
    y: list[float | None] = []
    for path in paths:
        x += [*(round(p[0], 4) for p in path), None]
        y += [*(round(p[1], 4) for p in path), None]
    return x, y


def arrow_trace(
    edges: Sequence[Edge], ratio: float, *, theme: str, at: float = 0.58
) -> dict[str, Any]:
    """Draw the heads of the edges, which are what a pointer finds of them.

    ``ratio`` is the height of a unit of y over the width of one of x, on the screen.
    """
    colours = palette(theme)
    spots = [_spot(edge.path, at, ratio) for edge in edges]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [spot[0] for spot in spots],
        "y": [spot[1] for spot in spots],
        "marker": {
            "symbol": "triangle-up",
            "size": 9,
            "angle": [spot[2] for spot in spots],
            "color": [colours[edge.colour] for edge in edges],
            "line": {"width": 0.8, "color": colours["surface"]},
        },
        "customdata": [f"flow:{edge.code}" for edge in edges],
        "text": [edge.told for edge in edges],
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }


def _spot(path: Sequence[Point], at: float, ratio: float) -> tuple[float, float, float]:
    """Place on a path and its direction there, degrees clockwise from upwards."""
    n = min(len(path) - 2, int(at * (len(path) - 1)))
    (x0, y0), (x1, y1) = path[n], path[n + 1]
    angle = math.degrees(math.atan2(x1 - x0, (y1 - y0) * ratio))
    return round((x0 + x1) / 2, 4), round((y0 + y1) / 2, 4), round(angle, 1)


def node_trace(
    nodes: Sequence[Node], sizes: tuple[float, float], *, theme: str
) -> dict[str, Any]:
    """Draw the nodes: their area by the volume through them."""
    colours = palette(theme)
    most = max((node.size for node in nodes), default=0.0) or 1.0
    low, high = sizes
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [round(node.at[0], 4) for node in nodes],
        "y": [round(node.at[1], 4) for node in nodes],
        "marker": {
            "symbol": [_SYMBOLS.get(node.kind, "circle") for node in nodes],
            "size": [
                round(low + (high - low) * math.sqrt(max(0.0, node.size) / most), 1)
                for node in nodes
            ],
            "color": [colours[node.colour] for node in nodes],
            "line": {"width": 1.3, "color": colours["surface"]},
            "opacity": 1,
        },
        "customdata": [f"node:{node.code}" for node in nodes],
        "text": [node.told for node in nodes],
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }


def label_trace(
    nodes: Sequence[Node], position: str, *, theme: str, size: float = 10.5
) -> dict[str, Any]:
    """Write the names of those nodes that are to have one."""
    colours = palette(theme)
    some = [node for node in nodes if node.labelled]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [round(node.at[0], 4) for node in some],
        "y": [round(node.at[1], 4) for node in some],
        "text": [node.name for node in some],
        "textposition": position,
        "textfont": {
            "size": size,
            "color": colours["ink"],
            "shadow": ",".join([f"0 0 3px {colours['surface']}"] * 5),
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }


def legible(
    nodes: Sequence[Node], across: float, up: float, size: float = 10.5
) -> list[Node]:
    """Take the labels away that would stand on others; the largest nodes keep theirs.

    Parameters
    ----------
    nodes
        Those without a size (ends beyond the border) go first.
    across, up
        Pixels of a unit of x and of y.
    size
        Of the letters, pixels.
    """
    taken: list[tuple[float, float, float, float]] = []
    kept: set[int] = set()
    order = sorted(range(len(nodes)), key=lambda n: -(nodes[n].size or math.inf))
    for n in order:
        node = nodes[n]
        if not node.labelled:
            continue
        half = _LETTER * size * len(node.name.replace("<i>", "")) / 2 + 3
        x, y = node.at[0] * across, node.at[1] * up + size
        box = (x - half, y - size * 0.7, x + half, y + size * 0.7)
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            kept.add(n)
    return [replace(node, labelled=n in kept) for n, node in enumerate(nodes)]


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return (
        one[0] < other[2]
        and other[0] < one[2]
        and one[1] < other[3]
        and other[1] < one[3]
    )


def ring_trace(places: Sequence[Point], *, theme: str) -> dict[str, Any]:
    """Draw a ring around what was chosen."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [p[0] for p in places],
        "y": [p[1] for p in places],
        "marker": {
            "symbol": "circle-open",
            "size": 26,
            "color": palette(theme)["ink"],
            "line": {"width": 2.5},
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }


def legend_traces(
    entries: Mapping[str, str], *, theme: str, symbol: str = "square"
) -> list[dict[str, Any]]:
    """Explain colours: marks that stand in the legend alone.

    ``entries`` are words by colour of the palette.
    """
    colours = palette(theme)
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [None],
            "y": [None],
            "name": words,
            "marker": {"symbol": symbol, "size": 10, "color": colours[colour]},
            "showlegend": True,
        }
        for colour, words in entries.items()
    ]
