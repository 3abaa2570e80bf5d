"""Colours of both themes: one table for the style sheet and for the figures.

Text and badges reach a contrast of 4.5 to their ground (WCAG AA). Figures get
opaque grounds: a transparent one makes the links of a Sankey vanish.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language

FONT = (
    '"Inter", "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", "Liberation Sans", '
    "Arial, sans-serif"
)

PALETTES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "light": MappingProxyType(
            {
                "ground": "#f1f5f8",
                "surface": "#ffffff",
                "raised": "#f6f9fb",
                "ink": "#10222f",
                "muted": "#4d6070",
                "line": "#d7e0e7",
                "accent": "#0b6fa4",
                "accent_soft": "#e3f1f8",
                "brand": "#0a3d5c",
                "brand_ink": "#ffffff",
                "notice": "#fff4d6",
                "notice_ink": "#6b4700",
                "inflow": "#1878b4",
                "outflow": "#c2680b",
                "use": "#3f8f4f",
                "storage": "#0d7d74",
                "residual": "#8a3ea8",
                "good": "#1c7a43",
                "watch": "#9a5b00",
                "bad": "#b3261e",
                "agriculture": "#5a9a3c",
                "industry": "#7d64b8",
                "energy": "#c99412",
                "water_supply": "#2296b8",
                "sewerage": "#8a7462",
                "services": "#c05a90",
                "households": "#d2693f",
                "measured": "#1c7a43",
                "reported": "#0b6fa4",
                "modelled": "#7650b5",
                "imputed": "#9a5b00",
                "balancing": "#5b6873",
                "unknown": "#b3261e",
                "empty": "#dfe6eb",
                "map_good": "#a9d6c0",
                "map_watch": "#f2c66f",
                "map_bad": "#dd7a68",
            }
        ),
        "dark": MappingProxyType(
            {
                "ground": "#0d1820",
                "surface": "#14232d",
                "raised": "#1a2c38",
                "ink": "#e9f1f6",
                "muted": "#a5b8c6",
                "line": "#2a3f4d",
                "accent": "#5cb8e6",
                "accent_soft": "#173a4d",
                "brand": "#0a2e45",
                "brand_ink": "#ffffff",
                "notice": "#3d3010",
                "notice_ink": "#ffdf94",
                "inflow": "#4fa9e0",
                "outflow": "#ef9a45",
                "use": "#74c182",
                "storage": "#3cbdb0",
                "residual": "#c98be3",
                "good": "#6fd095",
                "watch": "#f0b455",
                "bad": "#ff8f85",
                "agriculture": "#86c26a",
                "industry": "#a893de",
                "energy": "#e2b840",
                "water_supply": "#4fbcdc",
                "sewerage": "#b59d8a",
                "services": "#e08cb8",
                "households": "#ee9068",
                "measured": "#6fd095",
                "reported": "#5cb8e6",
                "modelled": "#b79bea",
                "imputed": "#f0b455",
                "balancing": "#a5b8c6",
                "unknown": "#ff8f85",
                "empty": "#2c404d",
                "map_good": "#2c6b52",
                "map_watch": "#96701f",
                "map_bad": "#a8493d",
            }
        ),
    }
)

#: Mantine's scale of greys for controls on the dark theme, text to ground.
MANTINE_DARK = (
    "#e9f1f6",
    "#c4d3dd",
    "#a5b8c6",
    "#7d94a4",
    "#2f4656",
    "#243845",
    "#1a2c38",
    "#14232d",
    "#0d1820",
    "#081016",
)

#: Mantine's scale of the one accent colour; the eighth is the accent itself.
MANTINE_ACCENT = (
    "#e3f1f8",
    "#cbe5f2",
    "#a3d1e8",
    "#76bbdd",
    "#4fa6d1",
    "#2f94c4",
    "#1a80b5",
    "#0b6fa4",
    "#0a5f8d",
    "#084d73",
)

#: Light to dark for amounts; the dark theme starts from its own ground.
SEQUENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "light": ("#dbeaf4", "#a9cfe6", "#66a9d1", "#2b7fb5", "#0d5484", "#08324f"),
        "dark": ("#1d3b4d", "#235873", "#2d7aa0", "#469fcb", "#7cc4e8", "#c4e7f9"),
    }
)


def palette(theme: str) -> Mapping[str, str]:
    """Colours of a theme."""
    return PALETTES[theme]


def css_variables() -> str:
    """Both palettes as CSS custom properties on the root element."""
    rules = []
    for theme, colours in PALETTES.items():
        body = "".join(f"--{k.replace('_', '-')}:{v};" for k, v in colours.items())
        rules.append(f':root[data-mantine-color-scheme="{theme}"]{{{body}}}')
    return "".join(rules)


def alpha(colour: str, opacity: float) -> str:
    """Mix transparency into a hexadecimal colour.

    Examples
    --------
    >>> alpha("#ff8000", 0.5)
    'rgba(255,128,0,0.5)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def base_layout(theme: str, lang: Language) -> dict[str, Any]:
    """Layout shared by all figures."""
    colours = palette(theme)
    return {
        "font": {"family": FONT, "size": 12, "color": colours["ink"]},
        "paper_bgcolor": colours["surface"],
        "plot_bgcolor": colours["surface"],
        "separators": lang.separators,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hoverlabel": {
            "bgcolor": colours["raised"],
            "bordercolor": colours["line"],
            "font": {"family": FONT, "size": 12, "color": colours["ink"]},
            "align": "left",
        },
    }


def axis(theme: str, **more: Any) -> dict[str, Any]:
    """Axis with quiet lines and a small title."""
    colours = palette(theme)
    if title := more.get("title"):
        small = {"size": 11, "color": colours["muted"]}
        more["title"] = {**title, "font": {**small, **title.get("font", {})}}
    return {
        "gridcolor": colours["line"],
        "linecolor": colours["line"],
        "zerolinecolor": colours["muted"],
        "tickfont": {"color": colours["muted"], "size": 11},
        "fixedrange": True,
        "automargin": True,
        "tickformat": ",.6~r",
        **more,
    }


def mixed(colour: str, ground: str, share: float) -> str:
    """Mix two hexadecimal colours, so many parts of the first to one of both.

    Examples
    --------
    >>> mixed("#ff8000", "#ffffff", 0.5)
    '#ffbf7f'
    """
    parts = [
        share * int(colour[i : i + 2], 16) + (1 - share) * int(ground[i : i + 2], 16)
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{int(part):02x}" for part in parts)
