"""The fan: two years past, then the months ahead with their bands."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from ewater.dashboard.exhibits import Column, Exhibit, Sheet, reasons
from ewater.dashboard.figures.fan import HEIGHT, Band, Course, fan, hm3
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.forecast import asked

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_LEVELS = ("0.05", "0.1", "0.25", "0.75", "0.9", "0.95")


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Months past and ahead of the quantity that is chosen."""
    say = lang.gettext
    title = f"{say('Forecast')}: {asked.words(state, lang)}"
    found = asked.document(reader, state)
    if found is None:
        return Sheet(title, (), (), empty=say(asked.NO_FORECAST))
    name = asked.chosen(state)
    months: dict[dt.date, dict[str, Any]] = {}
    for past in found["past"]:
        months[dt.date.fromisoformat(past["start"][:10])] = {
            "actual": past[name],
            "known": past[f"{name}_known"] if past[name] is None else None,
        }
    lacking: set[str] = set()
    for period in found["periods"]:
        cell = period["quantities"][name]
        lacking |= set(cell["missing"])
        month = months.setdefault(
            dt.date.fromisoformat(period["start"][:10]), {"actual": None}
        )
        month |= {
            "mean": cell["mean"],
            **{f"q{level}": value for level, value in _quantiles(cell).items()},
        }
    rows = [{"month": month, **told} for month, told in sorted(months.items())]
    if all(row.get("mean") is None for row in rows):
        why = (
            say("Not known: {flows}").format(flows=", ".join(sorted(lacking)[:8]))
            if lacking
            else say(
                "An account is divided between this territory and another: what "
                "crosses the border cannot be told. The net inflow can."
            )
        )
        return Sheet(title, (), (), empty=why)
    columns = (
        Column("month", say("Month"), kind="date"),
        Column("actual", say("Actual"), kind="volume"),
        Column("known", say("Actual, known part"), kind="volume"),
        Column("mean", say("Forecast, mean"), kind="volume"),
        *(
            Column(f"q{level}", say("{level} % quantile").format(level=_percent(level)),
                   kind="volume", where="both" if level in ("0.1", "0.9") else "file")
            for level in _LEVELS
        ),
    )  # fmt: skip
    return Sheet(
        title,
        columns,
        rows,
        notes=[
            say(
                "Mean and quantiles over {count} equally likely futures that obey the "
                "balance of every account. The dark band holds half of them, the "
                "middle one 80 %, the light one 90 %."
            ).format(count=lang.number(found["members"])),
            say("Forecast {code}, from {month} on.").format(
                code=found["forecast"][:12], month=_month(found["origin"], lang)
            ),
        ],
        facts=asked.facts(found["as_of"], lang),
        data=(found["origin"][:10], name),
    )


def _month(origin: str, lang: Language) -> str:
    first = dt.date.fromisoformat(origin[:10])
    return f"{lang.within(lang.month(first.month, 'wide'))} {first.year}"


def _quantiles(cell: dict[str, Any]) -> dict[str, float | None]:
    given = cell["quantiles"] or {}
    return {level: given.get(level) for level in _LEVELS}


def _percent(level: str) -> str:
    return f"{float(level) * 100:g}"


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw it."""
    say = lang.gettext
    origin, name = shown.data
    x = [row["month"].isoformat() for row in shown.rows]
    first = x.index(origin) if origin in x else 0

    def of(key: str) -> list[float | None]:
        return [hm3(row.get(key)) for row in shown.rows]

    actual = of("actual")
    last = (actual[first - 1] or of("known")[first - 1]) if first else None

    def joined(key: str) -> list[float | None]:
        """Let bands begin where the line ends."""
        values = of(key)
        if first and last is not None:
            values[first - 1] = last
        return values

    bands = [
        Band(name=say("90 %"), low=joined("q0.05"), high=joined("q0.95"), opacity=0.14),
        Band(name=say("80 %"), low=joined("q0.1"), high=joined("q0.9"), opacity=0.2),
        Band(name=say("50 %"), low=joined("q0.25"), high=joined("q0.75"), opacity=0.3),
    ]
    colour = asked.QUANTITIES[name][1]
    courses = [
        Course(name=say("Actual"), values=actual, colour="ink"),
        *_known(x, of("known"), lang),
        Course(
            name=say("Forecast, mean"),
            values=joined("mean"),
            colour=colour,
            dash="dash",
        ),
    ]
    return fan(
        x,
        bands,
        courses,
        theme=state.theme,
        lang=lang,
        colour=colour,
        zero=name not in asked.SIGNED,
    )


def _known(x: list[str], values: list[float | None], lang: Language) -> list[Course]:
    """Draw the known part of months in which something is missing, if there are any."""
    if all(value is None for value in values):
        return []
    name = lang.gettext("Actual, known part")
    return [Course(name=name, values=values, colour="muted", dash="dot", x=x)]


COMING = Exhibit(
    "coming",
    mark("What may come"),
    mark("Two years as they were, then the forecast, and what came since."),
    "coming",
    sheet,
    chart,
    HEIGHT,
    controls=asked.controls,
    without=reasons.FUTURES,
    unexplained=reasons.AHEAD,
)
