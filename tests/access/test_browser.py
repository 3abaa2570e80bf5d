"""Sign-in as a person does it: keyboard, languages, an end in the middle of work."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ewater.people import users

pytestmark = [pytest.mark.db, pytest.mark.browser, pytest.mark.slow]

OWN = "river flows at dawn"


@pytest.fixture
def page(browser):
    """A window that notes every request elsewhere."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    elsewhere = []
    page.on(
        "request",
        lambda r: None if "//127.0.0.1:" in r.url or r.url[:5] in {"data:", "blob:"}
        else elsewhere.append(r.url),
    )  # fmt: skip
    yield page
    context.close()
    assert elsewhere == []


def go_to_year(page, old, new):
    """Follow a link inside the application."""
    page.evaluate(
        f"history.pushState({{}}, '', location.search.replace('{old}', '{new}')); "
        "dispatchEvent(new Event('_dashprivate_pushstate'))"
    )


def test_a_day_of_work_with_the_keyboard(page, serve, server, engine, monkeypatch):
    with engine.begin() as connection:
        first = users.add(connection, "leyla", role="analyst", by="chief")
    page.goto(f"{serve}/?territory=B-MID&year=2022&lang=az&theme=dark")
    assert "/login?next=" in page.url
    assert page.locator("html").get_attribute("data-mantine-color-scheme") == "dark"
    assert page.locator("h1").inner_text() == "Daxil ol"
    page.wait_for_function("document.activeElement.id === 'name'")
    page.keyboard.type("Leyla")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    page.wait_for_function("document.activeElement.id === 'password'")
    page.keyboard.type(first)
    page.keyboard.press("Enter")
    page.wait_for_selector("#again")
    page.wait_for_function("document.activeElement.id === 'old'")
    for field in (first, OWN, OWN):
        page.keyboard.type(field)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-kpi=inflow]", timeout=60_000)
    assert "territory=B-MID" in page.url
    assert "year=2022" in page.url
    page.locator("#account summary").focus()
    page.keyboard.press("Enter")
    assert "Analitik" in page.locator(".account-menu").inner_text()

    menu = page.locator("#pages details").first
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('href')").startswith(
        "/territory?territory=B-MID&year=2022"
    )
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert menu.get_attribute("open") is None
    shown = page.locator("#pages").inner_text()
    assert "İdarəetmə" not in shown, "administration is not for analysts"

    def away(*_, **__):
        raise OperationalError("SELECT secret", {}, Exception("connection refused"))

    with monkeypatch.context() as outage:
        for name in ("connect", "begin"):
            outage.setattr(server.guard.engine, name, away)
        for name in ("version", "balance", "balances", "flows"):
            outage.setattr(server.cached._reader, name, away)
        page.evaluate(
            "history.pushState({}, '', location.search.replace('2022','2021'))"
        )
        page.evaluate("dispatchEvent(new Event('_dashprivate_pushstate'))")
        page.wait_for_selector("#refusal:not([hidden])")
        assert "verilənlər bazası" in page.locator("#refusal").inner_text().casefold()
        assert page.locator("[data-kpi=inflow]").is_visible()

    with engine.begin() as connection:
        connection.execute(text("DELETE FROM login_session"))
    go_to_year(page, 2021, 2023)
    page.wait_for_url("**/login?next=*")
    assert "year%3D2023" in page.url


def test_signing_out_shows_nothing_more(page, serve, add_user):
    add_user("ali")
    page.goto(serve)
    page.fill("#name", "ali")
    page.fill("#password", OWN)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-kpi=inflow]", timeout=60_000)
    page.click("#account summary")
    page.click(".account-menu button")
    page.wait_for_url("**/login*")
    page.goto(serve)
    assert "/login" in page.url
