"""What the page asks, each time anew, for administrators alone.

Where nobody signs in the pages are open to this machine, whose database it is: the
lists are shown and nothing can be changed.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import text as sql

from ewater.dashboard import editing
from ewater.dashboard.i18n import mark
from ewater.errors import UsageError
from ewater.people import users
from ewater.store import audit, source_runs, sources

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ewater.accounts.scope import Scope

SIGN_IN = mark("Sign in as an administrator to see this.")
OPEN = mark("Nobody signs in here, so nobody changes users: `ewater user` does.")
NOT_YOURS = mark("Your role may not see this: it is for administrators.")
_MOST = 300
_ORGANISATIONS = sql(
    """
    WITH place AS (
        SELECT DISTINCT ON (code) code, organisation FROM sites
        WHERE recorded_to IS NULL ORDER BY code, valid_from DESC NULLS LAST
    )
    SELECT o.organisation, max(e.name) AS name, count(DISTINCT p.code) AS sites,
        count(DISTINCT s.code) AS series,
        count(DISTINCT u.person_id) AS users
    FROM (SELECT organisation FROM place WHERE organisation IS NOT NULL
          UNION SELECT unnest(organisations) FROM login_user) AS o
    LEFT JOIN enterprises AS e ON e.code = o.organisation AND e.recorded_to IS NULL
    LEFT JOIN place AS p ON p.organisation = o.organisation
    LEFT JOIN series AS s ON s.site = p.code AND s.recorded_to IS NULL
    LEFT JOIN login_user AS u ON o.organisation = ANY(u.organisations)
        AND u.disabled_at IS NULL
    GROUP BY o.organisation ORDER BY o.organisation
    """
)


def require() -> None:
    """Refuse whoever signs in and is no administrator.

    Raises
    ------
    UsageError
        Somebody else asks, or nobody is signed in: the panel says so.
    """
    if editing.guard() is None:
        return
    who = editing.editor()
    if who is None:
        raise UsageError(SIGN_IN)
    if not who.can("administer"):
        raise UsageError(NOT_YOURS)


def administered(
    engine: Engine, scope: Scope, what: str, choice: str = ""
) -> list[dict[str, Any]]:
    """List users, organisations, sources, runs or the audit; `require` comes before."""
    del scope  # an administrator has all of it
    with engine.connect() as connection:
        return [dict(row) for row in _READ[what](connection, choice)]


def _organisations(connection: Connection, _: str) -> Any:
    return connection.execute(_ORGANISATIONS).mappings()


def _runs(connection: Connection, choice: str) -> Any:
    return source_runs.read(connection, only_failed=choice == "failed", most=_MOST)


def _audit(connection: Connection, choice: str) -> Any:
    area = None if choice == "all" else choice
    return audit.read(connection, action=area, count=_MOST)


_READ = MappingProxyType(
    {
        "users": lambda connection, _: users.read(connection),
        "organisations": _organisations,
        "sources": lambda connection, _: sources.overview(connection),
        "runs": _runs,
        "audit": _audit,
    }
)
