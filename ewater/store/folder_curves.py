"""Checks of the curves: one form each, never falling or broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.store.folder_table import rows_where

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from ewater.errors import Fault
    from ewater.store.folder_table import Table

_POINT = ["x", "y"]
_SEGMENT = ["segment", "a", "h0", "b"]
_CURVE = ["site", "kind", "valid_from", "valid_to"]
_JOIN = 0.01  # of the discharge where segments meet: coefficients are rounded [D]


def curve_faults(table: Table) -> Iterator[Fault]:
    """Find curves that mix forms, are incomplete, fall or jump."""
    yield from _forms(table)
    yield from _single_points(table)
    yield from _falling_points(table)
    yield from _broken_segments(table)
    yield from _gauged(table)


def _forms(table: Table) -> Iterator[Fault]:
    frame = table.frame
    point = frame[_POINT].notna().any(axis=1)
    segment = frame[[*_SEGMENT, "shift"]].notna().any(axis=1)
    allowed = "either x, y or segment, a, h0, b (rating only)"
    for row in rows_where(point & segment):
        yield table.fault(row, "segment", "is both a point and a segment", allowed)
    for row in rows_where(~point & ~segment):
        yield table.fault(row, "x", "is neither a point nor a segment", allowed)
    for row in rows_where(segment & ~point & (frame["kind"] != "rating")):
        kind = frame["kind"].iloc[row]
        yield table.fault(row, "segment", f"a {kind} curve has no segments", "x, y")
    for columns, chosen in ((_POINT, point & ~segment), (_SEGMENT, segment & ~point)):
        for column in columns:
            for row in rows_where(chosen & frame[column].isna()):
                message = "is empty beside " + ", ".join(set(columns) - {column})
                yield table.fault(row, column, message, allowed)
    whole = frame[point != segment]
    forms = point[whole.index].groupby([whole[name] for name in _CURVE], dropna=False)
    for row in whole.index[(forms.transform("nunique") > 1).to_numpy(dtype=bool)]:
        message = "points and segments stand in one curve"
        yield table.fault(int(row), "segment", message, "one form for a curve")


def _sorted(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    whole = frame[frame[columns].notna().all(axis=1)]
    return whole.sort_values([*_CURVE, columns[0]], kind="stable")


def _single_points(table: Table) -> Iterator[Fault]:
    points = _sorted(table.frame, _POINT)
    count = points.groupby(_CURVE, dropna=False)["x"].transform("size")
    for row in points.index[(count == 1).to_numpy(dtype=bool)]:
        message = "is the only point of its curve"
        yield table.fault(int(row), "x", message, "two points or more")


def _falling_points(table: Table) -> Iterator[Fault]:
    points = _sorted(table.frame, _POINT)
    before = points.groupby(_CURVE, dropna=False)[_POINT].shift()
    for row in points.index[(points["y"] < before["y"]).to_numpy(dtype=bool)]:
        x, y = points.loc[row, "x"], points.loc[row, "y"]
        message = (
            f"falls from {before.loc[row, 'y']:.10g} at x = {before.loc[row, 'x']:g} "
            f"to {y:.10g} at x = {x:g}"
        )
        allowed = "a y that does not fall as x rises"
        yield table.fault(int(row), "y", message, allowed)


def _broken_segments(table: Table) -> Iterator[Fault]:
    segments = _sorted(table.frame, _SEGMENT)
    level = segments["segment"]
    below = segments.groupby(_CURVE, dropna=False)[_SEGMENT].shift()
    lower, upper = _discharge(below, level), _discharge(segments, level)
    apart = (upper - lower).abs() > _JOIN * lower.clip(lower=upper)
    for row in segments.index[apart.to_numpy(dtype=bool)]:
        message = (
            f"the segment below gives {lower[row]:.6g} m3/s at {level[row]:g} m, "
            f"this one {upper[row]:.6g}"
        )
        yield table.fault(int(row), "segment", message, "segments that meet in 1 %")


def _gauged(table: Table) -> Iterator[Fault]:
    """Find greatest gauged levels that are of no rating, or not of one mind."""
    frame = table.frame
    given = frame["gauged_to"].notna()
    allowed = "one level above the lowest of a rating, or nothing"
    for row in rows_where(given & (frame["kind"] != "rating")):
        message = f"is of a {frame['kind'].iloc[row]} curve, which nobody gauges"
        yield table.fault(row, "gauged_to", message, allowed)
    mine = frame[given & (frame["kind"] == "rating")]
    first = mine.groupby(_CURVE, dropna=False)["gauged_to"].transform("first")
    for row in mine.index[(mine["gauged_to"] != first).to_numpy(dtype=bool)]:
        message = f"is {mine.loc[row, 'gauged_to']:g}, above it is {first[row]:g}"
        yield table.fault(int(row), "gauged_to", message, allowed)
    level = frame["segment"].fillna(frame["x"])
    ends = level.groupby([frame[name] for name in _CURVE], dropna=False)
    lowest, highest = ends.transform("min"), ends.transform("max")
    low = given & (frame["gauged_to"] <= lowest)
    high = given & frame["x"].notna() & (frame["gauged_to"] > highest)
    for row in rows_where(low & (frame["kind"] == "rating")):
        message = f"is not above the lowest level of the curve, {lowest.iloc[row]:g} m"
        yield table.fault(row, "gauged_to", message, allowed)
    for row in rows_where(high & (frame["kind"] == "rating")):
        message = f"is above the last point of the table, {highest.iloc[row]:g} m"
        yield table.fault(row, "gauged_to", message, allowed)


def _discharge(segments: pd.DataFrame, level: pd.Series) -> pd.Series:
    depth = (level - segments["h0"]).clip(lower=0)  # no flow below h0 (METHODS 2)
    return segments["a"] * depth ** segments["b"]
