"""Approved returns of enterprises, split over the periods of an account.

METHODS 6.1 and 6.3: a report covering ``[p, q)`` is split by time; who is due follows
from the permit register; refusal is not zero, an explicit nil is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.balance.estimate import Estimate
from ewater.balance.returns import approved, settle, spread
from ewater.terms import Status, activity_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_US = 1e6
REPORT_U = 0.15  # METHODS 4, norm-based report: U = 30 % [D]
METERED_U = 0.025  # METHODS 4, metered report: U = 5 % [D]
IMPUTED_U = 0.30  # METHODS 6.3: u of an imputed return is at least 30 %
LEAST_ANSWERS = 5  # METHODS 6.3: respondents of a class whose change is carried over
ANSWERED = 1 - 1e-6  # of the due time; less is a missing return, not a small one
_YEAR = pd.DateOffset(years=1)
_A_YEAR = {"year": 1.0, "month": 12.0, "day": 365.25}
_YEAR_S = 365.25 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedVolumes:
    """What enterprises returned, by enterprise and item (rows) and period.

    ``volume`` m3 is the reported part, ``coverage`` the share of the due time it
    covers (NaN where no return is due). ``earlier_volume`` and ``earlier_coverage``
    are the same for the returns of one year before, moved to these periods.
    ``metered`` m3 is the part of ``volume`` that is metered, 0 where it is not said.
    """

    rows: pd.DataFrame  # enterprise, item, territory, sector, size (class)
    volume: NDArray[np.float64]
    coverage: NDArray[np.float64]
    earlier_volume: NDArray[np.float64]
    earlier_coverage: NDArray[np.float64]
    metered: NDArray[np.float64]

    def select(self, item: str, territories: set[str], sector: str) -> ReportedVolumes:
        """Rows of one item, within some territories, of one sector."""
        rows = self.rows
        keep = (
            (rows["item"] == item)
            & (rows["sector"] == sector)
            & rows["territory"].isin(territories)
        ).to_numpy()
        return ReportedVolumes(
            rows=rows[keep],
            volume=self.volume[keep],
            coverage=self.coverage[keep],
            earlier_volume=self.earlier_volume[keep],
            earlier_coverage=self.earlier_coverage[keep],
            metered=self.metered[keep],
        )

    def total(self, *, impute: bool) -> Estimate:
        """Add up all rows; unknown in a period for which a due return is missing.

        With ``impute`` a missing return is taken as the one of a year before, where
        there is one, times the change of those of its size that answered in both
        years, where these are five or more (METHODS 6.3).
        """
        due = np.isfinite(self.coverage)
        absent = due & (self.coverage < ANSWERED)
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = self.earlier_volume / self.earlier_coverage
            infill = (1 - self.coverage) * rate if impute else np.nan
        infill = infill * self._change()
        imputed = np.where(absent, infill, 0.0)
        reported = np.where(due, self.volume, 0.0)
        size = reported + np.nan_to_num(imputed)
        weight = np.where(size.sum(axis=0) > 0, size, due)
        with np.errstate(invalid="ignore", divide="ignore"):
            covered = (weight * np.where(due, self.coverage, 0.0)).sum(axis=0)
            coverage = np.where(due.any(axis=0), covered / weight.sum(axis=0), 1.0)
        total, filled = reported.sum(axis=0), imputed.sum(axis=0)
        estimate = Estimate.of(
            total + filled,
            np.hypot(self._u(due), IMPUTED_U * filled),
            coverage,
            Status.REPORTED,
        )
        status = np.where(filled > total, Status.IMPUTED, estimate.status)
        return replace(estimate, status=status.astype(np.int8))

    def _u(self, due: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Uncertainty of what was reported, by its metered part, (period,) m3."""
        metered = np.where(due, self.metered, 0.0)
        by_norm = np.where(due, self.volume, 0.0) - metered
        return u_of_parts(metered, by_norm)

    def _change(self) -> NDArray[np.float64]:
        """Ratio to the year before of the size class of each row, (row, period)."""
        both = (self.coverage >= ANSWERED) & (self.earlier_coverage >= ANSWERED)
        size = self.rows["size"].to_numpy()
        ratio = np.ones(both.shape)
        for kind in np.unique(size):
            mine = both & (size == kind)[:, None]
            now = np.where(mine, self.volume, 0.0).sum(axis=0)
            then = np.where(mine, self.earlier_volume, 0.0).sum(axis=0)
            enough = (mine.sum(axis=0) >= LEAST_ANSWERS) & (then > 0)
            change = np.divide(now, then, out=np.ones(now.shape), where=enough)
            ratio[size == kind] = change
        return ratio


def u_of_parts(
    metered: NDArray[np.float64], by_norm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Uncertainty of a sum of reports (k=1), m3, over the first axis (METHODS 4).

    What comes from a norm shares the error of the norm; meters err each by itself.

    Parameters
    ----------
    metered, by_norm
        The part of each report that meters measured, m3, and the rest of it.

    Examples
    --------
    >>> u_of_parts(np.array([300.0, 400.0]), np.array([0.0, 0.0])).round(6).item()
    12.5
    >>> u_of_parts(np.array([0.0, 0.0]), np.array([300.0, 400.0])).round(6).item()
    105.0
    """
    u: NDArray[np.float64] = np.hypot(
        REPORT_U * by_norm.sum(axis=0), METERED_U * np.sqrt((metered**2).sum(axis=0))
    )
    return u


def reported_volumes(
    frames: Mapping[str, pd.DataFrame], bounds: NDArray[np.int64]
) -> ReportedVolumes:
    """Split the approved reports of a country over accounting periods.

    Parameters
    ----------
    frames
        Country frames; ``reports``, ``enterprises``, ``permits`` and ``sectors`` are
        read. Of several revisions of one report the highest counts.
    bounds : (period + 1,), int64 microseconds UTC

    Returns
    -------
    ReportedVolumes
        One row for each enterprise and item. An enterprise that has never returned
        anything has a row, without volume, for each item that others of its sector
        and territory report: it is due, and nothing says how much it took.
    """
    told = approved(frames["reports"])
    reports = settle(told).reports
    enterprises = with_sector(frames["enterprises"], frames["sectors"])
    rows = _rows(told, enterprises)
    rows = rows.assign(size=_size_class(rows, reports, frames["permits"]))
    position = {
        key: n for n, key in enumerate(zip(rows.enterprise, rows.item, strict=True))
    }
    row = np.fromiter(
        (position[key] for key in zip(reports.enterprise, reports.item, strict=True)),
        dtype=np.int64,
        count=len(reports),
    )
    shape = (len(rows), len(bounds) - 1)
    due = _due_seconds(rows, frames["permits"], bounds)
    volume, seconds = spread(reports, row, bounds, shape)
    shifted = reports.assign(
        period_start=reports["period_start"] + _YEAR,
        period_end=reports["period_end"] + _YEAR,
    )
    earlier_volume, earlier_seconds = spread(shifted, row, bounds, shape)
    share = reports["metered"].astype(float) if "metered" in reports else 0.0
    part = (reports["volume"] * share).fillna(0.0)
    metered, _ = spread(reports.assign(volume=part), row, bounds, shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ReportedVolumes(
            rows=rows,
            volume=volume,
            coverage=np.where(due > 0, seconds / due, np.nan),
            earlier_volume=earlier_volume,
            earlier_coverage=np.where(due > 0, earlier_seconds / due, np.nan),
            metered=metered,
        )


def returns_in(told: pd.DataFrame, bounds: NDArray[np.int64]) -> pd.DataFrame:
    """List the returns that reach into one period.

    Parameters
    ----------
    told
        Of `ewater.balance.returns.settle`.
    bounds : (2,), int64 microseconds UTC

    Returns
    -------
    pandas.DataFrame
        Those rows, with ``part``: m3 that fall into the period.
    """
    part, _ = spread(told, np.arange(len(told)), bounds, (len(told), 1))
    start, end = pd.DatetimeIndex(bounds.view("M8[us]"), tz="UTC")
    listed = told.assign(part=part[:, 0])
    return listed[(told["period_start"] < end) & (told["period_end"] > start)]


def with_sector(enterprises: pd.DataFrame, sectors: pd.DataFrame) -> pd.DataFrame:
    """Add the sector of each enterprise; finer ISIC codes roll up."""
    sector = dict(zip(sectors["isic"].astype(str), sectors["sector"], strict=True))
    found = [
        sector.get(activity_in(str(isic), sector) or "") for isic in enterprises["isic"]
    ]
    return enterprises.assign(sector=pd.Series(found, index=enterprises.index))


def _rows(reports: pd.DataFrame, enterprises: pd.DataFrame) -> pd.DataFrame:
    places = enterprises[["code", "territory", "sector"]].rename(
        columns={"code": "enterprise"}
    )
    given = reports[["enterprise", "item"]].drop_duplicates()
    reported = given.merge(places, on="enterprise", how="left")
    silent = places[~places["enterprise"].isin(given["enterprise"])]
    asked = reported[["item", "territory", "sector"]].drop_duplicates()
    unknown = silent.merge(asked, on=["territory", "sector"])
    return pd.concat([reported, unknown], ignore_index=True)[
        ["enterprise", "item", "territory", "sector"]
    ]


def _size_class(
    rows: pd.DataFrame, reports: pd.DataFrame, permits: pd.DataFrame
) -> NDArray[np.int64]:
    """Power of ten of what each row is permitted a year, else of what it returned.

    0 where neither is known: m3 a year, so that nobody real is in that class.
    """
    permitted = pd.Series(dtype=float)
    if "limit_m3" in permits:
        yearly = permits["limit_m3"].astype(float) * permits["per"].map(_A_YEAR).astype(
            float
        )
        each = yearly.groupby([permits["enterprise"], permits["code"]]).max()
        permitted = each.groupby(level=0).sum()
    seconds = (reports["period_end"] - reports["period_start"]).dt.total_seconds()
    told = reports.assign(seconds=seconds).groupby(["enterprise", "item"])
    sums = told[["volume", "seconds"]].sum()
    rate = sums["volume"] / sums["seconds"] * _YEAR_S
    key = pd.MultiIndex.from_frame(rows[["enterprise", "item"]])
    size = rows["enterprise"].map(permitted).astype(float).to_numpy()
    size = np.where(size > 0, size, rate.reindex(key).to_numpy(dtype=float))
    known = np.nan_to_num(size) >= 1
    return np.floor(np.log10(np.where(known, size, 1.0))).astype(np.int64)


def _due_seconds(
    rows: pd.DataFrame, permits: pd.DataFrame, bounds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Time in which a return is due: the life of the permits, or all of it."""
    length = np.diff(bounds) / _US
    due = np.tile(length, (len(rows), 1))
    span = permits.groupby("enterprise").agg(
        start=("valid_from", lambda column: column.min(skipna=False)),
        end=("valid_to", lambda column: column.max(skipna=False)),
    )
    for enterprise, start, end in span.itertuples():
        mine = (rows["enterprise"] == enterprise).to_numpy()
        first = bounds[0] if pd.isna(start) else start.value // 1000
        last = bounds[-1] if pd.isna(end) else end.value // 1000
        inside = np.minimum(bounds[1:], last) - np.maximum(bounds[:-1], first)
        due[mine] = np.maximum(inside, 0) / _US
    return due
