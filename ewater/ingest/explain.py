"""Where each limit of a series comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.errors import UsageError
from ewater.series.quality_limits import PARAMETERS
from ewater.store.instants import EARLIEST, LATEST, instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from ewater.ingest.limits import InForce


def explain(limits: InForce, code: str) -> list[dict[str, Any]]:
    """List the limits in force for a series, in the order of the tests.

    Returns
    -------
    list of dict
        ``limit``, ``value`` (None: switched off), ``from`` (kind, history or
        override), ``valid_from``, ``valid_to`` (None: open), ``meaning``.

    Raises
    ------
    UsageError
        The series is not registered.
    """
    if code not in limits.kind.index:
        raise UsageError(
            f"series {code} is not registered; use a code of series.csv, loaded with "
            "`ewater load`"
        )
    return [row for name in PARAMETERS for row in _of(limits, code, name)]


def _of(limits: InForce, code: str, name: str) -> Iterator[dict[str, Any]]:
    mine = limits.overrides[limits.overrides["series"] == code]
    mine = mine[mine["test"] + "." + mine["parameter"] == name]
    for row in mine.sort_values("start").to_dict("records"):
        yield _row(name, row["value"], "override", row["start"], row["end"])
    always = (mine["start"] == EARLIEST) & (mine["end"] == LATEST)
    if always.any():
        return
    value, source = _value(limits.history, code, name), "history"
    if np.isnan(value):
        value, source = _value(limits.kind, code, name), "kind"
    if not np.isnan(value):
        yield _row(name, value, source, EARLIEST, LATEST)


def _value(frame: pd.DataFrame, code: str, name: str) -> float:
    found = frame[name].reindex([code]).to_numpy(dtype=np.float64)
    return float(found[0])


def _row(name: str, value: float, source: str, start: int, end: int) -> dict[str, Any]:
    return {
        "limit": name,
        "value": None if np.isnan(value) else float(value),
        "from": source,
        "valid_from": None if start == EARLIEST else instant(start),
        "valid_to": None if end == LATEST else instant(end),
        "meaning": PARAMETERS[name],
    }
