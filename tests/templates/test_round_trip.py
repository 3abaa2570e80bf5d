"""From the registry to a workbook, through hands, to readings."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from ewater.ingest import edits, replay
from ewater.ingest.outcome import Options
from ewater.store import folder, registry

pytestmark = pytest.mark.db

WELLS = Path(__file__).parents[1] / "countries" / "wells"


def counts(outcome):
    found = outcome.counts
    return found.new, found.corrected, found.unchanged, found.rejected


CELLS = {
    # level, volume, inflow, irrigation, spillway, turbines, rain, evaporation
    "reservoir": {"RES!B6": 71.25, "RES!C6": 51.5, "RES!D6": 12, "RES!E6": 0,
                  "RES!I6": 4.5},
    "junction": {"HJ!B6": 40, "HJ!C6": 10.5, "HJ!D6": 9},
    "gauge": {"G!B6": 150, "G!C6": 155, "G!D6": 33.3},
    "well": {"W1!B6": 10.5, "W1!C6": -12.3, "W2!B6": 1250, "W2!C6": 77},
}  # fmt: skip
MORNING, NEXT = "2024-03-01T04:00", "2024-03-02T04:00"  # 08:00 in Baku
STORED = {
    "reservoir": {"RES.H": [(MORNING, 71.25)], "RES.S": [(MORNING, 51.5e6)],
                  "RES.QIN": [(NEXT, 12.0)], "RES.QC": [(NEXT, 0.0)],
                  "RES.E": [(NEXT, 0.0045)], "RES.QT": []},
    "junction": {"HJ.Q": [(NEXT, 40.0)], "HJ.QA": [(NEXT, 10.5)],
                 "HJ.QB": [(NEXT, 9.0)]},
    "gauge": {"G.H": [(MORNING, 1.5), ("2024-03-01T16:00", 1.55)],
              "G.Q": [(NEXT, 33.3)]},
    "well": {"W1.T": [(NEXT, 37_800.0)], "W1.LS": [(MORNING, -12.3)],
             "W2.E": [(MORNING, 4.5e9)], "W2.N": [(MORNING, 77.0)]},
}  # fmt: skip


@pytest.mark.parametrize("language", ["az", "en", "ru"])
@pytest.mark.parametrize("kind", CELLS)
def test_what_is_typed_in_is_what_is_stored(
    kind, language, blank, filled, hand_in, stored
):
    raw = filled(blank(kind, language=language), CELLS[kind])
    outcome = hand_in(raw)
    assert counts(outcome) == (len(CELLS[kind]), 0, 0, 0), outcome.rejects
    for code, readings in STORED[kind].items():
        found = stored(code)
        assert [time for time, _ in found] == [time for time, _ in readings], code
        assert [value for _, value in found] == pytest.approx(
            [value for _, value in readings]
        )


def test_an_empty_workbook_as_it_was_written_has_no_readings(blank, hand_in):
    outcome = hand_in(blank("reservoir"))
    assert counts(outcome) == (0, 0, 0, 0)
    assert outcome.cleared == ()


def test_a_month_is_handed_in_again_and_again(blank, filled, hand_in, stored):
    raw = blank("junction")
    first = filled(raw, {"HJ!B6": 40, "HJ!B7": 41})
    assert counts(hand_in(first)) == (2, 0, 0, 0)
    again = hand_in(first)
    assert again.known
    resaved = filled(first, {"HJ!E6": "pump repaired"})  # a remark is not read
    assert counts(hand_in(resaved)) == (0, 0, 2, 0)
    later = filled(first, {"HJ!B7": 43, "HJ!B8": 44})
    assert counts(hand_in(later)) == (1, 1, 1, 0)
    assert [value for _, value in stored("HJ.Q")] == [40.0, 43.0, 44.0]


def test_a_cleared_cell_withdraws_nothing_and_says_so(blank, filled, hand_in, stored):
    raw = blank("junction")
    hand_in(filled(raw, {"HJ!B6": 40, "HJ!B7": 41}))
    outcome = hand_in(filled(raw, {"HJ!B6": 40}))
    assert counts(outcome) == (0, 0, 1, 0)
    assert outcome.cleared == ("HJ!B7 (HJ.Q at 2024-03-03T04:00:00Z)",)
    assert len(stored("HJ.Q")) == 2


def test_a_retracted_reading_is_not_said_to_stand(
    blank, filled, hand_in, country, stored
):
    import numpy as np

    raw = blank("junction")
    hand_in(filled(raw, {"HJ!B6": 40}))
    time = np.array(["2024-03-02T04:00"], "M8[us]").astype(np.int64)
    edits.retract(country, "HJ.Q", time, note="was of another gauge")
    outcome = hand_in(filled(raw, {"HJ!C6": 1}))
    assert outcome.cleared == ()
    assert stored("HJ.Q") == []


def test_a_trial_tells_the_same_and_writes_nothing(blank, filled, hand_in, stored):
    raw = filled(blank("junction"), {"HJ!B6": 40, "HJ!C6": "1,5"})
    outcome = hand_in(raw, dry_run=True)
    assert counts(outcome) == (1, 0, 0, 1)
    assert [r.column for r in outcome.rejects] == ["HJ!C6"]
    assert stored("HJ.Q") == []


def test_a_series_that_is_gone_is_held_and_replayed(
    blank, filled, hand_in, country, stored
):
    frames = folder.read(WELLS)
    rest = frames["series"][frames["series"]["code"] != "W1.LS"]
    registry.load(country, {"series": rest})
    outcome = hand_in(filled(blank("well"), {"W1!B6": 10, "W1!C6": 12}))
    assert counts(outcome) == (1, 0, 0, 1)
    assert outcome.rejects[0].held
    assert outcome.rejects[0].column == "W1!C6"
    registry.load(country, {"series": frames["series"]})
    (again,) = replay.replay(country, outcome.load, Options())
    assert counts(again) == (1, 0, 0, 0)
    assert stored("W1.LS") == [(MORNING, 12.0)]


def test_words_of_any_alphabet_refuse_their_cell_only(blank, filled, hand_in):
    raw = blank("junction", language="az")
    outcome = hand_in(filled(raw, {"HJ!B6": 40, "HJ!C6": "нет", "HJ!D6": "ölçülməyib"}))
    assert counts(outcome) == (1, 0, 0, 2)
    assert [r.raw for r in outcome.rejects] == ["нет", "ölçülməyib"]


def test_readings_of_days_to_come_are_refused(blank, filled, hand_in):
    now = dt.datetime(2024, 3, 2, 5, tzinfo=dt.UTC)
    raw = filled(blank("junction"), {"HJ!B6": 40, "HJ!B7": 41})
    outcome = hand_in(raw, now=now)
    assert counts(outcome) == (1, 0, 0, 1)
    assert outcome.rejects[0].reason == "future"
    assert outcome.rejects[0].column == "HJ!B7"


def test_the_calendar_of_1904_means_the_same_days(blank, filled, hand_in, stored):
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    def as_on_a_mac(book):
        book.epoch = CALENDAR_MAC_1904

    raw = filled(blank("junction"), {"HJ!B6": 40}, as_on_a_mac)
    assert load_workbook(io.BytesIO(raw)).epoch == CALENDAR_MAC_1904
    assert counts(hand_in(raw)) == (1, 0, 0, 0)
    assert stored("HJ.Q") == [(NEXT, 40.0)]


def test_other_workbooks_are_no_templates(hand_in):
    from openpyxl import Workbook

    from ewater.errors import FaultsError

    book, out = Workbook(), io.BytesIO()
    book.active.append(["series", "time", "value"])
    book.save(out)
    with pytest.raises(FaultsError, match="did not write; save a template as"):
        hand_in(out.getvalue())
