"""What has overtaken the account that is shown, in words."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language

_SHOWN = 3  # causes that are named
_OVERTAKEN = mark(
    "Account of the data as of {as_of}; newer data overtook it on {when}: {what}."
)
_COUNTED = mark("inputs that have changed: {count}")  # to who may not see their names
_SPAN = mark("readings of {code} from {first} to {last}")
_DAY = mark("readings of {code} on {day}")
_SERIES = mark("readings of {code}")
_TABLE = mark("registry: {table}")
#: Tables of the registry; one without words, such as a country's own, has its code.
TABLES: Mapping[str, str] = MappingProxyType(
    {
        "account_territories": mark("shares of accounts in territories"),
        "accounts": mark("accounts"),
        "alert_rules": mark("rules of alerts"),
        "calendars": mark("calendars"),
        "curves": mark("curves of sites"),
        "enterprises": mark("enterprises"),
        "flows": mark("flows"),
        "meter_events": mark("events of meters"),
        "notices": mark("notices"),
        "permits": mark("permits"),
        "published": mark("published figures"),
        "pumps": mark("pump tests"),
        "reports": mark("returns of enterprises"),
        "sectors": mark("classes of sectors"),
        "series": mark("series"),
        "sites": mark("sites"),
        "stocks": mark("stocks"),
        "territories": mark("territories"),
        "treaties": mark("treaties"),
    }
)


def words(
    document: Mapping[str, Any], stale: Mapping[str, Any] | None, lang: Language
) -> str | None:
    """Say since when and by what a balance or explanation is stale; None: it is not.

    Parameters
    ----------
    document
        With ``as_of``, when its data were recorded.
    stale
        What is so now, of `ewater.accounts.stale.of`.
    """
    if not stale:
        return None
    as_of = datetime.fromisoformat(document["as_of"])
    since = datetime.fromisoformat(stale["since"]).astimezone(as_of.tzinfo)
    return lang.gettext(_OVERTAKEN).format(
        as_of=lang.when(as_of), when=lang.when(since), what=_what(stale, lang)
    )


def _what(stale: Mapping[str, Any], lang: Language) -> str:
    named = [_cause(cause, lang) for cause in stale["causes"][:_SHOWN]]
    if not named:
        return lang.gettext(_COUNTED).format(count=lang.number(stale["count"]))
    more = stale["count"] - len(named)
    rest = lang.gettext(" and {count} more").format(count=lang.number(more))
    return "; ".join(named) + (rest if more else "")


def _cause(cause: Mapping[str, Any], lang: Language) -> str:
    if cause["kind"] != "series":
        code = cause["code"]
        table = lang.gettext(TABLES[code]) if code in TABLES else code
        return lang.gettext(_TABLE).format(table=table)
    if not cause["from"] or not cause["to"]:
        return lang.gettext(_SERIES).format(code=cause["code"])
    first, last = (datetime.fromisoformat(cause[end]) for end in ("from", "to"))
    if lang.day(first) == lang.day(last):
        words = lang.gettext(_DAY)
        return words.format(code=cause["code"], day=lang.day(first))
    return lang.gettext(_SPAN).format(
        code=cause["code"], first=lang.day(first), last=lang.day(last)
    )
