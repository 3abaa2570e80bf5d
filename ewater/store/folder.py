"""A country folder: read whole or refused with every fault in it, written canonically.

What the files hold is in `folder_files`; here they become *country frames*, one
DataFrame for each file, keyed by its stem: text ``str``, numbers ``float64``,
booleans ``bool``, times ``datetime64[us, UTC]``, and ``territories`` a GeoDataFrame
in EPSG:4326. No database is needed.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from geopandas.array import from_shapely
from geopandas.geodataframe import GeoDataFrame
from pyproj import CRS
from shapely import MultiPolygon

from ewater.errors import Fault, FaultsError, UsageError
from ewater.store import folder_csv, folder_documents, folder_geojson
from ewater.store.folder_cells import texts, typed
from ewater.store.folder_checks import file_faults
from ewater.store.folder_files import FILES
from ewater.store.folder_links import link_faults
from ewater.store.folder_table import Table, nearest
from ewater.terms import activity_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ewater.store.folder_schema import Column, File
    from ewater.store.folder_table import ExpressionCodes

WGS84 = CRS.from_epsg(4326)

Frames = dict[str, pd.DataFrame]


def read(
    path: str | Path,
    *,
    known: Mapping[str, pd.DataFrame] | None = None,
    expression_codes: ExpressionCodes | None = None,
) -> Frames:
    """Read a country folder; a file that is absent has no frame.

    Parameters
    ----------
    path
        The folder.
    known
        Frames already registered, to which a partial folder may refer.
    expression_codes
        Parser of ``measured_by``; without one the column is not checked.

    Returns
    -------
    dict of str to pandas.DataFrame
        All columns in order, rows sorted by key.

    Raises
    ------
    FaultsError
        Every fault in the folder at once, by file, line and column.
    UsageError
        There is no such folder, or nothing of a country in it.
    """
    faults: list[Fault] = []
    tables, unreadable = _parse(Path(path), known or {}, faults)
    parsed = {(fault.file, fault.line, fault.column) for fault in faults}
    found = _faults(tables, known or {}, unreadable, expression_codes)
    faults += [f for f in found if (f.file, f.line, f.column) not in parsed]
    if faults:
        raise FaultsError(sorted(faults, key=_place))
    return canonical({name: table.frame for name, table in tables.items()})


def check(
    frames: Mapping[str, pd.DataFrame],
    *,
    known: Mapping[str, pd.DataFrame] | None = None,
    expression_codes: ExpressionCodes | None = None,
) -> list[Fault]:
    """Find every fault in country frames; a line is where `write` would put it."""
    tables = {
        name: Table(FILES[name], frame, np.arange(len(frame)) + 2)
        for name, frame in conform(frames).items()
    }
    found = _faults(tables, known or {}, set(), expression_codes)
    return sorted(found, key=_place)


def write(path: str | Path, frames: Mapping[str, pd.DataFrame]) -> None:
    """Write country frames as a folder: one canonical form for equal content."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    frames = canonical(frames)
    zone = _zone(frames.get("calendars")) or "UTC"
    for name, frame in frames.items():
        file = FILES[name]
        if file.documents:
            folder_documents.write(folder / name, frame)
            continue
        columns: dict[str, Sequence[Any]] = {
            column.name: frame["geometry"].tolist()
            if column.type == "geometry"
            else texts(column, frame[column.name], zone)
            for column in file.columns
        }
        content = (
            folder_geojson.render(columns)
            if "geometry" in columns
            else folder_csv.render(file.names, list(columns.values()))
        )
        (folder / file.file_name).parent.mkdir(exist_ok=True)
        (folder / file.file_name).write_bytes(content)


def conform(frames: Mapping[str, pd.DataFrame]) -> Frames:
    """Give frames all columns of their files, in order and typed.

    Raises
    ------
    UsageError
        A frame or a column is not one of the folder.
    """
    return {
        name: _conform(FILES[name], frame) for name, frame in _in_order(frames).items()
    }


def complete(frames: Mapping[str, pd.DataFrame]) -> Frames:
    """Add an empty frame for every file that was not given."""
    empty = {name: pd.DataFrame() for name in FILES if name not in frames}
    return canonical({**frames, **empty})


def canonical(frames: Mapping[str, pd.DataFrame]) -> Frames:
    """Conform frames and sort their rows by key, so that equal content is equal."""
    return {n: in_order(FILES[n], frame) for n, frame in conform(frames).items()}


def in_order(file: File, frame: pd.DataFrame) -> pd.DataFrame:
    """Sort the rows of a conformed frame by key."""
    if len(frame) < 2:
        return frame
    return frame.sort_values(
        list(file.order), kind="stable", na_position="first", ignore_index=True
    )


def sector_of(isic: pd.Series, sectors: pd.DataFrame) -> pd.Series:
    """Sector of each ISIC code; finer codes roll up, unknown ones are missing."""
    by_code = dict(zip(sectors["isic"], sectors["sector"], strict=True))
    known = set(by_code)
    found = {code: activity_in(code, known) for code in isic.dropna().unique()}
    sector = {code: by_code[at] for code, at in found.items() if at is not None}
    return isic.map(sector).astype("str")


def _in_order(frames: Mapping[str, pd.DataFrame]) -> Frames:
    for name in frames:
        if name not in FILES and name != "site_territories":  # computed, not kept
            raise UsageError(f"{name!r} is no frame; {nearest(name, FILES, 'use one')}")
    return {name: frames[name] for name in FILES if name in frames}


def _conform(file: File, frame: pd.DataFrame) -> pd.DataFrame:
    for name in frame.columns:
        if name not in file.names:
            allowed = nearest(str(name), file.names, "use a column")
            raise UsageError(f"{file.name}: {name!r} is not a column; {allowed}")
    return _typed(file, frame) if len(frame) else _empty(file.name).copy()


@functools.cache
def _empty(name: str) -> pd.DataFrame:
    """Frame without rows: of most files a country has none, and types cost time."""
    return _typed(FILES[name], pd.DataFrame())


def _typed(file: File, frame: pd.DataFrame) -> pd.DataFrame:
    columns = {
        column.name: _as_type(column, frame.get(column.name), len(frame))
        for column in file.columns
    }
    if "geometry" in columns:
        return GeoDataFrame(columns, geometry="geometry", crs=WGS84)
    return pd.DataFrame(columns)


def _as_type(column: Column, values: pd.Series | None, length: int) -> Any:
    if values is None:
        values = pd.Series([None] * length, dtype=object)
    if column.type == "geometry":
        return _as_areas(values.to_numpy(dtype=object))
    if column.default is not None and values.isna().any():
        default = typed(column, [None], None)[0].iloc[0]
        values = values.astype(object).where(values.notna(), default)
    if column.type == "time":
        if values.isna().all():  # as most ends of validity are
            none = np.full(length, np.datetime64("NaT", "us"))
            return pd.DatetimeIndex(none, tz="UTC").array
        return pd.to_datetime(values, utc=True).dt.as_unit("us").array
    if column.type == "number":
        return values.astype("float64").array
    if column.type == "boolean":
        return values.astype("bool").array
    words = values.astype("str")
    blank = words == ""
    return (words.mask(blank, None) if blank.any() else words).array


def _as_areas(values: Any) -> Any:
    """Make every area a MultiPolygon, the one type of the column."""
    areas = np.array([None if pd.isna(v) else v for v in values], dtype=object)
    single = shapely.get_type_id(areas) == shapely.GeometryType.POLYGON
    areas[single] = [MultiPolygon([area]) for area in areas[single]]
    return from_shapely(areas, crs=WGS84)


def _parse(
    folder: Path, known: Mapping[str, pd.DataFrame], faults: list[Fault]
) -> tuple[dict[str, Table], set[str]]:
    """Read every file there is; name those of which something could not be read."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; name a country folder")
    faults += _misnamed(folder)
    present = [file for file in FILES.values() if _is_there(folder, file)]
    if not present and not faults:
        names = ", ".join(file.file_name for file in FILES.values())
        raise UsageError(f"{folder} holds no file of a country; it may hold {names}")
    tables: dict[str, Table] = {}
    unreadable: set[str] = set()
    zone = _zone(known.get("calendars"))
    for file in present:
        before = len(faults)
        if file.documents:
            table = _documents(file, folder / file.name, faults)
        else:
            raw = (folder / file.file_name).read_bytes()
            table = _table(file, raw, zone, faults)
        if table is None or any(fault.column is None for fault in faults[before:]):
            unreadable.add(file.name)
        if table is not None:
            tables[file.name] = table
            if file.name == "calendars":
                zone = _zone(table.frame)
    return tables, unreadable


def _is_there(folder: Path, file: File) -> bool:
    if file.documents:
        return (folder / file.name).is_dir()
    return (folder / file.file_name).is_file()


def _documents(file: File, folder: Path, faults: list[Fault]) -> Table | None:
    found = folder_documents.read(folder, faults)
    if found is None:
        return None
    return Table(file, _conform(file, found), np.arange(1, len(found) + 1))


def _misnamed(folder: Path) -> Iterable[Fault]:
    """Find files whose name is nearly, but not quite, that of a country file."""
    names = [file.file_name for file in FILES.values()]
    for path in sorted(folder.iterdir()):
        if path.suffix in {".csv", ".geojson"} and path.name not in names:
            near = nearest(path.name, names, "a file")
            if near.endswith("?"):
                message = "is not a file of a country folder"
                yield Fault(
                    file=path.name,
                    line=None,
                    column=None,
                    message=message,
                    allowed=near,
                )


def _table(
    file: File, raw: bytes, zone: str | None, faults: list[Fault]
) -> Table | None:
    cells: dict[str, list[Any]]
    if "geometry" in file.names:
        features = folder_geojson.parse(raw, file, faults)
        if features is None:
            return None
        cells, lines = features
    else:
        parsed = folder_csv.parse(raw, file, faults)
        if parsed is None:
            return None
        header, rows, lines = parsed
        cells = {
            name: [row[at] or None for row in rows] for at, name in enumerate(header)
        }
    columns: dict[str, Any] = {}
    for column in file.columns:
        values = cells.get(column.name, [None] * len(lines))
        if column.type == "geometry":
            columns[column.name] = pd.Series(values, dtype=object)
            continue
        columns[column.name], wrong = typed(column, values, zone)
        faults += [
            Fault(
                file=file.file_name,
                line=lines[row],
                column=column.name,
                message=message,
                allowed=allowed,
            )
            for row, message, allowed in wrong
        ]
    frame = _conform(file, pd.DataFrame(columns))
    return Table(file, frame, np.array(lines, dtype=np.int64))


def _zone(calendars: pd.DataFrame | None) -> str | None:
    """Name the one time zone of the country, if it has one."""
    if calendars is None:
        return None
    zones = set(calendars["timezone"].dropna())
    return zones.pop() if len(zones) == 1 else None


def _faults(
    tables: Mapping[str, Table],
    known: Mapping[str, pd.DataFrame],
    unreadable: set[str],
    expression_codes: ExpressionCodes | None,
) -> list[Fault]:
    found = [fault for table in tables.values() for fault in file_faults(table)]
    standing = {
        name: frame
        for name, frame in known.items()
        if name not in {*tables, *unreadable} or FILES[name].additive
    }
    registered = {n: Table(FILES[n], f) for n, f in conform(standing).items()}
    found += link_faults(tables, registered, unreadable, expression_codes)
    return found


def _place(fault: Fault) -> tuple[int, int, str]:
    names = [file.file_name for file in FILES.values()]
    at = names.index(fault.file) if fault.file in names else len(names)
    return at, fault.line or 0, fault.column or ""
