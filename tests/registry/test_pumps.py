"""Pump tests of the country folder: what is refused, and where."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ewater.balance.expressions import codes
from ewater.errors import FaultsError
from ewater.store import folder, registry

WELLS = Path(__file__).parents[1] / "countries" / "wells"
HEADER = "series,valid_from,valid_to,rated_m3h,m3_per_kwh,u_pct\n"


@pytest.fixture
def wells(tmp_path):
    """Write pumps.csv of a copy of the country and read it."""
    target = tmp_path / "wells"
    shutil.copytree(WELLS, target)

    def read(*rows):
        (target / "pumps.csv").write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
        return folder.read(target, expression_codes=codes)

    return read


FAULTS = {
    "no factor": ("W1.T,2023-01-01,,,,", 2, "rated_m3h", "is empty"),
    "both factors": ("W1.T,2023-01-01,,72,1.8,", 2, "m3_per_kwh", "beside rated_m3h"),
    "factor of the other quantity": (
        "W2.E,2023-01-01,,72,,", 2, "m3_per_kwh", "the series measures energy"),
    "a series that is no pump": (
        "W2.N,2023-01-01,,72,,", 2, "series", "'W2.N' measures volume"),
    "an unknown series": ("W9.T,2023-01-01,,72,,", 2, "series", "not in series.csv"),
    "no validity": ("W1.T,,,72,,", 2, "valid_from", "is empty"),
    "validity that ends before it begins": (
        "W1.T,2023-01-02,2023-01-01,72,,", 2, "valid_to", "is not after valid_from"),
    "overlapping validities": (
        "W1.T,2023-01-01,2023-06-01,72,,\nW1.T,2023-05-01,,60,,",
        3, "valid_from", "starts before another validity of W1.T ends"),
    "the same test twice": (
        "W1.T,2023-01-01,,72,,\nW1.T,2023-01-01,,60,,", 3, "series", "repeats line 2"),
    "no flow at all": ("W1.T,2023-01-01,,0,,", 2, "rated_m3h", "out of range"),
    "negative uncertainty": ("W1.T,2023-01-01,,72,,-1", 2, "u_pct", "out of range"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
def test_a_wrong_pump_test_names_its_line(wells, case):
    text, line, column, message = case
    with pytest.raises(FaultsError) as caught:
        wells(*text.split("\n"))
    found = caught.value.faults
    assert any(
        (f.file, f.line, f.column) == ("pumps.csv", line, column)
        and message in f.message
        for f in found
    ), str(caught.value)


def test_a_gap_between_tests_is_allowed_and_local_times_are_the_countrys(wells):
    frames = wells("W1.T,2023-01-01,2023-02-01,72,,", "W1.T,2023-03-01,,60,,5")
    assert frames["pumps"]["valid_from"].dt.strftime("%m-%d %H").tolist() == [
        "12-31 20", "02-28 20",
    ]  # fmt: skip


@pytest.mark.db
def test_pump_tests_are_kept_as_of_every_time(engine, wells):
    registry.load(engine, folder.read(WELLS, expression_codes=codes))
    with engine.connect() as connection:
        then = registry.version(connection)
        first = registry.read_table(connection, "pumps")
    later = wells("W1.T,2023-01-01,,70,,5")
    summary = registry.load(engine, {"pumps": later["pumps"]})
    assert summary.tables["pumps"].retired + summary.tables["pumps"].changed == 3
    with engine.connect() as connection:
        now = registry.read_table(connection, "pumps")
        before = registry.read_table(connection, "pumps", then)
    assert now["rated_m3h"].tolist() == [70.0]
    assert before.equals(first)
    assert first["rated_m3h"].notna().sum() == 2
