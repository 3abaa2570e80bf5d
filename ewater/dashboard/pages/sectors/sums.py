"""Sums of returns with their uncertainty, as the tables of users show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.balance.reported import IMPUTED_U, u_of_parts
from ewater.dashboard.queries import Quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    #: Volume (None: no return) and the part of it that is metered, m3.
    Said = tuple[float | None, float | None]


def reported(parts: Iterable[Said], covered: float | None = None) -> Quantity:
    """Add up what returns say; unknown where none says anything."""
    known = [(v, min(m or 0.0, v)) for v, m in parts if v is not None]
    if not known:
        return unknown()
    volume, metered = np.array(known).T
    u = float(u_of_parts(metered, volume - metered))
    return _made(float(volume.sum()), u, covered, "reported")


def imputed(volume: float | None) -> Quantity:
    """Show what fills missing returns."""
    if volume is None:
        return unknown()
    return _made(volume, IMPUTED_U * volume, None, "imputed")


def apart(first: Quantity, second: Quantity, difference: float | None) -> Quantity:
    """Show a difference of two figures that were reported apart from each other."""
    if difference is None or first["u"] is None or second["u"] is None:
        return unknown()
    return _made(difference, float(np.hypot(first["u"], second["u"])), None, "reported")


def unknown() -> Quantity:
    """Show that nothing is known."""
    return _made(None, None, None, "")


def of_items(row: Mapping[str, Any], *items: str) -> list[Said]:
    """Take what an enterprise returned of some items."""
    return [(row[item], row["metered_m3"][item]) for item in items]


def _made(
    value: float | None, u: float | None, covered: float | None, status: str
) -> Quantity:
    return Quantity(
        value=value,
        known=value,
        missing=[],
        u=u,
        coverage=covered,
        status=status,
        status_shares={status: 1.0} if status else {},
    )
