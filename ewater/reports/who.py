"""Who acts on returns, and whose returns: reporter, reviewer, approver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import text

from ewater.errors import ForbiddenError
from ewater.store import audit, landing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from sqlalchemy import Connection

#: Acts of `ewater.people.roles` that matter here.
READ, REPORT, REVIEW, APPROVE = "read", "report", "review", "approve"

#: Enterprises with their territory, as they stand; the newest validity of each.
PLACED = (
    "(SELECT DISTINCT ON (code) code, name, isic, territory, valid_from, valid_to "
    "FROM enterprises WHERE recorded_to IS NULL "
    "ORDER BY code, valid_from DESC NULLS LAST)"
)
#: Condition on a row ``e`` of them; its values come from `Person.scope`.
IN_SCOPE = (
    "(CAST(:enterprises AS text[]) IS NULL OR e.code = ANY(:enterprises)) "
    "AND (CAST(:territories AS text[]) IS NULL OR e.territory = ANY(:territories))"
)
_PARTS = text(
    "WITH RECURSIVE part AS ("
    " SELECT code FROM territories WHERE recorded_to IS NULL AND code = ANY(:codes)"
    " UNION SELECT t.code FROM territories t JOIN part ON t.parent = part.code"
    " WHERE t.recorded_to IS NULL) SELECT code FROM part"
)
_MINE = text(
    "SELECT EXISTS (SELECT FROM "  # noqa: S608 - constants
    f"{PLACED} e WHERE e.code = :code AND {IN_SCOPE})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is signed in, or runs a command.

    ``acts`` are what the role allows; ``enterprises`` and ``territories`` whose returns
    they concern, empty for all.
    """

    id: UUID
    name: str
    acts: frozenset[str]
    enterprises: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    address: str | None = None

    def may(self, *acts: str) -> bool:
        """Whether the role allows any of these acts."""
        return not self.acts.isdisjoint(acts)

    def scope(self, connection: Connection) -> dict[str, Any]:
        """Values of `IN_SCOPE`: a territory has its parts with it."""
        places = None
        if self.territories:
            found = connection.scalars(_PARTS, {"codes": list(self.territories)})
            places = sorted(found)
        mine = list(self.enterprises) if self.enterprises else None
        return {"enterprises": mine, "territories": places}


def command(connection: Connection, name: str) -> Person:
    """Make the person who runs a command: the database is theirs, they may do all."""
    acts = frozenset({READ, REPORT, REVIEW, APPROVE, "administer"})
    return Person(id=landing.person(connection, name), name=name, acts=acts)


def allow(connection: Connection, person: Person, act: str, enterprise: str) -> None:
    """Refuse what the role does not allow, and enterprises outside the scope.

    Raises
    ------
    ForbiddenError
        It does not, or it is: whether there is such an enterprise is not said.
    """
    if not person.may(act):
        refuse(person, act)
    if not person.enterprises and not person.territories:
        return
    values = {"code": enterprise, **person.scope(connection)}
    if not connection.scalar(_MINE, values):
        raise ForbiddenError(f"returns of {enterprise!r} are outside the scope")


def refuse(person: Person, act: str) -> NoReturn:
    """Refuse what the role does not allow."""
    raise ForbiddenError(f"the role of {person.name} does not include to {act}")


def must_see_all(person: Person, act: str) -> None:
    """Refuse what concerns the whole country to whoever sees a part of it.

    Raises
    ------
    ForbiddenError
        The role does not include it, or the scope is not everything.
    """
    if not person.may(act):
        refuse(person, act)
    if person.enterprises or person.territories:
        raise ForbiddenError(f"{person.name} does not {act} for the whole country")


def allow_all(
    connection: Connection, person: Person, act: str, enterprises: Iterable[str]
) -> None:
    """Do the same for several enterprises."""
    for enterprise in sorted(set(enterprises)):
        allow(connection, person, act, enterprise)


def note(
    connection: Connection,
    person: Person,
    act: str,
    what: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """Say in the audit what somebody did to a return."""
    audit.record(
        connection,
        f"report.{act}",
        what,
        who=person.id,
        before=before,
        after=after,
        address=person.address,
    )
