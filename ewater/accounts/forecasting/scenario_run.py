"""A scenario computed: changes over a forecast, water shared out by priority."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.accounts.forecasting.extended import extended
from ewater.accounts.forecasting.make import STORELESS, Outlook
from ewater.balance.ledger import Ledger
from ewater.balance.matrices import csr, filled
from ewater.balance.sectors import RECEIVED, sector_matrices
from ewater.errors import UsageError
from ewater.forecast.allocate import Network, share_out
from ewater.series import calendars

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ewater.accounts.forecasting.scenario_model import Scenario
    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]
    Frames = Mapping[str, pd.DataFrame]
    Document = dict[str, Any]

_FUTURES = 15  # of a forecast, evenly by inflow: one month of one takes a program
_AROUND = 0.1  # quantiles on each side of the one that is wanted
_CHEAPEST, _DEAREST = 1.0, 1000.0
_LOSSES = ("losses_in_conveyance", "seepage", "evaporation")
_TAKEN = ("abstraction", "desalinated", "seawater_abstraction")
_UTILITIES = ("water_supply", "sewerage")


def run(
    forecast: Outlook, scenario: Scenario, frames: Frames
) -> tuple[Outlook, Document]:
    """Change a forecast and share out its water by priority.

    Parameters
    ----------
    forecast
        Its futures are those of the scenario, or those near a quantile of inflow.
    frames
        The country, as the forecast knew it.

    Returns
    -------
    outlook, notes
        ``notes`` has ``deficits``, and ``futures``: those of the forecast that the
        scenario changes one by one; None where it is of another inflow.
    """
    began = time.perf_counter()
    said = scenario.model_dump(mode="json", by_alias=True)
    ledger = Ledger.build(extended(frames, said))
    base = _widened(forecast, ledger)
    some = _chosen(base, scenario)
    base = replace(base, flow=base.flow[:, :, some], stock=base.stock[:, :, some])
    _check(base, scenario)
    demand = _demand(base, scenario)
    losses = _loss_factor(base, scenario)
    full = _room(base, scenario, frames)
    flow, stock, gap = _shared(base, scenario, demand, losses, full)
    made = replace(
        base,
        flow=flow,
        stock=stock,
        gap={str(code): float(rest) for code, rest in gap.items() if rest > 1.0},
        seconds=time.perf_counter() - began,
    )
    return made, {
        "deficits": _deficits(made, demand),
        "futures": some.tolist() if scenario.inflow is None else None,
    }


def _widened(forecast: Outlook, ledger: Ledger) -> Outlook:
    """Lay it over a ledger with more flows, through which nothing flows yet."""
    place = pd.Index(forecast.ledger.flows).get_indexer(pd.Index(ledger.flows))
    flow = np.zeros((ledger.flows.size, *forecast.flow.shape[1:]))
    flow[place >= 0] = forecast.flow[place[place >= 0]]
    return replace(forecast, ledger=ledger, flow=flow)


def _chosen(base: Outlook, scenario: Scenario) -> NDArray[np.intp]:
    """Futures near the quantile of inflow, or evenly over all of them."""
    ledger = base.ledger
    inside = ledger.inside("managed")
    coming = ~inside[ledger.flow_from] & inside[ledger.flow_to]
    wet = np.nansum(base.flow[coming], axis=(0, 1))
    order = np.argsort(wet, kind="stable")
    part = (np.arange(order.size) + 0.5) / order.size
    if scenario.inflow is not None:
        middle = np.clip(scenario.inflow.quantile, _AROUND, 1 - _AROUND)
        order = order[np.abs(part - middle) <= _AROUND]
    count = min(_FUTURES, order.size)
    evenly = ((np.arange(count) + 0.5) * order.size / count).astype(np.intp)
    return np.asarray(order[evenly])


def _check(base: Outlook, scenario: Scenario) -> None:
    """Refuse what the ledger does not have, by name."""
    named = {
        "reservoir": (
            [r.account for r in scenario.reservoirs],
            {str(a) for a in base.accounts},
        ),
        "territory": (
            [d.territory for d in scenario.demand if d.territory],
            {str(t) for t in base.ledger.territories},
        ),
    }
    for what, (wanted, known) in named.items():
        strange = sorted(set(wanted) - known)
        if strange:
            raise UsageError(
                f"scenario {scenario.scenario} names {what} {', '.join(strange)}; "
                f"there are {', '.join(sorted(known)[:20])}"
            )


def _months(base: Outlook) -> list[str]:
    """Name the months, such as 2026-07."""
    days = calendars.local_days(base.calendar, base.bounds[:-1])
    return [str(day)[:7] for day in days]


def _final(base: Outlook) -> NDArray[np.bool_]:
    """Flows into users that are no utilities: what is wanted."""
    ledger = base.ledger
    to = ledger.flow_to
    user = (ledger.account_kind[to] == "economy") & ~np.isin(
        ledger.account_sector[to], _UTILITIES
    )
    return np.asarray(user & np.isin(ledger.flow_term, RECEIVED))


def _demand(base: Outlook, scenario: Scenario) -> Floats:
    """Find what each flow into a user should bring, (flow, lead, member), m3."""
    ledger, months = base.ledger, _months(base)
    sector = ledger.account_sector[ledger.flow_to]
    factor = np.ones((ledger.flows.size, len(months)))
    for change in scenario.demand:
        mine = _final(base) & (sector == change.sector)
        if change.territory:
            row = ledger.rows([change.territory])
            share = csr(ledger.membership[row] @ ledger.ends("to")).toarray()[0]
            mine = mine & (share > 0)
        late = np.array([month >= (change.since or "") for month in months])
        factor[np.ix_(mine, late)] *= change.factor
    return np.asarray(np.nan_to_num(base.flow) * factor[:, :, None])


def _loss_factor(base: Outlook, scenario: Scenario) -> Floats:
    """By how much losses in conveyance fall, month by month, (lead,)."""
    count = base.bounds.size - 1
    if scenario.losses is None:
        return np.ones(count)
    ledger = base.ledger
    lost = np.nansum(base.flow[ledger.flow_term == "losses_in_conveyance"])
    if scenario.losses.of == "gross":
        whole = np.nansum(base.flow[ledger.flow_term == "abstraction"])
    else:
        use = sector_matrices(
            ledger, np.flatnonzero(ledger.territory_kind == "country")
        )
        whole = (use["use"] @ np.nan_to_num(base.flow).sum(axis=(1, 2))).sum()
    if not whole or not lost:
        raise UsageError("there are no losses in conveyance to reduce")
    now = lost / whole
    year, month = map(int, scenario.losses.by.split("-"))
    left = (year - base.origin.year) * 12 + month - base.origin.month
    part = np.minimum((np.arange(count) + 1) / max(left, 1), 1.0)
    return np.asarray(1 + part * (scenario.losses.share / now - 1))


def _room(base: Outlook, scenario: Scenario, frames: Frames) -> tuple[Floats, Floats]:
    """Least and greatest stock of each reservoir, m3."""
    site = frames["accounts"].drop_duplicates("code").set_index("code")["site"]
    sites = frames["sites"].drop_duplicates("code").set_index("code")
    place = site.reindex(base.accounts)
    capacity, dead = (
        place.map(sites[name]).to_numpy(dtype=float, na_value=np.nan)
        for name in ("capacity_m3", "dead_m3")
    )
    seen = np.nan_to_num(base.stock).max(axis=(1, 2))
    most = np.fmax(capacity, seen)
    least = np.fmin(np.nan_to_num(dead), np.nan_to_num(base.stock).min(axis=(1, 2)))
    for rule in scenario.reservoirs:
        row = int(np.flatnonzero(base.accounts == rule.account)[0])
        least[row] = rule.least * most[row]
        most[row] = rule.most * most[row]
    return least, most


def _shared(
    base: Outlook,
    scenario: Scenario,
    demand: Floats,
    losses: Floats,
    room: tuple[Floats, Floats],
) -> tuple[Floats, Floats, dict[str, float]]:
    """Share out the water of every month and future."""
    ledger = base.ledger
    network, rows, loss = _network(base, scenario)
    flow, stock = np.nan_to_num(base.flow), np.nan_to_num(base.stock)
    made, held = flow.copy(), stock.copy()
    seconds = np.diff(base.bounds) / 1e6
    months = _months(base)
    new = {c.code: c for c in scenario.canals}
    outer = np.isin(ledger.account_kind[ledger.flow_to], ("neighbour", "sea"))
    gap = np.zeros(rows.size)
    for lead in range(seconds.size):
        most = np.full(ledger.flows.size, np.inf)
        for code, canal in new.items():
            place = int(np.searchsorted(ledger.flows, code))
            open_ = months[lead] >= (canal.since or "")
            most[place] = canal.capacity_m3s * seconds[lead] if open_ else 0.0
        for member in range(base.members):
            expected = np.where(
                network.wanted, demand[:, lead, member], flow[:, lead, member]
            )
            least = np.where(outer, scenario.least_outflow * expected, 0.0)
            follows = _follows(ledger, flow[:, lead, member], loss, losses[lead])
            before = held[:, lead, member]
            found = share_out(
                replace(network, follows=follows),
                expected,
                np.minimum(least, most),
                most,
                before,
                stock[:, lead + 1, member],
                # a stock below a new rule is not lifted above it in one month
                (np.minimum(room[0], before), room[1]),
            )
            made[:, lead, member] = found.flow
            held[:, lead + 1, member] = found.stock
            np.maximum(gap, found.gap, out=gap)
    unknown = np.isnan(base.flow)
    codes = [str(code) for code in ledger.accounts[rows]]
    named = dict(zip(codes, gap.tolist(), strict=True))
    return np.asarray(np.where(unknown, np.nan, made)), held, named


def _network(
    base: Outlook, scenario: Scenario
) -> tuple[Network, NDArray[np.intp], NDArray[np.bool_]]:
    """Tell what is given, what follows, and what is wanted at which cost."""
    ledger = base.ledger
    start, end = (
        ledger.account_kind[ledger.flow_from],
        ledger.account_kind[ledger.flow_to],
    )
    inside = ledger.inside("managed")
    wanted = _final(base)
    loss = np.isin(ledger.flow_term, _LOSSES) & (start == "canal")
    from_user = (start == "economy") & (end != "economy")
    pumped = np.isin(ledger.flow_term, _TAKEN)
    natural = ~inside[ledger.flow_from] & ~pumped
    out = ~inside[ledger.flow_to] & ~np.isin(end, ("neighbour", "sea")) & ~loss
    given = natural | (out & ~from_user)
    into, out_of = ledger.ends("to"), ledger.ends("from")
    unknown = np.isnan(base.flow).any(axis=(1, 2))
    each = np.asarray(into.sum(axis=1)).ravel(), np.asarray(out_of.sum(axis=1)).ravel()
    holder = pd.Index(base.accounts).get_indexer(pd.Index(ledger.accounts))
    lost = np.append(np.isnan(base.stock).any(axis=(1, 2)), False)
    gaps = np.asarray((into + out_of) @ unknown.astype(float))
    tight = np.isin(ledger.account_kind, STORELESS)
    closed = inside & (each[0] > 0) & (each[1] > 0) & (gaps == 0)
    closed &= tight | ((holder >= 0) & ~lost[holder])
    rows = np.flatnonzero(closed)
    held = np.flatnonzero(holder[rows] >= 0)
    storing = filled(held, holder[rows][held], 1.0, (rows.size, base.accounts.size))
    rank = {s: n for n, s in enumerate(reversed(scenario.priorities))}
    steps = np.geomspace(_CHEAPEST, _DEAREST, len(rank))
    sector = ledger.account_sector[ledger.flow_to]
    cost = np.array([steps[rank[s]] if s in rank else _CHEAPEST for s in sector])
    network = Network(
        balance=csr((into - out_of)[rows]),
        storing=storing,
        follows=csr(filled(rows[:0], rows[:0], 0.0, (0, ledger.flows.size))),
        given=given & ~wanted,
        wanted=wanted,
        cost=cost,
    )
    return network, rows, loss | from_user


def _follows(
    ledger: Ledger, flow: Floats, following: NDArray[np.bool_], factor: float
) -> Matrix:
    """Write what leaves an account as a part of what enters it, as it was expected."""
    into = ledger.ends("to")
    entered = np.asarray(into @ flow)
    rows = np.flatnonzero(following)
    account = ledger.flow_from[rows]
    part = np.divide(
        flow[rows],
        entered[account],
        out=np.zeros(rows.size),
        where=entered[account] > 0,
    )
    users = ledger.account_kind[account] == "economy"
    final = users & ~np.isin(ledger.account_sector[account], _UTILITIES)
    lost = (ledger.flow_term[rows] == "losses_in_conveyance") & ~final
    part = np.where(lost, part * factor, part)
    own = filled(np.arange(rows.size), rows, 1.0, (rows.size, ledger.flows.size))
    return csr(own - csr(into[account]) * part[:, None])


def _deficits(made: Outlook, demand: Floats) -> Document:
    """Find what each sector wants and gets by month, mean and 90 % quantile, m3."""
    sector = made.ledger.account_sector[made.ledger.flow_to]
    wanted = _final(made)
    result = {}
    for name in sorted({str(s) for s in sector[wanted]}):
        mine = wanted & (sector == name)
        want = demand[mine].sum(axis=0)
        short = want - np.nansum(made.flow[mine], axis=0)
        result[name] = {
            "demand": want.mean(axis=1).tolist(),
            "deficit": short.mean(axis=1).tolist(),
            "deficit_high": np.quantile(short, 0.9, axis=1).tolist(),
            "futures_short": float((short.sum(axis=0) > 1.0).mean()),
        }
    return result
