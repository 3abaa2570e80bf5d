"""Which numbers a cell may hold: the same for what Excel refuses and what we do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.units import factor_to_si

if TYPE_CHECKING:
    from ewater.ingest.templates.form import Column

#: Quantities that may be below zero: heights above a datum, or below the ground.
_SIGNED = ("level", "groundwater_level")
_LONGEST_DAY_S = 90_000.0  # 25 h, where the clock goes back


def least(column: Column) -> float | None:
    """Smallest number allowed; None where there is none."""
    return None if column.quantity in _SIGNED else 0.0


def most(column: Column, day_s: float = _LONGEST_DAY_S) -> float | None:
    """Largest number allowed, in the unit of the column; None where there is none."""
    if column.quantity != "pump_hours" or column.signal != "total_preceding":
        return None
    return day_s / factor_to_si(column.unit, column.quantity)
