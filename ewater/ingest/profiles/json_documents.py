"""USGS, SensorThings and CWMS JSON: one line of text for each value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ewater.ingest.profiles.model import Profile


def _load(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_float=str)
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"broken JSON: {error}") from error


def _word(value: Any) -> str:
    """Text of a cell; numbers as they were written."""
    if type(value) is str:
        return value
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return ",".join(map(_word, value))
    return str(value)


def _first(items: Any) -> Any:
    return items[0] if items else {}


def usgs(raw: bytes, _profile: Profile) -> Iterator[list[str]]:
    """Give the values of WaterML in JSON, in the order of DOCUMENT_COLUMNS."""
    for series in _load(raw)["value"]["timeSeries"]:
        variable = series["variable"]
        option = _first(variable.get("options", {}).get("option", []))
        about = [
            _word(_first(series["sourceInfo"]["siteCode"]).get("value")),
            _word(_first(variable["variableCode"]).get("value")),
            _word(option.get("optionCode")),
        ]
        unit = _word(variable.get("unit", {}).get("unitCode"))
        missing = _word(variable.get("noDataValue"))
        for values in series["values"]:
            method = _word(_first(values.get("method", [])).get("methodID"))
            head = [*about, method, unit, missing]
            for v in values["value"]:
                time, value = _word(v.get("dateTime")), _word(v.get("value"))
                yield [*head, time, value, _word(v.get("qualifiers"))]


def sensorthings(raw: bytes, _profile: Profile) -> Iterator[list[str]]:
    """Observations: datastream, unit, time, value, qualifier.

    A list of observations (each with its Datastream), a Datastream with its
    Observations, a list of those, or a data array.
    """
    said = _load(raw)
    entities = said["value"] if isinstance(said, dict) and "value" in said else said
    for entity in entities if isinstance(entities, list) else [entities]:
        if "dataArray" in entity:
            yield from _data_array(entity)
        elif "Observations" in entity:
            stream = _stream(entity)
            for observation in entity["Observations"]:
                yield [*stream, *_observation(observation)]
        else:
            yield [*_stream(_datastream(entity)), *_observation(entity)]


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


def _observation(said: Any) -> list[str]:
    quality = said.get("resultQuality")
    if isinstance(quality, dict):
        quality = quality.get("qualityCode", quality.get("qualityCodeId"))
    time = str(said["phenomenonTime"]).rpartition("/")[
        2
    ]  # an interval counts at its end
    return [time, _word(said["result"]), _word(quality)]


def _data_array(entity: Any) -> Iterator[list[str]]:
    stream, names = _stream(_datastream(entity)), entity["components"]
    for row in entity["dataArray"]:
        said = dict(zip(names, row, strict=True))
        yield [*stream, *_observation(said)]


def cwms(raw: bytes, _profile: Profile) -> Iterator[list[str]]:
    """Values of a CWMS time series: name, office, unit, time, value, qualifier."""
    said = _load(raw)
    for series in said if isinstance(said, list) else [said]:
        known = (series["name"], series.get("office-id"), series.get("units"))
        about = [_word(word) for word in known]
        columns = series.get("value-columns") or []
        order = {c["name"]: int(c["ordinal"]) - 1 for c in columns}
        places = [
            order.get(name, place)
            for place, name in enumerate(("date-time", "value", "quality-code"))
        ]
        for row in series["values"]:
            cells = [_word(row[p]) if p < len(row) else "" for p in places]
            yield [*about, *cells]
