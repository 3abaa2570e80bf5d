"""A series over time: the line with its gaps, what is usual, and doubted readings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.dashboard.figures.arrays import local_ms, typed, with_gaps
from ewater.dashboard.format import UNCERTAINTY
from ewater.dashboard.theme import alpha, axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.dashboard.i18n import Language

    Floats = NDArray[np.float64]
    Trace = dict[str, Any]

#: Symbol and colour of readings that are shown one by one.
MARKS = {
    "suspect": ("triangle-up-open", "watch"),
    "failed": ("x-thin-open", "bad"),
    "edited": ("diamond-open", "residual"),
}
_SIZE = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Band:
    """What is usual on each day shown: instants in us UTC, values in display units."""

    time: NDArray[np.int64]
    low: Floats
    p10: Floats
    p50: Floats
    p90: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """All that the chart of one series needs; values in the unit it is shown in."""

    name: str
    unit: str
    zone: str
    ends: tuple[int, int]
    time: NDArray[np.int64]
    value: Floats
    broken: NDArray[np.bool_]
    range: tuple[Floats, Floats] | None = None
    half: Floats | None = None  # U around each value of the line
    marks: Mapping[str, tuple[NDArray[np.int64], Floats]] = field(default_factory=dict)
    band: Band | None = None
    now: tuple[NDArray[np.int64], Floats, NDArray[np.bool_]] | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    levels: Sequence[tuple[str, float]] = ()


def hydrograph(drawn: Drawing, *, theme: str, lang: Language) -> dict[str, Any]:
    """Draw a series.

    The line is broken at gaps. Readings that failed are never on it. Flags differ in
    shape, not in colour alone.

    Parameters
    ----------
    drawn
        ``words`` name ``min_max``, ``p10_p90``, ``median``, ``range``, ``now`` and
        each kind of marks; ``levels`` are horizontal lines, named.
    """
    colours = palette(theme)
    traces = [
        *(_band(drawn, colours) if drawn.band is not None else []),
        *(_range(drawn, colours) if drawn.range is not None else []),
        *(_unsure(drawn, colours) if drawn.half is not None else []),
    ]
    if drawn.now is not None:
        traces.append(
            _line(
                drawn,
                *drawn.now,
                name=drawn.words["now"],
                colour=colours["muted"],
                more={"dash": "dot", "width": 1.4},
            )
        )
    traces.append(
        _line(
            drawn,
            drawn.time,
            drawn.value,
            drawn.broken,
            name=drawn.name,
            colour=colours["accent"],
            more={"width": 1.8},
        )
    )
    traces += [
        _marks(drawn, kind, colours) for kind in MARKS if len(_at(drawn, kind)[0])
    ]
    for trace in traces:
        if "hovertemplate" in trace:
            trace["hovertemplate"] = lang.drawn(trace["hovertemplate"])
    return {"data": traces, "layout": _layout(drawn, theme, lang)}


def _at(drawn: Drawing, kind: str) -> tuple[NDArray[np.int64], Floats]:
    nothing = np.empty(0, np.int64), np.empty(0)
    return drawn.marks.get(kind, nothing)


def _line(
    drawn: Drawing,
    time: NDArray[np.int64],
    value: Floats,
    broken: NDArray[np.bool_],
    *,
    name: str,
    colour: str,
    more: dict[str, Any],
) -> Trace:
    x, y = with_gaps(local_ms(time, drawn.zone), value, broken)
    alone = np.isnan(np.concatenate([[np.nan], y[:-1]])) & np.isnan(
        np.concatenate([y[1:], [np.nan]])
    )
    return {
        "type": "scatter",
        "mode": "lines+markers" if (alone & ~np.isnan(y)).any() else "lines",
        "x": typed(x),
        "y": typed(y),
        "name": name,
        "connectgaps": False,
        "line": {"color": colour, **more},
        "marker": {"size": 3, "color": colour},
        "hovertemplate": f"%{{x|%d.%m.%Y %H:%M}}<br>%{{y}} {drawn.unit}"
        f"<extra>{name}</extra>",
    }


def _band(drawn: Drawing, colours: Mapping[str, str]) -> list[Trace]:
    band = drawn.band
    assert band is not None  # noqa: S101 - the caller has looked
    x, tone = local_ms(band.time, drawn.zone), colours["storage"]

    def filled(low: Floats, high: Floats, name: str, opacity: float) -> Trace:
        around, edge = _outline(x, low, high)
        return {
            "type": "scatter",
            "mode": "lines",
            "x": typed(around),
            "y": typed(edge),
            "fill": "toself",
            "fillcolor": alpha(tone, opacity),
            "line": {"width": 0},
            "hoverinfo": "skip",
            "name": name,
        }

    return [
        filled(band.low, band.high, drawn.words["min_max"], 0.13),
        filled(band.p10, band.p90, drawn.words["p10_p90"], 0.2),
        {
            "type": "scatter",
            "mode": "lines",
            "x": typed(x),
            "y": typed(band.p50),
            "name": drawn.words["median"],
            "connectgaps": False,
            "line": {"color": tone, "width": 1.4, "dash": "dash"},
            "hovertemplate": f"%{{y}} {drawn.unit}"
            f"<extra>{drawn.words['median']}</extra>",
        },
    ]


def _outline(x: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Outlines of a band, one for each stretch of days that are known.

    Plotly fills between two lines across their gaps; an outline it does not.
    """
    known = np.isfinite(low) & np.isfinite(high)
    turns = np.flatnonzero(np.diff(known.astype(np.int8))) + 1
    xs, ys = [np.empty(0)], [np.empty(0)]
    for part in np.split(np.arange(len(x)), turns):
        if len(part) and known[part[0]]:
            back = part[::-1]
            xs += [x[part], x[back], x[part[-1:]]]
            ys += [low[part], high[back], np.array([np.nan])]
    return np.concatenate(xs), np.concatenate(ys)


def _range(drawn: Drawing, colours: Mapping[str, str]) -> list[Trace]:
    """Least and greatest reading of each day, around the line of means."""
    assert drawn.range is not None  # noqa: S101 - the caller has looked
    traces = []
    for n, edge in enumerate(drawn.range):
        x, y = with_gaps(local_ms(drawn.time, drawn.zone), edge, drawn.broken)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": typed(x),
                "y": typed(y),
                "line": {"width": 0.8, "color": alpha(colours["accent"], 0.45)},
                "connectgaps": False,
                "hoverinfo": "skip",
                "name": drawn.words["range"],
                "legendgroup": "range",
                "showlegend": n == 1,
            }
        )
    return traces


def _unsure(drawn: Drawing, colours: Mapping[str, str]) -> list[Trace]:
    """Shade the line by its uncertainty."""
    assert drawn.half is not None  # noqa: S101 - the caller has looked
    x, y = with_gaps(local_ms(drawn.time, drawn.zone), drawn.value, drawn.broken)
    _, half = with_gaps(local_ms(drawn.time, drawn.zone), drawn.half, drawn.broken)
    around, edge = _outline(x, y - half, y + half)
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": typed(around),
            "y": typed(edge),
            "fill": "toself",
            "fillcolor": alpha(colours["accent"], 0.28),
            "line": {"width": 0},
            "hoverinfo": "skip",
            "name": UNCERTAINTY,
        }
    ]


def _marks(drawn: Drawing, kind: str, colours: Mapping[str, str]) -> Trace:
    time, value = _at(drawn, kind)
    symbol, colour = MARKS[kind]
    name = drawn.words[kind]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": typed(local_ms(time, drawn.zone)),
        "y": typed(value),
        "name": name,
        "marker": {
            "symbol": symbol,
            "size": _SIZE,
            "color": colours[colour],
            "line": {"color": colours[colour], "width": 1.6},
        },
        "hovertemplate": f"%{{x|%d.%m.%Y %H:%M}}<br>%{{y}} {drawn.unit}"
        f"<extra>{name}</extra>",
    }


def scale(drawn: Drawing) -> list[float] | None:
    """Range of values that is shown at first: failed readings do not stretch it."""
    shown = [drawn.value, *(drawn.range or ())]
    if drawn.half is not None:
        shown += [drawn.value - drawn.half, drawn.value + drawn.half]
    shown += [_at(drawn, kind)[1] for kind in MARKS if kind != "failed"]
    if drawn.band is not None:
        shown += [drawn.band.low, drawn.band.high]
    if drawn.now is not None:
        shown.append(drawn.now[1])
    shown.append(np.array([y for _, y in drawn.levels]))
    every = np.concatenate(shown)
    every = every[np.isfinite(every)]
    if len(every) == 0:
        return None
    low, high = float(every.min()), float(every.max())
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    base = 0.0 if 0.0 <= low < 0.4 * high else low - margin
    return [base, high + margin]


def _layout(drawn: Drawing, theme: str, lang: Language) -> dict[str, Any]:
    colours = palette(theme)
    start, end = local_ms(np.array(drawn.ends), drawn.zone).tolist()
    flat = {"type": "line", "xref": "paper", "x0": 0, "x1": 1}
    return {
        **base_layout(theme, lang),
        "margin": {"l": 8, "r": 12, "t": 30, "b": 8},
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "xaxis": axis(
            theme,
            type="date",
            range=[start, end],
            fixedrange=False,
            tickformat=None,
            showgrid=False,
            tickformatstops=[
                {**stop, "value": lang.drawn(stop["value"])} for stop in _TICKS
            ],
        ),
        "yaxis": axis(
            theme,
            title={"text": drawn.unit, "standoff": 6},
            fixedrange=False,
            range=scale(drawn),
        ),
        "dragmode": "zoom",
        "shapes": [
            {
                **flat,
                "y0": y,
                "y1": y,
                "line": {"color": colours["ink"], "width": 1, "dash": "longdash"},
            }
            for _, y in drawn.levels
        ],
        "annotations": [
            {
                "xref": "paper",
                "x": 1,
                "xanchor": "right",
                "y": y,
                "yanchor": "bottom",
                "text": words,
                "showarrow": False,
                "font": {"size": 11, "color": colours["ink"]},
            }
            for words, y in drawn.levels
        ],
    }


_TICKS: list[dict[str, Any]] = [
    {"dtickrange": [None, 86_400_000], "value": "%H:%M\n%d.%m.%Y"},
    {"dtickrange": [86_400_000, "M1"], "value": "%d.%m\n%Y"},
    {"dtickrange": ["M1", "M12"], "value": "%m.%Y"},
    {"dtickrange": ["M12", None], "value": "%Y"},
]
