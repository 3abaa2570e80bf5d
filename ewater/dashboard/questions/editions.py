"""Editions for pages: which there are, their steps, and their sealed figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ewater.accounts.editions import show
from ewater.accounts.scope import require, with_parts
from ewater.store import editions as store
from ewater.store import registry

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ewater.accounts.scope import Scope

    Document = dict[str, Any]

#: States that everybody may see: published ones, and those that were and say so.
PUBLIC = ("published", "withdrawn")
#: Exceptions that name enterprises or series, which a scope may not contain.
_OF_OTHERS = ("report", "unjudged", "stale")


def editions(
    engine: Engine, scope: Scope, states: tuple[str, ...] = ()
) -> list[Document]:
    """List editions in a state (all if none is given), the newest period last.

    A scope of territories is shown editions of those, and of what contains them.

    Returns
    -------
    list of dict
        ``name``, ``territory``, ``period_start``, ``period_end``, ``step``, ``as_of``,
        ``timezone`` (of its calendar), ``state``, ``state_since``, ``reason`` (of the
        last step), ``root``, ``seal``,
        ``checked_at``, ``intact`` (None: never verified).
    """
    with engine.connect() as connection:
        mine = _visible(connection, scope)
        rows = show.listing(connection)
        return [
            row
            for row in rows
            if (not states or row["state"] in states)
            and (mine is None or row["territory"] in mine)
            and (row["state"] != "withdrawn" or _allowed(connection, row, states))
        ]


def edition(
    engine: Engine, scope: Scope, name: str, states: tuple[str, ...] = ()
) -> Document | None:
    """Tell one edition with its steps; None where it is not to be seen.

    Returns
    -------
    dict or None
        As `editions`, and ``parameters``, ``parts``, ``exceptions``, ``steps``,
        ``check`` (`ewater.accounts.editions.show.document`). Who does not see all, and
        the public, is told of exceptions and checks only how many, not what they name.
    """
    if name not in {row["name"] for row in editions(engine, scope, states)}:
        return None
    with engine.connect() as connection:
        document = show.document(connection, name)
    if scope.is_all and states != PUBLIC:
        return document
    kept = [
        one
        for one in document["exceptions"]
        if one["name"].partition(":")[0] not in _OF_OTHERS
    ]
    document["exceptions_hidden"] = len(document["exceptions"]) - len(kept)
    document["exceptions"] = kept
    if document["check"] is not None:
        document["check"]["found"] = None
    return document


def figures(
    engine: Engine,
    scope: Scope,
    name: str,
    territory: str,
    states: tuple[str, ...] = (),
) -> list[Document]:
    """Read the sealed figures of one territory, whole m3; none if it is not there.

    Returns
    -------
    list of dict
        ``period`` (its start, UTC), ``day`` (on which it begins, by the calendar of the
        edition), ``cell`` (as Explain takes it), ``unit``,
        ``value``, ``known``, ``u``, ``coverage``, ``status``, ``missing``.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    if name not in {row["name"] for row in editions(engine, scope, states)}:
        return []
    with engine.connect() as connection:
        found = show.figures(connection, name, territory)
        zone = show.zone(connection, name)
    days = {period: show.day(period, zone) for _, period, _ in found}
    return [
        {"period": period, "day": days[period], "cell": cell} | one.shown()
        for (_, period, cell), one in found.items()
    ]


def differences(engine: Engine, scope: Scope) -> list[tuple[str, str]]:
    """Pairs of editions whose difference is kept (`ewater edition diff A B`)."""
    seen = {row["name"] for row in editions(engine, scope)}
    with engine.connect() as connection:
        pairs = store.differences(connection)
    return [(a, b) for a, b in pairs if {a, b} <= seen]


def difference(
    engine: Engine, scope: Scope, a: str, b: str, territory: str
) -> Document | None:
    """Tell what changed in a territory from one edition to another, and why.

    Returns
    -------
    dict or None
        ``groups`` in their order, ``causes`` by group (None for who does not see all:
        they name series and returns) and ``cells``, see
        `ewater.accounts.editions.diff.difference`; None where none is kept.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    if (a, b) not in differences(engine, scope):
        return None
    with engine.connect() as connection:
        kept = store.difference(connection, a, b)
    document = json.loads(kept or "{}")
    cells = [one for one in document["cells"] if one["territory"] == territory]
    causes = document["causes"] if scope.is_all else None
    return {"groups": document["groups"], "causes": causes, "cells": cells}


def _visible(connection: Connection, scope: Scope) -> frozenset[str] | None:
    """Territories whose editions hold something of a scope; None for all."""
    if not scope.territories:
        return None
    frame = registry.read_table(connection, "territories").set_index("code")
    inside = with_parts(frame, scope.territories)
    parent = frame["parent"].to_dict()
    found = set(inside)
    for code in scope.territories:
        above = parent.get(code)
        while isinstance(above, str) and above not in found:
            found.add(above)
            above = parent.get(above)
    return frozenset(found)


def _allowed(connection: Connection, row: Document, states: tuple[str, ...]) -> bool:
    """Whether a withdrawn edition may be seen: to the public if it was published."""
    if states != PUBLIC:
        return True
    return any(
        step["state"] == "published" for step in show.steps(connection, row["name"])
    )
