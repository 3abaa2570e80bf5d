"""How quantities are written, in each language."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.dashboard import format as fmt
from ewater.dashboard import totals
from ewater.dashboard.i18n import LANGUAGES, language

HM3 = 1e6
EN = language("en")


def quantity(value, known=None, missing=(), u=1 * HM3, coverage=1.0, status="measured"):
    known = (value or 0.0) if known is None else known
    return {
        "value": value,
        "known": known,
        "missing": list(missing),
        "u": u,
        "coverage": coverage,
        "status": status,
        "status_shares": {status: 1.0},
    }


@pytest.mark.parametrize(
    ("code", "written"),
    [("az", "9.772"), ("en", "9,772"), ("ru", "9\N{NO-BREAK SPACE}772")],
)
def test_each_language_groups_thousands_in_its_own_way(code, written):
    assert fmt.hm3(9772 * HM3, language(code)) == written


def test_small_volumes_keep_their_figures():
    written = [fmt.hm3(v * HM3, EN) for v in (342.7, 77.34, 7.734, 0.0)]
    assert written == ["343", "77.3", "7.73", "0"]


def test_uncertainty_is_written_expanded():
    assert fmt.expanded(12 * HM3, EN) == "± 24.0"


def test_what_is_unknown_or_made_by_no_flow_has_no_uncertainty():
    assert fmt.told(quantity(5 * HM3), EN) == "5.00 hm³  ± 2.00 (95 %)"
    part = quantity(None, known=5 * HM3, missing=["A"], status="unknown")
    assert fmt.told(part, EN) == "≥ 5.00 hm³  ± 2.00 (95 %)"
    assert fmt.told(part, EN, signed=True) == "—"
    assert fmt.told(quantity(0.0, u=0.0, status="unknown"), EN) == "0 hm³"
    assert fmt.unsure(quantity(5 * HM3, u=None), EN) == ""


@pytest.mark.parametrize("absent", [None, math.nan])
def test_what_is_unknown_is_a_dash_and_never_a_zero(absent):
    assert fmt.hm3(absent, EN) == fmt.DASH
    assert fmt.expanded(absent, EN) == fmt.DASH
    assert fmt.percent(absent, EN) == fmt.DASH


def test_a_sum_with_gaps_is_at_least_its_known_part():
    partly = quantity(None, known=120 * HM3, missing=["a", "b"])
    assert fmt.amount(partly, EN) == "≥ 120"
    assert fmt.gap(partly, EN) == "2 flows without data"


def test_a_sum_of_which_nothing_is_known_is_a_dash_not_at_least_zero():
    assert fmt.amount(quantity(None, missing=["a"]), EN) == fmt.DASH


def test_a_signed_quantity_with_gaps_is_not_bounded_by_its_known_part():
    partly = quantity(None, known=-120 * HM3, missing=["a"])
    assert fmt.amount(partly, EN, signed=True) == fmt.DASH


def test_russian_counts_flows_in_three_ways():
    def words(n):
        return fmt.gap(quantity(None, missing=["x"] * n), language("ru"))

    assert [words(n) for n in (1, 3, 5)] == [
        "1 поток без данных",
        "3 потока без данных",
        "5 потоков без данных",
    ]


def test_a_change_is_a_share_and_shows_its_sign():
    now, before = quantity(110 * HM3), quantity(100 * HM3)
    assert fmt.change(now, before, EN) == "+10.0 %"
    assert fmt.change(before, now, EN) == "−9.1 %"


def test_a_change_on_a_value_that_may_be_zero_is_given_in_volume():
    now, before = quantity(8 * HM3), quantity(1 * HM3, u=2 * HM3)
    assert fmt.change(now, before, EN) == "+7.00 hm³"


def test_a_change_against_an_unknown_year_is_a_dash():
    assert fmt.change(quantity(1.0), quantity(None, missing=["a"]), EN) == fmt.DASH
    assert fmt.change(quantity(1.0), None, EN) == fmt.DASH


def test_coverage_just_below_all_is_not_shown_as_all():
    assert fmt.percent(0.9996, EN) == "99 %"
    assert fmt.percent(1.0, EN) == "100 %"


def test_a_difference_that_rounds_to_nothing_has_no_sign():
    assert fmt.signed_percent(0.0001, EN) == "0.0 %"
    assert fmt.signed_percent(0.001, EN) == "+0.1 %"
    assert fmt.signed_percent(-0.001, EN) == "−0.1 %"


def test_minus_is_a_minus_sign_and_zero_has_none():
    assert EN.number(-5.5, 1) == "−5.5"
    assert EN.number(-0.001, 1) == "0.0"


@given(st.floats(-1e12, 1e12), st.sampled_from(LANGUAGES))
def test_a_written_number_is_the_number(value, code):
    lang = language(code)
    decimal, group = lang.separators
    text = lang.number(value, 2).replace(group, "").replace(decimal, ".")
    assert float(text.replace("−", "-")) == pytest.approx(value, abs=0.0051)


def test_a_total_is_unknown_as_soon_as_one_part_is():
    whole = totals.add([quantity(5.0), quantity(None, known=2.0, missing=["x"])])
    assert (whole["value"], whole["known"], whole["missing"]) == (None, 7.0, ["x"])


def test_a_total_of_nothing_is_unknown():
    assert totals.add([])["value"] is None


def test_a_part_of_which_nothing_is_known_lowers_the_coverage():
    blind = quantity(None, missing=["x"], coverage=0.0)
    assert totals.add([quantity(5.0), blind])["coverage"] == pytest.approx(2 / 3)


def test_status_of_a_total_is_that_of_its_largest_share():
    whole = totals.add([quantity(5.0), quantity(9.0, status="reported")])
    assert whole["status"] == "reported"
    assert sum(whole["status_shares"].values()) == pytest.approx(1)
