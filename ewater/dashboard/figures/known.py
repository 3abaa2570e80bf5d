"""How much of each total is measured, reported or estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.labels import STATUSES
from ewater.dashboard.theme import alpha, axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language

_LEAST = 0.0005


def known(
    rows: Sequence[tuple[str, Quantity]], *, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw the statuses of each total as parts of a bar; all is 100 %."""
    colours = palette(theme)
    names = [name for name, _ in rows]
    data = []
    for status, label in STATUSES.items():
        shares = [q["status_shares"].get(status, 0.0) for _, q in rows]
        if max(shares, default=0.0) < _LEAST:
            continue
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": lang.gettext(label),
                "y": names,
                "x": [100 * share for share in shares],
                "marker": {
                    "color": alpha(colours[status], 0.85),
                    "line": {"color": colours["surface"], "width": 1},
                },
                "customdata": [fmt.percent(share, lang, 1) for share in shares],
                "hovertemplate": "<b>%{y}</b><br>%{customdata}<extra>"
                f"{lang.gettext(label)}</extra>",
            }
        )
    layout = {
        **base_layout(theme, lang),
        "height": 96 + 40 * len(rows),
        "margin": {"l": 8, "r": 18, "t": 30, "b": 26},
        "barmode": "stack",
        "bargap": 0.42,
        "legend": {
            "orientation": "h",
            "y": 1.0,
            "yanchor": "bottom",
            "x": 0,
            "traceorder": "normal",
        },
        "xaxis": axis(theme, range=[0, 100], ticksuffix=" %", nticks=6, zeroline=False),
        "yaxis": axis(theme, autorange="reversed", ticks=""),
    }
    return {"data": data, "layout": layout}
