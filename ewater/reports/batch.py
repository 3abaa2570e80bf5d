"""Returns side by side: their heads, and the lines of each section as columns.

One return or a hundred thousand are the same to every check: arrays by column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.reports import cells, linear

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.reports.form import Form

    Objects = NDArray[np.object_]
    Floats = NDArray[np.float64]
    Content = dict[str, list[dict[str, Any]]]


@dataclass(slots=True, kw_only=True)
class Lines:
    """Lines of one section of all returns.

    ``owner`` is the position of the return, ``line`` counts from 1 within it, ``row``
    is the row of the file it stands in (0: none). ``raw`` holds cells as given, by
    column; ``number`` and ``text`` what was read of them; ``problems`` by column the
    positions of cells that are no number.
    """

    owner: NDArray[np.intp]
    line: NDArray[np.int64]
    row: NDArray[np.int64]
    raw: dict[str, Objects]
    number: dict[str, Floats] = field(default_factory=dict)
    text: dict[str, Objects] = field(default_factory=dict)
    problems: dict[str, dict[int, str]] = field(default_factory=dict)
    units: Objects | None = None

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.owner)

    def sum(self, said: linear.Sum) -> tuple[Floats, NDArray[np.bool_]]:
        """Sum of columns by line, blanks as nothing; and whether any was given."""
        total, given = np.zeros(len(self)), np.zeros(len(self), dtype=bool)
        for key, sign in zip(said.keys, said.signs, strict=True):
            values = self.number[key]
            known = ~np.isnan(values)
            total += np.where(known, sign * values, 0.0)
            given |= known
        return total, given

    def where(self, key: str) -> NDArray[np.bool_]:
        """Whether a cell holds something."""
        if key in self.number:
            return ~np.isnan(self.number[key])
        return np.array([value is not None for value in self.text[key]], dtype=bool)


@dataclass(slots=True, kw_only=True)
class Batch:
    """Returns of one form, with what is said of each as a whole.

    ``place`` says where a cell stands in the file: by section and column, a pattern
    with ``{row}``.
    """

    form: Form
    enterprise: Objects
    period: Objects
    unit: Objects
    sections: dict[str, Lines]
    form_code: Objects | None = None
    form_version: Objects | None = None
    place: Mapping[tuple[str, str], str] | None = None
    heads: NDArray[np.int64] | None = None
    unknown: list[tuple[int, str, int, str]] = field(default_factory=list)

    def __len__(self) -> int:
        """How many returns there are."""
        return len(self.enterprise)

    def where(self, section: str, key: str, at: int) -> str | None:
        """Cell of the file, as its program names it; None without a file."""
        if self.place is None:
            return None
        pattern = self.place.get((section, key)) or self.place.get(("", key))
        row = int(self.sections[section].row[at])
        return None if pattern is None or not row else pattern.format(row=row)

    def content(self, owner: int) -> Content:
        """Sections and lines of one return as they are kept: blanks left out."""
        return contents(self, [owner])[0]


def of_contents(
    form: Form,
    heads: Sequence[tuple[str, str]],
    given: Sequence[Mapping[str, Any]],
    *,
    units: Sequence[str] | None = None,
    rows: Sequence[Mapping[str, Sequence[int]]] | None = None,
    place: Mapping[tuple[str, str], str] | None = None,
) -> Batch:
    """Lay returns side by side.

    Parameters
    ----------
    form
        Of all of them.
    heads
        Enterprise and period of each.
    given
        By section, a list of lines: cells by column.
    units
        Unit of each; that of the form if not given.
    rows
        Row in the file of every line, by section.
    place
        As of `Batch`.
    """
    unknown: list[tuple[int, str, int, str]] = []
    for owner, content in enumerate(given):
        unknown += [
            (owner, str(name), 0, "")
            for name in content
            if all(name != section.key for section in form.sections)
        ]
    sections = {
        section.key: _lines(section, given, rows, unknown) for section in form.sections
    }
    batch = Batch(
        form=form,
        enterprise=np.array([head[0] for head in heads], dtype=object),
        period=np.array([head[1] for head in heads], dtype=object),
        unit=np.array(list(units or [form.unit] * len(heads)), dtype=object),
        sections=sections,
        place=place,
        unknown=unknown,
    )
    return typed(batch)


def _lines(
    section: Any,
    given: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Sequence[int]]] | None,
    unknown: list[tuple[int, str, int, str]],
) -> Lines:
    keys = [column.key for column in section.columns]
    owner: list[int] = []
    line: list[int] = []
    row: list[int] = []
    found: list[Mapping[str, Any]] = []
    for number, content in enumerate(given):
        mine = list(content.get(section.key) or ())
        for at, cells_ in enumerate(mine):
            owner.append(number)
            line.append(at + 1)
            row.append(rows[number][section.key][at] if rows else 0)
            found.append(cells_)
            unknown += [
                (number, section.key, at + 1, str(key))
                for key in cells_
                if key not in keys and not cells.is_blank(cells_[key])
            ]
    raw = {
        key: np.array([None, *(cells_.get(key) for cells_ in found)], dtype=object)[1:]
        for key in keys
    }
    return Lines(
        owner=np.array(owner, dtype=np.intp),
        line=np.array(line, dtype=np.int64),
        row=np.array(row, dtype=np.int64),
        raw=raw,
    )


def partners(batch: Batch) -> dict[int, set[str]]:
    """Tell which enterprises each return names as the other side, by position."""
    found: dict[int, set[str]] = {}
    for section, column in batch.form.columns():
        if column.kind != "enterprise":
            continue
        lines = batch.sections[section.key]
        for at in np.flatnonzero(lines.where(column.key)).tolist():
            named = found.setdefault(int(lines.owner[at]), set())
            named.add(str(lines.text[column.key][at]))
    return found


def joined(first: Batch, owners: Sequence[int], second: Batch) -> Batch:
    """Lay some returns of a batch and all of another side by side, as they were read.

    Figures and texts only: where they stood, and what was wrong, is left behind.
    """
    place = np.full(len(first), -1)
    place[list(owners)] = np.arange(len(owners))
    chosen = np.array(owners, dtype=np.intp)
    sections = {}
    for section in first.form.sections:
        one, two = first.sections[section.key], second.sections[section.key]
        keep = place[one.owner] >= 0
        sections[section.key] = Lines(
            owner=np.concatenate(
                [place[one.owner[keep]], two.owner + len(owners)]
            ).astype(np.intp),
            line=np.concatenate([one.line[keep], two.line]),
            row=np.zeros(int(keep.sum()) + len(two), np.int64),
            raw={},
            number={
                key: np.concatenate([values[keep], two.number[key]])
                for key, values in one.number.items()
            },
            text={
                key: np.concatenate([values[keep], two.text[key]])
                for key, values in one.text.items()
            },
        )
    return Batch(
        form=first.form,
        enterprise=np.concatenate([first.enterprise[chosen], second.enterprise]),
        period=np.concatenate([first.period[chosen], second.period]),
        unit=np.full(len(owners) + len(second), first.form.unit, dtype=object),
        sections=sections,
    )


def typed(batch: Batch) -> Batch:
    """Read every cell that was not read yet."""
    for section, column in batch.form.columns():
        lines = batch.sections[section.key]
        if column.key in lines.number or column.key in lines.text:
            continue
        raw = lines.raw[column.key]
        if column.kind == "number":
            lines.number[column.key], problems = cells.numbers(raw)
            if problems:
                lines.problems[column.key] = problems
        else:
            lines.text[column.key] = cells.texts(raw)
    return batch


def contents(batch: Batch, owners: Sequence[int] | None = None) -> list[Content]:
    """Sections and lines of each return as they are kept: blanks left out.

    Cells that are no number are kept as they were given, so that a draft loses none.
    """
    wanted = range(len(batch)) if owners is None else owners
    place = {owner: at for at, owner in enumerate(wanted)}
    found: list[Content] = [{} for _ in place]
    for section in batch.form.sections:
        lines = batch.sections[section.key]
        if not len(lines):
            continue
        keep = (
            range(len(lines))
            if owners is None
            else np.flatnonzero(np.isin(lines.owner, list(place))).tolist()
        )
        columns = [
            (column.key, _kept(lines, column.key), column.kind == "number")
            for column in section.columns
        ]
        columns = [entry for entry in columns if any(v is not None for v in entry[1])]
        owner = lines.owner.tolist()
        for at in keep:
            cells_ = {
                key: values[at] for key, values, _ in columns if values[at] is not None
            }
            found[place[owner[at]]].setdefault(section.key, []).append(cells_)
    return found


def _kept(lines: Lines, key: str) -> list[Any]:
    if key in lines.text:
        return list(lines.text[key])
    values = lines.number[key]
    kept = values.astype(object)
    kept[np.isnan(values)] = None
    for at in lines.problems.get(key, ()):
        kept[at] = str(lines.raw[key][at])
    return list(kept)
