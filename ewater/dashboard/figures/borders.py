"""Volumes as bars, with what treaties grant, is normal or was published as marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.figures.parts import expanded, in_hm3, told
from ewater.dashboard.theme import axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language

HEIGHT = 190


def borders(
    rows: Sequence[Mapping[str, Any]],
    *,
    theme: str,
    lang: Language,
    name: str = "",
) -> dict[str, Any]:
    """Draw ``ours`` (quantities) and ``stated`` (m3, None if not comparable).

    ``name`` of the marks is "Stated" if not given; ``kind`` of a row may be empty.
    """
    colours = palette(theme)
    names = [", ".join(filter(None, (row["name"], row["kind"]))) for row in rows]
    data: list[dict[str, Any]] = [
        {
            "type": "bar",
            "orientation": "h",
            "name": lang.gettext("This account"),
            "y": names,
            "x": [in_hm3(row["ours"]["known"]) for row in rows],
            "error_x": {
                "type": "data",
                "array": [expanded(row["ours"]["u"]) for row in rows],
                "thickness": 1.4,
                "width": 4,
                "color": colours["ink"],
            },
            "marker": {"color": colours["inflow"]},
            "customdata": [told(row["ours"], lang) for row in rows],
            "hovertemplate": "<b>%{y}</b><br>%{customdata}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": name or lang.gettext("Stated"),
            "y": names,
            "x": [in_hm3(row["stated"]) for row in rows],
            "marker": {
                "symbol": "line-ns",
                "size": 26,
                "line": {"width": 3, "color": colours["outflow"]},
            },
            "customdata": [
                f"{fmt.hm3(row['stated'], lang)} {fmt.UNIT} ({row['written']})"
                f"<br>{row['source']}"
                for row in rows
            ],
            "hovertemplate": "<b>%{y}</b><br>%{customdata}<extra></extra>",
        },
    ]
    layout = {
        **base_layout(theme, lang),
        "height": max(HEIGHT, 90 + 44 * len(rows)),
        "margin": {"l": 8, "r": 16, "t": 30, "b": 38},
        "bargap": 0.5,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "xaxis": axis(
            theme, rangemode="tozero", title={"text": fmt.UNIT, "font": {"size": 11}}
        ),
        "yaxis": axis(theme, autorange="reversed", ticks=""),
    }
    return {"data": data, "layout": layout}
