"""Against meters and the energy of pumps, both sides with their uncertainties."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.reports.examine.facts import u_of_share
from ewater.reports.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from ewater.reports.examine.facts import Facts

LEAST_COVERAGE = 0.9
_GRAVE = 4.0  # standard uncertainties


def against(facts: Facts, measured: pd.DataFrame, code: str) -> Iterator[Finding]:
    """Compare what was taken with what instruments say.

    Parameters
    ----------
    measured
        A row for each ``owner`` (position of a return) with ``volume`` m3 of the whole
        period, its standard uncertainty ``u`` m3, ``coverage``, ``series`` and
        ``reported``, what the return says of the same water.
    code
        ``meter`` or ``pump_energy``.

    Notes
    -----
    METHODS 6.2: ``|reported - measured| > 2 sqrt(u_r^2 + u_m^2)``. Where part of the
    time was not observed, the volume is that of the rest scaled up, and half of what
    was added is its uncertainty.
    """
    seen = measured[measured["coverage"] >= LEAST_COVERAGE]
    if seen.empty:
        return
    owner = seen["owner"].to_numpy(np.intp)
    coverage = seen["coverage"].to_numpy(dtype=float)
    volume = seen["volume"].to_numpy(dtype=float) / coverage
    u_m = np.hypot(
        seen["u"].to_numpy(dtype=float) / coverage, 0.5 * (1 - coverage) * volume
    )
    said = seen["reported"].to_numpy(dtype=float)
    u_r = said * u_of_share(facts.metered[owner])
    apart = np.abs(said - volume)
    u = np.hypot(u_r, u_m)
    names = (
        ("expected", "expected_u")
        if code == "pump_energy"
        else ("metered", "metered_u")
    )
    for at in np.flatnonzero(apart > 2 * u).tolist():
        yield Finding(
            code=code,
            severity="grave" if apart[at] > _GRAVE * u[at] else "warning",
            owner=int(owner[at]),
            size_m3=float(apart[at]),
            values={
                "value": float(said[at]) / 1000,
                "u": float(u_r[at]) / 1000,
                names[0]: float(volume[at]) / 1000,
                names[1]: float(u_m[at]) / 1000,
                "series": str(seen["series"].iloc[at]),
            },
        )
