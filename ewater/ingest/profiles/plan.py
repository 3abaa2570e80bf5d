"""Where the columns of a profile are in a file, and what its identifiers mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import Fault, FaultsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.ingest.profiles.model import Profile

REJECT = 0  # verdict of a qualifier whose rows are not loaded
_WORST = (REJECT, 9, 4, 3, 2, 1)  # of several qualifiers the gravest counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Numbers of the wanted cells, and the place of each role among them."""

    names: Sequence[str]
    wanted: NDArray[np.int64]
    time: Sequence[int]
    key: Sequence[int]
    key_names: Sequence[str]
    values: Sequence[int]
    value_names: Sequence[str]
    flags: Sequence[int]
    zone: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An identifier of the source, and what the profile makes of it."""

    said: str
    code: str | None
    unit: str | None
    ignored: bool
    numbers: frozenset[float]
    words: frozenset[str]


def plan(profile: Profile, names: Sequence[str], file: str) -> Plan:
    """Find the columns.

    Raises
    ------
    FaultsError
        Columns are missing or there twice; what the file has instead is listed.
    """
    columns = profile.columns
    wide = columns.values is not None
    roles = {*columns.time, *columns.series}
    roles |= {c for c in (columns.unit, columns.zone, columns.missing) if c}
    values = [columns.value or ""]
    flags = [columns.flag] if columns.flag else []
    if wide:
        pattern = re.compile(columns.values or "")
        values = [n for n in names if n not in roles and pattern.fullmatch(n)]
        flags = [flag.replace("{column}", n) for flag in flags for n in values]
    _check(profile, names, [*roles, *values, *flags], file, none=not values)
    wanted = sorted({names.index(name) for name in (*roles, *values, *flags)})
    place = {names[at]: k for k, at in enumerate(wanted)}
    extra = [c for c in (columns.unit, columns.missing) if c]
    spans = np.array([[at, 0] for at in wanted], np.int64).reshape(-1, 2)
    if profile.text.fixed:
        first_last = [profile.text.fixed[names[at]] for at in wanted]
        spans = np.array([(a - 1, b) for a, b in first_last], np.int64).reshape(-1, 2)
    return Plan(
        names=names,
        wanted=spans,
        time=[place[name] for name in columns.time],
        key=[place[name] for name in (*columns.series, *extra)],
        key_names=[*columns.series, *extra],
        values=[place[name] for name in values],
        value_names=values,
        flags=[place[name] for name in flags],
        zone=place[columns.zone] if columns.zone else None,
    )


def _check(
    profile: Profile, names: Sequence[str], wanted: list[str], file: str, *, none: bool
) -> None:
    there = ", ".join(repr(name) for name in names[:40])
    faults = [
        Fault(
            file=file,
            line=None,
            column=name,
            message=f"no such column, which profile {profile.name} needs",
            allowed=f"the file has {there}",
        )
        for name in wanted
        if name not in names
    ]
    faults += [
        Fault(
            file=file,
            line=None,
            column=name,
            message="two columns have this name",
            allowed="rename one, or give text.names in the profile",
        )
        for name in dict.fromkeys(wanted)
        if list(names).count(name) > 1
    ]
    if none:
        faults.append(
            Fault(
                file=file,
                line=None,
                column=None,
                message=f"no column matches values: {profile.columns.values}",
                allowed=f"the file has {there}",
            )
        )
    if faults:
        raise FaultsError(faults)


def key_of(
    profile: Profile, cells: Mapping[str, str], column: str, unit: str | None
) -> Key:
    """Say what an identifier means.

    Parameters
    ----------
    profile
        What maps it.
    cells
        Texts of the columns that name the series, and of unit and missing value.
    column
        Name of the column of the value.
    unit
        Unit that the source writes beside the value, if it does.
    """
    series, columns = profile.series, profile.columns
    named = {name: cells[name] for name in columns.series}
    said = ":".join([*named.values(), *([column] if columns.values else [])])
    if series.id:
        said = _filled(series.id, named | {"column": column})
    numbers, words = _missing(profile, said, cells)
    return Key(
        said=said,
        code=_code(profile, said),
        unit=_unit(profile, said, unit),
        ignored=bool(series.ignore and re.fullmatch(series.ignore, said)),
        numbers=numbers,
        words=words,
    )


def _filled(template: str, named: Mapping[str, str]) -> str:
    return re.sub(r"\{([^{}]+)\}", lambda m: named.get(m[1], m[0]), template)


def _code(profile: Profile, said: str) -> str | None:
    if said in profile.series.table:
        return profile.series.table[said]
    for pattern in profile.series.patterns:
        found = re.fullmatch(pattern.match, said)
        if found:
            groups = [group or "" for group in found.groups()]
            named = {k: v or "" for k, v in found.groupdict().items()}
            return pattern.code.format(found[0], *groups, **named)
    if profile.series.table or profile.series.patterns:
        return None
    return said


def _unit(profile: Profile, said: str, written: str | None) -> str | None:
    for pattern, unit in profile.units.items():
        if re.fullmatch(pattern, said):
            return unit
    if written:
        return profile.unit_names.get(written, written)
    return profile.unit


def _missing(
    profile: Profile, said: str, cells: Mapping[str, str]
) -> tuple[frozenset[float], frozenset[str]]:
    given = list(profile.missing)
    for pattern, words in profile.missing_in.items():
        if re.fullmatch(pattern, said):
            given = list(words)
            break
    if profile.columns.missing:
        given.append(cells[profile.columns.missing])
    numbers, texts = set(), set()
    for word in given:
        texts.add(str(word))
        try:
            numbers.add(float(word))
        except ValueError:
            continue
    return frozenset(numbers), frozenset(texts)


def verdict(profile: Profile, qualifier: str) -> int:
    """Flag that a qualifier means, or REJECT; of several the gravest."""
    if not qualifier and "" not in profile.flags:
        return 2
    parts = [qualifier]
    if profile.flag_split and qualifier not in profile.flags:
        parts = [p for p in re.split(profile.flag_split, qualifier) if p] or [""]
    said = [profile.flags.get(part, profile.other_flags) for part in parts]
    found = {REJECT if flag == "reject" else int(flag) for flag in said}
    return next(flag for flag in _WORST if flag in found)
