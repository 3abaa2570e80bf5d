"""Checks of returns as wholes: who reports, for which period, in which unit, when."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.errors import UsageError
from ewater.reports import periods
from ewater.reports.findings import Finding
from ewater.store.folder_table import rows_where
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ewater.reports.batch import Batch
    from ewater.reports.known import Known
    from ewater.reports.periods import Period


def check(batch: Batch, known: Known) -> list[Finding]:
    """Check every return as a whole; see `ewater.reports.validate`."""
    at = _When(batch, known)
    return [
        *_forms(batch),
        *_unit(batch),
        *_twice(batch),
        *(
            _of(batch, owner, "unknown_period", value=repr(str(batch.period[owner])))
            for owner in rows_where(~at.known)
        ),
        *_life_faults(batch, at, known),
        *_overlaps(batch, at, known),
        *_timely(batch, at, known),
    ]


class _When:
    """Start and end of each return, NaT where its period is none."""

    def __init__(self, batch: Batch, known: Known) -> None:
        self.said = [str(period) for period in batch.period]
        spans = _spans(self.said, known)
        self.periods = {said: span[0] for said, span in spans.items()}
        nowhen = (None, pd.NaT, pd.NaT)
        place, names = pd.factorize(np.array(self.said, dtype=object))
        edges = [spans.get(str(name), nowhen)[1:] for name in names]
        self.start, self.end = (
            pd.DatetimeIndex([edge[side] for edge in edges], tz="UTC")[place]
            for side in (0, 1)
        )
        self.known: NDArray[np.bool_] = np.asarray(self.start.notna())


def months(batch: Batch) -> NDArray[np.bool_]:
    """Which months the period of each return has, (return, 12)."""
    inside = np.ones((len(batch), 12), dtype=bool)
    kinds: dict[str, NDArray[np.bool_]] = {}
    for owner, said in enumerate(batch.period):
        key = str(said)
        if key not in kinds:
            kinds[key] = _months_of(key)
        inside[owner] = kinds[key]
    return inside


def _months_of(said: str) -> NDArray[np.bool_]:
    try:
        period = periods.read(said)
    except UsageError:
        return np.ones(12, dtype=bool)
    found = np.zeros(12, dtype=bool)
    found[[month - 1 for month in period.months]] = True
    return found


def _of(
    batch: Batch, owner: int, code: str, severity: str = "error", **values: Any
) -> Finding:
    place = None
    if batch.heads is not None and batch.place is not None:
        pattern = batch.place.get(("", ""))
        if pattern is not None:
            place = pattern.format(row=int(batch.heads[owner]))
    return Finding(
        code=code, severity=severity, owner=owner, place=place, values=values
    )


def _forms(batch: Batch) -> Iterator[Finding]:
    form = batch.form
    if batch.form_code is not None:
        for owner in rows_where(batch.form_code != form.form):
            value = repr(str(batch.form_code[owner]))
            yield _of(batch, owner, "wrong_form", value=value, right=form.form)
    if batch.form_version is not None:
        said = [str(version) for version in batch.form_version]
        for owner in rows_where(np.array(said) != str(form.version)):
            yield _of(
                batch, owner, "wrong_version", value=said[owner],
                right=form.version,
            )  # fmt: skip


def _unit(batch: Batch) -> Iterator[Finding]:
    for unit in set(map(str, batch.unit)):
        try:
            factor_to_si(unit, "volume")
        except UsageError:
            for owner in rows_where(batch.unit == unit):
                yield _of(
                    batch, owner, "unknown_unit", value=repr(unit),
                    right=repr(batch.form.unit),
                )  # fmt: skip


def _twice(batch: Batch) -> Iterator[Finding]:
    keys = pd.DataFrame({"e": batch.enterprise, "p": batch.period}).astype(str)
    again = keys.duplicated(keep=False).to_numpy()
    if not again.any():
        return
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for owner in rows_where(again):
        groups[keys["e"].iloc[owner], keys["p"].iloc[owner]].append(owner)
    for (code, period), owners in groups.items():
        for owner in owners:
            others = [
                int(batch.heads[other]) if batch.heads is not None else other + 1
                for other in owners
                if other != owner
            ]
            yield _of(
                batch, owner, "duplicate_return", value=code, period=period,
                other=", ".join(map(str, others)),
            )  # fmt: skip


def _spans(periods_said: list[str], known: Known) -> dict[str, tuple[Period, Any, Any]]:
    found = {}
    for said in set(periods_said):
        try:
            period = periods.read(said)
        except UsageError:
            continue
        start, end = period.edges(known.zone)
        found[said] = (
            period,
            pd.Timestamp(start).tz_convert("UTC"),
            pd.Timestamp(end).tz_convert("UTC"),
        )
    return found


def _life_faults(batch: Batch, at: _When, known: Known) -> Iterator[Finding]:
    """Refuse enterprises that are none, were closed before or open later."""
    codes = pd.Index([str(code) for code in batch.enterprise], dtype=object)
    rows = known.enterprises
    for owner in rows_where(~codes.isin(rows["code"])):
        yield _of(batch, owner, "unknown_enterprise", value=repr(codes[owner]))
    # an open end of any validity leaves the enterprise open on that side
    opened, closed = (
        pd.DatetimeIndex(_outer(rows, name, least=least).reindex(codes))
        for name, least in (("valid_from", True), ("valid_to", False))
    )
    for code, date, wrong in (
        ("closed_enterprise", closed, closed <= at.start),
        ("not_yet_open", opened, opened >= at.end),
    ):
        for owner in rows_where(np.asarray(wrong)):
            yield _of(
                batch, owner, code, value=codes[owner],
                date=_day(date[owner], known),
                period=str(at.periods[at.said[owner]]),
            )  # fmt: skip


def _outer(rows: pd.DataFrame, name: str, *, least: bool) -> pd.Series[pd.Timestamp]:
    """First or last time of each enterprise; NaT where one of its rows has none."""
    when = pd.DatetimeIndex(pd.to_datetime(rows[name], utc=True))
    times = pd.Series(when, index=pd.Index(rows["code"], dtype=object))
    grouped = times.groupby(level=0)
    found = grouped.min() if least else grouped.max()
    open_ = set(times.index[times.isna()])
    return found.where(~found.index.isin(open_))


def _overlaps(batch: Batch, at: _When, known: Known) -> Iterator[Finding]:
    """Refuse a quarter of a year that is approved: the year counts already."""
    if known.approved.empty:
        return
    mine = pd.DataFrame(
        {
            "enterprise": [str(code) for code in batch.enterprise],
            "start": at.start,
            "end": at.end,
            "owner": np.arange(len(batch)),
        }
    )
    both = mine.merge(known.approved, on="enterprise")
    start, end = both["period_start"], both["period_end"]
    crosses = (start < both["end"]) & (end > both["start"])
    # the same period is a correction; what lies within is superseded
    within = (start >= both["start"]) & (end <= both["end"])
    wrong = both[crosses & ~within]
    for owner, other in zip(wrong["owner"], wrong["period"], strict=True):
        period = str(at.periods[at.said[owner]])
        yield _of(batch, owner, "period_overlap", period=period, other=str(other))


def _timely(batch: Batch, at: _When, known: Known) -> Iterator[Finding]:
    """Refuse what is not over; say, or refuse, what came after its deadline."""
    now = pd.Timestamp(known.now)
    early = np.asarray(at.end > now)
    for owner in rows_where(early):
        yield _of(
            batch, owner, "period_not_over", period=str(at.periods[at.said[owner]]),
            date=_day(at.end[owner], known),
        )  # fmt: skip
    due = _due(batch, at, known)
    refused = batch.form.late == "refuse"
    for owner in rows_where(np.asarray(due < now) & ~early):
        yield _of(
            batch, owner, "late_refused" if refused else "late",
            "error" if refused else "notice",
            date=_day(due[owner] - pd.Timedelta(seconds=1), known),
        )  # fmt: skip


def _due(batch: Batch, at: _When, known: Known) -> pd.DatetimeIndex:
    """When each return is due: its own deadline, that of all, or the form's rule."""
    usual = {
        said: known.due(batch.form, period, None) for said, period in at.periods.items()
    }
    own = known.deadlines.dropna(subset=["enterprise"])
    keys = zip(own["enterprise"], own["period"], strict=True)
    special = dict(zip(keys, own["due_at"], strict=True))
    found = [
        special.get((str(code), str(at.periods[said])), usual[said])
        if said in usual
        else pd.NaT
        for code, said in zip(batch.enterprise, at.said, strict=True)
    ]
    return pd.DatetimeIndex(pd.to_datetime(pd.Series(found, dtype=object), utc=True))


def _day(moment: pd.Timestamp, known: Known) -> str:
    return str(moment.tz_convert(known.zone).date())
