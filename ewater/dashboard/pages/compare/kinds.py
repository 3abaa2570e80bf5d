"""What can be compared: years, versions, moments, editions, scenarios.

A kind is one entry of `KINDS`: what there is to choose, and what each chosen side says.
The first side is what the others are compared with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard import view
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import VERSIONS
from ewater.dashboard.pages.compare import lines
from ewater.dashboard.pages.editions.lists import STATES
from ewater.dashboard.questions.editions import editions, figures
from ewater.dashboard.questions.scenarios import compared, listed
from ewater.dashboard.words import period_words, year_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.pages.compare.lines import Lines
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

SIDES = 4
NONE = "none"  # a select has no empty value
_Q90 = 1.2815515655446004  # standard deviations from the median to the 90 % quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the things compared; ``start`` and ``end`` are for Explain."""

    name: str
    lines: Lines
    start: str = ""
    end: str = ""
    explained: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of comparison.

    Attributes
    ----------
    label
        Marked for the catalogues.
    options
        What can be chosen, by value; empty where the address says it all.
    default
        Values that are compared when none are chosen.
    sides
        What the chosen values say.
    spread
        Standard uncertainty of a difference, from those of both; None where it cannot
        be judged by them.
    note
        How far a difference can be judged.
    least
        Differences of less, m3, are none: one of the sides is rounded so far.
    why
        What to do where there are fewer than two sides.
    """

    label: str
    options: Callable[[CachedReader, State, Language], Mapping[str, str]]
    default: Callable[[CachedReader, State], list[str]]
    sides: Callable[[CachedReader, State, Language, list[str]], list[Side]]
    spread: Callable[[float, float], float] | None
    note: str
    why: str
    least: float = 0.0


def given(state: State, name: str) -> list[str]:
    """Values of the sides of a kind in the address, as they stand there."""
    return [v for n in range(1, SIDES + 1) if (v := state.get(f"{name}{n}"))]


def chosen(reader: CachedReader, state: State, lang: Language) -> list[str]:
    """Values of the sides in the address; the default where there are none."""
    name = state.pick("what", KINDS)
    kind = KINDS[name]
    offered = kind.options(reader, state, lang)
    kept = list(dict.fromkeys(v for v in given(state, name) if v in offered))
    if len(kept) >= 2:
        return kept
    default = [v for v in kind.default(reader, state) if v not in kept]
    return (kept + default)[:2] if kept else default


def _nothing(reader: CachedReader, state: State, lang: Language) -> dict[str, str]:
    del reader, state, lang
    return {}


def _period(reader: CachedReader, state: State, name: str) -> Side:
    period = view.load(reader, state).period
    return Side(
        name=name,
        lines=lines.of_period(period),
        start=state.start.isoformat(),
        end=state.end.isoformat(),
    )


def _years(reader: CachedReader, state: State, lang: Language) -> dict[str, str]:
    del lang
    years = reversed(reader.years())
    return {str(year): year_words(year, state.first_month) for year in years}


def _two_years(reader: CachedReader, state: State) -> list[str]:
    known = reader.years()
    whole = _whole_years(reader, state, 2)
    if len(whole) == 2:
        return [str(year) for year in whole]
    before = [year for year in known if year < state.year]
    after = [year for year in known if year > state.year]
    other = before[-1:] or after[:1]
    return [str(year) for year in (*other, state.year)]


def _whole_years(reader: CachedReader, state: State, most: int) -> list[int]:
    """Give the last years, to the one shown, whose main lines are known; in order."""
    found: list[int] = []
    for year in sorted((y for y in reader.years() if y <= state.year), reverse=True):
        then = lines.of_period(view.load(reader, state.with_changes(year=year)).period)
        told = [then[f"balance.{name}"]["value"] for name in lines.MAIN]
        if None not in told:
            found.insert(0, year)
        if len(found) == most:
            break
    return found


def _of_years(
    reader: CachedReader, state: State, lang: Language, values: list[str]
) -> list[Side]:
    thens = [state.with_changes(year=int(value)) for value in values]
    return [_period(reader, then, period_words(then, lang)) for then in thens]


def _of_versions(
    reader: CachedReader, state: State, lang: Language, values: list[str]
) -> list[Side]:
    return [
        _period(
            reader, state.with_changes(version=value), lang.gettext(VERSIONS[value])
        )
        for value in values
    ]


def _of_moments(
    reader: CachedReader, state: State, lang: Language, values: list[str]
) -> list[Side]:
    if not state.as_of:
        return []
    then = lang.when(datetime.fromisoformat(state.as_of))
    names = {"then": then, "now": lang.gettext("Now")}
    return [
        _period(
            reader,
            state.with_changes(as_of=state.as_of if value == "then" else ""),
            names[value],
        )
        for value in values
    ]


def _editions(reader: CachedReader, state: State, lang: Language) -> dict[str, str]:
    territories = set(view.geography(reader).path(state.territory))
    found = {
        row["name"]: f"{row['name']} ({lang.small(lang.gettext(STATES[row['state']]))})"
        for row in reversed(reader.ask(editions))
        if row["territory"] in territories | {state.territory}
    }
    return {"live": "live", **found} if found else {}


def _two_editions(reader: CachedReader, state: State) -> list[str]:
    offered = [row["name"] for row in reversed(reader.ask(editions))]
    return ["live", *offered[:1]]


def _of_editions(
    reader: CachedReader, state: State, lang: Language, values: list[str]
) -> list[Side]:
    start = view.load(reader, state).period["start"]
    begins = datetime.fromisoformat(start).astimezone(UTC)
    found = []
    for value in values:
        if value == "live":
            found.append(_period(reader, state, lang.gettext("Now")))
            continue
        told = [
            one
            for one in reader.ask(figures, value, state.territory)
            if datetime.fromisoformat(one["period"]) == begins
        ]
        if told:
            said = lines.of_figures(told, told[0]["period"])
            found.append(Side(name=value, lines=said, explained=False))
    return found


def _scenarios(reader: CachedReader, state: State, lang: Language) -> dict[str, str]:
    rows = reader.ask(listed)
    names = {row["scenario"]: _title(row, lang) for row in rows}
    return {"forecast": lang.gettext("Forecast"), **names} if names else {}


def _title(row: Mapping[str, Any], lang: Language) -> str:
    title = row["title"]
    words = lang.pick(title) if isinstance(title, dict) else str(title or "")
    return words or str(row["scenario"])


def _two_scenarios(reader: CachedReader, state: State) -> list[str]:
    names = [row["scenario"] for row in reader.ask(listed)]
    made = reader.ask(compared, state.territory, tuple(names)) if names else []
    return ["forecast", *(told["scenario"] for told in made[: SIDES - 1])]


def _of_scenarios(
    reader: CachedReader, state: State, lang: Language, values: list[str]
) -> list[Side]:
    names = tuple(value for value in values if value != "forecast")
    made = {
        told["scenario"]: told for told in reader.ask(compared, state.territory, names)
    }
    if not made:
        return []
    titles = _scenarios(reader, state, lang)
    first = next(iter(made.values()))
    found = []
    for value in values:
        told = first if value == "forecast" else made.get(value)
        if told is not None:
            which = "forecast" if value == "forecast" else "scenario"
            found.append(
                Side(
                    name=titles.get(value, value),
                    lines=_futures(told, which),
                    explained=False,
                )
            )
    return found


def _futures(told: Mapping[str, Any], which: str) -> Lines:
    """Lines of a forecast or scenario, all its months together."""
    found = {}
    for name, one in told["quantities"].items():
        group, _, sector = name.partition(".")
        cell = f"balance.sectors.{sector}.use" if sector else f"balance.{group}"
        found[cell] = _future(one[which])
    return found


def _future(summary: Mapping[str, Any]) -> Quantity:
    """Write a figure of many futures: their mean, and their spread as u."""
    mean, quantiles = summary["mean"], summary["quantiles"]
    u = None
    if quantiles and {"0.1", "0.9"} <= quantiles.keys():
        u = (quantiles["0.9"] - quantiles["0.1"]) / (2 * _Q90)
    return {
        "value": mean,
        "known": mean,
        "missing": [],
        "u": u,
        "coverage": None,
        "status": "modelled",
        "status_shares": {"modelled": 1.0} if mean is not None else {},
    }


def _adjustment(raw: float, reconciled: float) -> float:
    """Give u of what reconciliation changes: what it takes off the variance."""
    return math.sqrt(abs(raw**2 - reconciled**2))


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "years": Kind(
            label=mark("Years"),
            options=_years,
            default=_two_years,
            sides=_of_years,
            spread=math.hypot,
            note=mark(
                "U of a difference takes both years as independent; what is "
                "systematic in a meter is in both, so U is rather too large."
            ),
            why=mark("Two years with an account are needed."),
        ),
        "versions": Kind(
            label=mark("Raw and reconciled"),
            options=_nothing,
            default=lambda reader, state: list(VERSIONS),
            sides=_of_versions,
            spread=_adjustment,
            note=mark(
                "U of an adjustment is what reconciliation takes off the variance; "
                "where its own test fails, raw figures stand in both."
            ),
            why=mark("There are no reconciled figures of this period."),
        ),
        "moments": Kind(
            label=mark("Now and then"),
            options=_nothing,
            default=lambda reader, state: ["then", "now"],
            sides=_of_moments,
            spread=None,
            note=mark(
                "A difference is what was recorded since: it is a correction, not "
                "judged by U."
            ),
            why=mark("Give a moment in “As known at”, above."),
        ),
        "editions": Kind(
            label=mark("Editions"),
            options=_editions,
            default=_two_editions,
            sides=_of_editions,
            spread=None,
            note=mark(
                "Sealed figures are whole m³: what differs by less is no difference. A "
                "difference is what was recorded or defined otherwise since, not "
                "judged by U."
            ),
            why=mark("No edition holds this territory and period."),
            least=1.0,
        ),
        "scenarios": Kind(
            label=mark("Scenarios"),
            options=_scenarios,
            default=_two_scenarios,
            sides=_of_scenarios,
            spread=None,
            note=mark(
                "All months of the newest forecast together; U is the spread of its "
                "futures. Scenarios share their futures, so a difference is not "
                "judged by it."
            ),
            why=mark("No scenario was computed over the newest forecast."),
        ),
    }
)
