"""How inputs and parts of editions differ, in words."""

from __future__ import annotations

import datetime as dt
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from ewater.dashboard.i18n import mark
from ewater.dashboard.overtaken import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language

# as `ewater.accounts.editions` writes how inputs differ
_READINGS = re.compile(r"(?P<count>\d+) readings, (?P<first>\S+Z) to (?P<last>\S+Z)")
_WAS_IS = re.compile(r"(?P<column>\w+) was (?P<was>.*), is (?P<is>.*)")
_LINES = re.compile(r"(?P<n>\d+) lines are not as they were sealed: (?P<shown>.*)")
_NOT_SO = mark("lines that are not as they were sealed: {count} ({shown})")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_COPY = "in the sealed copy alone: "
_SENTENCES = MappingProxyType(
    {
        "is gone": mark("is gone"),
        "was not there": mark("was not there"),
        "is another one": mark("is another one"),
        "altered": mark("altered"),
        "not as the edition says": mark("not as the edition says"),
        "is gone or altered": mark("is gone or altered"),
        "was not sealed so": mark("was not sealed so"),
        "its root is not that of its lines": mark("its root is not that of its lines"),
        "its root is not that of its parts": mark("its root is not that of its parts"),
        "its bytes are not those of its SHA-256": mark(
            "its bytes are not those of its SHA-256"
        ),
        "is in the audit, and not in the log": mark(
            "is in the audit, and not in the log"
        ),
        "is in the log, and not so in the audit": mark(
            "is in the log, and not so in the audit"
        ),
        "it was signed for another root": mark("it was signed for another root"),
        "the log has steps of it, and its row is gone": mark(
            "the log has steps of it, and its row is gone"
        ),
    }
)
#: What is sealed, by `ewater.accounts.editions.verify.Difference.kind`; else a table.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "chunk": mark("chunk"),
        "figures": mark("figures"),
        "file": mark("file of the archive"),
        "part": mark("part"),
        "readings": mark("readings"),
        "step": mark("signed step"),
        "verdict": mark("verdict on readings"),
        **TABLES,
    }
)


def named(kind: str, item: str, lang: Language) -> str:
    """Name what differs: its kind and which one."""
    words = lang.gettext(KINDS[kind]) if kind in KINDS else kind
    place = _INSTANT.sub(lambda found: _moment(found[0], lang), item)
    return f"{words}: {place}" if place else words


def _moment(stamp: str, lang: Language) -> str:
    when = dt.datetime.fromisoformat(stamp).astimezone(dt.UTC)
    return f"{lang.moment(when)} UTC"


def how(what: str, lang: Language) -> str:
    """Say how an input differs, in the words of the language where it is a sentence."""
    span = _READINGS.fullmatch(what)
    if span is not None:
        first, last = (
            lang.moment(dt.datetime.fromisoformat(span[name]).astimezone(dt.UTC))
            for name in ("first", "last")
        )
        count = int(span["count"])
        words = lang.ngettext(
            "{count} reading, {first} to {last} UTC",
            "{count} readings, {first} to {last} UTC",
            count,
        )
        if first == last:
            words = lang.ngettext(
                "{count} reading, {first} UTC", "{count} readings, {first} UTC", count
            )
        return words.format(count=lang.number(count), first=first, last=last)
    if (lines := _LINES.fullmatch(what)) is not None:
        words = lang.gettext(_NOT_SO)
        return words.format(count=lang.number(int(lines["n"])), shown=lines["shown"])
    if what.startswith(_COPY):
        words = lang.gettext("in the sealed copy alone: {how}")
        return words.format(how=how(what.removeprefix(_COPY), lang))
    if what in _SENTENCES:
        return lang.gettext(_SENTENCES[what])
    return "; ".join(_column(part, lang) for part in what.split("; "))


def _column(what: str, lang: Language) -> str:
    """Say what a column of a row was and is."""
    found = _WAS_IS.fullmatch(what)
    if found is None:
        return what
    empty = lang.gettext("empty")
    was, is_ = (empty if v == "empty" else v for v in (found["was"], found["is"]))
    words = lang.gettext("{column} was {was}, is {now}")
    return words.format(column=found["column"], was=was, now=is_)
