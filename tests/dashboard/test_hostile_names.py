"""Names that are scripts, links and tags: text on every page, in a real browser."""

from __future__ import annotations

import json
import re
from functools import wraps
from zlib import crc32

import numpy as np
import pandas as pd
import pytest

from ewater.dashboard.bulletin import document
from ewater.dashboard.figures.harmless import harmless
from ewater.dashboard.pages.registry import PAGES
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State

#: Each would set ``window.hit``, ask another host, or lead there when it is clicked.
ATTACKS = (
    '<img src=x onerror="window.hit=1">',
    '</script><script>window.hit=1</script>"><svg onload=window.hit=1>',
    '<a href="javascript:window.hit=1">j</a>',
    '<a href="https://elsewhere.example/">l</a>',
)
#: What a person may have written, by the names that answers give it.
_WRITTEN = re.compile(
    r"((site|title)_)?(az|en|ru)|(decided_|submitted_)?name(_az|_en|_ru)?|title|note|"
    r"reason|detail|body|person|who|by|author|label|organisation|why|source|error|notify"
)
#: Whatever a name made of itself: elements, links away, handlers.
_MADE = """() => [
    ...document.querySelectorAll("img[src=x], [onerror], [onload], #content script"),
    ...[...document.querySelectorAll("a")].filter(a => {
        const to = a.getAttribute("href") || a.getAttribute("xlink:href");
        return to && new URL(to, location.href).origin !== location.origin;
    }),
].map(one => one.outerHTML.slice(0, 200)).concat(window.hit ? ["a script ran"] : [])"""
#: The hover texts of every point that Plotly lets us name.
_HOVER = """() => document.querySelectorAll(".js-plotly-plot").forEach(plot => {
    const one = (plot._fullData || []).find(t => t._module.isCartesian || t.xaxis);
    if (!one || !one.xaxis || one.visible !== true) return;
    const point = {curveNumber: one.index, pointNumber: 0};
    try { Plotly.Fx.hover(plot, [point], one.xaxis + one.yaxis); } catch {} // heat maps
})"""
STATE = State(territory="TL", year=2023)
_SHOWN = """() => [
    document.querySelector("#content").innerText,
    [...document.querySelectorAll("#content .js-plotly-plot")]
        .map(plot => plot.textContent).join(" "),
]"""


class Hostile:
    """A reader in whose answers everything that people wrote is an attack."""

    def __init__(self, inner):
        self._inner = inner
        self._meant = {}

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        @wraps(found)  # answers are kept by the name of what was asked
        def asked(*given, **more):
            return self._poisoned(found(*map(self._plain, given), **more))

        return asked

    def ask(self, question, *given):
        return self._poisoned(self._inner.ask(question, *map(self._plain, given)))

    def _plain(self, given):
        """Undo it in what a page asks for by such a name."""
        return self._meant.get(given, given) if isinstance(given, str) else given

    def _poisoned(self, part, key=""):
        if isinstance(part, dict):
            return {k: self._poisoned(v, str(k)) for k, v in part.items()}
        if type(part) in (list, tuple):
            return type(part)(self._poisoned(one, key) for one in part)
        if isinstance(part, pd.DataFrame):
            made = part.copy()
            for column in filter(_WRITTEN.fullmatch, map(str, part.columns)):
                made[column] = [self._poisoned(v, column) for v in part[column]]
            return made
        if isinstance(part, str) and part and _WRITTEN.fullmatch(key):
            made = f"{ATTACKS[crc32(part.encode()) % len(ATTACKS)]} {part}"
            self._meant[made] = part
            return made
        return part


@pytest.mark.browser
def test_a_hostile_name_is_text_on_every_page(
    serve_reader, made_up_country, open_page, go_on, settled
):
    url = serve_reader(Hostile(made_up_country.MadeUpReader()))
    view = "?territory=B-MID&year=2023&lang=en"
    shown = open_page(f"{url}{PAGES[0].path}{view}")
    told, drawn = [], []
    for page in PAGES:
        if page is not PAGES[0]:
            go_on(shown, page.path + view)
        shown.evaluate(_HOVER)
        if page.name == "territory":
            shown.locator("[data-explain]").first.click()
            shown.get_by_role("dialog").get_by_role("heading").first.wait_for()
            settled(shown)
        assert shown.evaluate(_MADE) == [], page.name
        words, charts = shown.evaluate(_SHOWN)
        told += [page.name] * any(attack in words for attack in ATTACKS)
        drawn += [page.name] * any(attack in charts for attack in ATTACKS)
    assert len(told) >= len(PAGES) - 3  # these show no such name, or a part of it
    assert len(drawn) >= 3


def test_a_hostile_name_in_a_figure_is_text_on_paper(made_up_country):
    reader = made_up_country.MadeUpReader()
    for column in ("name_az", "name_en", "name_ru"):
        reader.territories()[column] = ATTACKS[3]
    html = document.document(CachedReader(reader), STATE, 10)
    written = html.rsplit("const charts = ", 1)[1].split(";\n", 1)[0]
    assert "<" not in written, "nothing in a script ends it"
    charts = json.dumps(json.loads(written))
    assert "<a href" not in charts
    assert "&lt;a href" in charts


def test_a_figure_keeps_its_own_tags_and_loses_all_others():
    given = {
        "x": ["<b>a</b><br>c", "<i>b</i>"],
        "text": np.array(["<B>x</B>", "<b onclick=x>", "<br/>"], object),
        "y": np.array([1.0, 2.0]),
        "hovertemplate": "%{x}<extra><a href='x'></extra>",
        "<a>": (1, None, "5 < 6"),
    }
    made = harmless(given)
    assert made["x"] == given["x"]
    assert made["text"] == ["&lt;B>x&lt;/B>", "&lt;b onclick=x>", "&lt;br/>"]
    assert made["y"] is given["y"]
    assert made["hovertemplate"] == "%{x}<extra>&lt;a href='x'></extra>"
    assert made["&lt;a>"] == [1, None, "5 &lt; 6"]
