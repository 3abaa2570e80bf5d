"""Every fault of a return is found, with its cell and what would be right."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ewater.reports import batch as batches
from ewater.reports import cells, words
from ewater.reports import form as forms
from ewater.reports.findings import Finding, ordered, worst
from ewater.reports.known import Known
from ewater.reports.validate import validate


def found(form, known, content, head=("E1", "2024"), **more):
    return validate(batches.of_contents(form, [head], [content], **more), known)


def test_e23_a_return_that_adds_up_has_no_finding(form, known, made_content):
    assert found(form, known, made_content()) == []


@pytest.mark.parametrize(
    ("cell", "code", "says"),
    [
        ({"g13": "much"}, "text", "'much' is text; give a number"),
        ({"g13": "12,5"}, "decimal_comma", "give 12.5"),
        ({"g13": "1,234"}, "ambiguous", "1.234 or 1234"),
        ({"g13": cells.Formula("=A1+2")}, "formula", "give its result"),
        ({"g13": cells.Kept("40")}, "number_as_text", "type it as a number"),
        ({"g13": True}, "boolean", "True"),
        ({"g13": datetime(2024, 3, 5, tzinfo=UTC)}, "date", "Number"),
        ({"g13": float("inf")}, "not_finite", "finite"),
        ({"g13": -1.0}, "negative", "-1 is negative; give 0 or more"),
        ({"g12": 123456789012345.0}, "too_many_digits", "15 digits"),
        ({"g13": 40.125}, "too_fine", "finer than 0.01; give 40.1"),
        ({"g4": "brook"}, "unknown_code", "river"),
        ({"g4": None}, "required", "Kind of source"),
        ({"g12": None}, "required", "Taken or received"),
        ({"g32": None}, "needs", "column 32"),
        ({"g1": "P2"}, "unknown_permit", "its own are P1"),
        ({"g42e": "E9"}, "unknown_counterparty", "'E9'"),
        ({"g42e": "E1"}, "own_counterparty", "the other side"),
        ({"g9": "D9"}, "unknown_territory", "'D9'"),
        ({"g14": None}, "months_missing", "14"),
        ({"g99": 1.0}, "unknown_column", "'g99'"),
        ({"g12": 501.0}, "identity", "column 12 is the sum of columns 13 to 24"),
        ({"g31": 311.0}, "identity", "sum of the purposes"),
        ({"g25": 500.01}, "identity", "column 25 is no more"),
        ({"g49": 311.0}, "identity", "column 49 is no more"),
    ],
)
def test_a_fault_of_a_cell_is_named_with_what_is_right(
    form, known, made_content, cell, code, says
):
    errors = [f for f in found(form, known, made_content(**cell)) if f.stops]
    assert code in {f.code for f in errors}
    said = " ".join(f.text("en", form) for f in errors if f.code == code)
    assert says.strip("'") in said
    for language in ("az", "ru"):
        other = next(f for f in errors if f.code == code).text(language, form)
        assert other
        assert "{" not in other


def test_every_fault_says_section_line_and_column(form, known, made_content):
    finding = found(form, known, made_content(g13=-1.0, g12=459.0))[0]
    assert finding.text("en", form).startswith(
        "1. Water taken, received and used, line 1, column 13 «January»: -1 is negative"
    )
    assert finding.text("ru", form).startswith("1. Забрано")
    assert "строка 1, графа 13 «Январь»" in finding.text("ru", form)
    assert "sətir 1, sütun 13 «Yanvar»" in finding.text("az", form)


@pytest.mark.parametrize(
    ("head", "code", "says"),
    [
        (("E9", "2024"), "unknown_enterprise", "'E9'"),
        (("OLD", "2024"), "closed_enterprise", "closed on 1 Jan 2020"),
        (("NEW", "2024"), "not_yet_open", "1 Jan 2026"),
        (("E1", "2024-13"), "unknown_period", "2024-Q1"),
        (("E1", "2025"), "period_not_over", "1 Jan 2026"),
        (("E2", "2023-Q2"), "period_overlap", "2023, which is approved"),
    ],
)
def test_a_fault_of_the_whole_return_is_named(
    form, known, made_content, head, code, says
):
    errors = [f for f in found(form, known, made_content(), head) if f.stops]
    assert says in " ".join(f.text("en", form) for f in errors if f.code == code)


def test_the_year_may_follow_its_quarters_and_replace_itself(form, known, made_content):
    content = made_content(g1="P2", g42e="E1")
    assert found(form, known, content, ("E2", "2023"))[0].code == "late"


def test_months_outside_a_quarter_are_refused(form, known):
    line = {"g4": "river", "g12": 3.0, "g13": 1.0, "g14": 1.0, "g15": 1.0}
    assert found(form, known, {"intake": [line]}, ("E1", "2024-Q1")) == [
        f
        for f in found(form, known, {"intake": [line]}, ("E1", "2024-Q1"))
        if f.code == "late"
    ]
    outside = found(form, known, {"intake": [line | {"g16": 1.0}]}, ("E1", "2024-Q1"))
    said = {f.code: f.text("en") for f in outside}
    assert "April is outside 1st quarter 2024; clear the cell" in said["month_outside"]


def test_a_late_return_is_marked_or_refused_as_the_form_says(form, known, made_content):
    late = Known(
        **{n: getattr(known, n) for n in Known.__slots__}
        | {"now": datetime(2025, 3, 1, tzinfo=UTC)}
    )
    marked = found(form, late, made_content())
    assert [(f.code, f.severity) for f in marked] == [("late", "notice")]
    assert "22 Jan 2025" in marked[0].text("en"), "the last day that is in time"
    strict = form.model_copy(update={"late": "refuse"})
    refused = found(strict, late, made_content())
    assert [(f.code, f.stops) for f in refused] == [("late_refused", True)]


def test_blank_is_not_zero_and_an_explicit_nil_is(form, known):
    nil = {"intake": [{"g4": "river", "g12": 0.0}]}
    assert found(form, known, nil) == []
    nothing = found(form, known, {})
    assert [f.code for f in nothing] == ["empty_return"]
    assert "a line with 0" in nothing[0].text("en", form)


def test_above_the_limit_is_an_alert_and_no_error(form, known, made_content):
    over = found(form, known, made_content(g11=400.0))
    assert [(f.code, f.severity) for f in over] == [("identity", "warning")]
    assert over[0].size_m3 == pytest.approx(100_000)


def test_lines_and_returns_that_repeat_are_named_with_each_other(
    form, known, made_content
):
    line = made_content()["intake"][0]
    twice = found(form, known, {"intake": [line, line]})
    assert "repeats line 1" in twice[0].text("en")
    batch = batches.of_contents(
        form, [("E1", "2024"), ("E1", "2024")], [made_content(), made_content()]
    )
    assert [f.code for f in validate(batch, known)] == ["duplicate_return"] * 2


def test_units_that_are_none_or_mixed_are_refused(form, known, made_content):
    wrong = found(form, known, made_content(), units=["kg"])
    assert [f.code for f in wrong] == ["unknown_unit"]
    batch = batches.of_contents(
        form,
        [("E1", "2024")],
        [{"intake": [{"g4": "river", "g12": 1.0}, {"g4": "lake", "g12": 2.0}]}],
    )
    batch.sections["intake"].units = np.array(["m3", "1000 m3"], dtype=object)
    mixed = validate(batch, known)
    assert [f.code for f in mixed] == ["mixed_units"]
    assert "1000 m3, in other lines of this return m3" in mixed[0].text("en")


def test_wrong_form_and_version_are_refused(form, known, made_content):
    batch = batches.of_contents(form, [("E1", "2024")], [made_content()])
    batch.form_code = np.array(["2-TG"], dtype=object)
    batch.form_version = np.array([7], dtype=object)
    assert [f.code for f in validate(batch, known)] == ["wrong_form", "wrong_version"]


def test_a_section_or_second_line_that_the_form_lacks_is_refused(form, known):
    content = {
        "intake": [{"g4": "river", "g12": 0.0}],
        "general": [{"output": 1.0}, {"output": 2.0}],
        "waste": [{"x": 1}],
    }
    assert {f.code for f in found(form, known, content)} == {
        "unknown_section",
        "one_line",
    }


def test_every_message_has_three_languages_with_the_same_figures():
    import string

    for code, said in words.MESSAGES.items():
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in said
        ]
        assert fields[0] == fields[1] == fields[2], code
        assert len(set(said)) == 3, code


def test_findings_are_ordered_by_severity_and_size():
    small = Finding(code="late", severity="warning", size_m3=1.0)
    large = Finding(code="late", severity="warning", size_m3=9.0)
    error = Finding(code="late", severity="error")
    assert ordered([small, large, error]) == [error, large, small]
    assert worst([small, error]) == "error"
    assert worst([]) is None


def test_a_form_is_refused_with_the_line_of_every_fault():
    from ewater.errors import FaultsError

    with pytest.raises(FaultsError) as refused:
        forms.parse("form: X\nversion: one\nabout: a\n", "forms/X.yaml")
    lines = {(f.line, f.column) for f in refused.value.faults}
    assert (2, "version") in lines
    with pytest.raises(FaultsError, match=r"Y\.yaml:1: form: says 'X'; Y"):
        forms.parse(_with_code("X"), "forms/Y.yaml")


def _with_code(code):
    from importlib import resources

    text = (resources.files("ewater.reports") / "forms" / "2-TP.yaml").read_text(
        "utf-8"
    )
    return text.partition("\n")[2].replace("form: 2-TP", f"form: {code}", 1)
