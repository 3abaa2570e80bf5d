"""One engine for all views: cells, what closes, and what has no place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ewater.balance.labels import labelled
from ewater.balance.matrices import csr
from ewater.balance.totals import STATUSES, Totals
from ewater.balance.views import formulas
from ewater.balance.views.coefficients import BLOCKS, combined, stacked
from ewater.balance.views.formulas import Dual
from ewater.balance.views.linear import Fields, Linear, evaluated, variance
from ewater.terms import Status

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    from ewater.balance.views.basis import Basis
    from ewater.balance.views.coefficients import Rows
    from ewater.balance.views.compiled import Cell, Compiled
    from ewater.balance.views.model import Place

    Array = NDArray[np.float64]


class Evaluated:
    """A view over a basis: cells, identities, what has no place.

    Parameters
    ----------
    compiled
        The view.
    basis
        What it draws on.
    like
        The same view over other volumes of the same ledger, territories and inputs:
        its coefficients are these.
    """

    def __init__(
        self, compiled: Compiled, basis: Basis, like: Evaluated | None = None
    ) -> None:
        self.compiled, self.basis, self._like = compiled, basis, like
        self._fields: dict[str, Fields] = {}

    @property
    def view(self) -> Any:
        """What the view says."""
        return self.compiled.view

    @cached_property
    def _basic(self) -> tuple[list[str], Rows]:
        """Coefficients of the basic cells, (cell x territory, item)."""
        names = [
            code
            for code, parts in self.compiled.linear.items()
            if parts is not None and set(parts) == {code}
        ]
        cells = [self.compiled.cells[code] for code in names]
        rows = [self.basis.cell(c.row, c.column, self._others(c)) for c in cells]
        return names, stacked(rows)

    def _others(self, cell: Cell) -> list[str]:
        return [
            token
            for column in self.view.columns
            if column is not cell.column
            for token in column.accounts or ()
        ]

    def rows_of(self, combination: dict[str, float]) -> Rows:
        """Coefficients of a sum of basic cells, a row for each territory."""
        return self._rows([combination])

    def coefficients(self, codes: list[str]) -> Rows:
        """Coefficients of cells that are sums, (cell x territory, item)."""
        return self._rows([self.compiled.linear[code] or {} for code in codes])

    def _rows(self, combinations: list[dict[str, float]]) -> Rows:
        names, basic = self._basic
        place = {name: n for n, name in enumerate(names)}
        matrix = sparse.lil_array((len(combinations), len(names)))
        for row, parts in enumerate(combinations):
            for name, factor in parts.items():
                matrix[row, place[name]] = factor
        each = sparse.eye_array(self.basis.rows.size)
        return combined(csr(sparse.kron(csr(matrix), each)), basic)

    @cached_property
    def _sums(self) -> tuple[list[str], Rows]:
        """All cells that are sums, with their coefficients."""
        if self._like is not None:
            return self._like._sums
        codes = [c for c, parts in self.compiled.linear.items() if parts is not None]
        return codes, self.coefficients(codes) if codes else {}

    @cached_property
    def linear(self) -> dict[str, Linear]:
        """The cells that are sums, each (territory, period)."""
        codes, rows = self._sums
        if not codes:
            return {}
        whole = evaluated(self.basis, rows)
        count = self.basis.rows.size
        return {
            code: whole.take(
                slice(n * count, (n + 1) * count), bool(self._absent(code))
            )
            for n, code in enumerate(codes)
        }

    def _absent(self, code: str) -> list[str]:
        """Find the inputs that a sum needs and that nobody gives."""
        rows = (self.compiled.cells[c].row for c in self.compiled.linear[code] or ())
        return [r.input for r in rows if r.input and r.input not in self.basis.inputs]

    def cell(self, code: str) -> Fields:
        """Evaluate a cell.

        Raises
        ------
        UsageError
            The view has none of this code.
        """
        self.compiled.cell(code)
        if code not in self._fields:
            shown = (
                self.linear[code].fields() if code in self.linear else self._ratio(code)
            )
            self._fields[code] = self._modelled(code, shown)
        return self._fields[code]

    def known(self, code: str) -> Array:
        """Give what is known of a cell, as `cell` does, and nothing else of it."""
        if code in self.linear:
            part = self.linear[code]
            known = np.where(part.apportioned, np.nan, part.totals.known)
        else:
            shape = (self.basis.rows.size, self.basis.periods)
            known = np.array(np.broadcast_to(self.dual(code).value, shape))
        blank = self._blank(code)
        return known if blank is None else np.where(blank, np.nan, known)

    def _modelled(self, code: str, shown: Fields) -> Fields:
        """Blank a stock none of whose accounts is modelled: it is not zero."""
        blank = self._blank(code)
        if blank is None:
            return shown
        return replace(
            shown,
            value=np.where(blank, np.nan, shown.value),
            known=np.where(blank, np.nan, shown.known),
            u=np.where(blank, np.nan, shown.u),
            not_modelled=blank,
        )

    def _blank(self, code: str) -> NDArray[np.bool_] | None:
        """Where a stock is not modelled, (territory, period); None: it is no stock."""
        cell = self.compiled.cells[code]
        if cell.row.stock is None and cell.row.capacity is None:
            return None
        held, stocked = self.basis.held(cell.row, cell.column, self._others(cell))
        modelled = stocked @ self.basis.stored.modelled.astype(float) > 0
        blank: NDArray[np.bool_] = (held > 0)[:, None] & ~modelled
        if cell.column is not None and cell.column.sum:
            blank[:] = False
        return blank

    def _ratio(self, code: str) -> Fields:
        """Evaluate a formula that is no sum, with first-order uncertainty."""
        dual = self.dual(code)
        shape = (self.basis.rows.size, self.basis.periods)
        value = np.array(np.broadcast_to(dual.value, shape))
        used = self.linear_parts(code)
        shown = (
            Totals.sum_of([self.linear[name].totals for name in used]).fields()
            if used
            else None
        )
        asked = self._needed(code)
        lacks = np.zeros(shape, dtype=bool)
        apportioned = np.zeros(shape, dtype=bool)
        for name in asked:
            lacks |= self.linear[name].lacks
            apportioned |= self.linear[name].apportioned
        u = np.sqrt(variance(dual, self.linear))
        return Fields(
            value=value,
            known=np.where(np.isnan(value), np.nan, value),
            u=np.where(np.isnan(value) | (not asked), np.nan, u),
            coverage=shown["_coverage"] if shown else np.full(shape, np.nan),
            status=shown["_status"]
            if shown
            else np.full(shape, Status.UNKNOWN, np.int8),
            shares=shown["_status_shares"]
            if shown
            else np.zeros((*shape, len(STATUSES))),
            apportioned=apportioned,
            lacks=lacks,
        )

    def dual(self, code: str) -> Dual:
        """Value and gradient of a cell by the sums that it is made of."""
        cell = self.compiled.cells[code]
        if code in self.linear:
            part = self.linear[code]
            return Dual(part.value, {code: np.ones_like(part.value)})
        formula = str(cell.row.formula)

        def of(name: str, about: str) -> Dual:
            inner = self.compiled.refers(name, cell.column)
            if not about:
                return self.dual(inner)
            return Dual(getattr(self.linear[inner], f"{about}_share"), {})

        return formulas.evaluate(formula, of)

    def linear_parts(self, code: str) -> list[str]:
        """Find the sums that a cell is made of or asks about; itself if it is one."""
        return self._parts(code, formulas.names)

    def _needed(self, code: str) -> list[str]:
        return self._parts(code, formulas.needed)

    def _parts(self, code: str, names: Any) -> list[str]:
        if code in self.linear:
            return [code]
        cell = self.compiled.cells[code]
        inner = [
            self.compiled.refers(name, cell.column)
            for name in names(str(cell.row.formula))
        ]
        return list(dict.fromkeys(p for c in inner for p in self._parts(c, names)))

    def missing(self, code: str, territory: int, period: int) -> list[str]:
        """Name what makes a cell unknown: flows, stocks, then inputs.

        Parameters
        ----------
        code
            Of the cell.
        territory, period
            Positions.
        """
        self.compiled.cell(code)
        found: dict[str, None] = {}
        for name in self._needed(code):
            found |= dict.fromkeys(self.linear[name].missing(territory, period))
            found |= dict.fromkeys(f"input:{given}" for given in self._absent(name))
        return list(found)

    def why(self, code: str, territory: int, period: int) -> str | None:
        """Say why a cell has no value where nothing of it is missing."""
        cell = self.cell(code)
        if not np.isnan(cell.value[territory, period]):
            return None
        if cell.not_modelled is not None and cell.not_modelled[territory, period]:
            return "not modelled"
        if cell.apportioned[territory, period]:
            return "apportioned"
        return None if cell.lacks[territory, period] else "undefined"

    @cached_property
    def closures(self) -> dict[str, Closure]:
        """Each identity of the view: what is left of it."""
        return {text: self._closure(text) for text in self.view.closes}

    def _closure(self, text: str) -> Closure:
        combination = self.compiled.combination(text)
        if combination is not None:
            rows = self.rows_of(combination)
            left = evaluated(self.basis, rows)
            structural = is_nothing(self.basis, rows)
            value = np.zeros_like(left.value) if structural else left.value
            return Closure(text, value, structural)
        of = {name: self.dual(name).value for name in formulas.names(text)}
        value = formulas.evaluate(text, lambda name, _: Dual(of[name], {})).value
        return Closure(text, np.asarray(value), structural=False)

    @cached_property
    def not_placed(self) -> list[NotPlaced]:
        """For each set of flows that the view must hold: what it does not."""
        return [self._not_placed(place) for place in self.view.places]

    def _not_placed(self, place: Place) -> NotPlaced:
        expected = stacked(
            [self.basis.selection(one) for one in place.expected]
            or [self.basis.empty()]
        )
        count = self.basis.rows.size
        one = csr(
            sparse.kron(
                np.ones((1, max(len(place.expected), 1))), sparse.eye_array(count)
            )
        )
        placed = self.rows_of(self.compiled.combination(place.cells) or {})
        both = stacked([combined(one, expected), placed])
        minus = csr(sparse.kron(np.array([[1.0, -1.0]]), sparse.eye_array(count)))
        left = combined(minus, both)
        left["flow"] = self.basis.folded(left["flow"])
        only_flows = self.basis.empty() | {"flow": left["flow"]}
        return NotPlaced(place, evaluated(self.basis, only_flows))

    def dataset(self) -> xr.Dataset:
        """Cells as labelled arrays, dims (cell, territory, period).

        Returns
        -------
        xarray.Dataset
            ``value`` (NaN unknown), ``value_known``, ``value_u``,
            ``value_coverage``, ``value_status``, ``value_status_shares``,
            ``apportioned``; coordinates ``unit``, ``row`` and, in a table,
            ``column`` of each cell.
        """
        cells = list(self.compiled.cells.values())
        fields = [self.cell(cell.code) for cell in cells]
        names = {
            "value": "value",
            "value_known": "known",
            "value_u": "u",
            "value_coverage": "coverage",
            "value_status": "status",
            "value_status_shares": "shares",
            "apportioned": "apportioned",
        }
        arrays = {
            name: np.concatenate([getattr(field, key) for field in fields])
            for name, key in names.items()
        }
        labels: dict[str, ArrayLike] = {
            "cell": [cell.code for cell in cells],
            "territory": self.basis.ledger.territories[self.basis.rows],
        }
        made = labelled(arrays, labels, self.basis.flows.bounds)
        for array in made.data_vars.values():
            array.attrs.pop("units", None)  # each cell has its own
        return made.assign_coords(
            unit=("cell", [cell.row.unit for cell in cells]),
            row=("cell", [cell.row.code for cell in cells]),
            column=(
                "cell",
                [cell.column.code if cell.column else "" for cell in cells],
            ),
        )


@dataclass(frozen=True, eq=False)
class Closure:
    """An identity: what is left of it, (territory, period).

    ``structural``: nothing can be left, whatever the volumes are.
    """

    identity: str
    value: Array
    structural: bool


@dataclass(frozen=True, eq=False)
class NotPlaced:
    """Flows that a view should hold and does not, or holds twice."""

    place: Place
    volume: Linear

    def flows(self, territory: int) -> dict[str, float]:
        """Coefficient of each such flow: below zero, it is counted too often."""
        return self.volume.coefficients(territory)


def is_nothing(basis: Basis, rows: Rows) -> bool:
    """Tell whether coefficients cancel, whatever the volumes are."""
    if basis.folded(rows["flow"]).nnz:
        return False
    change = rows["change"]
    ends = (
        rows["opening"] - change,
        rows["closing"] + change,
        rows["booked"] - change,
    )
    rest = [rows[name] for name in BLOCKS if name in ("full", "dead", "input")]
    return not any(csr(abs(part)).sum() > 0 for part in (*ends, *rest))
