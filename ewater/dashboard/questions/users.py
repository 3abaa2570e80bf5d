"""Who uses water: enterprises with what they returned, bought, are permitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.accounts import in_memory
from ewater.accounts.in_memory import NOW, step_of
from ewater.accounts.pipeline import Descendants
from ewater.accounts.scope import require
from ewater.balance.reported import reported_volumes, returns_in, with_sector
from ewater.balance.returns import approved, settle, transactions

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from ewater.accounts.in_memory import Basis
    from ewater.accounts.scope import Scope

    Document = dict[str, Any]
    Frames = Mapping[str, pd.DataFrame]

ITEMS = ("abstraction", "received", "use")
_OF_DEALS = (
    "supplied", "received", "unmatched", "supplied_metered", "received_metered",
)  # fmt: skip
_A_YEAR_S = {"year": 365.25 * 86_400, "month": 30.4375 * 86_400, "day": 86_400.0}


def users(
    engine: Engine,
    scope: Scope,
    territory: str,
    start: dt.date,
    end: dt.date,
    basis: Basis = NOW,
    sector: str = "",
) -> Document:
    """Tell what enterprises of a territory took, received and used in a period.

    Those of one sector, where one is named.

    Returns
    -------
    dict
        ``enterprises``: code, name, isic, sector, for each of `ITEMS` the reported m3
        (None: no return), ``imputed`` m3 of abstraction and received where a return is
        missing, ``covered`` (share of the time, by volume taken), ``metered`` (share of
        what was taken), ``metered_m3`` by item, ``permitted`` m3 and ``excess`` m3
        above it. ``sources``: by source, m3 taken and m3 of it metered. ``deals``:
        supplier, user, supplied, received, unmatched, and ``supplied_metered`` and
        ``received_metered`` m3. A scope of organisations is told of its own
        enterprises alone.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    view, periods = in_memory.of(engine).periods(
        start, end, step_of(start, end), "managed", basis
    )
    frames, period = view.run.frames, periods[-1]
    bounds = np.asarray(view.run.bounds[period : period + 2])
    mine = _mine(frames, scope, territory, sector)
    reports = settle(approved(frames["reports"])).reports
    inside = returns_in(reports[reports["enterprise"].isin(mine)], bounds)
    deals = _deals(reports, bounds)
    return {
        "enterprises": _enterprises(frames, bounds, mine, inside),
        "sources": _sources(inside),
        "deals": [
            {
                **{name: deal[name] for name in ("supplier", "user")},
                **{name: _plain(deal[name]) for name in _OF_DEALS},
            }
            for deal in deals.to_dict("records")
            if {deal["supplier"], deal["user"]} & mine
        ],
    }


def _deals(reports: pd.DataFrame, bounds: NDArray[np.int64]) -> pd.DataFrame:
    """Match both sides of every transfer, with the metered part of what each says."""
    deals = transactions(reports, bounds)
    share = reports["metered"].astype(float) if "metered" in reports else 0.0
    part = (reports["volume"] * share).fillna(0.0)
    metered = transactions(reports.assign(volume=part), bounds)
    return deals.assign(
        supplied_metered=metered["supplied"], received_metered=metered["received"]
    )


def _mine(frames: Frames, scope: Scope, territory: str, sector: str) -> set[str]:
    """Codes of the enterprises in a territory that a scope may see."""
    rows = frames["enterprises"]
    inside = Descendants(frames["territories"])(territory)
    rows = rows[rows["territory"].isin(inside)]
    if sector:
        rows = with_sector(rows, frames["sectors"])
        rows = rows[rows["sector"] == sector]
    found = set(rows["code"].astype(str))
    return found & set(scope.organisations) if scope.organisations else found


def _enterprises(
    frames: Frames, bounds: NDArray[np.int64], mine: set[str], inside: pd.DataFrame
) -> list[Document]:
    told = reported_volumes(frames, bounds)
    keep = told.rows["enterprise"].isin(mine).to_numpy()
    rows = told.rows[keep].assign(
        volume=told.volume[keep, 0],
        coverage=told.coverage[keep, 0],
        metered=told.metered[keep, 0],
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = told.earlier_volume[keep, 0] / told.earlier_coverage[keep, 0]
    gap = np.clip(1 - rows["coverage"].to_numpy(), 0, 1)
    rows = rows.assign(imputed=np.where(gap > 1e-6, gap * rate, 0.0))
    given = set(inside["enterprise"].astype(str))
    metered, permitted = _metered(inside), _permitted(frames["permits"], bounds)
    places = with_sector(frames["enterprises"], frames["sectors"])
    places = places.drop_duplicates("code", keep="last").set_index("code")
    found = []
    # who holds a permit and never returned anything is named too
    for code in sorted({*rows["enterprise"].astype(str), *(permitted.keys() & mine)}):
        lines = rows[rows["enterprise"] == code]
        by_item = lines.set_index("item")
        taken = by_item.reindex(["abstraction", "received"])
        one: Document = {
            "code": str(code),
            "name": places["name"].get(code),
            "isic": str(places["isic"].get(code)),
            "sector": places["sector"].get(code) or None,
            **{item: _item(by_item, item, str(code) in given) for item in ITEMS},
            "imputed": _plain(taken["imputed"].sum()) if len(lines) else None,
            "covered": _covered(lines),
            "metered": metered.get(str(code)),
            "metered_m3": {
                item: _item(by_item, item, str(code) in given, "metered") or 0.0
                for item in ITEMS
            },
            "permitted": permitted.get(str(code)),
        }
        over = (one["abstraction"] or 0.0) - (one["permitted"] or np.inf)
        one["excess"] = _plain(max(over, 0.0)) if one["permitted"] else None
        found.append(one)
    return found


def _covered(lines: pd.DataFrame) -> float | None:
    """Share of the time that returns of one enterprise cover, by what they say.

    Of what it takes, where it takes any. An item that it never gave weighs nothing.
    """
    taken = lines[lines["item"].isin(("abstraction", "received"))]
    told = taken if len(taken) else lines
    expected = told["volume"] + told["imputed"].fillna(0.0)
    if expected.sum() > 0:
        return _plain((told["coverage"] * expected).sum() / expected.sum())
    return _plain(told["coverage"].max())  # a nil is an answer


def _item(
    by_item: pd.DataFrame, item: str, given: bool, column: str = "volume"
) -> float | None:
    if not given or item not in by_item.index:
        return None
    return _plain(by_item[column].groupby(level=0).sum().loc[item])


def _metered(inside: pd.DataFrame) -> dict[str, float]:
    """Share of what was taken that meters measured, where returns say so."""
    if "metered" not in inside:
        return {}
    taken = inside[inside["item"].isin(("abstraction", "received"))]
    taken = taken[taken["metered"].notna() & (taken["part"] > 0)]
    weight = taken["part"].groupby(taken["enterprise"].astype(str)).sum()
    share = (taken["part"] * taken["metered"].astype(float)).groupby(
        taken["enterprise"].astype(str)
    )
    return {str(k): float(v) for k, v in (share.sum() / weight).items()}


def _permitted(permits: pd.DataFrame, bounds: NDArray[np.int64]) -> dict[str, float]:
    """Volume that permits allow in a period, m3, by enterprise."""
    rows = permits[permits["limit_m3"].notna()]
    edges = [
        pd.to_datetime(rows[name], utc=True).dt.as_unit("us")
        for name in ("valid_from", "valid_to")
    ]
    first, last = (
        np.where(edge.isna(), bound, edge.astype("int64"))
        for edge, bound in zip(edges, bounds, strict=True)
    )
    inside = np.minimum(last, bounds[1]) - np.maximum(first, bounds[0])
    seconds = np.maximum(inside, 0) / 1e6
    allowed = (
        rows["limit_m3"].astype(float)
        * seconds
        / rows["per"].map(_A_YEAR_S).astype(float)
    )
    sums = allowed.groupby(rows["enterprise"].astype(str)).sum()
    return {str(code): float(value) for code, value in sums.items() if value > 0}


def _sources(inside: pd.DataFrame) -> dict[str, tuple[float, float]]:
    taken = inside[inside["item"].isin(("abstraction", "received"))]
    source = taken["source"].fillna("")
    share = taken["metered"].astype(float) if "metered" in taken else 0.0
    sums = taken["part"].groupby(source).sum()
    metered = (taken["part"] * share).fillna(0.0).groupby(source).sum()
    return {
        str(code): (float(volume), float(metered.get(code, 0.0)))
        for code, volume in sums.items()
    }


def _plain(value: Any) -> float | None:
    found = float(value)
    return found if np.isfinite(found) else None
