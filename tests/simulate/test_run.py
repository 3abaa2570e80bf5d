"""A simulation on disk: complete or absent, the same bytes for the same seed."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from ewater import simulate
from ewater.balance.expressions import codes
from ewater.balance.ledger import Ledger
from ewater.cli.main import app
from ewater.errors import NotReadyError, UsageError
from ewater.simulate import grow
from ewater.simulate import truth as tables
from ewater.store import folder

if TYPE_CHECKING:
    from pathlib import Path

    from ewater.simulate import Simulation
    from ewater.simulate.ledger import Truth


def test_the_manifest_knows_every_file(simulation: Simulation):
    manifest = json.loads((simulation.folder / "manifest.json").read_text("utf-8"))
    assert [simulation.folder / row["path"] for row in manifest["files"]] == [
        file.path for file in simulation.files
    ]
    for file in simulation.files:
        data = file.path.read_bytes()
        assert hashlib.sha256(data).hexdigest() == file.sha256
        assert data.count(b"\n") == file.rows + 1


def test_files_are_listed_as_they_were_issued(simulation: Simulation):
    issued = [file.issued_at for file in simulation.files]
    assert issued == sorted(issued)
    assert all(moment.tzinfo is not None for moment in issued)
    assert simulation.files[-1].path.parent.name == "late"


def test_readings_are_canonical(simulation: Simulation):
    path = simulation.folder / "readings" / "rivers-2023.csv"
    table = pd.read_csv(path)
    assert list(table.columns) == ["series", "time", "value", "flag"]
    assert table["time"].str.endswith("+04:00").all()
    assert np.isfinite(table["value"]).all()
    assert not table.duplicated(["series", "time"]).any()


def test_a_corrected_month_comes_twice_with_different_values(simulation: Simulation):
    first = pd.read_csv(simulation.folder / "readings" / "rivers-2023.csv")
    later = pd.read_csv(simulation.folder / "late" / "rivers.csv")
    both = later.merge(first, on=["series", "time"], suffixes=("", "_first"))
    assert len(both) == len(later) > 0
    assert set(both["series"]) == {"KUR-YEV.Q"}
    np.testing.assert_allclose(both["value_first"] / both["value"], 1.15, rtol=1e-3)


def test_the_silent_enterprise_has_not_reported_in_2025(simulation: Simulation):
    reports = pd.read_csv(simulation.folder / "reports.csv", dtype=str)
    enterprises = folder.read(simulation.country)["enterprises"]
    silent = enterprises.loc[enterprises["name"] == "Xaçmaz Konserv", "code"].item()
    mine = reports[reports["enterprise"] == silent]["period_start"]
    assert mine.str.startswith("2024").any()
    assert not mine.str.startswith("2025").any()


def test_some_reports_were_revised_and_some_never_came(simulation: Simulation):
    reports = pd.read_csv(simulation.folder / "reports.csv")
    assert (reports["revision"] == 1).any()
    assert (reports["status"] == "approved").all()
    quarters = reports[reports["revision"] == 0].groupby(["enterprise", "item"]).size()
    assert not quarters.isin([20, 60]).all()


def test_returns_say_where_water_was_taken_and_nothing_of_where_it_went(simulation):
    reports = pd.read_csv(simulation.folder / "reports.csv")
    taken = reports["item"].isin(["abstraction", "received"])
    assert set(reports.loc[taken, "source"]) == {
        "canal",
        "groundwater",
        "reservoir",
        "river",
    }
    assert reports.loc[~taken, "source"].isna().all()


def test_the_truth_lies_beside_the_readings(simulation: Simulation, truth: Truth):
    flows = tables.read(simulation.folder)
    assert len(flows) == 60 * len(truth.flows)
    first = flows["period_start"].min()
    assert first == pd.Timestamp("2020-12-31T20:00:00Z")


def test_a_complete_simulation_is_left_alone(simulation: Simulation):
    before = (simulation.folder / "manifest.json").stat().st_mtime_ns
    again = simulate.run(
        simulation.country, simulation.folder, start="2023-08-28", end="2023-09-04"
    )
    assert again == simulation
    assert (simulation.folder / "manifest.json").stat().st_mtime_ns == before


@pytest.mark.slow
def test_half_a_simulation_is_made_again_with_the_same_bytes(
    simulation: Simulation, tmp_path: Path
):
    out = tmp_path / "out"
    shutil.copytree(simulation.folder, out)
    (out / "reports.csv").unlink()
    again = simulate.run(simulation.country, out, start="2023-08-28", end="2023-09-04")
    assert [f.sha256 for f in again.files] == [f.sha256 for f in simulation.files]
    left = [p.name for p in tmp_path.iterdir()]
    assert left == ["out"]


def test_a_folder_of_something_else_is_not_replaced(sample: Path, tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="no simulation"):
        simulate.run(sample, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("option", "said"),
    [({"scale": 0}, "give 1 or more"), ({"start": "2023-13-01"}, "not a day")],
)
def test_options_that_cannot_be_meant_are_refused(
    sample: Path, tmp_path: Path, option: dict[str, object], said: str
):
    with pytest.raises(UsageError, match=said):
        simulate.run(sample, tmp_path / "out", **option)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_country_without_drivers_cannot_be_simulated(sample: Path, tmp_path: Path):
    country = tmp_path / "country"
    shutil.copytree(sample, country, ignore=shutil.ignore_patterns("years.csv"))
    with pytest.raises(NotReadyError, match=r"simulation/years\.csv is missing"):
        simulate.run(country, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["country"]


def test_a_grown_country_is_a_country(frames: dict[str, pd.DataFrame], tmp_path: Path):
    folder.write(tmp_path / "grown", grow.grown(frames, 3))
    back = folder.read(tmp_path / "grown", expression_codes=codes)
    assert len(back["flows"]) == 3 * len(frames["flows"])
    assert len(back["series"]) == 3 * len(frames["series"])
    assert len(back["territories"]) == len(frames["territories"])
    outside = (
        frames["accounts"]["kind"].isin(["neighbour", "sea", "atmosphere"])
    ).sum()
    assert len(back["accounts"]) == 3 * (len(frames["accounts"]) - outside) + outside
    Ledger.build(back)


def test_a_scale_of_one_changes_nothing(frames: dict[str, pd.DataFrame]):
    same = grow.grown(frames, 1)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(pd.DataFrame(same[name]), pd.DataFrame(frame))


def test_the_command_names_a_country_that_is_not_there(tmp_path: Path):
    arguments = ["simulate", str(tmp_path / "out"), "--country", str(tmp_path / "no")]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code != 0
    assert isinstance(outcome.exception, NotReadyError)
    assert not (tmp_path / "out").exists()
