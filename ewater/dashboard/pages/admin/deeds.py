"""Words of the audit: what was done, to what, and what changed."""

from __future__ import annotations

import datetime as dt
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard import return_labels
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.admin.words import METHODS, ROLES
from ewater.dashboard.pages.editions.lists import STATES as EDITIONS
from ewater.dashboard.reading_labels import APPROVALS, FLAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language

#: By `ewater.store.audit.ACTIONS`.
ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "alert.acknowledge": mark("Alert: noted"),
        "edition.draft": mark("Edition: sealed as a draft"),
        "edition.reviewed": mark("Edition: reviewed"),
        "edition.approved": mark("Edition: approved"),
        "edition.published": mark("Edition: published"),
        "edition.withdrawn": mark("Edition: withdrawn"),
        "key.add": mark("Key: given"),
        "key.revoke": mark("Key: taken back"),
        "login": mark("Signed in"),
        "login.failed": mark("Sign-in failed"),
        "login.locked": mark("Sign-in locked after failures"),
        "logout": mark("Signed out"),
        "readings.approve": mark("Readings: looked at or approved"),
        "readings.edit": mark("Readings: changed"),
        "refused.origin": mark("Refused: asked from a foreign page"),
        "refused.report": mark("Refused: a return of somebody else"),
        "refused.role": mark("Refused: not for this role"),
        "refused.scope": mark("Refused: outside the scope"),
        "report.begin": mark("Return: begun"),
        "report.save": mark("Return: draft saved"),
        "report.conflict": mark("Return: draft set aside, two people wrote"),
        "report.submit": mark("Return: submitted"),
        "report.correct": mark("Return: correction begun"),
        "report.return": mark("Return: sent back"),
        "report.approve": mark("Return: approved"),
        "report.sign": mark("Return: signed"),
        "report.deadline": mark("Returns: deadline moved"),
        "report.remind": mark("Returns: reminded"),
        "report.explain": mark("Totals: break explained"),
        "report.sign_off": mark("Totals: period signed off"),
        "report.trust": mark("Signatures: certificate trusted"),
        "report.distrust": mark("Signatures: trust withdrawn"),
        "user.add": mark("User: added"),
        "user.role": mark("User: role or scope changed"),
        "user.disable": mark("User: shut out"),
        "user.enable": mark("User: let in again"),
        "user.unlock": mark("User: failed sign-ins forgotten"),
        "user.password": mark("User: own password changed"),
        "user.password_reset": mark("User: new first password"),
        "user.forget": mark("User: erased"),
    }
)
#: By `ewater.store.audit.OBJECTS`.
OBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "alert": mark("Alert"),
        "break": mark("Break in a total"),
        "deadline": mark("Date due"),
        "edition": mark("Edition"),
        "key": mark("Key"),
        "nobody": mark("Nobody of this name"),
        "path": mark("Address"),
        "period": mark("Period of returns"),
        "person": mark("User"),
        "provider": mark("Provider"),
        "return": mark("Return"),
        "series": mark("Series"),
        "trust": mark("Certificate"),
    }
)
#: What a record says before and after; a key without a word stands for itself.
KEYS: Mapping[str, str] = MappingProxyType(
    {
        "acknowledged": mark("noted"),
        "approved": mark("approved version"),
        "aside": mark("set aside"),
        "asked": mark("asked for"),
        "by": mark("by"),
        "cells": mark("cells"),
        "disabled": mark("shut out"),
        "due_at": mark("due"),
        "edits": mark("saves"),
        "enterprise": mark("enterprise"),
        "enterprises": mark("enterprises"),
        "exceptions": mark("exceptions"),
        "explanation": mark("explanation"),
        "flag": mark("flag"),
        "flags": mark("flags"),
        "from": mark("from"),
        "hash": mark("hash"),
        "kind": mark("kind"),
        "level": mark("level"),
        "levels": mark("levels"),
        "load": mark("load"),
        "method": mark("signs in by"),
        "must_change": mark("password to be changed"),
        "note": mark("note"),
        "organisations": mark("organisations"),
        "per_minute": mark("a minute"),
        "readings": mark("readings"),
        "reason": mark("reason"),
        "remarks": mark("remarks"),
        "revoked": mark("taken back"),
        "role": mark("role"),
        "seq": mark("step"),
        "series": mark("series"),
        "sha256": mark("hash"),
        "state": mark("state"),
        "territories": mark("territories"),
        "to": mark("to"),
        "values": mark("values"),
        "version": mark("version"),
        "why": mark("reason"),
    }
)
_STATES: Mapping[str, str] = {**EDITIONS, **return_labels.STATES}
#: Words for the values of some keys.
_VALUES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "state": _STATES,
        "role": ROLES,
        "method": METHODS,
        "flag": FLAGS,
        "level": APPROVALS,
        "reason": return_labels.BREAK_REASONS,
    }
)
_HASHES, _SHOWN = ("hash", "sha256"), 12  # a file has all digits
_YES, _NO, _NONE = mark("yes"), mark("no"), mark("none")


def action(code: str, lang: Language) -> str:
    """Say what was done; an action of another version stands for itself."""
    return lang.gettext(ACTIONS[code]) if code in ACTIONS else code


def thing(code: str, lang: Language) -> str:
    """Say to what it was done."""
    kind, _, rest = code.partition(":")
    if kind not in OBJECTS:
        return code
    return ": ".join(filter(None, (lang.gettext(OBJECTS[kind]), rest)))


def told(record: Any, zone: dt.tzinfo, lang: Language) -> str | None:
    """Tell what a record says in one line; a file has all of it."""
    if not isinstance(record, dict):
        return None if record is None else _plain(record)
    said = (
        f"{_key(key, lang)}: {_value(key, value, zone, lang)}"
        for key, value in record.items()
        if value is not None
    )
    return "; ".join(said) or None


def _key(key: str, lang: Language) -> str:
    return lang.gettext(KEYS[key]) if key in KEYS else key


def _value(key: str, value: Any, zone: dt.tzinfo, lang: Language) -> str:
    if isinstance(value, bool):
        return lang.gettext(_YES if value else _NO)
    if isinstance(value, int):
        return lang.number(value)
    if value in ([], {}):
        return lang.gettext(_NONE)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(dict.fromkeys(value))
    if key in _HASHES and isinstance(value, str):
        return f"{value[:_SHOWN]}…"
    if key == "cells" and isinstance(value, dict):
        return lang.number(len(value))
    if not isinstance(value, str):
        return _plain(value)
    if word := _VALUES.get(key, {}).get(value):
        return lang.within(lang.gettext(word))
    return _moment(value, zone, lang) if key in ("from", "to", "due_at") else value


def _moment(text: str, zone: dt.tzinfo, lang: Language) -> str:
    try:
        return lang.moment(dt.datetime.fromisoformat(text).astimezone(zone))
    except ValueError:
        return text


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
