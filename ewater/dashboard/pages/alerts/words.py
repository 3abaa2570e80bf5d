"""Words of alerts: kinds, severities, subjects, limits."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard.exhibits import Link
from ewater.dashboard.i18n import mark
from ewater.dashboard.naming import territory_name
from ewater.dashboard.reading_labels import word
from ewater.terms import ALERT_SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "level": mark("Water level"),
        "discharge": mark("Discharge"),
        "storage": mark("Storage"),
        "missing": mark("Missing data"),
        "permit": mark("Permit"),
        "closure": mark("Closure of the account"),
    }
)
UNITS: Mapping[str, str] = MappingProxyType(
    {
        "level": mark("m"),
        "discharge": mark("m³/s"),
        "storage": mark("% of capacity"),
        "missing": mark("h of silence"),
        "permit": mark("% of the permit"),
        "closure": mark("z of the residual"),
    }
)
SEVERITIES: Mapping[str, str] = MappingProxyType(
    {
        "danger": mark("Danger"),
        "warning": mark("Warning"),
        "notice": mark("Notice"),
    }
)
STATES: Mapping[Any, str] = MappingProxyType(
    {
        None: mark("not checked yet"),
        0: mark("quiet"),
        1: mark("beyond the limit, not long enough"),
        2: mark("raised"),
        3: mark("raised, coming back"),
    }
)
BECAUSE: Mapping[str, str] = MappingProxyType(
    {
        "back": mark("came back"),
        "rule": mark("rule changed or withdrawn"),
    }
)
#: Marks beside the colour, so that a severity is not told by colour alone.
SIGNS: Mapping[str, str] = MappingProxyType(
    {"danger": "▲", "warning": "◆", "notice": "●"}
)


def severity(code: str, lang: Language) -> str:
    """Write a severity with its sign."""
    return f"{SIGNS[code]}\u00a0{word(SEVERITIES, code, lang)}"


def name(row: Mapping[str, Any], lang: Language) -> str:
    """Name of the rule, its code where it has none."""
    return lang.pick(row, "name_") or str(row.get("rule") or row["code"])


def subject(
    row: Mapping[str, Any], geography: Geography, state: State, lang: Language
) -> str:
    """Say what is watched; a series leads to its page, a territory to its own."""
    code = str(row[ALERT_SUBJECTS[row["kind"]]])
    place = lang.pick(row, "site_")
    words = f"{place} ({code})" if place else code
    if row["series"]:
        href = f"/series{state.with_more('series', code).query()}"
        return Link(words, href)
    if row["territory"]:
        words = territory_name(code, geography, lang)
        return Link(words, f"/territory{state.with_changes(territory=code).query()}")
    return words


def limit(row: Mapping[str, Any], lang: Language) -> str:
    """Write the limit, and where it ends."""
    side, value = (
        ("≥", row["above"]) if row["above"] is not None else ("≤", row["below"])
    )
    text = f"{side} {number(value, lang)}"
    if row["clear"] is not None and row["clear"] != value:
        back = lang.gettext("ends at {value}").format(value=number(row["clear"], lang))
        text = f"{text}, {back}"
    return f"{text} {lang.gettext(UNITS[row['kind']])}"


def amount(value: float | None, kind: str, lang: Language) -> str | None:
    """Write a value with the unit of its kind; None where there is none."""
    if value is None:
        return None
    return f"{number(value, lang)} {word(UNITS, kind, lang)}"


def number(value: float, lang: Language) -> str:
    """Write a number with as many decimals as its size needs."""
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 10 else 2
    return lang.number(value, digits)
