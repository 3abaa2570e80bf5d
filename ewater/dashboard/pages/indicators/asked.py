"""What the indicators are: cells of the view, over the years, in units to be shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.exhibits import Facts
from ewater.dashboard.i18n import mark
from ewater.dashboard.questions.views import table
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

VIEW = "indicators"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Where classes of an indicator begin, their words, and the colour of each."""

    edges: tuple[float, ...]
    words: tuple[str, ...]
    colours: tuple[str, ...]

    def of(self, value: float | None) -> tuple[str, str] | None:
        """Word and colour of the class of a value."""
        if value is None:
            return None
        place = sum(value >= edge for edge in self.edges)
        return self.words[place], self.colours[place]


_FROM_GOOD = ("good", "watch", "watch", "bad", "bad")
STRESS = Classes(
    edges=(25.0, 50.0, 75.0, 100.0),
    words=(
        mark("no stress"),
        mark("low stress"),
        mark("medium stress"),
        mark("high stress"),
        mark("critical stress"),
    ),
    colours=_FROM_GOOD,
)
EXPLOITATION = Classes(
    edges=(20.0, 40.0),
    words=(mark("no stress"), mark("stress"), mark("severe stress")),
    colours=("good", "watch", "bad"),
)
PER_CAPITA = Classes(
    edges=(500.0, 1000.0, 1700.0),
    words=(
        mark("absolute scarcity"),
        mark("scarcity"),
        mark("stress"),
        mark("no stress"),
    ),
    colours=("bad", "bad", "watch", "good"),
)
#: Indicators on the cards: cell, words, classes.
CARDS: tuple[tuple[str, str, Classes | None], ...] = (
    ("stress_lta", mark("SDG 6.4.2: water stress"), STRESS),
    ("efficiency", mark("SDG 6.4.1: water-use efficiency"), None),
    ("wei_plus", mark("WEI+"), EXPLOITATION),
    ("dependency", mark("Dependency ratio"), None),
    ("per_capita", mark("Resources per capita"), PER_CAPITA),
    ("storage_live", mark("Storage, live"), None),
    ("loss_of_abstraction", mark("Losses, of abstraction"), None),
    ("loss_of_use", mark("Losses, of use"), None),
)
#: Groups of indicators of one unit that are drawn together, and where classes begin.
GROUPS: Mapping[str, tuple[str, tuple[str, ...], tuple[float, ...]]] = MappingProxyType(
    {
        "losses": (
            mark("Losses"),
            ("loss_of_use", "loss_of_abstraction", "loss_of_intake", "loss_of_supply"),
            (),
        ),
        "stress": (
            mark("Water stress"),
            (
                "stress_lta",
                "stress_actual",
                "exploitation_lta",
                "exploitation_actual",
            ),
            STRESS.edges,
        ),
        "wei": (mark("WEI+"), ("wei_plus", "wei_plus_inflow"), EXPLOITATION.edges),
        "efficiency": (
            mark("Efficiency"),
            (
                "efficiency",
                "efficiency_agriculture",
                "efficiency_industry",
                "efficiency_services",
            ),
            (),
        ),
        "resources": (mark("Resources"), ("irwr", "erwr", "trwr"), ()),
        "dependency": (mark("Dependency"), ("dependency", "dependency_lta"), ()),
        "storage": (mark("Storage"), ("storage_gross", "storage_live"), (100.0,)),
        "shares": (
            mark("Shares"),
            ("agriculture_of_use", "energy_of_use", "households_of_use"),
            (),
        ),
    }
)
COMPLETENESS = (
    "completeness_abstraction",
    "response_abstraction",
    "completeness_use",
    "response_use",
    "completeness_external",
)


def document(
    reader: CachedReader, state: State, year: int | None = None
) -> dict[str, Any]:
    """Ask for the view of the period shown, or of the same one of another year."""
    then = state if year is None else state.with_changes(year=year)
    found: dict[str, Any] = reader.ask(
        table, VIEW, then.territory, then.start, then.end, then.basis
    )
    return found


def every_year(reader: CachedReader, state: State) -> list[tuple[int, dict[str, Any]]]:
    """Cells of the period shown in every year with an account."""
    return [
        (year, document(reader, state, year)["periods"][0]["cells"])
        for year in reader.years()
    ]


def shown_unit(unit: str) -> tuple[str, float]:
    """Give the unit in which a figure is written, and one of it in that of the view.

    Examples
    --------
    >>> shown_unit("m3"), shown_unit("%")
    (('hm³', 1000000.0), ('%', 1.0))
    """
    if unit == "m3":
        return fmt.UNIT, HM3
    if unit == "USD":
        return "million USD", 1e6
    if unit == "1":
        return "", 1.0
    return unit.replace("m3", "m³"), 1.0


def scaled(value: float | None, unit: str) -> float | None:
    """Give a figure in the unit in which it is written."""
    return None if value is None else value / shown_unit(unit)[1]


def expanded(cell: Mapping[str, Any]) -> float | None:
    """Give U = 2u of a cell in the unit in which it is written."""
    half = scaled(cell["u"], cell["unit"])
    return None if half is None else fmt.EXPANSION * half


def worth(cells: Iterable[Mapping[str, Any]]) -> Facts:
    """Say how some figures are known together: the mean of what each is known by."""
    known = [cell for cell in cells if cell["value"] is not None]
    covered = [cell["coverage"] for cell in known if cell["coverage"] is not None]
    shares: dict[str, float] = {}
    told = [cell["status_shares"] for cell in known if cell["status_shares"]]
    for one in told:
        for status, share in one.items():
            shares[status] = shares.get(status, 0.0) + share / len(told)
    return Facts(
        uncertainty=fmt.UNCERTAINTY,
        coverage=sum(covered) / len(covered) if covered else None,
        statuses=shares,
    )


_INPUT = "input:"
#: What a country gives besides readings, where an indicator is likely to lack it.
INPUTS = MappingProxyType(
    {
        "population": mark("population"),
        "gva_agriculture": mark("value added of agriculture"),
        "gva_industry": mark("value added of industry"),
        "gva_services": mark("value added of services"),
        "rainfed_share": mark("rain-fed share"),
    }
)


def why(cell: Mapping[str, Any], lang: Language) -> str | None:
    """Say why a cell has no value."""
    if cell["value"] is not None:
        return None
    inputs = [
        name.removeprefix(_INPUT) for name in cell["missing"] if name.startswith(_INPUT)
    ]
    if inputs:
        named = [lang.gettext(INPUTS[i]) if i in INPUTS else i for i in inputs[:4]]
        return lang.gettext("not given: {inputs}").format(inputs=", ".join(named))
    if cell["missing"]:
        return lang.ngettext(
            "{count} flow without data",
            "{count} flows without data",
            len(cell["missing"]),
        ).format(count=lang.number(len(cell["missing"])))
    words = {
        "apportioned": lang.gettext("divided between territories"),
        "not modelled": lang.gettext("no stock is modelled"),
        "undefined": lang.gettext("division by zero"),
    }
    return words.get(str(cell["why"]), lang.gettext("unknown"))


def is_year(state: State) -> bool:
    """Whether the period shown is a whole year."""
    return state.end - state.start > dt.timedelta(days=300)
