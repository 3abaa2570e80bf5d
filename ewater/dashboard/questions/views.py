"""Views and bridges for pages: which there are, and what they say of a territory."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ewater.accounts import in_memory, view_files
from ewater.accounts.in_memory import NOW, step_of
from ewater.accounts.scope import require
from ewater.accounts.view_reconciled import ReconciledViews
from ewater.accounts.view_tables import PUBLISHED, quantity
from ewater.balance.views import compiled as reading
from ewater.store import registry

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import Engine

    from ewater.accounts.in_memory import Basis
    from ewater.accounts.scope import Scope
    from ewater.accounts.views import View

    Document = dict[str, Any]

_KEPT = 32  # territories of a run whose views are evaluated


def views(engine: Engine, scope: Scope) -> list[Document]:
    """List the views: ``view``, ``title`` by language, ``source``, ``cells``, ``own``.

    Anybody may know which views there are; what they say is `table`.
    """
    del scope
    with engine.connect() as connection:
        own = registry.read_table(connection, "views")
    return view_files.listed({"views": own})


def table(
    engine: Engine,
    scope: Scope,
    view: str,
    territory: str,
    start: dt.date,
    end: dt.date,
    basis: Basis = NOW,
) -> Document:
    """One view of a territory over ``[start, end)`` as one period, see docs/views.md.

    ``VIEW.CELL`` of a cell is what Explain takes. On a reconciled basis the period has
    ``reconciliation`` beside its raw cells: verdict, tests and, where raw values do not
    stand, ``cells`` with ``value``, ``u`` and ``adjustment``.

    Raises
    ------
    UsageError
        No such view or territory.
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    found, period = _views(engine, territory, start, end, basis)
    if basis[2] == "reconciled":
        return found.document(view, 0, [period])
    return found.raw.document(view, 0, [period])


def bridges(engine: Engine, scope: Scope) -> list[Document]:
    """List the bridges that are often asked for.

    Returns
    -------
    list of dict
        ``code``, ``title`` (by language; null for a published figure), ``from``
        (``VIEW.CELL``) and ``to`` (the same, or ``published:ITEM``).
    """
    del engine, scope
    return [dict(one) for one in reading.bridges()] + [
        {"code": item, "title": None, "from": cell, "to": f"{PUBLISHED}{item}"}
        for item, cell in reading.published().items()
    ]


def counterparts(
    engine: Engine,
    scope: Scope,
    items: tuple[str, ...],
    territory: str,
    start: dt.date,
    end: dt.date,
    basis: Basis = NOW,
) -> Document:
    """Give the cells that published items stand for, over ``[start, end)``.

    Returns
    -------
    dict
        By item a quantity of docs/balance-json.md with ``unit``, ``why``, ``cell``
        (``VIEW.CELL``) and its ``label`` by language; an item without a counterpart
        is not in it. On a reconciled basis reconciled figures, where they are.

    Raises
    ------
    UsageError
        No such territory.
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    found, period = _views(engine, territory, start, end, basis)
    after = found.after(period) if basis[2] == "reconciled" else None
    views, at = (found.raw, period) if after is None else (after, 0)
    stands_for = reading.published()
    answer = {}
    for item in items:
        view, _, cell = stands_for.get(item, "").partition(".")
        if not view:
            continue
        evaluated = views.view(view)
        if cell in evaluated.compiled.cells:  # a view of the country's own may lack it
            answer[item] = quantity(evaluated, cell, 0, at) | {
                "cell": stands_for[item],
                "label": evaluated.compiled.cell(cell).row.label.model_dump(),
            }
    return answer


def bridge(
    engine: Engine,
    scope: Scope,
    first: str,
    second: str,
    territory: str,
    start: dt.date,
    end: dt.date,
    basis: Basis = NOW,
) -> Document:
    """Lead from one figure to another over one period, see docs/views.md.

    On a reconciled basis between reconciled figures, where they are.

    Raises
    ------
    UsageError
        Unknown cell or item, or figures that no bridge can join.
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    found, period = _views(engine, territory, start, end, basis)
    after = found.after(period) if basis[2] == "reconciled" else None
    if after is not None:
        return after.bridge_document(first, second)
    return found.raw.bridge_document(first, second, 0, [period])


def _views(
    engine: Engine, territory: str, start: dt.date, end: dt.date, basis: Basis
) -> tuple[ReconciledViews, int]:
    view, periods = in_memory.of(engine).periods(
        start, end, step_of(start, end), basis=basis
    )
    return _of(view, territory), periods[-1]


@functools.lru_cache(maxsize=_KEPT)
def _of(view: View, territory: str) -> ReconciledViews:
    return ReconciledViews(view, [territory])
