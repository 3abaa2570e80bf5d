"""What the made-up country says of its forecast, its scenario and one schedule."""

from __future__ import annotations

import datetime as dt

MONTHS = [dt.date(2026, month, 1) for month in range(1, 13)]
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
NAMES = (
    "inflow",
    "outflow",
    "net_inflow",
    "storage",
    "storage_change",
    "use",
    "losses",
    "use.agriculture",
    "use.industry",
    "use.energy",
    "use.households",
    "use.services",
)


def _cell(mean):
    return {
        "mean": mean,
        "quantiles": {f"{level:g}": mean * (0.5 + level) for level in LEVELS},
        "missing": [],
    }


def _forecast(reader, code, territory):
    return {
        "territory": territory,
        "forecast": code,
        "as_of": "2026-01-01T00:00:00+00:00",
        "origin": "2026-01-01T00:00:00+04:00",
        "members": 90,
        "past": [
            {
                "start": f"2025-{m:02d}-01T00:00:00+04:00",
                **dict.fromkeys(NAMES, 2e8 if m < 6 else None),
                **dict.fromkeys((f"{name}_known" for name in NAMES), 2e8),
            }
            for m in range(1, 13)
        ],
        "periods": [
            {
                "start": f"{day}T00:00:00+04:00",
                "quantities": {name: _cell(2e8) for name in NAMES},
            }
            for day in MONTHS
        ],
    }


def _score(code, skill):
    return {
        "kind": "flow",
        "code": code,
        "candidate": "arma",
        "months": 200,
        "mean": 1e8,
        "crps": 1e7 * (1 - skill),
        "crps_climatology": 1e7,
        "skill": skill,
        "inside": 0.8,
    }


def _came(reader, territory, quantity, minute):
    return [
        {
            "origin": "2025-07-01T00:00:00+04:00",
            "start": f"2025-{month:02d}-01T00:00:00+04:00",
            "lead": month - 6,
            "actual": 2e8,
            "low": 1.5e8,
            "middle": 1.9e8,
            "high": 2.4e8,
            "crps": 1e7,
        }
        for month in range(7, 12)
    ]


def _beside(reader, territory, name, minute):
    both = {"forecast": _cell(2e9), "scenario": _cell(1.5e9)}
    months = {"forecast_months": [2e8] * 12, "scenario_months": [1.5e8] * 12}
    months |= {"scenario_low": [1.2e8] * 12, "scenario_high": [1.9e8] * 12}
    lack = {"demand": [1e8] * 12, "deficit": [1e7] * 12, "futures_short": 0.5}
    return {
        "scenario": name,
        "quantities": dict.fromkeys(NAMES, both | months),
        "deficits": {"agriculture": lack},
        "as_of": "2026-01-01T00:00:00+00:00",
        "starts": [f"{day}T00:00:00+04:00" for day in MONTHS],
        "members": 15,
    }


def _listed(reader, minute):
    title = {"az": "Quraq il", "en": "Dry year", "ru": "Маловодный год"}
    return [{"scenario": "dry", "title": title, "said": {}}]


def _balance(reader, code, territory):
    quantity = {
        "value": 2e9,
        "known": 2e9,
        "missing": [],
        "u": 1e8,
        "coverage": 0.9,
        "status": "measured",
        "status_shares": {"measured": 1.0},
        "why": None,
    }
    words = {"az": "Ehtiyatlar", "en": "Resources", "ru": "Ресурсы"}
    lacking = quantity | {"value": None, "known": 1e9, "missing": ["OUT"]}
    ends = {"low": 1e9, "high": 3e9}
    columns = [
        {"code": str(year), "basis": "actual", "year": year, "quarter": None,
         "cells": {"resources": lacking if year == 2025 else quantity}}
        for year in (2023, 2024, 2025)
    ] + [
        {"code": f"{year}-q{quarter}" if quarter else str(year), "basis": basis,
         "year": year, "quarter": quarter, "cells": {"resources": quantity | ends}}
        for year, quarter, basis in (
            (2026, None, "expected"), *((2027, n, "forecast") for n in (1, 2, 3, 4)),
            (2027, None, "forecast"),
        )
    ]  # fmt: skip
    return {
        "view": "statutory",
        "title": words,
        "source": "Form",
        "territory": territory,
        "names": {"az": "Ölkə", "en": "Country", "ru": "Страна"},
        "rows": [{"code": "resources", "number": "1", "label": words, "unit": "m3",
                  "memo": False}],
        "columns": columns,
        "forecast": code,
        "origin": "2026-01-01",
        "year": 2026,
        "as_of": "2026-01-01T00:00:00+00:00",
        "members": 90,
        "notices": [],
        "known_months": 0,
        "missing_years": [],
    }  # fmt: skip


def _schedule(reader, account, revision):
    names = ("inflow", "inflow_low", "inflow_high", "demand", "release", "stock",
             "stock_low", "stock_high", "actual_inflow", "actual_release",
             "actual_stock")  # fmt: skip
    return {
        "account": account,
        "revision": revision,
        "revisions": 2,
        "start": "2025-07-11T00:00:00+04:00",
        "made_at": "2025-07-11T05:00:00+00:00",
        "opening": 3e8,
        "least": 1e8,
        "most": 5e8,
        "periods": [
            {
                "start": f"2025-07-{day}T00:00:00+04:00",
                "end": f"2025-07-{day + 9}T00:00:00+04:00",
                **dict.fromkeys(names, 3e8),
            }
            for day in (11, 21)
        ],
    }


def _scheduled(reader, minute):
    names = {"name_az": "B anbarı", "name_en": "B dam", "name_ru": "плотина B"}
    return [{"account": "RES-B", **names, "revisions": [2, 1]}]


ANSWERS = {
    "newest_forecast": lambda reader, minute: "f" * 64,
    "forecast_of": _forecast,
    "forecast_scores": lambda reader, code: [_score("IN", 0.2), _score("OUT", -0.1)],
    "came_true": _came,
    "newest_annual": lambda reader, minute: "f" * 64,
    "annual_balance": _balance,
    "scenario_beside": _beside,
    "described_scenarios": _listed,
    "schedule_of": _schedule,
    "scheduled": _scheduled,
}
