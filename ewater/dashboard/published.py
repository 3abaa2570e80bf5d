"""A published figure and ours, in one unit.

Which of our cells a published item stands for is said in one place, the file
``ewater/balance/views/builtin/published.yaml``; an item that is not there has no
counterpart, and is shown alone rather than beside something that sounds alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.errors import UsageError
from ewater.units import HM3, factor_to_si

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.answers import Published


def compare(
    item: Published, ours: Mapping[str, Any] | None
) -> tuple[float | None, float, str]:
    """Put a published figure and ours in one unit.

    Parameters
    ----------
    item
        What was published.
    ours
        The cell it stands for, of `questions.views.counterparts`; None without one.

    Returns
    -------
    tuple
        Ours (``None`` without a counterpart of this kind, or where it is unknown),
        theirs, unit. Volumes are in hm³, other figures in the unit published.
    """
    theirs, unit = item["value"], item["unit"]
    mine, its = (ours["value"], ours["unit"]) if ours else (None, None)
    if unit == its:
        return mine, theirs, unit
    try:
        factor = factor_to_si(unit, "volume")
    except UsageError:
        return None, theirs, unit
    volume = None if mine is None or its != "m3" else mine / HM3
    return volume, theirs * factor / HM3, "hm³"
