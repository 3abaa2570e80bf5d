"""Units at the edges: what users write becomes SI once, on the way in."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ewater.errors import UsageError
from ewater.terms import QUANTITIES

if TYPE_CHECKING:
    from types import ModuleType

HM3 = 1e6  # cubic metres in a cubic hectometre


@cache
def _registry() -> Any:
    import cf_xarray.units as cf_units

    module: ModuleType = cf_units
    return module.units


@cache
def factor_to_si(unit: str, quantity: str) -> float:
    """Factor from ``unit`` to the SI unit in which ``quantity`` is stored.

    Examples
    --------
    >>> factor_to_si("hm3", "volume")
    1000000.0
    >>> round(factor_to_si("ft3/s", "discharge"), 9)
    0.028316847

    Raises
    ------
    UsageError
        The unit is unknown, or does not measure this quantity.
    """
    target = QUANTITIES[quantity].unit
    if unit == target:
        return 1.0
    registry = _registry()
    try:
        return float(registry.Quantity(1.0, unit).to(target).magnitude)
    except Exception as error:
        raise UsageError(
            f"unit {unit!r} does not fit {quantity}; use {target!r} or a unit that "
            "converts to it by a factor"
        ) from error
