"""The year as one picture: from where water comes to where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.figures import flows as grouping
from ewater.dashboard.labels import STATUSES
from ewater.dashboard.theme import alpha, base_layout, palette
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.figures.flows import Link
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import Names

HEIGHT = 470
_TOP, _BOTTOM = 12, 12
_SLOT = 19.0  # a label needs this many pixels, however thin its node
_PAD = 12.0
_SINKS = (
    "consumption",
    "losses",
    "evaporation",
    "returns",
    "to_economy",
    "into_storage",
    "other_change",
    "residual",
    "other_sink",
    "sea",
)
_COLOURS = {
    "canal": "accent",
    "surface": "inflow",
    "groundwater": "storage",
    "consumption": "outflow",
    "losses": "sewerage",
    "evaporation": "energy",
    "returns": "use",
    "returned": "use",
    "into_storage": "storage",
    "from_storage": "storage",
    "residual": "residual",
    "residual_source": "residual",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A node and where it stands, both axes from 0 to 1."""

    key: str
    volume: float
    x: float
    y: float


def _throughput(links: Sequence[Link]) -> dict[str, float]:
    into: dict[str, float] = {}
    out: dict[str, float] = {}
    for link in links:
        out[link.source] = out.get(link.source, 0.0) + link.volume
        into[link.target] = into.get(link.target, 0.0) + link.volume
    return {
        key: max(into.get(key, 0.0), out.get(key, 0.0)) for key in {**out, **into}
    }


def _order(key: str, volume: float) -> tuple[int, int, float]:
    group = key.partition("/")[2]
    if key.startswith("to/"):
        place = _SINKS.index(group) if group in _SINKS else len(_SINKS)
        return (1, place, -volume)
    later = group in ("returned", "residual_source", "from_storage")
    return (int(later), 0, -volume)


def place(links: Sequence[Link]) -> list[Node]:
    """Stand the nodes in columns, large ones first, with room for each label."""
    volumes = _throughput(links)
    columns: dict[int, list[str]] = {}
    for key in volumes:
        columns.setdefault(grouping.layer(key), []).append(key)
    room = HEIGHT - _TOP - _BOTTOM
    scale = min(
        (room - (len(keys) - 1) * _PAD) / (sum(volumes[k] for k in keys) or 1.0)
        for keys in columns.values()
    )
    nodes = []
    for index, number in enumerate(sorted(columns)):
        keys = sorted(columns[number], key=lambda k: _order(k, volumes[k]))
        slots = [max(volumes[k] * scale + _PAD, _SLOT) for k in keys]
        squeeze = min(1.0, room / sum(slots))
        top = (room - sum(slots) * squeeze) / 2
        x = index / max(1, len(columns) - 1)
        for key, slot in zip(keys, slots, strict=True):
            middle = top + slot * squeeze / 2
            top += slot * squeeze
            nodes.append(
                Node(
                    key,
                    volumes[key],
                    min(max(x, 0.001), 0.999),
                    min(max(middle / room, 0.001), 0.999),
                )
            )
    return nodes


def _colour(key: str, colours: Mapping[str, str]) -> str:
    group = key.partition("/")[2]
    if group.startswith("sector:"):
        return colours.get(group.removeprefix("sector:"), colours["muted"])
    if group.startswith("neighbour:"):
        return colours["inflow"] if key.startswith("from/") else colours["outflow"]
    name = _COLOURS.get(group, "inflow" if key.startswith("from/") else "muted")
    return colours[name]


def _hover(link: Link, names: tuple[str, str], lang: Language) -> str:
    lines = [
        f"<b>{names[0]} → {names[1]}</b>",
        f"{fmt.hm3(link.volume, lang)} {fmt.UNIT}  {fmt.expanded(link.u, lang)} (95 %)",
        lang.gettext(STATUSES.get(link.status, link.status)),
    ]
    if link.missing:
        count = len(link.missing)
        lines.append(
            lang.ngettext(
                "{count} flow without data", "{count} flows without data", count
            ).format(count=count)
        )
    return "<br>".join(lines)


def sankey(
    links: Sequence[Link], names: dict[str, Names], *, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw the links that have a volume.

    Parameters
    ----------
    links
        From `flows.links` and `flows.closing_links`; volumes in m3. A link of
        which nothing is known is in the table beside the figure, not in it.
    names
        Names of accounts outside, by code.
    """
    colours = palette(theme)
    drawn = [link for link in links if link.volume > 0]
    nodes = place(drawn) if drawn else []
    index = {node.key: i for i, node in enumerate(nodes)}
    titles = [grouping.node_name(node.key, names, lang) for node in nodes]
    by_key = {node.key: title for node, title in zip(nodes, titles, strict=True)}
    trace = {
        "type": "sankey",
        "arrangement": "fixed",
        "valueformat": ",.0f",
        "textfont": {
            "color": colours["ink"],
            "size": 12,
            "shadow": ",".join([f"0 0 3px {colours['surface']}"] * 4),
        },
        "node": {
            "label": [
                f"{title}  {fmt.hm3(node.volume, lang)}"
                for node, title in zip(nodes, titles, strict=True)
            ],
            "x": [node.x for node in nodes],
            "y": [node.y for node in nodes],
            "color": [_colour(node.key, colours) for node in nodes],
            "customdata": [
                f"<b>{title}</b><br>{fmt.hm3(node.volume, lang)} {fmt.UNIT}"
                for node, title in zip(nodes, titles, strict=True)
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
            "pad": _PAD,
            "thickness": 14,
            "line": {"width": 0},
        },
        "link": {
            "source": [index[link.source] for link in drawn],
            "target": [index[link.target] for link in drawn],
            "value": [link.volume / HM3 for link in drawn],
            "color": [_link_colour(link, colours) for link in drawn],
            "customdata": [
                _hover(link, (by_key[link.source], by_key[link.target]), lang)
                for link in drawn
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
    }
    layout = {
        **base_layout(theme, lang),
        "height": HEIGHT,
        "margin": {"l": 6, "r": 6, "t": _TOP, "b": _BOTTOM},
    }
    return {"data": [trace] if drawn else [], "layout": layout}


def _link_colour(link: Link, colours: Mapping[str, str]) -> str:
    """Colour a link by its end on the right, where the sectors and losses are."""
    key = link.target
    if key in ("in/surface", "in/canal"):
        key = link.source
    return alpha(_colour(key, colours), 0.38)
