"""The page in a real browser, on a real server, with no network."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.browser

HEADS = {"az": "Sektorlar üzrə istifadə", "en": "Use by sector"}
HEADS["ru"] = "Использование по секторам"
#: Where tests begin and, if they can, end: to go where one is costs nothing.
START = "/?year=2023&lang=en&theme=light"
FIGURES = {
    "sankey": ".sankey-node",
    "map": ".choroplethlayer path",
    "monthly": ".bars path",
    "neighbours": ".bars path",
}


def asked(page):
    """Choices in the address of a page."""
    return {k: v[0] for k, v in parse_qs(urlsplit(page.url).query).items()}


def volume(page, name):
    """Volume (m3) that a key figure stands for."""
    return float(page.get_attribute(f"[data-kpi={name}]", "data-m3"))


def choose(page, control, label, settled):
    page.click(f"#{control}")
    page.get_by_role("option", name=label, exact=True).click()
    settled(page)


def shows(page, words):
    page.locator("#title").filter(has_text=words).wait_for()


def title(page):
    return page.inner_text("#title")


def test_the_page_shows_the_account(visit, reader):
    page = visit(START)
    assert title(page) == "Testland: water balance, 2023"
    assert "Simulated telemetry" in page.inner_text("#notices")
    period = reader.balances("country", *_year(2023))["TL"]
    for name in ("inflow", "outflow", "storage_change", "residual"):
        assert volume(page, name) == period[name]["value"]
    for figure, mark in FIGURES.items():
        assert page.locator(f"#overview-{figure}-whole {mark}").count() > 0, figure


def _year(year):
    from datetime import date

    return date(year, 1, 1), date(year + 1, 1, 1)


def test_every_figure_has_a_table(visit):
    page = visit(START)
    for figure in FIGURES:
        tabs = page.locator(f"#overview-{figure}-tabs [role=tab]")
        tabs.nth(1).click()
        table = page.locator(f"#overview-{figure}-table table")
        table.wait_for(state="visible")
        assert table.locator("tbody tr").count() > 0
        tabs.nth(0).click()


def test_the_year_changes_and_back_returns(visit, reader, settled):
    page = visit(START)
    before = volume(page, "inflow")
    choose(page, "year", "2022", settled)
    shows(page, "2022")
    settled(page)
    wanted = reader.balances("country", *_year(2022))["TL"]["inflow"]["value"]
    assert volume(page, "inflow") == wanted
    assert asked(page)["year"] == "2022"
    page.go_back()
    shows(page, "2023")
    settled(page)
    assert volume(page, "inflow") == before
    assert page.input_value("#year") == "2023"


def test_a_click_on_the_map_goes_in_and_the_path_leads_back(visit, settled):
    page = visit(START)
    area = page.locator("#overview-map-whole .choroplethlayer path").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    page.locator("#title").filter(has_not_text="Testland").wait_for()
    settled(page)
    assert asked(page)["territory"] in {"B-NORTH", "B-MID", "B-SOUTH"}
    assert page.locator("#overview-map-whole .choroplethlayer path").count() == 2
    page.click("#path a")
    shows(page, "Testland")
    settled(page)
    assert page.input_value("#territory") == "Testland"


def test_the_dark_theme_is_dark_and_in_the_address_and_back_is_light(visit, settled):
    page = visit(START)
    page.locator("#dark").dispatch_event("click")
    page.wait_for_selector("html[data-mantine-color-scheme=dark]")
    settled(page)
    assert asked(page)["theme"] == "dark"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(13, 24, 32)"
    paper = page.locator("#overview-sankey-chart .main-svg").first.get_attribute(
        "style"
    )
    assert "rgb(20, 35, 45)" in paper
    page.go_back()
    page.wait_for_selector("html[data-mantine-color-scheme=light]")
    settled(page)
    assert asked(page)["theme"] == "light"


def test_each_language_reaches_every_corner(visit, settled):
    page = visit(START)
    for code in ("az", "ru", "en"):
        page.get_by_text(code.upper(), exact=True).click()
        page.wait_for_selector(f"html[lang={code}]")
        settled(page)
        shown = page.inner_text("body")
        assert HEADS[code] in shown
        if code != "en":
            for word in ("Inflow", "Coverage", "Agriculture", "Territories", "Source"):
                assert word not in shown, (code, word)


def test_the_selector_finds_a_territory_by_name(visit, settled):
    page = visit(START)
    page.fill("#territory", "Middle 2")
    page.get_by_role("option", name="Middle 2", exact=True).click()
    shows(page, "Middle 2")
    settled(page)
    assert asked(page)["territory"] == "D11"
    assert "Middle" in page.inner_text("#path")


def test_the_browsers_language_is_the_first_one(open_page, dashboard_url):
    page = open_page(dashboard_url, locale="ru-RU")
    assert asked(page)["lang"] == "ru"
    assert HEADS["ru"] in page.inner_text("body")


def test_a_shared_link_restores_the_view(visit, open_page, settled):
    first = visit("/?year=2022&lang=en&theme=light&territory=B-SOUTH")
    choose(first, "period", "September", settled)
    choose(first, "boundary", "Water resources", settled)
    second = open_page(first.url)
    assert second.url == first.url
    assert title(second) == title(first) == "South: water balance, September 2022"
    assert volume(second, "outflow") == volume(first, "outflow")
    assert second.input_value("#boundary") == "Water resources"


def test_a_link_to_what_does_not_exist_says_so(visit):
    page = visit("/?territory=ATLANTIS&year=2023&lang=en&theme=light")
    assert title(page) == "Testland: water balance, 2023"
    assert "Territory: ATLANTIS" in page.inner_text("#notices")


def test_a_store_without_an_account_says_what_to_do(
    serve_reader, made_up_country, browser
):
    reader = made_up_country.MadeUpReader()
    reader.years = list
    page = browser.new_page(locale="az-AZ")
    page.goto(serve_reader(reader))
    page.locator("#nothing").filter(has_text="Hələ hesab yoxdur").wait_for()
    page.close()


def test_a_gap_is_shown_as_a_gap(visit):
    page = visit("/?year=2024&lang=en&theme=light")
    card = page.locator("[data-kpi=inflow]")
    assert "≥" in card.inner_text()
    card.locator("summary").click()
    assert "D00.IN" in card.inner_text()
    card.locator("summary").click()
    assert "not drawn" in page.inner_text("#overview-sankey-facts")


def test_the_page_is_used_from_the_keyboard(open_page, dashboard_url, settled):
    page = open_page(dashboard_url + "/?year=2023&lang=en")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.focus("#year")
    page.keyboard.press("Enter")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#title").filter(has_not_text="2023").wait_for()
    settled(page)
    assert asked(page)["year"] in title(page)


def test_nothing_sticks_out_of_the_page(visit, settled):
    page = visit("/?year=2024&lang=ru&theme=light")
    for width in (820, 1920, 1440):  # at last as other tests find it
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
