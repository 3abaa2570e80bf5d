"""Which of our figures stands beside a published one.

An item without an entry has no counterpart here: it is shown alone rather than
compared with something that only sounds alike.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ewater.dashboard import totals
from ewater.errors import UsageError
from ewater.units import HM3, factor_to_si

if TYPE_CHECKING:
    from collections.abc import Callable

    from ewater.dashboard.queries import Period, Published


def _sectors(*names: str) -> Callable[[Period], float | None]:
    def value(period: Period) -> float | None:
        known = period["sectors"]
        if not all(name in known for name in names):
            return None
        return totals.add(known[name]["use"] for name in names)["value"]

    return value


def _terms(*names: str) -> Callable[[Period], float | None]:
    def value(period: Period) -> float | None:
        known = [period["terms"][n] for n in names if n in period["terms"]]
        return totals.add(known)["value"] if known else None

    return value


def _use(period: Period) -> float | None:
    return totals.use(period)["value"]


_VOLUMES: MappingProxyType[str, Callable[[Period], float | None]] = MappingProxyType(
    {
        "freshwater_use_total": _use,
        "water_used_total": _use,
        "water_used_irrigation": _sectors("agriculture"),
        "water_used_production": _sectors("industry", "energy"),
        "water_used_household": _sectors("households"),
        "losses_in_transport": _terms("losses_in_conveyance"),
        "inflow_from_neighbours": _terms("inflow_from_neighbours"),
        "formed_in_country": _terms("runoff", "baseflow"),
    }
)
_SHARES = MappingProxyType(
    {
        "share_of_use_agriculture": (_sectors("agriculture"), _use),
        "share_of_use_electricity": (_sectors("energy"), _use),
        "share_of_use_households": (_sectors("households"), _use),
        "share_of_abstraction_lost_in_transport": (
            _terms("losses_in_conveyance"),
            _terms("abstraction"),
        ),
    }
)


def _volume_factor(unit: str) -> float | None:
    try:
        return factor_to_si(unit, "volume")
    except UsageError:
        return None


def compare(item: Published, period: Period) -> tuple[float | None, float, int, str]:
    """Put a published figure and ours in one unit.

    Returns
    -------
    tuple
        Ours (``None`` if there is no counterpart or it is unknown), theirs,
        decimals to show, unit. Volumes are in hm³, shares in percent.
    """
    name, theirs, unit = item["item"], item["value"], item["unit"]
    if unit == "%":
        ours = None
        if name in _SHARES:
            part, whole = (measure(period) for measure in _SHARES[name])
            ours = 100 * part / whole if part is not None and whole else None
        return ours, theirs, 1, unit
    factor = _volume_factor(unit)
    if factor is None:
        return None, theirs, 1, unit
    volume = _VOLUMES[name](period) if name in _VOLUMES else None
    return (
        None if volume is None else volume / HM3,
        theirs * factor / HM3,
        1,
        "hm³",
    )
