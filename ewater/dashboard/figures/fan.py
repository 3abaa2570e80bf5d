"""What was, and what may come: a line that opens into bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.theme import alpha, axis, base_layout, palette
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.i18n import Language

    Values = Sequence[float | None]

HEIGHT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """An area between two lines."""

    name: str
    low: Values
    high: Values
    opacity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One line; ``colour`` is of the palette, ``dash`` as Plotly has it.

    ``x`` where it is not that of the figure.
    """

    name: str
    values: Values
    colour: str
    dash: str = "solid"
    steps: bool = False
    marks: bool = False
    x: Sequence[str] | None = None


def fan(
    x: Sequence[str],
    bands: Sequence[Band],
    courses: Sequence[Course],
    *,
    theme: str,
    lang: Language,
    colour: str,
    height: int = HEIGHT,
    zero: bool = True,
) -> dict[str, Any]:
    """Draw bands behind lines, in hm³ over time.

    Parameters
    ----------
    x
        ISO dates.
    bands
        Widest first.
    zero
        Whether the axis reaches down to 0.
    """
    colours = palette(theme)
    data: list[dict[str, Any]] = []
    for one in bands:
        fill = alpha(colours[colour], one.opacity)
        edge = {"type": "scatter", "mode": "lines", "x": list(x), "line": {"width": 0}}
        data.append(
            edge | {"y": list(one.low), "showlegend": False, "hoverinfo": "skip"}
        )
        data.append(
            edge
            | {
                "y": list(one.high),
                "name": one.name,
                "fill": "tonexty",
                "fillcolor": fill,
                "hovertemplate": f"{one.name}: %{{y:,.4~r}}<extra></extra>",
            }
        )
    data += [_course(course, x, colours) for course in courses]
    month = lang.drawn("%m.%Y")
    return {
        "data": data,
        "layout": {
            **base_layout(theme, lang),
            "height": height,
            "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
            "hovermode": "x unified",
            "legend": {"orientation": "h", "y": -0.16, "x": 0},
            "xaxis": axis(theme, type="date", tickformat=month, hoverformat=month),
            "yaxis": axis(
                theme,
                title={"text": fmt.UNIT, "font": {"size": 11}},
                rangemode="tozero" if zero else "normal",
            ),
        },
    }


def _course(course: Course, x: Sequence[str], colours: Any) -> dict[str, Any]:
    shape = "hv" if course.steps else "linear"
    return {
        "type": "scatter",
        "mode": "lines+markers" if course.marks else "lines",
        "x": list(course.x or x),
        "y": list(course.values),
        "name": course.name,
        "connectgaps": False,
        "line": {
            "color": colours[course.colour],
            "width": 2,
            "dash": course.dash,
            "shape": shape,
        },
        "marker": {"size": 5, "color": colours[course.colour]},
        "hovertemplate": f"{course.name}: %{{y:,.4~r}}<extra></extra>",
    }


def hm3(volume: float | None) -> float | None:
    """Bring m3 to the unit that is drawn."""
    return None if volume is None else volume / HM3
