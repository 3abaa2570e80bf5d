"""Instants that one file gives more than once, found by reading it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.ingest.parse import Parsed, Reject, readable
from ewater.ingest.window import WINDOW_ROWS, Spans, raw_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from ewater.store.rows import Rows

_KEY = ["series", "time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """What a file says more than once.

    ``series`` are those concerned; ``contradicted`` (instant, 2) are the series and
    times with unequal readings, ``rejects`` their rows. ``counted`` are rows of
    contradicted instants that a window took for good, and ``surplus`` those and the
    rows that repeat an instant of an earlier window: both sorted, as series and rows.
    """

    series: NDArray[np.int32]
    contradicted: NDArray[np.int64]
    rejects: list[Reject]
    counted: tuple[NDArray[np.int32], Rows]
    surplus: tuple[NDArray[np.int32], Rows]


def find(
    bodies: Iterable[tuple[bytes, int]],
    parse: Callable[[bytes, int], Parsed],
    spans: Spans,
    conflicts: Sequence[NDArray[np.int64]],
) -> Repeats:
    """Read the file again and settle every instant it gives more than once."""
    pairs = np.concatenate([np.empty((0, 2), np.int64), *conflicts])
    rows = _collect(bodies, parse, spans)
    rows = rows[rows.duplicated(_KEY, keep=False)]
    groups = rows.groupby(_KEY, sort=False)
    unequal = (groups["value"].transform(_different) > 1) | (
        groups["flag"].transform("nunique") > 1
    )
    bad = rows[unequal]
    once = rows.drop_duplicates([*_KEY, "window"])
    in_window = rows.groupby([*_KEY, "window"], sort=False)
    clear = (in_window["value"].transform(_different) == 1) & (
        in_window["flag"].transform("nunique") == 1
    )
    counted = once[unequal[once.index] & clear[once.index]]
    again = once[~unequal[once.index] & once.duplicated(_KEY)]
    return Repeats(
        series=np.union1d(rows["series"], pairs[:, 0]).astype(np.int32),
        contradicted=bad.drop_duplicates(_KEY)[_KEY].to_numpy(np.int64),
        rejects=_rejects(bad),
        counted=_as_rows(counted),
        surplus=_as_rows(pd.concat([counted, again])),
    )


def _different(values: pd.Series[float]) -> int:
    """How many different values there are; missing is one."""
    return int(values.nunique(dropna=False))


def _collect(
    bodies: Iterable[tuple[bytes, int]],
    parse: Callable[[bytes, int], Parsed],
    spans: Spans,
) -> pd.DataFrame:
    """Rows in the spans, with line, text and the window they were in."""
    found = []
    window = held = 0
    for body, first_line in bodies:
        block = parse(body, first_line)
        near = (block.time >= spans.first[block.series]) & (
            block.time <= spans.last[block.series]
        )
        frame = pd.DataFrame(
            {
                "series": block.series[near],
                "time": block.time[near],
                "value": block.value[near],
                "flag": block.flag[near],
                "line": block.line[near],
                "column": _columns(block, near),
                "window": window,
                "raw": [
                    body[a:b]
                    for a, b in zip(block.first[near], block.last[near], strict=True)
                ],
            }
        )
        found.append(frame)
        held += len(block.series)
        if held >= WINDOW_ROWS:
            window, held = window + 1, 0
    return pd.concat(found, ignore_index=True)


def _columns(block: Parsed, near: NDArray[np.bool_]) -> list[str]:
    if block.column is None:
        return [""] * int(near.sum())
    return [block.columns[place] for place in block.column[near].tolist()]


def _rejects(bad: pd.DataFrame) -> list[Reject]:
    """One reject for each contradictory row; it names the lines of the others."""
    rejects = []
    for _, group in bad.groupby(_KEY, sort=False):
        lines = group["line"].tolist()
        cells = zip(lines, group["raw"], group["column"], strict=True)
        for line, raw, column in cells:
            rejects.append(
                Reject(
                    line=line,
                    reason="conflict",
                    raw=readable(raw),
                    detail=differs_from(lines, line),
                    column=column,
                )
            )
    return rejects


def differs_from(lines: Sequence[int], line: int) -> str:
    """Name the lines that contradict a line."""
    others = [str(other) for other in lines if other != line]
    noun = "line" if len(others) == 1 else "lines"
    return f"one of {noun} {', '.join(others)} says something else"


def _as_rows(frame: pd.DataFrame) -> tuple[NDArray[np.int32], Rows]:
    ordered = frame.sort_values(_KEY, kind="stable")
    rows = raw_rows(
        ordered["time"].to_numpy(np.int64),
        ordered["value"].to_numpy(np.float64),
        ordered["flag"].to_numpy(np.uint8),
        0,
    )
    return ordered["series"].to_numpy(np.int32), rows


def firsts(series: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the first row of each instant; rows are sorted."""
    mark = np.ones(len(series), np.bool_)
    mark[1:] = (series[1:] != series[:-1]) | (time[1:] != time[:-1])
    return mark


def among(
    series: NDArray[np.int32], time: NDArray[np.int64], pairs: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark the rows whose series and time are one of the pairs."""
    if len(pairs) == 0:
        return np.zeros(len(series), np.bool_)
    rows = pd.MultiIndex.from_arrays([series.astype(np.int64), time])
    return np.asarray(rows.isin(pd.MultiIndex.from_arrays([pairs[:, 0], pairs[:, 1]])))
