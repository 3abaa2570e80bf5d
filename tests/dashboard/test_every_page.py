"""What holds on every page: readable by all, whole in each language, and Back works."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from ewater.dashboard.i18n import LANGUAGES, language
from ewater.dashboard.pages.registry import PAGES

pytestmark = pytest.mark.browser

_RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    },
    "resultTypes": ["violations"],  # what is right need not be listed
    "preload": False,  # of style sheets, for rules that are not among these
}
_LONG = 60_000  # ms; the machine may be busy
#: Panels that show neither figure, table, form nor words.
_BARE = """() => [...document.querySelectorAll(".panel")].filter(panel =>
    ![...panel.querySelectorAll(
        ".main-svg, table, form, .empty, .break, canvas, input, textarea, " +
        "[id$='-why']:not(:empty)"
    )].some(part => part.checkVisibility())
).map(panel => panel.innerText.slice(0, 80))"""


#: Words of a page, without what is a code on purpose.
_WORDS = """() => {
    const page = document.getElementById("page").cloneNode(true);
    page.querySelectorAll("code, script, style").forEach(part => part.remove());
    return page.textContent;
}"""
_MACHINE = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d{4}-Q[1-4]\b|\bm3\b|\brule:")


def faults(shown):
    """What shuts somebody out: contrast, names, order, language."""
    found = Axe().run(shown, options=_RULES).response["violations"]
    return [
        (fault["id"], node["target"], node["failureSummary"])
        for fault in found
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_for_everybody(visit, settled, page):
    """Each view of a page takes seconds to draw, so one serves several checks."""
    address = f"{page.path}?year=2023&lang=%s&theme=%s"
    titles = set()
    for code, theme in (("en", "light"), ("az", "light"), ("ru", "dark")):
        shown = visit(address % (code, theme))
        assert asked(shown) == (page.path, theme, code)
        assert shown.locator(f"html[lang={code}]").count() == 1
        titles.add(shown.inner_text("#title"))
        assert language(code).gettext(page.label) in shown.inner_text("#pages")
        assert shown.evaluate(_BARE) == []
        if code != "en":  # a day or unit as programs write it
            assert _MACHINE.findall(shown.evaluate(_WORDS)) == []
        if code != "az":  # once in each theme
            assert faults(shown) == []
        for summary in shown.locator(".panel .exhibit-menu summary").all():
            assert summary.get_attribute("aria-label")
            assert summary.evaluate("s => s.tabIndex") == 0
    assert len(titles) == len(LANGUAGES)
    assert shown.locator("html[data-mantine-color-scheme=dark]").count() == 1
    shown.go_back()
    shown.wait_for_selector("html[data-mantine-color-scheme=light]", timeout=_LONG)
    settled(shown)
    assert asked(shown) == (page.path, "light", "az")


def asked(shown):
    """Page, theme and language in the address."""
    parts = urlsplit(shown.url)
    choices = parse_qs(parts.query)
    return parts.path, choices["theme"][-1], choices["lang"][-1]
