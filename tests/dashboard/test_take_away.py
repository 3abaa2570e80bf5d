"""Menus of exhibits in a browser: by mouse, by keyboard, and what they give."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

pytestmark = pytest.mark.browser


def test_an_exhibit_is_taken_away_from_its_menu(visit):
    page = visit("/?year=2023&lang=en&theme=light")
    menu = page.locator(".exhibit-menu").filter(
        has=page.locator("#overview-monthly-csv")
    )
    taken = {}
    for kind in ("csv", "xlsx", "png", "svg"):
        menu.locator("summary").click()
        with page.expect_download() as download:
            menu.get_by_text(kind.upper(), exact=True).click()
        assert not menu.evaluate("menu => menu.open")
        taken[kind] = download.value.path().read_bytes()
        assert download.value.suggested_filename.endswith(f".{kind}")
    assert taken["csv"].startswith("\ufeff# Title,Step by step".encode())
    assert "Step by step" in load_workbook(io.BytesIO(taken["xlsx"])).sheetnames
    assert taken["png"].startswith(b"\x89PNG")
    assert b"<svg" in taken["svg"][:200]
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "ewater-overview-TL-2023-01-01.xlsx"
    page.locator(".title-row .in-line summary").click()
    with page.expect_download(timeout=90_000) as download:
        page.click("#bulletin-1")
    assert download.value.path().read_bytes().startswith(b"%PDF")


def test_a_menu_is_used_from_the_keyboard(visit):
    page = visit("/?year=2023&lang=en&theme=light")
    summary = page.locator(".panel .exhibit-menu summary").first
    summary.focus()
    page.keyboard.press("Enter")
    for key, shown in (("ArrowDown", "CSV"), ("ArrowDown", "XLSX"), ("ArrowUp", "CSV")):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.textContent") == shown
    page.keyboard.press("Escape")
    assert page.locator(".exhibit-menu[open]").count() == 0
    assert summary.evaluate("s => s === document.activeElement")
