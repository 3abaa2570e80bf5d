"""How accounts are joined around a territory, and what it exchanges with others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ewater.accounts import in_memory
from ewater.accounts.documents import quantity_of
from ewater.accounts.in_memory import NOW, step_of
from ewater.accounts.network import network as joined
from ewater.accounts.scope import require
from ewater.accounts.settled import standing
from ewater.balance.exchange import exchange

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import Engine

    from ewater.accounts.in_memory import Basis
    from ewater.accounts.scope import Scope

    Document = dict[str, Any]


def network(
    engine: Engine,
    scope: Scope,
    territory: str,
    start: dt.date,
    end: dt.date,
    boundary: str = "managed",
    basis: Basis = NOW,
) -> Document:
    """Name the accounts and flows that touch a territory over ``[start, end)``.

    Returns
    -------
    dict
        ``nodes`` and ``flows`` of `ewater.accounts.network.network`. A scope of
        organisations is told the names and places of its own sites alone.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    view, periods = in_memory.of(engine).periods(
        start, end, step_of(start, end), boundary, basis
    )
    sites = None
    if scope.organisations:
        frame = view.run.frames["sites"]
        sites = frame.loc[frame["organisation"].isin(scope.organisations), "code"]
    shown, period = standing(view, periods[-1], basis[2])
    return joined(shown, territory, period, sites)


def exchanges(
    engine: Engine,
    scope: Scope,
    territory: str,
    start: dt.date,
    end: dt.date,
    boundary: str = "managed",
    basis: Basis = NOW,
) -> list[Document]:
    """Say what a territory exchanges with others of its kind, neighbours, the sea.

    Returns
    -------
    list of dict
        ``partner``, ``kind``, ``received``, ``given`` and ``net`` (quantities, m3,
        u with k = 1), ``apportioned``: only the net means something. Of the partner
        nothing is told but its code.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    view, periods = in_memory.of(engine).periods(
        start, end, step_of(start, end), boundary, basis
    )
    view, period = standing(view, periods[-1], basis[2])
    found = exchange(view.ledger, view.flows, territory, boundary)
    ways = {"received": found.received, "given": found.given, "net": found.net}
    lacking = found.lacking(view.ledger, view.flows, period)
    return [
        {
            "partner": str(partner),
            "kind": str(found.kinds[n]),
            "apportioned": bool(found.apportioned[n, period]),
            **{
                way: quantity_of(
                    {f"q{suffix}": array[n] for suffix, array in fields.items()},
                    "q",
                    period,
                    partial(lacking[way].__getitem__, n),
                )
                for way, fields in ways.items()
            },
        }
        for n, partner in enumerate(found.partners)
    ]
