"""The country by territory: own outlines in SVG, no tiles, no foreign server."""

from __future__ import annotations

import math
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater.dashboard.theme import SEQUENCES, alpha, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language

HEIGHT = 420
_IN_BRACKETS = re.compile(r"\s*\([^)]*\)")
_LABELS = 14  # more names than this would hide the map
_LABEL_WIDTH = 15
_Z_STEPS = (
    (-4.0, "map_bad"),
    (-3.0, "map_watch"),
    (-2.0, "map_good"),
    (2.0, "map_watch"),
    (3.0, "map_bad"),
)
_Z_END = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One territory on the map; ``value`` is in display units, or unknown."""

    code: str
    name: str
    value: float | None
    hover: str
    label_at: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One site on the map."""

    name: str
    kind: str
    lon: float
    lat: float


def _scale(measure: str, values: Sequence[float], theme: str) -> dict[str, Any]:
    if measure == "residual":
        colours = palette(theme)
        span = _Z_END - _Z_STEPS[0][0]
        stops: list[list[Any]] = []
        bounds = [start for start, _ in _Z_STEPS] + [_Z_END]
        for (start, name), end in zip(_Z_STEPS, bounds[1:], strict=True):
            stops += [
                [(edge - bounds[0]) / span, colours[name]] for edge in (start, end)
            ]
        return {"zmin": bounds[0], "zmax": _Z_END, "colorscale": stops}
    sequence = SEQUENCES[theme]
    stops = [[i / (len(sequence) - 1), c] for i, c in enumerate(sequence)]
    if measure == "coverage":
        return {"zmin": 0.0, "zmax": 100.0, "colorscale": stops}
    return {"zmin": 0.0, "zmax": max(values, default=1.0) or 1.0, "colorscale": stops}


def _choropleth(
    geojson: Mapping[str, Any], areas: Sequence[Area], **more: Any
) -> dict[str, Any]:
    return {
        "type": "choropleth",
        "geojson": geojson,
        "featureidkey": "id",
        "locations": [area.code for area in areas],
        "text": [area.hover for area in areas],
        "hovertemplate": "%{text}<extra></extra>",
        "showscale": False,
        **more,
    }


def _wrapped(name: str) -> str:
    """Break a name into short lines; what it has in brackets is left to the hover."""
    short = _IN_BRACKETS.sub("", name) or name
    return "<br>".join(textwrap.wrap(short, _LABEL_WIDTH, break_long_words=False))


def _names(areas: Sequence[Area], theme: str) -> dict[str, Any]:
    colours = palette(theme)
    return {
        "type": "scattergeo",
        "mode": "text",
        "lon": [area.label_at[0] for area in areas],
        "lat": [area.label_at[1] for area in areas],
        "text": [f"<b>{_wrapped(area.name)}</b>" for area in areas],
        "textfont": {
            "size": 10.5,
            "color": colours["ink"],
            "shadow": ",".join([f"0 0 3px {colours['surface']}"] * 5),
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _places(places: Sequence[Place], theme: str) -> dict[str, Any]:
    colours = palette(theme)
    return {
        "type": "scattergeo",
        "mode": "markers",
        "lon": [p.lon for p in places],
        "lat": [p.lat for p in places],
        "text": [p.name for p in places],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "size": 6,
            "symbol": [
                "diamond" if p.kind == "reservoir" else "circle" for p in places
            ],
            "color": colours["surface"],
            "line": {"width": 1.4, "color": colours["ink"]},
        },
        "showlegend": False,
    }


def basin_map(
    geojson: Mapping[str, Any],
    areas: Sequence[Area],
    *,
    selected: str,
    measure: str,
    unit: str,
    bounds: tuple[float, float, float, float],
    places: Sequence[Place],
    theme: str,
    lang: Language,
) -> dict[str, Any]:
    """Colour territories by a measure; those without a value stay grey.

    Parameters
    ----------
    geojson
        Outlines, feature ids are territory codes, rings clockwise.
    bounds
        West, south, east, north of the view, degrees.
    """
    colours = palette(theme)
    known = [a for a in areas if a.value is not None and math.isfinite(a.value)]
    unknown = [a for a in areas if a not in known]
    values = [float(a.value) for a in known if a.value is not None]
    border = {"line": {"color": colours["surface"], "width": 1.2}}
    bar = {
        "orientation": "h",
        "thickness": 9,
        "len": 0.5,
        "x": 0.0,
        "xanchor": "left",
        "y": -0.02,
        "yanchor": "top",
        "outlinewidth": 0,
        "nticks": 5,
        "tickformat": ",.6~r",
        "ticksuffix": f" {unit}" if unit == "%" else "",
        "tickfont": {"size": 10, "color": colours["muted"]},
    }
    data = []
    if unknown:
        grey = [[0, colours["empty"]], [1, colours["empty"]]]
        data.append(
            _choropleth(
                geojson, unknown, z=[0.0] * len(unknown), colorscale=grey, marker=border
            )
        )
    if known:
        data.append(
            _choropleth(
                geojson,
                known,
                z=values,
                marker=border,
                **_scale(measure, values, theme),
            )
            | {"showscale": True, "colorbar": bar}
        )
    chosen = [a for a in areas if a.code == selected]
    if chosen:
        clear = [[0, alpha(colours["surface"], 0)], [1, alpha(colours["surface"], 0)]]
        outline = {"line": {"color": colours["ink"], "width": 3}}
        data.append(
            _choropleth(geojson, chosen, z=[0.0], colorscale=clear, marker=outline)
        )
    data.append(_places(places, theme))
    if len(areas) <= _LABELS:
        data.append(_names(areas, theme))
    west, south, east, north = bounds
    layout = {
        **base_layout(theme, lang),
        "height": HEIGHT,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 34},
        "dragmode": False,
        "geo": {
            "projection": {"type": "mercator"},
            "lonaxis": {"range": [west, east]},
            "lataxis": {"range": [south, north]},
            "bgcolor": colours["surface"],
            "visible": False,
            "showland": False,
            "showcoastlines": False,
            "showcountries": False,
            "showlakes": False,
            "showframe": False,
        },
    }
    return {"data": data, "layout": layout}
