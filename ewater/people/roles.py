"""Roles, and what each may do."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What there is to do. Everybody who is signed in may read within their scope.
ACTS: Mapping[str, str] = MappingProxyType(
    {
        "read": "see accounts, sites and series, and take them away",
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
        "viewer": frozenset({"read"}),
        "analyst": frozenset({"read", "analyse"}),
        "engineer": frozenset({"read", "analyse", "edit"}),
        "reviewer": frozenset({"read", "analyse", "review"}),
        "approver": frozenset({"read", "analyse", "approve", "review"}),
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
