"""Words for what is said of readings, series and sites, marked for the catalogues."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language

FLAGS = MappingProxyType(
    {
        "pass": mark("pass"),
        "not_evaluated": mark("not evaluated"),
        "suspect": mark("suspect"),
        "fail": mark("fail"),
        "missing": mark("missing"),
    }
)
#: Shapes beside the words and the colours, the same in charts and tables.
FLAG_SIGNS = MappingProxyType(
    {"pass": "●", "not_evaluated": "○", "suspect": "▲", "fail": "✕", "missing": "–"}
)
LINEAGES = MappingProxyType(
    {
        "raw": mark("as received"),
        "edited": mark("edited by a person"),
        "infilled": mark("infilled"),
        "retracted": mark("taken back"),
    }
)
APPROVALS = MappingProxyType(
    {
        "working": mark("working"),
        "reviewed": mark("reviewed"),
        "approved": mark("approved"),
    }
)
TESTS = MappingProxyType(
    {
        "gross_fail": mark("beyond the physical range"),
        "gross_suspect": mark("beyond the usual range"),
        "rate": mark("changes too fast"),
        "spike_suspect": mark("spike"),
        "spike_fail": mark("large spike"),
        "flat_line": mark("does not change"),
        "climatology": mark("unusual for the season"),
        "attenuation": mark("varies too little"),
        "drift": mark("drifts from the flow beside it"),
        "mass_balance": mark("its node does not close"),
        "source_suspect": mark("doubted by its source"),
        "source_fail": mark("failed by its source"),
        "report_suspect": mark("doubtful report"),
        "manual": mark("decided by a person"),
    }
)
QUANTITIES = MappingProxyType(
    {
        "discharge": mark("Discharge"),
        "level": mark("Level"),
        "storage": mark("Storage"),
        "volume": mark("Volume"),
        "precipitation": mark("Precipitation depth"),
        "evaporation": mark("Evaporation depth"),
        "groundwater_level": mark("Groundwater level"),
        "pump_hours": mark("Pump hours"),
        "energy": mark("Energy"),
        "snow": mark("Snow"),
    }
)
SIGNALS = MappingProxyType(
    {
        "instantaneous": mark("at an instant"),
        "mean_preceding": mark("mean of the interval before"),
        "total_preceding": mark("total of the interval before"),
        "totaliser": mark("counter"),
        "pulse": mark("pulses"),
    }
)
ACTS = MappingProxyType({"edit": mark("edit"), **APPROVALS})
LOADS = MappingProxyType(
    {
        "readings": mark("loaded"),
        "edit": mark("edit"),
        "quality": mark("judged"),
        "reports": mark("loaded"),
        **APPROVALS,
    }
)
SHOWS = MappingProxyType(
    {
        "fell": mark("the counter went back"),
        "ambiguous": mark("several numbers of rollovers fit"),
        "jumped": mark("more than the greatest rate allows"),
        "negative": mark("small falls in a row"),
        "factor": mark("the rate changed by a ratio of units"),
    }
)
EVENTS = MappingProxyType(
    {
        "reset": mark("reset"),
        "replacement": mark("replacement"),
        "rollover": mark("rollover"),
        "unit_change": mark("change of unit"),
        "reverse": mark("reverse flow"),
    }
)
REASONS = MappingProxyType(
    {
        "cells": mark("cells too few or too many"),
        "unknown_series": mark("series not registered"),
        "unknown_enterprise": mark("enterprise not registered"),
        "time": mark("not a time"),
        "no_zone": mark("no time zone"),
        "ambiguous_time": mark("the clock shows this time twice"),
        "nonexistent_time": mark("the clock never shows this time"),
        "future": mark("in the future"),
        "no_value": mark("no value"),
        "value": mark("not a number"),
        "not_finite": mark("infinite or absurd number"),
        "flag": mark("no such flag"),
        "formula": mark("a formula"),
        "wrong_unit": mark("probably another unit"),
        "conflict": mark("contradicts another row"),
        "qualifier": mark("refused by its profile"),
        "unit": mark("unit does not fit"),
        "not_allowed": mark("the key may not write this series"),
        "cell": mark("a cell of a report"),
    }
)


def word(words: Mapping[Any, str], code: Any, lang: Language) -> str:
    """Word for a code, in a language."""
    return lang.gettext(words[code])
