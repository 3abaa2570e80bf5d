"""What the made-up country says of its one gauge: hourly for ten days, with a gap."""

from __future__ import annotations

import datetime as dt

import numpy as np

_HOUR = 3_600_000_000
SERIES = {
    "number": 1,
    "code": "R-B-NORTH.Q",
    "quantity": "discharge",
    "unit": "m3/s",
    "signal": "instantaneous",
    "interval_s": 3600.0,
    "timezone": "Asia/Baku",
    "u_random_pct": 3.0,
    "u_systematic_pct": None,
    "derived": False,
    "modulus": None,
    "site": "G-NORTH",
    "site_kind": "river_gauge",
    "organisation": "Hydromet",
    "name_az": "Şimal",
    "name_en": "North",
    "name_ru": "Север",
    "factor": 1.0,
}


def _us(day):
    moment = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    return int(moment.timestamp()) * 1_000_000 - 4 * _HOUR


def hydrograph(reader, code, first, last, *rest):
    first, last = first or dt.date(2025, 1, 1), last or dt.date(2026, 1, 1)
    time = _us(first) + _HOUR * np.delete(np.arange(240), np.arange(100, 120))
    value = 10 + np.sin(np.arange(220) / 12)
    mark = {"time": time[50:51], "value": value[50:51], "count": 1}
    return {
        "series": SERIES,
        "form": "readings",
        "aggregated": False,
        "readings": 220,
        "zone": "Asia/Baku",
        "ends": (_us(first), _us(last)),
        "days": (first, last),
        "time": time,
        "value": value,
        "flag": np.where(np.arange(220) == 50, 3, 1).astype(np.uint8),
        "broken": np.arange(220) == 100,
        "bridged": 0,
        "drawn_of": 220,
        "marks": {"suspect": mark, "failed": mark, "edited": mark},
        "flags": {"pass": 219, "suspect": 1},
        "lineage": {"raw": 219, "edited": 1},
        "observed": 0.9,
    }


def band(reader, *rest):
    days = (dt.date(2024, 1, 1) + dt.timedelta(days=n) for n in range(366))
    return {(d.month, d.day): (8.0, 9.0, 10.0, 11.0, 12.0, 5) for d in days}


def day(reader, code, date, *rest):
    first = _us(date)
    row = {"value": 10.5, "si": 10.5, "versions": 2, "flag": "suspect"}
    row |= {"tests": ["rate"], "lineage": "edited", "approval": "reviewed"}
    row |= {"load": 3, "kind": "edit", "source": "staff gauge", "by": "eng"}
    rows = [
        {
            "time": first + n * _HOUR,
            "local": f"{date.isoformat()}T{n:02d}:00:00+04:00",
            "value": None,
            "si": None,
            "versions": 0,
            **(row if n == 4 else {}),
        }
        for n in range(24)
    ]
    return {
        "series": SERIES,
        "date": date.isoformat(),
        "seen": "2026-01-01T00:00:00+00:00",
        "first": first,
        "last": first + 24 * _HOUR - 1,
        "hours": 24.0,
        "rows": rows,
    }


def found(reader, *rest):
    row = {**SERIES, "kind": "river_gauge", "total": 1}
    return [row | {"last_time": dt.datetime(2025, 12, 31, tzinfo=dt.UTC)}]


def acts(reader, *rest):
    at = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
    act = {"at": at, "starts": at, "ends": at, "who": "eng", "reason": "looked"}
    return [act | {"what": "approved", "readings": None, "flag": 1}]


def curves(reader, *rest):
    level = np.linspace(0, 2, 5)
    return [
        {
            "kind": "rating",
            "valid_from": None,
            "valid_to": None,
            "level": level,
            "value": level**2,
            "measured": level < 1.6,
            "range": (0.0, 1.5),
            "points": 5,
        }
    ]


def readings(reader, code, first, last, *rest):
    found = hydrograph(reader, code, first, last)
    zeros = np.zeros(220, np.int64)
    same = {name: found[name] for name in ("series", "zone", "time", "value", "flag")}
    return same | {"failed": zeros, "lineage": zeros, "load": zeros + 7}


ANSWERS = {
    "readings": readings,
    "hydrograph": hydrograph,
    "band": band,
    "day": day,
    "found": found,
    "first": lambda reader: SERIES["code"],
    "acts": acts,
    "curves": curves,
    "versions": lambda reader, *rest: [],
    "since": lambda reader, *rest: {
        "series": SERIES,
        "count": 0,
        "changed": 0,
        "new": 0,
        "gone": 0,
        "rows": [],
    },
}
