"""The ledger as a diagram: accounts in columns by upstream order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.figures.layers import places
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
    wave,
)
from ewater.dashboard.theme import base_layout
from ewater.terms import OUTSIDE_KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ewater.dashboard.figures.network_map import Flow
    from ewater.dashboard.i18n import Language

_WIDEST = 22.0
_ROW = 26  # pixels between two nodes of a column
_LEAST = 380
_ACROSS = 1180  # pixels, as narrow as it may be: for labels and the slant of heads
_BESIDE = 1.5  # columns left free at both sides
_LONGEST = 22  # characters of a name
_LETTERS = 10.0
_TO = "to/"  # before an outside that receives: it is not where its water comes from


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """What is drawn; the places of the nodes are found here."""

    nodes: Sequence[Node]
    flows: Sequence[Flow]
    legend: Mapping[str, str]
    chosen: str = ""


def network_diagram(diagram: Diagram, *, theme: str, lang: Language) -> dict[str, Any]:
    """Draw accounts from the sources on the left to the sea on the right."""
    outside = {n.code for n in diagram.nodes if n.kind in OUTSIDE_KINDS}
    flows = [_parted(flow, outside) for flow in diagram.flows]
    found = places(
        list(dict.fromkeys(end for flow in flows for end in flow[:2])),
        [(start, end, max(f.volume or 0.0, 1.0)) for start, end, f in flows],
    )
    by_code = {node.code: node for node in diagram.nodes}
    nodes = {
        one: replace(
            by_code[one.removeprefix(_TO)],
            at=(float(x), -y),
            name=fmt.shortened(by_code[one.removeprefix(_TO)].name, _LONGEST),
        )
        for one, (x, y) in found.items()
    }
    at = {one: node.at for one, node in nodes.items()}
    deep = max((y for _, y in found.values()), default=0.0)
    across = max((x for x, _ in found.values()), default=0)
    height = max(_LEAST, int(_ROW * (deep + 2)))
    edges = [
        Edge(
            code=flow.code,
            colour=flow.colour,
            volume=flow.volume,
            path=wave(at[start], at[end])
            if at[start][0] < at[end][0]
            else curve(at[start], at[end], 0.35),
            told=flow.told,
        )
        for start, end, flow in flows
    ]
    spots = [
        e.path[len(e.path) // 2] for e in edges if diagram.chosen == f"flow:{e.code}"
    ]
    spots += [n.at for n in nodes.values() if diagram.chosen == f"node:{n.code}"]
    wide = _ACROSS / (across + _BESIDE)
    drawn = legible(list(nodes.values()), wide, _ROW, _LETTERS)
    data = [
        *edge_traces(edges, _WIDEST, theme=theme),
        arrow_trace(edges, _ROW / wide, theme=theme, at=0.5),
        node_trace(drawn, (8.0, 20.0), theme=theme),
        label_trace(drawn, "top center", theme=theme, size=_LETTERS),
        ring_trace(spots, theme=theme),
        *legend_traces(diagram.legend, theme=theme),
    ]
    hidden = {
        "visible": False,
        "showgrid": False,
        "zeroline": False,
    }
    layout = {
        **base_layout(theme, lang),
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
        "hovermode": "closest",
        "dragmode": "pan",
        "clickmode": "event",
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "xaxis": {**hidden, "range": [-_BESIDE / 2, across + _BESIDE / 2]},
        "yaxis": {**hidden, "range": [-deep - 0.8, 1.0]},
    }
    return {"data": data, "layout": layout}


def _parted(flow: Flow, outside: Collection[str]) -> tuple[str, str, Flow]:
    """Name the ends of a flow; an outside is one node as source, another as end."""
    end = f"{_TO}{flow.end}" if flow.end in outside else flow.end
    return flow.start, end, flow
