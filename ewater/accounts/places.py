"""Where accounts lie on a map: at their site, where they are measured, or nearby."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ewater.balance.expressions import codes
from ewater.balance.matrices import filled
from ewater.terms import OUTSIDE_KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from ewater.balance.ledger import Ledger

    Floats = NDArray[np.float64]

#: What tells where an account lies, the best first.
HOW = ("site", "measured", "joined", "territory")
WATERS = ("river", "lake", "canal", "reservoir")
_ROUNDS = (
    50  # a reach this many reaches from the next gauge takes its territory's place
)


class Places(NamedTuple):
    """Longitude and latitude of each account, degrees, NaN if none; and how known."""

    lon: Floats
    lat: Floats
    how: NDArray[np.str_]


def places(
    frames: Mapping[str, pd.DataFrame],
    ledger: Ledger,
    sites: Collection[str] | None = None,
) -> Places:
    """Place the accounts of a ledger.

    An account with a site lies there; a water without one where its flows are measured,
    else between the waters that it is joined to; anything else, and what nobody
    measured, inside its territory. Outsides have no place.

    Parameters
    ----------
    frames
        Country frames of the ledger.
    sites
        Codes that may be told of; all if not given.
    """
    known = frames["sites"].drop_duplicates("code").set_index("code")
    if sites is not None:
        known = known[known.index.isin(list(sites))]
    accounts = frames["accounts"].drop_duplicates("code").set_index("code")
    accounts = accounts.reindex(ledger.accounts)
    own = known[["lon", "lat"]].reindex(accounts["site"]).to_numpy(dtype=float)
    water = np.isin(ledger.account_kind, WATERS)
    measured = _measured(frames, ledger, known)
    measured[~water] = np.nan
    area = _areas(frames, accounts["territory"])
    outside = np.isin(ledger.account_kind, OUTSIDE_KINDS)
    place, how = own, np.where(np.isfinite(own[:, 0]), "site", "")
    place, how = _where_open(place, how, measured, "measured")
    place, how = _where_open(place, how, _joined(ledger, place, water), "joined")
    place, how = _where_open(place, how, area, "territory")
    place[outside] = np.nan
    how[outside] = ""
    return Places(place[:, 0], place[:, 1], how)


def _where_open(
    place: Floats, how: NDArray[np.str_], other: Floats, name: str
) -> tuple[Floats, NDArray[np.str_]]:
    """Fill what has no place yet."""
    taken = np.isnan(place[:, 0]) & np.isfinite(other[:, 0])
    return (
        np.where(taken[:, None], other, place),
        np.where(taken, name, how).astype("U9"),
    )


def _mean(total: Floats, count: Floats) -> Floats:
    result = np.full(total.shape, np.nan)
    np.divide(total, count[:, None], out=result, where=count[:, None] > 0)
    return result


def _measured(
    frames: Mapping[str, pd.DataFrame], ledger: Ledger, known: pd.DataFrame
) -> Floats:
    """Mean place of the sites whose series measure flows of an account."""
    sites = frames["series"].drop_duplicates("code").set_index("code")["site"]
    series = sites.to_dict()  # looked up for every flow
    flows = frames["flows"].drop_duplicates("code").set_index("code")
    texts = flows["measured_by"].reindex(ledger.flows)
    pairs = [
        (place, series.get(code))
        for place, text in enumerate(texts)
        if isinstance(text, str) and text
        for kind, code in codes(text)
        if "series" in kind
    ]
    site = pd.Index(known.index).get_indexer(pd.Index([s for _, s in pairs], dtype=str))
    flow = np.array([n for n, _ in pairs], dtype=np.intp)
    flow, site = flow[site >= 0], site[site >= 0]
    spot = known[["lon", "lat"]].to_numpy(dtype=float)
    ends = np.concatenate([ledger.flow_from[flow], ledger.flow_to[flow]])
    twice = np.concatenate([site, site])
    at = filled(ends, twice, 1.0, (ledger.accounts.size, len(known)))
    at.data = np.ones_like(at.data)  # a site counts once, however much it measures
    return _mean(at @ spot, np.asarray(at.sum(axis=1)))


def _joined(ledger: Ledger, place: Floats, water: NDArray[np.bool_]) -> Floats:
    """Spread known places along the waters until every one of them is between some."""
    count = ledger.accounts.size
    both = water[ledger.flow_from] & water[ledger.flow_to]
    start, end = ledger.flow_from[both], ledger.flow_to[both]
    near = filled(start, end, 1.0, (count, count))
    near = near + near.T
    found = place.copy()
    for _ in range(_ROUNDS):
        told = np.isfinite(found[:, 0])
        around = _mean(
            near @ np.where(told[:, None], found, 0.0),
            np.asarray(near @ told.astype(float)),
        )
        fresh = np.isnan(place[:, 0]) & np.isfinite(around[:, 0])
        if np.allclose(found[fresh], around[fresh], atol=1e-4, equal_nan=False):
            break
        found[fresh] = around[fresh]
    return found


def _areas(
    frames: Mapping[str, pd.DataFrame], territory: pd.Series[str]
) -> NDArray[np.float64]:
    """Point inside the territory of each account."""
    areas = frames["territories"].drop_duplicates("code").set_index("code").geometry
    points = areas[areas.notna() & ~areas.is_empty].representative_point()
    table = pd.DataFrame({"lon": points.x, "lat": points.y}, index=points.index)
    return table.reindex(territory).to_numpy(dtype=float)
