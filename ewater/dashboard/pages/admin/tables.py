"""Exhibits of the page: users, organisations, sources, runs, the audit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import view
from ewater.dashboard.components import segments
from ewater.dashboard.exhibits import Column, Exhibit, Sheet, reasons
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.admin import asked, deeds
from ewater.dashboard.pages.admin.words import (
    AUDIT_AREAS,
    METHODS,
    ROLES,
    RUN_STATES,
    SOURCE_KINDS,
)
from ewater.dashboard.reading_labels import word
from ewater.dashboard.reasons import why_not
from ewater.errors import EWaterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Row = Mapping[str, Any]
    Maker = Callable[[CachedReader, State, Language], Sheet]

_LONGEST = 160  # characters of an error in a table


def _for_administrators(
    title: str,
    what: str,
    columns: Callable[[Language], tuple[Column, ...]],
    row: Callable[[Row, tzinfo, Language], dict[str, Any]],
    empty: str,
    choices: Mapping[str, str] | None = None,
) -> Maker:
    """Make a sheet that is read anew for an administrator, and says so to others.

    Of ``choices`` one is in the address, under the name of the list.
    """

    def made(reader: CachedReader, state: State, lang: Language) -> Sheet:
        say = lang.gettext
        try:
            asked.require()
        except EWaterError as error:
            return Sheet(say(title), (), [], empty=why_not(error, lang))
        choice = state.pick(what, choices) if choices else ""
        found = reader.look(asked.administered, what, choice)
        zone = view.zone(reader)
        shown = [row(one, zone, lang) for one in found]
        return Sheet(say(title), columns(lang), shown, calm=say(empty))

    return made


def _user(row: Row, zone: tzinfo, lang: Language) -> dict[str, Any]:
    del zone
    say = lang.gettext
    if row["disabled_at"] is not None:
        state = say("shut out")
    elif row["must_change"]:
        state = say("first password, to be changed")
    else:
        state = say("may sign in")
    return {
        "name": row["name"],
        "role": word(ROLES, row["role"], lang),
        "method": word(METHODS, row["method"], lang),
        "organisations": row["organisations"] or say("all"),
        "territories": row["territories"] or say("all"),
        "state": state,
        "last_login": row["last_login"],
        "sessions": row["sessions"],
    }


def _user_columns(lang: Language) -> tuple[Column, ...]:
    say = lang.gettext
    return (
        Column("name", say("Name")),
        Column("role", say("Role")),
        Column("organisations", say("Organisations")),
        Column("territories", say("Territories")),
        Column("method", say("Signs in by")),
        Column("state", say("State")),
        Column("last_login", say("Last sign-in"), kind="time"),
        Column("sessions", say("Sessions"), kind="number", digits=0),
    )


def _organisation_columns(lang: Language) -> tuple[Column, ...]:
    say = lang.gettext
    return (
        Column("organisation", say("Organisation")),
        Column("sites", say("Sites"), kind="number", digits=0),
        Column("series", say("Series"), kind="number", digits=0),
        Column("users", say("Users"), kind="number", digits=0),
    )


def _organisation(row: Row, zone: tzinfo, lang: Language) -> dict[str, Any]:
    del zone, lang
    code, name = row["organisation"], row["name"]
    return dict(row) | {"organisation": f"{name} ({code})" if name else code}


def _source(row: Row, zone: tzinfo, lang: Language) -> dict[str, Any]:
    del zone
    say = lang.gettext
    return {
        "name": row["name"],
        "kind": word(SOURCE_KINDS, row["kind"], lang),
        "paused": say("paused") if row["paused"] else say("active"),
        "cursor": row["cursor"],
        "last_run": row["last_run"],
        "state": word(RUN_STATES, row["state"], lang),
        "error": _short(row["error"]),
    }


def _source_columns(lang: Language) -> tuple[Column, ...]:
    say = lang.gettext
    return (
        Column("name", say("Source")),
        Column("kind", say("Kind")),
        Column("paused", say("Activity")),
        Column("cursor", say("Read up to"), kind="aside"),
        Column("last_run", say("Last run"), kind="time"),
        Column("state", say("Ended")),
        Column("error", say("Error"), kind="aside"),
    )


def _run(row: Row, zone: tzinfo, lang: Language) -> dict[str, Any]:
    del zone
    return dict(row) | {
        "source": row["source"] or None,
        "state": word(RUN_STATES, row["state"], lang),
        "error": _short(row["error"]),
    }


def _run_columns(lang: Language) -> tuple[Column, ...]:
    say = lang.gettext
    counts = (
        ("rows_read", say("Rows read")),
        ("new", say("New")),
        ("corrected", say("Corrected")),
        ("unchanged", say("Unchanged")),
        ("rejected", say("Rejected")),
    )
    return (
        Column("id", say("Run"), kind="number", digits=0),
        Column("started_at", say("Began"), kind="time"),
        Column("source", say("Source")),
        Column("item", say("File or address"), kind="aside"),
        Column("who", say("Who")),
        Column("state", say("Ended")),
        Column("seconds", say("Took") + f", {lang.unit('s')}", kind="number", digits=1),
        *(Column(key, label, kind="number", digits=0) for key, label in counts),
        Column("error", say("Error"), kind="aside"),
        Column("sha256", say("SHA-256"), kind="code", where="file"),
    )


def _entry(row: Row, zone: tzinfo, lang: Language) -> dict[str, Any]:
    return {
        "id": row["id"],
        "at": row["at"],
        "who": row["who"],
        "action": deeds.action(row["action"], lang),
        "action_code": row["action"],
        "object": deeds.thing(row["object"], lang),
        "object_code": row["object"],
        **{key: _json(row[key]) for key in ("before", "after")},
        **{
            f"{key}_short": _cut(deeds.told(row[key], zone, lang))
            for key in ("before", "after")
        },
        "address": row["address"],
    }


def _audit_columns(lang: Language) -> tuple[Column, ...]:
    say = lang.gettext
    return (
        Column("at", say("When"), kind="time"),
        Column("who", say("Who")),
        Column("action", say("Action")),
        Column("action_code", say("Code of the action"), where="file"),
        Column("object", say("Of what")),
        Column("object_code", say("Code of the object"), where="file"),
        Column("before_short", say("Before"), kind="aside", where="page"),
        Column("after_short", say("After"), kind="aside", where="page"),
        Column("before", say("Before"), where="file"),
        Column("after", say("After"), where="file"),
        Column("address", say("From"), kind="code"),
        Column("id", say("Number"), kind="number", digits=0, where="file"),
    )


def _cut(text: str | None) -> str | None:
    return fmt.shortened(text, _LONGEST) if text else None


def _json(value: Any) -> str | None:
    return (
        None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
    )


def _short(error: str | None) -> str | None:
    first = (error or "").strip().splitlines()[:1]
    return first[0][:_LONGEST] if first else None


RUNS: Mapping[str, str] = {"all": mark("All"), "failed": mark("Failed")}
_WHICH_RUNS = mark("Which runs")
_WHICH_AUDIT = mark("Which part of the audit")

USERS = Exhibit(
    "users",
    mark("Users"),
    mark("Who may sign in, what they may do, and what they may see."),
    "users",
    _for_administrators(
        mark("Users"),
        "users",
        _user_columns,
        _user,
        mark("Nobody may sign in yet."),
    ),
    without=reasons.RECORDS,
)
ORGANISATIONS = Exhibit(
    "organisations",
    mark("Organisations"),
    mark("Whose sites there are, and who sees only theirs."),
    "organisations",
    _for_administrators(
        mark("Organisations"),
        "organisations",
        _organisation_columns,
        _organisation,
        mark("No site names an organisation."),
    ),
    without=reasons.RECORDS,
)
SOURCES = Exhibit(
    "sources",
    mark("Sources"),
    mark("Where data come from by themselves, and how the last run ended."),
    "sources",
    _for_administrators(
        mark("Sources"),
        "sources",
        _source_columns,
        _source,
        mark("No source is described yet: see “ewater source”."),
    ),
    without=reasons.RECORDS,
)
JOBS = Exhibit(
    "runs",
    mark("Runs"),
    mark("The newest runs of ingest, by sources and by hand."),
    "runs",
    _for_administrators(
        mark("Runs"),
        "runs",
        _run_columns,
        _run,
        mark("Nothing has been ingested."),
        RUNS,
    ),
    controls=lambda state, lang: [
        segments("runs", state.pick("runs", RUNS), RUNS, lang, _WHICH_RUNS)
    ],
    without=reasons.RECORDS,
)
AUDIT = Exhibit(
    "audit",
    mark("Audit"),
    mark("What was changed or refused, by whom, newest first; rows only ever come."),
    "audit",
    _for_administrators(
        mark("Audit"),
        "audit",
        _audit_columns,
        _entry,
        mark("Nothing has been changed or refused."),
        AUDIT_AREAS,
    ),
    controls=lambda state, lang: [
        segments(
            "audit", state.pick("audit", AUDIT_AREAS), AUDIT_AREAS, lang, _WHICH_AUDIT
        )
    ],
    without=reasons.RECORDS,
)
EXHIBITS = (USERS, ORGANISATIONS, SOURCES, JOBS, AUDIT)
