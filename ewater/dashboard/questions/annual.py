"""What pages ask about the annual balance: the newest at hand, and its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.accounts.forecasting import statutory
from ewater.accounts.scope import require

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope


def newest_annual(engine: Engine, scope: Scope, minute: int) -> str | None:
    """Code of the newest kept forecast that an annual balance can be made of.

    ``minute`` is that of the clock: a forecast is made without new data.
    """
    del scope, minute
    with engine.connect() as connection:
        return statutory.newest_kept(connection)


def annual_balance(
    engine: Engine, scope: Scope, code: str, territory: str
) -> dict[str, Any] | None:
    """Annual balance of a territory over a kept forecast.

    Returns
    -------
    dict or None
        As ``ewater statutory --format json``; None: there is no such forecast.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    return statutory.of_kept(engine, code, territory)
