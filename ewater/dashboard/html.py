"""What Dash's components need that their signatures do not name."""

from __future__ import annotations

from typing import Any


def attributes(**given: str) -> Any:
    """Attributes whose names hold a hyphen: ``aria_label`` becomes ``aria-label``.

    Examples
    --------
    >>> attributes(aria_label="Year", data_kpi="use")
    {'aria-label': 'Year', 'data-kpi': 'use'}
    """
    return {name.replace("_", "-"): value for name, value in given.items()}
