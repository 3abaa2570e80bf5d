"""How a flow, stock or gap is known, in words: rules, methods, roles of series."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from ewater.balance.expressions import BETWEEN
from ewater.balance.views import words
from ewater.dashboard.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language

#: By `ewater.balance.expressions.RULE_ARGUMENTS`.
RULES: Mapping[str, str] = MappingProxyType(
    {
        "share": mark("a share of another flow"),
        "constant": mark("a fixed volume"),
        "evaporation": mark("evaporation from the water area"),
        "precipitation": mark("precipitation on the water area"),
        "seasonal": mark("long-term mean of the season"),
        "last_report": mark("the last return that came"),
        "balance": mark("what is left of the balance of an account"),
        "consumed": mark("what an account consumes"),
    }
)
#: By `ewater.series.donors.Method`, and what is observed beyond the gauged range.
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "totaliser": mark("counter that went on"),
        "routing": mark("flow above or below, delayed"),
        "regression": mark("regression on another series"),
        "seasonal": mark("long-term mean of the season"),
        "none": mark("nothing"),
        "extrapolated": mark("curve beyond its gaugings"),
    }
)
#: What a series is to a source.
ROLES: Mapping[str, str] = MappingProxyType(
    {
        "volume": mark("its volume"),
        "stock": mark("its storage"),
        "depth": mark("depth of water"),
        "water area": mark("water area"),
        "long-term mean": mark("its long-term mean"),
        "donor": mark("fills gaps"),
    }
)
#: Items of returns that are no terms of the account.
_ITEMS: Mapping[str, str] = MappingProxyType(
    {
        "use": mark("use"),
        "received": mark("received from others"),
        "recirculation": mark("recirculation"),
    }
)
_REPORTED = mark("returns of enterprises: {item}")
_RULE = mark("rule: {rule}")
_ELSE = mark("; else ")
_KIND = re.compile(r"\s*(report|rule):(\w+)")


def way(text: str | None, lang: Language) -> str:
    """Say a ``measured_by`` in words; sums of series stay as they are."""
    if not text:
        return ""
    return lang.gettext(_ELSE).join(_one(one, lang) for one in text.split(BETWEEN))


def _one(text: str, lang: Language) -> str:
    found = _KIND.match(text)
    if found is None:
        return text
    kind, name = found.groups()
    if kind == "report":
        return lang.gettext(_REPORTED).format(item=item(name, lang))
    return lang.gettext(_RULE).format(rule=lang.gettext(RULES.get(name, name)))


def item(code: str, lang: Language) -> str:
    """Name an item of a return."""
    if code in words.TERMS:
        return lang.pick(words.TERMS[code])
    return lang.gettext(_ITEMS.get(code, code))
