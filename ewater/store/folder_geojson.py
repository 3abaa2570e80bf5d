"""GeoJSON of a country folder: territories, each feature with its line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shapely.errors import GEOSException
from shapely.geometry import mapping, shape

from ewater.errors import Fault
from ewater.store.folder_csv import decode
from ewater.store.folder_schema import MEANING_OF_TYPE
from ewater.store.folder_table import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ewater.store.folder_schema import File

#: Names of WGS 84 in longitude, latitude; GeoJSON itself knows no other.
_WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326")
_SPACE = " \t\r\n"


class _Faults:
    """Faults of one file."""

    def __init__(self, file: File, faults: list[Fault]) -> None:
        self.name = file.file_name
        self.faults = faults

    def add(
        self, line: int | None, column: str | None, message: str, allowed: str
    ) -> None:
        self.faults.append(
            Fault(
                file=self.name,
                line=line,
                column=column,
                message=message,
                allowed=allowed,
            )
        )


def parse(
    raw: bytes, file: File, faults: list[Fault]
) -> tuple[dict[str, list[Any]], list[int]] | None:
    """Read features into columns of cells (text or geometry) and their lines."""
    found = _Faults(file, faults)
    text = decode(raw, file.file_name, faults)
    if text is None:
        return None
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
        positions = list(_feature_positions(text))
    except json.JSONDecodeError as error:
        found.add(error.lineno, None, f"is not JSON: {error.msg}", "a whole GeoJSON")
        return None
    except ValueError as error:
        found.add(None, None, str(error), "finite numbers")
        return None
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        found.add(1, None, "is no FeatureCollection", '"type": "FeatureCollection"')
        return None
    _check_reference(document, found)
    features = document.get("features")
    if not isinstance(features, list):
        found.add(1, None, "has no list of features", '"features": [...]')
        return None
    lines = [text.count("\n", 0, position) + 1 for position in positions]
    columns: dict[str, list[Any]] = {name: [] for name in file.names}
    for feature, line in zip(features, lines, strict=True):
        cells = _cells(feature, line, file, found)
        for name, values in columns.items():
            values.append(cells.get(name))
    return columns, lines


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a finite number")


def _check_reference(document: dict[str, Any], found: _Faults) -> None:
    reference = document.get("crs")
    if reference is None:
        return
    name = json.dumps(reference)
    if not any(known in name for known in _WGS84):
        found.add(
            1,
            "geometry",
            f"is in another reference system: {name}",
            "longitude and latitude in WGS 84 (EPSG:4326)",
        )


def _feature_positions(text: str) -> Iterator[int]:
    """Offsets at which the features of the outermost object begin."""
    decoder = json.JSONDecoder()
    at = _skip(text, 0, "{")
    while at < len(text) and text[at] == '"':
        key, at = decoder.raw_decode(text, at)
        at = _skip(text, at, ":")
        if key == "features" and text[at] == "[":
            at = _skip(text, at, "[")
            while text[at] != "]":
                yield at
                _, at = decoder.raw_decode(text, at)
                at = _skip(text, at, ",")
            return
        _, at = decoder.raw_decode(text, at)
        at = _skip(text, at, ",")


def _skip(text: str, at: int, mark: str) -> int:
    """Pass over spaces, at most one mark, and spaces again."""
    while at < len(text) and text[at] in _SPACE:
        at += 1
    if text.startswith(mark, at):
        at += 1
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _cells(feature: Any, line: int, file: File, found: _Faults) -> dict[str, Any]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        found.add(line, None, "is no Feature", '"type": "Feature"')
        return {}
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        found.add(line, None, "has no properties", '"properties": {...}')
        return {}
    names = [name for name in file.names if name != "geometry"]
    cells: dict[str, Any] = {}
    for name, value in properties.items():
        if name not in names:
            allowed = nearest(name, names, "a property")
            found.add(line, name, "is not a property of this file", allowed)
        elif isinstance(value, str):
            cells[name] = value or None
        elif value is not None:
            found.add(line, name, f"{value!r} is not text", "text in double quotes")
    cells["geometry"] = _geometry(feature.get("geometry"), line, found)
    return cells


def _geometry(described: Any, line: int, found: _Faults) -> Any:
    if described is None:
        return None
    allowed = MEANING_OF_TYPE["geometry"]
    kind = described.get("type") if isinstance(described, dict) else described
    if kind not in {"Polygon", "MultiPolygon"}:
        found.add(line, "geometry", f"{kind!r} is no area", allowed)
        return None
    try:
        geometry = shape(described)
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        GEOSException,
    ) as error:
        found.add(line, "geometry", f"cannot be read: {error}", allowed)
        return None
    return geometry


def render(columns: dict[str, Sequence[Any]]) -> bytes:
    """Write one feature a line; ``geometry`` holds shapes, the rest text or None."""
    names = [name for name in columns if name != "geometry"]
    features = [
        json.dumps(
            {
                "type": "Feature",
                "properties": dict(zip(names, cells, strict=True)),
                "geometry": None if geometry is None else mapping(geometry),
            },
            ensure_ascii=False,
            allow_nan=False,
        )
        for geometry, *cells in zip(
            columns["geometry"], *(columns[name] for name in names), strict=True
        )
    ]
    body = ",\n".join(features)
    text = '{"type": "FeatureCollection", "features": [\n' + body + "\n]}\n"
    return text.encode("utf-8")
