"""What pages ask about scenarios: those described, and those computed, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.accounts.forecasting import kept, scenario_tables, scenarios
from ewater.accounts.scope import require

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope

    Document = dict[str, Any]


def listed(engine: Engine, scope: Scope, minute: int = 0) -> list[Document]:
    """List the scenarios as they are described now: ``scenario``, ``title``, ``said``.

    A description is of the whole country and says nothing that was measured; everyone
    may read it. ``minute`` is that of the clock, see `forecasts.newest_forecast`.
    """
    del scope, minute
    with engine.connect() as connection:
        return scenarios.listed(connection)


def compared(
    engine: Engine,
    scope: Scope,
    territory: str,
    names: tuple[str, ...],
    minute: int = 0,
) -> list[Document]:
    """Scenarios of a territory beside the newest forecast that is kept.

    Parameters
    ----------
    names
        Of scenarios; one that was not computed over that forecast is left out.
    minute
        Of the clock, see `ewater.dashboard.questions.forecasts.newest_forecast`.

    Returns
    -------
    list of dict
        As ``ewater scenario run --format json`` prints them.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    del minute
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
