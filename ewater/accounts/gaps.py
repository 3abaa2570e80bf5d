"""Gaps behind the figures of a territory: which series, how filled, from whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.measured import GAPS
from ewater.balance import expressions

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ewater.accounts.runs import Run

    Document = dict[str, Any]

_NUMBERS = ("seconds", "volume", "u", "coverage", "lower", "upper")


def gaps_of(run: Run, territory: str) -> dict[int, list[Document]]:
    """List the gaps of the series that flows of a territory are measured by.

    Parameters
    ----------
    run
        From ``ewater.accounts.runs.obtain``.
    territory
        Its code.

    Returns
    -------
    dict of list
        By position of the period, in order of series and method; each as
        docs/balance-json.md describes it.
    """
    table = run.inputs.gaps
    flows = _flows_of(run, territory)
    mine = table[table["series"].isin(list(flows))]
    edges = run.bounds.view("M8[us]")
    period = np.searchsorted(edges, mine["period_start"].to_numpy().astype("M8[us]"))
    found: dict[int, list[Document]] = {}
    for n, row in zip(
        period.tolist(), mine[list(GAPS)].to_dict("records"), strict=True
    ):
        said = _filled(row)
        series = said.pop("series")
        entry = {"series": series, "flows": flows[series], **said}
        found.setdefault(n, []).append(entry)
    return found


def gaps_in(run: Run, period: int) -> dict[str, list[Document]]:
    """List the gaps of one period by series, as `gaps_of` does, without flows."""
    table = run.inputs.gaps
    start = run.bounds[period : period + 1].view("M8[us]")[0]
    now = table[table["period_start"].to_numpy().astype("M8[us]") == start]
    found: dict[str, list[Document]] = {}
    for row in now[list(GAPS)].to_dict("records"):
        said = _filled(row)
        found.setdefault(said.pop("series"), []).append(said)
    return found


def _filled(row: dict[Hashable, Any]) -> Document:
    return {
        "series": row["series"],
        "method": row["method"],
        "donor": None if row["method"] == "none" else row["donor"],
        **{name: _finite(row[name]) for name in _NUMBERS},
    }


def _flows_of(run: Run, territory: str) -> dict[str, list[str]]:
    """Flows that touch a territory, by the series they are measured by."""
    ledger = run.inputs.ledger
    share = ledger.membership[ledger.rows([territory])].toarray()[0]
    inside = set(ledger.accounts[share > 0].astype(str))
    found: dict[str, list[str]] = {}
    frame = run.frames["flows"]
    rows = zip(
        frame["code"], frame["from"], frame["to"], frame["measured_by"], strict=True
    )
    for code, start, end, text in rows:
        if not isinstance(text, str) or not text or not {start, end} & inside:
            continue
        for kind, series in expressions.codes(text):
            if kind == "series" and code not in found.setdefault(series, []):
                found[series].append(code)
    return found


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
