"""Re-performing an edition: its log, its tree, its inputs, its figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ewater.accounts.editions import compare, merkle, parts, results
from ewater.accounts.editions.compare import Difference
from ewater.accounts.editions.material import edges, table_of
from ewater.accounts.editions.touched import Touched
from ewater.accounts.used import REACH_S
from ewater.errors import EWaterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ewater.accounts.editions.compare import Locate
    from ewater.accounts.editions.fingerprints import Prints
    from ewater.accounts.editions.material import Material
    from ewater.accounts.runs import Run

    Document = dict[str, Any]

#: What cannot be computed with: broken tables, codes that lead nowhere.
FAILURES = (EWaterError, ArithmeticError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What was sealed: lines and root of every part, and the root of all."""

    name: str
    root: bytes
    roots: Mapping[str, bytes]
    lines: Mapping[str, Sequence[str]]

    def of(self, name: str) -> list[str]:
        """Lines of a part; none where it is gone."""
        return list(self.lines.get(name, ()))

    def intact(self, name: str) -> bool:
        """Whether the lines of a part are those of its root."""
        return name in self.roots and merkle.root(self.of(name)) == self.roots[name]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What was found; ``differences`` with the cells that each touches."""

    name: str
    root: str
    differences: list[tuple[Difference, list[tuple[str, str]], list[str]]] = field(
        default_factory=list
    )
    moved: list[Document] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        """Nothing differs, to the last byte."""
        return not (self.differences or self.moved)

    def document(self) -> Document:
        """Write it as docs/editions.md describes it."""
        return {
            "edition": self.name,
            "root": self.root,
            "intact": self.intact,
            "differences": [
                {
                    "kind": one.kind,
                    "item": one.item,
                    "what": one.what,
                    "periods": periods,
                    "cells": [list(cell) for cell in cells],
                }
                for one, cells, periods in self.differences
            ],
            "moved": self.moved,
            "notes": self.notes,
            "checked": self.checked,
        }


def withdrawn(state: object) -> list[str]:
    """Say of an edition that was taken back that it was, intact or not."""
    return ["this edition was withdrawn"] if state == "withdrawn" else []


def verify(
    sealed: Sealed,
    material: Material,
    found: Iterable[Difference] = (),
    locate: Locate | None = None,
) -> Outcome:
    """Compare what was sealed with what is there, and compute the figures again.

    Parameters
    ----------
    sealed
        From a store or an archive.
    material
        The inputs as they are there now.
    found
        What was found broken before: steps, chunks, files.
    locate
        Says where several altered readings of a series and year can lie.
    """
    outcome = Outcome(name=sealed.name, root=sealed.root.hex())
    differences = [*found, *_tree(sealed)]
    present, prints = parts.inputs(material)
    differences += _inputs(sealed, present, prints, locate)
    outcome.notes += _program(sealed)
    run = _figures(sealed, material, outcome, differences)
    outcome.checked = {
        "parts": len(sealed.roots),
        "lines": sum(len(lines) for lines in sealed.lines.values()),
        "readings": int(material.readings["time"].size),
        "cells": max(len(sealed.of(parts.CELLS)) - 1, 0),
    }
    if differences:
        _place(sealed, material, run, differences, outcome)
    return outcome


def _tree(sealed: Sealed) -> list[Difference]:
    """Find parts that are not of their root, and roots that are not of the whole."""
    found = [
        Difference(kind="part", item=name, what="its root is not that of its lines")
        for name in sorted({*sealed.roots, *sealed.lines})
        if not sealed.intact(name)
    ]
    if parts.root(sealed.roots) != sealed.root:
        what = "its root is not that of its parts"
        found.append(Difference(kind="part", item="edition", what=what))
    return found


def _inputs(
    sealed: Sealed,
    present: Mapping[str, list[str]],
    prints: Prints,
    locate: Locate | None,
) -> list[Difference]:
    """Compare inputs; a copy that was altered is told apart from what it copies."""
    found = [*tables(sealed, present)]
    for name in sorted(n for n in {parts.READINGS, *present} if not is_table(n)):
        was, now = sealed.of(name), present.get(name, [])
        if was == now:
            continue
        only_copy = _only_copy(sealed, name, now)
        if name == parts.READINGS:
            differ = compare.readings(was, now, prints, locate)
        else:
            what = "altered" if only_copy else "not as the edition says"
            differ = [Difference(kind="part", item=name, what=what)]
        found += [_copied(one) for one in differ] if only_copy else differ
    return found


def tables(
    sealed: Sealed, present: Mapping[str, Sequence[str]]
) -> Iterator[Difference]:
    """Compare the tables of the registry, by part."""
    for name in sorted(n for n in {*sealed.roots, *present} if is_table(n)):
        was, now = sealed.of(name), present.get(name, [])
        if was == now:
            continue
        if name not in sealed.roots:
            what = f"{len(now)} rows are there, and no such part of the edition"
            yield Difference(kind="part", item=name, what=what)
            continue
        differ = compare.rows(table(name), was, now)
        copied = _only_copy(sealed, name, now)
        yield from map(_copied, differ) if copied else differ


def _only_copy(sealed: Sealed, name: str, now: Sequence[str]) -> bool:
    return name in sealed.roots and merkle.root(now) == sealed.roots[name]


def unread(sealed: Sealed, found: Iterable[Difference]) -> Outcome:
    """Tell what was found where figures cannot be computed at all."""
    every = _every_cell(sealed)
    return Outcome(
        name=sealed.name,
        root=sealed.root.hex(),
        differences=[
            (one, _untraced(every, one), []) for one in (*found, *_tree(sealed))
        ],
    )


def _copied(one: Difference) -> Difference:
    """Tell that it is the sealed copy which was altered."""
    return Difference(
        kind=one.kind,
        item=one.item,
        what=f"in the sealed copy alone: {one.what}",
        subject=one.subject,
        spans=one.spans,
    )


def _program(sealed: Sealed) -> list[str]:
    """Say how this program differs from the one that sealed."""
    notes = []
    for name, now in parts.program().items():
        was = sealed.of(name)
        changed = sorted({line.split()[0] for line in {*was} ^ {*now}})
        if changed:
            shown = ", ".join(changed[:5])
            more = f" and {len(changed) - 5} more" if changed[5:] else ""
            notes.append(f"sealed by another program: {name}: {shown}{more}")
    return notes


def _figures(
    sealed: Sealed,
    material: Material,
    outcome: Outcome,
    differences: list[Difference],
) -> Run | None:
    """Compute all figures again and compare them to the last byte."""
    try:
        figures, run = parts.figures(material)
    except FAILURES as error:
        what = f"cannot be computed again: {error}"
        differences.append(Difference(kind="figures", item="all", what=what))
        return None
    for key, was, now in compare.cells(sealed.of(parts.CELLS), figures[parts.CELLS]):
        territory, period, cell = key
        outcome.moved.append(
            {
                "territory": territory,
                "period": period,
                "cell": cell,
                "sealed": was and was.shown(),
                "now": now and now.shown(),
            }
        )
    for name, now_lines in figures.items():
        if name != parts.CELLS and sealed.of(name) != now_lines:
            differences.append(_unlike(name, sealed.of(name), now_lines))
    return run


def _unlike(name: str, sealed: Sequence[str], now: Sequence[str]) -> Difference:
    """Name the flows, or stored volumes, that are not as they were sealed."""
    lines = {*sealed} ^ {*now}
    codes = sorted({line.partition(",")[0] for line in lines})
    shown = ", ".join(codes[:5]) + (f" and {len(codes) - 5} more" if codes[5:] else "")
    kind = "flow" if name == parts.FLOWS else "stock"
    return Difference(
        kind="figures",
        item=name,
        what=f"{len(lines)} lines are not as they were sealed: {shown}",
        subject={"nodes": [(kind, code) for code in codes]},
    )


def _place(
    sealed: Sealed,
    material: Material,
    run: Run | None,
    differences: Sequence[Difference],
    outcome: Outcome,
) -> None:
    """Name the cells that each difference touches."""
    run = _sealed_run(sealed, material) or run
    spec = material.spec
    every = _every_cell(sealed)
    try:
        if run is None:
            raise LookupError("nothing can be computed")
        codes = results.territories(run, spec.territory)
        touched = Touched(run, codes, spec.boundary, every)
        cells = [_cells(touched, one) for one in differences]
    except FAILURES:
        cells = [_untraced(every, one) for one in differences]
    for one, touches in zip(differences, cells, strict=True):
        outcome.differences.append((one, touches, _periods(material, run, one)))


def _untraced(every: list[tuple[str, str]], one: Difference) -> list[tuple[str, str]]:
    """Name every cell where it cannot be told any more what follows from what."""
    return [] if one.subject.get("elsewhere") else every


def _every_cell(sealed: Sealed) -> list[tuple[str, str]]:
    """Territory and cell of all sealed figures."""
    columns = (line.split(",", 3) for line in sealed.of(parts.CELLS)[1:])
    return sorted({(row[0], row[2]) for row in columns if len(row) > 2})


def _sealed_run(sealed: Sealed, material: Material) -> Run | None:
    """Compute with the sealed registry: rows that are gone touch what they made."""
    try:
        frames = {
            table(name): table_of(table(name), sealed.of(name))
            for name in sealed.roots
            if is_table(name)
        }
        return material.with_parts(frames).run()
    except FAILURES:
        return None


def _cells(touched: Touched, one: Difference) -> list[tuple[str, str]]:
    if one.kind in ("reading", "readings", "chunk", "verdict"):
        return touched.by(("series", str(one.subject.get("series"))))
    if one.kind == "figures" and "nodes" in one.subject:
        return touched.by(*one.subject["nodes"])
    if one.kind in ("step", "part", "file", "figures"):
        return [] if one.subject.get("elsewhere") else touched.everything()
    return touched.by_row(one.kind, one.subject)


def _periods(material: Material, run: Run | None, one: Difference) -> list[str]:
    """Periods that a reading can reach; all, where that is not so plain."""
    starts = edges(material.bounds)[:-1]
    series = str(one.subject.get("series"))
    if not one.spans or run is None or series in run.inputs.whole_record:
        return starts
    reach, bounds = int(REACH_S * 1e6), material.bounds
    return [
        start
        for n, start in enumerate(starts)
        if any(
            first <= bounds[n + 1] + reach and last >= bounds[n] - reach
            for first, last in one.spans
        )
    ]


def is_table(name: str) -> bool:
    """Whether a part is a table of the registry."""
    return name.startswith(parts.REGISTRY)


def table(name: str) -> str:
    """Name of the table that a part is."""
    return name.removeprefix(parts.REGISTRY).removesuffix(".jsonl")
