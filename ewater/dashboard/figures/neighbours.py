"""Water exchanged with each neighbour, and what leaves to come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.theme import alpha, axis, base_layout, palette
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language

_LEAST = 330  # about as tall as the table beside it
Row = tuple[str, "Quantity"]


def _length(quantity: Quantity) -> float | None:
    """Length of a bar in hm3; none where nothing is known."""
    known = quantity["known"]
    if known is None or (quantity["value"] is None and not known):
        return None
    return known / HM3


def _bars(
    rows: Sequence[Row], name: str, colour: str, lang: Language, *, hatched: bool
) -> dict[str, Any]:
    """Bars of what is known; one that is only a part is paler."""
    whole = [q["value"] is not None for _, q in rows]
    marker: dict[str, Any] = {
        "color": [colour if w else alpha(colour, 0.35) for w in whole],
        "line": {"color": colour, "width": 1},
    }
    if hatched:
        marker["pattern"] = {"shape": "/", "size": 6, "solidity": 0.3}
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": [label for label, _ in rows],
        "x": [_length(q) for _, q in rows],
        "error_x": {
            "type": "data",
            "array": [
                None if q["u"] is None else fmt.EXPANSION * q["u"] / HM3
                for _, q in rows
            ],
            "thickness": 1.4,
            "width": 4,
        },
        "marker": marker,
        "customdata": [fmt.told(q, lang) for _, q in rows],
        "hovertemplate": "<b>%{y}</b><br>%{customdata}<extra>" + name + "</extra>",
    }


def neighbours(
    inflows: Sequence[Row],
    outflows: Sequence[Row],
    re_entering: Row | None,
    *,
    theme: str,
    lang: Language,
) -> dict[str, Any]:
    """Draw inflow and outflow per neighbour, largest on top.

    ``re_entering`` leaves the territory and comes back; it stands apart because
    it is in neither gross total.
    """
    colours = palette(theme)
    data = [
        _bars(inflows, lang.gettext("Inflow"), colours["inflow"], lang, hatched=False),
        _bars(
            outflows, lang.gettext("Outflow"), colours["outflow"], lang, hatched=False
        ),
    ]
    rows = len(inflows)
    if re_entering is not None:
        data.append(
            _bars(
                [re_entering],
                lang.gettext("Leaves and comes back"),
                colours["storage"],
                lang,
                hatched=True,
            )
        )
        rows += 1
    layout = {
        **base_layout(theme, lang),
        "height": max(_LEAST, 90 + 46 * rows),
        "margin": {"l": 8, "r": 16, "t": 30, "b": 34},
        "barmode": "group",
        "bargap": 0.3,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "xaxis": axis(
            theme, rangemode="tozero", title={"text": fmt.UNIT, "font": {"size": 11}}
        ),
        "yaxis": axis(theme, autorange="reversed", ticks=""),
    }
    return {"data": data, "layout": layout}
