"""What pages ask about ten-day schedules of reservoirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.accounts.forecasting import schedule_tables, schedules
from ewater.accounts.scope import accounts_of, territories_of
from ewater.balance.ledger import Ledger
from ewater.errors import ForbiddenError
from ewater.store import registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope

    Document = dict[str, Any]


def scheduled(engine: Engine, scope: Scope, minute: int) -> list[Document]:
    """List the reservoirs of the scope that have schedules, with their names.

    Returns
    -------
    list of dict
        ``account``, ``name_az``, ``name_en``, ``name_ru``, ``revisions`` (numbers,
        newest first), ``opening`` of the newest (m3); who holds most comes first.
        ``minute`` is that of the clock, as for a forecast.
    """
    del minute
    with engine.connect() as connection:
        rows = schedules.listed(connection)
        frames = registry.read(connection)
    allowed = _allowed(engine, scope, frames)
    sites = frames["sites"].drop_duplicates("code").set_index("code")
    place = frames["accounts"].drop_duplicates("code").set_index("code")["site"]
    found: dict[str, Document] = {}
    for row in rows:
        account = row["account"]
        if allowed is not None and account not in allowed:
            continue
        site = place.get(account)
        names = {
            f"name_{lang}": sites[f"name_{lang}"].get(site) or account
            for lang in ("az", "en", "ru")
        }
        told = {"account": account, "opening": row["opening"], **names}
        one = found.setdefault(account, told | {"revisions": []})
        one["revisions"].append(row["revision"])
    return sorted(found.values(), key=lambda one: -one["opening"])


def schedule_of(engine: Engine, scope: Scope, account: str, revision: int) -> Document:
    """Give one revision of a schedule, with what was done since.

    Raises
    ------
    ForbiddenError
        The reservoir is outside the scope.
    UsageError
        It has no schedule, or no such revision.
    """
    with engine.connect() as connection:
        frames = registry.read(connection)
    allowed = _allowed(engine, scope, frames)
    if allowed is not None and account not in allowed:
        raise ForbiddenError(f"reservoir {account!r} is outside the scope")
    return schedule_tables.document(engine, account, revision)


def _allowed(
    engine: Engine, scope: Scope, frames: dict[str, Any]
) -> frozenset[str] | None:
    """Accounts of a scope; None: all of them."""
    if scope.is_all:
        return None
    inside = None
    if scope.territories:
        ledger = Ledger.build(frames)
        known = territories_of(engine, scope) & set(map(str, ledger.territories))
        share = ledger.membership[ledger.rows(sorted(known))].toarray().sum(axis=0)
        inside = frozenset(map(str, ledger.accounts[share > 0]))
    mine = accounts_of(frames, scope)
    if inside is None:
        return mine
    return inside if mine is None else inside & mine
