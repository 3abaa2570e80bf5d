"""How far the readings of a series are to be believed, in words and shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.dashboard.exhibits import Facts
from ewater.series.uncertainty import percentages
from ewater.terms import Lineage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language

    Series = Mapping[str, Any]


def facts(
    series: Series,
    unit: str,
    coverage: float | None,
    lang: Language,
    lineage: Mapping[str, int] | None = None,
) -> Facts:
    """Say of what a series is worth; ``lineage`` counts its readings.

    What its publisher derived is modelled and what was filled in is imputed, as in the
    account (`ewater.accounts.measured`).
    """
    return Facts(
        unit=unit,
        uncertainty=uncertainty(series, lang),
        coverage=coverage,
        statuses=statuses(series, lineage or {}),
        without=lang.gettext("the registry gives no uncertainty of this series"),
    )


def uncertainty(series: Series, lang: Language) -> str:
    """Write the standard uncertainty that the account takes; empty where it has none.

    One that the registry lacks is the usual one of such an instrument.
    """
    say = lang.gettext
    frame = pd.DataFrame([series]).astype(
        {"u_random_pct": float, "u_systematic_pct": float}
    )
    sites = pd.DataFrame({"code": [series["site"]], "kind": [series["site_kind"]]})
    _, systematic = percentages(frame, sites)
    parts = []
    words = say("random")
    if series["u_random_pct"] is not None:
        parts.append(f"{words} {lang.number(series['u_random_pct'], 1)} %")
    words = say("systematic")
    if np.isfinite(systematic[0]):
        words = f"{words} {lang.number(float(systematic[0]), 1)} %"
        if series["u_systematic_pct"] is None:
            words = say("{u} (usual of its kind)").format(u=words)
        parts.append(words)
    return f"u (k = 1): {', '.join(parts)}" if parts else ""


def statuses(series: Series, lineage: Mapping[str, int]) -> dict[str, float]:
    """Shares of the readings by how they are known."""
    own = "modelled" if series["derived"] else "measured"
    count = sum(lineage.values())
    filled = lineage.get(Lineage.INFILLED.name.lower(), 0) / count if count else 0.0
    return {own: 1.0 - filled, "imputed": filled} if filled else {own: 1.0}
