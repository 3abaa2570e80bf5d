"""Views of small countries that are written in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.views import compiled
from ewater.balance.views.basis import Basis, Given
from ewater.balance.views.evaluate import Evaluated

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

ACCOUNTS = {
    "RIVER": "river", "LOWER": "river", "RES": "reservoir", "LAKE": "lake",
    "SNOW": "snow_ice", "GW": "groundwater", "SOIL": "soil", "CANAL": "canal",
    "FARM": "economy/agriculture", "IND": "economy/industry", "POWER": "economy/energy",
    "UTIL": "economy/water_supply", "SEWER": "economy/sewerage",
    "SHOP": "economy/services", "HH": "economy/households",
    "NB": "neighbour", "SEA": "sea", "AIR": "atmosphere",
}  # fmt: skip
OUTSIDE = ("neighbour", "sea", "atmosphere")


class Country:
    """A ledger with volumes, and its views."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        self.done: dict[str, Evaluated] = {}

    def view(self, name: str | compiled.Compiled) -> Evaluated:
        """Evaluate a view."""
        found = compiled.find(name) if isinstance(name, str) else name
        code = found.view.view
        if code not in self.done:
            self.done[code] = Evaluated(found, self.basis)
        return self.done[code]

    def value(self, name: str, territory: int = 0, period: int = 0) -> float:
        """Value of VIEW.CELL."""
        view, _, cell = name.partition(".")
        return float(self.view(view).cell(cell).value[territory, period])

    def u(self, name: str) -> float:
        """Uncertainty of VIEW.CELL."""
        view, _, cell = name.partition(".")
        return float(self.view(view).cell(cell).u[0, 0])

    def missing(self, name: str) -> list[str]:
        """What VIEW.CELL lacks."""
        view, _, cell = name.partition(".")
        return self.view(view).missing(cell, 0, 0)


@pytest.fixture(scope="session")
def country(make: SimpleNamespace) -> Callable[..., Country]:
    """Make a country of flows (code, from, to, term, volume, more...)."""

    def made(
        *flows: tuple[Any, ...],
        stocks: dict[str, Any] | None = None,
        inputs: dict[str, float] | None = None,
        capacity: dict[str, dict[str, float]] | None = None,
        structure: dict[str, str] | None = None,
        re_enters: dict[str, str] | None = None,
        parts: dict[str, tuple[str, ...]] | None = None,
        shares: list[tuple[str, str, float]] | None = None,
        national: dict[str, float] | None = None,
        territories: tuple[str, ...] = ("AZ",),
        **quality: Any,
    ) -> Country:
        used = {code for row in flows for code in row[1:3]} | set(stocks or {})
        accounts = []
        for code in sorted(used):
            kind, _, sector = ACCOUNTS[code].partition("/")
            home = None if kind in OUTSIDE else "AZ"
            share = (national or {}).get(code)
            accounts.append((code, kind, home, sector or None, share))
        frame = pd.DataFrame(
            [row[:4] for row in flows], columns=["code", "from", "to", "term"]
        )
        frame["structure"] = frame["code"].map(structure or {})
        frame["re_enters"] = frame["code"].map(re_enters or {})
        basins = [(code, "basin", "AZ") for code in parts or {}]
        home = [(a, t, 1.0) for t, held in (parts or {}).items() for a in held]
        ledger = Ledger.build(
            {
                "territories": make.territories(("AZ", "country"), *basins),
                "accounts": make.accounts(*accounts),
                "flows": frame,
                "account_territories": pd.DataFrame(
                    [*home, *(shares or [])], columns=["account", "territory", "share"]
                ),
                "stocks": pd.DataFrame({"account": list(stocks or {})}, dtype=object),
            }
        )
        data = make.sources({row[0]: row[4] for row in flows}, **quality)
        resolved = resolve(ledger, data, make.weights(ledger, data))
        periods = resolved.bounds.size - 1
        limits = {
            name: np.array(
                [
                    (capacity or {}).get(name, {}).get(str(a), np.nan)
                    for a in ledger.accounts
                ]
            )
            for name in ("full", "dead")
        }
        full = np.ones((len(territories), periods))
        given = {
            name: Given(value=value * full, u=0.0 * full)
            for name, value in (inputs or {}).items()
        }
        return Country(
            Basis.of(
                ledger,
                resolved,
                make.stocks(stocks, periods),
                territories=territories,
                capacity=limits,
                inputs=given,
            )
        )

    return made
