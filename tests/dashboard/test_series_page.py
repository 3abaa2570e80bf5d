"""The page of a series in a real browser: the day that is listed."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.browser


def days(page):
    """Day in the address, in the field and in the title of the table."""
    address = parse_qs(urlsplit(page.url).query).get("day", [""])[0]
    return address, page.input_value("#series-day")


def test_the_day_before_and_back_change_address_field_and_table(
    open_page, dashboard_url, settled
):
    page = open_page(dashboard_url + "/series?year=2023&lang=en")
    assert days(page) == ("", "2023-01-10")  # the last with a reading
    for click, shown in (
        ("#series-day-before", "2023-01-09"),
        ("#series-day-before", "2023-01-08"),
        ("#series-day-after", "2023-01-09"),
    ):
        page.click(click)
        settled(page)
        assert days(page) == (shown, shown)
    assert "09.01.2023" in page.inner_text("#page")
    page.fill("#series-day", "2023-01-07")
    page.press("#series-day", "Enter")
    settled(page)
    assert days(page) == ("2023-01-07", "2023-01-07")
    for shown in ("2023-01-09", "2023-01-08", "2023-01-09"):
        page.go_back()
        settled(page)
        assert days(page) == (shown, shown)
    page.go_back()
    settled(page)
    assert days(page) == ("", "2023-01-10")
