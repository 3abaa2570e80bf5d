"""Scenarios of the made-up country."""

from __future__ import annotations

HM3 = 1e6


def listed(reader):
    """Two described scenarios, of which one was computed."""
    words = {"az": "Quraq", "en": "Dry", "ru": "Сухой"}
    return [
        {"scenario": "dry", "title": words, "said": {}},
        {"scenario": "canal", "title": words, "said": {}},
    ]


def compared(reader, territory, names):
    """Less water comes in, and storage is not known."""
    made = []
    for name in names:
        if name == "dry":
            made.append(
                {
                    "scenario": name,
                    "territory": territory,
                    "quantities": {
                        "inflow": {
                            "forecast": _future(900.0),
                            "scenario": _future(700.0),
                        },
                        "use.agriculture": {
                            "forecast": _future(300.0),
                            "scenario": _future(290.0),
                        },
                        "storage_change": {
                            "forecast": {"mean": None, "quantiles": None},
                            "scenario": {"mean": None, "quantiles": None},
                        },
                    },
                }
            )
    return made


def _future(mean):
    return {
        "mean": mean * HM3,
        "quantiles": {"0.1": (mean - 128) * HM3, "0.9": (mean + 128) * HM3},
    }


ANSWERS = {
    "listed": listed,
    "compared": compared,
}
