"""Against others, and what goes out against what comes in."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.balance.returns import SUPPLIED
from ewater.reports.examine.facts import u_of_share
from ewater.reports.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ewater.reports.batch import Batch
    from ewater.reports.examine.facts import Facts

_KEY = ["giver", "taker", "period"]
_GRAVE = 4.0
_SHARE = 0.25  # of the intake, by which the discharged part may differ
_RAIN = 0.05  # of the intake, that rain on the grounds may add


def deals(facts: Facts) -> pd.DataFrame:
    """Tell what each side says of every transfer.

    Returns
    -------
    pandas.DataFrame
        ``giver``, ``taker``, ``period``; ``given`` and ``taken`` m3, ``given_by`` and
        ``taken_by`` the positions of the returns, NaN where a side says nothing.
    """
    batch = facts.batch
    sides = {"given": SUPPLIED, "taken": ("received",)}
    tables = [
        _side(batch, items).rename(columns={"volume": name, "owner": f"{name}_by"})
        for name, items in sides.items()
    ]
    both: pd.DataFrame = tables[0].merge(tables[1], on=_KEY, how="outer")
    return both


def _side(batch: Batch, items: tuple[str, ...]) -> pd.DataFrame:
    parts = []
    for entry in batch.form.ledger:
        if entry.counterparty is None or entry.item not in items:
            continue
        lines = batch.sections[entry.section]
        value, other = lines.number[entry.value], lines.text[entry.counterparty]
        keep = ~np.isnan(value) & lines.where(entry.counterparty)
        me = batch.enterprise[lines.owner[keep]]
        partner = other[keep]
        giver, taker = (partner, me) if items == ("received",) else (me, partner)
        parts.append(
            pd.DataFrame(
                {
                    "giver": giver.astype(str),
                    "taker": taker.astype(str),
                    "period": batch.period[lines.owner[keep]].astype(str),
                    "volume": value[keep] * batch.form.factor,
                    "owner": lines.owner[keep],
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=[*_KEY, "volume", "owner"]).astype(
            {"volume": float, "owner": float}
        )
    table = pd.concat(parts, ignore_index=True)
    found: pd.DataFrame = (
        table.groupby(_KEY, sort=False)
        .agg(volume=("volume", "sum"), owner=("owner", "first"))
        .reset_index()
    )
    return found


def mirrors(facts: Facts) -> Iterator[Finding]:
    """Find transfers of which the two sides say different things.

    The finding is of the return whose figure is worth less: the one with the smaller
    metered share, of two alike the receiver's (METHODS 6.4).
    """
    table = deals(facts)
    if table.empty:
        return
    given, taken = table["given"].to_numpy(float), table["taken"].to_numpy(float)
    by = [table[c].to_numpy(float) for c in ("given_by", "taken_by")]
    both = ~np.isnan(given) & ~np.isnan(taken)
    share = [
        np.where(np.isnan(at), np.nan, facts.metered[np.nan_to_num(at).astype(np.intp)])
        for at in by
    ]
    u = np.hypot(given * u_of_share(share[0]), taken * u_of_share(share[1]))
    step = facts.batch.form.step * facts.batch.form.factor
    apart = np.abs(given - taken)
    wrong = both & (apart > 2 * u + step)
    receiver = np.nan_to_num(share[1]) <= np.nan_to_num(share[0])
    for at in np.flatnonzero(wrong).tolist():
        mine = bool(receiver[at])
        yield Finding(
            code="mirror",
            severity="grave" if apart[at] > _GRAVE * u[at] else "warning",
            owner=int(by[1 if mine else 0][at]),
            size_m3=float(apart[at]),
            values={
                "partner": table["giver" if mine else "taker"].iloc[at],
                "other": float((given if mine else taken)[at]) / 1000,
                "value": float((taken if mine else given)[at]) / 1000,
                "u": float(u[at]) / 1000,
            },
        )
    yield from _missing(facts, table, given, taken, by)


def _missing(
    facts: Facts,
    table: pd.DataFrame,
    given: np.ndarray,
    taken: np.ndarray,
    by: list[np.ndarray],
) -> Iterator[Finding]:
    """Find transfers that one side does not mention though it has reported."""
    places = pd.Series(
        np.arange(len(facts)),
        index=pd.MultiIndex.from_arrays(
            [facts.enterprise.astype(object), facts.batch.period.astype(str)]
        ),
    )
    places = places[~places.index.duplicated()]
    step = facts.batch.form.step * facts.batch.form.factor
    for silent, said, who_, partner in (
        (taken, given, "taker", "giver"),
        (given, taken, "giver", "taker"),
    ):
        lonely = np.isnan(silent) & (said > step)
        if not lonely.any():
            continue
        rows = table[lonely]
        key = pd.MultiIndex.from_arrays([rows[who_].astype(object), rows["period"]])
        owner = places.reindex(key).to_numpy()
        for at in np.flatnonzero(~np.isnan(owner)).tolist():
            volume = float(said[lonely][at])
            yield Finding(
                code="mirror_missing",
                severity="warning",
                owner=int(owner[at]),
                size_m3=volume,
                values={"partner": rows[partner].iloc[at], "value": volume / 1000},
            )


def outputs(facts: Facts) -> Iterator[Finding]:
    """Find more water out than in, and a discharged share unlike other years'."""
    out = _sum(facts.discharge, facts.passed_used, facts.passed_unused)
    u = np.hypot(facts.u, np.nan_to_num(out) * u_of_share(facts.metered))
    room = facts.intake * (1 + _RAIN) + 2 * u
    above = out > room
    for at in np.flatnonzero(above).tolist():
        yield Finding(
            code="discharge_above_intake",
            severity="grave",
            owner=at,
            size_m3=float(out[at] - facts.intake[at]),
            values={
                "out": float(out[at]) / 1000,
                "value": float(facts.intake[at]) / 1000,
            },
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(facts.intake > 0, facts.discharge / facts.intake, np.nan)
    grid = facts.grid(share)
    usual, spread = _usual(grid)
    apart = np.abs(share - facts.back(usual))
    odd = (apart > np.maximum(_SHARE, 4 * facts.back(spread))) & ~above
    for at in np.flatnonzero(odd).tolist():
        yield Finding(
            code="discharge_share",
            severity="warning",
            owner=at,
            size_m3=float(apart[at] * facts.intake[at]),
            values={
                "share": float(share[at]) * 100,
                "expected": float(facts.back(usual)[at]) * 100,
            },
        )


def _usual(grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median of the other years, and their robust spread."""
    usual = np.full(grid.shape, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for year in range(grid.shape[1]):
            others = np.delete(grid, year, axis=1)
            if others.shape[1]:
                usual[:, year] = np.nanmedian(others, axis=1)
        spread = 1.4826 * np.nanmedian(np.abs(grid - usual), axis=1)
    return usual, np.repeat(spread[:, None], grid.shape[1], axis=1)


def _sum(*parts: np.ndarray) -> np.ndarray:
    given = np.any([~np.isnan(part) for part in parts], axis=0)
    total = np.sum([np.nan_to_num(part) for part in parts], axis=0)
    return np.where(given, total, np.nan)
