"""Bridges: the lines that lead from one figure to another, summing exactly.

Both figures are sums over one ledger, or quotients of such sums, so their difference
is in the flows that only one of them counts. A quotient is taken over in a fixed order:
first its numerator changes, line by line, then its denominator; each line is the
difference that its step makes, so the lines add up by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.balance.matrices import csr, of_columns, positive
from ewater.balance.views import compiled as reading
from ewater.balance.views import formulas, stored, words
from ewater.balance.views.coefficients import BLOCKS
from ewater.balance.views.formulas import Dual, divided, subtracted
from ewater.balance.views.linear import Linear, evaluated, variance
from ewater.errors import UsageError
from ewater.terms import ACCOUNT_KINDS, TERMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ewater.balance.views.basis import Basis
    from ewater.balance.views.coefficients import Rows
    from ewater.balance.views.evaluate import Evaluated
    from ewater.balance.views.words import Words

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Line:
    """One step of a bridge, (territory, period); NaN where something is missing."""

    label: Words
    value: Array
    u: Array
    parts: tuple[Linear, ...]

    def missing(self, territory: int, period: int) -> list[str]:
        """Name what the step lacks."""
        found = [m for part in self.parts for m in part.missing(territory, period)]
        return list(dict.fromkeys(found))


@dataclass(frozen=True, eq=False, kw_only=True)
class Bridge:
    """From one figure to another: ``start`` + all lines = ``end``."""

    unit: str
    start: Array
    end: Array
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class _Form:
    """A cell as numerator over denominator; a sum has no denominator."""

    above: Rows
    below: Rows | None


def bridge(first: Evaluated, start: str, second: Evaluated, end: str) -> Bridge:
    """Lead from one cell to another over the same basis.

    Parameters
    ----------
    first, start
        A view and one of its cells.
    second, end
        The same or another view, and the cell to arrive at.

    Raises
    ------
    UsageError
        Unknown cell; different basis or unit; a cell that is neither a sum nor a
        quotient of sums.
    """
    if first.basis is not second.basis:
        raise UsageError("both figures must come from one ledger, period and territory")
    units = [v.compiled.cell(c).row.unit for v, c in ((first, start), (second, end))]
    left, right = _form(first, start), _form(second, end)
    if units[0] != units[1] or (left.below is None) != (right.below is None):
        raise UsageError(
            f"{start} is in {units[0]} and {end} in {units[1]}; a bridge needs two "
            "volumes, or two shares in one unit"
        )
    steps = _sums(first.basis, left.above, right.above)
    lines = (
        [_plain(label, step) for label, step in steps]
        if left.below is None or right.below is None
        else list(_shares(first.basis, left, right))
    )
    return Bridge(
        unit=units[0],
        start=first.cell(start).value,
        end=second.cell(end).value,
        lines=lines,
    )


def to_published(
    view: Evaluated, cell: str, counterpart: tuple[Evaluated, str] | None, value: Array
) -> Bridge:
    """Lead from a cell to somebody else's figure.

    Parameters
    ----------
    view, cell
        Where to start.
    counterpart
        View and cell that the published item stands for, if one does: definitions
        lead there, and what is then left is *unexplained*.
    value : (territory, period)
        What was published, in the unit of the cell; NaN where nothing was.
    """
    known = bridge(view, cell, *(counterpart or (view, cell)))
    where, code = counterpart or (view, cell)
    reached = where.cell(code)
    parts = tuple(where.linear[name] for name in where.linear_parts(code))
    rest = Line(
        label=words.UNEXPLAINED, value=value - known.end, u=reached.u, parts=parts
    )
    return Bridge(
        unit=known.unit, start=known.start, end=value, lines=[*known.lines, rest]
    )


def _form(view: Evaluated, code: str) -> _Form:
    cell = view.compiled.cell(code)
    combination = view.compiled.linear[code]
    if combination is not None:
        return _Form(view.rows_of(combination), None)
    taken = formulas.quotient(str(cell.row.formula))
    if taken is not None:
        factor, *texts = taken
        sums = [view.compiled.combination(text, cell.column) for text in texts]
        if sums[0] is not None and sums[1] is not None:
            above = {name: factor * value for name, value in sums[0].items()}
            return _Form(view.rows_of(above), view.rows_of(sums[1]))
    raise UsageError(
        f"{view.view.view}.{code} is neither a sum of flows nor a quotient of such "
        "sums, so no bridge leads to it; take the cells that it is made of"
    )


def _sums(basis: Basis, left: Rows, right: Rows) -> list[tuple[Words, Linear]]:
    """Differences of coefficients, in groups, in the order of the vocabulary."""
    rest = {name: csr(right[name] - left[name]) for name in BLOCKS}
    rest["flow"] = basis.folded(rest["flow"])
    made = []
    for label, part in _groups(basis, rest):
        if any(matrix.nnz for name, matrix in part.items() if name != "gross"):
            made.append((label, evaluated(basis, part)))
    return made


def _groups(basis: Basis, rest: Rows) -> Iterator[tuple[Words, Rows]]:
    """Give what is counted in addition, stocks and inputs, then what is left out.

    In this order a denominator first grows and then shrinks: it cannot pass zero on
    the way from one positive value to another.
    """
    yield from _flow_groups(basis, rest, +1.0)
    yield from _other_groups(basis, rest)
    yield from _flow_groups(basis, rest, -1.0)


def _flow_groups(basis: Basis, rest: Rows, sign: float) -> Iterator[tuple[Words, Rows]]:
    """Coefficients of one sign, by term and kinds of the ends of their flows."""
    ledger = basis.ledger
    count = ledger.flows.size
    signed = csr(sign * positive(csr(sign * rest["flow"])))
    flows = np.unique(signed.indices[signed.indices < count])
    kinds, terms = list(ACCOUNT_KINDS), list(TERMS)
    start, end = (
        [kinds.index(kind) for kind in ledger.account_kind[account[flows]]]
        for account in (ledger.flow_from, ledger.flow_to)
    )
    term = [terms.index(name) for name in ledger.flow_term[flows]]
    key = np.array([term, start, end], dtype=int).T
    for one in np.unique(key, axis=0):
        chosen = np.zeros(basis.shape["flow"], dtype=bool)
        chosen[flows[(key == one).all(axis=1)]] = True
        ends = (words.KINDS[kinds[one[1]]], " → ", words.KINDS[kinds[one[2]]])
        part = {
            "flow": of_columns(signed, chosen),
            "gross": of_columns(rest["gross"], chosen[:count]),
        }
        label = words.joined(words.TERMS[terms[one[0]]], " (", *ends, ")")
        yield label, basis.empty() | part


def _other_groups(basis: Basis, rest: Rows) -> Iterator[tuple[Words, Rows]]:
    ledger, empty = basis.ledger, basis.empty()
    pairs = np.arange(basis.shape["flow"]) >= ledger.flows.size
    yield words.RE_ENTERING, empty | {"flow": of_columns(rest["flow"], pairs)}
    for block in stored.BLOCKS:
        for name in ACCOUNT_KINDS:
            part = of_columns(rest[block], ledger.account_kind == name)
            label = words.joined(words.STOCKS[block], ": ", words.KINDS[name])
            yield label, empty | {block: part}
    owner = np.arange(basis.shape["input"]) // max(basis.rows.size, 1)
    for place, name in enumerate(basis.input_names):
        part = of_columns(rest["input"], owner == place)
        yield words.joined(words.INPUT, f": {name}"), empty | {"input": part}


def _plain(label: Words, step: Linear) -> Line:
    fields = step.fields()
    return Line(label=label, value=fields.value, u=fields.u, parts=(step,))


def _shares(basis: Basis, left: _Form, right: _Form) -> Iterator[Line]:
    """Take the steps of a quotient: numerator first, then denominator."""
    below, after = left.below or {}, right.below or {}
    start = evaluated(basis, below)
    for label, step in _sums(basis, left.above, right.above):
        used = {"step": step, "below": start}
        dual = divided(_dual("step", used), _dual("below", used))
        yield _line(words.joined(words.NUMERATOR, ": ", label), dual, used)
    above = evaluated(basis, right.above)
    reached = below
    for label, step in _sums(basis, below, after):
        further = {name: csr(reached[name] + step.rows[name]) for name in BLOCKS}
        used = {
            "above": above,
            "before": evaluated(basis, reached),
            "after": evaluated(basis, further),
        }
        top = _dual("above", used)
        dual = subtracted(
            divided(top, _dual("after", used)), divided(top, _dual("before", used))
        )
        yield _line(words.joined(words.DENOMINATOR, ": ", label), dual, used)
        reached = further


def _dual(name: str, used: dict[str, Linear]) -> Dual:
    value = used[name].value
    return Dual(value, {name: np.ones_like(value)})


def _line(label: Words, dual: Dual, used: dict[str, Linear]) -> Line:
    u = np.sqrt(variance(dual, used))
    return Line(
        label=label,
        value=dual.value,
        u=np.where(np.isnan(dual.value), np.nan, u),
        parts=tuple(used.values()),
    )


def published() -> dict[str, tuple[str, str]]:
    """View and cell that published items stand for, by item."""
    return {
        item: (cell.partition(".")[0], cell.partition(".")[2])
        for item, cell in reading.published().items()
    }
