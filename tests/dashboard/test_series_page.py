"""The page of a series in a real browser: the day that is listed."""

from __future__ import annotations

import pytest

from ewater.dashboard.app import create_app


def test_what_the_page_writes_into_the_day_field_chooses_no_day(reader):
    # an answer that comes late would take its reader back to the day before
    client = create_app(reader).server.test_client()
    asked = [
        (one["id"], one["property"])
        for callback in client.get("/_dash-dependencies").json
        for one in callback["inputs"]
    ]
    assert ("series-day", "n_submit") in asked
    assert ("series-day", "value") not in asked


def shows(page, address, field):
    """Wait until the address and the field have a day."""
    page.wait_for_function(
        "([address, field]) => (new URLSearchParams(location.search).get('day') ?? '')"
        " === address && document.querySelector('#series-day').value === field",
        arg=[address, field],
    )


@pytest.mark.browser
def test_the_day_before_and_back_change_address_field_and_table(visit, settled):
    page = visit("/series?year=2023&lang=en&theme=light")
    shows(page, "", "2023-01-10")  # the last with a reading
    for click, day in (
        ("#series-day-before", "2023-01-09"),
        ("#series-day-before", "2023-01-08"),
        ("#series-day-after", "2023-01-09"),
    ):
        page.click(click)
        shows(page, day, day)
        settled(page)
    page.fill("#series-day", "2023-01-07")
    page.press("#series-day", "Enter")
    shows(page, "2023-01-07", "2023-01-07")
    settled(page)
    page.locator("#series-day-table", has_text="7 Jan 2023").wait_for()
    for day in ("2023-01-09", "2023-01-08"):
        page.go_back()
        shows(page, day, day)
        settled(page)
