"""Content written as text: the same on the page, and nothing in it but words."""

from __future__ import annotations

import dash_mantine_components as dmc
import pytest
from dash import dcc, html

from ewater.dashboard.still import still, written

HOSTILE = '<img src=x onerror="alert(1)">'


def test_words_and_attributes_are_text_whatever_they_hold():
    text = written(html.Td([HOSTILE, 1.5, None], title=HOSTILE, className="number"))
    assert "<img" not in text
    assert text == (
        '<td class="number" title="&lt;img src=x onerror=&quot;alert(1)&quot;&gt;">'
        "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;1.5</td>"
    )


def test_a_box_keeps_its_own_attributes_and_holds_its_content_as_text():
    box = still(html.Div(html.B("x", hidden=True), className="table", role="region"))
    given = box.to_plotly_json()["props"]
    assert given == {
        "children": None,
        "className": "table",
        "role": "region",
        "data-still": '<b hidden="">x</b>',
    }


@pytest.mark.parametrize(
    "content",
    [html.B("x", id="x"), dmc.Text("x"), dcc.Graph(), html.B("x", style={"top": 0})],
)
def test_what_something_else_must_reach_is_refused(content):
    with pytest.raises(TypeError):
        still(html.Div([html.P("x"), content]))


@pytest.mark.browser
def test_a_link_in_a_table_goes_on_within_the_application(visit, settled):
    page = visit("/quality?year=2023&lang=en&theme=light")
    page.evaluate("window.stayed = true")
    link = page.locator("[data-still] a[data-within]:visible").first
    target = link.get_attribute("href")
    link.click()
    page.wait_for_function("href => location.href.endsWith(href)", arg=target)
    settled(page)
    assert page.evaluate("window.stayed")
    assert page.locator("#title").inner_text()
