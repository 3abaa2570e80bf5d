"""A few years as a small picture: an SVG image with a text of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 170, 36
_EDGE = 4.0


def _runs(
    points: Sequence[tuple[float, float] | None],
) -> list[list[tuple[float, float]]]:
    """Split where a value is unknown, so that a line never bridges a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def sparkline(values: Sequence[float | None], colour: str, *, last: int = -1) -> str:
    """Draw values as an SVG in a data address; unknown values are gaps.

    Parameters
    ----------
    values
        In time order, any unit.
    last
        Index of the value that gets the larger dot.
    """
    known = [v for v in values if v is not None and math.isfinite(v)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    span = (high - low) or 1.0
    step = (WIDTH - 2 * _EDGE) / max(1, len(values) - 1)
    points = [
        None
        if v is None or not math.isfinite(v)
        else (
            _EDGE + i * step,
            HEIGHT - _EDGE - (HEIGHT - 2 * _EDGE) * (v - low) / span,
        )
        for i, v in enumerate(values)
    ]
    parts = []
    for run in _runs(points):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            'stroke-width="1.8" stroke-linejoin="round"/>'
        )
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.6" fill="{colour}"/>'
            for x, y in run
        ]
    if points and (end := points[last]) is not None:
        parts.append(
            f'<circle cx="{end[0]:.1f}" cy="{end[1]:.1f}" r="3.4" fill="{colour}"/>'
        )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(parts)}</svg>'
    )
    return f"data:image/svg+xml,{quote(svg)}"
