"""What made a figure, opened from a page."""

from __future__ import annotations

import json

import pytest

from ewater.dashboard.exhibits import explain, explained
from ewater.dashboard.i18n import LANGUAGES, language
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State
from ewater.errors import UsageError

STATE = State(territory="TL", year=2023)


def words(component):
    return json.dumps(
        component, default=lambda c: c.to_plotly_json(), ensure_ascii=False
    )


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_way_down_leads_to_flows_series_loads_and_chunks(reader, code):
    document = explain.explanation(
        CachedReader(reader), STATE, {"cell": "balance.inflow"}
    )
    said = words(explained.content(document, STATE, language(code), series_page=True))
    for found in ("D00.IN", "NB.GE → D00.RIV", "series:D00.Q", "rivers.csv"):
        assert found in said
    assert "abababababab" in said
    assert "cdcdcdcdcdcd" in said
    assert "/series?" in said
    assert "series=D00.Q" in said
    assert "100.0 %" in said or "100,0 %" in said
    assert "ewater explain balance.inflow --territory TL --from 2023-01-01" in said


def test_a_row_of_another_territory_and_period_is_explained_as_its_own(reader):
    asked = {"cell": "balance.use", "territory": "B-MID", "start": "2023-04-01"}
    asked["end"] = "2023-05-01"
    document = explain.explanation(CachedReader(reader), STATE, asked)
    assert document["territory"] == "B-MID"
    assert document["periods"][0]["start"] == "2023-04-01"


@pytest.mark.parametrize(
    "asked",
    [
        {"cell": "nonsense"},
        {"cell": ""},
        {"cell": "balance.use", "start": "yesterday"},
        {"cell": "balance.use", "start": "2024-01-01", "end": "2023-01-01"},
        {"cell": "balance.use", "start": "1492-01-01"},
        {"cell": "balance.use", "end": "2492-01-01"},
    ],
)
def test_what_makes_no_sense_is_refused(reader, asked):
    with pytest.raises(UsageError):
        explain.explanation(CachedReader(reader), STATE, asked)


@pytest.mark.browser
def test_a_figure_opens_explain_and_escape_returns_to_it(visit):
    page = visit("/?year=2023&lang=en&theme=light")
    button = page.locator("[data-kpi=inflow] .explain-button")
    button.focus()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("heading", name="Sources behind them").wait_for()
    assert "Explain Inflow" in drawer.inner_text()
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    assert button.evaluate("b => b === document.activeElement")
