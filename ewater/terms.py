"""The vocabulary: kinds, quantities, terms and statuses, as data.

Names follow SEEA-Water and the glossary; nothing here depends on anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

End = Literal["from", "to"]

CODE_PATTERN = r"[A-Za-z0-9_.:-]+"

TERRITORY_KINDS = ("country", "basin", "district", "system")
HIERARCHIES = ("basin", "district", "system")  # each may cover the country on its own

SITE_KINDS = (
    "river_gauge",
    "reservoir",
    "hydro_junction",
    "canal",
    "well",
    "intake",
    "outfall",
    "meter",
    "climate",
)
SIGNALS = ("instantaneous", "mean_preceding", "total_preceding", "totaliser", "pulse")
CURVE_KINDS = ("rating", "storage", "area")
METER_EVENTS = ("reset", "replacement", "rollover", "unit_change", "reverse")
PERMIT_PERIODS = ("year", "month", "day")
REPORT_STATUSES = ("draft", "submitted", "returned", "approved")

SECTORS = (
    "agriculture",
    "industry",
    "energy",
    "water_supply",
    "sewerage",
    "services",
    "households",
)

ACCOUNT_KINDS = (
    "river",
    "lake",
    "snow_ice",
    "canal",
    "reservoir",
    "groundwater",
    "soil",
    "economy",
    "neighbour",
    "sea",
    "atmosphere",
)
OUTSIDE_KINDS = ("neighbour", "sea", "atmosphere")

Boundary = Literal["managed", "water_resources", "territory"]

#: Account kinds inside each boundary (DESIGN, "Boundaries"). Canals and networks
#: belong to the economy where the economy is outside: a diversion is abstraction.
BOUNDARIES = MappingProxyType(
    {
        "managed": ("river", "lake", "canal", "reservoir", "economy"),
        "water_resources": (
            "river",
            "lake",
            "snow_ice",
            "reservoir",
            "groundwater",
            "soil",
        ),
        "territory": (
            "river",
            "lake",
            "snow_ice",
            "canal",
            "reservoir",
            "groundwater",
            "soil",
            "economy",
        ),
    }
)

Step = Literal["day", "decade", "month", "quarter", "year"]
STEPS: tuple[Step, ...] = get_args(Step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What a series measures, and the SI unit it is stored in."""

    name: str
    unit: str
    meaning: str


QUANTITIES = MappingProxyType(
    {
        quantity.name: quantity
        for quantity in (
            Quantity(name="discharge", unit="m3 s-1", meaning="Volume per time"),
            Quantity(name="level", unit="m", meaning="Water level above the datum"),
            Quantity(name="storage", unit="m3", meaning="Volume stored at an instant"),
            Quantity(name="volume", unit="m3", meaning="Volume of an interval"),
            Quantity(name="precipitation", unit="m", meaning="Depth of an interval"),
            Quantity(name="evaporation", unit="m", meaning="Depth of an interval"),
            Quantity(name="groundwater_level", unit="m", meaning="Level in a well"),
            Quantity(name="pump_hours", unit="s", meaning="Time a pump ran"),
            Quantity(name="energy", unit="J", meaning="Energy a pump took"),
            Quantity(name="snow", unit="m", meaning="Snow water equivalent"),
        )
    }
)

#: Column of ``pumps.csv`` that makes volumes of each of these quantities.
PUMP_FACTORS = MappingProxyType({"pump_hours": "rated_m3h", "energy": "m3_per_kwh"})

#: What ``treaties.csv`` says: a grant or a long-term mean, and which way it flows.
TREATY_KINDS = ("treaty", "normal")
TREATY_WAYS = ("inflow", "outflow")
#: Quantities of which it may be: a rate, or the volume of a year.
TREATY_QUANTITIES = ("discharge", "volume")


#: What an alert rule watches, and the unit of its limits.
ALERT_KINDS = MappingProxyType(
    {
        "level": "m",
        "discharge": "m3/s",
        "storage": "% of capacity",
        "missing": "h since the last reading that did not fail",
        "permit": "% of the permit used in its period",
        "closure": "|z| of the residual of the last whole month",
    }
)
#: Kinds whose rule names a series; the others name a permit or a territory.
ALERT_SUBJECTS = MappingProxyType(
    {
        "level": "series",
        "discharge": "series",
        "storage": "series",
        "missing": "series",
        "permit": "permit",
        "closure": "territory",
    }
)
ALERT_SEVERITIES = ("notice", "warning", "danger")


class Flag(IntEnum):
    """Verdict on a reading (QARTOD)."""

    PASS = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class Lineage(IntEnum):
    """Where a stored value comes from."""

    RAW = 0
    EDITED = 1
    INFILLED = 2
    RETRACTED = 3


class Status(IntEnum):
    """How a volume is known; a total takes that of its largest share by volume."""

    MEASURED = 0
    REPORTED = 1
    MODELLED = 2
    IMPUTED = 3
    BALANCING = 4
    UNKNOWN = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One line of the account.

    Volumes are never negative: the ends of a flow carry its direction.
    ``counted_at`` is the end whose territory the volume of a term total belongs
    to, so that the totals of all districts add up to the nation's.
    """

    name: str
    counted_at: End
    meaning: str


TERMS = MappingProxyType(
    {
        term.name: term
        for term in (
            Term(
                name="precipitation",
                counted_at="to",
                meaning="Rain and snow that falls on an account",
            ),
            Term(
                name="runoff",
                counted_at="to",
                meaning="Surface water that forms inside a territory and reaches "
                "a river",
            ),
            Term(
                name="baseflow",
                counted_at="to",
                meaning="Groundwater that feeds a river",
            ),
            Term(
                name="inflow_from_neighbours",
                counted_at="to",
                meaning="Water that enters from another country",
            ),
            Term(
                name="outflow_to_neighbours",
                counted_at="from",
                meaning="Water that leaves to another country",
            ),
            Term(
                name="outflow_to_sea",
                counted_at="from",
                meaning="Water that leaves to the sea",
            ),
            Term(
                name="outflow_to_downstream",
                counted_at="from",
                meaning="Water that passes from one inland account to the next",
            ),
            Term(
                name="evaporation",
                counted_at="from",
                meaning="Water that leaves an open surface to the atmosphere",
            ),
            Term(
                name="actual_evapotranspiration",
                counted_at="from",
                meaning="Water that leaves soil and plants to the atmosphere",
            ),
            Term(
                name="recharge",
                counted_at="to",
                meaning="Water that reaches groundwater from the soil",
            ),
            Term(
                name="seepage",
                counted_at="from",
                meaning="Water that leaves a river, lake or reservoir to the ground",
            ),
            Term(
                name="abstraction",
                counted_at="from",
                meaning="Fresh water taken from rivers, lakes, reservoirs and aquifers",
            ),
            Term(
                name="seawater_abstraction",
                counted_at="to",
                meaning="Sea water taken, cooling included; not fresh water",
            ),
            Term(
                name="desalinated",
                counted_at="to",
                meaning="Fresh water made from sea water",
            ),
            Term(
                name="transfer",
                counted_at="from",
                meaning="Water passed from one canal or network to another",
            ),
            Term(
                name="delivery",
                counted_at="to",
                meaning="Water supplied by a canal, network or unit to its user",
            ),
            Term(
                name="losses_in_conveyance",
                counted_at="from",
                meaning="Water lost between abstraction and use",
            ),
            Term(
                name="passed_on",
                counted_at="from",
                meaning="Water handed on unused to another unit",
            ),
            Term(
                name="wastewater",
                counted_at="from",
                meaning="Used water handed to sewerage or to another unit",
            ),
            Term(
                name="return_flow",
                counted_at="from",
                meaning="Used water that goes back to the environment",
            ),
            Term(
                name="reuse",
                counted_at="to",
                meaning="Treated used water supplied again",
            ),
            Term(
                name="consumption",
                counted_at="from",
                meaning="Water evaporated, transpired or built into products by a user",
            ),
            Term(
                name="other_change_in_volume",
                counted_at="from",
                meaning="A real change that is no flow; never the residual",
            ),
        )
    }
)


class Test(IntFlag):
    """What speaks against a reading, as bits of ``failed``.

    Stored with the readings: a number keeps its meaning for ever, new ones are
    added at the end. A test with two severities has two bits, so that the flag
    follows from the bits.
    """

    __test__ = False  # not for pytest to collect

    GROSS_FAIL = 1 << 0
    GROSS_SUSPECT = 1 << 1
    RATE = 1 << 2
    SPIKE_SUSPECT = 1 << 3
    SPIKE_FAIL = 1 << 4
    FLAT_LINE = 1 << 5
    CLIMATOLOGY = 1 << 6
    ATTENUATION = 1 << 7
    DRIFT = 1 << 8
    MASS_BALANCE = 1 << 9
    SOURCE_SUSPECT = 1 << 10
    SOURCE_FAIL = 1 << 11
    REPORT_SUSPECT = 1 << 12
    MANUAL = 1 << 13


#: Tests of readings that limits can be given for, with the parameters of each;
#: what they mean stands in `ewater.series.quality_limits`.
QUALITY_TESTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "neighbour": ("gap_s",),
        "gross_range": ("fail_low", "fail_high", "suspect_low", "suspect_high"),
        "rate": ("limit", "noise", "gap_s", "counter", "modulus"),
        "spike": ("suspect", "fail"),
        "flat_line": ("window_s", "count", "epsilon", "exempt"),
        "attenuation": ("window_s", "floor"),
        "climatology": tuple(
            f"{end}_{month}" for end in ("low", "high") for month in range(1, 13)
        ),
    }
)


def activity_in(isic: str, known: Container[str]) -> str | None:
    """Find the ISIC code itself, or the nearest coarser one, among those known.

    Examples
    --------
    >>> activity_in("0111", {"01", "A"}), activity_in("0311", {"01"})
    ('01', None)
    """
    for length in range(len(isic), 0, -1):
        if isic[:length] in known:
            return isic[:length]
    return None
