"""Figures are plain data and say what the account says."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise
from urllib.parse import unquote

import pytest

from ewater.dashboard.figures import flows as grouping
from ewater.dashboard.figures.basin_map import Area, basin_map
from ewater.dashboard.figures.monthly import monthly
from ewater.dashboard.figures.neighbours import neighbours
from ewater.dashboard.figures.sankey import sankey, throughput
from ewater.dashboard.figures.sparkline import sparkline
from ewater.dashboard.i18n import language
from ewater.dashboard.theme import PALETTES

HM3 = 1e6
EN = language("en")
YEAR = (date(2023, 1, 1), date(2024, 1, 1))
GAP_YEAR = (date(2024, 1, 1), date(2025, 1, 1))
THEMES = sorted(PALETTES)


NAMES = ("inflow", "outflow", "storage_change", "residual")


def quantity(volume):
    return {
        "value": volume,
        "known": volume,
        "missing": [],
        "u": 1.0,
        "coverage": 1.0,
        "status": "measured",
        "status_shares": {"measured": 1.0},
    }


def flow(source, target, term, volume, **more):
    kinds = {"from_inside": True, "to_inside": True, "sector": None, "u": 1.0}
    return {
        "code": f"{source[0]}-{target[0]}",
        "from": source[0],
        "from_kind": source[1],
        "to": target[0],
        "to_kind": target[1],
        "term": term,
        "volume": volume,
        "status": "measured",
        "coverage": 1.0,
        **kinds,
        **more,
    }


def test_a_flow_without_data_is_named_and_not_drawn_as_zero():
    known = flow(("GE", "neighbour"), ("R", "river"), "x", 5 * HM3, from_inside=False)
    silent = flow(("GE", "neighbour"), ("R", "river"), "x", None, from_inside=False)
    (link,) = grouping.links([known, dict(silent, code="silent")], "managed")
    assert link.volume == 5 * HM3
    assert link.missing == ["silent"]
    known["coverage"], silent["coverage"] = 0.5, None
    (link,) = grouping.links([known, dict(silent, code="silent")], "managed")
    assert link.coverage == pytest.approx(1 / 3)  # one without data weighs as the mean
    (alone,) = grouping.links([silent], "managed")
    assert sankey([alone], {}, theme="light", lang=EN)["data"] == []


def test_water_that_runs_back_ends_on_the_right_and_starts_again_on_the_left():
    back = flow(
        ("F", "economy"), ("R", "river"), "return_flow", 7.0, sector="agriculture"
    )
    ends = {(link.source, link.target) for link in grouping.links([back], "managed")}
    assert ends == {
        ("in/sector:agriculture", "to/returns"),
        ("from/returned", "in/surface"),
    }


def test_passages_between_rivers_and_reservoirs_are_not_drawn():
    inner = flow(("R", "river"), ("L", "reservoir"), "outflow_to_downstream", 7.0)
    assert grouping.links([inner], "managed") == []


def test_a_river_of_another_territory_is_not_the_economy():
    up = flow(
        ("R0", "river"), ("R", "river"), "outflow_to_downstream", 1.0, from_inside=False
    )
    assert grouping.ends(up, "managed")[0] == "from/other_source"
    drain = flow(
        ("F", "economy"), ("R", "river"), "return_flow", 1.0, from_inside=False
    )
    assert grouping.ends(drain, "water_resources")[0] == "from/from_economy"


@pytest.mark.parametrize("boundary", ["managed", "water_resources", "territory"])
def test_the_diagram_never_runs_in_a_circle(reader, boundary):
    links = grouping.links(reader.flows("TL", *YEAR, boundary), boundary)
    assert links
    assert all(grouping.layer(a.source) < grouping.layer(a.target) for a in links)


def test_the_diagram_brings_in_what_the_account_says_comes_in(reader):
    period = reader.balance("TL", *YEAR, "year")["periods"][0]
    links = grouping.links(reader.flows("TL", *YEAR), "managed")
    entering = sum(
        link.volume
        for link in links
        if link.source.startswith("from/") and link.source != "from/returned"
    )
    assert entering == pytest.approx(period["inflow"]["value"])


def test_storage_and_residual_balance_rivers_and_all_that_hangs_on_them(reader):
    period = reader.balance("TL", *YEAR, "year")["periods"][0]
    links = grouping.links(reader.flows("TL", *YEAR), "managed")
    links += grouping.closing_links(period)
    first = {a.source for a in links} - {a.target for a in links}
    last = {a.target for a in links} - {a.source for a in links}
    volumes = throughput(links)
    assert sum(volumes[n] for n in first) == pytest.approx(
        sum(volumes[n] for n in last), rel=1e-9
    )


def test_an_unknown_residual_is_not_drawn(reader):
    period = reader.balance("TL", *GAP_YEAR, "year")["periods"][0]
    assert period["residual"]["value"] is None
    ends = {end for a in grouping.closing_links(period) for end in (a.source, a.target)}
    assert not any("residual" in end for end in ends)


@pytest.mark.parametrize("theme", THEMES)
def test_figures_are_plain_data_on_an_opaque_ground(reader, theme):
    periods = reader.balance("TL", *GAP_YEAR, "month")["periods"]
    links = grouping.links(reader.flows("TL", *YEAR), "managed")
    row = ("Georgia", periods[0]["inflow"])
    for figure in (
        sankey(links, {}, theme=theme, lang=EN),
        monthly(periods, YEAR, theme=theme, lang=EN),
        neighbours([row], [row], row, theme=theme, lang=EN),
    ):
        json.dumps(figure, allow_nan=False)
        assert figure["layout"]["paper_bgcolor"] == PALETTES[theme]["surface"]


def test_months_with_gaps_are_hatched_and_shaded_not_zero(reader):
    periods = reader.balance("TL", *GAP_YEAR, "month")["periods"]
    figure = monthly(periods, GAP_YEAR, theme="light", lang=EN)
    whole, part = (t for t in figure["data"] if t.get("offsetgroup") == "in")
    assert whole["y"][4] is None
    assert part["y"][4] == pytest.approx(periods[4]["inflow"]["known"] / HM3)
    assert part["y"][0] is None
    assert [(s["x0"], s["x1"]) for s in figure["layout"]["shapes"]] == [
        (3.5, 4.5),
        (4.5, 5.5),
    ]
    residual = figure["data"][-1]
    assert residual["y"][4] is None


def test_a_water_year_is_named_from_its_first_month_and_shaded_beside_the_period():
    def step(first, last):
        return {
            **{name: quantity(5 * HM3) for name in NAMES},
            "apportioned": False,
            "sectors": {"energy": {"use": quantity(2 * HM3)}},
            "start": f"{first.isoformat()}T08:00:00+04:00",
            "end": f"{last.isoformat()}T08:00:00+04:00",
        }

    months = [date(2023, 10, 1), date(2023, 11, 1), date(2023, 12, 1), date(2024, 1, 1)]
    steps = [step(*pair) for pair in pairwise(months)]
    chosen = (months[1], months[2])
    figure = monthly(steps, chosen, sector="energy", theme="light", lang=EN)
    assert figure["data"][0]["x"] == ["Oct", "Nov", "Dec"]
    shaded = [shape["x0"] for shape in figure["layout"]["shapes"]]
    assert shaded == [-0.5, 1.5], "October and December are outside"
    (line,) = [one for one in figure["data"] if one["name"] == "Use: Energy"]
    assert line["y"] == [2.0] * 3
    shared = {"apportioned": True, "inflow": quantity(None), "outflow": quantity(None)}
    bare = monthly([one | shared for one in steps], chosen, theme="light", lang=EN)
    assert [shape["x0"] for shape in bare["layout"]["shapes"]] == shaded, "no gap"
    assert "shared reach" in bare["layout"]["annotations"][0]["text"]
    tens = [step(months[0], date(2023, 10, 11)), step(date(2023, 10, 21), months[1])]
    drawn = monthly(tens, chosen, theme="light", lang=EN)
    assert drawn["data"][0]["x"] == ["Oct (I)", "Oct (III)"]


def test_whiskers_are_two_standard_uncertainties(reader):
    periods = reader.balance("TL", *YEAR, "month")["periods"]
    residual = monthly(periods, YEAR, theme="light", lang=EN)["data"][-1]
    wanted = 2 * periods[3]["residual"]["u"] / HM3
    assert residual["error_y"]["array"][3] == pytest.approx(wanted)


def area(code, value):
    return Area(code=code, name=code, value=value, hover=code, label_at=(0.0, 0.0))


def test_a_territory_without_a_value_is_grey_not_the_lowest_colour():
    figure = basin_map(
        {"type": "FeatureCollection", "features": []},
        [area("A", 5.0), area("B", None)],
        selected="A",
        measure="use",
        unit="hm³",
        bounds=(0, 0, 1, 1),
        places=[],
        theme="light",
        lang=EN,
    )
    grey, coloured, outline = figure["data"][:3]
    empty = PALETTES["light"]["empty"]
    assert (grey["locations"], grey["colorscale"][0][1]) == (["B"], empty)
    assert coloured["locations"] == ["A"]
    assert outline["locations"] == ["A"]


def test_a_sparkline_breaks_at_a_gap():
    image = unquote(sparkline([1.0, 2.0, None, 3.0, 2.5], "#123456"))
    assert image.count("<polyline") == 2
    assert "#123456" in image


def test_a_sparkline_of_nothing_known_is_empty():
    assert "polyline" not in unquote(sparkline([None, None], "#123456"))


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read_on_their_ground(theme):
    colours = PALETTES[theme]
    words = ("ink", "muted", "good", "watch", "bad", "accent", "measured", "reported")
    words += ("modelled", "imputed", "balancing", "unknown")
    grounds = ("surface", "raised")
    for word in words:
        for ground in grounds:
            assert contrast(colours[word], colours[ground]) >= 4.5, (word, ground)
    for word in ("ink", "muted"):
        assert contrast(colours[word], colours["ground"]) >= 4.5
    assert contrast(colours["notice_ink"], colours["notice"]) >= 4.5
    assert contrast(colours["brand_ink"], colours["brand"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_marks_of_a_chart_stand_out_from_their_ground(theme):
    colours = PALETTES[theme]
    for mark in ("inflow", "outflow", "use", "storage", "residual"):
        assert contrast(colours[mark], colours["surface"]) >= 3, mark
