"""What the parts of the page say, without a browser."""

from __future__ import annotations

import json
from datetime import date

import pytest

from ewater.dashboard import totals, view
from ewater.dashboard.exhibits.table import table
from ewater.dashboard.i18n import LANGUAGES, language
from ewater.dashboard.pages.overview import borders, cards, tables
from ewater.dashboard.published import compare
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.shell.frame import notices
from ewater.dashboard.state import State

EN = language("en")


def words(component):
    """All text of components, as the browser would get it."""
    return json.dumps(
        component, default=lambda c: c.to_plotly_json(), ensure_ascii=False
    )


def shown(reader, **choices):
    chosen = {"territory": "TL", "year": 2023, **choices}
    return view.load(CachedReader(reader), State(**chosen))


def test_key_figures_carry_uncertainty_status_coverage_and_the_exact_volume(reader):
    period = reader.balance("TL", date(2023, 1, 1), date(2024, 1, 1), "year")
    inflow = period["periods"][0]["inflow"]
    card = words(cards.strip(shown(reader), EN, "light")[0])
    assert f'"data-m3": "{inflow["value"]!r}"' in card
    assert "(95 %)" in card
    assert "status-measured" in card
    assert "Coverage" in card
    assert "against 2022" in card


def test_an_unknown_total_shows_what_is_known_and_names_the_gap(reader):
    card = words(cards.strip(shown(reader, year=2024), EN, "light")[0])
    assert "≥ " in card
    assert "1 flow without data" in card
    assert "D00.IN" in card
    assert '"data-m3": ""' in card


def test_an_unknown_residual_cannot_be_judged(reader):
    residual = words(cards.strip(shown(reader, year=2024), EN, "light")[4])
    assert "Cannot be judged" in residual
    assert "Closed" not in residual


def test_a_gross_total_across_a_shared_reach_is_not_defined(reader):
    now = shown(reader)
    nothing = {"value": None, "known": 0.0, "missing": [], "u": None}
    now.period["inflow"].update(nothing)
    now.period["apportioned"] = True
    card = words(cards.strip(now, EN, "light")[0])
    assert "Not defined: a shared reach crosses the boundary" in card


def test_the_first_year_has_nothing_to_be_compared_with(reader):
    first = shown(reader, year=2021)
    assert first.before is None
    assert "against 2020" in words(cards.strip(first, EN, "light")[0])


def test_part_of_a_year_is_compared_with_the_same_months(reader):
    part = shown(reader, period="4-6")
    assert [year for year, _ in part.history] == [2021, 2022, 2023]
    assert part.period["start"].startswith("2023-04-01")
    assert part.before is not None
    assert part.before["end"].startswith("2022-07-01")


def test_sectors_add_up_to_the_use_of_the_country(reader):
    now = shown(reader)
    said = words(table(tables.sector_table(now.period, now.before, EN), EN))
    assert "Agriculture" in said
    assert "All sectors" in said
    assert "100 %" in said


def test_a_share_of_an_unknown_whole_is_not_given(reader):
    now = shown(reader, year=2024)
    assert now.period["sectors"]["services"]["use"]["value"] is None
    whole = totals.use(now.period)
    assert whole["value"] is None
    agriculture = now.period["sectors"]["agriculture"]["use"]
    assert tables.share(agriculture, whole) is None
    assert "D11.SHOPS" in words(
        table(tables.sector_table(now.period, now.before, EN), EN)
    )


def test_published_figures_are_compared_in_one_unit(reader):
    items = {item["item"]: item for item in reader.published("TL", 2023)}
    volume = {"value": 7.0e9, "unit": "m3"}
    assert compare(items["water_used_irrigation"], volume) == (7000.0, 7207.0, "hm³")
    share = {"value": 4.0, "unit": "%"}
    assert compare(items["share_of_use_households"], share) == (4.0, 3.5, "%")


def test_a_published_item_without_a_counterpart_stands_alone(reader):
    item = {"item": "water_exploitation_index", "value": 41.2, "unit": "%"}
    assert compare(item, None) == (None, 41.2, "%")
    assert compare(item, {"value": 5.0, "unit": "m3"}) == (None, 41.2, "%")
    strange = {"item": "water_used_total", "value": 3.0, "unit": "m3/inhab/yr"}
    assert compare(strange, {"value": 1.0, "unit": "m3"}) == (None, 3.0, "m3/inhab/yr")
    unknown = {"item": "water_used_total", "value": 2.0, "unit": "km3"}
    assert compare(unknown, {"value": None, "unit": "m3"}) == (None, 2000.0, "hm³")


def test_ours_beside_a_published_figure_is_the_cell_it_stands_for(reader):
    state = State(territory="TL", year=2023, period="4-6")
    sheet = tables.published_sheet(CachedReader(reader), state, EN)
    rows = {row["cell"]: row for row in sheet.rows}
    year = reader.balance("TL", date(2023, 1, 1), date(2024, 1, 1), "year")
    taken = year["periods"][0]["sectors"]["agriculture"]["use"]["value"]
    its = rows["indicators.use_agriculture"]
    assert its["ours"] == pytest.approx(taken / 1e6)
    assert "bridge=published%3A" in its["why"].href, "leads to the lines between"
    figure = tables.published_chart(sheet, state, EN)
    ours, theirs = figure["data"]
    assert taken / 1e6 in ours["x"]
    assert its["theirs"] in [pytest.approx(x) for x in theirs["x"]]
    within = tables._why(
        {"item": "x"}, 10.0, 10.5, {"u": 1.0, "value": 10.0}, EN, state
    )
    assert within == "Within our ± U"


def test_a_published_link_is_text_and_is_never_fetched(reader):
    sheet = tables.published_table(reader.published("TL", 2023), {}, EN)
    said = words(table(sheet, EN))
    assert "https://statistics.example/use" in said
    assert '"href"' not in said


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_notice_about_simulated_data_is_in_every_language(reader, code):
    now = shown(reader)
    state = State(territory="TL", year=2023, lang=code)
    text = words(notices(state, now, None, language(code)))
    assert now.balance["notices"][0][code] in text


def test_an_account_that_was_overtaken_says_since_when_and_by_what(reader):
    now = shown(reader)
    state = State(territory="TL", year=2023)
    assert "overtook" not in words(notices(state, now, None, EN))
    gauge = {"kind": "series", "code": "KUR.Q", "since": "", "load": 12}
    gauge |= {"from": "2023-05-01T00:00:00+00:00", "to": "2023-05-02T00:00:00+00:00"}
    table_ = {"kind": "registry", "code": "curves", "since": "", "load": None}
    table_ |= {"from": None, "to": None}
    stale = {"since": "2026-02-01T06:30:00+00:00", "count": 6}

    def said(causes, lang=EN):
        return words(notices(state, now, {**stale, "causes": causes}, lang))

    text = said([gauge, table_, gauge, gauge])
    assert "1 February 2026, 10:30" in text  # in the zone of the account
    assert "readings of KUR.Q from 1 May 2023 to 2 May 2023" in text
    assert "registry: curves of sites" in text
    assert "and 3 more" in text
    assert "inputs that have changed: 6." in said([])
    assert "reyestr: məntəqələrin əyriləri" in said([table_], language("az"))
    one = gauge | {"to": "2023-05-01T08:00:00+00:00"}
    assert "readings of KUR.Q on 1 May 2023" in said([one]), "one day is no span"


def test_what_a_link_asks_for_in_vain_is_said(reader):
    state = State(territory="TL", year=2023, dropped=("year=1999",))
    assert "Year: 1999" in words(notices(state, shown(reader), None, EN))


def test_the_same_question_is_asked_once_until_the_data_change(made_up_country):
    reader = made_up_country.MadeUpReader()
    cached = CachedReader(reader)
    question = ("TL", date(2023, 1, 1), date(2024, 1, 1), "year")
    first = cached.balance(*question)
    assert cached.balance(*question) is first
    assert len(reader.asked) == 1
    reader.version = lambda: "2026-01-16T00:00:00+00:00"
    cached.balance(*question)
    assert len(reader.asked) == 2


def test_the_cache_forgets_the_oldest_answer(made_up_country):
    reader = made_up_country.MadeUpReader()
    cached = CachedReader(reader, size=1)
    for year in (2022, 2023, 2022):
        cached.balance("TL", date(year, 1, 1), date(year + 1, 1, 1), "year")
    assert len(reader.asked) == 3


def test_a_question_that_fails_is_asked_again(made_up_country):
    reader = made_up_country.MadeUpReader()
    cached = CachedReader(reader)
    with pytest.raises(KeyError):
        cached.balance("TL", date(2023, 1, 1), date(2024, 1, 1), "fortnight")
    with pytest.raises(KeyError):
        cached.balance("TL", date(2023, 1, 1), date(2024, 1, 1), "fortnight")
    assert len(reader.asked) == 2


def test_border_waters_stand_beside_what_is_granted_and_normal(reader):
    cached = CachedReader(reader)
    sheet = borders.sheet(cached, State(territory="TL", year=2023), EN)
    rows = {row["kind"]: row for row in sheet.rows}
    normal, treaty = rows["normal"], rows["treaty"]
    assert normal["name"] == "Georgia"
    assert normal["stated"] == 120.0 * 365 * 86_400
    assert normal["share"] == normal["ours"]["value"] / normal["stated"]
    assert normal["cell"] == "balance.neighbours.NB.GE.inflow"
    period = reader.balance("TL", date(2023, 1, 1), date(2024, 1, 1), "year")
    whole = period["periods"][0]
    came = sum(e["inflow"]["value"] for e in whole["neighbours"].values())
    assert treaty["ours"]["value"] == pytest.approx(
        came - whole["re_entering"]["value"]
    )
    month = borders.sheet(cached, State(territory="TL", year=2023, period="4-4"), EN)
    kinds = {row["kind"]: row for row in month.rows}
    assert kinds["treaty"]["share"] is None
    gap = borders.sheet(cached, State(territory="TL", year=2024), EN)
    assert all(row["share"] is None for row in gap.rows)
    district = borders.sheet(cached, State(territory="D00", year=2023), EN)
    assert not district.rows
    assert district.calm
