"""Earlier forecasts beside what came."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ewater.dashboard.exhibits import Column, Exhibit, Sheet, reasons
from ewater.dashboard.exhibits.sheet import Facts
from ewater.dashboard.figures.fan import HEIGHT, Band, Course, fan, hm3
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.forecast import asked
from ewater.dashboard.questions.forecasts import came_true

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State


_NONE = mark(
    "No month of a kept forecast is over and compared: `ewater forecast scores "
    "--outcomes` compares."
)
_UNKNOWN = mark(
    "Months are over, but what came is not known whole: a reading or a return is "
    "missing. Another quantity may be known."
)


def _compared(reader: CachedReader, state: State) -> bool:
    """Whether anything of the territory was compared."""
    return any(
        reader.ask(came_true, state.territory, name, asked.minute())
        for name in ("storage", "use.agriculture", "net_inflow")
    )


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Each month of each kept forecast that is over."""
    say = lang.gettext
    words = say("Earlier forecasts")
    title = f"{words}: {asked.words(state, lang)}"
    found = reader.ask(came_true, state.territory, asked.chosen(state), asked.minute())
    rows = [
        {
            "origin": dt.date.fromisoformat(row["origin"][:10]),
            "month": dt.date.fromisoformat(row["start"][:10]),
            "inside": say("yes")
            if row["low"] <= row["actual"] <= row["high"]
            else say("no"),
            **{k: row[k] for k in ("lead", "actual", "low", "middle", "high", "crps")},
        }
        for row in found
    ]
    columns = (
        Column("origin", say("Forecast from"), kind="date"),
        Column("month", say("Month"), kind="date"),
        Column("lead", say("Months ahead"), kind="number", digits=0),
        Column("actual", say("Actual"), kind="volume"),
        Column("middle", say("Median"), kind="volume"),
        Column("low", say("{level} % quantile").format(level=10), kind="volume"),
        Column("high", say("{level} % quantile").format(level=90), kind="volume"),
        Column("inside", say("In the band")),
        Column("crps", say("CRPS"), kind="volume"),
    )
    held = sum(row["low"] <= row["actual"] <= row["high"] for row in found)
    notes = [
        say("{held} of {count} months lay in the 80 % band.").format(
            held=lang.number(held), count=lang.number(len(found))
        ),
        say("CRPS: mean distance of what was forecast from what came; 0 is perfect."),
    ]
    return Sheet(
        title,
        columns,
        rows,
        notes=notes,
        empty=say(_UNKNOWN if _compared(reader, state) else _NONE),
        facts=Facts(uncertainty=say("80 % band")),
    )


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the forecasts one behind the other over what came."""
    say = lang.gettext
    actual = {row["month"]: row["actual"] for row in shown.rows}
    x = [day.isoformat() for day in sorted(actual)]
    came = [hm3(actual[day]) for day in sorted(actual)]
    name = asked.chosen(state)
    colour = asked.QUANTITIES[name][1]
    courses = []
    last: list[Any] = []
    for origin, group in groupby(shown.rows, key=lambda row: row["origin"]):
        last = list(group)
        days = [row["month"].isoformat() for row in last]
        courses.append(
            Course(
                name=say("from {month}").format(month=_month(origin, lang)),
                values=[hm3(row["middle"]) for row in last],
                colour=colour,
                dash="dot",
                x=days,
            )
        )
    newest = {row["month"].isoformat(): row for row in last}
    band = Band(
        name=say("80 % of the newest"),
        low=[hm3(newest[day]["low"]) if day in newest else None for day in x],
        high=[hm3(newest[day]["high"]) if day in newest else None for day in x],
        opacity=0.2,
    )
    courses.append(Course(name=say("Actual"), values=came, colour="ink", marks=True))
    return fan(
        x,
        [band],
        courses,
        theme=state.theme,
        lang=lang,
        colour=colour,
        zero=name not in asked.SIGNED,
    )


def _month(first: dt.date, lang: Language) -> str:
    return f"{lang.within(lang.month(first.month))} {first.year}"


EARLIER = Exhibit(
    "earlier",
    mark("What came of earlier forecasts"),
    mark("Medians of kept forecasts, and what was measured since."),
    "earlier",
    sheet,
    chart,
    HEIGHT,
    without=reasons.OUTCOMES,
    unexplained=reasons.AHEAD,
)
