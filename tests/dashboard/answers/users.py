"""Users of the made-up country: two enterprises, one of them silent."""

from __future__ import annotations


def users(reader, territory, start, end, basis, sector=""):
    loud = {
        "code": "E1", "name": "Zavod", "isic": "24", "sector": "industry",
        "abstraction": 1.2e6, "received": None, "use": 1e6, "imputed": 0.0,
        "covered": 1.0, "metered": 0.8, "permitted": 1e6, "excess": 2e5,
        "metered_m3": {"abstraction": 9.6e5, "received": 0.0, "use": 0.0},
    }  # fmt: skip
    silent = {
        "code": "E2", "name": None, "isic": "36", "sector": "water_supply",
        "abstraction": None, "received": None, "use": None, "imputed": 5e5,
        "covered": 0.0, "metered": None, "permitted": None, "excess": None,
        "metered_m3": {"abstraction": 0.0, "received": 0.0, "use": 0.0},
    }  # fmt: skip
    deal = {
        "supplier": "E2", "user": "E1", "supplied": 1e5, "received": 9e4,
        "unmatched": 1e4, "supplied_metered": 1e5, "received_metered": 0.0,
    }  # fmt: skip
    return {
        "enterprises": [loud, silent],
        "sources": {"surface": (1.2e6, 9.6e5), "": (1e3, 0.0)},
        "deals": [deal],
    }


ANSWERS = {"users": users}
