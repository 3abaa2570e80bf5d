"""Views that a country writes: faults name file, line and place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.balance.views import compiled, formulas
from ewater.errors import FaultsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = """view: form
title: {az: Forma, en: Form, ru: Форма}
source: annex 1
rows:
  - code: taken
    label: {az: a, en: b, ru: c}
    flows: [{term: [abstraction], at: counted}]
"""
ROW = "  - code: more\n    label: {az: a, en: b, ru: c}\n"


def test_rows_of_a_country_replace_ours(country: Callable[..., Any]) -> None:
    text = HEAD + ROW + "    number: '7'\n    formula: 2 * taken - taken / 2\n"
    found = country(("take", "RIVER", "FARM", "abstraction", 8.0))
    view = found.view(compiled.parse(text, "form.yaml"))
    assert view.cell("more").value[0, 0] == 12.0
    assert view.compiled.cells["more"].row.number == "7"


@pytest.mark.parametrize(
    ("added", "line", "place", "says"),
    [
        ("    term: x\n", 8, "rows.0.term", "is no field of a view"),
        (ROW, 8, "rows.1", "exactly one of flows, stock"),
        (ROW + "    formula: nowhere\n", 10, "rows.1.formula", "no cell 'nowhere'"),
        (ROW + "    formula: taken +\n", 10, "rows.1.formula", "is no formula"),
        (ROW + "    formula: open('x')\n", 10, "rows.1.formula", "is not allowed"),
        (ROW + "    formula: more + 1\n", 4, "rows", "in a circle: more -> more"),
        (ROW + "    stock: closing\n", 8, "rows.1", "says whose stock"),
        (
            ROW + "    stock: closing\n    of: [pond]\n",
            11,
            "rows.1.of.0",
            "no accounts are called 'pond'",
        ),
        (
            ROW + "    flows:\n      - {term: [abstracted], at: counted}\n",
            11,
            "rows.1.flows.0.term.0",
            "no term 'abstracted'",
        ),
        (
            ROW + "    flows:\n      - {term: [abstraction], at: middle}\n",
            11,
            "rows.1.flows.0.at",
            "Input should be 'from', 'to'",
        ),
        (
            ROW + "    flows:\n      - {at: to}\n",
            11,
            "rows.1.flows.0",
            "selects every flow",
        ),
        (
            ROW + "    flows:\n      - {to: [$column], at: to}\n",
            11,
            "rows.1.flows.0.to",
            "need a column",
        ),
        (
            ROW + "    flows:\n      - {to: [river], at: to, re_entering: apart}\n",
            11,
            "rows.1.flows.0.re_entering",
            "cannot go with at: to",
        ),
        (ROW.replace("more", "taken") + "    input: x\n", None, None, "there twice"),
        (
            ROW.replace("more", "in") + "    input: x\n",
            8,
            "rows.1.code",
            "take another",
        ),
        ("closes: [taken - gone]\n", 8, "closes.0", "no cell 'gone'"),
        (
            "places:\n  - label: {az: a, en: b, ru: c}\n    expected: []\n"
            "    cells: taken * taken\n",
            11,
            "places.0.cells",
            "is no sum of cells",
        ),
        (
            ROW + "    columns: [x]\n    input: y\n",
            10,
            "rows.1.columns",
            "no column 'x'",
        ),
    ],
)
def test_a_fault_names_its_line(
    added: str, line: int | None, place: str | None, says: str
) -> None:
    with pytest.raises(FaultsError) as raised:
        compiled.parse(HEAD + added, "form.yaml")
    (fault, *_) = raised.value.faults
    assert fault.file == "form.yaml"
    assert says in fault.message
    if line is not None:
        assert (fault.line, fault.column) == (line, place)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n- b\n", "is no mapping"),
        ("view: [\n", "no YAML"),
        ("view: a\nview: b\n", "is given twice"),
        ("a: &x 1\nb: *x\n", "aliases are refused"),
    ],
)
def test_what_is_no_view_is_refused(text: str, says: str) -> None:
    with pytest.raises(FaultsError, match=says):
        compiled.parse(text, "form.yaml")


def test_every_fault_is_listed_at_once() -> None:
    text = HEAD + ROW + "    formula: a + b\n" + ROW.replace("more", "most")
    with pytest.raises(FaultsError) as raised:
        compiled.parse(text + "    formula: c\n", "form.yaml")
    assert len(raised.value.faults) == 3


def test_an_account_or_flow_that_is_not_there_is_named(
    country: Callable[..., Any],
) -> None:
    found = country(("take", "RIVER", "FARM", "abstraction", 8.0))
    for selection, says in (
        ("{from: ['@NILE'], at: from}", "account 'NILE'"),
        ("{flow: [gone], at: from}", "flow gone"),
    ):
        text = HEAD.replace("{term: [abstraction], at: counted}", selection)
        view = compiled.parse(
            text.replace("view: form", f"view: f{len(says)}"), "f.yaml"
        )
        with pytest.raises(UsageError, match=says):
            found.view(view).cell("taken")


def test_a_named_account_is_taken_alone(country: Callable[..., Any]) -> None:
    text = HEAD.replace(
        "{term: [abstraction], at: counted}", "{from: ['@LOWER'], at: from}"
    )
    found = country(
        ("take", "RIVER", "FARM", "abstraction", 8.0),
        ("other", "LOWER", "FARM", "abstraction", 3.0),
    )
    assert found.view(compiled.parse(text, "f.yaml")).cell("taken").value[0, 0] == 3.0


@given(st.text(max_size=60))
def test_no_text_makes_a_formula_do_harm(text: str) -> None:
    try:
        formulas.parse(text)
    except ValueError:
        return
    assert all(
        part.isidentifier() for n in formulas.names(text) for part in n.split(".")
    )


@pytest.mark.parametrize(
    "text",
    [
        "a if b else c",
        "a ** 9",
        "[a]",
        "a.b.c",
        "f'{a}'",
        "max()",
        "known(a, b)",
        "a @ b",
        "True",
        "'x'",
        "lambda: a",
        "1e999",
        "coverage(a + b)",
    ],
)
def test_formulas_hold_numbers_cells_and_four_operations(text: str) -> None:
    with pytest.raises(ValueError, match=r"formula|takes one cell"):
        formulas.parse(text)
