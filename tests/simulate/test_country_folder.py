"""The committed country folder keeps its promises on its own."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ewater.balance.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

    Frames = dict[str, pd.DataFrame]

LIMIT_BYTES = 8_000_000


def test_the_folder_holds_the_country_it_describes(frames: Frames):
    kinds = frames["territories"]["kind"].value_counts()
    assert kinds.to_dict() == {"district": 77, "basin": 9, "country": 1}
    sites = frames["sites"]["kind"].value_counts()
    assert sites["reservoir"] == 18
    archive = frames["series"]["code"].str.endswith(".QD")
    assert archive.sum() == 25
    assert len(frames["enterprises"]) >= 40
    operators = set(frames["enterprises"]["code"]) - set(
        frames["permits"]["enterprise"]
    )
    assert len(operators) == 9, "who delivers alone takes nothing that needs a permit"


def test_the_ledger_of_the_sample_can_be_built(frames: Frames):
    built = Ledger.build(frames)
    assert built.flows.size == len(frames["flows"])


def test_every_name_is_given_in_three_languages(frames: Frames):
    for name in ("territories", "sites"):
        names = frames[name][["name_az", "name_en", "name_ru"]]
        assert names.notna().all(axis=None)
        assert (names.map(str.strip) != "").all(axis=None)


def test_everything_says_that_it_is_simulated(frames: Frames):
    notices = frames["notices"].set_index("code")
    assert {"simulated", "illustrative_basins"} <= set(notices.index)
    assert notices[["text_az", "text_en", "text_ru"]].notna().all(axis=None)
    assert "SIMULATED" in notices.loc["simulated", "text_en"]


def test_the_committed_folder_is_small(sample: Path):
    size = sum(path.stat().st_size for path in sample.rglob("*") if path.is_file())
    assert size < LIMIT_BYTES


def test_one_reach_and_one_district_are_shared_between_basins(frames: Frames):
    rows = frames["account_territories"]
    kinds = frames["territories"].set_index("code")["kind"]
    sums = rows.groupby(["account", rows["territory"].map(kinds)])["share"].sum()
    assert np.allclose(sums, 1)
    assert (rows.loc[rows["account"] == "R-KURA-3", "share"] == 0.5).all()
    straddling = rows[rows["territory"] == "NE-69"]["account"]
    assert {"AG-NE-69", "HH-NE-69"} <= set(straddling)


def test_border_reservoirs_are_shared_half_and_half(frames: Frames):
    shares = frames["accounts"].set_index("code")["share"]
    halves = set(shares.index[shares == 0.5])
    assert halves == {"RES-ARZ", "RES-KHU", "RES-GIZ"}


def test_the_nakhchivan_araz_leaves_and_comes_back(frames: Frames):
    flows = frames["flows"].set_index("code")
    left = flows.loc["RES-ARZ:IR"]
    assert left["term"] == "outflow_to_neighbours"
    back = flows.loc[left["re_enters"]]
    assert back["term"] == "inflow_from_neighbours"
    assert back["from"] == "IR"


def test_every_flow_says_how_it_is_known(frames: Frames):
    assert frames["flows"]["measured_by"].notna().all()


def test_exactly_one_report_has_no_fallback(frames: Frames):
    known = frames["flows"].set_index("code")["measured_by"]
    bare = known[known.str.startswith("report:") & ~known.str.contains(" else ")]
    assert list(bare.index) == ["GW-SAM:IN-NE-19"]


def test_storage_and_area_curves_agree_within_one_percent(frames: Frames):
    curves = frames["curves"]
    for site, mine in curves.groupby("site"):
        stored = mine[mine["kind"] == "storage"].sort_values("x")
        area = mine[mine["kind"] == "area"].sort_values("x")
        assert stored["x"].to_list() == area["x"].to_list()
        rise = np.diff(stored["x"])
        assert (rise > 0).all(), site
        mean = 0.5 * (area["y"].to_numpy()[1:] + area["y"].to_numpy()[:-1])
        np.testing.assert_allclose(np.diff(stored["y"]), mean * rise, rtol=0.01)


def test_a_full_reservoir_holds_its_capacity(frames: Frames):
    curves = frames["curves"]
    for row in frames["sites"].query("kind == 'reservoir'").itertuples():
        mine = curves[(curves["site"] == row.code) & (curves["kind"] == "storage")]
        mine = mine.sort_values("x")
        held = np.interp(row.full_level_m, mine["x"], mine["y"])
        assert held == pytest.approx(row.capacity_m3, rel=0.01)
        assert mine["y"].min() < row.dead_m3 < row.capacity_m3


def test_stations_and_published_figures_are_those_of_the_facts(
    frames: Frames, shared_data: Path
):
    with (shared_data / "facts" / "stations.csv").open(encoding="utf-8") as source:
        facts = {row["code"]: row for row in csv.DictReader(source)}
    sites = frames["sites"].set_index("code")
    assert len(facts) == 25
    for code, row in facts.items():
        assert sites.loc[code, "kind"] == "river_gauge"
        assert sites.loc[code, "lat"] == float(row["lat"])
        assert sites.loc[code, "lon"] == float(row["lon"])
    path = shared_data / "facts" / "published_water_numbers.csv"
    with path.open(encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    published = frames["published"]
    assert len(published) == len(rows)
    assert published["source"].notna().all()


def test_the_folder_is_what_its_tables_and_the_facts_give(
    sample: Path, shared_data: Path, tmp_path: Path
):
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-m", "tools.sample", str(shared_data), str(tmp_path)],
        check=True,
        cwd=root,
    )
    made = {p.relative_to(tmp_path): p for p in tmp_path.rglob("*") if p.is_file()}
    assert made
    for name, path in made.items():
        assert (sample / name).read_bytes() == path.read_bytes(), name
