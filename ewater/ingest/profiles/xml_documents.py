"""WaterML 1.1 and 2.0: one line of text for each value; entities are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from ewater.ingest.profiles.model import Profile

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TITLE = "{http://www.w3.org/1999/xlink}title"
_HREF = "{http://www.w3.org/1999/xlink}href"


def _root(raw: bytes, wanted: tuple[str, ...]) -> Element:
    try:
        root: Element = fromstring(
            raw, forbid_dtd=True, forbid_entities=True, forbid_external=True
        )
    except DefusedXmlException as error:
        raise ValueError("a document type or entities, which are refused") from error
    except ParseError as error:
        raise ValueError(f"broken XML: {error}") from error
    if _name(root) not in wanted:
        raise ValueError(f"its root is {_name(root)!r}, not {' or '.join(wanted)}")
    return root


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _inside(element: Element, name: str) -> Iterator[Element]:
    ending = "}" + name
    return (e for e in element.iter() if e.tag.endswith(ending) or e.tag == name)


def _first(element: Element, *names: str) -> Element | None:
    for name in names:
        found = next(_inside(element, name), None)
        if found is not None:
            return found
    return None


def _text(element: Element | None) -> str:
    return "" if element is None or element.text is None else element.text.strip()


def waterml1(raw: bytes, _profile: Profile) -> Iterator[list[str]]:
    """Give the values of ``timeSeriesResponse``, in the order of DOCUMENT_COLUMNS."""
    root = _root(raw, ("timeSeriesResponse", "timeSeries"))
    for series in _inside(root, "timeSeries"):
        variable = _first(series, "variable")
        if variable is None:
            raise ValueError("a timeSeries has no variable")
        option = _first(variable, "option")
        unit = _text(_first(variable, "unitCode", "unitAbbreviation"))
        about = [
            _text(_first(series, "siteCode")),
            _text(_first(variable, "variableCode")),
            "" if option is None else option.get("optionCode", ""),
        ]
        missing = _text(_first(variable, "noDataValue", "NoDataValue"))
        for values in _inside(series, "values"):
            method = _first(values, "method")
            which = "" if method is None else method.get("methodID", "")
            head = [*about, which, unit, missing]
            for value in values:
                if value.tag.endswith("}value") or value.tag == "value":
                    mark = value.get("qualifiers", value.get("censorCode", ""))
                    yield [*head, _stamp(value), _text(value), mark]


def _stamp(value: Element) -> str:
    local, offset = value.get("dateTime", ""), value.get("timeOffset", "")
    universal = value.get("dateTimeUTC", "")
    if universal:
        return universal if universal.endswith("Z") else universal + "Z"
    return local + offset if offset and len(local) in (16, 19, 23) else local


def waterml2(raw: bytes, _profile: Profile) -> Iterator[list[str]]:
    """Give the points of ``MeasurementTimeseries``, in that order."""
    root = _root(raw, ("Collection", "OM_Observation", "MeasurementTimeseries"))
    observations = list(_inside(root, "OM_Observation")) or [root]
    for observation in observations:
        feature = _first(observation, "featureOfInterest")
        observed = _first(observation, "observedProperty")
        for series in _inside(observation, "MeasurementTimeseries"):
            name = next((v for k, v in series.attrib.items() if k.endswith("id")), "")
            default = _first(series, "defaultPointMetadata")
            unit, mark = ("", "") if default is None else _metadata(default)
            about = [_site(feature), _titled(observed), name]
            for point in _inside(series, "MeasurementTVP"):
                cells = _point(point, unit, mark)
                if cells:
                    yield [*about, *cells]


def _point(point: Element, unit: str, mark: str) -> list[str] | None:
    time, said = "", ""
    for part in point:
        tag = part.tag
        if tag.endswith("}time"):
            time = _text(part)
        elif tag.endswith("}value"):
            said = "" if part.get(_NIL) in ("true", "1") else _text(part)
        elif tag.endswith("}metadata"):
            own_unit, own_mark = _metadata(part)
            unit, mark = own_unit or unit, own_mark or mark
    return [unit, time, said, mark] if time else None  # else only metadata


def _metadata(element: Element) -> tuple[str, str]:
    unit, qualifier = _first(element, "uom"), _first(element, "qualifier")
    named = "" if unit is None else unit.get("code") or _titled(unit)
    word = ""
    if qualifier is not None:
        word = qualifier.get(_TITLE) or _text(_first(qualifier, "value"))
        word = word or qualifier.get(_HREF, "").rpartition("/")[2]
    return named, word


def _titled(element: Element | None) -> str:
    if element is None:
        return ""
    return element.get(_TITLE) or element.get(_HREF, "").rpartition("/")[2]


def _site(feature: Element | None) -> str:
    """Identify the place: what the reference ends in, else what is written."""
    if feature is None:
        return ""
    point = _first(feature, "MonitoringPoint")
    if point is not None:
        name = next((v for k, v in point.attrib.items() if k.endswith("id")), "")
        return _text(_first(point, "identifier")) or name
    return feature.get(_HREF, "").rpartition("/")[2] or _titled(feature)
