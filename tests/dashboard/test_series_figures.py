"""Figures of series and reservoirs: gaps, flags by shape, totals that lack a part."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from ewater.dashboard.figures.hydrograph import MARKS, Band, Drawing, hydrograph, scale
from ewater.dashboard.i18n import language
from ewater.dashboard.pages.reservoirs import all as reservoirs
from ewater.dashboard.pages.reservoirs import one
from ewater.dashboard.pages.series.saving import wanted
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State

HOUR = 3_600_000_000
EN = language("en")
WORDS = dict.fromkeys((*MARKS, "min_max", "p10_p90", "median", "range", "now"), "x")


def values(trace, axis):
    return np.frombuffer(base64.b64decode(trace[axis]["bdata"]))


def drawing(**more):
    time = np.arange(4) * HOUR
    given = {
        "name": "A.Q",
        "unit": "m³/s",
        "zone": "Asia/Baku",
        "ends": (0, 4 * HOUR),
        "time": time,
        "value": np.array([1.0, 2.0, 5.0, 6.0]),
        "broken": np.array([False, False, True, False]),
        "words": WORDS,
    }
    return Drawing(**given | more)


def test_a_gap_breaks_the_line_and_clocks_are_local():
    (line,) = hydrograph(drawing(), theme="light", lang=EN)["data"]
    assert np.isnan(values(line, "y")).tolist() == [False, False, True, False, False]
    assert line["connectgaps"] is False
    assert values(line, "x")[0] == 4 * 3.6e6  # midnight UTC is four in Baku


def test_flags_differ_in_shape_and_failed_readings_do_not_stretch_the_axis():
    symbols = [symbol for symbol, _ in MARKS.values()]
    assert len(set(symbols)) == len(symbols)
    wild = np.array([HOUR]), np.array([1e6])
    drawn = drawing(marks={"failed": wild})
    traces = hydrograph(drawn, theme="dark", lang=EN)["data"]
    assert values(traces[0], "y")[~np.isnan(values(traces[0], "y"))].max() == 6
    assert traces[1]["marker"]["symbol"] == "x-thin-open"
    assert scale(drawn)[1] < 7
    assert scale(drawing(marks={"suspect": wild}))[1] > 1e6  # it is used: it is shown
    nothing = drawing(time=np.empty(0, np.int64), value=np.empty(0), broken=np.empty(0))
    assert scale(nothing) is None


def test_a_band_is_filled_only_where_it_is_known():
    nothing = np.nan
    low = np.array([1.0, 1.0, nothing, 2.0])
    band = Band(
        time=np.arange(4) * HOUR, low=low, p10=low, p50=low, p90=low + 1, high=low + 2
    )
    whole, *_ = hydrograph(drawing(band=band), theme="light", lang=EN)["data"]
    assert whole["fill"] == "toself"
    edge = values(whole, "y")
    assert np.array_equal(edge, [1, 1, 3, 3, nothing, 2, 4, nothing], equal_nan=True)


def test_the_line_is_shaded_by_its_uncertainty_which_stays_in_sight():
    half = np.array([0.5, 0.5, 1.0, 4.0])
    drawn = drawing(half=half)
    unsure, line = hydrograph(drawn, theme="dark", lang=EN)["data"]
    assert (unsure["name"], line["name"]) == ("± U (95 %)", "A.Q")
    edge = values(unsure, "y")
    first, second = [0.5, 1.5, 2.5, 1.5], [4.0, 2.0, 10.0, 6.0]
    assert edge[~np.isnan(edge)].tolist() == [*first, *second]  # one for each stretch
    assert scale(drawn)[1] > 10


def test_storage_of_a_day_has_its_uncertainty_and_leads_to_its_readings(reader, state):
    sheet = one.sheet(CachedReader(reader), state, EN)
    january, february = sheet.rows[0], sheet.rows[40]
    assert january["stored"]["u"] == 3e6
    assert "day=2025-01-01" in january["series"].href
    assert (february["stored"]["value"], february["stored"]["u"]) == (None, None)
    assert february["series"] is None
    names = [t["name"] for t in one.chart(sheet, state, EN)["data"]]
    assert "± U (95 %)" in names


def test_what_a_person_typed_is_a_change_or_a_fault_in_words():
    local = {1: "00:00", 2: "01:00", 3: "02:00"}
    fault, changes = wanted({1: "1 200,5", 2: "", 3: ""}, {3}, "why", local, EN)
    assert (fault, changes) == ("", {1: 1200.5, 3: None})
    for typed, taken, reason, words in (
        ({1: "1.234,5", 2: "nan"}, set(), "why", "Not a number: 00:00, 01:00"),
        ({1: "inf"}, set(), "why", "Not a number: 00:00"),
        ({1: "5"}, {1}, "why", "Both a new value and taken back: 00:00"),
        ({1: " "}, set(), "why", "no value was typed"),
        ({1: "5"}, set(), " \n", "say why"),
    ):
        fault, changes = wanted(typed, taken, reason, local, EN)
        assert words in fault
        assert changes == {}


@pytest.fixture
def state(reader):
    return State(territory="TL", year=2025)


def test_a_total_with_an_unknown_reservoir_has_no_value_and_no_share(reader, state):
    sheet = reservoirs.sheet(CachedReader(reader), state, EN)
    large, blind, whole = sheet.rows
    assert (large["full"], large["live"]) == (0.75, pytest.approx(100 / 150))
    assert (large["median"], large["change"]) == (100e6, 0.5)
    assert (blind["full"], blind["fresh"][0]) == (None, "✕")
    assert whole["stored"]["value"] is None
    assert (whole["stored"]["known"], whole["full"]) == (150e6, None)
    assert whole["stored"]["missing"] == ["RES-2"]


def test_days_of_supply_are_live_storage_over_the_daily_outflow():
    flow = {"value": 365e6, "known": 365e6, "missing": [], "u": None}
    assert reservoirs._days_of_supply(100e6, flow, 365) == 100
    assert reservoirs._days_of_supply(-5.0, flow, 365) == 0  # below the dead volume
    assert reservoirs._days_of_supply(None, flow, 365) is None
    for outflow in (None, 0.0):
        assert reservoirs._days_of_supply(1.0, flow | {"value": outflow}, 365) is None
