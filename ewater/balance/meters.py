"""Where the next meters pay: the fall of the variance of a total with each of them.

After reconciliation the estimates have the covariance C. A meter of variance s2 on flow
j takes (c'C e_j)2 / (C_jj + s2) off the variance c'C c of a total c'x, and C itself
becomes C - C e_j e_j'C / (C_jj + s2). The next meter is chosen on that: nothing is
solved again, each choice costs one column of C.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.balance.crossing import Crossing
from ewater.balance.reconciliation.by_period import by_period
from ewater.balance.reconciliation.reconcile import STORELESS
from ewater.balance.reconciliation.rows import Stocks, rows_of
from ewater.balance.reconciliation.solve import responses
from ewater.balance.sectors import sector_matrices
from ewater.balance.terms import term_matrix, terms_of
from ewater.errors import UsageError
from ewater.terms import SECTORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.balance.reconciliation.solve import Posterior

    Floats = NDArray[np.float64]

#: Terms that no meter measures.
NO_METER = (
    "precipitation",
    "evaporation",
    "actual_evapotranspiration",
    "consumption",
    "recharge",
    "baseflow",
    "runoff",
    "seepage",
    "losses_in_conveyance",
)
#: Standard uncertainty of a new meter in per cent, by the kind of account it stands at:
#: METHODS 4, rating in mid flow, gated canal; else a pipe meter in service.
METER_U_PCT = {"river": 3.75, "canal": 7.5, "reservoir": 7.5, "lake": 7.5}
PIPE_U_PCT = 2.0
_NOTHING = 1e-12  # of the variance of the total: gains below are rounding


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Meters:
    """What the next meters are worth.

    Attributes
    ----------
    total : str
    u : (period,), m3
        Standard uncertainty of the total as it is reconciled now.
    u_after : (period,), m3
        With all the meters of ``chosen``.
    open : tuple of str
        Flows of the total that nothing determines: without them it stays unknown, and
        the uncertainties are those of the rest.
    candidates : pandas.DataFrame
        ``flow``, ``meter_u`` (m3), ``gain`` (m6, fall of the variance by this meter
        alone), ``fall`` (share of the variance); largest first.
    chosen : pandas.DataFrame
        The same for meters built one after the other, with ``left``: the share of the
        variance that remains after each.
    """

    total: str
    u: Floats
    u_after: Floats
    open: tuple[str, ...]
    candidates: pd.DataFrame
    chosen: pd.DataFrame


def next_meters(
    ledger: Ledger,
    flows: Flows,
    stocks: xr.Dataset,
    total: str,
    *,
    territory: str,
    count: int = 40,
    u_pct: float | None = None,
    boundary: str | Iterable[str] = "managed",
    storeless: Iterable[str] = STORELESS,
) -> Meters:
    """Find the meters that make a total best known.

    Parameters
    ----------
    ledger, flows, stocks, boundary, storeless
        As for `ewater.balance.reconciliation.reconcile.reconcile`.
    total
        ``inflow``, ``outflow``, ``net_inflow``; a term; ``use``, ``gross_use``,
        ``consumption``, or one of them for a sector, such as ``agriculture.use``.
    territory
        Whose total.
    count
        How many meters are to be built, one after the other.
    u_pct
        Standard uncertainty (k = 1) of a new meter; by default that of METHODS 4 for
        its place.

    Returns
    -------
    Meters
        With several periods, variances are added up over them: each period counts on
        its own.

    Raises
    ------
    UsageError
        Unknown territory or total, a total of no flow, or nothing to choose.
    """
    if count < 1:
        raise UsageError(f"{count} meters: give 1 or more")
    kinds = boundary if isinstance(boundary, str) else tuple(boundary)
    row = total_row(ledger, territory, total, kinds)
    if not row.any():
        raise UsageError(f"no flow belongs to {total} of {territory}")
    variables = by_period(
        ledger,
        flows,
        rows_of(ledger, flows, kinds, storeless),
        Stocks.of(ledger, flows.bounds, stocks),
    )
    meter = _meters(ledger, flows, u_pct)
    direction = np.zeros(variables.matrix.shape[1])
    direction[: row.size] = row
    searches = [
        _Search(posterior, direction, meter[:, posterior.period])
        for posterior in responses(
            variables.matrix, variables.value, variables.u, variables.loading
        )
    ]
    open_ = np.unique(np.concatenate([search.open for search in searches]))
    return _greedy(
        searches, count, total, ledger.flows, [str(n) for n in ledger.flows[open_]]
    )


def total_row(
    ledger: Ledger, territory: str, total: str, boundary: str | tuple[str, ...]
) -> Floats:
    """Coefficient of each flow in a total of a territory, (flow,).

    Raises
    ------
    UsageError
        Unknown territory or total.
    """
    rows = ledger.rows([territory])
    terms = terms_of(ledger)
    if total in terms:
        return _row(term_matrix(ledger, rows), terms.index(total))
    if total in ("inflow", "outflow", "net_inflow"):
        crossing = Crossing.of(ledger, boundary, rows)
        way = {"inflow": crossing.inward, "outflow": crossing.outward}
        return _row(way.get(total, crossing.net), 0)
    sector, _, measure = total.rpartition(".")
    measures = sector_matrices(ledger, rows)
    if measure in measures and sector in ("", *SECTORS):
        matrix = measures[measure]
        if sector:
            return _row(matrix, SECTORS.index(sector))
        return np.asarray(matrix.sum(axis=0), dtype=float).ravel()
    raise UsageError(
        f"no total {total!r}; use inflow, outflow, net_inflow, use, gross_use, "
        f"consumption, SECTOR.use, or a term: {', '.join(terms)}"
    )


def _row(matrix: Matrix, place: int) -> Floats:
    return np.asarray(matrix[[place]].toarray()[0], dtype=float)


def _meters(ledger: Ledger, flows: Flows, u_pct: float | None) -> Floats:
    """Give the u of a new meter, (flow, period), m3; NaN where none can be."""
    if u_pct is not None and not u_pct > 0:
        raise UsageError(f"a meter of {u_pct} % is not one; give more than 0")
    kind = ledger.account_kind[ledger.flow_from]
    usual = np.array([METER_U_PCT.get(str(k), PIPE_U_PCT) for k in kind])
    percent = usual if u_pct is None else np.full(kind.size, u_pct)
    size = np.where(flows.valid, np.abs(flows.volume), np.nan)
    meter = percent[:, None] / 100 * size
    meter[np.isin(ledger.flow_term, NO_METER) | (ledger.flow_reverse >= 0)] = np.nan
    return meter


class _Search:
    """One period: covariance of every estimate with the total, updated by meters."""

    def __init__(self, posterior: Posterior, direction: Floats, meter: Floats) -> None:
        self.posterior = posterior
        count = meter.size
        unknown = np.isnan(posterior.variance)
        self.open = np.flatnonzero(unknown[:count] & (direction[:count] != 0))
        known = np.where(unknown, 0.0, direction)
        self.shared = posterior.along(known)
        self.total = float(known @ self.shared)
        self.start = self.total
        self.variance = np.nan_to_num(posterior.variance)
        usable = (meter > 0) & ~unknown[:count]
        self.meter = np.where(usable, meter, np.inf)
        self.steps: list[tuple[Floats, float]] = []

    def gains(self) -> Floats:
        """Fall of the variance of the total by each meter, (flow,)."""
        count = self.meter.size
        size = self.variance[:count] + self.meter**2
        return np.asarray(self.shared[:count] ** 2 / size)

    def build(self, flow: int) -> None:
        """Put up a meter."""
        if not np.isfinite(self.meter[flow]):
            return
        unit = np.zeros(self.shared.size)
        unit[flow] = 1.0
        column = self.posterior.along(unit)
        for old, size in self.steps:
            column -= old * (old[flow] / size)
        size = float(self.variance[flow] + self.meter[flow] ** 2)
        self.total -= float(self.shared[flow]) ** 2 / size
        self.shared = self.shared - column * (self.shared[flow] / size)
        self.variance = self.variance - column**2 / size
        self.steps.append((column, size))


def _greedy(
    searches: list[_Search],
    count: int,
    total: str,
    codes: NDArray[np.str_],
    open_: list[str],
) -> Meters:
    before = sum(search.start for search in searches)
    alone = sum((search.gains() for search in searches), np.zeros(codes.size))
    some = np.flatnonzero(alone > _NOTHING * before)
    order = some[np.argsort(-alone[some], kind="stable")]
    chosen: list[int] = []
    gains: list[float] = []
    while len(chosen) < count:
        gain = sum((search.gains() for search in searches), np.zeros(codes.size))
        gain[chosen] = 0.0
        best = int(np.argmax(gain))
        if gain[best] <= _NOTHING * before:
            break
        chosen.append(best)
        gains.append(float(gain[best]))
        for search in searches:
            search.build(best)
    table = _table(codes, searches, np.array(chosen, dtype=np.intp), np.array(gains))
    left = 1.0 - np.cumsum(table["fall"].to_numpy())
    return Meters(
        total=total,
        u=np.sqrt([search.start for search in searches]),
        u_after=np.sqrt([max(search.total, 0.0) for search in searches]),
        open=tuple(open_),
        candidates=_table(codes, searches, order, alone[order]),
        chosen=table.assign(left=left),
    )


def _table(
    codes: NDArray[np.str_],
    searches: list[_Search],
    places: NDArray[np.intp],
    gain: Floats,
) -> pd.DataFrame:
    """Meters with their mean uncertainty over the periods in which they can stand."""
    meters = np.array([search.meter[places] for search in searches])
    standing = np.isfinite(meters)
    size = np.where(standing, meters, 0.0).sum(axis=0)
    before = sum(search.start for search in searches)
    return pd.DataFrame(
        {
            "flow": codes[places].astype(object),
            "meter_u": size / np.maximum(standing.sum(axis=0), 1),
            "gain": gain,
            "fall": gain / before if before > 0 else np.zeros(gain.shape),
        }
    )
