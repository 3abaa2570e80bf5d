"""Figures of one unit over the years, each with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.figures.parts import band
from ewater.dashboard.theme import axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.i18n import Language

_COLOURS = ("accent", "use", "outflow", "residual", "storage", "sewerage")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "solid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One figure in every year, in the unit shown; ``half`` is U, None if unknown."""

    name: str
    values: Sequence[float | None]
    half: Sequence[float | None]


def over_years(
    years: Sequence[str],
    tracks: Sequence[Track],
    unit: str,
    *,
    height: int,
    theme: str,
    lang: Language,
    limits: Sequence[float] = (),
) -> dict[str, Any]:
    """Draw lines with bands; ``limits`` are where a class begins."""
    colours = palette(theme)
    data: list[dict[str, Any]] = []
    for n, track in enumerate(tracks):
        colour = colours[_COLOURS[n % len(_COLOURS)]]
        data += band(years, track.values, track.half, colour)
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": track.name,
                "x": list(years),
                "y": list(track.values),
                "connectgaps": False,
                "line": {
                    "color": colour,
                    "width": 2.2,
                    "dash": _DASHES[n % len(_DASHES)],
                },
                "marker": {"size": 7, "color": colour},
                "customdata": [
                    _told(value, half, unit, lang)
                    for value, half in zip(track.values, track.half, strict=True)
                ],
                "hovertemplate": f"<b>{track.name}</b>, %{{x}}<br>%{{customdata}}"
                "<extra></extra>",
            }
        )
    known = [v for track in tracks for v in track.values if v is not None]
    layout = {
        **base_layout(theme, lang),
        "height": height,
        "margin": {"l": 58, "r": 14, "t": 8, "b": 30 + 22 * len(tracks)},
        "hovermode": "closest",
        "showlegend": True,
        "legend": {"x": 0, "y": -0.1, "yanchor": "top", "traceorder": "normal"},
        "xaxis": axis(
            theme,
            type="category",
            categoryarray=list(years),
            range=[-0.4, len(years) - 0.6],
            showgrid=False,
        ),
        "yaxis": axis(
            theme,
            rangemode="tozero",
            title={
                "text": unit,
                "font": {"size": 11, "color": colours["muted"]},
                "standoff": 6,
            },
        ),
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": limit,
                "y1": limit,
                "line": {"color": colours["watch"], "width": 1, "dash": "dot"},
            }
            for limit in limits
            if known and limit <= 1.25 * max(known)
        ],
    }
    return {"data": data, "layout": layout}


def _told(value: float | None, half: float | None, unit: str, lang: Language) -> str:
    words = f"{fmt.figure(value, lang)} {unit}"
    return words if half is None else f"{words}  ± {fmt.figure(half, lang)} (95 %)"
