"""Units at the edges: what users write becomes SI once, on the way in."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from ewater.errors import UsageError
from ewater.terms import QUANTITIES

if TYPE_CHECKING:
    from pint import UnitRegistry

HM3 = 1e6  # cubic metres in a cubic hectometre

_POWER = re.compile(r"(?<=[A-Za-z])(-?[0-9]+)")  # UDUNITS writes m3 s-1


@cache
def _registry() -> UnitRegistry[Any]:
    from pint import UnitRegistry

    registry: UnitRegistry[Any] = UnitRegistry(
        non_int_type=Fraction,  # exact, so that 1 l is 0.001 m3 to the last bit
        preprocessors=[lambda text: _POWER.sub(r"**\1", text)],
    )
    registry.define("thousand = 1000")
    registry.define("million = 1000000")
    return registry


@cache
def factor_to_si(unit: str, quantity: str) -> float:
    """Factor from ``unit`` to the SI unit in which ``quantity`` is stored.

    Examples
    --------
    >>> factor_to_si("hm3", "volume"), factor_to_si("thousand m3", "volume")
    (1000000.0, 1000.0)
    >>> factor_to_si("ft3/s", "discharge")
    0.028316846592

    Raises
    ------
    UsageError
        The unit is unknown, or does not measure this quantity.
    """
    target = QUANTITIES[quantity].unit
    try:
        return factor(unit, target)
    except UsageError as error:
        raise UsageError(
            f"unit {unit!r} does not fit {quantity}; use {target!r} or a unit that "
            "converts to it by a factor"
        ) from error


@cache
def factor(unit: str, target: str) -> float:
    """Factor from one unit to another.

    Examples
    --------
    >>> factor("mm", "m"), factor("kg m-2", "g cm-2")
    (0.001, 0.1)

    Raises
    ------
    UsageError
        One is unknown, or no factor leads from one to the other.
    """
    if unit == target:
        return 1.0
    registry = _registry()
    try:
        given = registry.parse_expression(unit, case_sensitive=True)
        return float((1 * given).to(_POWER.sub(r"**\1", target)).magnitude)
    except Exception as error:
        raise UsageError(f"unit {unit!r} does not convert to {target!r}") from error
