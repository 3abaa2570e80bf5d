"""Parts that several figures are drawn with: scaled values, error bars, gaps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.theme import alpha, base_layout
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language


def in_hm3(value: float | None) -> float | None:
    """Give a volume (m3) in hm3; unknown stays unknown."""
    return None if value is None or not math.isfinite(value) else value / HM3


def expanded(u: float | None) -> float | None:
    """Give U = 2u of a volume (m3) in hm3."""
    scaled = in_hm3(u)
    return None if scaled is None else fmt.EXPANSION * scaled


def told(quantity: Quantity, lang: Language, *, signed: bool = False) -> str:
    """Write a quantity for the text that appears over a mark."""
    lines = [fmt.told(quantity, lang, signed=signed)]
    if missing := fmt.gap(quantity, lang):
        lines.append(missing)
    if quantity["coverage"] is not None:
        label = lang.gettext("Coverage")
        lines.append(f"{label}: {fmt.percent(quantity['coverage'], lang)}")
    return "<br>".join(lines)


def said(words: str, *, theme: str, lang: Language, height: int) -> dict[str, Any]:
    """Make a figure that has nothing to draw and says why."""
    note = {"text": words, "showarrow": False, "xref": "paper", "yref": "paper"}
    hidden = {"visible": False}
    layout = {**base_layout(theme, lang), "height": height, "annotations": [note]}
    return {"data": [], "layout": layout | {"xaxis": hidden, "yaxis": hidden}}


def runs(values: Sequence[Any]) -> list[range]:
    """Find the stretches of values that are known, as positions.

    Examples
    --------
    >>> runs([1, None, 2, 3])
    [range(0, 1), range(2, 4)]
    """
    found: list[range] = []
    for n, value in enumerate(values):
        if value is None:
            continue
        if found and found[-1].stop == n:
            found[-1] = range(found[-1].start, n + 1)
        else:
            found.append(range(n, n + 1))
    return found


def band(
    x: Sequence[Any],
    middle: Sequence[float | None],
    half: Sequence[float | None],
    colour: str,
    **more: Any,
) -> list[dict[str, Any]]:
    """Shade middle ± half, one area for each stretch without a gap."""
    both = [
        None if m is None or h is None else (m - h, m + h)
        for m, h in zip(middle, half, strict=True)
    ]
    areas = []
    for run in runs(both):
        edges = [(x[n], pair) for n in run if (pair := both[n]) is not None]
        areas.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [at for at, _ in edges] + [at for at, _ in reversed(edges)],
                "y": [low for _, (low, _) in edges]
                + [high for _, (_, high) in reversed(edges)],
                "fill": "toself",
                "fillcolor": alpha(colour, 0.18),
                "line": {"width": 0},
                "hoverinfo": "skip",
                "showlegend": False,
                **more,
            }
        )
    return areas
