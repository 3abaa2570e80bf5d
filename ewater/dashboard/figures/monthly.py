"""Step by step: what came, what went, what was stored, what is left."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import totals
from ewater.dashboard.figures.parts import in_hm3, told
from ewater.dashboard.labels import use_words
from ewater.dashboard.theme import alpha, axis, base_layout, palette
from ewater.dashboard.words import step_words
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.answers import Period, Quantity
    from ewater.dashboard.i18n import Language

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
    periods: Sequence[Period], chosen: tuple[date, date], theme: str
) -> list[dict[str, Any]]:
    """Shade the steps with a gap, and those outside the chosen period."""
    colours = palette(theme)
    bands = []
    for i, period in enumerate(periods):
        shown = (period["inflow"], period["outflow"], period["storage_change"])
        gaps = any(total["missing"] for total in shown)
        start, end = days(period)
        outside = end <= chosen[0] or start >= chosen[1]
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


def days(period: Period) -> tuple[date, date]:
    """First day of a period and the one after it, by its own calendar."""
    start, end = (date.fromisoformat(period[key][:10]) for key in ("start", "end"))
    return start, end


def _is_bare(period: Period) -> bool:
    """Whether neither gross total has a value, nor lacks any flow."""
    pair = (period["inflow"], period["outflow"])
    return all(q["value"] is None and not q["missing"] for q in pair)


def _used(
    names: list[str], periods: Sequence[Period], sector: str, lang: Language, theme: str
) -> list[dict[str, Any]]:
    """Line of what one sector uses."""
    if not sector:
        return []
    words = use_words(sector, lang)
    used = [totals.use(p, sector) for p in periods]
    return [_line(names, used, words, palette(theme)["use"], lang)]


def _said(
    words: str, across: float, up: float, colours: Mapping[str, str]
) -> dict[str, Any]:
    """Write words over the figure, at shares of its width and height."""
    return {
        "text": words,
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "x": across,
        "y": up,
        "xanchor": "auto",
        "yanchor": "auto",
        "font": {"size": 11, "color": colours["muted"]},
    }


def monthly(
    periods: Sequence[Period],
    chosen: tuple[date, date],
    *,
    sector: str = "",
    theme: str,
    lang: Language,
) -> dict[str, Any]:
    """Draw the account of each step of a year, or of each year.

    Parameters
    ----------
    periods
        Months, or others of equal kind that follow each other; volumes in m3.
    chosen
        First day of the chosen period and the one after it; the rest is shaded.
    sector
        Whose use is a line besides; empty: none.
    """
    colours = palette(theme)
    names = [step_words(*days(p), lang, "abbreviated") for p in periods]
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
        *_used(names, periods, sector, lang, theme),
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
            type="category",
            range=[-0.5, len(names) - 0.5],
        ),
        "xaxis2": axis(
            theme,
            domain=[0, 1],
            anchor="y2",
            type="category",
            range=[-0.5, len(names) - 0.5],
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
        "shapes": _bands(periods, chosen, theme),
    }
    layout["xaxis"]["showticklabels"] = False
    if all(p["residual"]["value"] is None for p in periods):
        layout["yaxis2"] |= {"showticklabels": False, "showgrid": False}
        layout["annotations"] = [
            _said(f"{residual}: {lang.gettext('unknown')}", 0.5, 0.14, colours)
        ]
    if periods and all(p["apportioned"] and _is_bare(p) for p in periods):
        words = lang.gettext("Not defined: a shared reach crosses the boundary")
        layout["annotations"] = [
            *layout.get("annotations", []),
            _said(f"{inflow}, {outflow}: {words}", 0.01, 0.99, colours),
        ]
    return {"data": data, "layout": layout}
