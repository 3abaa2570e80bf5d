"""The one validation of all ways in: cells, codes, periods, identities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.errors import UsageError
from ewater.reports import heads, linear
from ewater.reports.cells import significant
from ewater.reports.findings import Finding
from ewater.store.folder_table import rows_where
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ewater.reports.batch import Batch, Lines
    from ewater.reports.form import Column, Identity, Section
    from ewater.reports.known import Known


def validate(batch: Batch, known: Known) -> list[Finding]:
    """Find everything that is wrong with returns, by itself and with the registry.

    Parameters
    ----------
    batch
        One return or many.
    known
        Of the enterprises that report.

    Returns
    -------
    list of Finding
        By return (``owner``) and section; those of severity ``error`` refuse it.
    """
    found = [*heads.check(batch, known), *_shape(batch)]
    for section in batch.form.sections:
        lines = batch.sections[section.key]
        found += _units(batch, section, lines)
        for column in section.columns:
            found += _column(batch, section, column, known)
        found += _codes_of_own(batch, section, known)
        found += _repeated(batch, section, lines)
        found += _months(batch, section, lines)
    for identity in batch.form.identities:
        found += _identity(batch, identity)
    return sorted(found, key=lambda f: (f.owner, f.section or "", f.line or 0))


def cell(
    batch: Batch,
    section: str,
    at: int,
    key: str,
    code: str,
    severity: str = "error",
    *,
    size_m3: float | None = None,
    **values: Any,
) -> Finding:
    """Make a finding of one cell."""
    lines = batch.sections[section]
    return Finding(
        code=code,
        severity=severity,
        owner=int(lines.owner[at]),
        section=section,
        line=int(lines.line[at]),
        column=key,
        place=batch.where(section, key, at),
        size_m3=size_m3,
        values=values,
    )


def _shape(batch: Batch) -> Iterator[Finding]:
    form = batch.form
    for owner, name, line, key in batch.unknown:
        if not key:
            right = ", ".join(s.key for s in form.sections)
            values = {"value": name, "right": right}
            yield Finding(
                code="unknown_section", severity="error", owner=owner, values=values
            )
            continue
        columns = ", ".join(c.key for c in form.section(name).columns)
        yield Finding(
            code="unknown_column",
            severity="error",
            owner=owner,
            section=name,
            line=line,
            values={"value": key, "near": columns},
        )
    intake = form.section_of(linear.sum_of(form.roles["intake"]).keys[0])
    for section in form.sections:
        lines = batch.sections[section.key]
        count = np.bincount(lines.owner, minlength=len(batch))
        if section.lines == "one":
            for owner in rows_where(count > 1):
                yield Finding(
                    code="one_line",
                    severity="error",
                    owner=owner,
                    section=section.key,
                    values={"count": int(count[owner])},
                )
        if section.key == intake:
            for owner in rows_where(count == 0):
                yield Finding(
                    code="empty_return",
                    severity="error",
                    owner=owner,
                    values={"section": section.names.model_dump()},
                )


def _units(batch: Batch, section: Section, lines: Lines) -> Iterator[Finding]:
    """Check the units of lines, where a file gives one for each."""
    if lines.units is None or not len(lines):
        return
    first = pd.Series(lines.units).groupby(lines.owner).transform("first").to_numpy()
    for at in rows_where(lines.units != first):
        yield cell(
            batch, section.key, at, "unit", "mixed_units",
            value=lines.units[at], other=first[at], right=batch.form.unit,
        )  # fmt: skip


def _column(
    batch: Batch, section: Section, column: Column, known: Known
) -> Iterator[Finding]:
    lines = batch.sections[section.key]
    if column.required:
        wrong = lines.problems.get(column.key, {})
        for at in rows_where(~lines.where(column.key)):
            if at not in wrong:
                yield cell(
                    batch, section.key, at, column.key, "required",
                    what=column.names.model_dump(),
                )  # fmt: skip
    if column.kind == "number":
        yield from _number(batch, section, column)
    elif column.kind == "code" and column.codes is not None:
        allowed = batch.form.codes[column.codes]
        yield from _unknown(
            batch, section, column, set(allowed), "unknown_code", ", ".join(allowed)
        )
    elif column.kind == "territory":
        yield from _unknown(
            batch, section, column, known.territories, "unknown_territory", ""
        )
    if column.needs is not None:
        lonely = lines.where(column.key) & ~lines.where(column.needs)
        needed = section.column(column.needs)
        for at in rows_where(lonely):
            yield cell(
                batch, section.key, at, column.key, "needs",
                value=_raw(lines, column.key, at), column=needed.number,
            )  # fmt: skip


def _number(batch: Batch, section: Section, column: Column) -> Iterator[Finding]:
    lines, form, key = batch.sections[section.key], batch.form, column.key
    values = lines.number[key]
    for at, problem in lines.problems.get(key, {}).items():
        said = str(lines.raw[key][at]).strip()
        yield cell(
            batch, section.key, at, key, problem,
            value=repr(said), right=said.replace(",", "."),
            point=said.replace(",", "."), plain=said.replace(",", ""),
        )  # fmt: skip
    for at in rows_where(values < 0):
        yield cell(batch, section.key, at, key, "negative", value=_plain(values[at]))
    most = form.most if column.is_volume else 1e12
    large = values >= most
    for at in rows_where(large):
        said = _plain(values[at])
        yield cell(
            batch, section.key, at, key, "too_many_digits", value=said,
            digits=significant(said), most=_plain(most), unit=column.unit or form.unit,
        )  # fmt: skip
    if not column.is_volume:
        return
    steps = values / form.step
    with np.errstate(invalid="ignore"):
        off = np.abs(steps - np.rint(steps)) > 1e-6 * np.maximum(1, np.abs(steps))
    for at in rows_where(off & ~large & (values >= 0)):
        yield cell(
            batch, section.key, at, key, "too_fine", value=_plain(values[at]),
            step=form.step, right=f"{values[at]:.{form.decimals}f}",
        )  # fmt: skip


def _unknown(
    batch: Batch,
    section: Section,
    column: Column,
    allowed: set[str] | frozenset[str],
    code: str,
    right: str,
) -> Iterator[Finding]:
    given = batch.sections[section.key].text[column.key]
    known = [value is None or value in allowed for value in given]
    for at in rows_where(~np.array(known, dtype=bool)):
        yield cell(
            batch, section.key, at, column.key, code,
            value=repr(given[at]), right=right,
        )  # fmt: skip


def _codes_of_own(batch: Batch, section: Section, known: Known) -> Iterator[Finding]:
    """Check permits, which must be its own, and counterparties, which must not."""
    lines = batch.sections[section.key]
    enterprises = set(known.enterprises["code"])
    permits = known.permits.groupby("enterprise")["code"].agg(set).to_dict()
    for column in section.columns:
        if column.kind not in {"permit", "enterprise"} or not len(lines):
            continue
        given = lines.text[column.key]
        for at in rows_where(lines.where(column.key)):
            value, mine = given[at], str(batch.enterprise[lines.owner[at]])
            if column.kind == "permit":
                own = permits.get(mine, set())
                if value not in own:
                    right = ", ".join(sorted(own)) or "–"
                    yield cell(
                        batch, section.key, at, column.key, "unknown_permit",
                        value=repr(value), right=right,
                    )  # fmt: skip
            elif value == mine or value not in enterprises:
                code = "own" if value == mine else "unknown"
                yield cell(
                    batch, section.key, at, column.key, f"{code}_counterparty",
                    value=repr(value),
                )  # fmt: skip


def _repeated(batch: Batch, section: Section, lines: Lines) -> Iterator[Finding]:
    if not section.line_key or len(lines) < 2:
        return
    key = pd.DataFrame({"owner": lines.owner})
    for name in section.line_key:
        key[name] = [str(value) for value in lines.text[name]]
    key["at"] = np.arange(len(lines))
    columns = ["owner", *section.line_key]
    first = key.groupby(columns, sort=False)["at"].transform("first")
    for at in rows_where(first.to_numpy() != np.arange(len(lines))):
        other = int(first.iloc[at])
        named = int(lines.row[other]) or int(lines.line[other])
        yield cell(
            batch, section.key, at, section.line_key[0], "duplicate_line",
            other=named,
        )  # fmt: skip


def _months(batch: Batch, section: Section, lines: Lines) -> Iterator[Finding]:
    """Check that months are given for the whole period, or not at all."""
    months = [column for column in section.columns if column.month is not None]
    if not months or not len(lines):
        return
    inside = heads.months(batch)[lines.owner]  # (line, 12)
    due = inside[:, [int(c.month or 1) - 1 for c in months]]
    given = np.column_stack([lines.where(column.key) for column in months])
    bad = np.column_stack([_has_problem(lines, column.key) for column in months])
    for at, which in zip(*np.nonzero(given & ~due), strict=True):
        column = months[which]
        yield cell(
            batch, section.key, at, column.key, "month_outside",
            month=column.month, period=str(batch.period[lines.owner[at]]),
        )  # fmt: skip
    blank_due = due & ~given & ~bad
    some = np.logical_and(np.any(given & due, axis=1), np.any(blank_due, axis=1))
    for at in rows_where(np.asarray(some)):
        blank = blank_due[at]
        named = [
            str(c.month) for c, is_blank in zip(months, blank, strict=True) if is_blank
        ]
        first = months[int(np.flatnonzero(blank)[0])]
        yield cell(
            batch, section.key, at, first.key, "months_missing",
            months=", ".join(named),
        )  # fmt: skip


def _has_problem(lines: Lines, key: str) -> NDArray[np.bool_]:
    found = np.zeros(len(lines), dtype=bool)
    found[list(lines.problems.get(key, ()))] = True
    return found


def broken(batch: Batch, identity: Identity) -> tuple[NDArray[np.intp], Any, Any]:
    """Lines that break a rule, with both sides of it in the unit of the form.

    A rule holds where nothing of one side is given: blank is not zero.
    """
    lines = batch.sections[identity.section]
    rule = identity.rule
    (left, left_given), (right, right_given) = (
        lines.sum(rule.left),
        lines.sum(rule.right),
    )
    count = len(rule.keys)
    apart = left - right if rule.relation == "<=" else np.abs(left - right)
    # every figure was rounded to a step: so many roundings can add up
    allowed = batch.form.step * (0.5 * (count - 1) if rule.relation == "=" else 1e-6)
    wrong = left_given & right_given & (apart > allowed + 1e-9 * np.abs(left))
    return np.flatnonzero(wrong), left, right


def _identity(batch: Batch, identity: Identity) -> Iterator[Finding]:
    wrong, left, right = broken(batch, identity)
    key = identity.rule.left.keys[0]
    for at in wrong:
        yield cell(
            batch, identity.section, at, key, "identity", identity.severity,
            size_m3=_size(batch, at, identity, left[at] - right[at]),
            names=identity.names.model_dump(), left=_round(batch, left[at]),
            right=_round(batch, right[at]), unit=batch.form.unit,
            difference=_round(batch, abs(left[at] - right[at])), identity=identity.code,
        )  # fmt: skip


def _size(batch: Batch, at: int, identity: Identity, apart: float) -> float:
    unit = str(batch.unit[batch.sections[identity.section].owner[at]])
    try:
        factor = factor_to_si(unit, "volume")
    except UsageError:
        factor = batch.form.factor
    return abs(float(apart)) * factor


def _round(batch: Batch, value: float) -> float:
    return round(float(value), batch.form.decimals)


def _plain(value: float) -> str:
    """Write a figure with all its digits, as it would be typed."""
    return str(np.format_float_positional(value, trim="-"))


def _raw(lines: Lines, key: str, at: int) -> str:
    return (
        str(lines.raw[key][at]) if key in lines.raw else _plain(lines.number[key][at])
    )
