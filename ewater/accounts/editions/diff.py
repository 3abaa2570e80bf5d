"""What changed between two editions, and why: by substitution, in a fixed order.

From the inputs of the first, one group after the other is replaced by that of the
second, and the account computed again: late data, corrections, curves, returns, the
rest of the registry. What is left is the rules and the program. Each step is charged
with what it moves where it stands in this order, so the parts add up to the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

import ewater
from ewater.accounts import pipeline
from ewater.accounts.alone import select
from ewater.accounts.editions import checking, compare, parts, results
from ewater.accounts.editions.material import Material, Spec, of
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
        frames = registry.read(connection, spec.as_of)

    def readings(codes: Sequence[str]) -> xr.Dataset:
        with engine.connect() as connection:
            return chunks.read(connection, list(codes), as_of=spec.as_of)

    return Side(sealed=sealed, spec=spec, frames=frames, readings=readings)


def of_archive(path: Path) -> Side:
    """Take an edition from its archive."""
    from ewater.accounts.editions import archive_verify

    sealed, material = archive_verify.contents(path)
    return Side(
        sealed=sealed,
        spec=material.spec,
        frames=material.frames,
        readings=lambda codes: select(material.readings, codes),
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

    def known(material: Material, changed: Iterable[str]) -> Known:
        memory.changed = frozenset(changed)
        return look(material.run(memory), keys)

    (_, material, changed), *steps = _substitutions(a, b, causes)
    if not a.by_this_program:
        states.append(("program", known(material, changed)))
    for group, material, changed in steps[:-1]:
        states.append((group, known(material, changed)))
    for group, material, changed in steps[-1:]:  # all of the second: as it was sealed
        states.append((group, last if b.by_this_program else known(material, changed)))
    return [*states, ("program", last)]


def _substitutions(
    a: Side, b: Side, causes: dict[str, list[Document]]
) -> Iterable[tuple[str, Material, Collection[str]]]:
    """Give the inputs of the first, then each group that differs replaced.

    With each the series whose readings are others than in the state before.
    """
    wanted = pipeline.needs(a.frames).all()
    later = pipeline.needs(b.frames).all()
    first = a.readings(wanted)
    material = of(a.spec, a.frames, first)
    yield "", material, ()
    changed = _changed(a, b) & set(wanted)
    theirs = b.readings(sorted(changed))
    late = merged(first, theirs, causes)
    same = first
    if causes["late data"]:
        material = material.with_parts({}, late)
        yield "late data", material, changed
    if causes["corrections"]:
        same = replaced(first, theirs)
        material = material.with_parts({}, same)
        yield "corrections", material, changed
    elif causes["late data"]:
        same = late
    for group, names in (("curves", _CURVES), ("returns", _RETURNS)):
        found = _rows(a, b, names)
        if found:
            causes[group] = found
            material = material.with_parts({n: b.frames[n] for n in names})
            yield group, material, ()
    rest = [name for name in b.frames if name not in (*_CURVES, *_RETURNS)]
    found = _rows(a, b, rest)
    if found or wanted != later:
        causes["registry"] = found
        new = b.readings(sorted(set(later) - set(wanted)))
        readings = select(replaced(same, new), later)
        yield "registry", of(b.spec, b.frames, readings), later


def _changed(a: Side, b: Side) -> set[str]:
    """Series whose readings differ, by what was sealed of them."""
    one, other = (set(side.sealed.of(parts.READINGS)) for side in (a, b))
    return {line.split(" ", 1)[0] for line in one ^ other}


def replaced(first: xr.Dataset, second: xr.Dataset) -> xr.Dataset:
    """Put the readings of some series in the place of what there is of them."""
    codes, others = ([str(c) for c in one["series"].values] for one in (first, second))
    kept = select(first, [code for code in codes if code not in set(others)])
    joined = xr.Dataset(
        {
            name: (dims, np.concatenate([kept[name].values, second[name].values]))
            for name in ("row_size", *_COLUMNS)
            for dims in [first[name].dims]
        },
        coords={"series": [*map(str, kept["series"].values), *others]},
    )
    return select(joined, sorted({*codes, *others}))


def merged(
    first: xr.Dataset, second: xr.Dataset, causes: dict[str, list[Document]]
) -> xr.Dataset:
    """Add to readings those of a later state of some series at instants they lack.

    What differs is told in ``causes``: what is added as late data, all else as
    corrections, by series.
    """
    before, after = (
        {name: one[name].to_numpy() for name in _COLUMNS} for one in (first, second)
    )
    mine_at, theirs_at = (
        dict(zip(map(str, one["series"].values), _slices(one), strict=True))
        for one in (first, second)
    )
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    sizes = []
    for code, mine in mine_at.items():
        theirs = theirs_at.get(code)
        if theirs is None:
            for name in _COLUMNS:
                columns[name].append(before[name][mine])
            sizes.append(mine.stop - mine.start)
            continue
        new = ~np.isin(after["time"][theirs], before["time"][mine])
        time = np.concatenate([before["time"][mine], after["time"][theirs][new]])
        order = np.argsort(time, kind="stable")
        for name in _COLUMNS:
            joined = np.concatenate([before[name][mine], after[name][theirs][new]])
            columns[name].append(joined[order])
        sizes.append(time.size)
        _tell(code, before, after, mine, theirs, new, causes)
    data = {
        name: ("reading", np.concatenate([before[name][:0], *found]))
        for name, found in columns.items()
    }
    return xr.Dataset(
        {"row_size": ("series", np.array(sizes, dtype=np.int64)), **data},
        coords={"series": list(mine_at)},
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
