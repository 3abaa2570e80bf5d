"""What enterprises report: their part of the true flows, biased or not at all."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from ewater.balance.expressions import BETWEEN
from ewater.simulate import weather
from ewater.store import folder

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from ewater.simulate.ledger import Country, Truth

NOISE_PCT = 2.0
COLUMNS = (
    "enterprise",
    "period_start",
    "period_end",
    "item",
    "value",
    "unit",
    "source",
    "purpose",
    "status",
    "counterparty",
    "revision",
)
_TAKEN = ("abstraction", "received")
#: What a return says of water taken from an account of a kind.
_SOURCES = {
    "river": "river",
    "lake": "lake",
    "reservoir": "reservoir",
    "canal": "canal",
    "groundwater": "groundwater",
    "sea": "sea",
    "economy": "network",
}
REVISED = 23  # every 23rd return was corrected by its enterprise


def reports(country: Country, truth: Truth) -> pd.DataFrame:
    """Make ``reports.csv``: thousand m3, quarterly or monthly.

    An enterprise reports its share of the flows that are ``report:ITEM`` of the
    economy account of its territory and sector. Water taken has the source that its
    flows leave, where that is of one kind. What it delivers to a counterparty is that
    one's share of what is received there, as the supplier's own meters saw it.
    """
    frames = country.model.frames
    enterprises = frames["enterprises"].set_index("code")
    sector = folder.sector_of(frames["enterprises"]["isic"], frames["sectors"])
    sector.index = enterprises.index
    flows = _reported_flows(country)

    def flows_of(enterprise: str, item: str) -> list[int]:
        place = str(enterprises["territory"].loc[enterprise])
        return flows.get((place, str(sector.loc[enterprise]), item), [])

    rows = []
    reporters = country.model.drivers["reporters"].to_dict("records")
    for number, row in enumerate(reporters):
        code, item = str(row["enterprise"]), str(row["item"])
        other = row.get("counterparty")
        other = other if isinstance(other, str) else None
        share, bias = float(row["share"]), float(row["bias"])
        key: tuple[str, ...] = (code, item)
        if item == "delivery" and other is not None:
            mine, key = flows_of(other, "received"), (code, item, other)
        else:
            mine = flows_of(code, item)
        source = _source(country, mine) if item in _TAKEN else None
        daily = truth.volume[mine].sum(axis=0)
        rng = weather.generator(country.seed, "report", *key)
        for start, end in _periods(truth, int(row["months"])):
            noise = 1 + bias + rng.standard_normal() * NOISE_PCT / 100
            if _silent(row, start):
                continue
            days = slice(truth.days.index(start), truth.days.index(end))
            value = round(daily[days].sum() * share * noise / 1000, 2)
            line = (code, item, source, other)
            rows += _returned(line, start, end, value, number)
    return pd.DataFrame(rows, columns=COLUMNS)


def _reported_flows(country: Country) -> dict[tuple[str, str, str], list[int]]:
    accounts = country.model.frames["accounts"].set_index("code")
    result: dict[tuple[str, str, str], list[int]] = {}
    for row, flow in enumerate(country.table.itertuples()):
        first = str(flow.measured_by).split(BETWEEN)[0]
        if not first.startswith("report:"):
            continue
        item = first.removeprefix("report:")
        ends = [country.start[row], country.end[row]]
        if item == "received" or accounts.loc[ends[0], "kind"] != "economy":
            ends.reverse()
        account = accounts.loc[ends[0]]
        key = (account["territory"], account["sector"], item)
        result.setdefault(key, []).append(row)
    return result


def _source(country: Country, rows: Sequence[int]) -> str | None:
    """Say what kind of water some flows leave; None where they leave several."""
    kinds = country.model.frames["accounts"].set_index("code")["kind"]
    found = {_SOURCES.get(str(kinds[country.start[row]])) for row in rows}
    return found.pop() if len(found) == 1 else None


def _periods(truth: Truth, months: int) -> list[tuple[str, str]]:
    first, last = truth.days.year[0], truth.days.year[-1] + 1
    starts = pd.date_range(f"{first}-01-01", f"{last}-01-01", freq=f"{months}MS")
    texts = [str(start.date()) for start in starts]
    return list(pairwise(texts))


def _silent(row: Mapping[Hashable, Any], start: str) -> bool:
    begin, end = row["silent_from"], row["silent_to"]
    return isinstance(begin, str) and bool(begin <= start < end)


def _returned(
    line: tuple[str, str, str | None, str | None],
    start: str,
    end: str,
    value: float,
    number: int,
) -> list[tuple[object, ...]]:
    period = (f"{start}T00:00:00+04:00", f"{end}T00:00:00+04:00")
    code, item, source, other = line
    unit = "1000 m3"

    def row(shown: float, revision: int) -> tuple[object, ...]:
        return (
            code, *period, item, shown, unit, source, None, "approved", other, revision
        )  # fmt: skip

    month = int(start[5:7]) + 12 * int(start[:4])
    if (month + number) % REVISED == 0:
        return [row(round(value * 1.1, 2), 0), row(value, 1)]
    return [row(value, 0)]
