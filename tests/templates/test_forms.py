"""Which columns a sheet has, and what they are called."""

from __future__ import annotations

import datetime as dt

import pytest

from ewater import written
from ewater.errors import UsageError
from ewater.ingest.templates import form as forms
from ewater.ingest.templates import words, write

HEADINGS = {
    ("reservoir", "en"): [
        "Water level", "Stored volume", "Inflow: R-UP", "Outflow: irrigation outlet",
        "Outflow: spillway", "Outflow: turbines", "Precipitation", "Evaporation",
    ],
    ("junction", "ru"): [
        "Поступило: плотина", "Передано: левый водозабор", "Передано: правый водозабор",
    ],
    ("gauge", "az"): ["Suyun səviyyəsi", "Suyun səviyyəsi", "Su sərfi (Q)"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "language"), HEADINGS)
def test_flows_say_which_way_and_through_what(kind, language, make):
    (sheet,) = make(kind, language=language).sheets
    found = [column.label for column in sheet.columns]
    assert found == HEADINGS[kind, language]


def test_a_series_of_two_readings_a_day_has_two_columns(make):
    (sheet,) = make("gauge").sheets
    assert [c.key for c in sheet.columns] == ["G.H 08:00", "G.H 20:00", "G.Q"]
    (sheet,) = make("gauge", at="07:30").sheets
    assert [c.at for c in sheet.columns] == ["07:30", "19:30", ""]


def test_a_well_is_asked_for_hours_energy_meter_and_level(make):
    first, second = make("well", language="en").sheets
    assert first.title == "Well: Goychay well 1 (W1)"
    assert [c.label for c in first.columns] == [
        "Pump hours (T)", "Water level in the well (LS)",
    ]  # fmt: skip
    assert [c.shown for c in first.columns] == ["h, sum of the day", "m, at 08:00"]
    assert [(c.label, c.shown) for c in second.columns] == [
        ("Electricity meter (E)", "kWh, reading at 08:00"),
        ("Water meter (N)", "m³, reading at 08:00"),
    ]


def test_sites_are_named_or_those_of_a_territory_or_all(make):
    assert [s.name for s in make("well", sites=["W2"]).sheets] == ["W2"]
    assert [s.name for s in make("well", territory="EAST").sheets] == ["W1", "W2"]
    assert [s.name for s in make("well").sheets] == ["W1", "W2"]


WRONG = {
    "a site without series": (
        {"sites": ["MUTE"]},
        "MUTE has no series for a reservoir",
    ),
    "an unknown site": ({"sites": ["RESS"]}, "no site 'RESS'; a site: 'RES'"),
    "a territory without sites": ({"territory": "EAST"}, "no reservoir of EAST"),
    "an unknown territory": ({"territory": "NORTH"}, "no territory 'NORTH'"),
    "a language": ({"language": "de"}, "use one of az, en, ru"),
    "too many days": ({"days": 2000}, "2,000 days are too many"),
    "a time": ({"at": "8 o'clock"}, "write one such as 08:00"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_cannot_be_asked_for_is_told(case, make):
    said, message = case
    with pytest.raises(UsageError, match=message.replace("(", "\\(")):
        make("reservoir", **said)


def test_an_unknown_kind_is_told(make):
    with pytest.raises(UsageError, match="'reservoir'"):
        make("resevoir")


def test_what_comes_every_hour_is_telemetry(frames, make):
    series = frames["series"].copy()
    of_turbines = series["code"] == "RES.QT"
    series.loc[of_turbines, "interval_s"] = 3600.0
    (sheet,) = make("reservoir", frames=frames | {"series": series}).sheets
    assert "RES.QT" not in [c.series for c in sheet.columns]
    only = series[of_turbines]
    with pytest.raises(UsageError, match=r"RES\.QT come by telemetry"):
        make("reservoir", sites=["RES"], frames=frames | {"series": only})


def test_codes_that_no_sheet_can_be_called_are_changed_and_stay_apart(frames, make):
    names = {"W1": "WELLS:OF:THE:NORTH-EASTERN-PLAIN:1", "W2": "WELLS:OF:THE:NORTH-"
             "EASTERN-PLAIN:2"}  # fmt: skip
    sites, series = frames["sites"].copy(), frames["series"].copy()
    sites["code"] = sites["code"].replace(names)
    series["site"] = series["site"].replace(names)
    form = make("well", frames=frames | {"sites": sites, "series": series})
    first, second = (sheet.name for sheet in form.sheets)
    assert first == "WELLS_OF_THE_NORTH-EASTERN-PLAI"
    assert second == "WELLS_OF_THE_NORTH-EASTERN-PL~2"


@pytest.mark.parametrize("kind", ["reservoir", "junction", "gauge", "well"])
def test_a_form_reads_back_from_what_it_carries(kind, make):
    form = make(kind, language="az")
    assert forms.of_identity(forms.identity(form)) == form


def test_equal_forms_give_equal_bytes(make):
    assert write.workbook(make("well")) == write.workbook(make("well"))


def test_every_word_and_instruction_is_there_in_three_languages():
    lengths = {language: len(lines) for language, lines in words.INSTRUCTIONS.items()}
    assert len(set(lengths.values())) == 1
    assert set(lengths) == set(written.LANGUAGES)
    for lines in words.INSTRUCTIONS.values():
        for line in lines:
            assert "{" not in line.format(start="08:00", zone="Z", calendar="c")


def test_a_calendar_of_another_zone_and_start_is_carried(frames, make):
    calendars = frames["calendars"].copy()
    calendars.loc[0, ["timezone", "day_start"]] = ["UTC", "00:00"]
    form = make("gauge", frames=frames | {"calendars": calendars})
    again = forms.of_identity(forms.identity(form))
    assert (again.calendar.timezone, again.calendar.day_start) == ("UTC", "00:00")
    assert again.start == dt.date(2024, 3, 1)
