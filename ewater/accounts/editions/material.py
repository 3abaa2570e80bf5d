"""What an edition is made from: registry, readings, periods and parameters."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from ewater.accounts import pipeline, runs
from ewater.accounts.editions.merkle import canonical
from ewater.errors import NotReadyError
from ewater.series import calendars
from ewater.store import chunks, folder, registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.accounts.memory import Memory
    from ewater.series.calendars import Calendar
    from ewater.terms import Step

#: Least coverage of inflow, outflow and storage change that is sealed without a word.
LEAST_COVERAGE = 0.75
FORMAT = 1  # of parts and archive, docs/editions.md


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """Parameters of an edition: what is accounted for, and as known when."""

    name: str
    territory: str
    start: dt.date
    end: dt.date
    step: Step
    calendar: str
    boundary: str
    as_of: dt.datetime
    least_coverage: float = LEAST_COVERAGE
    basis: str = "actual"
    scenario: str = ""

    def lines(self, bounds: NDArray[np.int64]) -> list[str]:
        """Write the parameters, one by line; the bounds of all periods too."""
        said = asdict(self) | {
            "format": FORMAT,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "as_of": iso(self.as_of),
            "bounds": edges(bounds),
        }
        return [f"{key} {canonical(said[key])}" for key in sorted(said)]

    @classmethod
    def read(cls, lines: Iterable[str]) -> Spec:
        """Read what `lines` wrote."""
        said: dict[str, Any] = {}
        for line in lines:
            key, _, value = line.partition(" ")
            said[key] = json.loads(value)
        return cls(
            **{k: said[k] for k in cls.__slots__ if k not in ("start", "end", "as_of")},
            start=dt.date.fromisoformat(said["start"]),
            end=dt.date.fromisoformat(said["end"]),
            as_of=dt.datetime.fromisoformat(said["as_of"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that the figures of an edition follow from, besides the program."""

    spec: Spec
    frames: Mapping[str, pd.DataFrame]
    readings: xr.Dataset
    bounds: NDArray[np.int64]
    calendar: Calendar

    def run(self, memory: Memory | None = None) -> runs.Run:
        """Compute the account, from the beginning or from what is remembered."""
        return runs.Run(
            code=f"edition {self.spec.name}",
            step=self.spec.step,
            calendar=self.calendar,
            bounds=self.bounds,
            as_of=self.spec.as_of,
            basis=self.spec.basis,
            inputs=pipeline.compute(
                self.frames, self.readings, self.bounds, self.calendar, memory
            ),
            frames=self.frames,
        )

    def with_parts(
        self, frames: Mapping[str, pd.DataFrame], readings: xr.Dataset | None = None
    ) -> Material:
        """Put other tables, or other readings, in the place of these."""
        return replace(
            self,
            frames={**self.frames, **frames},
            readings=self.readings if readings is None else readings,
        )


def of(
    spec: Spec, frames: Mapping[str, pd.DataFrame], readings: xr.Dataset
) -> Material:
    """Put frames and readings of a state together."""
    calendar = runs.calendar_of(frames["calendars"], spec.calendar or None)
    return Material(
        spec=spec,
        frames=frames,
        readings=readings,
        bounds=calendars.bounds(calendar, spec.start, spec.end, spec.step),
        calendar=calendar,
    )


def from_store(connection: Connection, spec: Spec) -> Material:
    """Read the state of ``spec.as_of`` from a store.

    Raises
    ------
    NotReadyError
        There was no country then.
    """
    frames = registry.read(connection, spec.as_of)
    if frames["accounts"].empty:
        raise NotReadyError(f"no country was loaded by {spec.as_of.isoformat()}")
    codes = pipeline.needs(frames).all()
    return of(spec, frames, chunks.read(connection, codes, as_of=spec.as_of))


def table_lines(name: str, frame: pd.DataFrame) -> list[str]:
    """Write a table of the registry, a row by line as canonical JSON, in order.

    Cells that are not given are left out; times are ISO 8601 in UTC, areas WKB in
    hexadecimal digits.
    """
    columns: dict[str, list[Any]] = {}
    for column in frame.columns:
        values = frame[column]
        if column == "geometry":
            columns["geometry"] = [
                None if area is None else shapely.to_wkb(area, hex=True)
                for area in values
            ]
        elif isinstance(values.dtype, pd.DatetimeTZDtype):
            columns[column] = [None if pd.isna(t) else written(t) for t in values]
        else:
            known = values.astype(object).where(values.notna(), None)
            columns[column] = known.tolist()
    names = sorted(columns)
    return [
        canonical({k: v for k, v in zip(names, row, strict=True) if v is not None})
        for row in zip(*(columns[name] for name in names), strict=True)
    ]


def table_of(name: str, lines: Iterable[str]) -> pd.DataFrame:
    """Read back what `table_lines` wrote."""
    rows = [json.loads(line) for line in lines]
    if name == "site_territories":
        columns = ["site", "territory"]
        return pd.DataFrame(rows, columns=columns, dtype="str")
    frame = pd.DataFrame(rows)
    if "geometry" in frame:
        frame["geometry"] = [
            None if pd.isna(text) else shapely.from_wkb(text)
            for text in frame["geometry"]
        ]
    return folder.canonical({name: frame})[name]


def edges(bounds: NDArray[np.int64]) -> list[str]:
    """Write the bounds of periods."""
    return [written(pd.Timestamp(int(bound), unit="us")) for bound in bounds]


def written(time: pd.Timestamp) -> str:
    """Write an instant in UTC to the microsecond, shortest."""
    return f"{time.tz_localize(None).isoformat()}Z"


def iso(time: dt.datetime) -> str:
    """Write an instant in UTC with its offset."""
    return time.astimezone(dt.UTC).isoformat()
