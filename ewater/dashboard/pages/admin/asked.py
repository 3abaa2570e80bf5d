"""What the page asks, each time anew, of the store of an administrator alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text as sql

from ewater.dashboard import editing
from ewater.dashboard.i18n import mark
from ewater.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ewater.dashboard.editing import Editor

SIGN_IN = mark("Sign in as an administrator to see this.")
NOT_YOURS = mark("Your role may not see this: it is for administrators.")
_ORGANISATIONS = sql(
    """
    WITH place AS (
        SELECT DISTINCT ON (code) code, organisation FROM sites
        WHERE recorded_to IS NULL ORDER BY code, valid_from DESC NULLS LAST
    )
    SELECT o.organisation, count(DISTINCT p.code) AS sites,
        count(DISTINCT s.code) AS series,
        count(DISTINCT u.person_id) AS users
    FROM (SELECT organisation FROM place WHERE organisation IS NOT NULL
          UNION SELECT unnest(organisations) FROM login_user) AS o
    LEFT JOIN place AS p ON p.organisation = o.organisation
    LEFT JOIN series AS s ON s.site = p.code AND s.recorded_to IS NULL
    LEFT JOIN login_user AS u ON o.organisation = ANY(u.organisations)
        AND u.disabled_at IS NULL
    GROUP BY o.organisation ORDER BY o.organisation
    """
)


def administrator() -> Editor:
    """Give the administrator who asks.

    Raises
    ------
    UsageError
        Somebody else asks, or nobody is signed in: the panel says so.
    """
    who = editing.editor()
    if who is None:
        raise UsageError(SIGN_IN)
    if not who.can("administer"):
        raise UsageError(NOT_YOURS)
    return who


def organisations(connection: Connection) -> list[dict[str, Any]]:
    """List organisations of sites and of users, with how much each has."""
    return [dict(row) for row in connection.execute(_ORGANISATIONS).mappings()]
