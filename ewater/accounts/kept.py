"""A run as rows of the store, and back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse
from sqlalchemy import Table, insert, select, text

import ewater
from ewater.accounts.pipeline import Inputs, with_ratings
from ewater.balance.ledger import Ledger
from ewater.store import bulk, overtaken, recording
from ewater.store.base import Base
from ewater.store.tables.runs import Run as RunRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.accounts.runs import Run

_SOURCE_DATA = ("volume", "u_random", "u_systematic", "coverage", "status")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:code, 0))")


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def save(engine: Engine, run: Run, seconds: float, used: pd.DataFrame) -> None:
    """Write a run whole or not at all; who comes second finds it there.

    ``used`` are its inputs (`ewater.accounts.used`); those that changed after the
    state the run was computed from are marked at once.
    """
    edges = pd.DatetimeIndex(run.bounds.view("M8[us]"), tz="UTC")
    with engine.begin() as connection:
        connection.execute(_ONE_AT_A_TIME, {"code": run.code})
        if _exists(connection, run.code):
            return
        connection.execute(
            insert(RunRow).values(
                code=run.code,
                step=run.step,
                calendar=run.calendar.code,
                period_start=edges[0],
                period_end=edges[-1],
                basis=run.basis,
                as_of=run.as_of,
                inputs_recorded=run.as_of,
                version=ewater.__version__,
                computed_at=dt.datetime.now(dt.UTC),
                seconds=seconds,
            )
        )
        rows = _frames(run.inputs, edges) | {"run_input": used}
        for name, frame in rows.items():
            bulk.copy_in(connection, _table(name), frame.assign(run=run.code))
        recording.hold(connection)
        tables = used.loc[used["kind"] == "registry", "code"]
        overtaken.since(connection, run.code, run.as_of, tables)


def load(
    connection: Connection,
    code: str,
    bounds: NDArray[np.int64],
    frames: Mapping[str, pd.DataFrame],
) -> Inputs | None:
    """Read a run back; None when there is no such run."""
    if not _exists(connection, code):
        return None
    ledger = Ledger.build(frames)
    rows = {
        name: bulk.copy_out(connection, _table(name), code)
        for name in ("run_source", "run_weight", "run_stock", "run_gap")
    }
    sources = with_ratings(_sources(rows["run_source"], bounds), frames)
    names = pd.Index(sources["source"].values)
    weight = rows["run_weight"]
    weights = sparse.csr_array(
        (
            weight["weight"].to_numpy(),
            (
                pd.Index(ledger.flows).get_indexer(pd.Index(weight["flow"])),
                names.get_indexer(pd.Index(weight["source"])),
            ),
        ),
        shape=(ledger.flows.size, len(names)),
    )
    stocks = _stocks(rows["run_stock"], bounds)
    gaps = rows["run_gap"]
    gaps["period_start"] = gaps["period_start"].dt.tz_localize(None)
    return Inputs(
        ledger=ledger, sources=sources, weights=weights, stocks=stocks, gaps=gaps
    )


def _exists(connection: Connection, code: str) -> bool:
    statement = select(RunRow.code).where(RunRow.code == code)
    return connection.execute(statement).first() is not None


def _frames(inputs: Inputs, edges: pd.DatetimeIndex) -> dict[str, pd.DataFrame]:
    weights, sources, stocks = inputs.weights.tocoo(), inputs.sources, inputs.stocks
    names = sources["source"].values.astype(str)
    source = {"source": names.repeat(len(edges) - 1)}
    source["period_start"] = np.tile(edges[:-1], len(names))
    for name in _SOURCE_DATA:
        source[name] = sources[name].transpose("source", "period").values.ravel()
    accounts = stocks["account"].values.astype(str)
    return {
        "run_weight": pd.DataFrame(
            {
                "flow": inputs.ledger.flows[weights.row],
                "source": names[weights.col],
                "weight": weights.data,
            }
        ),
        "run_source": pd.DataFrame(source),
        "run_stock": pd.DataFrame(
            {
                "account": accounts.repeat(len(edges)),
                "instant": np.tile(edges, len(accounts)),
                "volume": stocks["volume"].values.ravel(),
                "u_random": stocks["u_random"].values.ravel(),
                "u_systematic_fraction": stocks["u_systematic_fraction"].values.repeat(
                    len(edges)
                ),
                "other_change": stocks["other_change"].values.ravel(),
            }
        ),
        "run_gap": inputs.gaps.assign(
            period_start=inputs.gaps["period_start"].dt.tz_localize("UTC")
        ),
    }


def _sources(rows: pd.DataFrame, bounds: NDArray[np.int64]) -> xr.Dataset:
    instants = bounds.view("M8[us]")
    names = rows["source"].iloc[:: len(instants) - 1].to_numpy()
    shape = (len(names), len(instants) - 1)
    return xr.Dataset(
        {
            name: (("source", "period"), rows[name].to_numpy().reshape(shape))
            for name in _SOURCE_DATA
        },
        coords={
            "source": names,
            "period": instants[:-1],
            "period_end": ("period", instants[1:]),
        },
    )


def _stocks(rows: pd.DataFrame, bounds: NDArray[np.int64]) -> xr.Dataset:
    accounts = rows["account"].iloc[:: len(bounds)].to_numpy()
    shape = (len(accounts), len(bounds))
    systematic = rows["u_systematic_fraction"].to_numpy().reshape(shape)
    dims = ("account", "instant")
    return xr.Dataset(
        {
            "volume": (dims, rows["volume"].to_numpy().reshape(shape)),
            "u_random": (dims, rows["u_random"].to_numpy().reshape(shape)),
            "u_systematic_fraction": ("account", systematic[:, :1].ravel()),
            "other_change": (dims, rows["other_change"].to_numpy().reshape(shape)),
        },
        coords={"account": accounts, "instant": bounds.view("M8[us]")},
    )
