"""What the made-up country says of its two editions, one of which was withdrawn."""

from __future__ import annotations

from datetime import date

_ROW = {
    "name": "2022-annual",
    "territory": "R",
    "period_start": "2021-12-31T20:00:00+00:00",
    "timezone": "Asia/Baku",
    "period_end": "2022-12-31T20:00:00+00:00",
    "step": "year",
    "as_of": "2023-05-01T08:00:00+00:00",
    "state": "withdrawn",
    "state_since": "2023-06-01T08:00:00+00:00",
    "reason": "a wrong curve",
    "root": "ab" * 32,
    "seal": "cd" * 32,
    "checked_at": None,
    "intact": None,
}
ROWS = [_ROW, _ROW | {"name": "2022-again", "state": "published", "intact": False}]
_STEP = {
    "seq": 1,
    "at": "2023-05-01T09:00:00+00:00",
    "state": "draft",
    "who": "ana",
    "person": "0",
    "note": {"reason": "the year", "exceptions": []},
    "hash": "ef" * 32,
}
_CHECK = {
    "at": "2023-07-01T08:00:00+00:00",
    "who": "rufat",
    "version": "1",
    "intact": False,
    "found": {
        "checked": {"cells": 100, "readings": 8760},
        "moved": [{}],
        "differences": [
            {
                "kind": "reading",
                "item": "R-B-NORTH.Q 2022-05-03T07:00:00Z",
                "what": "altered, among 8760",
                "cells": [["R", "balance.inflow"]],
            }
        ],
    },
}


_LATE = "24 readings, 2022-05-03T00:00:00Z to 2022-05-03T23:00:00Z"


def _edition(reader, name, states=()):
    row = next(row for row in ROWS if row["name"] == name)
    return row | {
        "exceptions": [{"name": "coverage:inflow", "why": "71.0% observed, below 90%"}],
        "steps": [_STEP, _STEP | {"state": row["state"]}],
        "check": None if row["intact"] is None else _CHECK,
    }


def _figures(reader, name, territory, states=()):
    return [
        {
            "period": _ROW["period_start"],
            "day": date(2022, 1, 1),
            "cell": cell,
            "unit": "m3",
            "value": value,
            "known": 5e8,
            "u": 1e7,
            "coverage": 0.9,
            "status": "measured",
            "missing": [] if value else ["X"],
        }
        for cell, value in (("balance.inflow", 5e8), ("balance.use", None))
    ]


def _difference(reader, a, b, territory):
    parts = dict.fromkeys(("curves", "returns", "registry", "program"), 0.0)
    cell = {
        "territory": territory,
        "period": _ROW["period_start"],
        "cell": "balance.inflow",
        "unit": "m3",
        "a": 5e8,
        "b": 5.3e8,
        "change": 3e7,
        "parts": {"late data": 5e7, "corrections": -2e7, **parts},
    }
    return {
        "groups": list(cell["parts"]),
        "causes": dict.fromkeys(cell["parts"], ())
        | {"late data": [{"item": "R-B-NORTH.Q", "what": _LATE}]},
        "cells": [cell],
    }


ANSWERS = {
    "editions": lambda reader, states=(): ROWS,
    "edition": _edition,
    "figures": _figures,
    "differences": lambda reader: [("2022-annual", "2022-again")],
    "difference": _difference,
}
