"""A view made ready: its cells in order, formulas resolved, references checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ewater import described
from ewater.balance.views import formulas
from ewater.balance.views.model import COLUMN, OTHERS, View
from ewater.errors import FaultsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ewater.balance.views.model import Column, Place, Row, Selection

DOCUMENTED = "docs/views.md"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: a row, in a table also a column."""

    row: Row
    column: Column | None = None

    @property
    def code(self) -> str:
        """``row``, or ``row.column``."""
        return f"{self.row.code}.{self.column.code}" if self.column else self.row.code

    @property
    def is_formula(self) -> bool:
        """Made of other cells by what its row says."""
        return self.row.formula is not None


@dataclass(frozen=True, eq=False)
class Compiled:
    """A checked view; cells by code, in the order of rows, then columns."""

    view: View
    cells: dict[str, Cell]

    def cell(self, code: str) -> Cell:
        """Find a cell.

        Raises
        ------
        UsageError
            The view has none of this code.
        """
        if code not in self.cells:
            raise UsageError(
                f"view {self.view.view} has no cell {code!r}; it has "
                f"{', '.join(self.cells)}"
            )
        return self.cells[code]

    def refers(self, name: str, column: Column | None) -> str:
        """Code that a name stands for in a formula of a column."""
        if column is None or "." in name:
            return name
        return f"{name}.{column.code}"

    @cached_property
    def linear(self) -> dict[str, dict[str, float] | None]:
        """Each cell as a sum of basic cells, None where it is not one."""
        done: dict[str, dict[str, float] | None] = {}
        for code in _in_order(self):
            cell = self.cells[code]
            parts = _sum_of(self, cell)
            if parts is not None:
                done[code] = _total([done[part] for part in parts])
            elif cell.row.formula is None:
                done[code] = {code: 1.0}
            else:
                inner = {n: done.get(c, {}) for n, c in _named(self, cell).items()}
                done[code] = formulas.linear(cell.row.formula, inner.__getitem__)
        return done

    def combination(
        self, formula: str, column: Column | None = None
    ) -> dict[str, float] | None:
        """Write a formula over the view as a sum of basic cells, if it is one."""
        return formulas.linear(
            formula, lambda name: self.linear.get(self.refers(name, column), {})
        )


def _total(parts: list[dict[str, float] | None]) -> dict[str, float] | None:
    total: dict[str, float] = {}
    for part in parts:
        if part is None:
            return None
        for name, value in part.items():
            total[name] = total.get(name, 0.0) + value
    return total


def _sum_of(compiled: Compiled, cell: Cell) -> list[str] | None:
    """Cells that a cell of a sum column adds up; formulas are applied there too."""
    if cell.column is None or not cell.column.sum or cell.is_formula:
        return None
    return [
        f"{cell.row.code}.{column.code}"
        for column in compiled.view.columns
        if not column.sum and f"{cell.row.code}.{column.code}" in compiled.cells
    ]


def needs(compiled: Compiled, cell: Cell) -> list[str]:
    """Codes of the cells that a cell is made of."""
    parts = _sum_of(compiled, cell)
    if parts is not None:
        return parts
    if cell.row.formula is None:
        return []
    named = _named(compiled, cell).values()
    return [code for code in named if code in compiled.cells]


def _named(compiled: Compiled, cell: Cell) -> dict[str, str]:
    """Codes of the cells that a formula names; some rows skip some columns."""
    return {
        name: compiled.refers(name, cell.column)
        for name in formulas.names(str(cell.row.formula))
    }


def _in_order(compiled: Compiled) -> list[str]:
    """Cells after those that they need."""
    done: dict[str, None] = {}

    def visit(code: str, above: tuple[str, ...]) -> None:
        if code in above:
            circle = " -> ".join([*above[above.index(code) :], code])
            raise UsageError(f"cells go round in a circle: {circle}")
        if code not in done:
            for part in needs(compiled, compiled.cells[code]):
                visit(part, (*above, code))
            done[code] = None

    for code in compiled.cells:
        visit(code, ())
    return list(done)


def parse(text: str, file: str) -> Compiled:
    """Check the text of a view.

    Raises
    ------
    FaultsError
        Every fault, with its line, its place in the file, and what is allowed.
    """
    said, lines = described.load(text, file, DOCUMENTED)
    try:
        view = View.model_validate(said)
    except ValidationError as error:
        raise described.faults_of(error, file, lines, "view", DOCUMENTED) from error
    compiled = Compiled(view, {cell.code: cell for cell in _cells(view)})
    faults = [
        described.one(file, described.line_of(path, lines), _place(path), *why)
        for path, *why in _faults(compiled)
    ]
    if not faults:
        try:
            _ = compiled.linear
        except UsageError as error:
            faults = [described.one(file, lines.get(("rows",)), "rows", str(error), "")]
    if faults:
        raise FaultsError(faults)
    return compiled


def _place(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path))


def _cells(view: View) -> Iterator[Cell]:
    for row in view.rows:
        if not view.columns:
            yield Cell(row)
        for column in view.columns:
            if row.columns is None or column.code in row.columns:
                yield Cell(row, column)


def _faults(compiled: Compiled) -> Iterator[tuple[Any, ...]]:
    """Paths of references that lead nowhere, with message and remedy."""
    view = compiled.view
    columns = [column.code for column in view.columns]
    for number, row in enumerate(view.rows):
        path = ("rows", number)
        for code in row.columns or ():
            if code not in columns:
                allowed = f"use {', '.join(columns)}" if columns else "leave it out"
                yield (*path, "columns"), f"no column {code!r}", allowed
        yield from _selection_faults(row, path, bool(columns))
        if row.formula is not None:
            for cell in [c for c in compiled.cells.values() if c.row is row]:
                yield from _unknown(
                    compiled, row.formula, cell.column, (*path, "formula")
                )
    for number, identity in enumerate(view.closes):
        yield from _unknown(compiled, identity, None, ("closes", number))
    for number, place in enumerate(view.places):
        yield from _place_faults(compiled, place, ("places", number))


def _place_faults(
    compiled: Compiled, place: Place, path: tuple[Any, ...]
) -> Iterator[tuple[Any, ...]]:
    yield from _columns_used(place.expected, (*path, "expected"))
    wrong = list(_unknown(compiled, place.cells, None, (*path, "cells")))
    yield from wrong
    if not wrong and compiled.combination(place.cells) is None:
        yield (*path, "cells"), "is no sum of cells", "leave out ratios and max"


def _selection_faults(
    row: Row, path: tuple[Any, ...], in_table: bool
) -> Iterator[tuple[Any, ...]]:
    if not in_table:
        yield from _columns_used(row.flows or (), (*path, "flows"))
        if set(row.of or ()) & {COLUMN, OTHERS}:
            yield (*path, "of"), f"{COLUMN} in a view without columns", "name accounts"
    for number, one in enumerate(row.flows or ()):
        if one.re_entering and one.at not in ("enters", "leaves"):
            yield (
                (*path, "flows", number, "re_entering"),
                f"cannot go with at: {one.at}",
                "at: enters or at: leaves",
            )


def _columns_used(selections: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    one: Selection
    for number, one in enumerate(selections):
        for name, tokens in (("from", one.from_), ("to", one.to)):
            if set(tokens or ()) & {COLUMN, OTHERS}:
                where = (*path, number, name)
                yield where, f"{COLUMN} and {OTHERS} need a column", "name accounts"


def _unknown(
    compiled: Compiled, formula: str, column: Column | None, path: tuple[Any, ...]
) -> Iterator[tuple[Any, ...]]:
    for name in formulas.names(formula):
        code = compiled.refers(name, column)
        elsewhere = {cell.row.code for cell in compiled.cells.values() if column}
        if code not in compiled.cells and name not in elsewhere:
            yield (
                path,
                f"no cell {code!r}",
                f"use {', '.join(list(compiled.cells)[:40])}",
            )


def built_in() -> list[str]:
    """Names of the views that come with the project, in order."""
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in _folder().iterdir()
        if entry.name.endswith(".yaml") and entry.name not in (_PUBLISHED, _BRIDGES)
    )


_PUBLISHED, _BRIDGES = "published.yaml", "bridges.yaml"


def _folder() -> Any:
    return resources.files("ewater.balance.views") / "builtin"


_read: dict[str, Compiled] = {}


def find(name: str) -> Compiled:
    """Read a view that comes with the project.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    if name not in _read:
        known = built_in()
        if name not in known:
            raise UsageError(f"no view {name!r}; there are {', '.join(known)}")
        text = (_folder() / f"{name}.yaml").read_text("utf-8")
        _read[name] = parse(text, f"{name}.yaml")
    return _read[name]


@lru_cache
def published() -> Mapping[str, str]:
    """Cells that published items stand for, by item."""
    items: dict[str, str] = _said(_PUBLISHED)["items"]
    return items


@lru_cache
def bridges() -> Sequence[Mapping[str, Any]]:
    """Bridges that are often asked for: ``code``, ``title``, ``from`` and ``to``."""
    listed: list[dict[str, Any]] = _said(_BRIDGES)["bridges"]
    return listed


def _said(file: str) -> dict[str, Any]:
    said, _ = described.load((_folder() / file).read_text("utf-8"), file, DOCUMENTED)
    return said
