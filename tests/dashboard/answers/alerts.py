"""What the made-up country says of alerts: one that is open, one that has ended."""

from __future__ import annotations

import datetime as dt

_RULE = {
    "kind": "discharge",
    "severity": "danger",
    "series": "R-B-NORTH.Q",
    "permit": None,
    "territory": None,
    "above": 500.0,
    "below": None,
    "clear": 400.0,
    "name_az": "Daşqın",
    "name_en": "Flood",
    "name_ru": "Паводок",
    "site": "G-NORTH",
    "site_az": "Şimal",
    "site_en": "North",
    "site_ru": "Север",
}
_ALERT = _RULE | {
    "id": 1,
    "rule": "FLOOD",
    "raised_at": dt.datetime(2025, 4, 2, 3, tzinfo=dt.UTC),
    "value": 512.5,
    "seen_at": dt.datetime(2025, 4, 2, 3, 1, tzinfo=dt.UTC),
    "ended_at": None,
    "end_value": None,
    "ended_because": None,
    "acknowledged_at": None,
    "note": None,
    "person": None,
}
_ENDED = _ALERT | {
    "id": 2,
    "severity": "notice",
    "ended_at": dt.datetime(2025, 4, 1, 3, tzinfo=dt.UTC),
    "end_value": 390.0,
    "ended_because": "back",
    "acknowledged_at": dt.datetime(2025, 3, 31, 9, tzinfo=dt.UTC),
    "person": "leyla",
    "note": "<b>crew</b> is out",
}
_STANDS = _RULE | {
    "code": "FLOOD",
    "hold_h": None,
    "notify": "duty@example.org",
    "state": 2,
    "value": 640.0,
    "seen_to": dt.datetime(2025, 4, 2, 9, tzinfo=dt.UTC),
    "not_sent": 0,
}
ANSWERS = {
    "alerts": lambda reader: [_ALERT, _ENDED],
    "rules": lambda reader: [_STANDS],
}
