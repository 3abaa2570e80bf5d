"""Quality of the made-up country's data: a little of everything."""

from __future__ import annotations

import datetime as dt

_NAMES = {"name_az": "Şimal", "name_en": "North", "name_ru": "Север"}
_AT = dt.datetime(2025, 12, 31, tzinfo=dt.UTC)


def coverage(reader, first, last, *rest):
    row = {"site": "G-NORTH", "kind": "river_gauge", "series": 1, "due_s": 2.0}
    months = (dt.date(first.year, month, 1) for month in range(3, 13))
    return [
        row | _NAMES | {"month": month, "seen_s": 1.5, "first_series": "R-B-NORTH.Q"}
        for month in months
    ]


def latency(reader, at):
    row = {"code": "R-B-NORTH.Q", "site": "G-NORTH", "quantity": "discharge"}
    row |= {"interval_s": 3600.0, "kind": "river_gauge", "organisation": None}
    row |= _NAMES | {"readings": 220, "behind_s": 0.0}
    return [
        row | {"last_time": _AT, "age_s": 36000.0, "late": 10.0},
        row | {"last_time": None, "age_s": None, "late": None, "behind_s": None},
    ]


def events(reader):
    event = {"id": 7, "series": "R-B-NORTH.Q", "shows": "fell", "before": _AT}
    event |= {"after": _AT, "old_reading": 9.0, "new_reading": 1.0, "unit": "m3"}
    event |= {"events": ["reset", "replacement"], "site": "G-NORTH"}
    return [event | _NAMES | {"lower_m3": 1e6, "upper_m3": None}]


def rejects(reader, *rest):
    row = {"source": "rivers-#.csv", "reason": "time", "rows": 3, "held": 0}
    row |= {"resolved": 0, "loads": 1, "newest": _AT, "last_load": 4}
    return [row | {"example": "no time"}]


def suspects(reader, *rest):
    row = {"source": "series:R-B-NORTH.Q", "months": ["2025-03-01"], "z": 4.2}
    return [row | {"alike": ["flow:X"], "series": ["R-B-NORTH.Q"]}]


def uncertain(reader, *rest):
    row = {"source": "series:R-B-NORTH.Q", "share": 0.7, "status": "measured"}
    row |= {"coverage": 0.9, "measured_by": "R-B-NORTH.Q", "hidden": 0, "names": {}}
    return {"u": 3e6, "rest": 0.3, "rows": [row | {"series": ["R-B-NORTH.Q"]}]}


ANSWERS = {
    "coverage": coverage,
    "latency": latency,
    "events": events,
    "rejects": rejects,
    "suspects": suspects,
    "uncertain": uncertain,
    "due": lambda reader: [
        {"code": "R-B-NORTH.Q", "site": "G-NORTH", "what": "judge", "spans": 2}
        | {"first_time": _AT, "last_time": _AT}
    ],
}
