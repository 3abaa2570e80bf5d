"""A scenario beside the forecast that it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Input, Output

from ewater.dashboard import view
from ewater.dashboard.components import choice, select
from ewater.dashboard.exhibits import Column, Exhibit, Sheet, reasons
from ewater.dashboard.figures.fan import HEIGHT, Band, Course, fan, hm3
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.forecast import asked
from ewater.dashboard.questions.scenarios import described_scenarios, scenario_beside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_SCENARIO = mark("Scenario")
_LEAST = 1e4  # m3
_LACKING = {
    "agriculture": mark("Use: agriculture"),
    "industry": mark("Use: industry"),
    "energy": mark("Use: energy"),
    "households": mark("Use: households"),
    "services": mark("Use: services"),
}


def _offered(reader: CachedReader, lang: Language) -> dict[str, str]:
    return {
        one["scenario"]: lang.pick(one["title"]) or one["scenario"]
        for one in reader.ask(described_scenarios, asked.minute())
    }


def _chosen(state: State, offered: Mapping[str, str]) -> str:
    given = state.get("scenario")
    return given if given in offered else next(iter(offered), "")


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Every quantity with and without the scenario, and who goes short."""
    say = lang.gettext
    title = say("Scenario beside the forecast")
    offered = _offered(reader, lang)
    name = _chosen(state, offered)
    if not name:
        why = say("No scenario is loaded: `ewater scenario load` takes files.")
        return Sheet(title, (), (), empty=why)
    told = reader.ask(scenario_beside, state.territory, name, asked.minute())
    if told is None:
        why = say(
            "It was not computed over the newest forecast: `ewater scenario run`."
        )
        return Sheet(title, (), (), empty=why)
    rows = []
    for code, (words, _) in asked.QUANTITIES.items():
        cell = told["quantities"][code]
        before, after = cell["forecast"]["mean"], cell["scenario"]["mean"]
        if before is None or after is None or max(abs(before), abs(after)) < _LEAST:
            continue
        band = cell["scenario"]["quantiles"]
        rows.append(
            {
                "line": say(words),
                "forecast": before,
                "scenario": after,
                "change": after - before,
                "low": band["0.1"],
                "high": band["0.9"],
            }
        )
    columns = (
        Column("line", say("Quantity")),
        Column("forecast", say("Forecast"), kind="volume"),
        Column("scenario", say("Scenario"), kind="volume"),
        Column("change", say("Change"), kind="volume"),
        Column("low", say("{level} % quantile").format(level=10), kind="volume"),
        Column("high", say("{level} % quantile").format(level=90), kind="volume"),
    )
    return Sheet(
        f"{title}: {offered[name]}",
        columns,
        rows,
        notes=[*_deficits(told, lang), _how(told, lang)],
        empty=say("Gross figures are not defined here; choose the country or a basin."),
        facts=asked.facts(told["as_of"], lang),
        data=told,
    )


def _deficits(told: Mapping[str, Any], lang: Language) -> list[str]:
    """Say who goes short in the country."""
    say = lang.gettext
    found = []
    for sector, one in told["deficits"].items():
        lack, want = sum(one["deficit"]), sum(one["demand"])
        if lack > _LEAST and sector in _LACKING:
            found.append(
                say(
                    "{sector}: {lack} of {want} hm³ are lacking in the country, in "
                    "{share} % of the futures."
                ).format(
                    sector=say(_LACKING[sector]),
                    lack=lang.number(lack / 1e6, 1),
                    want=lang.number(want / 1e6),
                    share=lang.number(100 * one["futures_short"]),
                )
            )
    return found or [say("Nobody goes short.")]


def _how(told: Mapping[str, Any], lang: Language) -> str:
    return lang.gettext(
        "{count} futures, water shared out month by month by priority; outflow to the "
        "sea gives way first, then reservoirs down to their rule, then demand."
    ).format(count=lang.number(told["members"]))


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any] | None:
    """Draw the quantity that is chosen with and without the scenario."""
    say = lang.gettext
    told = shown.data
    cell = told["quantities"][asked.chosen(state)]
    if any(v is None for v in cell["forecast_months"]):
        return None
    name = asked.chosen(state)
    colour = asked.QUANTITIES[name][1]
    courses = [
        Course(
            name=say("Forecast, mean"),
            values=[hm3(v) for v in cell["forecast_months"]],
            colour="muted",
            dash="dash",
        ),
        Course(
            name=say("Scenario"),
            values=[hm3(v) for v in cell["scenario_months"]],
            colour=colour,
            marks=True,
        ),
    ]
    x = [start[:10] for start in told["starts"]]
    band = Band(
        name=say("80 %"),
        low=[hm3(v) for v in cell["scenario_low"]],
        high=[hm3(v) for v in cell["scenario_high"]],
        opacity=0.2,
    )
    return fan(
        x,
        [band],
        courses,
        theme=state.theme,
        lang=lang,
        colour=colour,
        zero=name not in (*asked.SIGNED, "storage"),
    )


def controls(state: State, lang: Language) -> list[Any]:
    """Choose the scenario."""
    words = lang.gettext(_SCENARIO)
    return [
        select(
            choice("scenario"),
            value=state.get("scenario") or None,
            data=[],
            placeholder=words,
            className="forecast-scenario stands",
            **attributes(aria_label=words),
        )
    ]


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the list of scenarios."""

    @app.callback(
        Output(choice("scenario"), "data"),
        Output(choice("scenario"), "placeholder"),
        Input("state", "data"),
    )
    def offer(data: Mapping[str, Any] | None) -> tuple[list[dict[str, str]], str]:
        state, lang = view.opened(data)
        found = _offered(reader, lang)
        # the one that is shown while none is chosen
        words = found.get(_chosen(state, found)) or lang.gettext(_SCENARIO)
        return [{"value": code, "label": name} for code, name in found.items()], words


WHATIF = Exhibit(
    "whatif",
    mark("What if"),
    mark("The balance of a scenario, and who goes short."),
    "whatif",
    sheet,
    chart,
    HEIGHT,
    controls=controls,
    without=reasons.FUTURES,
    unexplained=reasons.AHEAD,
)
