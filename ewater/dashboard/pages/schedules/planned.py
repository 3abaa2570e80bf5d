"""One schedule: storage within its limits, releases against demand, plan and actual."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from dash import Input, Output

from ewater.dashboard import view
from ewater.dashboard.components import choice, select
from ewater.dashboard.exhibits import Column, Exhibit, Sheet, reasons
from ewater.dashboard.exhibits.sheet import Facts
from ewater.dashboard.figures.fan import HEIGHT, Band, Course, fan, hm3
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.questions.schedules import schedule_of, scheduled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_RESERVOIR, _REVISION = mark("Reservoir"), mark("Revision")
_NONE = mark("No schedule is kept yet: `ewater schedule make` plans the reservoirs.")


def _listed(reader: CachedReader) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reader.ask(scheduled, int(time.time() // 60))
    return found


def _chosen(reader: CachedReader, state: State) -> tuple[dict[str, Any] | None, int]:
    """Reservoir and revision in the address; else the first one and its newest."""
    found = {one["account"]: one for one in _listed(reader)}
    one = found.get(state.get("reservoir")) or next(iter(found.values()), None)
    if one is None:
        return None, 0
    given = state.get("revision")
    known = [str(number) for number in one["revisions"]]
    return one, int(given if given in known else known[0])


def _sheet(
    reader: CachedReader,
    state: State,
    lang: Language,
    what: str,
    columns: Callable[[Language], tuple[Column, ...]],
) -> Sheet:
    say = lang.gettext
    one, revision = _chosen(reader, state)
    if one is None:
        return Sheet(what, (), (), empty=say(_NONE))
    told = reader.ask(schedule_of, one["account"], revision)
    rows = [
        {
            **period,
            "from": dt.date.fromisoformat(period["start"][:10]),
            "least": told["least"],
            "most": told["most"],
        }
        for period in told["periods"]
    ]
    name = lang.pick(one, "name_")
    return Sheet(
        f"{what}: {name}",
        (Column("from", say("Ten days from"), kind="date"), *columns(lang)),
        rows,
        notes=[
            say("Revision {revision} of {count}, planned on {day}.").format(
                revision=told["revision"],
                count=told["revisions"],
                day=lang.day(dt.date.fromisoformat(told["made_at"][:10])),
            ),
            say(
                "Limits are dead and full volume. The band: where the stock comes to "
                "if little or much comes in until then (80 %)."
            ),
            say("Ten days that are not over have no actual figures."),
        ],
        facts=Facts(as_of=told["made_at"], uncertainty=say("80 % band")),
        data=told,
    )


def _storage_columns(lang: Language) -> tuple[Column, ...]:
    say = lang.gettext
    return (
        Column("stock", say("Planned storage at the end"), kind="volume"),
        Column("stock_low", say("with little inflow"), kind="volume"),
        Column("stock_high", say("with much inflow"), kind="volume"),
        Column("actual_stock", say("Actual storage"), kind="volume"),
        Column("least", say("Lower limit"), kind="volume"),
        Column("most", say("Upper limit"), kind="volume"),
    )


def _release_columns(lang: Language) -> tuple[Column, ...]:
    say = lang.gettext
    return (
        Column("release", say("Planned release"), kind="volume"),
        Column("actual_release", say("Actual release"), kind="volume"),
        Column("demand", say("Demand"), kind="volume"),
        Column("inflow", say("Expected inflow"), kind="volume"),
        Column("inflow_low", say("{level} % quantile").format(level=10), kind="volume"),
        Column(
            "inflow_high", say("{level} % quantile").format(level=90), kind="volume"
        ),
        Column("actual_inflow", say("Actual inflow"), kind="volume"),
    )


def storage_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Storage at the ends of ten days."""
    return _sheet(reader, state, lang, lang.gettext("Storage"), _storage_columns)


def release_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Releases, demand and inflow of ten days."""
    return _sheet(reader, state, lang, lang.gettext("Release"), _release_columns)


def storage_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the stock from the opening one on, between its limits."""
    say = lang.gettext
    told = shown.data
    rows = told["periods"]
    x = [told["start"][:10], *(row["end"][:10] for row in rows)]

    def of(key: str, first: float | None) -> list[float | None]:
        return [hm3(first), *(hm3(row[key]) for row in rows)]

    opening = told["opening"]
    band = Band(
        name=say("80 % of the inflow"),
        low=of("stock_low", opening),
        high=of("stock_high", opening),
        opacity=0.22,
    )
    flat = len(x)
    courses = [
        Course(
            name=say("Upper limit"),
            values=[hm3(told["most"])] * flat,
            colour="bad",
            dash="dot",
        ),
        Course(
            name=say("Lower limit"),
            values=[hm3(told["least"])] * flat,
            colour="watch",
            dash="dot",
        ),
        Course(
            name=say("Plan"), values=of("stock", opening), colour="storage", dash="dash"
        ),
        Course(
            name=say("Actual"),
            values=of("actual_stock", opening),
            colour="ink",
            marks=True,
        ),
    ]
    return _days(
        lang,
        fan(
            x,
            [band],
            courses,
            theme=state.theme,
            lang=lang,
            colour="storage",
            zero=False,
        ),
        x,
    )


def release_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw volumes of ten days as steps."""
    say = lang.gettext
    rows = shown.data["periods"]
    x = [*(row["start"][:10] for row in rows), rows[-1]["end"][:10]]

    def of(key: str) -> list[float | None]:
        values = [hm3(row[key]) for row in rows]
        return [*values, values[-1]]

    courses = [
        Course(name=say("Expected inflow"), values=of("inflow"), colour="inflow",
               dash="dash", steps=True),
        Course(name=say("Actual inflow"), values=of("actual_inflow"), colour="inflow",
               steps=True),
        Course(name=say("Demand"), values=of("demand"), colour="use", dash="dot",
               steps=True),
        Course(name=say("Planned release"), values=of("release"), colour="outflow",
               dash="dash", steps=True),
        Course(name=say("Actual release"), values=of("actual_release"),
               colour="outflow", steps=True),
    ]  # fmt: skip
    drawn = fan(x, [], courses, theme=state.theme, lang=lang, colour="inflow")
    return _days(lang, drawn, x)


def _days(lang: Language, figure: dict[str, Any], x: list[str]) -> dict[str, Any]:
    """Write the days on which ten days begin on the axis, not months."""
    figure["layout"]["xaxis"] |= {
        "tickvals": x,
        "tickformat": lang.drawn("%d.%m"),
        "hoverformat": lang.drawn("%d.%m.%Y"),
    }
    return figure


def controls(state: State, lang: Language) -> list[Any]:
    """Choose reservoir and revision, for both exhibits."""
    made = []
    for name, words in (("reservoir", _RESERVOIR), ("revision", _REVISION)):
        label = lang.gettext(words)
        made.append(
            select(
                choice(name),
                value=state.get(name) or None,
                data=[],
                placeholder=label,
                searchable=True,
                className="stands",
                **attributes(aria_label=label),
            )
        )
    return made


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the lists of reservoirs and revisions."""

    @app.callback(
        Output(choice("reservoir"), "data"),
        Output(choice("revision"), "data"),
        Output(choice("reservoir"), "placeholder"),
        Output(choice("revision"), "placeholder"),
        Input("state", "data"),
    )
    def offer(
        data: Mapping[str, Any] | None,
    ) -> tuple[list[Any], list[Any], str, str]:
        state, lang = view.opened(data)
        one, revision = _chosen(reader, state)
        words = lang.gettext("Revision {number}")
        # what is shown while nothing is chosen
        shown = (
            (lang.gettext(_RESERVOIR), lang.gettext(_REVISION))
            if one is None
            else (lang.pick(one, "name_"), words.format(number=revision))
        )
        return (
            [
                {"value": r["account"], "label": lang.pick(r, "name_")}
                for r in _listed(reader)
            ],
            [
                {"value": str(n), "label": words.format(number=n)}
                for n in (one["revisions"] if one else ())
            ],
            *shown,
        )


STORAGE = Exhibit(
    "storage",
    mark("Storage between its limits"),
    mark("Planned, and as it was measured since."),
    "storage",
    storage_sheet,
    storage_chart,
    HEIGHT,
    controls=controls,
    without=reasons.PLAN,
    unexplained=reasons.AHEAD,
)
RELEASE = Exhibit(
    "release",
    mark("Release against inflow and demand"),
    mark("Volumes of ten days: plan and actual."),
    "release",
    release_sheet,
    release_chart,
    HEIGHT,
    without=reasons.PLAN,
    unexplained=reasons.AHEAD,
)
