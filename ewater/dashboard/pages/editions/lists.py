"""Which editions there are, who took which step, and what verifying found."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.accounts.editions import show
from ewater.dashboard import view
from ewater.dashboard.exhibits import Column, Exhibit, Link, Sheet, reasons
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.editions.how import how, named
from ewater.dashboard.questions import editions as questions
from ewater.dashboard.reasons import told
from ewater.errors import NotReadyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

PATH = "/editions"
#: Rules that an account may break and be sealed nevertheless, by their names.
_RULES: Mapping[str, str] = MappingProxyType(
    {
        "stale": mark("newer data"),
        "unjudged": mark("readings not judged:"),
        "report": mark("return not approved:"),
        "coverage": mark("coverage of"),
    }
)
#: Totals by the names that obstacles give them.
KEY_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "inflow": mark("Inflow"),
        "outflow": mark("Outflow"),
        "net_inflow": mark("Net inflow"),
        "storage_change": mark("Storage change"),
        "residual": mark("Residual"),
        "use": mark("Use"),
    }
)
NONE_YET = mark("Nothing is sealed yet; `ewater edition seal` does it.")
STATES: Mapping[str, str] = MappingProxyType(
    {
        "draft": mark("Draft"),
        "reviewed": mark("Reviewed"),
        "approved": mark("Approved"),
        "published": mark("Published"),
        "withdrawn": mark("Withdrawn"),
    }
)
_SHORT = 12  # digits of a seal that are shown; a file has all


def chosen(reader: CachedReader, state: State) -> str:
    """Edition that is shown: the one of the address, else the newest of the territory.

    Raises
    ------
    NotReadyError
        There is none.
    UsageError
        The address names one that there is not: another is no answer to that.
    """
    found = reader.ask(questions.editions)
    wanted = state.get("edition")
    if not found:
        raise NotReadyError(NONE_YET)
    if wanted and wanted not in {row["name"] for row in found}:
        raise UsageError(f"there is no edition {wanted!r} that you may see")
    return wanted or _newest(reader, state, found)


def _newest(reader: CachedReader, state: State, found: Sequence[Any]) -> str:
    """Newest edition that accounts for the territory; the newest if none does."""
    around = view.geography(reader).path(state.territory)
    mine = [row for row in found if row["territory"] in around]
    return str((mine or found)[-1]["name"])


def address(state: State, **more: str) -> str:
    """Address of this page with some choices replaced."""
    there = state
    for name, value in more.items():
        there = there.with_more(name, value)
    return PATH + there.query()


def checked(intact: bool | None, lang: Language) -> str:
    """Say what verifying found last."""
    if intact is None:
        return lang.gettext("Not verified")
    return lang.gettext("Intact") if intact else lang.gettext("Not as it was sealed")


def editions_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """All editions, the newest first; the name leads to one."""
    say = lang.gettext
    found = reader.ask(questions.editions)
    shown = state.get("edition") or (found and _newest(reader, state, found))
    geography = view.geography(reader)
    rows = [
        {
            "name": Link(row["name"], address(state, edition=row["name"])),
            "territory": geography.name(row["territory"], lang)
            if row["territory"] in geography.frame.index  # it may be gone since
            else row["territory"],
            "code": row["territory"],
            "from": show.day(row["period_start"], row["timezone"]),
            "to": show.day(row["period_end"], row["timezone"], last=True),
            "state": _word(row, lang),
            "since": _time(row["state_since"]),
            "as_of": _time(row["as_of"]),
            "short": row["seal"][:_SHORT],
            "seal": row["seal"],
            "root": row["root"],
            "intact": checked(row["intact"], lang),
            "mark": "chosen" if row["name"] == shown else "",
        }
        for row in reversed(found)
    ]
    columns = (
        Column("name", say("Edition")),
        Column("territory", say("Territory")),
        Column("code", say("Code"), kind="code", where="file"),
        Column("from", say("First day"), kind="date"),
        Column("to", say("Last day"), kind="date"),
        Column("state", say("State")),
        Column("since", say("In this state since"), kind="time", where="file"),
        Column("as_of", say("As known at"), kind="time"),
        Column("short", say("Seal"), kind="code", where="page"),
        Column("seal", say("Seal"), kind="code", where="file"),
        Column("root", say("Root"), kind="code", where="file"),
        Column("intact", say("Verified")),
    )
    return Sheet(say("Editions"), columns, rows, empty=say(NONE_YET))


def exception(one: Mapping[str, str], lang: Language) -> dict[str, str]:
    """Say what an edition was sealed in spite of: its name, and why, in words."""
    why = told(one["why"], lang)
    return {"name": obstacle(one["name"], lang), "why": why or one["why"]}


def obstacle(name: str, lang: Language) -> str:
    """Name an obstacle: the rule that it breaks, and where."""
    rule, _, place = name.partition(":")
    where, *more = place.split("/")
    label = KEY_WORDS.get(where)
    parts = [lang.gettext(label) if label else where, *(_day(p, lang) for p in more)]
    said = lang.gettext(_RULES.get(rule, rule))
    return " ".join(filter(None, (said, " / ".join(filter(None, parts)))))


def _day(text: str, lang: Language) -> str:
    try:
        return lang.day(dt.date.fromisoformat(text))
    except ValueError:
        return lang.period(text)


def steps_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Tell the steps of the edition: who signed what, and what was excepted."""
    say = lang.gettext
    name = chosen(reader, state)
    document = reader.ask(questions.edition, name)
    rows = [
        {
            "state": _word(step, lang),
            "at": _time(step["at"]),
            "who": step["who"] or step["person"],
            "reason": step["note"]["reason"],
            "except": ", ".join(
                obstacle(name, lang) for name in step["note"]["exceptions"]
            )
            if step["state"] != "draft"
            else "",
            "hash": step["hash"],
        }
        for step in document["steps"]
    ]
    notes = [
        say("Sealed in spite of {name}: {why}").format(**exception(one, lang))
        for one in document["exceptions"]
    ]
    if hidden := document.get("exceptions_hidden"):
        words = say("{count} more exceptions concern what you may not see.")
        notes.append(words.format(count=lang.number(hidden)))
    if document["state"] == "withdrawn":
        words = say("This edition was withdrawn: {reason}")
        notes.insert(0, words.format(reason=document["reason"]))
    notes.append(f"{say('Root')}: {document['root']}")
    notes.append(f"{say('Seal')}: {document['seal']}")
    columns = (
        Column("state", say("State")),
        Column("at", say("When"), kind="time"),
        Column("who", say("Who")),
        Column("reason", say("Reason")),
        Column("except", say("Exceptions")),
        Column("hash", say("Hash of the step"), kind="code", where="file"),
    )
    title = say("Steps of {edition}").format(edition=name)
    return Sheet(title, columns, rows, notes=notes)


def check_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Whatever verifying found that is not as it was sealed."""
    say = lang.gettext
    name = chosen(reader, state)
    check = reader.ask(questions.edition, name)["check"]
    title = say("Verification of {edition}").format(edition=name)
    if check is None:
        why = say("Nobody verified it yet; `ewater edition verify` does it.")
        return Sheet(title, (), [], calm=why)
    found = check["found"]
    when = f"{lang.moment(_time(check['at']))} UTC"
    notes = [f"{checked(check['intact'], lang)}: {when}, {check['who']}"]
    if found is None or check["intact"]:
        rows: list[dict[str, Any]] = [{"item": checked(check["intact"], lang)}]
    else:
        rows = [
            {
                "item": named(one["kind"], one["item"], lang),
                "what": how(one["what"], lang),
                "cells": float(len(one["cells"])),
                "names": " ".join("/".join(cell) for cell in one["cells"]),
            }
            for one in found["differences"]
        ]
        moved = say("{count} figures are not as they were sealed.")
        notes.append(moved.format(count=lang.number(len(found["moved"]))))
    if found is not None:
        counted = say("{cells} figures computed again from {readings} readings.")
        numbers = {k: lang.number(found["checked"].get(k, 0)) for k in _COUNTED}
        notes.append(counted.format(**numbers))
    columns = (
        Column("item", say("What")),
        Column("what", say("How it differs")),
        Column("cells", say("Figures that it touches"), kind="number", digits=0),
        Column("names", say("Figures that it touches"), where="file"),
    )
    return Sheet(title, columns, rows, notes=notes)


def _word(row: Mapping[str, Any], lang: Language) -> str:
    """Name the state of a row."""
    name = STATES[str(row["state"])]
    return lang.gettext(name)


_COUNTED = ("cells", "readings")


def _time(text: str | None) -> Any:
    return None if text is None else dt.datetime.fromisoformat(text)


EDITIONS = Exhibit(
    "editions",
    mark("Editions"),
    mark("Sealed accounts. The name leads to one."),
    "editions",
    editions_sheet,
    without=reasons.RECORDS,
)
STEPS = Exhibit(
    "steps",
    mark("Steps"),
    mark("Each is signed and bears the hash of the one before it."),
    "steps",
    steps_sheet,
    without=reasons.RECORDS,
)
CHECK = Exhibit(
    "check",
    mark("Verification"),
    mark("Everything computed again and compared to the last byte."),
    "check",
    check_sheet,
    without=reasons.RECORDS,
)
