"""What views need besides the ledger: population, value added, requirements.

A file of the country folder states it, by territory and year, or one given besides;
nothing is assumed where it says nothing.
"""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater import described
from ewater.balance.views.basis import Given
from ewater.errors import Fault, FaultsError, UsageError
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from ewater.balance.views.compiled import Compiled

COLUMNS = (
    "item",
    "territory",
    "year",
    "value",
    "unit",
    "u_pct",
    "source",
    "note",
    "valid_from",
    "valid_to",
)
_NEEDED = ("item", "territory", "year", "value", "unit", "source")
LONG_TERM = "long-term"
REGISTERED = Path("inputs.csv (registered)")
_PER_YEAR = re.compile(r"\s*/\s*(yr|year|a)$")
_LARGE = {"thousand": 1e3, "million": 1e6, "billion": 1e9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One row of the file, in the unit of the view."""

    item: str
    territory: str
    year: str
    value: float
    u: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How a view takes an input: its unit, and whether a year's is spread over it."""

    unit: str
    per: str


def needs(views: Iterable[Compiled]) -> dict[str, Need]:
    """Find the inputs of views.

    Raises
    ------
    UsageError
        Two views take one input in different units.
    """
    found: dict[str, Need] = {}
    for compiled in views:
        for row in compiled.view.rows:
            if row.input is None:
                continue
            need = Need(unit=row.unit, per=row.per)
            if found.setdefault(row.input, need) != need:
                raise UsageError(
                    f"view {compiled.view.view} takes input {row.input} per {row.per} "
                    f"in {row.unit}; another takes it differently"
                )
    return found


def read(path: Path, known: Mapping[str, Need]) -> list[Stated]:
    """Read a file of inputs whole, or refuse it with every fault.

    Parameters
    ----------
    path
        CSV with the columns of `COLUMNS`.
    known
        From `needs`.

    Raises
    ------
    FaultsError
        Unknown column or item, a value that is no number, a unit that does not fit,
        a row that is there twice; with file, line and column.
    """
    lines = csv.reader(io.StringIO(described.text_of(path, "table of inputs")))
    header = next(lines, [])
    wrong = [name for name in header if name not in COLUMNS]
    wrong += [name for name in _NEEDED if name not in header]
    if wrong:
        allowed = f"columns {', '.join(COLUMNS)}"
        message = f"column {', '.join(wrong)} is unknown or missing"
        raise FaultsError([_fault(path, 1, None, message, allowed)])
    faults: list[Fault] = []
    stated: dict[tuple[str, str, str], Stated] = {}
    for cells in lines:
        if not any(cells):
            continue
        line = lines.line_num
        row = dict(zip(header, cells, strict=False))
        one = _row(path, line, row, known, faults)
        if one is None:
            continue
        key = (one.item, one.territory, one.year)
        if key in stated:
            faults.append(_fault(path, line, "item", f"{key} is there twice", "once"))
        stated[key] = one
    if faults:
        raise FaultsError(faults)
    return list(stated.values())


def of_frame(frame: pd.DataFrame, known: Mapping[str, Need]) -> list[Stated]:
    """Read what the country folder states; what no view takes any more is left out.

    Raises
    ------
    FaultsError
        A unit that does not fit, or a year that is none.
    """
    faults: list[Fault] = []
    rows = frame[frame["item"].isin(list(known))].astype(object)
    found = [
        _row(REGISTERED, None, row, known, faults)
        for row in rows.where(rows.notna(), "").to_dict("records")
    ]
    if faults:
        raise FaultsError(faults)
    return [one for one in found if one is not None]


def _row(
    path: Path,
    line: int | None,
    row: Mapping[Any, Any],
    known: Mapping[str, Need],
    faults: list[Fault],
) -> Stated | None:
    before = len(faults)

    def fault(column: str, message: str, allowed: str) -> None:
        faults.append(_fault(path, line, column, message, allowed))

    item, year = row.get("item", ""), row.get("year", "")
    _check_words(row, known, fault)
    value = _number(row.get("value", ""))
    if value is None:
        fault("value", f"{row.get('value')!r} is no number", "a number such as 12.5")
    percent = _number(row.get("u_pct") or 0)
    if percent is None or percent < 0:
        fault(
            "u_pct", f"{row.get('u_pct')!r} is no uncertainty", "at least 0, or empty"
        )
    factor = 1.0
    if item in known:
        try:
            factor = _factor(row.get("unit", ""), known[item].unit)
        except UsageError as error:
            fault("unit", str(error), f"a unit that converts to {known[item].unit}")
    if len(faults) > before or value is None or percent is None:
        return None
    value *= factor
    u = abs(value) * percent / 100
    return Stated(item=item, territory=row["territory"], year=year, value=value, u=u)


def _check_words(
    row: Mapping[str, str], known: Mapping[str, Need], fault: Callable[..., None]
) -> None:
    item, year = row.get("item", ""), row.get("year", "")
    if item not in known:
        fault("item", f"no view needs {item!r}", f"one of {', '.join(known)}")
    if not re.fullmatch(r"\d{4}", year) and year != LONG_TERM:
        fault("year", f"{year!r} is no year", f"a year such as 2023, or {LONG_TERM}")
    for column in ("territory", "source"):
        if not row.get(column):
            fault(column, "is empty", "who says so" if column == "source" else "a code")


def _number(text: str | float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def volume_factor(unit: str) -> float:
    """Factor to m3 of a volume, or of a volume in a year.

    Examples
    --------
    >>> volume_factor("hm3/yr"), volume_factor("km3")
    (1000000.0, 1000000000.0)
    """
    return factor_to_si(_PER_YEAR.sub("", unit.strip()), "volume")


def _factor(unit: str, wanted: str) -> float:
    """Factor from a unit to that of the view; a year is the period it is given for."""
    plain = _PER_YEAR.sub("", unit.strip())
    if wanted == "m3":
        return volume_factor(unit)
    word, _, rest = plain.partition(" ")
    if word in _LARGE and rest == wanted:
        return _LARGE[word]
    if plain != wanted:
        raise UsageError(f"unit {unit!r} is not {wanted}")
    return 1.0


def _fault(
    path: Path, line: int | None, column: str | None, message: str, allowed: str
) -> Fault:
    return Fault(
        file=path.name, line=line, column=column, message=message, allowed=allowed
    )


def given(
    stated: Sequence[Stated],
    wanted: Mapping[str, Need],
    territories: Sequence[str],
    years: Sequence[str],
    part: NDArray[np.float64],
) -> dict[str, Given]:
    """Lay out what is stated over territories and periods.

    Parameters
    ----------
    stated
        From `read`.
    wanted
        From `needs`.
    territories
        Codes; what is stated for another one says nothing here.
    years : (period,)
        In which year each period lies; its own figure goes before a long-term one.
    part : (period,), 1
        Length of each period as a part of its year, for what is given per year.
    """
    by_key = {(one.item, one.territory, one.year): one for one in stated}
    made: dict[str, Given] = {}
    for item, need in wanted.items():
        found = [
            [
                by_key.get((item, territory, year))
                or by_key.get((item, territory, LONG_TERM))
                for year in years
            ]
            for territory in territories
        ]
        if not any(one for row in found for one in row):
            continue
        scale = part if need.per == "year" else np.ones_like(part)
        value, u = (
            scale
            * np.array(
                [[getattr(o, name) if o else np.nan for o in row] for row in found]
            )
            for name in ("value", "u")
        )
        made[item] = Given(value=value, u=u)
    return made
