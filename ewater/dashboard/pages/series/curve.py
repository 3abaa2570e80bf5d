"""Curves of the site of the series shown."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard.components import segments
from ewater.dashboard.exhibits import Column, Exhibit, Facts, Sheet, reasons
from ewater.dashboard.figures.curves import curves as drawn
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.series import chosen
from ewater.dashboard.pages.series.line import ask
from ewater.dashboard.questions.curves import curves
from ewater.dashboard.reading_labels import word
from ewater.store.instants import instant
from ewater.units import HM3

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

KINDS = MappingProxyType(
    {
        "rating": mark("Rating"),
        "storage": mark("Storage curve"),
        "area": mark("Area curve"),
    }
)
_UNITS = MappingProxyType(
    {"rating": ("m³/s", 1.0), "storage": ("hm³", HM3), "area": ("km²", 1e6)}
)
_VALUES = MappingProxyType(
    {
        "rating": mark("Discharge"),
        "storage": mark("Storage"),
        "area": mark("Surface"),
    }
)
_KIND = mark("Kind of curve")


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Points of the curves of one kind, version by version."""
    say = lang.gettext
    series = ask(reader, state)["series"]
    found = reader.ask(curves, series["site"], state.as_of)
    kinds = [kind for kind in KINDS if any(row["kind"] == kind for row in found)]
    title = f"{chosen.site_name(series, lang)}: {say('Curves')}"
    if not kinds:
        return Sheet(title, (), (), calm=say("This site has no curve."))
    picked = state.get("curve")
    kind = picked if picked in kinds else kinds[0]
    versions = [row for row in found if row["kind"] == kind][::-1]
    code, factor = _UNITS[kind]
    unit = lang.unit(code)
    rows = [
        {
            "version": _valid(one, lang),
            "level": float(level),
            "value": float(value),
            "how": say("measured") if measured else say("extrapolated"),
        }
        for one in versions
        for level, value, measured in zip(
            one["level"], one["value"], one["measured"], strict=True
        )
    ]
    columns = (
        Column("version", say("Valid")),
        Column("level", say("Level"), "m", "number", digits=2),
        Column("value", word(_VALUES, kind, lang), unit, "number", factor),
        Column("how", say("Range")),
    )
    return Sheet(
        title,
        columns,
        rows,
        notes=[_range(one, lang) for one in versions],
        facts=Facts(unit=f"m, {unit}"),
        data=(kind, versions),
    )


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw every version, the newest first."""
    kind, versions = shown.data
    code, factor = _UNITS[kind]
    unit = lang.unit(code)
    say = lang.gettext
    lines = [
        {**one, "name": _valid(one, lang), "value": one["value"] / factor}
        for one in versions
    ]
    return drawn(
        lines,
        value=f"{word(_VALUES, kind, lang)}, {unit}",
        level=f"{say('Level')}, {lang.unit('m')}",
        beyond=say("extrapolated"),
        theme=state.theme,
        lang=lang,
    )


def _day(us: int, lang: Language) -> str:
    return lang.day(instant(us).astimezone(dt.UTC).date())


def _valid(one: dict[str, Any], lang: Language) -> str:
    """Write from when to when a version is valid."""
    start, end = one["valid_from"], one["valid_to"]
    if start is None and end is None:
        return lang.gettext("always")
    first = "…" if start is None else _day(start, lang)
    last = "…" if end is None else _day(end, lang)
    return f"{first} – {last}"


def _range(one: dict[str, Any], lang: Language) -> str:
    """Say in what range a version was measured."""
    low, high = (
        "…" if edge is None else f"{lang.number(edge, 2)} {lang.unit('m')}"
        for edge in one["range"]
    )
    words = lang.gettext("{version}: measured from {low} to {high}.")
    return words.format(version=_valid(one, lang), low=low, high=high)


def controls(state: State, lang: Language) -> list[Any]:
    """Which kind of curve."""
    return [segments("curve", state.get("curve"), KINDS, lang, _KIND)]


CURVES = Exhibit(
    "curves",
    mark("Curves"),
    mark("Of the site; drawn through where measured, dotted beyond."),
    "curves",
    sheet,
    chart,
    height=360,
    controls=controls,
    without=reasons.CURVE,
)
