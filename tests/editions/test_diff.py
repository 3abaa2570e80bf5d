"""What changed between two editions, and why: parts that add up to the whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ewater.accounts.editions import archive, checking, diff, parts, seal
from ewater.errors import UsageError
from ewater.store import registry

pytestmark = pytest.mark.db
HOURS = pd.date_range("2022-12-31T20:00Z", "2023-12-31T20:00Z", freq="h")


@pytest.fixture
def seal_later(wanted, signers):
    def go(engine, name):
        seal.seal(engine, wanted(name=name), signers["ana"], excepted=["coverage"])

    return go


def compared(engine, a="2023-annual", b="later"):
    document = diff.difference(diff.of_store(engine, a), diff.of_store(engine, b))
    for one in document["cells"]:
        if one["parts"] is not None:
            assert sum(one["parts"].values()) == pytest.approx(one["change"], abs=1e-5)
    return document, {(c["territory"], c["cell"]): c for c in document["cells"]}


def test_everything_at_once_is_split_in_the_fixed_order(
    sealed, seal_later, ingest, two_basins, tmp_path
):
    ingest(sealed, {"G-IN.Q": 11.0}, "2024-03-01T00:00Z", HOURS[:2001])  # corrections
    between = HOURS[3000:4000] + pd.Timedelta("30min")  # late data
    ingest(sealed, {"G-IN.Q": 12.0}, "2024-03-02T00:00Z", between)
    reports = two_basins["reports"]
    new = reports[(reports["item"] == "use") & (reports["status"] == "approved")].copy()
    new["value"], new["revision"] = 4100.0, 2
    flows = two_basins["flows"].copy()
    flows.loc[flows["code"] == "TAKE", "measured_by"] = "0.5 * PUMP.N"
    registry.load(sealed, {"reports": new, "flows": flows})
    seal_later(sealed, "later")
    document, cells = compared(sealed)
    assert document["groups"] == list(diff.GROUPS)
    causes = {
        group: [one["item"] for one in found]
        for group, found in document["causes"].items()
    }
    assert causes["late data"] == ["G-IN.Q"]
    assert causes["corrections"] == ["G-IN.Q"]
    (item,) = causes["returns"]
    assert item.startswith("reports E1")
    assert causes["registry"] == ["flows TAKE"]
    assert causes["curves"] == causes["program"] == []
    came = cells["TB", "balance.terms.inflow_from_neighbours"]
    assert came["a"] == 315_360_000
    # an instantaneous value counts to the next one: 2,000 hours of 11 instead of 10
    # and half an hour down; the late values stand between two of 10
    assert came["parts"]["late data"] == pytest.approx(1000 * 3600 * 1.0, rel=1e-3)
    assert came["parts"]["corrections"] == pytest.approx(2000.5 * 3600, rel=1e-3)
    assert came["parts"]["registry"] == 0
    taken = cells["TB", "balance.terms.abstraction"]
    assert taken["parts"]["registry"] == taken["change"] < 0

    paths = [tmp_path / f"{name}.tar" for name in ("2023-annual", "later")]
    for path in paths:
        archive.export(sealed, path.stem, path)
    assert diff.difference(*(diff.of_archive(path) for path in paths)) == document


def test_every_state_computed_by_another_program_comes_to_the_second_edition(
    sealed, seal_later, ingest, two_basins, monkeypatch
):
    ingest(sealed, {"G-IN.Q": 11.0}, "2024-03-01T00:00Z", HOURS[:2001])
    flows = two_basins["flows"].copy()
    flows.loc[flows["code"] == "TAKE", "measured_by"] = "0.5 * PUMP.N"
    flows.loc[flows["code"] == "IN", "measured_by"] = "G-MID.Q"  # not G-IN.Q any more
    registry.load(sealed, {"flows": flows})
    seal_later(sealed, "later")
    document, _ = compared(sealed)
    monkeypatch.setattr(diff.Side, "by_this_program", False)
    again, _ = compared(sealed)
    assert again == document
    (taken,) = (
        one
        for one in document["cells"]
        if (one["territory"], one["cell"]) == ("TB", "balance.terms.abstraction")
    )
    assert taken["parts"]["registry"] == taken["change"] < 0


def test_another_program_is_what_is_left_over(sealed, seal_later, ingest, tamper):
    ingest(sealed, {"G-IN.Q": 11.0}, "2024-03-01T00:00Z")
    seal_later(sealed, "later")
    _, plain = compared(sealed)
    key = "TB", "balance.terms.inflow_from_neighbours"
    side = diff.of_store(sealed, "2023-annual")
    cells = [
        line.replace("inflow_from_neighbours,m3,315360000,315360000",
                     "inflow_from_neighbours,m3,315360007,315360007")
        for line in side.sealed.of(parts.CELLS)
    ]  # fmt: skip
    lines = {**side.sealed.lines, parts.CELLS: cells, parts.CODE: ["losses.py 00"]}
    older = diff.Side(
        sealed=checking.Sealed(
            name="older", root=b"", roots=side.sealed.roots, lines=lines
        ),
        spec=side.spec,
        frames=side.frames,
        readings=side.readings,
    )
    document = diff.difference(older, diff.of_store(sealed, "later"))
    cell = {(c["territory"], c["cell"]): c for c in document["cells"]}[key]
    assert cell["parts"]["program"] == -7
    assert cell["parts"]["corrections"] == plain[key]["change"]
    assert cell["change"] == plain[key]["change"] - 7
    items = [one["item"] for one in document["causes"]["program"]]
    assert "losses.py" in items


def test_equal_editions_differ_in_nothing(sealed, seal_later):
    seal_later(sealed, "later")
    document, cells = compared(sealed)
    assert cells == {}
    assert not any(document["causes"].values())


def test_editions_of_different_accounts_are_not_compared(sealed, wanted, signers):
    other = wanted(name="east", territory="EAST")
    seal.seal(sealed, other, signers["ana"], excepted=["coverage"])
    with pytest.raises(UsageError, match="territory TB, east has EAST"):
        compared(sealed, "2023-annual", "east")


def test_late_readings_are_added_and_nothing_else_is_changed():
    import xarray as xr

    def readings(times, values):
        n = len(times)
        return xr.Dataset(
            {
                "row_size": ("series", np.array([n])),
                "time": ("reading", np.array(times, "M8[us]")),
                "value": ("reading", np.array(values, float)),
                "flag": ("reading", np.ones(n, np.uint8)),
                "failed": ("reading", np.zeros(n, np.uint32)),
                "lineage": ("reading", np.zeros(n, np.uint8)),
            },
            coords={"series": ["Q"]},
        )

    days = ["2023-01-01", "2023-01-02", "2023-01-04"]
    first = readings(days, [1, np.nan, 4])
    second = readings([days[0], "2023-01-03", days[2]], [1, 3, 5])
    causes = {group: [] for group in diff.GROUPS}
    late = diff.merged(first, second, causes)
    np.testing.assert_array_equal(late["value"], [1, np.nan, 3, 4])
    (come,), (corrected,) = causes["late data"], causes["corrections"]
    span = "2023-01-03T00:00:00Z to 2023-01-03T00:00:00Z"
    assert come == {"item": "Q", "what": f"1 readings, {span}"}
    span = "2023-01-02T00:00:00Z to 2023-01-04T00:00:00Z"
    assert corrected == {"item": "Q", "what": f"2 readings, {span}"}
