"""From one figure to another: a waterfall of the lines between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.theme import axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language

_FINE = 6  # decimals of what would read 0: in hm3 to 1 m3
_LONGEST = 58  # characters of a line on the axis


def height_of(count: int) -> int:
    """Height of a figure of so many lines, pixels."""
    return max(300, 74 + 27 * count)


def bridge(
    rows: Sequence[Mapping[str, Any]],
    unit: str,
    *,
    theme: str,
    lang: Language,
) -> dict[str, Any]:
    """Draw start and end as bars from zero and each line between from where it begins.

    Parameters
    ----------
    rows
        ``line``, ``value`` and ``expanded`` in the unit shown (None if unknown);
        ``end`` is true for the two figures.
    """
    colours = palette(theme)
    unknown = lang.gettext("unknown")
    written = [unknown if row["value"] is None else _signed(row, lang) for row in rows]
    trace = {
        "type": "waterfall",
        "orientation": "h",
        "y": list(range(len(rows))),
        "x": [row["value"] or 0.0 for row in rows],
        "measure": [
            ("absolute" if n == 0 else "total") if row["end"] else "relative"
            for n, row in enumerate(rows)
        ],
        "text": written,
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"size": 11, "color": colours["ink"]},
        "increasing": {"marker": {"color": colours["inflow"]}},
        "decreasing": {"marker": {"color": colours["outflow"]}},
        "totals": {"marker": {"color": colours["accent"]}},
        "connector": {"visible": False},
        "customdata": [
            f"<b>{row['line']}</b><br>{text} {unit}"
            + (
                ""
                if row["expanded"] is None
                else f"  ± {fmt.figure(row['expanded'], lang)} (95 %)"
            )
            for row, text in zip(rows, written, strict=True)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    layout = {
        **base_layout(theme, lang),
        "height": height_of(len(rows)),
        "margin": {"l": 8, "r": 70, "t": 6, "b": 40},
        "showlegend": False,
        "bargap": 0.35,
        "xaxis": axis(theme, zeroline=True, title={"text": unit, "font": {"size": 11}}),
        "yaxis": axis(
            theme,
            tickmode="array",
            tickvals=list(range(len(rows))),
            ticktext=[fmt.shortened(str(row["line"]), _LONGEST) for row in rows],
            range=[len(rows) - 0.5, -0.5],
            ticks="",
            # a line would strike through the figure beside its bar
            showgrid=False,
            zeroline=False,
        ),
    }
    return {"data": [trace], "layout": layout}


def _signed(row: Mapping[str, Any], lang: Language) -> str:
    text = fmt.figure(row["value"], lang)
    if row["value"] and not any(digit in "123456789" for digit in text):
        text = lang.number(row["value"], _FINE)  # a bar is there: it is not nothing
    plus = not row["end"] and row["value"] > 0
    return f"+{text}" if plus else text
