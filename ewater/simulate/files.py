"""Write what was simulated: reading files by kind and year, and the manifest."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from ewater.simulate import observe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from ewater.simulate.observe import Observed
    from ewater.simulate.telemetry import Instrument, Telemetry

STEP_MIN = 60  # every stamp lies on a whole hour
REPORT_ISSUE = "2026-01-20T09:00:00+04:00"
LATE_ISSUE = "2026-02-01T09:00:00+04:00"
GROUPS = {
    "level": "reservoirs",
    "evaporation": "climate",
    "precipitation": "climate",
    "volume": "meters",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFile:
    """One file of a simulation."""

    path: Path
    issued_at: datetime
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Readings of one series for one file."""

    series: str
    minute: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]


class Stamps:
    """Local minutes as ISO 8601 text with offset, each written once."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        grid = np.arange(first, last + STEP_MIN, STEP_MIN)
        texts = np.datetime_as_string(
            (grid * 60).astype("datetime64[s]"), unit="s"
        ).astype(object)
        self.text = pa.array(texts + "+04:00", type=pa.string())

    def of(self, minute: NDArray[np.int64]) -> pa.Array:
        """Texts of some minutes."""
        return self.text.take(pa.array((minute - self.first) // STEP_MIN))


def group_of(instrument: Instrument, kinds: dict[str, str]) -> str:
    """File that a series goes to; every copy has files of its own."""
    name = "canals" if kinds[instrument.site] in ("canal", "intake") else "rivers"
    if instrument.truth.startswith("history "):
        name = "history"
    elif instrument.quantity in GROUPS:
        name = GROUPS[instrument.quantity]
    return name if instrument.copy == 1 else f"{name}-c{instrument.copy}"


def write_readings(
    telemetry: Telemetry,
    instruments: Iterable[Instrument],
    out: Path,
    span: tuple[str | None, str | None],
    progress: Callable[[str], None],
) -> list[SimulatedFile]:
    """Make and write all readings, one group of series at a time on each core.

    Returns
    -------
    list of SimulatedFile
        Those that hold any reading.
    """
    sites = telemetry.country.model.frames["sites"]
    kinds = dict(zip(sites["code"], sites["kind"], strict=True))
    groups: dict[str, list[Instrument]] = {}
    for instrument in instruments:
        groups.setdefault(group_of(instrument, kinds), []).append(instrument)
    _prepare(telemetry)
    stamps = Stamps(int(observe.minutes("1991-01-01")[0]), int(telemetry.end) + 60 * 24)
    for folder in ("readings", "late"):
        (out / folder).mkdir(parents=True, exist_ok=True)

    def write_group(item: tuple[str, list[Instrument]]) -> list[SimulatedFile]:
        name, members = item
        made = [(m.code, telemetry.observe(m)) for m in members]
        written = _write_group(telemetry, name, made, out, stamps, span)
        rows = sum(f.rows for f in written)
        progress(f"{name}: {len(made)} series, {rows:,} readings")
        return written

    with ThreadPoolExecutor(max_workers=2) as pool:
        parts = list(pool.map(write_group, sorted(groups.items())))
    return [file for part in parts for file in part if file.rows]


def _prepare(telemetry: Telemetry) -> None:
    """Fill what threads share before they start."""
    _ = telemetry.curves, telemetry.replaced, telemetry.months
    _ = telemetry.country.reservoirs, telemetry.country.depths


def _write_group(
    telemetry: Telemetry,
    name: str,
    made: list[tuple[str, Observed]],
    out: Path,
    stamps: Stamps,
    span: tuple[str | None, str | None],
) -> list[SimulatedFile]:
    first, last = int(telemetry.truth.days.year[0]), int(telemetry.truth.days.year[-1])
    if name.startswith("history"):
        issued = f"{first}-01-10T09:00:00+04:00"
        columns = [_column(c, o, o.first, _wanted(o, span)) for c, o in made]
        return [_file(columns, f"readings/{name}.csv", issued, out, stamps)]
    files = []
    for year in range(first, last + 1):
        begin = observe.minutes(f"{year}-01-01")[0] if year > first else -(2**60)
        end = observe.minutes(f"{year + 1}-01-01")[0] if year < last else 2**60
        columns = []
        for code, seen in made:
            inside = (seen.minute > begin) & (seen.minute <= end) & ~seen.held
            columns.append(
                _column(code, seen, seen.first, inside & _wanted(seen, span))
            )
        issued = f"{year + 1}-01-10T09:00:00+04:00"
        files.append(_file(columns, f"readings/{name}-{year}.csv", issued, out, stamps))
    late = []
    for code, seen in made:
        changed = (seen.held | (seen.first != seen.value)) & _wanted(seen, span)
        if changed.any():
            late.append(_column(code, seen, seen.value, changed))
    if late:
        files.append(_file(late, f"late/{name}.csv", LATE_ISSUE, out, stamps))
    return files


def _wanted(seen: Observed, span: tuple[str | None, str | None]) -> NDArray[np.bool_]:
    keep = np.ones(len(seen.minute), dtype=bool)
    if span[0]:
        keep &= seen.minute >= observe.minutes(span[0])[0]
    if span[1]:
        keep &= seen.minute <= observe.minutes(span[1])[0] + 60
    return keep


def _column(
    code: str, seen: Observed, value: NDArray[np.float64], keep: NDArray[np.bool_]
) -> Column:
    return Column(
        series=code,
        minute=seen.minute[keep],
        value=value[keep],
        flag=seen.flag[keep],
    )


def _file(
    columns: list[Column], path: str, issued: str, out: Path, stamps: Stamps
) -> SimulatedFile:
    """Write ``series,time,value,flag``; an empty flag is one not evaluated."""
    sizes = [len(column.minute) for column in columns]
    names = pa.array([column.series for column in columns], type=pa.string())
    index = pa.array(np.repeat(np.arange(len(columns)), sizes))
    minute = np.concatenate([column.minute for column in columns])
    flag = np.concatenate([column.flag for column in columns])
    table = pa.table(
        {
            "series": names.take(index),
            "time": stamps.of(minute),
            "value": np.concatenate([column.value for column in columns]),
            "flag": pa.array(flag, mask=flag == 0),
        }
    )
    target = out / path
    with pa.OSFile(str(target), "wb") as sink:
        sink.write(b"series,time,value,flag\n")
        csv.write_csv(
            table,
            sink,
            csv.WriteOptions(include_header=False, quoting_style="none"),
        )
    return described(target, issued, table.num_rows)


def described(path: Path, issued: str, rows: int) -> SimulatedFile:
    """Hash a file that was written."""
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    return SimulatedFile(
        path=path,
        issued_at=datetime.fromisoformat(issued),
        sha256=digest,
        rows=rows,
    )


def write_reports(frame: pd.DataFrame, out: Path) -> SimulatedFile:
    """Write ``reports.csv``."""
    write_table(frame, out / "reports.csv")
    return described(out / "reports.csv", REPORT_ISSUE, len(frame))


def in_order(files: Iterable[SimulatedFile]) -> list[SimulatedFile]:
    """Sort files as they were issued."""
    return sorted(files, key=lambda file: (file.issued_at, file.path.name))


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table of few rows: the truth, the reports."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = frame.copy()
    for column in shown.columns:
        if isinstance(shown[column].dtype, pd.DatetimeTZDtype):
            shown[column] = shown[column].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    shown.to_csv(path, index=False, lineterminator="\n", float_format="%.15g")


def write_manifest(out: Path, key: dict[str, Any], files: list[SimulatedFile]) -> None:
    """Write last what makes the folder complete."""
    listed = [
        {
            "path": file.path.relative_to(out).as_posix(),
            "issued_at": file.issued_at.isoformat(),
            "sha256": file.sha256,
            "rows": file.rows,
        }
        for file in files
    ]
    text = json.dumps({**key, "files": listed}, indent=1, ensure_ascii=False)
    (out / "manifest.json").write_text(text + "\n", encoding="utf-8")


def read_manifest(out: Path, key: dict[str, Any]) -> list[SimulatedFile] | None:
    """Return the files of a complete simulation with this key, None if it is not."""
    try:
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if {name: manifest.get(name) for name in key} != key:
        return None
    files = [
        SimulatedFile(
            path=out / file["path"],
            issued_at=datetime.fromisoformat(file["issued_at"]),
            sha256=str(file["sha256"]),
            rows=int(file["rows"]),
        )
        for file in manifest["files"]
    ]
    return files if all(file.path.is_file() for file in files) else None
