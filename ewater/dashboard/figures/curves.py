"""Curves of a site: measured range drawn through, extrapolation dashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.dashboard.figures.arrays import typed
from ewater.dashboard.theme import axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language

_VERSIONS = ("accent", "outflow", "residual", "storage", "muted")


def curves(
    versions: Sequence[Mapping[str, Any]],
    *,
    value: str,
    level: str,
    beyond: str,
    theme: str,
    lang: Language,
) -> dict[str, Any]:
    """Draw versions of one kind of curve, level upwards.

    Parameters
    ----------
    versions
        ``name``, ``level`` (m), ``value`` (in the unit shown), ``measured``; the one
        in force first.
    value, level
        Names of the axes, with units.
    beyond
        How what is extrapolated is called.
    """
    colours = palette(theme)
    traces = []
    for n, one in enumerate(versions):
        colour = colours[_VERSIONS[min(n, len(_VERSIONS) - 1)]]
        measured = np.asarray(one["measured"], np.bool_)
        parts = [(one["name"], measured, "solid")]
        if not measured.all():
            outside = ~measured
            outside[:-1] |= ~measured[1:]
            outside[1:] |= ~measured[:-1]  # so that the two parts meet
            parts.append((f"{one['name']}, {beyond}", outside, "dot"))
        for name, shown, dash in parts:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": typed(np.where(shown, one["value"], np.nan)),
                    "y": typed(np.asarray(one["level"])),
                    "name": name,
                    "connectgaps": False,
                    "line": {"color": colour, "width": 2, "dash": dash},
                    "hovertemplate": f"%{{y}} m<br>%{{x}}<extra>{name}</extra>",
                }
            )
    return {
        "data": traces,
        "layout": {
            **base_layout(theme, lang),
            "margin": {"l": 8, "r": 12, "t": 30, "b": 8},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "xaxis": axis(
                theme, title={"text": value, "standoff": 6}, rangemode="tozero"
            ),
            "yaxis": axis(theme, title={"text": level, "standoff": 6}),
        },
    }
