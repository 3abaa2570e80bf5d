"""What one pattern of measured variables allows: structure, observability, redundancy.

Everything here depends on which variables are measured, not on their values, and is
found once for all periods with the same pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from ewater.balance.matrices import csr
from ewater.balance.reconciliation.factor import factorise, refined
from ewater.balance.reconciliation.recipe import assembled, filled_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.balance.matrices import Matrix
    from ewater.balance.reconciliation.factor import Shape
    from ewater.balance.reconciliation.recipe import Recipe

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Marks = NDArray[np.bool_]

DEPENDENT = 1e-9  # of the diagonal: what elimination leaves of a row that is no new one
_PROBE = 20230101  # any seed: columns agree on random probes only if parallel
_PROBES = 3
_SAME = 1e-6  # of the answers to the probes


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Structure:
    """A pattern of measured variables, ready for any values.

    Attributes
    ----------
    measured : (variable,), bool
    unmeasured : (unmeasured,)
        Positions of the variables without a value.
    row_place, border_place
        Where rows and unmeasured variables stand in the elimination.
    loading : csr (variable, factor)
        Of the measured variables, with the factors that are uncertain.
    spread : csr (row, factor)
        Matrix times loading: what each error does to the rows.
    probes : csr (row, vector)
        Matrix of the measured variables, then of the candidates.
    dropped : (position,), bool
        Rows that depend on others, unmeasured variables that loops leave open.
    observable : (unmeasured,), bool
    redundant : (vector,), bool
        An error there would show.
    alike : (vector,)
        Vectors with one number cannot be told apart; -1 where none is alike.
    """

    measured: Marks
    unmeasured: NDArray[np.intp]
    row_place: Places
    border_place: Places
    loading: Matrix
    spread: Matrix
    border: Matrix
    probes: Matrix
    shape: Shape
    recipe: Recipe
    dropped: Marks
    observable: Marks
    redundant: Marks
    alike: Places

    @property
    def size(self) -> int:
        """Rows and unmeasured variables."""
        return self.dropped.size

    @property
    def rank(self) -> int:
        """Degrees of freedom of the global test."""
        kept_rows = int((~self.dropped[self.row_place]).sum())
        return kept_rows - int((~self.dropped[self.border_place]).sum())


def structure(
    matrix: Matrix,
    loading: Matrix,
    candidates: Matrix | None,
    measured: Marks,
    uncertain: Marks,
    order: Places,
) -> Structure:
    """Analyse one pattern.

    Parameters
    ----------
    matrix : csr (row, variable)
        With rows scaled to a largest entry of 1.
    loading : csr (variable, factor)
    candidates : csr (variable, candidate), optional
        Directions of gross errors besides the variables themselves.
    measured : (variable,), bool
    uncertain : (factor,), bool
        Factors with an uncertainty above 0.
    order : (row,)
        Order of elimination of the rows.
    """
    rows = matrix.shape[0]
    unmeasured = np.flatnonzero(~measured)
    keep = sparse.diags_array(measured.astype(float))
    known = csr(keep @ loading @ sparse.diags_array(uncertain.astype(float)))
    known.eliminate_zeros()
    spread = csr(matrix @ known)
    spread.eliminate_zeros()
    own = csr(matrix @ keep)
    own.eliminate_zeros()
    probes = own if candidates is None else csr(sparse.hstack([own, own @ candidates]))
    border = csr(matrix[:, unmeasured])
    row_place, border_place = _places(order, border)
    shape, recipe = assembled(
        rows + unmeasured.size, spread, border, probes, known, (row_place, border_place)
    )
    places = (row_place, border_place)
    analysis = _unit_analysis(
        shape, recipe, spread, border, probes, matrix.shape[1], places
    )
    return Structure(
        measured=measured,
        unmeasured=unmeasured,
        row_place=row_place,
        border_place=border_place,
        loading=known,
        spread=spread,
        border=border,
        probes=probes,
        shape=shape,
        recipe=recipe,
        dropped=analysis.dropped,
        observable=analysis.observable,
        redundant=analysis.redundant,
        alike=analysis.alike,
    )


def _places(order: Places, border: Matrix) -> tuple[Places, Places]:
    """Put every unmeasured variable right after the last of its rows."""
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    entries = border.tocoo()
    last = np.zeros(border.shape[1], dtype=np.int64)
    np.maximum.at(last, entries.coords[1], 2 * rank[entries.coords[0]] + 1)
    place = np.empty(order.size + last.size, dtype=np.int64)
    place[np.argsort(np.concatenate([2 * rank, last]), kind="stable")] = np.arange(
        place.size
    )
    return place[: order.size], place[order.size :]


def _largest(matrix: Matrix) -> Floats:
    """Size of each column, 1 where it is empty."""
    if not matrix.nnz:
        return np.ones(matrix.shape[1])
    largest = np.asarray(abs(matrix).max(axis=0).todense()).ravel()
    return np.where(largest > 0, largest, 1.0)


class _Analysis(NamedTuple):
    dropped: Marks
    observable: Marks
    redundant: Marks
    alike: Places


def _unit_analysis(
    shape: Shape,
    recipe: Recipe,
    spread: Matrix,
    border: Matrix,
    probes: Matrix,
    variables: int,
    places: tuple[Places, Places],
) -> _Analysis:
    """Ranks, with every error of size 1: what depends on what is no matter of size."""
    size = shape.row_start.size - 1
    row_place, border_place = places
    sizes = _largest(spread)
    weight = np.concatenate([sizes**-2.0, np.ones(border.shape[1] + 1)])
    diagonal, below = filled_in(recipe, weight, size, shape.column.size)
    dropped = np.zeros(size, dtype=np.bool_)
    lower, pivot = np.empty(shape.lower_row.size), np.empty(size)
    factorise(shape, below, diagonal, dropped, DEPENDENT, lower, pivot)
    rng = np.random.default_rng(_PROBE)
    open_ended = dropped[border_place]
    mixture = rng.uniform(1.0, 2.0, border.shape[1]) * open_ended
    right = np.zeros(size)
    right[row_place] = border @ mixture
    loops = refined(shape, below, diagonal, lower, pivot, right)[border_place]
    observable = ~open_ended & (np.abs(loops) < np.sqrt(DEPENDENT))

    questions = rng.uniform(-1.0, 1.0, (_PROBES, row_place.size))
    answers = np.empty((_PROBES, probes.shape[1]))
    for answer, question in zip(answers, questions, strict=True):
        right = np.zeros(size)
        right[row_place] = question
        seen = refined(shape, below, diagonal, lower, pivot, right)[row_place]
        answer[:] = (probes.T @ seen) / (_largest(probes) * np.abs(seen).max(initial=1))
    redundant = np.asarray(np.abs(answers) > DEPENDENT).max(axis=0, initial=False)
    own_kind = slice(0, variables), slice(variables, None)
    alike = np.concatenate([_parallel(answers[:, k], redundant[k]) for k in own_kind])
    return _Analysis(dropped, observable, redundant, alike)


def _parallel(answers: Floats, redundant: Marks) -> Places:
    """Give one number to the vectors that answer every probe alike, (vector,)."""
    alike = np.full(redundant.size, -1, dtype=np.int64)
    some = np.flatnonzero(redundant)
    if not some.size:
        return alike
    scaled = answers[1:, some] / answers[0, some]
    order = np.argsort(scaled[0])
    near = np.abs(np.diff(scaled[:, order], axis=1)) < _SAME * np.abs(
        scaled[:, order[1:]]
    )
    number = np.concatenate([[0], np.cumsum(~near.all(axis=0))])
    alone = np.bincount(number)[number] == 1
    alike[some[order]] = np.where(alone, -1, number)
    return alike
