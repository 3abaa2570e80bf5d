"""Judging on purpose: a span again, or with limits newly learned from history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.ingest import derived, quality
from ewater.ingest.limits import InForce, in_force, made
from ewater.ingest.pieces import PIECE, pieces
from ewater.series.quality_history import learned_limits
from ewater.store import chunks, quality_due, recording, verdicts
from ewater.store.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Engine


def rejudge(
    engine: Engine,
    codes: Sequence[str] | None = None,
    start: int | None = None,
    end: int | None = None,
    *,
    learn: bool = False,
    dry_run: bool = False,
    who: str = "",
) -> tuple[quality.Report, int]:
    """Put stored readings to the tests again, by the limits in force.

    Every piece is one transaction; after a crash the call is simply repeated.

    Parameters
    ----------
    engine
        Database at the newest schema.
    codes
        Series; None for all.
    start, end
        Half-open, microseconds UTC; None for no limit.
    learn
        Learn limits from the whole history of the series first, and keep them.
    dry_run
        Write nothing: neither limits nor flags.
    who
        The person; the account of this process unless given.

    Returns
    -------
    report, learned
        What was found, and how many learned limits differ from before.

    Raises
    ------
    UsageError
        A series is not registered.
    FaultsError
        What was learned does not fit an override; nothing is changed.
    """
    report, told = quality.Report(), 0
    with engine.connect() as connection:
        ids = None if codes is None else chunks.series_ids(connection, codes)
        limits = in_force(connection)
        spans = _within(quality_due.extents(connection, ids)[0], start, end)
        if learn:
            found = _learned(connection, limits, ids)
            limits = made(connection, found)
            told = _differing(found, limits, connection)
        work = list(pieces(connection, limits, spans))
    if learn and not dry_run:
        with engine.begin() as connection:
            verdicts.learn(connection, found, recording.moment(connection))
    for piece in work:
        with engine.begin() as connection:
            quality.judge(connection, limits, piece, report, write=not dry_run, who=who)
    if not dry_run:
        derived.refresh(engine)
    return report, told


def _within(spans: Stretch, start: int | None, end: int | None) -> Stretch:
    first = spans.first if start is None else np.maximum(spans.first, start)
    last = spans.last if end is None else np.minimum(spans.last, end - 1)
    cut = Stretch(series_id=spans.series_id, first=first, last=last)
    return cut.take(first <= last)


def _learned(
    connection: Connection, limits: InForce, ids: np.ndarray | None
) -> pd.DataFrame:
    """Learn from the history of some series; others keep what was learned before."""
    parts = [limits.history]
    for group in _groups(*quality_due.extents(connection, ids)):
        codes_of = chunks.series_codes(connection)
        group = group.take(
            np.array([codes_of[i] in limits.kind.index for i in group.series_id], bool)
        )
        if len(group) == 0:
            continue
        rows, cuts = quality.standing(
            *chunks.rows_of(
                connection,
                chunks.Window(
                    series_id=group.series_id, first=group.first, last=group.last
                ),
            )
        )
        codes = [codes_of[i] for i in group.series_id.tolist()]
        readings = quality.dataset(codes, rows, cuts)
        parts.append(learned_limits(readings, limits.limits, calendar=limits.calendar))
    found = pd.concat(parts)
    return found[~found.index.duplicated(keep="last")]


def _groups(spans: Stretch, count: np.ndarray) -> Iterator[Stretch]:
    """Whole series, as many as make a piece."""
    group = (np.cumsum(count) - count) // PIECE
    for number in np.unique(group):
        yield spans.take(group == number)


def _differing(found: pd.DataFrame, limits: InForce, connection: Connection) -> int:
    """How many learned limits are others than those in use."""
    before = verdicts.learned(connection).reindex(
        index=found.index, columns=limits.kind.columns
    )
    new = found.reindex(columns=limits.kind.columns)
    same = (new == before) | (new.isna() & before.isna())
    return int((~same).to_numpy().sum())
