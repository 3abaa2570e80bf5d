"""Who acts on returns from the pages: role and scope, as they stand at this request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from ewater.dashboard.editing import guard
from ewater.errors import ForbiddenError
from ewater.people.roles import ROLES
from ewater.reports.who import READ, Person

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope

_NOBODY = UUID(int=0)


def reading(scope: Scope) -> Person:
    """Somebody who may see the returns of a scope, and do nothing."""
    return Person(
        id=_NOBODY,
        name="",
        acts=frozenset({READ}),
        enterprises=scope.organisations,
        territories=scope.territories,
    )


def person() -> Person | None:
    """Whoever asks; None where nobody is signed in: then nobody changes anything."""
    on = guard()
    user = on.user() if on else None
    if on is None or user is None:
        return None
    return Person(
        id=user.id,
        name=user.name,
        acts=ROLES.get(user.role, frozenset()),
        enterprises=user.organisations,
        territories=user.territories,
        address=on.address(),
    )


def may(*acts: str) -> bool:
    """Whether the role of whoever asks includes one of some acts."""
    who = person()
    return who is not None and who.may(*acts)


def store() -> tuple[Engine, Person]:
    """Store to write to, and who does.

    Raises
    ------
    ForbiddenError
        Nobody is signed in.
    """
    on, who = guard(), person()
    if on is None or who is None:
        raise ForbiddenError("nobody is signed in")
    return on.engine, who
