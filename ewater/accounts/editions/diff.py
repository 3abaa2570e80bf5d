"""What changed between two editions, and why: by substitution, in a fixed order.

From the inputs of the first, one group after the other is replaced by that of the
second, and the account computed again: late data, corrections, curves, returns, the
rest of the registry. What is left is the rules and the program. Each step is charged
with what it moves where it stands in this order, so the parts add up to the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

import ewater
from ewater.accounts import pipeline
from ewater.accounts.alone import select, select_last
from ewater.accounts.editions import checking, compare, material, parts, results
from ewater.accounts.editions.material import Spec
from ewater.accounts.editions.merkle import canonical
from ewater.accounts.memory import Memory
from ewater.errors import UsageError
from ewater.store import chunks, editions, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from sqlalchemy import Engine

    from ewater.accounts.editions.results import Figure, Key
    from ewater.accounts.editions.verify import Sealed

    Document = dict[str, Any]
    Figures = Mapping[Key, Figure]
    Known = Mapping[Key, float | None]

#: Groups in the order in which they are replaced.
GROUPS = ("late data", "corrections", "curves", "returns", "registry", "program")
_CURVES = ("curves", "pumps")
_RETURNS = ("reports",)
_SAME = ("territory", "start", "end", "step", "calendar", "boundary", "basis")
_COLUMNS = ("time", "value", "flag", "failed", "lineage")
_DECIMALS = 6


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two editions, with a way to its inputs."""

    sealed: Sealed
    spec: Spec
    frames: Mapping[str, pd.DataFrame]
    readings: Callable[[Sequence[str]], xr.Dataset]

    @property
    def by_this_program(self) -> bool:
        """Whether it was sealed by the program that runs now."""
        now = parts.program()
        return all(self.sealed.of(name) == lines for name, lines in now.items())


def of_store(engine: Engine, name: str) -> Side:
    """Take an edition of a store.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    with engine.connect() as connection:
        sealed = checking.sealed_of(connection, name)
    spec = Spec.read(sealed.of(parts.PARAMETERS))

    def readings(codes: Sequence[str]) -> xr.Dataset:
        with engine.connect() as connection:
            return chunks.read(connection, list(codes), as_of=spec.as_of)

    return Side(
        sealed=sealed,
        spec=spec,
        frames=registry.Tables(engine, spec.as_of),
        readings=readings,
    )


def of_archive(path: Path) -> Side:
    """Take an edition from its archive."""
    from ewater.accounts.editions import archive_verify

    sealed, found = archive_verify.contents(path)
    return Side(
        sealed=sealed,
        spec=found.spec,
        frames=found.frames,
        readings=lambda codes: select(found.readings, codes),
    )


def difference(a: Side, b: Side) -> Document:
    """Split every cell that moved from one edition to another.

    Returns
    -------
    dict
        ``a``, ``b``, ``groups`` (their order), ``causes`` by group and ``cells``:
        ``territory``, ``period``, ``cell``, ``unit``, ``a``, ``b`` (what is known of
        it), ``change``, ``parts`` by group (None where it was unknown in between),
        and ``value_a``, ``value_b`` (None: something is missing).

    Raises
    ------
    UsageError
        They account for different things.
    """
    _comparable(a.spec, b.spec)
    causes: dict[str, list[Document]] = {group: [] for group in GROUPS}
    first, last = map(results.figures, _differing(a, b))
    keys = sorted({*first, *last})
    states = _states(a, b, causes, (first, last))
    causes["program"] = _program(a, b)
    cells = [_cell(key, first.get(key), last.get(key), states) for key in keys]
    moved = [one for one in cells if one["change"] != 0 or one["value_changed"]]
    return {
        "a": a.spec.name,
        "b": b.spec.name,
        "groups": list(GROUPS),
        "causes": causes,
        "cells": [{k: v for k, v in c.items() if k != "value_changed"} for c in moved],
    }


def keep(engine: Engine, document: Document) -> None:
    """Keep the cells of the balance for the pages; once for a pair and a version."""
    cells = [one for one in document["cells"] if one["cell"].startswith("balance.")]
    with engine.begin() as connection:
        editions.keep_difference(
            connection,
            document["a"],
            document["b"],
            version=ewater.__version__,
            document=canonical(document | {"cells": cells}),
        )


def _comparable(a: Spec, b: Spec) -> None:
    for name in _SAME:
        if getattr(a, name) != getattr(b, name):
            raise UsageError(
                f"{a.name} has {name} {getattr(a, name)}, {b.name} has "
                f"{getattr(b, name)}; compare editions of the same account"
            )


def _differing(a: Side, b: Side) -> tuple[list[str], list[str]]:
    """Sealed lines of cells that the other edition has not got."""
    one, other = (side.sealed.of(parts.CELLS) for side in (a, b))
    return compare.apart(one, other)


def _states(
    a: Side,
    b: Side,
    causes: dict[str, list[Document]],
    sealed: tuple[Figures, Figures],
) -> list[tuple[str, Known]]:
    """Tell what is known of the cells that moved after each group that differs.

    Begins and ends with what is sealed. Each state is made of the one before: only
    what the group touches is computed again.
    """
    first, last = ({key: f.known for key, f in one.items()} for one in sealed)
    keys = {*first, *last}
    states: list[tuple[str, Known]] = [("", first)]
    memory = Memory()
    look = results.Known(a.spec.territory, a.spec.boundary)

    def known(step: Substitution) -> Known:
        memory.changed = frozenset(step.changed)
        return look(step.make().run(memory), keys)

    start, *steps = _substitutions(a, b, causes)
    if not a.by_this_program:
        states.append(("program", known(start)))
    states += [(step.group, known(step)) for step in steps[:-1]]
    states += [  # all of the second: as it was sealed
        (step.group, last if b.by_this_program else known(step)) for step in steps[-1:]
    ]
    return [*states, ("program", last)]


class Substitution(NamedTuple):
    """A state of the inputs, made when it is asked for."""

    group: str  # replaced last
    make: Callable[[], material.Material]
    changed: Collection[str]  # series with other readings than in the state before


def _substitutions(
    a: Side, b: Side, causes: dict[str, list[Document]]
) -> Iterable[Substitution]:
    """Give the inputs of the first, then each group that differs replaced."""
    tables = _tables(a, b)
    wanted, later = (pipeline.needs(of).all() for of in (a.frames, tables))
    frames, readings = dict(a.frames), a.readings(wanted)

    def state(group: str, changed: Collection[str] = ()) -> Substitution:
        make = partial(material.of, a.spec, dict(frames), readings)
        return Substitution(group, make, changed)

    yield state("")
    changed = sorted(_changed(a, b) & set(wanted))
    theirs = b.readings(changed)
    late = merged(select(readings, changed), theirs, causes)
    for group, found in (("late data", late), ("corrections", theirs)):
        if causes[group]:
            readings = select_last((readings, found), wanted)
            yield state(group, changed)
    for group, names in (("curves", _CURVES), ("returns", _RETURNS)):
        causes[group] = _rows(a, b, names)
        if causes[group]:
            frames |= {name: tables[name] for name in names}
            yield state(group)
    causes["registry"] = _rows(
        a, b, [name for name in tables if name not in (*_CURVES, *_RETURNS)]
    )
    if causes["registry"] or wanted != later:
        added = set(later) - set(wanted)

        def whole() -> material.Material:
            both = readings, b.readings(sorted(added))
            return material.of(b.spec, tables, select_last(both, later))

        yield Substitution("registry", whole, added)


def _tables(a: Side, b: Side) -> Mapping[str, pd.DataFrame]:
    """Tables of the second; one that was sealed alike is that of the first itself."""

    def same(part: str) -> bool:
        return part in a.sealed.lines and a.sealed.of(part) == b.sealed.of(part)

    return {
        name: (a if same(f"{parts.REGISTRY}{name}.jsonl") else b).frames[name]
        for name in b.frames
    }


def _changed(a: Side, b: Side) -> set[str]:
    """Series whose readings differ, by what was sealed of them."""
    one, other = (set(side.sealed.of(parts.READINGS)) for side in (a, b))
    return {line.split(" ", 1)[0] for line in one ^ other}


def merged(
    first: xr.Dataset, second: xr.Dataset, causes: dict[str, list[Document]]
) -> xr.Dataset:
    """Add to readings those of a later state of the same series at instants they lack.

    What differs is told in ``causes``: what is added as late data, all else as
    corrections, by series.
    """
    before, after = (
        {name: one[name].to_numpy() for name in _COLUMNS} for one in (first, second)
    )
    theirs_at = dict(
        zip(map(str, second["series"].values), _slices(second), strict=True)
    )
    columns: dict[str, list[Any]] = {name: [before[name][:0]] for name in _COLUMNS}
    sizes = []
    codes = [str(code) for code in first["series"].values]
    for code, mine in zip(codes, _slices(first), strict=True):
        theirs = theirs_at[code]
        new = ~np.isin(after["time"][theirs], before["time"][mine])
        time = np.concatenate([before["time"][mine], after["time"][theirs][new]])
        order = np.argsort(time, kind="stable")
        for name in _COLUMNS:
            joined = np.concatenate([before[name][mine], after[name][theirs][new]])
            columns[name].append(joined[order])
        sizes.append(time.size)
        _tell(code, before, after, mine, theirs, new, causes)
    data = {name: ("reading", np.concatenate(found)) for name, found in columns.items()}
    return xr.Dataset(
        {"row_size": ("series", np.array(sizes, dtype=np.int64)), **data},
        coords={"series": codes},
    )


def _slices(readings: xr.Dataset) -> list[slice]:
    ends = np.cumsum(readings["row_size"].to_numpy())
    starts = ends - readings["row_size"].to_numpy()
    return [slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def _tell(
    code: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    mine: slice,
    theirs: slice,
    new: Any,
    causes: dict[str, list[Document]],
) -> None:
    """Count what is late and what was corrected of one series, with its span."""
    late = after["time"][theirs][new]
    if late.size:
        causes["late data"].append(_span(code, late))
    old, now = before["time"][mine], after["time"][theirs]
    gone = old[~np.isin(old, now)]
    held, there = np.isin(old, now), ~new
    differs = np.zeros(int(there.sum()), bool)
    for name in _COLUMNS[1:]:
        was, is_ = before[name][mine][held], after[name][theirs][there]
        differs |= (was != is_) & ~(np.isnan(was) & np.isnan(is_))
    corrected = np.concatenate([gone, now[there][differs]])
    if corrected.size:
        causes["corrections"].append(_span(code, corrected))


def _span(code: str, times: Any) -> Document:
    first, last = np.datetime_as_string([times.min(), times.max()], unit="s")
    return {"item": code, "what": f"{times.size} readings, {first}Z to {last}Z"}


def _rows(a: Side, b: Side, names: Iterable[str]) -> list[Document]:
    """Rows of tables that differ, as they were sealed."""
    found = []
    for name in names:
        part = f"{parts.REGISTRY}{name}.jsonl"
        rows = compare.rows(name, a.sealed.of(part), b.sealed.of(part))
        found += [{"item": f"{name} {one.item}", "what": one.what} for one in rows]
    return found


def _program(a: Side, b: Side) -> list[Document]:
    """Files and versions in which the programs differ."""
    found = []
    for name in (parts.RULES, parts.CODE, parts.ENVIRONMENT):
        lines = {*a.sealed.of(name)} ^ {*b.sealed.of(name)}
        items = sorted({line.split()[0] for line in lines})
        found += [{"item": item, "what": "is another one"} for item in items]
    return found


def _cell(
    key: Key,
    was: Figure | None,
    now: Figure | None,
    states: Sequence[tuple[str, Known]],
) -> Document:
    """Split the change of one cell."""
    known = [found.get(key) for _, found in states]
    split: dict[str, float] | None = None
    if None not in known:
        split = dict.fromkeys(GROUPS, 0.0)
        for n, (group, _) in enumerate(states[1:], start=1):
            step = float(known[n] or 0.0) - float(known[n - 1] or 0.0)
            split[group] = round(split[group] + step, _DECIMALS)
    first, last = known[0], known[-1]
    change = None if first is None or last is None else round(last - first, _DECIMALS)
    values = [one and one.value for one in (was, now)]
    figure = was or now
    return {
        "territory": key[0],
        "period": key[1],
        "cell": key[2],
        "unit": figure.unit if figure else "",
        "a": first,
        "b": last,
        "change": change,
        "parts": split,
        "value_a": values[0],
        "value_b": values[1],
        "value_changed": values[0] != values[1],
    }
