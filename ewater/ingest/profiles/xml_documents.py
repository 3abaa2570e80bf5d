"""WaterML 1.1 and 2.0: one line of text for each value; entities are refused.

The document is read once, as events, and no tree of it is kept: only of the parts
that describe a series. Expat itself refuses what is not well formed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.ingest.profiles.lines import headed, joined
from ewater.ingest.profiles.xml_events import Events, local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from ewater.ingest.profiles.model import Profile

_NIL = "http://www.w3.org/2001/XMLSchema-instance}nil"
_TITLE = "http://www.w3.org/1999/xlink}title"
_HREF = "http://www.w3.org/1999/xlink}href"
_BATCH = 20_000  # readings that become lines at a time
_UNIT, _MARK = "\0u", "\0m"  # for what the series says; no XML has a NUL


def _inside(element: Element, name: str) -> Iterator[Element]:
    return (e for e in element.iter() if local(e.tag) == name)


def _first(element: Element | None, *names: str) -> Element | None:
    for name in names if element is not None else ():
        found = next(_inside(element, name), None)  # type: ignore[arg-type]
        if found is not None:
            return found
    return None


def _text(element: Element | None) -> str:
    return "" if element is None or element.text is None else element.text.strip()


class _WaterML1(Events):
    """``timeSeriesResponse``: variables, then values with their time as attribute."""

    roots = ("timeSeriesResponse", "timeSeries")

    def __init__(self) -> None:
        super().__init__()
        self.site, self.method = "", ""
        self.variable: Element | None = None
        self.inside = False
        self.rows: tuple[list[str], ...] = ([], [], [])
        self.batches: list[str] = []
        self.waiting: list[tuple[str, list[str]]] = []
        self.stamp, self.mark = "", ""
        self.starts = {
            "timeSeries": self._series,
            "siteCode": self.gather,
            "variable": self._described,
            "values": self._values,
            "value": self._value,
            "method": self._method,
        }
        self.ends = {
            "siteCode": self._sited,
            "value": self._valued,
            "values": self._all_values,
            "timeSeries": self._whole,
        }

    def _series(self, _attributes: dict[str, str]) -> None:
        self.site, self.variable, self.waiting = "", None, []

    def _sited(self) -> None:
        self.site = self.site or self.gathered()

    def _described(self, attributes: dict[str, str]) -> None:
        def keep(element: Element) -> None:
            self.variable = self.variable if self.variable is not None else element

        self.subtree("variable", attributes, keep)

    def _values(self, _attributes: dict[str, str]) -> None:
        self.inside, self.method, self.batches = True, "", []

    def _value(self, attributes: dict[str, str]) -> None:
        if self.inside:
            self.stamp = _stamp(attributes)
            said = attributes.get("qualifiers")
            self.mark = said if said is not None else attributes.get("censorCode", "")
            self.gather()

    def _valued(self) -> None:
        if not self.inside:
            return
        times, values, marks = self.rows
        times.append(self.stamp)
        values.append(self.gathered())
        marks.append(self.mark)
        if len(times) == _BATCH:
            self._batch()

    def _batch(self) -> None:
        self.batches.append(joined(*self.rows))
        for column in self.rows:
            column.clear()

    def _method(self, attributes: dict[str, str]) -> None:
        self.method = self.method or attributes.get("methodID", "")

    def _all_values(self) -> None:
        self._batch()
        self.waiting.append((self.method, self.batches))
        self.inside = False

    def _whole(self) -> None:
        variable = self.variable
        if variable is None:
            raise ValueError("a timeSeries has no variable")
        option = _first(variable, "option")
        about = [
            self.site,
            _text(_first(variable, "variableCode")),
            "" if option is None else option.get("optionCode", ""),
        ]
        unit = _text(_first(variable, "unitCode", "unitAbbreviation"))
        missing = _text(_first(variable, "noDataValue", "NoDataValue"))
        for method, batches in self.waiting:
            head = [*about, method, unit, missing]
            self.out += [headed(head, batch) for batch in batches]


def waterml1(raw: bytes, _profile: Profile) -> Iterator[bytes]:
    """Give the values of ``timeSeriesResponse``, in the order of DOCUMENT_COLUMNS."""
    return _WaterML1().lines(raw)


def _stamp(said: dict[str, str]) -> str:
    local = said.get("dateTime", "")
    if "dateTimeUTC" in said:
        universal = said["dateTimeUTC"]
        if universal:
            return universal if universal.endswith("Z") else universal + "Z"
    offset = said.get("timeOffset", "")
    return local + offset if offset and len(local) in (16, 19, 23) else local


class _WaterML2(Events):
    """Observations: where and what, then points with what differs from the default."""

    roots = ("Collection", "OM_Observation", "MeasurementTimeseries")

    def __init__(self) -> None:
        super().__init__()
        self.site, self.property = "", ""
        self.name, self.unit, self.mark = "", "", ""
        self.inside = False  # of a point
        self.time, self.said, self.own_unit, self.own_mark = "", "", "", ""
        self.nil = False
        self.rows: tuple[list[str], ...] = ([], [], [], [])
        self.batches: list[str] = []
        self.waiting: list[tuple[str, list[str]]] = []
        self.starts = {
            "OM_Observation": self._observation,
            "featureOfInterest": self._feature,
            "observedProperty": self._observed,
            "MeasurementTimeseries": self._series,
            "defaultPointMetadata": self._default,
            "MeasurementTVP": self._point,
            "time": self._time,
            "value": self._value,
            "metadata": self._metadata,
        }
        self.ends = {
            "time": self._timed,
            "value": self._valued,
            "MeasurementTVP": self._pointed,
            "MeasurementTimeseries": self._all_points,
            "OM_Observation": self._whole,
        }

    def lines(self, raw: bytes) -> Iterator[bytes]:
        """Lines of all points; also of series outside of an observation."""
        yield from super().lines(raw)
        self.out.clear()
        self._whole()
        yield from self.out

    def _observation(self, _attributes: dict[str, str]) -> None:
        self._whole()

    def _feature(self, attributes: dict[str, str]) -> None:
        def keep(element: Element) -> None:
            self.site = self.site or _site(element)

        self.subtree("featureOfInterest", attributes, keep)

    def _observed(self, attributes: dict[str, str]) -> None:
        self.property = self.property or _titled(attributes)

    def _series(self, attributes: dict[str, str]) -> None:
        named = (v for k, v in attributes.items() if k.endswith("id"))
        self.name, self.unit, self.mark = next(named, ""), "", ""
        self.batches = []

    def _default(self, attributes: dict[str, str]) -> None:
        def keep(element: Element) -> None:
            if not (self.unit or self.mark):
                self.unit, self.mark = _described(element)

        self.subtree("defaultPointMetadata", attributes, keep)

    def _point(self, _attributes: dict[str, str]) -> None:
        self.inside, self.time, self.said, self.nil = True, "", "", False
        self.own_unit, self.own_mark = _UNIT, _MARK

    def _time(self, _attributes: dict[str, str]) -> None:
        if self.inside:
            self.gather()

    def _timed(self) -> None:
        if self.inside:
            self.time = self.gathered()

    def _value(self, attributes: dict[str, str]) -> None:
        if self.inside:
            self.nil = bool(attributes) and attributes.get(_NIL) in ("true", "1")
            self.gather()

    def _valued(self) -> None:
        if self.inside:
            said = self.gathered()
            self.said = "" if self.nil else said

    def _metadata(self, attributes: dict[str, str]) -> None:
        def keep(element: Element) -> None:
            unit, mark = _described(element)
            self.own_unit, self.own_mark = unit or self.own_unit, mark or self.own_mark

        if self.inside:
            self.subtree("metadata", attributes, keep)

    def _pointed(self) -> None:
        self.inside = False
        if self.time:  # else only metadata
            units, times, values, marks = self.rows
            units.append(self.own_unit)
            times.append(self.time)
            values.append(self.said)
            marks.append(self.own_mark)
            if len(times) == _BATCH:
                self._batch()

    def _batch(self) -> None:
        self.batches.append(joined(*self.rows))
        for column in self.rows:
            column.clear()

    def _all_points(self) -> None:
        self._batch()
        unit, mark = headed([self.unit, self.mark], "\n").decode().split("\t")[:2]
        self.batches = [
            batch.replace(_UNIT, unit).replace(_MARK, mark) for batch in self.batches
        ]
        self.waiting.append((self.name, self.batches))

    def _whole(self) -> None:
        for name, batches in self.waiting:
            about = [self.site, self.property, name]
            self.out += [headed(about, batch) for batch in batches]
        self.site, self.property, self.waiting = "", "", []


def waterml2(raw: bytes, _profile: Profile) -> Iterator[bytes]:
    """Give the points of ``MeasurementTimeseries``: see DOCUMENT_COLUMNS."""
    return _WaterML2().lines(raw)


def _described(element: Element) -> tuple[str, str]:
    """Look up unit and qualifier in a point's metadata."""
    unit, qualifier = _first(element, "uom"), _first(element, "qualifier")
    named = "" if unit is None else unit.get("code") or _titled(unit.attrib)
    word = ""
    if qualifier is not None:
        word = qualifier.get(_TITLE) or _text(_first(qualifier, "value"))
        word = word or qualifier.get(_HREF, "").rpartition("/")[2]
    return named, word


def _titled(said: dict[str, str]) -> str:
    return said.get(_TITLE) or said.get(_HREF, "").rpartition("/")[2]


def _site(feature: Element) -> str:
    """Identify the place: what the reference ends in, else what is written."""
    point = _first(feature, "MonitoringPoint")
    if point is not None:
        name = next((v for k, v in point.attrib.items() if k.endswith("id")), "")
        return _text(_first(point, "identifier")) or name
    return feature.get(_HREF, "").rpartition("/")[2] or _titled(feature.attrib)
