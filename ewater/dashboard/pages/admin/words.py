"""Words of administration: roles, ways of signing in, runs, parts of the audit."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ewater.dashboard.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "viewer": mark("viewer"),
        "analyst": mark("analyst"),
        "engineer": mark("engineer"),
        "reviewer": mark("reviewer"),
        "approver": mark("approver"),
        "reporter": mark("reporter"),
        "admin": mark("administrator"),
    }
)
METHODS: Mapping[str, str] = MappingProxyType(
    {"password": mark("password"), "provider": mark("provider")}
)
RUN_STATES: Mapping[str | None, str] = MappingProxyType(
    {
        None: mark("never ran"),
        "running": mark("running"),
        "done": mark("done"),
        "failed": mark("failed"),
        "lost": mark("lost"),
    }
)
#: Ways in which data come by themselves (`ewater.ingest.sources.model`).
SOURCE_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "folder": mark("folder"),
        "http": mark("web service"),
        "mqtt": mark("message broker (MQTT)"),
        "push": mark("sent by loggers"),
    }
)
AUDIT_AREAS: Mapping[str, str] = MappingProxyType(
    {
        "all": mark("All"),
        "user": mark("Users"),
        "readings": mark("Readings"),
        "refused": mark("Refused"),
        "login": mark("Sign-in"),
        "report": mark("Returns"),
        "edition": mark("Editions"),
        "alert": mark("Alerts"),
    }
)
CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "add": mark("Add a user"),
        "role": mark("Change role and scope"),
        "password": mark("Give a new first password"),
        "disable": mark("Shut out"),
        "enable": mark("Let in again"),
        "unlock": mark("Unlock after failed sign-ins"),
    }
)
