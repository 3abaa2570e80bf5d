"""Sources to flows: what instruments, reports and rules say becomes volumes.

A source can feed several flows, so uncertainty stays with the sources: a total over
flows is a total over sources first, and what they share is correlated by itself.
Where a flow turns round, ends or is unknown for a while, its sources are cut in time
into *parts*, within which the same sources feed the same flows with the same sign.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ewater.balance.expected import expected_volume
from ewater.balance.labels import bounds_of, labelled
from ewater.balance.matrices import above, csr, filled, pattern
from ewater.balance.refusals import check_volumes
from ewater.balance.shared import Parts, split_shared
from ewater.errors import UsageError
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.crossing import Crossing
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix

_KEPT, _ABSENT, _TURNED = 1, 0, -1
_BY_PERIOD = (
    "volume",
    "unknown",
    "valid",
    "coverage",
    "status",
    "expected",
    "random",
    "systematic",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Flows:
    """Volumes of all flows of a ledger, with what they were made from.

    Attributes
    ----------
    codes : (flow,)
    bounds : (period + 1,), int64, microseconds UTC
    volume : (flow, period), m3
        NaN where unknown; 0 where the flow does not exist.
    unknown, valid : (flow, period), bool
    coverage : (flow, period), 0 to 1
    status : (flow, period), int8, `ewater.terms.Status`
    expected : (flow, period), m3
        Weight of the flow in coverages and shares, see `expected_volume`.
    weights : csr (flow, part)
    random, systematic : (part, period), m3
        Standard uncertainties (k = 1) of the parts.
    origin : (part,)
        Code of the source that each part is of; ``rating:SITE`` for what sources
        share by the rating of a site.
    """

    codes: NDArray[np.str_]
    bounds: NDArray[np.int64]
    volume: NDArray[np.float64]
    unknown: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    coverage: NDArray[np.float64]
    status: NDArray[np.int8]
    expected: NDArray[np.float64]
    weights: Matrix
    random: NDArray[np.float64]
    systematic: NDArray[np.float64]
    origin: NDArray[np.str_]

    @cached_property
    def known(self) -> NDArray[np.float64]:
        """Volumes with nothing where they are unknown, (flow, period), m3."""
        return np.where(self.unknown, 0.0, self.volume)

    @cached_property
    def variance(self) -> NDArray[np.float64]:
        """Squared standard uncertainty of the parts, (part, period), m6."""
        return np.asarray(self.random**2 + self.systematic**2)

    @cached_property
    def covered(self) -> NDArray[np.float64]:
        """Expected volume times time coverage, (flow, period), m3."""
        return self.expected * self.coverage

    def within(self, periods: Sequence[int]) -> Flows:
        """Keep some periods that lie side by side."""
        some = slice(periods[0], periods[-1] + 1)
        return replace(
            self,
            bounds=self.bounds[periods[0] : periods[-1] + 2],
            **{name: getattr(self, name)[:, some] for name in _BY_PERIOD},
        )

    def dataset(self) -> xr.Dataset:
        """As labelled arrays, dims (flow, period).

        ``negative`` marks a volume below zero that no reverse flow could take: it
        is kept and shown, never clipped.
        """
        squared = self.weights.power(2)
        fields = {
            "volume": self.volume,
            "u_random": np.sqrt(squared @ self.random**2),
            "u_systematic": np.sqrt(squared @ self.systematic**2),
            "coverage": self.coverage,
            "status": self.status,
            "known": ~self.unknown,
            "negative": self.volume < 0,
        }
        for name in ("u_random", "u_systematic"):
            fields[name] = np.where(self.unknown, np.nan, fields[name])
        return labelled(fields, {"flow": self.codes}, self.bounds)


def flow_volumes(ledger: Ledger, sources: xr.Dataset, weights: Matrix) -> xr.Dataset:
    """Volumes of all flows as labelled arrays; see `resolve`."""
    return resolve(ledger, sources, weights).dataset()


def resolve(ledger: Ledger, sources: xr.Dataset, weights: Matrix) -> Flows:
    """Make flows of sources.

    A flow is unknown where any of its sources is, or if it has none. A negative
    volume moves, as its absolute value, to the flow that ``reverse`` names, where
    that exists and is known; a reverse flow without sources of its own is known
    exactly where the flow that it reverses is.

    Parameters
    ----------
    ledger
        Gives the flows, their validity and their reverses.
    sources : (source, period)
        ``volume``, ``u_random``, ``u_systematic`` (m3, k = 1), ``coverage``,
        ``status``; coordinates ``period`` and ``period_end`` (ARCHITECTURE), and
        ``rating`` (source,) where sources share one (`ewater.balance.shared`).
    weights : csr (flow, source)
        Rows in the order of ``ledger.flows``, columns in that of ``sources``.

    Raises
    ------
    UsageError
        The weights do not fit, periods are not side by side, or a source cannot be
        meant (`ewater.balance.refusals`).
    """
    shape = (ledger.flows.size, sources.sizes["source"])
    if weights.shape != shape:
        raise UsageError(f"weights are {weights.shape}; flows and sources are {shape}")
    bounds = bounds_of(sources)
    check_volumes(sources, "source", u=("u_random", "u_systematic"))
    weights, arrays, names = _canonical(weights, sources)
    gap = np.isnan(arrays["volume"])
    for name in ("volume", "u_random", "u_systematic"):
        arrays[name] = np.where(gap, 0.0, arrays[name])
    valid = ledger.flow_valid(bounds)
    fed, reverse = np.diff(weights.indptr), ledger.flow_reverse
    taker = _takers(reverse, fed)
    gaps = pattern(weights) @ gap.astype(np.float32)
    unknown = ((gaps > 0) | (fed == 0)[:, None]) & valid
    unknown[reverse[taker]] = unknown[taker] & valid[reverse[taker]]

    raw = weights @ arrays["volume"]
    state = _states(raw, valid & ~unknown, reverse)
    turned = np.flatnonzero((state == _TURNED).any(axis=1))
    moved = np.where(state[turned] == _TURNED, -raw[turned], 0.0)
    volume = np.where(state == _KEPT, raw, 0.0)
    np.add.at(volume, reverse[turned], moved)
    volume[unknown] = np.nan

    coverage, status = _quality(weights, arrays, gap)
    coverage[reverse[taker]] = coverage[taker]
    status[reverse[taker]] = status[taker]
    _hand_over(coverage, status, turned, reverse[turned], moved, volume)
    status[unknown | ~valid] = Status.UNKNOWN
    silent = gaps == fed[:, None]  # no source says anything: nothing to cut
    np.copyto(state, _KEPT, where=silent)
    weights, random, systematic, origin = _split(
        weights, state, reverse, arrays["u_random"], arrays["u_systematic"]
    )
    parts = split_shared(
        Parts(weights, random, systematic, names[origin]), _ratings(sources)
    )
    return Flows(
        codes=ledger.flows,
        bounds=bounds,
        volume=volume,
        unknown=unknown,
        valid=valid,
        coverage=coverage,
        status=status,
        expected=expected_volume(volume, valid),
        **parts._asdict(),
    )


def with_pairs(flows: Flows, crossing: Crossing) -> Flows:
    """Append, for each pair, what returns beyond what left, and the opposite.

    Returns
    -------
    Flows
        With 2 x pair more rows: first max(returned - left, 0), then
        max(left - returned, 0), each with the share that is the territory's and
        the uncertainty of the difference.
    """
    leaves, returns = crossing.leaves, crossing.returns
    count, pairs = flows.codes.size, leaves.size
    share_in, share_out = crossing.share_in[:, None], crossing.share_out[:, None]
    excess = share_in * flows.volume[returns] - share_out * flows.volume[leaves]
    unknown = flows.unknown[returns] | flows.unknown[leaves]
    valid = flows.valid[returns] | flows.valid[leaves]
    volume = np.concatenate(
        [flows.volume, np.maximum(excess, 0.0), np.maximum(-excess, 0.0)]
    )
    difference = csr(
        flows.weights[returns].multiply(share_in)
        - flows.weights[leaves].multiply(share_out)
    )
    nothing = csr(sparse.csr_array(difference.shape))
    weights = above([flows.weights, difference, nothing])
    state = np.full(volume.shape, _KEPT, dtype=np.int8)
    state[count : count + pairs] = np.where(excess < 0, _TURNED, _KEPT)
    state[count : count + pairs][unknown] = _ABSENT
    reverse = np.full(count + 2 * pairs, -1)
    reverse[count : count + pairs] = count + pairs + np.arange(pairs)
    weights, random, systematic, origin = _split(
        weights, state, reverse, flows.random, flows.systematic
    )
    both = np.concatenate([returns, leaves])
    valid = np.concatenate([flows.valid, valid, valid])
    return Flows(
        codes=np.concatenate([flows.codes, flows.codes[both]]),
        bounds=flows.bounds,
        volume=volume,
        unknown=np.concatenate([flows.unknown, unknown, unknown]),
        valid=valid,
        coverage=np.concatenate([flows.coverage, flows.coverage[both]]),
        status=np.concatenate([flows.status, flows.status[both]]),
        expected=expected_volume(volume, valid),
        weights=weights,
        random=random,
        systematic=systematic,
        origin=flows.origin[origin],
    )


def _canonical(
    weights: Matrix, sources: xr.Dataset
) -> tuple[Matrix, dict[str, NDArray[np.float64]], NDArray[np.str_]]:
    """Arrays and codes of the sources, sorted by code: sums then have one order."""
    codes = np.asarray(sources["source"].to_numpy(), dtype=np.str_)
    order = np.argsort(codes, kind="stable")
    names = ("volume", "u_random", "u_systematic", "coverage", "status")
    arrays = {
        name: sources[name].transpose("source", "period").to_numpy() for name in names
    }
    if (order != np.arange(order.size)).any():
        weights = csr(weights[:, order])
        arrays = {name: array[order] for name, array in arrays.items()}
    else:
        weights = csr(weights.copy())
    weights.sum_duplicates()
    weights.eliminate_zeros()
    return weights, arrays, codes[order]


def _ratings(sources: xr.Dataset) -> dict[str, str]:
    """Rating behind each source that has one."""
    if "rating" not in sources.coords:
        return {}
    pairs = zip(sources["source"].values, sources["rating"].values, strict=True)
    return {str(code): str(rating) for code, rating in pairs if rating}


def _takers(reverse: NDArray[np.intp], fed: NDArray[np.integer]) -> NDArray[np.intp]:
    """Flows whose reverse has no source but them."""
    measured = np.flatnonzero((reverse >= 0) & (fed > 0))
    fed_alone = fed[reverse[measured]] == 0
    return np.asarray(measured[fed_alone])


def _quality(
    weights: Matrix,
    arrays: dict[str, NDArray[np.float64]],
    gap: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Coverage and status of each flow, by the share of its sources in its volume."""
    covered = np.nan_to_num(arrays["coverage"], nan=0.0)
    told = arrays["status"].astype(np.int8)
    fed = np.diff(weights.indptr)
    shape = (fed.size, covered.shape[1])
    coverage = np.zeros(shape)
    status = np.full(shape, Status.UNKNOWN, dtype=np.int8)
    one, several = np.flatnonzero(fed == 1), np.flatnonzero(fed > 1)
    only = weights.indices[weights.indptr[one]]
    coverage[one], status[one] = covered[only], told[only]
    if several.size:
        mixed = abs(weights[several])
        used = np.unique(mixed.indices)
        mixed = csr(mixed[:, used])
        size = np.where(gap[used], np.nan, arrays["volume"][used])
        expected = expected_volume(size, np.ones_like(size, dtype=bool))
        coverage[several] = (mixed @ (expected * covered[used])) / (mixed @ expected)
        best = np.zeros((several.size, shape[1]))
        for kind in Status:
            share = mixed @ np.where(told[used] == kind, expected, 0.0)
            status[several] = np.where(share > best, kind, status[several])
            best = np.maximum(best, share)
    return coverage, status


def _states(
    raw: NDArray[np.float64], there: NDArray[np.bool_], reverse: NDArray[np.intp]
) -> NDArray[np.int8]:
    """Decide what becomes of each flow: kept, absent, or turned round."""
    state = np.where(there, _KEPT, _ABSENT).astype(np.int8)
    movable = np.flatnonzero(reverse >= 0)
    ready = there[movable] & there[reverse[movable]]
    state[movable] = np.where(ready & (raw[movable] < 0), _TURNED, state[movable])
    return state


def _hand_over(
    coverage: NDArray[np.float64],
    status: NDArray[np.int8],
    source: NDArray[np.intp],
    target: NDArray[np.intp],
    moved: NDArray[np.float64],
    volume: NDArray[np.float64],
) -> None:
    """Let a reverse flow share coverage and status of what it took over."""
    part = np.divide(moved, volume[target], out=np.zeros_like(moved), where=moved > 0)
    coverage[target] += part * (coverage[source] - coverage[target])
    status[target] = np.where(part > 0.5, status[source], status[target])


def _split(
    weights: Matrix,
    state: NDArray[np.int8],
    reverse: NDArray[np.intp],
    random: NDArray[np.float64],
    systematic: NDArray[np.float64],
) -> tuple[Matrix, NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Cut sources in time so that every flow uses each part in one way only.

    The last of the answer is the source of each part, by position.
    """
    changing = np.flatnonzero((state != _KEPT).any(axis=1))
    if not changing.size:
        return weights, random, systematic, np.arange(weights.shape[1])
    users = csr(pattern(csr(weights[changing])).T)
    count = np.diff(users.indptr)
    source = np.flatnonzero(count)
    active = np.ones((source.size, state.shape[1]), dtype=bool)
    for turn in range(int(count.max(initial=0))):
        more = count[source] > turn
        flow = changing[users.indices[users.indptr[source[more]] + turn]]
        pieces = [active[more] & (state[flow] == s) for s in (_KEPT, _ABSENT, _TURNED)]
        source = np.concatenate([source[~more], *[source[more]] * len(pieces)])
        active = np.concatenate([active[~more], *pieces])
        kept = active.any(axis=1)
        source, active = source[kept], active[kept]
    whole = np.flatnonzero(count == 0)
    origin = np.concatenate([whole, source])
    first = np.concatenate([np.zeros(whole.size, dtype=np.intp), active.argmax(axis=1)])
    shape = (weights.shape[0], origin.size)
    cut = filled(origin, np.arange(origin.size), 1.0, (weights.shape[1], origin.size))
    entries = csr(weights @ cut).tocoo()
    row, part = entries.coords
    how = np.where(np.isin(row, changing), state[row, first[part]], _KEPT)
    taker = np.where(how == _TURNED, reverse[row], row)
    placed = filled(taker, part, entries.data * how, shape)
    placed.eliminate_zeros()
    cut_random, cut_systematic = (
        np.concatenate([u[whole], np.where(active, u[source], 0.0)])
        for u in (random, systematic)
    )
    return placed, cut_random, cut_systematic, origin
