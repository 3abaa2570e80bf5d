"""What is found in returns is said as people of each language write it."""

from __future__ import annotations

import re

import pytest

from ewater.reports.findings import Finding
from ewater.reports.words import LANGUAGES, MESSAGES

FOUND = {
    "late": {"date": "2025-03-31"},
    "closed_enterprise": {"value": "E1", "date": "2024-05-01", "period": "2024-Q3"},
    "no_permit": {"source": "groundwater", "value": 1234.5, "months": "5, 6, 7, 12"},
    "pump_capacity": {"month": 6, "value": 1200.0, "limit": 10.25},
    "identity": {
        "names": {"az": "S", "en": "S", "ru": "S"}, "left": 1234.56, "right": 0.5,
        "difference": 1234.06, "unit": "1000 m3",
    },
    "months_missing": {"months": "1, 2"},
}  # fmt: skip
SAID = {
    ("late", "az"): "son tarix 31.03.2025 idi",
    ("late", "en"): "it was due until 31 Mar 2025",
    ("late", "ru"): "срок был до 31.03.2025",
    ("closed_enterprise", "ru"): "закрыто 01.05.2024; за 3-й квартал 2024",
    ("closed_enterprise", "en"): "1 May 2024; no return is due for 3rd quarter 2024",
    ("no_permit", "az"): "may–iyul, dekabr aylarında 1.234,5 min m³",
    ("no_permit", "en"): "taken from groundwater in May–July, December, when no",
    ("no_permit", "ru"): "за май–июль, декабрь забрано 1\u00a0234,5 тыс. м³",
    ("pump_capacity", "az"): "iyun ayında 1.200 min m³",
    ("pump_capacity", "ru"): "не больше 10,25 тыс. м³",
    ("identity", "az"): "1.234,56 və 0,5; fərq 1.234,06 min m³",
    ("identity", "ru"): "1\u00a0234,06 тыс. м³",
    ("months_missing", "ru"): "(январь, февраль)",
}


@pytest.mark.parametrize(("code", "language"), SAID)
def test_days_months_units_and_figures_are_of_the_language(code, language):
    found = Finding(code=code, severity="error", values=FOUND[code])
    assert SAID[code, language] in found.text(language)


@pytest.mark.parametrize("code", FOUND)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_a_program_writes_is_left_in_what_a_person_reads(code, language):
    said = Finding(code=code, severity="error", values=FOUND[code]).text(language)
    assert not re.search(r"\d{4}-\d\d-\d\d|-Q\d|\bm3\b", said)


def test_the_evidence_stays_as_a_program_reads_it():
    found = Finding(code="late", severity="notice", values=FOUND["late"])
    assert found.document("az")["evidence"] == {"date": "2025-03-31"}


def test_what_was_typed_is_said_as_it_was_typed():
    values = {"value": "'2024-05-01'", "right": "'1000 m3'"}
    found = Finding(code="unknown_unit", severity="error", values=values)
    assert "'1000 m3'" in found.text("ru")
    assert "'2024-05-01'" in found.text("az")


def test_every_message_exists_in_every_language():
    assert all(len(said) == len(LANGUAGES) and all(said) for said in MESSAGES.values())
