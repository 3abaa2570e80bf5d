"""Meters that the ledger contradicts, and what makes its totals uncertain."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ewater.accounts import in_memory
from ewater.accounts.explain import Explainer
from ewater.accounts.in_memory import NOW, step_of
from ewater.accounts.reconciled import Reconciliation
from ewater.accounts.scope import require
from ewater.dashboard.questions.within import asking, rows
from ewater.series.calendars import labels

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import Engine

    from ewater.accounts.in_memory import Basis
    from ewater.accounts.scope import Scope
    from ewater.accounts.views import View
    from ewater.balance.reconciliation.reconcile import LedgerReconciliation

    Row = dict[str, Any]

_KEPT = 2  # reconciled runs
_SERIES = """
SELECT o.code, m.name_az, m.name_en, m.name_ru
FROM owned AS o JOIN mine AS m ON m.code = o.site
"""
TOP = 40


def suspects(
    engine: Engine,
    scope: Scope,
    territory: str,
    start: dt.date,
    end: dt.date,
    basis: Basis = NOW,
) -> list[Row]:
    """Name the measurements that reconciliation by months set aside (METHODS 5).

    Returns
    -------
    list of dict
        By source, most months first: ``source``, ``months`` (ISO dates), ``z`` (the
        largest), ``alike`` (sources no test can tell from it), ``series`` (those of
        the scope behind it and what is alike). All flows and territories of a month
        are one solve; listed is what touches the scope.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    view, periods = in_memory.of(engine).periods(start, end, "month", basis=basis)
    found = _reconciled(view, view.territory(None if scope.is_all else territory))
    edges = labels(view.run.calendar, view.run.bounds)
    mine = _mine(engine, scope)
    by_source: dict[str, Row] = {}
    for one in found.result.suspects:
        if one.period not in periods:
            continue
        names = (one.name, *one.alike, *one.close)
        series = [code for code in dict.fromkeys(map(_code, names)) if code in mine]
        if not series and not scope.is_all:
            continue
        row = by_source.setdefault(
            one.name,
            {"source": one.name, "months": [], "z": 0.0, "alike": [], "series": []},
        )
        row["months"].append(edges[one.period][:10])
        row["z"] = max(row["z"], abs(float(one.z)))
        for key, more in (("alike", names[1:]), ("series", series)):
            row[key] = list(dict.fromkeys([*row[key], *more]))
    return sorted(by_source.values(), key=lambda r: (-len(r["months"]), -r["z"]))


def uncertain(
    engine: Engine,
    scope: Scope,
    cell: str,
    territory: str,
    start: dt.date,
    end: dt.date,
    boundary: str = "managed",
    basis: Basis = NOW,
) -> Row:
    """Rank what makes a figure of the account uncertain, most first.

    Parameters
    ----------
    cell
        As of `ewater.accounts.explain`, such as ``balance.residual``.

    Returns
    -------
    dict
        ``u`` (m3, k = 1), ``rest`` (share of the variance of what is not listed) and
        ``rows``: ``source``, ``share`` of the variance (they sum to 1 with the
        rest), ``status``, ``coverage``, ``measured_by``, ``series`` (of the scope,
        the one it rests on first), ``names`` (``name_az`` and so on, of the site of
        that one), ``hidden`` (series outside the scope).
    """
    require(engine, scope, territory)
    view, periods = in_memory.of(engine).periods(
        start, end, step_of(start, end), boundary, basis
    )
    said = _explainer(view).document(
        cell, territory, periods=periods[-1:], depth="sources", top=TOP
    )["periods"][0]
    mine = _mine(engine, scope)
    ranked = []
    for one in said["sources"]:
        behind = list(dict.fromkeys(item["code"] for item in one["series"]))
        series = [code for code in behind if code in mine]
        ranked.append(
            {
                "source": one["source"],
                "share": one["variance_share"],
                "status": one["status"],
                "coverage": one["coverage"],
                "measured_by": one["measured_by"],
                "series": series,
                "names": mine[series[0]] if series else {},
                "hidden": len([code for code in behind if code not in mine]),
            }
        )
    return {
        "u": said["quantity"]["u"],
        "rest": said["other_sources"]["variance_share"],
        "rows": ranked,
    }


@lru_cache(maxsize=_KEPT)
def _reconciled(view: View, territory: str) -> LedgerReconciliation:
    return Reconciliation(view, territory).found


@lru_cache(maxsize=_KEPT)
def _explainer(view: View) -> Explainer:
    return Explainer(view)


def _code(source: str) -> str:
    """Code of the series that a source is, or of the flow or report it is."""
    return source.partition(":")[2]


def _mine(engine: Engine, scope: Scope) -> dict[str, Row]:
    """Names of the sites of the series of the scope, by series."""
    with asking(engine) as connection:
        found = rows(connection, scope, _SERIES)
    return {row.pop("code"): row for row in map(dict, found)}
