"""The months of a year: what came, what went, what was stored, what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.figures.parts import in_hm3, told
from ewater.dashboard.theme import alpha, axis, base_layout, palette
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import Period, Quantity

HEIGHT = 468


def _bars(
    months: list[str],
    quantities: Sequence[Quantity],
    name: str,
    colour: str,
    group: str,
    lang: Language,
) -> list[dict[str, Any]]:
    """Full bars where all is known; hatched ones show the part that is known."""
    common: dict[str, Any] = {
        "type": "bar",
        "x": months,
        "name": name,
        "offsetgroup": group,
        "customdata": [told(q, lang) for q in quantities],
        "hovertemplate": f"<b>{name}</b>, %{{x}}<br>%{{customdata}}<extra></extra>",
    }
    whole = [in_hm3(q["value"]) for q in quantities]
    part = [
        in_hm3(q["known"]) if w is None and q["known"] else None
        for q, w in zip(quantities, whole, strict=True)
    ]
    traces = [{**common, "y": whole, "marker": {"color": colour}, "legendgroup": group}]
    if any(p is not None for p in part):
        hatched = {
            "color": alpha(colour, 0.25),
            "line": {"color": colour, "width": 1},
            "pattern": {"shape": "/", "fgcolor": colour, "size": 6, "solidity": 0.25},
        }
        traces.append(
            {
                **common,
                "y": part,
                "marker": hatched,
                "legendgroup": group,
                "showlegend": False,
            }
        )
    return traces


def _line(
    months: list[str],
    quantities: Sequence[Quantity],
    name: str,
    colour: str,
    lang: Language,
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": months,
        "y": [in_hm3(q["value"]) for q in quantities],
        "name": name,
        "connectgaps": False,
        "line": {"color": colour, "width": 2.5},
        "marker": {"size": 7, "color": colour},
        "customdata": [told(q, lang, signed=True) for q in quantities],
        "hovertemplate": f"<b>{name}</b>, %{{x}}<br>%{{customdata}}<extra></extra>",
    }


def _residual(
    months: list[str], periods: Sequence[Period], name: str, colour: str, lang: Language
) -> dict[str, Any]:
    residuals = [p["residual"] for p in periods]
    trace = _line(months, residuals, name, colour, lang)
    return trace | {
        "mode": "markers",
        "xaxis": "x2",
        "yaxis": "y2",
        "error_y": {
            "type": "data",
            "array": [
                None if r["u"] is None else fmt.EXPANSION * r["u"] / HM3
                for r in residuals
            ],
            "color": colour,
            "thickness": 1.5,
            "width": 4,
        },
    }


def _bands(
    periods: Sequence[Period], first_last: tuple[int, int], theme: str
) -> list[dict[str, Any]]:
    """Shade the months with a gap, and those outside the chosen range."""
    colours = palette(theme)
    bands = []
    for i, period in enumerate(periods):
        gaps = any(
            period[name]["value"] is None
            for name in ("inflow", "outflow", "storage_change")
        )
        outside = not first_last[0] <= i + 1 <= first_last[1]
        if not (gaps or outside):
            continue
        bands.append(
            {
                "type": "rect",
                "xref": "x",
                "yref": "paper",
                "x0": i - 0.5,
                "x1": i + 0.5,
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "line": {"width": 0},
                "fillcolor": alpha(colours["watch" if gaps else "muted"], 0.13),
            }
        )
    return bands


def monthly(
    periods: Sequence[Period], months: tuple[int, int], *, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw the account of each month of a year.

    Parameters
    ----------
    periods
        Twelve months from January; volumes in m3.
    months
        First and last month of the chosen range; the others are shaded.
    """
    colours = palette(theme)
    names = [lang.month(i + 1) for i in range(len(periods))]
    inflow, outflow, storage, residual = (
        lang.gettext("Inflow"),
        lang.gettext("Outflow"),
        lang.gettext("Storage change"),
        lang.gettext("Residual"),
    )
    data = [
        *_bars(
            names, [p["inflow"] for p in periods], inflow, colours["inflow"], "in", lang
        ),
        *_bars(
            names,
            [p["outflow"] for p in periods],
            outflow,
            colours["outflow"],
            "out",
            lang,
        ),
        _line(
            names,
            [p["storage_change"] for p in periods],
            storage,
            colours["storage"],
            lang,
        ),
        _residual(names, periods, f"{residual} ± U", colours["residual"], lang),
    ]
    title = {"font": {"size": 11, "color": colours["muted"]}, "standoff": 6}
    layout = {
        **base_layout(theme, lang),
        "height": HEIGHT,
        "margin": {"l": 56, "r": 10, "t": 34, "b": 26},
        "barmode": "group",
        "bargap": 0.22,
        "bargroupgap": 0.06,
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "xaxis": axis(
            theme,
            domain=[0, 1],
            anchor="y2",
            matches="x2",
            range=[-0.5, len(names) - 0.5],
        ),
        "xaxis2": axis(
            theme, domain=[0, 1], anchor="y2", range=[-0.5, len(names) - 0.5]
        ),
        "yaxis": axis(
            theme, domain=[0.36, 1], title={"text": fmt.UNIT, **title}, zeroline=True
        ),
        "yaxis2": axis(
            theme,
            domain=[0, 0.28],
            title={"text": fmt.with_unit(residual), **title},
            zeroline=True,
            nticks=4,
        ),
        "shapes": _bands(periods, months, theme),
    }
    layout["xaxis"]["showticklabels"] = False
    return {"data": data, "layout": layout}
