"""Roles, and what each may do."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What there is to do. Everybody who is signed in may read within their scope; figures
#: of the country that are not published are for those who oversee it.
ACTS: Mapping[str, str] = MappingProxyType(
    {
        "read": "see what is their own: sites, series and returns",
        "oversee": "see accounts, plans and editions, and take them away",
        "analyse": "keep scenarios and comparisons",
        "edit": "correct and flag readings, describe sources",
        "approve": "approve readings, editions and returns",
        "report": "send the returns of an organisation",
        "review": "examine returns and send them back",
        "administer": "users, roles, sources and the audit",
    }
)

#: Who may do what.
ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "viewer": frozenset({"read", "oversee"}),
        "analyst": frozenset({"read", "oversee", "analyse"}),
        "engineer": frozenset({"read", "oversee", "analyse", "edit"}),
        "reviewer": frozenset({"read", "oversee", "analyse", "review"}),
        "approver": frozenset({"read", "oversee", "analyse", "approve", "review"}),
        "reporter": frozenset({"read", "report"}),
        "admin": frozenset(ACTS),
    }
)


def may(role: str, act: str) -> bool:
    """Whether a role may do something; an unknown role may nothing.

    Examples
    --------
    >>> may("engineer", "edit"), may("viewer", "edit"), may("", "read")
    (True, False, False)
    """
    if act not in ACTS:
        raise ValueError(act)
    return act in ROLES.get(role, frozenset())
