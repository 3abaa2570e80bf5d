"""Totals that the account does not carry itself, with gaps kept as gaps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ewater.dashboard.answers import Period, Quantity


def _coverage(parts: Sequence[Quantity]) -> float | None:
    """Weight coverage by volume; a part wholly unknown weighs as much as the mean.

    None where something is known that has none: a forecast is covered by no data.
    """
    if not parts:
        return None
    sizes = [abs(p["known"] or 0.0) for p in parts]
    mean = math.fsum(sizes) / len(parts) or 1.0
    weights = [
        size or (mean if p["missing"] else 0.0)
        for p, size in zip(parts, sizes, strict=True)
    ]
    total = math.fsum(weights)
    covered = [(w, p["coverage"]) for w, p in zip(weights, parts, strict=True) if w]
    bare = any(p["known"] and p["coverage"] is None for p in parts)
    if total == 0 or bare or all(share is None for _, share in covered):
        return None
    return math.fsum(w * (share or 0.0) for w, share in covered) / total


def add(quantities: Iterable[Quantity]) -> Quantity:
    """Sum quantities; unknown if any of them is unknown.

    The uncertainty is the plain sum of those of the parts: they often share
    instruments, and the sum is right for full correlation and safe otherwise.
    """
    parts = list(quantities)
    values = [p["value"] for p in parts]
    known = math.fsum(p["known"] or 0.0 for p in parts)
    us = [p["u"] for p in parts]
    shares: dict[str, float] = {}
    for part in parts:
        for status, share in part["status_shares"].items():
            shares[status] = shares.get(status, 0.0) + share * abs(part["known"] or 0.0)
    whole = math.fsum(shares.values())
    shares = {s: v / whole for s, v in shares.items()} if whole > 0 else {}
    return {
        "value": None if not parts or None in values else known,
        "known": known,
        "missing": [code for p in parts for code in p["missing"]],
        "u": None if not parts or None in us else math.fsum(u or 0.0 for u in us),
        "coverage": _coverage(parts),
        "status": max(shares, key=shares.__getitem__) if shares else "unknown",
        "status_shares": shares,
    }


def of_flow(flow: Mapping[str, Any]) -> Quantity:
    """Give a `ewater.dashboard.answers.Flow` as a quantity that can be added."""
    volume = flow["volume"]
    known = None if volume is None or not math.isfinite(volume) else volume
    return {
        "value": known,
        "known": known,
        "missing": [flow["code"]] if known is None else [],
        "u": flow["u"],
        "coverage": flow["coverage"],
        "status": flow["status"],
        "status_shares": {flow["status"]: 1.0} if known else {},
    }


def rests_on(period: Period, name: str) -> Quantity:
    """Find the quantity whose coverage and statuses are those of a named total."""
    if name == "use":
        return use(period)
    if name == "net_inflow":
        return add([period["inflow"], period["outflow"]])
    found: Quantity = period[name]  # type: ignore[literal-required]
    return found


def use(period: Period, sector: str = "") -> Quantity:
    """Use of a sector; of all, as the account gives it or as the sum of its sectors."""
    if sector:
        found = period["sectors"].get(sector)
        return found["use"] if found else add([])
    if "use" in period:
        return period["use"]
    return add(sector["use"] for sector in period["sectors"].values())


def use_cell(sector: str = "") -> str:
    """Cell of the use of a sector, or of all, as Explain takes it."""
    return f"balance.sectors.{sector}.use" if sector else "balance.use"


def coverage(period: Period) -> Quantity:
    """Inflow, outflow and use as one, for their coverage and their statuses."""
    return add([period["inflow"], period["outflow"], use(period)])
