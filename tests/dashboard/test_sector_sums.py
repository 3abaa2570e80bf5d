"""Sums of users on the page of sectors: metered parts by themselves, norms together."""

from __future__ import annotations

import pandas as pd
import pytest

from ewater.dashboard.i18n import language
from ewater.dashboard.pages import enterprise
from ewater.dashboard.pages.sectors import charts, sheets, sums
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.questions.users import _covered
from ewater.dashboard.state import State


def test_meters_err_each_by_itself_and_norms_all_alike():
    # metered 300 and 400: 2.5 % of each in quadrature, 12.5; norms 100 + 100: 15 %, 30
    found = sums.reported([(400.0, 300.0), (500.0, 400.0), (None, None)])
    assert found["value"] == 900.0
    assert found["u"] == pytest.approx((12.5**2 + 30**2) ** 0.5)


def test_nothing_returned_is_unknown_and_no_zero():
    assert sums.reported([(None, None)]) is None
    assert sums.imputed(None) is None


def test_what_is_imputed_is_worth_thirty_percent():
    assert sums.imputed(200.0)["u"] == pytest.approx(60.0)


def test_a_difference_has_the_uncertainty_of_both_sides():
    first, second = sums.reported([(100.0, 0.0)]), sums.reported([(80.0, 0.0)])
    apart = sums.apart(first, second, 20.0)
    assert apart["u"] == pytest.approx((15**2 + 12**2) ** 0.5)
    assert sums.apart(first, second, None) is None
    assert sums.apart(first, None, 20.0) is None


def test_figures_over_the_years_have_their_uncertainty_and_lead_to_the_return(reader):
    state, lang = State(territory="TL", year=2025), language("en")
    sheet = enterprise.years_sheet(CachedReader(reader), state, lang)
    (row,) = sheet.rows
    assert (row["intake"]["value"], row["intake"]["u"]) == (5e5, 2.5e4)
    assert row["intake"]["status"] == "reported"
    assert row["discharge"] is None  # not given: neither zero nor sure
    assert "due=2025" in row["period"].href
    taken, used = enterprise.years_chart(sheet, state, lang)["data"]
    assert (taken["y"], taken["error_y"]["array"]) == ([0.5], [0.05])
    assert used["error_y"]["array"] == [0.12]


def test_returns_cover_what_they_say_by_volume_and_a_nil_is_an_answer():
    def covered(*lines):
        columns = ("item", "coverage", "volume", "imputed")
        return _covered(pd.DataFrame(lines, columns=columns))

    never = ("received", 0.0, 0.0, float("nan"))  # of this year, and none before
    assert covered(("abstraction", 1.0, 7e6, 0.0), never) == 1.0
    late = ("abstraction", 0.25, 1e6, 3e6)
    assert covered(late, never) == 0.25
    assert covered(late, ("received", 1.0, 4e6, 0.0)) == pytest.approx(0.625)
    assert covered(("abstraction", 1.0, 0.0, 0.0), never) == 1.0
    assert covered(never) == 0.0
    # who only gives water back is told by that
    assert covered(("return_flow", 0.5, 2e6, 2e6)) == 0.5


def test_users_are_drawn_with_the_uncertainty_of_each_part(reader):
    state, lang = State(territory="TL", year=2025), language("en")
    sheet = sheets.largest(CachedReader(reader), state, lang)
    told, filled = charts.largest(sheet, state, lang)["data"]
    for part, key in ((told, "taken_u"), (filled, "imputed_u")):
        want = [(q and 2 * q["u"] / 1e6) or None for q in (r[key] for r in sheet.rows)]
        assert part["error_x"]["array"] == pytest.approx(want)
    assert any(told["error_x"]["array"])
    assert sheet.facts.coverage == pytest.approx(sheet.facts.statuses["reported"])
