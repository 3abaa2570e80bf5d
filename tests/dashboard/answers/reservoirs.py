"""Two reservoirs of the made-up country: one known, one without a reading."""

from __future__ import annotations

import datetime as dt

_RESERVOIR = {
    "site": "RES-1",
    "name_az": "Böyük",
    "name_en": "Large",
    "name_ru": "Большое",
    "organisation": None,
    "capacity": 200e6,
    "dead": 50e6,
    "full_level": 80.0,
    "datum": "local",
    "account": "RES-1",
    "share": 1.0,
    "past": (60e6, 80e6, 100e6, 140e6, 180e6, 9),
    "series": "RES-1.H",
    "time": 1_767_200_000_000_000,
    "age_s": 7200.0,
    "level": 71.5,
    "stored": 150e6,
    "interval_s": 3600.0,
    "u": 3e6,
}
_BLIND = _RESERVOIR | {
    **dict.fromkeys(("past", "series", "time", "age_s", "level", "stored", "u")),
    "site": "RES-2",
    "name_en": "Blind",
    "capacity": 20e6,
}


def storage(reader, site, first, last, *rest):
    days = [first + dt.timedelta(days=n) for n in range((last - first).days)]
    return {
        "day": [day.isoformat() for day in days],
        "stored": [None if day.month == 2 else 150e6 for day in days],
        "u": [None if day.month == 2 else 3e6 for day in days],
        "series": [None if day.month == 2 else "RES-1.H" for day in days],
        "past": [_RESERVOIR["past"]] * len(days),
    }


ANSWERS = {
    "reservoirs": lambda reader, *rest: [_RESERVOIR, _BLIND],
    "storage": storage,
}
