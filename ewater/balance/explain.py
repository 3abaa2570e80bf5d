"""What made a figure: flows, stocks and inputs, and the sources behind the flows.

A figure is a row of coefficients over a ledger; for a formula that is no sum, its
gradient, to first order. So each item adds ``coefficient x volume`` to the value, and
its covariance with the figure to the variance; both sums are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from ewater.balance.flows import resolve
from ewater.balance.matrices import csr, filled, pattern
from ewater.balance.views import stored
from ewater.balance.views.coefficients import BLOCKS
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.balance.views.basis import Basis
    from ewater.balance.views.coefficients import Rows
    from ewater.balance.views.evaluate import Evaluated

    Array = NDArray[np.float64]

Kind: TypeAlias = Literal["flow", "stock", "capacity", "input"]
_STOCK = ("opening", "closing", "change", "booked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one source gives a figure through one flow.

    ``weight`` is that of the source in the flow, ``volume`` what the source says
    (m3), ``value`` what it adds to the figure, ``covariance`` to its variance. What
    sources share by the rating of a site is a source too (``rating:SITE``), of
    variance only.
    """

    source: str
    weight: float
    volume: float
    value: float
    covariance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A flow, stock, capacity or input of a figure; NaN where it is unknown.

    ``factors`` are coefficients by block (``flow``, ``opening`` ...); ``volume`` is
    that of the block, where there is one only.
    """

    kind: Kind
    code: str
    factors: Mapping[str, float]
    volume: float
    value: float
    covariance: float
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a figure is made of, in order of kind and code."""

    items: tuple[Item, ...]

    @property
    def known(self) -> float:
        """Sum of what the items add, those that are unknown left out."""
        return float(np.nansum([item.value for item in self.items]))

    @property
    def variance(self) -> float:
        """Sum of the covariances of the items with the figure."""
        return float(np.nansum([item.covariance for item in self.items]))

    def by_source(self) -> dict[str, tuple[float, float]]:
        """Value and covariance by source, in the order of `weight_of`.

        A stock is ``stock:ACCOUNT``, a capacity ``capacity:ACCOUNT``, an input
        ``input:NAME``; what a flow lacks is NaN.
        """
        found: dict[str, tuple[float, float]] = {}
        for name, value, covariance in self._sources():
            before = found.get(name, (0.0, 0.0))
            found[name] = (before[0] + value, before[1] + covariance)
        order = sorted(found, key=lambda name: weight_of(*found[name]))
        return {name: found[name] for name in order}

    def _sources(self) -> Iterable[tuple[str, float, float]]:
        for item in self.items:
            for part in item.parts:
                yield part.source, part.value, part.covariance
            if item.kind != "flow":
                yield f"{item.kind}:{item.code}", item.value, item.covariance


def weight_of(value: float, covariance: float) -> tuple[bool, float, float]:
    """Order by what matters: variance, then value; what is unknown comes last."""
    if np.isnan(value):
        return True, 0.0, 0.0
    return False, -abs(covariance), -abs(value)


@dataclass(frozen=True, eq=False, kw_only=True)
class Moment:
    """One period of a ledger, in which every source feeds its flows in one way.

    Attributes
    ----------
    ledger, flows
        As of `resolve`, for this period alone.
    weights : csr (flow, source)
        As given: also those of flows that are unknown.
    sources
        Sources of this period.
    period
        Its position in the run.
    """

    ledger: Ledger
    flows: Flows
    weights: Matrix
    sources: xr.Dataset
    period: int

    @classmethod
    def of(
        cls, ledger: Ledger, sources: xr.Dataset, weights: Matrix, period: int
    ) -> Moment:
        """Take a period out of what `ewater.balance.flows.resolve` takes.

        Raises
        ------
        UsageError
            There is no such period.
        """
        count = sources.sizes["period"]
        if not 0 <= period < count:
            raise UsageError(f"no period {period}; there are {count}, from 0")
        now = sources.isel(period=slice(period, period + 1))
        flows = resolve(ledger, now, weights)
        return cls(
            ledger=ledger, flows=flows, weights=csr(weights), sources=now, period=period
        )

    @cached_property
    def said(self) -> dict[str, float]:
        """Volume of each source, NaN where unknown."""
        volume = self.sources["volume"].transpose("source", "period").to_numpy()[:, 0]
        codes = self.sources["source"].to_numpy().astype(str).tolist()
        return dict(zip(codes, volume.tolist(), strict=True))

    @cached_property
    def names(self) -> list[str]:
        """Codes of the sources, in the order of ``weights``."""
        return [str(code) for code in self.sources["source"].to_numpy()]


def made(basis: Basis, moment: Moment, rows: Rows, territory: int = 0) -> Made:
    """Take a row of coefficients apart.

    Parameters
    ----------
    basis
        What the row is over.
    moment
        The period, of the same ledger.
    rows
        Coefficients by block, a row for each territory.
    territory
        Position of the row.
    """
    one = {name: csr(rows[name][[territory]]) for name in BLOCKS}
    return Made(
        items=(
            *_of_flows(moment, folded(basis, one["flow"], moment.period)),
            *_of_stocks(basis, one, moment.period),
            *_of_inputs(basis, one["input"], moment.period),
        )
    )


def folded(basis: Basis, flow: Matrix, period: int) -> Array:
    """Write what returns beyond what left, and the opposite, as the two flows.

    Within a period one of the two is nothing, so that coefficients of flows say all.

    Returns
    -------
    (flow,)
        NaN for both flows of a pair of which one is unknown: then neither says what
        returned, or left, in excess.
    """
    crossing, count = basis.crossing, basis.ledger.flows.size
    row = flow.toarray()[0]
    result: Array = row[:count].copy()
    pairs = crossing.leaves.size
    if not pairs:
        return result
    volume = basis.flows.volume[:count, period]
    excess = (
        crossing.share_in * volume[crossing.returns]
        - crossing.share_out * volume[crossing.leaves]
    )
    come, gone = row[count : count + pairs], row[count + pairs :]
    factor = np.where(excess < 0, -gone, come)
    factor = np.where(np.isnan(excess) & ((come != 0) | (gone != 0)), np.nan, factor)
    np.add.at(result, crossing.returns, factor * crossing.share_in)
    np.add.at(result, crossing.leaves, -factor * crossing.share_out)
    return result


def _of_flows(moment: Moment, factor: Array) -> Iterable[Item]:
    flows = moment.flows
    lost = np.isnan(factor)
    through = np.where(lost, 0.0, factor) @ flows.weights
    adds = through * flows.variance[:, 0]
    for flow in np.flatnonzero((factor != 0) & flows.valid[:, 0]):
        unknown = bool(flows.unknown[flow, 0] | lost[flow])
        parts = (
            _lacking(moment, int(flow))
            if unknown
            else tuple(_parts(moment, int(flow), float(factor[flow]), adds))
        )
        volume = float(flows.volume[flow, 0])
        yield Item(
            kind="flow",
            code=str(flows.codes[flow]),
            factors={"flow": float(factor[flow])},
            volume=volume,
            value=float(factor[flow]) * volume,
            covariance=0.0 if unknown else sum(part.covariance for part in parts),
            parts=parts,
        )


def _parts(moment: Moment, flow: int, factor: float, adds: Array) -> Iterable[Part]:
    for at, weight in _entries(moment.flows.weights, flow):
        source = str(moment.flows.origin[at])
        shared = source not in moment.said  # an error of several sources, no water
        volume = np.nan if shared else moment.said[source]
        yield Part(
            source=source,
            weight=weight,
            volume=volume,
            value=0.0 if shared else factor * weight * volume,
            covariance=factor * weight * float(adds[at]),
        )


def _lacking(moment: Moment, flow: int) -> tuple[Part, ...]:
    """List the sources of a flow that is unknown, with what they do say."""
    return tuple(
        Part(
            source=moment.names[at],
            weight=weight,
            volume=moment.said[moment.names[at]],
            value=np.nan,
            covariance=0.0,
        )
        for at, weight in _entries(moment.weights, flow)
    )


def _entries(matrix: Matrix, row: int) -> Iterable[tuple[int, float]]:
    span = slice(matrix.indptr[row], matrix.indptr[row + 1])
    columns, values = matrix.indices[span].tolist(), matrix.data[span].tolist()
    return ((at, value) for at, value in zip(columns, values, strict=True) if value)


def _of_stocks(basis: Basis, one: Rows, period: int) -> Iterable[Item]:
    kept = _period_of(basis.stored, period)
    factor = {name: one[name].toarray()[0] for name in stored.BLOCKS}
    kinds: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("stock", _STOCK),
        ("capacity", ("full", "dead")),
    )
    for kind, blocks in kinds:
        touched = np.logical_or.reduce([factor[name] != 0 for name in blocks])
        some = np.flatnonzero(touched & kept.modelled[:, 0])
        variance = _variances(basis, kept, {n: factor[n] for n in blocks}, some)
        for place, account in enumerate(some):
            mine = {n: float(factor[n][account]) for n in blocks if factor[n][account]}
            volume = {name: float(kept.volume[name][account, 0]) for name in mine}
            value = sum(mine[name] * volume[name] for name in mine)
            yield Item(
                kind=kind,
                code=str(basis.ledger.accounts[account]),
                factors=mine,
                volume=next(iter(volume.values())) if len(mine) == 1 else np.nan,
                value=value,
                covariance=float(variance[place]),
            )


def _period_of(whole: stored.Stored, period: int) -> stored.Stored:
    now = slice(period, period + 1)
    return replace(
        whole,
        volume={name: array[:, now] for name, array in whole.volume.items()},
        modelled=whole.modelled[:, now],
        random=(whole.random[0][:, now], whole.random[1][:, now]),
        fraction=whole.fraction[:, now],
    )


def _variances(
    basis: Basis,
    kept: stored.Stored,
    factor: Mapping[str, Array],
    some: NDArray[np.intp],
) -> Array:
    """Variance of what each account adds: accounts are independent of each other."""
    shape = (some.size, basis.ledger.accounts.size)
    place = np.arange(some.size)
    rows = {
        name: filled(place, some, factor[name][some] if name in factor else 0.0, shape)
        for name in stored.BLOCKS
    }
    return np.asarray(kept.covariance(rows, rows)[:, 0])


def _of_inputs(basis: Basis, matrix: Matrix, period: int) -> Iterable[Item]:
    territories = basis.rows.size
    for at, factor in _entries(matrix, 0):
        name = basis.input_names[at // territories]
        given = basis.inputs[name]
        value = float(given.value[at % territories, period])
        u = float(np.nan_to_num(given.u[at % territories, period]))
        yield Item(
            kind="input",
            code=name,
            factors={"input": factor},
            volume=value,
            value=factor * value,
            covariance=0.0 if np.isnan(value) else (factor * u) ** 2,
        )


def slopes(
    evaluated: Evaluated, code: str, territory: int, period: int
) -> dict[str, float]:
    """Derive a cell by each basic cell, those that a sum is made of.

    NaN for all of them where there is none: the cell is a ratio that is unknown, or
    says how much is known or covered.

    Raises
    ------
    UsageError
        The view has no such cell.
    """
    evaluated.compiled.cell(code)
    linear = evaluated.compiled.linear
    shape = (evaluated.basis.rows.size, evaluated.basis.periods)
    found: dict[str, float] = {}
    for name, part in evaluated.dual(code).gradient.items():
        slope = float(np.broadcast_to(part, shape)[territory, period])
        for basic, factor in (linear[name] or {}).items():
            found[basic] = found.get(basic, 0.0) + slope * factor
    if found and np.isfinite(list(found.values())).all():
        return found
    parts = evaluated.linear_parts(code)
    return {basic: np.nan for name in parts for basic in linear[name] or ()}


def rows_of(evaluated: Evaluated, by_cell: Mapping[str, float]) -> Rows:
    """Coefficients of a cell, a row for each territory, from its `slopes`.

    Where these are NaN, coefficients are NaN too, at all that is asked about.
    """
    if by_cell and not np.isfinite(list(by_cell.values())).all():
        each = [evaluated.rows_of({name: 1.0}) for name in by_cell]
        return {
            name: csr(np.nan * pattern(csr(sum(abs(rows[name]) for rows in each))))
            for name in BLOCKS
        }
    return evaluated.rows_of(dict(by_cell))
