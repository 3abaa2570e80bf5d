"""The true ledger as tables, and how far an estimate is from it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from ewater.simulate.ledger import Truth

KEY = ["flow", "period_start"]


def monthly(truth: Truth) -> pd.DataFrame:
    """Volumes of flows by local month.

    Returns
    -------
    pandas.DataFrame
        ``flow``, ``period_start``, ``period_end`` (UTC), ``volume_m3``.
    """
    starts = _months(truth)
    first = [truth.days.index(str(start.date())) for start in starts]
    volume = np.stack(
        [truth.volume[:, a:b].sum(axis=1) for a, b in pairwise(first)], axis=1
    )
    utc = _utc(starts)
    count = len(truth.flows)
    return pd.DataFrame(
        {
            "flow": np.repeat(truth.flows.to_numpy(), len(starts) - 1),
            "period_start": np.tile(utc[:-1], count),
            "period_end": np.tile(utc[1:], count),
            "volume_m3": volume.ravel(),
        }
    )


def stocks(truth: Truth) -> pd.DataFrame:
    """Stocks at the starts of local months: ``account``, ``time``, ``volume_m3``."""
    starts = _months(truth)
    place = [truth.days.index(str(start.date())) for start in starts]
    return pd.DataFrame(
        {
            "account": np.repeat(truth.accounts.to_numpy(), len(starts)),
            "time": np.tile(_utc(starts), len(truth.accounts)),
            "volume_m3": truth.stock[:, place].ravel(),
        }
    )


def _months(truth: Truth) -> pd.DatetimeIndex:
    first, last = truth.days.year[0], truth.days.year[-1] + 1
    return pd.date_range(f"{first}-01-01", f"{last}-01-01", freq="MS")


def _utc(local: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return local.tz_localize("Asia/Baku").tz_convert("UTC").as_unit("us")


def read(folder: Path) -> pd.DataFrame:
    """Read the true monthly flows that a simulation left beside its readings."""
    table = pd.read_csv(folder / "truth" / "flows.csv")
    for column in ("period_start", "period_end"):
        table[column] = pd.to_datetime(table[column], utc=True).dt.as_unit("us")
    return table


def score(estimate: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Compare estimated with true volumes, flow by flow.

    Parameters
    ----------
    estimate
        ``flow``, ``period_start``, ``volume_m3`` and ``u_m3`` (k = 1); NaN volumes
        are unknown. Rows may be months or years, as those of ``truth``.
    truth
        ``flow``, ``period_start``, ``volume_m3``.

    Returns
    -------
    pandas.DataFrame
        By flow: ``periods`` compared, ``unknown`` (no estimate), ``bias_m3`` (mean
        of estimate less truth), ``bias_pct`` of the true volume, ``rmse_m3``,
        ``within_2u`` (share of the errors that two standard uncertainties cover).

    Raises
    ------
    UsageError
        The two have no flow and period in common.
    """
    both = truth[[*KEY, "volume_m3"]].merge(
        estimate[[*KEY, "volume_m3", "u_m3"]],
        on=KEY,
        how="inner",
        suffixes=("_true", ""),
    )
    if both.empty:
        raise UsageError("estimate and truth share no flow and period_start")
    known = both["volume_m3"].notna()
    error = both["volume_m3"] - both["volume_m3_true"]
    covered = (error.abs() <= 2 * both["u_m3"]).astype(float).where(known)
    grouped = pd.DataFrame(
        {
            "flow": both["flow"],
            "unknown": ~known,
            "error": error,
            "square": error**2,
            "covered": covered,
            "true": both["volume_m3_true"].where(known),
        }
    ).groupby("flow", sort=True)
    mean = grouped[["error", "square", "covered", "true"]].mean()
    return pd.DataFrame(
        {
            "periods": grouped["error"].count(),
            "unknown": grouped["unknown"].sum(),
            "bias_m3": mean["error"],
            "bias_pct": 100 * mean["error"] / mean["true"],
            "rmse_m3": np.sqrt(mean["square"]),
            "within_2u": mean["covered"],
        }
    )
