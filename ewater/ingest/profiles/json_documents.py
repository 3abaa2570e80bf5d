"""USGS, SensorThings and CWMS JSON: one line of text for each value.

Values of a series are taken as columns, some thousands at a time.
"""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ewater.ingest.profiles.json_pieces import Document
from ewater.ingest.profiles.lines import headed, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ewater.ingest.profiles.model import Profile


def _word(value: Any) -> str:
    """Text of a cell; a number in the fewest digits that are exact."""
    if type(value) is str:
        return value
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return ",".join(map(_word, value))
    return str(value)


def _words(values: Sequence[Any]) -> Sequence[str]:
    """Text of a column; most are of one type."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return values
    if kinds <= {int, float}:
        return list(map(str, values))
    return list(map(_word, values))


def _first(items: Any) -> Any:
    return items[0] if items else {}


def _column(rows: list[Any], name: str) -> list[Any]:
    """Values of one name; None where it is absent."""
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def _lines(head: list[str], *columns: Sequence[str]) -> bytes:
    return headed(head, joined(*columns))


def usgs(raw: bytes, _profile: Profile) -> Iterator[bytes]:
    """Give the values of WaterML in JSON, in the order of DOCUMENT_COLUMNS."""
    document = Document(raw)
    for several in document.elements(document.root["value"]["timeSeries"]):
        for series in several:
            yield from _usgs_series(document, series)


def _usgs_series(document: Document, series: Any) -> Iterator[bytes]:
    variable = series["variable"]
    option = _first(variable.get("options", {}).get("option", []))
    about = [
        _word(_first(series["sourceInfo"]["siteCode"]).get("value")),
        _word(_first(variable["variableCode"]).get("value")),
        _word(option.get("optionCode")),
    ]
    unit = _word(variable.get("unit", {}).get("unitCode"))
    missing = _word(variable.get("noDataValue"))
    for values in (one for some in document.elements(series["values"]) for one in some):
        method = _word(_first(values.get("method", [])).get("methodID"))
        head = [*about, method, unit, missing]
        for rows in document.elements(values["value"]):
            times, found = _column(rows, "dateTime"), _column(rows, "value")
            marks = list(map(_word, _column(rows, "qualifiers")))
            yield _lines(head, _words(times), _words(found), marks)


def sensorthings(raw: bytes, _profile: Profile) -> Iterator[bytes]:
    """Observations: datastream, unit, time, value, qualifier.

    A list of observations (each with its Datastream), a Datastream with its
    Observations, a list of those, or a data array.
    """
    document = Document(raw)
    said = document.root
    entities = said["value"] if isinstance(said, dict) and "value" in said else said
    for several in document.elements(
        entities if isinstance(entities, list) else [entities]
    ):
        for entity in several:
            yield from _entity(document, entity)


def _entity(document: Document, entity: Any) -> Iterator[bytes]:
    if "dataArray" in entity:
        yield from _data_array(document, entity)
    elif "Observations" in entity:
        stream = _stream(entity)
        for rows in document.elements(entity["Observations"]):
            yield _observed(stream, partial(_column, rows))
    else:
        yield _observed(_stream(_datastream(entity)), partial(_column, [entity]))


def _datastream(observation: Any) -> Any:
    stream = observation.get("Datastream")
    if stream is None:
        link = observation["Datastream@iot.navigationLink"]
        stream = {"@iot.id": link.rpartition("(")[2].rstrip(")").strip("'")}
    return stream


def _stream(stream: Any) -> list[str]:
    unit = stream.get("unitOfMeasurement") or {}
    name = stream.get("@iot.id", stream.get("name"))
    return [_word(name), _word(unit.get("symbol") or unit.get("name"))]


def _observed(stream: list[str], column: Callable[[str], list[Any]]) -> bytes:
    """Lines of observations of one stream, given by column."""
    times = _words(column("phenomenonTime"))
    if any("/" in time for time in times):  # an interval counts at its end
        times = [time.rpartition("/")[2] for time in times]
    marks: list[str] = []
    for quality in column("resultQuality"):
        if isinstance(quality, dict):
            quality = quality.get("qualityCode", quality.get("qualityCodeId"))
        marks.append(_word(quality))
    return _lines(stream, times, _words(column("result")), marks)


def _data_array(document: Document, entity: Any) -> Iterator[bytes]:
    stream, names = _stream(_datastream(entity)), list(entity["components"])
    for name in ("phenomenonTime", "result"):
        if name not in names:
            raise KeyError(name)
    for rows in document.elements(entity["dataArray"]):
        if any(size != len(names) for size in set(map(len, rows))):
            raise ValueError(f"a row of dataArray has not {len(names)} components")
        yield _observed(stream, partial(_of, names, rows))


def _of(names: list[str], rows: list[Any], name: str) -> list[Any]:
    """Values of a component; None where it is not among them."""
    if name not in names:
        return [None] * len(rows)
    return list(map(itemgetter(names.index(name)), rows))


def cwms(raw: bytes, _profile: Profile) -> Iterator[bytes]:
    """Values of a CWMS time series: name, office, unit, time, value, qualifier."""
    document = Document(raw)
    said = document.root
    for several in document.elements(said if isinstance(said, list) else [said]):
        for series in several:
            yield from _cwms_series(document, series)


def _cwms_series(document: Document, series: Any) -> Iterator[bytes]:
    known = (series["name"], series.get("office-id"), series.get("units"))
    about = [_word(word) for word in known]
    columns = series.get("value-columns") or []
    order = {c["name"]: int(c["ordinal"]) - 1 for c in columns}
    places = [
        order.get(name, place)
        for place, name in enumerate(("date-time", "value", "quality-code"))
    ]
    for rows in document.elements(series["values"]):
        yield _lines(about, *(_place(rows, place) for place in places))


def _place(rows: list[Any], place: int) -> Sequence[str]:
    try:
        return _words(list(map(itemgetter(place), rows)))
    except IndexError:
        return [_word(row[place]) if place < len(row) else "" for row in rows]
