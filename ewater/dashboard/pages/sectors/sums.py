"""Sums of returns with their uncertainty, as the tables of users show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.balance.reported import IMPUTED_U, u_of_parts
from ewater.dashboard.answers import Quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    #: Volume (None: no return) and the part of it that is metered, m3.
    Said = tuple[float | None, float | None]


def reported(parts: Iterable[Said]) -> Quantity | None:
    """Add up what returns say; None where none says anything."""
    known = [(v, min(m or 0.0, v)) for v, m in parts if v is not None]
    if not known:
        return None
    volume, metered = np.array(known).T
    u = float(u_of_parts(metered, volume - metered))
    return made(float(volume.sum()), u, "reported")


def imputed(volume: float | None) -> Quantity | None:
    """Show what fills missing returns."""
    if volume is None:
        return None
    return made(volume, IMPUTED_U * volume, "imputed")


def apart(
    first: Quantity | None, second: Quantity | None, difference: float | None
) -> Quantity | None:
    """Show a difference of two figures that were reported apart from each other."""
    if difference is None or first is None or second is None:
        return None
    u = np.hypot(first["u"] or 0.0, second["u"] or 0.0)
    return made(difference, float(u), "reported")


def of_items(row: Mapping[str, Any], *items: str) -> list[Said]:
    """Take what an enterprise returned of some items."""
    return [(row[item], row["metered_m3"][item]) for item in items]


def made(
    value: float, u: float | None, status: str, coverage: float | None = None
) -> Quantity:
    """Give a volume that is wholly known as a quantity, m3 and k = 1."""
    return Quantity(
        value=value,
        known=value,
        missing=[],
        u=u,
        coverage=coverage,
        status=status,
        status_shares={status: 1.0},
    )
