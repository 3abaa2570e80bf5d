"""The year as one picture: from where water comes to where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.figures import flows as grouping
from ewater.dashboard.labels import STATUSES
from ewater.dashboard.theme import alpha, base_layout, palette
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.answers import Names
    from ewater.dashboard.figures.flows import Link
    from ewater.dashboard.i18n import Language

HEIGHT = 470
_PAD = 17.0  # room for a label beside each node, however thin it is
_COLOURS = {
    "canal": "accent",
    "surface": "inflow",
    "groundwater": "storage",
    "soil": "sewerage",
    "sea": "accent",
    "to_economy": "use",
    "from_economy": "use",
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


def throughput(links: Sequence[Link]) -> dict[str, float]:
    """Volume through each node: the larger of what enters and what leaves."""
    into: dict[str, float] = {}
    out: dict[str, float] = {}
    for link in links:
        out[link.source] = out.get(link.source, 0.0) + link.volume
        into[link.target] = into.get(link.target, 0.0) + link.volume
    return {key: max(into.get(key, 0.0), out.get(key, 0.0)) for key in {**out, **into}}


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
    volumes = throughput(drawn)
    index = {key: i for i, key in enumerate(volumes)}
    titles = {key: grouping.node_name(key, names, lang) for key in volumes}
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
                f"{titles[key]}  {fmt.hm3(volume, lang)}"
                for key, volume in volumes.items()
            ],
            "color": [_colour(key, colours) for key in volumes],
            "customdata": [
                f"<b>{titles[key]}</b><br>{fmt.hm3(volume, lang)} {fmt.UNIT}"
                for key, volume in volumes.items()
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
                _hover(link, (titles[link.source], titles[link.target]), lang)
                for link in drawn
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
    }
    layout = {
        **base_layout(theme, lang),
        "height": HEIGHT,
        "margin": {"l": 6, "r": 6, "t": 12, "b": 12},
    }
    return {"data": [trace] if drawn else [], "layout": layout}


def _link_colour(link: Link, colours: Mapping[str, str]) -> str:
    """Colour a link by its end on the right, where the sectors and losses are."""
    key = link.target
    if key in ("in/surface", "in/canal"):
        key = link.source
    return alpha(_colour(key, colours), 0.38)
