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
    found = [*_forms(batch), *_unit(batch), *_twice(batch)]
    spans = _spans(batch, known)
    life = _life(known)
    approved = dict(iter(known.approved.groupby("enterprise", sort=False)))
    due: dict[tuple[str, str], Any] = {}
    for owner in range(len(batch)):
        code, said = str(batch.enterprise[owner]), str(batch.period[owner])
        span = spans.get(said)
        if span is None:
            found.append(_of(batch, owner, "unknown_period", value=repr(said)))
        if code not in life:
            found.append(_of(batch, owner, "unknown_enterprise", value=repr(code)))
        elif span is not None:
            found += _life_faults(batch, owner, life[code], span, known)
            found += _overlaps(batch, owner, approved.get(code), span)
        if span is not None:
            found += _timely(batch, owner, span, known, due)
    return found


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


def _spans(batch: Batch, known: Known) -> dict[str, tuple[Period, Any, Any]]:
    found = {}
    for said in set(map(str, batch.period)):
        try:
            period = periods.read(said)
        except UsageError:
            continue
        start, end = period.edges(known.zone)
        found[said] = (period, pd.Timestamp(start), pd.Timestamp(end))
    return found


def _life(known: Known) -> dict[str, tuple[Any, Any]]:
    """First and last validity of each enterprise; NaT where it is open."""
    rows = known.enterprises
    if rows.empty:
        return {}
    starts = rows.groupby("code")["valid_from"].agg(lambda s: s.min(skipna=False))
    ends = rows.groupby("code")["valid_to"].agg(lambda s: s.max(skipna=False))
    return {
        str(code): (start, end)
        for code, start, end in zip(starts.index, starts, ends, strict=True)
    }


def _life_faults(
    batch: Batch, owner: int, life: tuple[Any, Any], span: Any, known: Known
) -> Iterator[Finding]:
    period, start, end = span
    opened, closed = life
    value = str(batch.enterprise[owner])
    if pd.notna(closed) and closed <= start:
        date = _day(closed, known)
        yield _of(
            batch, owner, "closed_enterprise", value=value, date=date,
            period=str(period),
        )  # fmt: skip
    if pd.notna(opened) and opened >= end:
        date = _day(opened, known)
        yield _of(
            batch, owner, "not_yet_open", value=value, date=date, period=str(period)
        )


def _overlaps(
    batch: Batch, owner: int, approved: pd.DataFrame | None, span: Any
) -> Iterator[Finding]:
    """Refuse a quarter of a year that is approved: the year counts already."""
    if approved is None:
        return
    period, start, end = span
    other = (approved["period_start"] < end) & (approved["period_end"] > start)
    same = (approved["period_start"] == start) & (approved["period_end"] == end)
    within = (approved["period_start"] >= start) & (approved["period_end"] <= end)
    for said in approved.loc[other & ~same & ~within, "period"]:
        yield _of(batch, owner, "period_overlap", period=str(period), other=str(said))


def _timely(
    batch: Batch, owner: int, span: Any, known: Known, due: dict[tuple[str, str], Any]
) -> Iterator[Finding]:
    period, _, end = span
    if end > pd.Timestamp(known.now):
        yield _of(
            batch, owner, "period_not_over", period=str(period), date=_day(end, known)
        )
        return
    code = str(batch.enterprise[owner])
    special = not known.deadlines.empty
    key = (code if special else "", str(period))
    if key not in due:
        due[key] = known.due(batch.form, period, code)
    if known.now > due[key]:
        refused = batch.form.late == "refuse"
        yield _of(
            batch, owner, "late_refused" if refused else "late",
            "error" if refused else "notice",
            date=_day(pd.Timestamp(due[key]) - pd.Timedelta(seconds=1), known),
        )  # fmt: skip


def _day(moment: pd.Timestamp, known: Known) -> str:
    return str(moment.tz_convert(known.zone).date())
