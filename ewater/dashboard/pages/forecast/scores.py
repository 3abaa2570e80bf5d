"""How good the forecasts of each flow and stock are, from rolling origins."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ewater.dashboard.exhibits import Column, Exhibit, Sheet, reasons
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.forecast import asked
from ewater.dashboard.questions.forecasts import forecast_scores
from ewater.dashboard.theme import axis, base_layout, palette

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_HEIGHT = 300
_EDGES = [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0001]
_MOST = 150  # rows on the page
_LEAST = 1e3  # m3 a month: below that there is nothing to forecast
WAYS = {
    "climatology": mark("climatology"),
    "analogues": mark("analogue years"),
    "regression": mark("regression"),
    "arma": mark("ARMA process"),
    "pool": mark("regression and ARMA"),
}


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List the largest series with their scores."""
    say = lang.gettext
    title = say("Scores of the forecast")
    code = asked.newest(reader)
    if code is None:
        return Sheet(title, (), (), empty=say(asked.NO_FORECAST))
    found = [
        row
        for row in reader.ask(forecast_scores, code)
        if (row["crps_climatology"] or 0) > _LEAST and row["skill"] is not None
    ]
    kinds = {"flow": say("flow"), "stock": say("stock")}
    rows = [
        {
            **row,
            "kind": kinds[row["kind"]],
            "way": say(WAYS.get(row["candidate"], row["candidate"])),
        }
        for row in sorted(found, key=lambda row: -abs(row["mean"] or 0))[:_MOST]
    ]
    better = sum(row["skill"] > 0 for row in found)
    months = sum(row["months"] for row in found)
    held = sum(row["inside"] * row["months"] for row in found) / max(months, 1)
    columns = (
        Column("kind", say("Kind")),
        Column("code", say("Code"), kind="code"),
        Column("way", say("Way to forecast")),
        Column("months", say("Months compared"), kind="number", digits=0),
        Column("mean", say("Mean"), kind="volume"),
        Column("crps", say("CRPS"), kind="volume"),
        Column("crps_climatology", say("CRPS of climatology"), kind="volume"),
        Column("skill", say("Better than climatology by"), kind="change", digits=0),
        Column("inside", say("In the 80 % band"), kind="share", digits=0),
    )
    return Sheet(
        title,
        columns,
        rows,
        notes=[
            say(
                "{better} of {count} are forecast better than by climatology; the 80 % "
                "band held {held} % of the months."
            ).format(
                better=lang.number(better),
                count=lang.number(len(found)),
                held=lang.number(100 * held),
            ),
            say(
                "From every earlier month a forecast was made with what was known "
                "there; the way was chosen by what had come true until then."
            ),
            say(
                "The table has the {count} largest; `ewater forecast scores` has all."
            ).format(count=lang.number(len(rows))),
        ],
        data=[row["skill"] for row in found],
        empty=say(
            "The records are too short to compare: more than two years are needed."
        ),
    )


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Count the series by how much better they are forecast."""
    colours = palette(state.theme)
    skills = [min(max(skill, _EDGES[0]), 1.0) for skill in shown.data]
    top = max([*skills, 0.1])
    pairs = [pair for pair in itertools.pairwise(_EDGES) if pair[0] <= top]
    counts = [sum(low <= s < high for s in skills) for low, high in pairs]
    names = [f"{100 * low:.0f}…{100 * min(high, 1):.0f} %" for low, high in pairs]
    names[0] = f"< {100 * _EDGES[1]:.0f} %"
    return {
        "data": [
            {
                "type": "bar",
                "x": names,
                "y": counts,
                "marker": {
                    "color": [
                        colours["bad"] if high <= 0.001 else colours["good"]
                        for _, high in pairs
                    ]
                },
                "hovertemplate": "%{x}: %{y}<extra></extra>",
            }
        ],
        "layout": {
            **base_layout(state.theme, lang),
            "height": _HEIGHT,
            "showlegend": False,
            "bargap": 0.15,
            "xaxis": axis(
                state.theme,
                type="category",
                title={
                    "text": lang.gettext("Better than climatology by"),
                    "font": {"size": 11},
                },
            ),
            "yaxis": axis(
                state.theme,
                title={"text": lang.gettext("Series"), "font": {"size": 11}},
            ),
        },
    }


SCORES = Exhibit(
    "scores",
    mark("How good the forecasts are"),
    mark("Score of each flow and stock against climatology."),
    "scores",
    sheet,
    chart,
    _HEIGHT,
    without=reasons.OUTCOMES,
    unexplained=reasons.AHEAD,
)
