"""Readings per second of every built-in format, through its source profile.

For each format a file of ten-minute readings is written and read: bytes to
checked readings in SI and UTC (`parse`, one thread), and the whole load into an empty
database (`load`: landed, parsed, compared, stored, published; the server shares the
machine). The last lines give the slowest format of each family against its bar.

    python benchmarks/profiles.py [--quick] [--parse-only] [FORMAT…]
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from readings_setup import START, STEP, bar, discharge, fresh_database, machine

from ewater.ingest import jobs, parse
from ewater.ingest.outcome import Options
from ewater.ingest.profiles import documents, find
from ewater.ingest.profiles.reader import Reader
from ewater.ingest.source import File, Memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from ewater.ingest.profiles.model import Profile
    from ewater.ingest.source import Source

BARS = {"text": 1e6, "json": 0.3e6, "xml": 0.15e6}
ROUNDS = 3
NOW_US = 4_000_000_000_000_000
FIXED = """
format: fixed
text: {header: false, fixed: {site: [1, 8], day: [10, 17], hour: [19, 22], v: [24, 33]}}
columns: {time: [day, hour], series: [site], value: v}
time: {formats: ["%Y%m%d %H%M"], zone: UTC}
series: {patterns: [{match: 'GAUGE(\\d+)', code: "G{1}"}]}
"""
SEMICOLONS = """
text: {encoding: cp1251, delimiter: ";", decimal: ","}
columns: {time: [Дата, Час], series: [Пост], value: Расход, flag: Качество}
time: {formats: ["%d.%m.%Y %H:%M"], zone: Asia/Baku, doubled_hour: first}
missing: [-999, "нет"]
unit: l/s
flags: {"": 2, хор: 1, сомн: 3, брак: reject}
series: {patterns: [{match: 'Пост (\\d+)', code: "G{1}"}]}
"""


class Data:
    """The same readings for every format: a few series of ten-minute discharge."""

    def __init__(self, series: int, count: int) -> None:
        rng = np.random.default_rng(3)
        self.names = [f"{number:08d}" for number in range(1, series + 1)]
        self.count = count
        self.us = (START + np.arange(count) * STEP).astype(np.int64)
        self.iso = np.datetime_as_string(START + np.arange(count) * STEP, "s").tolist()
        self.values = [
            [f"{value:.2f}" for value in discharge(rng, count).tolist()]
            for _ in self.names
        ]

    @property
    def readings(self) -> int:
        """All of them."""
        return len(self.names) * self.count

    def long(self, line: Callable[[str, str, str], str]) -> str:
        """Lines of all readings, series behind series."""
        return "".join(
            line(name, time, value)
            for name, values in zip(self.names, self.values, strict=True)
            for time, value in zip(self.iso, values, strict=True)
        )

    def wide(self, start: Callable[[str], str], mark: str) -> str:
        """Lines with a column per series."""
        rows = zip(self.iso, *self.values, strict=True)
        return "".join(f"{start(row[0])}{mark.join(row[1:])}\n" for row in rows)


def rdb(data: Data) -> tuple[str, list[str]]:
    parts = ["# made up\n"]
    for name, values in zip(data.names, data.values, strict=True):
        parts.append("agency_cd\tsite_no\tdatetime\ttz_cd\t1_00060\t1_00060_cd\n")
        parts.append("5s\t15s\t20d\t6s\t14n\t10s\n")
        parts += [
            f"USGS\t{name}\t{time[:10]} {time[11:16]}\tEST\t{value}\tA\n"
            for time, value in zip(data.iso, values, strict=True)
        ]
    return "".join(parts), [f"USGS-{name}-00060" for name in data.names]


def uk_ea(data: Data) -> tuple[str, list[str]]:
    where = "http://environment.data.gov.uk/hydrology/id/measures/"
    body = data.long(
        lambda name, time, value: (
            f"{where}{name}-flow-i-900-m3s-qualified,{time},{time[:10]},{value},,Good,\n"
        )
    )
    head = "measure,dateTime,date,value,completeness,quality,qcode\n"
    return head + body, [f"UKEA-{name}-flow-i-900-m3s-qualified" for name in data.names]


def toa5(data: Data) -> tuple[str, list[str]]:
    names = [f"Q{name}" for name in data.names]
    heads = [
        '"TOA5","CR1000"',
        ",".join(['"TIMESTAMP"', '"RECORD"', *(f'"{n}"' for n in names)]),
        ",".join(['"TS"', '"RN"', *['"m3/s"' for _ in names]]),
        ",".join(['""', '""', *['"Avg"' for _ in names]]),
    ]
    body = data.wide(lambda t: f'"{t[:10]} {t[11:]}",1,', ",")
    return "\n".join(heads) + "\n" + body, names


def hydromet(data: Data) -> tuple[str, list[str]]:
    head = "DATE " + " ".join(f"{name}_QD" for name in data.names) + "\n"
    days = np.datetime_as_string(np.datetime64("1880-01-01") + np.arange(data.count))
    written = [f"{day[5:7]}/{day[8:]}/{day[:4]} " for day in days.tolist()]
    rows = zip(written, *data.values, strict=True)
    body = "".join(f"{row[0]} {'  '.join(row[1:])}\n" for row in rows)
    return head + body, [f"USBR-{name}-QD" for name in data.names]


def canonical(data: Data) -> tuple[str, list[str]]:
    body = data.long(lambda name, time, value: f"G{name},{time}Z,{value}\n")
    return "series,time,value\n" + body, [f"G{name}" for name in data.names]


def fixed(data: Data) -> tuple[str, list[str]]:
    body = data.long(
        lambda name, time, value: (
            f"GAUGE{name[-3:]} {time[:10].replace('-', '')} {time[11:13]}{time[14:16]} "
            f"{value:>10}\n"
        )
    )
    return body, [f"G{name[-3:]}" for name in data.names]


def semicolons(data: Data) -> tuple[bytes, list[str]]:
    body = data.long(
        lambda name, time, value: (
            f"Пост {name[-3:]};{time[8:10]}.{time[5:7]}.{time[:4]};{time[11:16]};"
            f"{value.replace('.', ',')};хор\n"
        )
    )
    text = "Пост;Дата;Час;Расход;Качество\n" + body
    return text.encode("cp1251"), [f"G{name[-3:]}" for name in data.names]


def usgs_json(data: Data) -> tuple[str, list[str]]:
    series = [
        {
            "sourceInfo": {"siteCode": [{"value": name}]},
            "variable": {
                "variableCode": [{"value": "00060"}],
                "unit": {"unitCode": "ft3/s"},
                "noDataValue": -999999.0,
            },
            "values": [
                {
                    "value": [
                        {"value": v, "qualifiers": ["P"], "dateTime": f"{t}.000-05:00"}
                        for t, v in zip(data.iso, values, strict=True)
                    ],
                    "method": [{"methodID": 1}],
                }
            ],
        }
        for name, values in zip(data.names, data.values, strict=True)
    ]
    said = {"value": {"timeSeries": series}}
    return json.dumps(said, separators=(",", ":")), [
        f"USGS-{name}-00060" for name in data.names
    ]


def sensorthings(data: Data) -> tuple[str, list[str]]:
    said = [
        {
            "@iot.id": f"G{name}",
            "unitOfMeasurement": {"symbol": "m3/s"},
            "Observations": [
                {"phenomenonTime": f"{t}Z", "result": float(v)}
                for t, v in zip(data.iso, values, strict=True)
            ],
        }
        for name, values in zip(data.names, data.values, strict=True)
    ]
    return json.dumps({"value": said}), [f"G{name}" for name in data.names]


def sensorthings_array(data: Data) -> tuple[str, list[str]]:
    said = [
        {
            "Datastream": {"@iot.id": f"G{name}"},
            "components": ["id", "phenomenonTime", "result"],
            "dataArray": [
                [k, f"{t}Z", float(v)]
                for k, (t, v) in enumerate(zip(data.iso, values, strict=True))
            ],
        }
        for name, values in zip(data.names, data.values, strict=True)
    ]
    return json.dumps({"value": said}), [f"G{name}" for name in data.names]


def cwms(data: Data) -> tuple[str, list[str]]:
    milliseconds = (data.us // 1000).tolist()
    said = [
        {
            "name": f"G{name}",
            "office-id": "X",
            "units": "cms",
            "values": [
                [t, float(v), 0] for t, v in zip(milliseconds, values, strict=True)
            ],
        }
        for name, values in zip(data.names, data.values, strict=True)
    ]
    return json.dumps(said), [f"G{name}" for name in data.names]


def waterml1(data: Data) -> tuple[str, list[str]]:
    parts = ['<ns1:timeSeriesResponse xmlns:ns1="http://www.cuahsi.org/waterML/1.1/">']
    for name, values in zip(data.names, data.values, strict=True):
        parts.append(
            f"<ns1:timeSeries><ns1:sourceInfo><ns1:siteCode>{name}</ns1:siteCode>"
            "</ns1:sourceInfo><ns1:variable><ns1:variableCode>00060</ns1:variableCode>"
            "<ns1:unit><ns1:unitCode>ft3/s</ns1:unitCode></ns1:unit>"
            "<ns1:noDataValue>-999999.0</ns1:noDataValue></ns1:variable><ns1:values>"
        )
        parts += [
            f'<ns1:value qualifiers="P" dateTime="{t}.000-05:00">{v}</ns1:value>\n'
            for t, v in zip(data.iso, values, strict=True)
        ]
        parts.append("</ns1:values></ns1:timeSeries>")
    return "".join([*parts, "</ns1:timeSeriesResponse>"]), [
        f"USGS-{name}-00060" for name in data.names
    ]


def waterml2(data: Data) -> tuple[str, list[str]]:
    parts = [
        '<wml2:Collection xmlns:wml2="http://www.opengis.net/waterml/2.0" '
        'xmlns:om="http://www.opengis.net/om/2.0" '
        'xmlns:gml="http://www.opengis.net/gml/3.2" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
    ]
    for name, values in zip(data.names, data.values, strict=True):
        parts.append(
            "<wml2:observationMember><om:OM_Observation>"
            '<om:observedProperty xlink:title="Q"/>'
            f'<om:featureOfInterest xlink:href="http://x/{name}"/>'
            f'<om:result><wml2:MeasurementTimeseries gml:id="t{name}">'
            "<wml2:defaultPointMetadata><wml2:DefaultTVPMeasurementMetadata>"
            '<wml2:uom code="m3/s"/></wml2:DefaultTVPMeasurementMetadata>'
            "</wml2:defaultPointMetadata>"
        )
        parts += [
            f"<wml2:point><wml2:MeasurementTVP><wml2:time>{t}Z</wml2:time>\n"
            f"  <wml2:value>{v}</wml2:value></wml2:MeasurementTVP></wml2:point>\n"
            for t, v in zip(data.iso, values, strict=True)
        ]
        parts.append(
            "</wml2:MeasurementTimeseries></om:result></om:OM_Observation>"
            "</wml2:observationMember>"
        )
    return "".join([*parts, "</wml2:Collection>"]), [f"{n}:Q" for n in data.names]


FORMATS: dict[str, tuple[str, str | None, Callable[[Data], tuple[str, list[str]]]]] = {
    "canonical": ("text", None, canonical),
    "usgs-rdb": ("text", None, rdb),
    "uk-ea-hydrology": ("text", None, uk_ea),
    "campbell-toa5": ("text", None, toa5),
    "usbr-hydromet": ("text", None, hydromet),
    "fixed": ("text", FIXED, fixed),
    "semicolons": ("text", SEMICOLONS, semicolons),
    "usgs-json": ("json", None, usgs_json),
    "sensorthings": ("json", None, sensorthings),
    "sensorthings-array": ("json", "extends: sensorthings", sensorthings_array),
    "cwms-json": ("json", None, cwms),
    "usgs-waterml1": ("xml", None, waterml1),
    "waterml2": ("xml", None, waterml2),
}


def parse_rate(
    profile: Profile, source: Source, codes: list[str], readings: int
) -> float:
    """Give readings per second of processor time, the best of some rounds."""
    schema = parse.Schema.of(
        codes,
        np.arange(len(codes), dtype=np.int32),
        np.ones(len(codes)),
        ["UTC"] * len(codes),
        ["discharge"] * len(codes),
    )
    best = 0.0
    for _ in range(ROUNDS):
        reader, found = Reader(profile), 0
        started = time.process_time()
        for body, line in reader.bodies(source):
            block = reader.parse(body, line, schema, NOW_US)
            found += len(block.series)
            assert not block.rejects, block.rejects[0]
        best = max(best, found / (time.process_time() - started))
        assert found == readings, (found, readings)
    return best


def load_rate(
    engine: Engine, profile: Profile, source: Source, codes: list[str], readings: int
) -> float:
    """Give readings per second of a load into empty tables."""
    _register(engine, codes)
    head = b"series,time,value\n"
    jobs.ingest(
        engine, Memory("warm", head + b"%b,1950-01-01T00:00Z,1\n" % codes[0].encode())
    )
    started = time.perf_counter()
    outcome = jobs.ingest(engine, source, Options(profile=profile, daily=False))
    seconds = time.perf_counter() - started
    assert outcome.counts.accepted == readings, outcome
    return readings / seconds


def _register(engine: Engine, codes: list[str]) -> None:
    import pandas as pd

    from ewater.store import registry

    series = {
        "site": "KUR",
        "quantity": "discharge",
        "unit": "m3/s",
        "signal": "instantaneous",
        "timezone": "UTC",
    }
    sites = pd.DataFrame({"code": ["KUR"], "kind": ["river_gauge"]})
    frames = {"sites": sites, "series": pd.DataFrame({"code": codes} | series)}
    registry.load(engine, frames)


def profile_of(name: str, said: str | None) -> Profile:
    """Built in, or written here."""
    return find.find(name) if said is None else find.parse(said, f"{name}.yaml", name)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("formats", nargs="*", metavar="FORMAT")
    parser.add_argument("--quick", action="store_true", help="a sixth of the readings")
    parser.add_argument("--parse-only", action="store_true", help="without a database")
    given = parser.parse_args()
    wanted = given.formats or list(FORMATS)
    slowest = dict.fromkeys(BARS, np.inf), dict.fromkeys(BARS, np.inf)
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "made"
    small, large = Data(5, 300), Data(20, 5_000 if given.quick else 30_000)
    print(f"{machine()}; {large.readings:,} readings of {len(large.names)} series")
    for name in wanted:
        family, said, write = FORMATS[name]
        profile = profile_of(name, said)
        if name == "waterml2":
            profile = profile_of(
                name, "extends: waterml2\nseries: {id: '{site}:{parameter}'}"
            )
        body, codes = write(small)
        small_source = documents.uncut(Memory("small", _bytes(body)), profile)
        parse_rate(profile, small_source, codes, small.readings)  # compiles
        body, codes = write(large)
        path.write_bytes(_bytes(body))
        source = documents.uncut(File(path), profile)
        rate = parse_rate(profile, source, codes, large.readings)
        slowest[0][family] = min(slowest[0][family], rate)
        said_rate = ""
        if not given.parse_only:
            with fresh_database() as engine:
                loaded = load_rate(engine, profile, source, codes, large.readings)
            slowest[1][family] = min(slowest[1][family], loaded)
            said_rate = f", load {loaded:,.0f}/s"
        size = source.size / large.readings
        print(f"  {name}: {size:.0f} bytes a reading, parse {rate:,.0f}/s{said_rate}")
    folder.cleanup()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory of this process {peak:.0f} MB")
    for what, rates in zip(("parse", "load"), slowest, strict=True):
        for family, rate in rates.items():
            if np.isfinite(rate):
                bar(f"{family}_{what}", rate / 1e6, "M readings/s", BARS[family] / 1e6)


def _bytes(said: str | bytes) -> bytes:
    return said if isinstance(said, bytes) else said.encode()


if __name__ == "__main__":
    main()
