"""Curves from the country frame ``curves``, checked (METHODS 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from ewater.errors import Fault, FaultsError
from ewater.series.curves import FINE_SPACING_M, RatingCurve, StorageCurve, interpolate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

AREA_TOLERANCE = 0.01  # METHODS 2, Level to storage: within 1 %
JOIN_TOLERANCE = 0.01  # neighbouring segments of a rating at their break [D]

_BEGINNING = np.iinfo(np.int64).min
_END = np.iinfo(np.int64).max


def storage_curves(curves: pd.DataFrame) -> dict[str, list[StorageCurve]]:
    """Take storage and area tables from the country frame ``curves``.

    Returns
    -------
    dict of list of StorageCurve
        By site, in order of validity. Points in m, m3 and m2.

    Raises
    ------
    FaultsError
        A table is not monotone or has less than two points, versions overlap, or
        a volume differs from its areas by more than 1 %; all of them at once.
    """
    faults: list[Fault] = []
    areas = _tables(curves, "area", faults)
    storages = _tables(curves, "storage", faults)
    found: dict[str, list[StorageCurve]] = {}
    for site in dict.fromkeys([*storages, *areas]):
        if site in storages:
            made = [
                _storage(site, table, areas.get(site, []), faults)
                for table in storages[site]
            ]
        else:
            made = [_area_alone(site, table) for table in areas[site]]
        found[site] = made
    if faults:
        raise FaultsError(faults)
    return found


def rating_curves(curves: pd.DataFrame) -> dict[str, list[RatingCurve]]:
    """Take rating curves, as points or as segments, from the frame ``curves``.

    Raises
    ------
    FaultsError
        As :func:`storage_curves`; or segments do not meet within 1 %, or the
        greatest gauged stage is given twice or outside the curve.
    """
    faults: list[Fault] = []
    powers = curves.loc[(curves["kind"] == "rating") & curves["segment"].notna()]
    tables = curves.loc[curves["segment"].isna()]
    found: dict[str, list[RatingCurve]] = {}
    for site, made in _tables(tables, "rating", faults).items():
        found[site] = [_rating(site, table.valid, table=table) for table in made]
    for site, valid, rows in _versions(powers, faults):
        curve = _rating(site, valid, rows=rows.sort_values("segment"))
        faults.extend(_check_segments(curve))
        found.setdefault(site, []).append(curve)
    for curve in (curve for made in found.values() for curve in made):
        faults.extend(_check_gauged(curve))
    if faults:
        raise FaultsError(faults)
    return {
        site: sorted(made, key=lambda curve: curve.valid_from)
        for site, made in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Table:
    valid: tuple[int, int]
    x: Floats
    y: Floats
    gauged: Floats  # the greatest gauged stages that its rows give


def _tables(
    curves: pd.DataFrame, kind: str, faults: list[Fault]
) -> dict[str, list[_Table]]:
    found: dict[str, list[_Table]] = {}
    for site, valid, rows in _versions(curves.loc[curves["kind"] == kind], faults):
        ordered = rows.sort_values("x")
        x, y = (ordered[name].to_numpy(dtype=np.float64) for name in ("x", "y"))
        if x.size < 2 or not (np.diff(x) > 0).all() or not (np.diff(y) >= 0).all():
            faults.append(_not_monotone(site, kind, x, y))
        else:
            table = _Table(valid, x, y, _gauged(ordered))
            found.setdefault(site, []).append(table)
    return found


def _versions(
    curves: pd.DataFrame, faults: list[Fault]
) -> Iterator[tuple[str, tuple[int, int], pd.DataFrame]]:
    """Site, validity and rows of each version; open ends reach to the next one."""
    keys = ["site", "valid_from", "valid_to"]
    groups = curves.assign(
        valid_from=_instant(curves["valid_from"], _BEGINNING),
        valid_to=_instant(curves["valid_to"], _END),
    ).groupby(keys, sort=True)
    found: list[tuple[str, int, int, pd.DataFrame]] = [
        (*cast("tuple[str, int, int]", key), rows) for key, rows in groups
    ]
    for i, (site, start, end, rows) in enumerate(found):
        follows = i + 1 < len(found) and found[i + 1][0] == site
        if follows and end == _END and found[i + 1][1] > start:
            end = found[i + 1][1]
        if follows and found[i + 1][1] < end:
            when = pd.Timestamp(found[i + 1][1], unit="us")
            faults.append(
                _fault(
                    "valid_from",
                    f"{site}: two versions of its {rows['kind'].iloc[0]} curve are "
                    f"valid at {when}",
                    "end one where the next begins",
                )
            )
        yield site, (start, end), rows


def _instant(times: pd.Series[pd.Timestamp], absent: int) -> pd.Series[int]:
    stamps = pd.to_datetime(times, utc=True).dt.tz_localize(None)
    numbers = stamps.to_numpy().astype("M8[us]").astype(np.int64)
    return pd.Series(
        np.where(stamps.isna(), absent, numbers), index=times.index, dtype="int64"
    )


def _storage(
    site: str, table: _Table, areas: Sequence[_Table], faults: list[Fault]
) -> StorageCurve:
    area = next((a for a in areas if a.valid[0] <= table.valid[0] < a.valid[1]), None)
    surface = None if area is None else interpolate(table.x, area.x, area.y)
    if surface is not None and np.isnan(surface).any():
        faults.append(
            _fault(
                "x",
                f"{site}: its area table does not cover levels {table.x[0]:g} to "
                f"{table.x[-1]:g} of its storage table",
                "give areas for the whole range",
            )
        )
        surface = None
    curve = StorageCurve(
        site=site,
        valid_from=table.valid[0],
        valid_to=table.valid[1],
        level=table.x,
        stored=table.y,
        surface=surface,
    )
    if surface is not None and curve.is_coarse:
        faults.extend(_check_areas(curve, surface))
    return curve


def _area_alone(site: str, table: _Table) -> StorageCurve:
    return StorageCurve(
        site=site,
        valid_from=table.valid[0],
        valid_to=table.valid[1],
        level=table.x,
        stored=np.full(table.x.size, np.nan),
        surface=table.y,
    )


def _check_areas(curve: StorageCurve, surface: Floats) -> Iterator[Fault]:
    step = np.diff(curve.level)
    given = np.diff(curve.stored)
    implied = 0.5 * (surface[1:] + surface[:-1]) * step
    apart = np.abs(given - implied) > AREA_TOLERANCE * np.maximum(given, implied)
    for i in np.flatnonzero(apart & (step > FINE_SPACING_M * (1 + 1e-9))):
        yield _fault(
            "y",
            f"{curve.site}: between {curve.level[i]:g} and {curve.level[i + 1]:g} m "
            f"the volume grows by {given[i]:g} m3, its areas give {implied[i]:g} m3",
            "storage and area tables must agree within 1 %",
        )


def _rating(
    site: str,
    valid: tuple[int, int],
    *,
    table: _Table | None = None,
    rows: pd.DataFrame | None = None,
) -> RatingCurve:
    none = np.zeros(0)
    part = {
        name: none if rows is None else rows[name].to_numpy(dtype=np.float64)
        for name in ("segment", "a", "h0", "b")
    }
    low, high = (-np.inf, np.inf) if table is None else (table.x[0], table.x[-1])
    gauged = none if table is None else table.gauged
    if rows is not None:
        low, gauged = float(part["segment"][0]), _gauged(rows)
    if gauged.size:
        high = gauged[0] if gauged.size == 1 else np.nan
    return RatingCurve(
        site=site,
        valid_from=valid[0],
        valid_to=valid[1],
        stage=none if table is None else table.x,
        discharge=none if table is None else table.y,
        shift=none if rows is None else rows["shift"].fillna(0.0).to_numpy(np.float64),
        gauged=(float(low), float(high)),
        **part,
    )


def _gauged(rows: pd.DataFrame) -> Floats:
    """Greatest gauged stages that the rows of a curve give; one is right."""
    if "gauged_to" not in rows:
        return np.zeros(0)
    return np.unique(rows["gauged_to"].dropna().to_numpy(dtype=np.float64))


def _check_gauged(curve: RatingCurve) -> Iterator[Fault]:
    low, high = curve.gauged
    if not high > low:
        yield _fault(
            "gauged_to",
            f"{curve.site}: its rating is gauged from {low:g} m, but up to {high:g} m"
            if np.isfinite(high)
            else f"{curve.site}: its rating has two greatest gauged stages",
            "give one stage above the lowest of the curve",
        )
    elif curve.stage.size and high > curve.stage[-1]:
        yield _fault(
            "gauged_to",
            f"{curve.site}: its rating is gauged up to {high:g} m, but its table ends "
            f"at {curve.stage[-1]:g} m",
            "give a stage inside the table",
        )


def _check_segments(curve: RatingCurve) -> Iterator[Fault]:
    blank = np.isnan(curve.a + curve.h0 + curve.b)
    if blank.any():
        yield _fault(
            "a",
            f"{curve.site}: its rating segment from {curve.segment[blank][0]:g} m is "
            "not complete",
            "give a, h0 and b",
        )
        return
    depth = np.maximum(curve.segment - curve.h0, 0.0)
    above = (curve.a * depth**curve.b)[1:]
    below = (
        curve.a[:-1]
        * np.maximum(curve.segment[1:] - curve.h0[:-1], 0.0) ** (curve.b[:-1])
    )
    apart = ~(np.abs(above - below) <= JOIN_TOLERANCE * np.maximum(above, below))
    for i in np.flatnonzero(apart):
        yield _fault(
            "segment",
            f"{curve.site}: at {curve.segment[i + 1]:g} m one segment gives "
            f"{below[i]:g}, the next {above[i]:g} m3 s-1",
            "segments must meet within 1 %",
        )


def _not_monotone(site: str, kind: str, x: Floats, y: Floats) -> Fault:
    if x.size < 2:
        what = f"{site}: its {kind} table has {x.size} point"
        return _fault("x", what, "give at least two")
    wrong = int(np.flatnonzero(~((np.diff(x) > 0) & (np.diff(y) >= 0)))[0])
    return _fault(
        "y",
        f"{site}: its {kind} table goes from ({x[wrong]:g}, {y[wrong]:g}) to "
        f"({x[wrong + 1]:g}, {y[wrong + 1]:g})",
        "each level once, and y must not fall as the level rises",
    )


def _fault(column: str, message: str, allowed: str) -> Fault:
    return Fault(
        file="curves.csv", line=None, column=column, message=message, allowed=allowed
    )
