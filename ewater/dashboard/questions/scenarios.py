"""What pages ask about scenarios: those described, and those computed, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.accounts.forecasting import kept, scenario_tables, scenarios
from ewater.accounts.scope import require

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope

    Document = dict[str, Any]


def listed(engine: Engine, scope: Scope) -> list[Document]:
    """List the scenarios as they are described now: ``scenario``, ``title``, ``said``.

    A description is of the whole country and says nothing that was measured; everyone
    may read it.
    """
    del scope
    with engine.connect() as connection:
        return scenarios.listed(connection)


def compared(
    engine: Engine, scope: Scope, territory: str, names: tuple[str, ...]
) -> list[Document]:
    """Scenarios of a territory beside the newest forecast that is kept.

    Parameters
    ----------
    names
        Of scenarios; one that was not computed over that forecast is left out.

    Returns
    -------
    list of dict
        As ``ewater scenario run --format json`` prints them.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    with engine.connect() as connection:
        base = kept.newest(connection)
        forecast = None if base is None else kept.load(connection, base)
        if base is None or forecast is None:
            return []
        found = []
        for name in names:
            row = scenarios.kept_over(connection, name, base)
            if row is not None:
                code, made, notes = row
                told = scenario_tables.document(
                    name, (base, forecast), (code, made), notes, territory
                )
                # deficits are of the whole country
                found.append(told if not scope.territories else _without(told))
        return found


def _without(told: Document) -> Document:
    return told | {"deficits": {}, "imbalance": {}}


def described_scenarios(engine: Engine, scope: Scope, minute: int) -> list[Document]:
    """List the scenarios as `listed`, anew in each minute (`newest_forecast`)."""
    del minute
    return listed(engine, scope)


def scenario_beside(
    engine: Engine, scope: Scope, territory: str, name: str, minute: int
) -> Document | None:
    """One scenario as of `compared`, anew in each minute; None: not computed.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    del minute
    return next(iter(compared(engine, scope, territory, (name,))), None)
