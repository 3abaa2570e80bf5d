"""A seeded country: true ledger, telemetry with faults, reports.

Everything here is made up on published totals; no value comes from an instrument.
"""

from __future__ import annotations

import datetime
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ewater.errors import NotReadyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ewater.simulate.files import SimulatedFile
    from ewater.simulate.ledger import Truth
    from ewater.simulate.model import Model
    from ewater.simulate.telemetry import Instrument

SEED = 20210101


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A complete simulation on disk.

    Attributes
    ----------
    folder
        Holds everything below.
    country
        The country folder that the readings belong to: the given one, or the grown
        one inside ``folder``.
    files
        Readings and ``reports.csv``, in the order in which they were issued.
    """

    folder: Path
    country: Path
    files: tuple[SimulatedFile, ...]

    @property
    def rows(self) -> int:
        """Number of readings and reports in all files."""
        return sum(file.rows for file in self.files)


def sample() -> Path:
    """Folder of the national sample: beside the sources, or inside the package.

    Raises
    ------
    NotReadyError
        It was not installed.
    """
    package = Path(__file__).parents[1]
    for place in (package.parent / "data" / "samples", package / "samples"):
        if (place / "azerbaijan").is_dir():
            return place / "azerbaijan"
    raise NotReadyError("the national sample is not here; run from a clone")


def run(
    country: Path,
    out: Path,
    *,
    seed: int = SEED,
    scale: int = 1,
    start: str | None = None,
    end: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Simulation:
    """Simulate a country, or return at once when ``out`` already holds just that.

    Parameters
    ----------
    country
        Country folder with its ``simulation`` tables.
    out
        Folder for the result. It is written beside and renamed when complete.
    seed
        The same seed, country and code give the same bytes.
    scale
        Copies of the network, for benchmarks; above 1 a grown country folder is
        written as well.
    start, end
        Local dates between which readings are kept; the true ledger and the reports
        are always of all years.
    progress
        Called with one line for each step.

    Raises
    ------
    UsageError
        ``scale`` is below 1, or ``out`` holds something else.
    NotReadyError, FaultsError, SimulationError
        The country cannot be read or simulated.
    """
    from ewater.simulate import files

    if scale < 1:
        raise UsageError(f"scale is {scale}; give 1 or more")
    country, out = Path(country), Path(out)
    for date in (start, end):
        _check_date(date)
    key = {
        "seed": seed,
        "scale": scale,
        "start": start,
        "end": end,
        "country": _digest(sorted(country.rglob("*.*"))),
        "code": _digest(sorted(Path(__file__).parent.glob("*.py"))),
    }
    done = files.read_manifest(out, key)
    if done is None:
        _check_replaceable(out)
        _make(country, out, key, progress or (lambda _line: None))
        done = files.read_manifest(out, key)
    return Simulation(
        folder=out,
        country=out / "country" if scale > 1 else country,
        files=tuple(done or ()),
    )


def _check_date(date: str | None) -> None:
    if date is None:
        return
    try:
        given = datetime.date.fromisoformat(date)
    except ValueError:
        given = None
    if given is None or given.isoformat() != date:
        raise UsageError(f"{date!r} is not a day; write for example 2023-01-01")


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _check_replaceable(out: Path) -> None:
    """Only an empty folder or an earlier simulation may be replaced."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; name a folder for the simulation")
    if out.is_dir() and any(out.iterdir()) and not (out / "manifest.json").is_file():
        raise UsageError(
            f"{out} holds files that are no simulation; name an empty folder"
        )


def _make(
    country: Path, out: Path, key: dict[str, Any], progress: Callable[[str], None]
) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _write(country, building, key, progress)
        if out.exists():
            shutil.rmtree(out)
        building.chmod(0o755)
        building.replace(out)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _write(
    country: Path, out: Path, key: dict[str, Any], progress: Callable[[str], None]
) -> None:
    from ewater.simulate import calibrate, files, ledger, model, returns, telemetry

    world = ledger.Country(model.load(country), int(key["seed"]))
    truth = calibrate.calibrate(world)
    progress(f"true ledger: {len(truth.flows)} flows, {len(truth.accounts)} stocks")
    readings = telemetry.Telemetry(world, truth)
    instruments = telemetry.instruments(
        world.model.frames["series"], world.model.drivers["series"]
    )
    scale = int(key["scale"])
    made = files.write_readings(
        readings,
        _copies(instruments, scale),
        out,
        (key["start"], key["end"]),
        progress,
    )
    made.append(files.write_reports(returns.reports(world, truth), out))
    _write_truth(truth, out, scale)
    if scale > 1:
        _write_country(world.model, out / "country", scale)
    files.write_manifest(out, key, files.in_order(made))


def _copies(instruments: list[Instrument], scale: int) -> list[Instrument]:
    """Repeat every instrument: same truth and site, errors of its own."""
    from dataclasses import replace

    from ewater.simulate import grow

    copies = list(instruments)
    for number in range(2, scale + 1):
        end = grow.suffix(number)
        copies += [
            replace(one, code=one.code + end, copy=number) for one in instruments
        ]
    return copies


def _write_truth(truth: Truth, out: Path, scale: int) -> None:
    import pandas as pd

    from ewater.simulate import files, grow
    from ewater.simulate import truth as tables

    for name, column, table in (
        ("flows", "flow", tables.monthly(truth)),
        ("stocks", "account", tables.stocks(truth)),
    ):
        copies = [
            table.assign(**{column: table[column] + grow.suffix(number)})
            for number in range(2, scale + 1)
        ]
        whole = pd.concat([table, *copies], ignore_index=True)
        files.write_table(whole, out / "truth" / f"{name}.csv")


def _write_country(model: Model, out: Path, scale: int) -> None:
    from ewater.simulate import grow
    from ewater.store import folder

    folder.write(out, grow.grown(model.frames, scale))
