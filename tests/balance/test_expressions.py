from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.balance.expressions import Report, Rule, Sum, codes, parse

series_codes = st.from_regex(r"[A-Za-z0-9_.:-]*[A-Za-z0-9]", fullmatch=True)
factors = st.floats(0.001, 1000).map(lambda f: float(f"{f:.4g}"))


def test_operators_stand_between_spaces_so_a_code_may_hold_a_minus():
    assert parse("KUR-GIR.Q - 0.5 * A") == (Sum(((1.0, "KUR-GIR.Q"), (-0.5, "A"))),)


def test_ways_are_tried_in_order():
    assert parse("A else report:used else rule:constant(5)") == (
        Sum(((1.0, "A"),)),
        Report("used"),
        Rule("constant", (5.0,)),
    )


def test_codes_say_what_each_code_must_be():
    text = "A + B else rule:evaporation(MIN, PAN, 0.7) else rule:share(F1, 0.2)"
    assert list(codes(text)) == [
        ("series", "A"),
        ("series", "B"),
        ("site", "MIN"),
        ("series", "PAN"),
        ("flow_or_series", "F1"),
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "is empty"),
        ("A B", r"expected \+ or -"),
        ("A +", "a series must follow"),
        ("0.5 *", "a series must follow"),
        ("x * A", "is not a number"),
        ("A else ", "is empty"),
        ("rule:guess(A)", "rules are"),
        ("rule:share(F1)", "takes"),
        ("rule:share(F1, 0.5", "is not a rule"),
        ("rule:share(F1, much)", "is not a number"),
        ("A + é", "is not a code"),
        ("report:", "is not a code"),
    ],
)
def test_anything_else_is_refused_with_what_would_be_right(text, hint):
    with pytest.raises(ValueError, match=hint):
        parse(text)


@given(st.lists(st.tuples(factors, series_codes), min_size=1, max_size=4))
def test_a_sum_reads_back_as_it_was_written(terms):
    text = " + ".join(f"{factor} * {code}" for factor, code in terms)
    assert parse(text) == (Sum(tuple(terms)),)
