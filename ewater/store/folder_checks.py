"""Checks within one file of a country folder: one small function per rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import shapely
from shapely.validation import explain_validity

from ewater.errors import UsageError
from ewater.store.folder_alerts import address_faults, alert_faults
from ewater.store.folder_curves import curve_faults
from ewater.store.folder_schema import MEANING_OF_TYPE
from ewater.store.folder_table import rows_where
from ewater.terms import (
    CODE_PATTERN,
    OUTSIDE_KINDS,
    QUALITY_TESTS,
    QUANTITIES,
    TREATY_QUANTITIES,
)
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ewater.errors import Fault
    from ewater.store.folder_schema import Column
    from ewater.store.folder_table import Table

    Check = Callable[[Table], Iterator[Fault]]

# Sentinels such as 9999-12-31 are refused: an open end is an empty cell.
_EARLIEST = pd.Timestamp("1700-01-01", tz="UTC")
_LATEST = pd.Timestamp("2200-01-01", tz="UTC")

_PATTERNS = {
    "code": CODE_PATTERN,
    "clock": r"([01]\d|2[0-3]):[0-5]\d",
    "day_of_year": r"(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])",
    "text": "[^\\x00-\\x08\\x0b-\\x1f\\x7f]*",
}


def file_faults(table: Table) -> Iterator[Fault]:
    """Find every fault that one file shows by itself."""
    if table.frame.empty:
        return
    for column in table.file.columns:
        for check in (_required, _allowed, _pattern, _range, _instant, _zone):
            yield from check(table, column)
    for check_file in (*_OF_EVERY_FILE, *_OF_FILE.get(table.file.name, ())):
        yield from check_file(table)


def _required(table: Table, column: Column) -> Iterator[Fault]:
    if column.required:
        for row in rows_where(table.frame[column.name].isna()):
            yield table.fault(row, column.name, "is empty", column.allows)


def _allowed(table: Table, column: Column) -> Iterator[Fault]:
    if not column.allowed:
        return
    values = table.frame[column.name]
    for row in rows_where(values.notna() & ~values.isin(column.allowed)):
        value = values.iloc[row]
        yield table.fault(row, column.name, f"{value!r} is not known", column.allows)


def _pattern(table: Table, column: Column) -> Iterator[Fault]:
    pattern = _PATTERNS.get(column.type)
    if pattern is None or column.allowed:
        return
    for value, rows in _distinct(table, column.name):
        if re.fullmatch(pattern, value, re.ASCII) is None:
            for row in rows:
                message = f"{value!r} is not allowed here"
                allowed = MEANING_OF_TYPE[column.type]
                yield table.fault(row, column.name, message, allowed)


def _distinct(table: Table, column: str) -> Iterator[tuple[str, list[int]]]:
    """Each value of a column with the rows that hold it; empty cells left out."""
    groups = table.frame.groupby(column, sort=False).indices
    for value, rows in groups.items():
        yield str(value), [int(row) for row in rows]


def _range(table: Table, column: Column) -> Iterator[Fault]:
    if column.type != "number":
        return
    values = table.frame[column.name].to_numpy()
    wrong = np.isinf(values)
    if column.positive:
        wrong |= values <= 0
    if column.minimum is not None:
        wrong |= values < column.minimum
    if column.maximum is not None:
        wrong |= values > column.maximum
    if column.whole:
        wrong |= np.isfinite(values) & (values != np.floor(values))
    for row in rows_where(wrong):
        message = f"{values[row]:g} is out of range"
        yield table.fault(row, column.name, message, column.allows)


def _instant(table: Table, column: Column) -> Iterator[Fault]:
    if column.type != "time":
        return
    values = table.frame[column.name]
    for row in rows_where((values < _EARLIEST) | (values >= _LATEST)):
        yield table.fault(
            row,
            column.name,
            f"{values.iloc[row].isoformat()} is out of range",
            "a time from 1700 to 2199; leave the cell empty where there is no end",
        )


def _zone(table: Table, column: Column) -> Iterator[Fault]:
    if column.type != "zone":
        return
    for value, rows in _distinct(table, column.name):
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            for row in rows:
                message = f"{value!r} is not a time zone"
                yield table.fault(row, column.name, message, MEANING_OF_TYPE["zone"])


def _repeated_keys(table: Table) -> Iterator[Fault]:
    key = list(table.file.row_key)
    frame = table.frame
    if not frame.duplicated(key).any():
        return
    first = pd.Series(np.arange(len(frame))).groupby(
        [frame[name] for name in key], dropna=False
    )
    again = first.transform("first").to_numpy()
    for row in rows_where(again != np.arange(len(frame))):
        message = f"repeats {table.label(again[row])}"
        allowed = "one row for each " + ", ".join(table.file.row_key)
        yield table.fault(row, table.file.key[0], message, allowed)


def _validity_order(table: Table) -> Iterator[Fault]:
    frame = table.frame
    for row in rows_where(frame["valid_from"] >= frame["valid_to"]):
        message = "is not after valid_from"
        yield table.fault(row, "valid_to", message, "a time after valid_from")


def _overlapping_validity(table: Table) -> Iterator[Fault]:
    key = list(table.file.validity_of)
    if not table.frame.duplicated(key).any():
        return
    versions = table.frame[[*key, "valid_from", "valid_to"]].drop_duplicates()
    versions = versions.assign(
        start=versions["valid_from"].fillna(_EARLIEST),
        end=versions["valid_to"].fillna(_LATEST),
    ).sort_values([*key, "start", "end"], kind="stable")
    groups = versions.groupby(key, dropna=False, sort=False)
    before, start_before = groups["end"].shift(), groups["start"].shift()
    overlaps = before > versions["start"]
    if not table.file.version_key:
        overlaps &= start_before != versions["start"]  # a repeated key, said above
    for row in versions.index[overlaps.to_numpy(dtype=bool)]:
        yield table.fault(
            int(row),
            "valid_from",
            f"starts before another validity of {table.frame[key[0]].iloc[row]} ends",
            f"at or after {before.loc[row].isoformat()}",
        )


def _geometries(table: Table) -> Iterator[Fault]:
    geometry = table.frame["geometry"].to_numpy()
    allowed = MEANING_OF_TYPE["geometry"]
    given = ~shapely.is_missing(geometry)
    for row in rows_where(given & shapely.is_empty(geometry)):
        yield table.fault(row, "geometry", "is empty", f"{allowed}, or null")
    for row in rows_where(given & shapely.has_z(geometry)):
        yield table.fault(row, "geometry", "has heights", "two coordinates a point")
    reach = np.abs(shapely.bounds(geometry)) > [180, 90, 180, 90]
    outside = given & (reach.any(axis=1) | _not_finite(geometry))
    for row in rows_where(outside):
        bounds = ", ".join(f"{edge:g}" for edge in shapely.bounds(geometry[row]))
        yield table.fault(
            row,
            "geometry",
            f"reaches to {bounds}: outside WGS 84, likely projected metres",
            "longitude -180 to 180 and latitude -90 to 90, in degrees",
        )
    for row in rows_where(given & ~outside & ~shapely.is_valid(geometry)):
        message = f"is not valid: {explain_validity(geometry[row])}"
        yield table.fault(row, "geometry", message, allowed)


def _not_finite(geometry: np.ndarray) -> np.ndarray:
    points, owner = shapely.get_coordinates(geometry, return_index=True)
    wrong = np.zeros(len(geometry), dtype=bool)
    wrong[owner[~np.isfinite(points).all(axis=1)]] = True
    return wrong


def _positions(table: Table) -> Iterator[Fault]:
    lat, lon = table.frame["lat"].isna(), table.frame["lon"].isna()
    for row in rows_where(lat != lon):
        column = "lat" if lat.iloc[row] else "lon"
        allowed = "both lat and lon, or neither"
        yield table.fault(row, column, "is empty beside the other", allowed)


def _dead_volume(table: Table) -> Iterator[Fault]:
    frame = table.frame
    for row in rows_where(frame["dead_m3"] > frame["capacity_m3"]):
        message = f"{frame['dead_m3'].iloc[row]:g} is above the capacity"
        yield table.fault(row, "dead_m3", message, "at most capacity_m3")


def _series_units(table: Table) -> Iterator[Fault]:
    frame = table.frame
    for quantity in set(frame["quantity"].dropna()) & set(QUANTITIES):
        of_quantity = frame["quantity"] == quantity
        for unit in frame["unit"][of_quantity].dropna().unique():
            rows = rows_where(of_quantity & (frame["unit"] == unit))
            yield from _unit_faults(table, unit, quantity, rows)


def _report_units(table: Table) -> Iterator[Fault]:
    for unit, rows in _distinct(table, "unit"):
        yield from _unit_faults(table, unit, "volume", rows)


def _treaty_units(table: Table) -> Iterator[Fault]:
    for unit, rows in _distinct(table, "unit"):
        if all(list(_unit_faults(table, unit, q, rows)) for q in TREATY_QUANTITIES):
            for row in rows:
                message = f"{unit!r} is neither a rate nor a volume"
                allowed = "a unit such as m3/s, or hm3 for a year's volume"
                yield table.fault(row, "unit", message, allowed)


def _unit_faults(
    table: Table, unit: str, quantity: str, rows: list[int]
) -> Iterator[Fault]:
    try:
        factor_to_si(unit, quantity)
    except UsageError:
        allowed = f"{QUANTITIES[quantity].unit!r} or a unit that converts to it"
        for row in rows:
            message = f"{unit!r} does not fit {quantity}"
            yield table.fault(row, "unit", message, allowed)


def _limit_parameters(table: Table) -> Iterator[Fault]:
    frame = table.frame
    for test, parameters in QUALITY_TESTS.items():
        unknown = (frame["test"] == test) & ~frame["parameter"].isin(parameters)
        for row in rows_where(unknown & frame["parameter"].notna()):
            message = f"{frame['parameter'].iloc[row]!r} is no parameter of {test}"
            allowed = "one of " + ", ".join(parameters)
            yield table.fault(row, "parameter", message, allowed)


def _pump_factors(table: Table) -> Iterator[Fault]:
    frame = table.frame
    given = frame[["rated_m3h", "m3_per_kwh"]].notna().sum(axis=1)
    allowed = "one of rated_m3h (pump_hours) and m3_per_kwh (energy)"
    for row in rows_where(given == 0):
        yield table.fault(row, "rated_m3h", "is empty, as m3_per_kwh is", allowed)
    for row in rows_where(given > 1):
        yield table.fault(row, "m3_per_kwh", "stands beside rated_m3h", allowed)


def _outside_accounts(table: Table) -> Iterator[Fault]:
    frame = table.frame
    outside = frame["kind"].isin(OUTSIDE_KINDS)
    for row in rows_where(outside & frame["territory"].notna()):
        message = f"a {frame['kind'].iloc[row]} lies in no territory"
        yield table.fault(row, "territory", message, "an empty cell")


def _empty_shares(table: Table) -> Iterator[Fault]:
    for row in rows_where(table.frame["share"] == 0):
        allowed = "a share above 0, or no row"
        yield table.fault(row, "share", "is 0: not in the territory", allowed)


def _economy_sectors(table: Table) -> Iterator[Fault]:
    frame = table.frame
    economy = frame["kind"] == "economy"
    for row in rows_where(economy & frame["sector"].isna()):
        allowed = table.file.column("sector").allows
        yield table.fault(row, "sector", "is empty, of an economy", allowed)


def _flow_ends(table: Table) -> Iterator[Fault]:
    frame = table.frame
    for row in rows_where((frame["from"] == frame["to"]).fillna(value=False)):
        code = frame["to"].iloc[row]
        message = f"{code!r} is the account it leaves"
        yield table.fault(row, "to", message, "another account")


def _flow_partners(table: Table) -> Iterator[Fault]:
    """Check that partners run between the ends they must.

    The reverse of a flow has its ends exchanged; water comes back with
    ``re_enters`` from the account into which it went.
    """
    frame = table.frame
    ends = frame.drop_duplicates("code").set_index("code")[["from", "to"]]
    for column in ("reverse", "re_enters"):
        known = frame[frame[column].isin(ends.index)]
        partner = ends.loc[known[column]].set_axis(known.index)
        joins = (partner["from"] == known["to"], partner["to"] == known["from"])
        fits = joins[0] & joins[1] if column == "reverse" else joins[0] | joins[1]
        allowed = (
            "a flow from its 'to' to its 'from'"
            if column == "reverse"
            else "a flow that leaves the account this one enters"
        )
        for row in known.index[~fits.to_numpy(dtype=bool)]:
            message = f"{frame[column].iloc[row]!r} does not run the other way"
            yield table.fault(int(row), column, message, allowed)


def _report_periods(table: Table) -> Iterator[Fault]:
    frame = table.frame
    for row in rows_where(frame["period_start"] >= frame["period_end"]):
        allowed = "a time after period_start: the end is not in the period"
        yield table.fault(row, "period_end", "is not after period_start", allowed)


def _parents(table: Table) -> Iterator[Fault]:
    """Check that a parent is a country, of its own kind, or a district's basin."""
    frame = table.frame
    kinds = frame.drop_duplicates("code").set_index("code")["kind"]
    parent_kind = frame["parent"].map(kinds)
    country = frame["kind"] == "country"
    for row in rows_where(country & frame["parent"].notna()):
        yield table.fault(row, "parent", "a country has no parent", "an empty cell")
    fits = parent_kind.isna() | (parent_kind == "country")
    fits |= (frame["kind"] == "district") & (parent_kind == "basin")
    for row in rows_where(~country & ~fits & (parent_kind != frame["kind"])):
        kind = frame["kind"].iloc[row]
        message = f"{frame['parent'].iloc[row]!r} is a {parent_kind.iloc[row]}"
        allowed = f"a country or a {kind}" + (" or basin" if kind == "district" else "")
        yield table.fault(row, "parent", message, allowed)


def _parent_cycles(table: Table) -> Iterator[Fault]:
    parents = dict(zip(table.frame["code"], table.frame["parent"], strict=True))
    done: set[str] = set()
    for row, code in enumerate(table.frame["code"]):
        path: list[str] = []
        while code in parents and code not in done and code not in path:
            path.append(code)
            code = parents[code]
        if code in path:
            cycle = [*path[path.index(code) :], code]
            message = "is a part of itself: " + " -> ".join(cycle)
            allowed = "parents that end at a country"
            yield table.fault(row, "parent", message, allowed)
        done.update(path)


_OF_EVERY_FILE: tuple[Check, ...] = (
    _repeated_keys,
    _validity_order,
    _overlapping_validity,
)
_OF_FILE: dict[str, tuple[Check, ...]] = {
    "territories": (_geometries, _parents, _parent_cycles),
    "sites": (_positions, _dead_volume),
    "series": (_series_units,),
    "curves": (curve_faults,),
    "limits": (_limit_parameters,),
    "pumps": (_pump_factors,),
    "accounts": (_outside_accounts, _economy_sectors),
    "account_territories": (_empty_shares,),
    "flows": (_flow_ends, _flow_partners),
    "enterprises": (_positions, address_faults),
    "reports": (_report_units, _report_periods),
    "treaties": (_treaty_units,),
    "alert_rules": (alert_faults,),
}
