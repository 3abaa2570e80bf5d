"""Sites of a scope, and their series: one place for the SQL that says so."""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, text

from ewater.accounts.scope import with_parts
from ewater.dashboard import leaving
from ewater.errors import ForbiddenError, UsageError
from ewater.store import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, TextClause

    from ewater.accounts.scope import Scope

_LONGEST_S = 30  # of one question; nobody waits longer for a page
_ONE_STATE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_LIMITS = (
    "SELECT set_config('statement_timeout', :longest, true), "
    "set_config('application_name', :tag, true)"
)
_MOST_PLACES = 64  # sets of territories whose sites are kept
_places: weakref.WeakKeyDictionary[Engine, dict[Any, list[str]]] = (
    weakref.WeakKeyDictionary()
)

#: Begins a statement: ``mine`` holds the sites of a scope as they stand, ``owned``
#: their series with the number that readings name them by. Asked by `rows`.
MINE = """
WITH place AS (
    SELECT DISTINCT ON (code) * FROM sites WHERE recorded_to IS NULL
    ORDER BY code, valid_from DESC NULLS LAST
), mine AS MATERIALIZED (
    SELECT * FROM place
    WHERE (CAST(:scope_organisations AS text[]) IS NULL
           OR organisation = ANY(:scope_organisations))
    AND (CAST(:scope_sites AS text[]) IS NULL OR code = ANY(:scope_sites))
), owned AS (
    SELECT DISTINCT ON (s.code) s.*, k.id AS number
    FROM series AS s JOIN mine AS m ON m.code = s.site
    JOIN series_key AS k ON k.code = s.code
    WHERE s.recorded_to IS NULL
    ORDER BY s.code, s.valid_from DESC NULLS LAST
)
"""
_SERIES = """
SELECT o.number, o.code, o.quantity, o.unit, o.signal, o.interval_s, o.timezone,
    o.u_random_pct, o.u_systematic_pct, o.derived, o.modulus, m.code AS site,
    m.kind AS site_kind, m.organisation, m.name_az, m.name_en, m.name_ru
FROM owned AS o JOIN mine AS m ON m.code = o.site
WHERE o.code = :code
"""


@cache
def _statement(rest: str) -> TextClause:
    """Make a statement of what follows `MINE`."""
    return text(MINE + rest)


def _named(connection: Connection, scope: Scope) -> dict[str, Any]:
    """Parameters of a statement that begins with `MINE`."""
    return {
        "scope_organisations": list(scope.organisations) or None,
        "scope_sites": sites_in(connection, scope.territories),
    }


def sites_in(connection: Connection, codes: tuple[str, ...]) -> list[str] | None:
    """Sites that lie in territories or their parts; None: wherever they lie.

    Where sites lie takes a second to find out, and is kept until the registry changes.
    """
    if not codes:
        return None
    kept = _places.setdefault(connection.engine, {})
    key = registry.version(connection), codes
    if key not in kept:
        frame = registry.read_table(connection, "territories").set_index("code")
        inside = with_parts(frame, codes)
        placed = registry.site_territories(connection)
        mine = placed["territory"].isin(inside)
        while len(kept) >= _MOST_PLACES:
            kept.pop(next(iter(kept)), None)
        kept[key] = sorted(set(placed.loc[mine, "site"].astype(str)))
    return kept[key]


def rows(
    connection: Connection, scope: Scope, rest: str, **values: Any
) -> list[dict[str, Any]]:
    """Rows of a statement, of what follows `MINE`, with its own parameters besides."""
    found = connection.execute(_statement(rest), values | _named(connection, scope))
    return [dict(row) for row in found.mappings()]


@contextmanager
def asking(engine: Engine) -> Iterator[Connection]:
    """Give a connection of one state that writes nothing and does not ask for ever.

    Its statements end with the view that asks (`dashboard.leaving`).
    """
    with engine.connect() as connection, connection.begin():
        connection.execute(text(_ONE_STATE))
        values = {"longest": f"{_LONGEST_S}s", "tag": leaving.tag()}
        connection.execute(text(_LIMITS), values)
        yield connection


def series(connection: Connection, scope: Scope, code: str) -> dict[str, Any]:
    """Look up one series of the scope, with its site.

    Raises
    ------
    ForbiddenError
        It is outside the scope; to whom has one, nothing is said of others.
    UsageError
        There is no such series.
    """
    found = rows(connection, scope, _SERIES, code=code)
    if found:
        return found[0]
    if scope.is_all:
        raise UsageError(f"series {code!r} is not registered")
    raise ForbiddenError(f"series {code!r} is outside the scope")
