"""Curves of a site, each version with the range in which it was measured."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.dashboard.questions.within import asking, rows
from ewater.errors import ForbiddenError
from ewater.series.curve_tables import rating_curves, storage_curves
from ewater.store import registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope
    from ewater.series.curves import RatingCurve, StorageCurve

    Row = dict[str, Any]

_MINE = "SELECT code FROM mine WHERE code = :site"
KINDS = ("rating", "storage", "area")
_POINTS = 200
_BEYOND = 0.25  # of the measured range: how far an extrapolation is drawn
_ALWAYS = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)


def curves(engine: Engine, scope: Scope, site: str, as_of: str = "") -> list[Row]:
    """Give the curves of a site as they are used.

    Returns
    -------
    list of dict
        For each kind and version: ``kind``, ``valid_from`` and ``valid_to`` (us UTC,
        None: always), ``level`` (m) and ``value`` (m3/s, m3 or m2), of which
        ``measured`` marks those within the surveyed or gauged range, ``range``
        (lowest and highest measured level; None where no end is given), ``points``
        (how many it rests on; 0 for a formula).

    Raises
    ------
    ForbiddenError
        The site is outside the scope.
    """
    moment = dt.datetime.fromisoformat(as_of) if as_of else None
    with asking(engine) as connection:
        mine = rows(
            connection, scope, "SELECT code FROM mine WHERE code = :site", site=site
        )
        if not mine:
            raise ForbiddenError(f"site {site!r} is outside the scope")
        frame = registry.read_table(connection, "curves", moment)
    frame = frame[frame["site"] == site]
    found = [_rating(curve) for curve in rating_curves(frame).get(site, [])]
    for curve in storage_curves(frame).get(site, []):
        if np.isfinite(curve.stored).all():
            found.append(_table(curve, "storage"))
        if curve.surface is not None:
            found.append(_table(curve, "area"))
    return found


def _version(curve: RatingCurve | StorageCurve) -> Row:
    return {
        "valid_from": None if curve.valid_from == _ALWAYS[0] else curve.valid_from,
        "valid_to": None if curve.valid_to == _ALWAYS[1] else curve.valid_to,
    }


def _table(curve: StorageCurve, kind: str) -> Row:
    level = np.unique(
        np.concatenate(
            [curve.level, np.linspace(curve.level[0], curve.level[-1], _POINTS)]
        )
    )
    value = curve.volume(level) if kind == "storage" else curve.area(level)
    return {
        "kind": kind,
        **_version(curve),
        "level": level,
        "value": value,
        "measured": np.ones(len(level), np.bool_),
        "range": (float(curve.level[0]), float(curve.level[-1])),
        "points": len(curve.level),
    }


def _rating(curve: RatingCurve) -> Row:
    low, high = curve.gauged
    if curve.segment.size == 0:
        level = np.linspace(curve.stage[0], curve.stage[-1], _POINTS)
    else:
        bottom = float(min(curve.segment[0], curve.h0[0]) - curve.shift[0])
        top = high if np.isfinite(high) else float(curve.segment[-1]) + 2.0
        top = max(top, bottom + 0.5)
        level = np.linspace(bottom, top + _BEYOND * (top - bottom), _POINTS)
        level = np.unique(np.append(level, top))
    value, beyond = curve.flow(level)
    there = np.isfinite(value)
    return {
        "kind": "rating",
        **_version(curve),
        "level": level[there],
        "value": value[there],
        "measured": ~beyond[there],
        "range": tuple(float(x) if np.isfinite(x) else None for x in (low, high)),
        "points": len(curve.stage),
    }
