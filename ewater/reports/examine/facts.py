"""Figures of returns as arrays in m3, and as grids of enterprise by year."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.balance.reported import METERED_U, REPORT_U
from ewater.reports import linear, periods

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.reports.batch import Batch, Lines

    Floats = NDArray[np.float64]

PERMITTED = ("surface", "groundwater")  # kinds of source that need a permit


@dataclass(frozen=True, eq=False, kw_only=True)
class Facts:
    """What the cross-examination reads of returns, one row each.

    Volumes in m3, NaN where nothing was given. ``months`` is (return, 12), ``own``
    what was taken by the enterprise itself by kind of source (return, kind) and
    ``own_months`` (return, kind, 12), kinds as in ``kinds``.
    """

    batch: Batch
    enterprise: NDArray[np.str_]
    year: NDArray[np.int64]
    quarter: NDArray[np.int64]
    intake: Floats
    months: Floats
    metered: Floats
    losses: Floats
    used: Floats
    passed_unused: Floats
    passed_used: Floats
    discharge: Floats
    output: Floats
    kinds: tuple[str, ...]
    own: Floats
    own_months: Floats

    def __len__(self) -> int:
        """How many returns there are."""
        return len(self.year)

    @cached_property
    def u(self) -> Floats:
        """Standard uncertainty of the intake by its metered share, m3."""
        return self.intake * u_of_share(self.metered)

    def u_of(self, role: str) -> Floats:
        """Give u of a volume as the account has it, by the metered part of it, m3.

        Parameters
        ----------
        role
            ``intake``, ``used``, ``passed_unused``, ``passed_used``, ``losses`` or
            ``discharge``. What no column says to be metered is by norm.
        """
        volume: Floats = getattr(self, role)
        return volume * u_of_share(_metered_share(self.batch, role))

    @cached_property
    def _place(self) -> tuple[NDArray[np.intp], NDArray[np.intp], tuple[int, int], int]:
        codes, row = np.unique(self.enterprise, return_inverse=True)
        first = int(self.year.min()) if len(self) else 0
        last = int(self.year.max()) if len(self) else 0
        return (
            row,
            (self.year - first).astype(np.intp),
            (len(codes), last - first + 1),
            first,
        )

    @cached_property
    def annual(self) -> NDArray[np.bool_]:
        """Returns of whole years."""
        return np.asarray(self.quarter == 0, dtype=np.bool_)

    @property
    def row(self) -> NDArray[np.intp]:
        """Row of each return in a grid: its enterprise."""
        return self._place[0]

    @property
    def column(self) -> NDArray[np.intp]:
        """Column of each return in a grid: its year."""
        return self._place[1]

    def grid(self, values: Floats) -> Floats:
        """Lay values of annual returns out by enterprise and year (and more axes)."""
        row, column, shape, _ = self._place
        found = np.full((*shape, *values.shape[1:]), np.nan)
        found[row[self.annual], column[self.annual]] = values[self.annual]
        return found

    def back(self, grid: NDArray[Any]) -> NDArray[Any]:
        """Values of a grid for each return."""
        return grid[self.row, self.column]


def u_of_share(metered: Floats) -> Floats:
    """Relative standard uncertainty of a reported figure by its metered share.

    As in the account (`ewater.balance.reported.u_of_parts`): what is metered and what
    follows a norm err independently.

    Examples
    --------
    >>> u_of_share(np.array([1.0, 0.0, np.nan, 0.8])).round(6).tolist()
    [0.025, 0.15, 0.15, 0.036056]
    """
    share = np.nan_to_num(np.clip(metered, 0, 1))
    u: Floats = np.hypot(share * METERED_U, (1 - share) * REPORT_U)
    return u


def facts(batch: Batch) -> Facts:
    """Read the figures of returns by the roles of their form."""
    found = {role: _role(batch, role) for role in _SUMS}
    kinds, own, own_months = _own(batch)
    said = {p: periods.read(p) for p in set(map(str, batch.period))}
    when = [said[str(p)] for p in batch.period]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(
            found["intake"] > 0, found["metered"] / found["intake"], np.nan
        )
    factor = batch.form.factor
    return Facts(
        batch=batch,
        enterprise=batch.enterprise.astype(np.str_),
        year=np.array([p.year for p in when], dtype=np.int64),
        quarter=np.array([p.quarter or 0 for p in when], dtype=np.int64),
        intake=found["intake"] * factor,
        months=_months(batch, "intake_months") * factor,
        metered=np.clip(share, 0, 1),
        losses=found["losses"] * factor,
        used=found["used"] * factor,
        passed_unused=found["passed_unused"] * factor,
        passed_used=found["passed_used"] * factor,
        discharge=found["discharge"] * factor,
        output=found["output"],
        kinds=kinds,
        own=own * factor,
        own_months=own_months * factor,
    )


def _metered_share(batch: Batch, role: str) -> Floats:
    """Share of a volume that is metered, as the ledger of the form has it; else NaN."""
    share = np.full(len(batch), np.nan)
    said = batch.form.roles.get(role)
    if said is None:
        return share
    keys = linear.sum_of(said).keys
    meters = {e.value: e.metered for e in batch.form.ledger if e.metered is not None}
    if not set(keys) & set(meters):
        return share
    lines = batch.sections[str(batch.form.section_of(keys[0]))]
    whole, metered = np.zeros(len(batch)), np.zeros(len(batch))
    for key in keys:
        value = np.nan_to_num(lines.number[key])
        known = np.nan_to_num(lines.number[meters[key]]) if key in meters else 0.0
        whole += np.bincount(lines.owner, value, minlength=len(batch))
        metered += np.bincount(
            lines.owner, np.minimum(known, value), minlength=len(batch)
        )
    np.divide(metered, whole, out=share, where=whole > 0)
    return share


_SUMS = (
    "intake", "metered", "losses", "used", "passed_unused", "passed_used", "discharge",
    "output",
)  # fmt: skip


def summed(
    lines: Lines, values: Floats, given: NDArray[np.bool_], count: int
) -> Floats:
    """Sum by return; NaN where no line gave anything."""
    total = np.bincount(lines.owner, np.where(given, values, 0.0), minlength=count)
    some = np.bincount(lines.owner, given, minlength=count) > 0
    return np.where(some, total, np.nan)


def _role(batch: Batch, role: str) -> Floats:
    said = batch.form.roles.get(role)
    if said is None:
        return np.full(len(batch), np.nan)
    wanted = linear.sum_of(said)
    lines = batch.sections[str(batch.form.section_of(wanted.keys[0]))]
    return summed(lines, *lines.sum(wanted), len(batch))


def _months(batch: Batch, role: str) -> Floats:
    said = batch.form.roles.get(role)
    if said is None:
        return np.full((len(batch), 12), np.nan)
    keys = linear.sum_of(said).keys
    lines = batch.sections[str(batch.form.section_of(keys[0]))]
    columns = [
        summed(lines, lines.number[key], ~np.isnan(lines.number[key]), len(batch))
        for key in keys
    ]
    return np.column_stack(columns)


def _own(batch: Batch) -> tuple[tuple[str, ...], Floats, Floats]:
    """Own intake by kind of source: lines without a supplier."""
    form, count = batch.form, len(batch)
    kinds = PERMITTED
    own = np.full((count, len(kinds)), np.nan)
    own_months = np.full((count, len(kinds), 12), np.nan)
    source = form.roles.get("source")
    if source is None:
        return kinds, own, own_months
    section = form.section(str(form.section_of(source)))
    lines = batch.sections[section.key]
    names = form.codes[str(section.column(source).codes)]
    said = [names[s].kind if s in names else None for s in lines.text[source]]
    kind_of = np.array(said, dtype=object)
    alone = np.ones(len(lines), dtype=bool)
    if "supplier" in form.roles:
        alone = ~lines.where(form.roles["supplier"])
    total = lines.number[form.roles["intake"]]
    months = (
        linear.sum_of(form.roles["intake_months"]).keys
        if ("intake_months" in form.roles)
        else ()
    )
    for at, kind in enumerate(kinds):
        mine = alone & (kind_of == kind)
        own[:, at] = summed(lines, total, mine & ~np.isnan(total), count)
        for month, key in enumerate(months):
            value = lines.number[key]
            own_months[:, at, month] = summed(
                lines, value, mine & ~np.isnan(value), count
            )
    return kinds, own, own_months


def edges(facts_: Facts, zone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and end of each return, microseconds UTC."""
    found = {}
    for year, quarter in set(
        zip(facts_.year.tolist(), facts_.quarter.tolist(), strict=True)
    ):
        start, end = periods.Period(year, quarter or None).edges(zone)
        found[year, quarter] = (
            pd.Timestamp(start).value // 1000,
            pd.Timestamp(end).value // 1000,
        )
    keys = list(zip(facts_.year.tolist(), facts_.quarter.tolist(), strict=True))
    both = np.array([found[key] for key in keys], dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def month_edges(year: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Bounds of the months of years, microseconds UTC, (year, 13)."""
    known = {
        y: [
            pd.Timestamp(periods.local(y + m // 12, m % 12 + 1, zone)).value // 1000
            for m in range(13)
        ]
        for y in set(year.tolist())
    }
    return np.array([known[y] for y in year.tolist()], dtype=np.int64).reshape(-1, 13)
