"""A schedule with what was done since, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ewater.accounts.documents import finite
from ewater.accounts.forecasting import schedules
from ewater.accounts.runs import calendar_of
from ewater.errors import UsageError
from ewater.store import registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

    Document = dict[str, Any]

_PLANNED = (
    "inflow",
    "inflow_low",
    "inflow_high",
    "demand",
    "release",
    "stock",
    "stock_low",
    "stock_high",
)
_ACTUAL = ("inflow", "release", "stock")


def document(engine: Engine, account: str, revision: int | None = None) -> Document:
    """Write a revision, by default the newest, with what was done since.

    Raises
    ------
    UsageError
        There is no schedule of this account, or no such revision.
    """
    with engine.connect() as connection:
        every = schedules.listed(connection, account)
        if not every:
            raise UsageError(
                f"no schedule of {account!r}; plan one with `ewater schedule make`"
            )
        chosen = next(
            (row for row in every if revision in (None, row["revision"])), None
        )
        if chosen is None:
            known = ", ".join(str(row["revision"]) for row in every)
            raise UsageError(f"{account} has no revision {revision}; it has {known}")
        planned = schedules.rows(connection, chosen["id"])
        frame = registry.read_table(connection, "calendars", None)
    zone = calendar_of(frame, None).timezone
    done = schedules.actual(engine, account, planned["period_start"])
    done = done.reindex(pd.DatetimeIndex(planned["period_start"]))
    return {
        "account": account,
        "revision": chosen["revision"],
        "revisions": max(row["revision"] for row in every),
        "start": pd.Timestamp(chosen["start"]).tz_convert(zone).isoformat(),
        "made_at": chosen["made_at"].isoformat(),
        "forecast": chosen["forecast"],
        "unit": "m3",
        "opening": chosen["opening"],
        "least": float(planned["least"].iloc[0]),
        "most": float(planned["most"].iloc[0]),
        "periods": [
            {
                "start": row["period_start"].tz_convert(zone).isoformat(),
                "end": row["period_end"].tz_convert(zone).isoformat(),
                **{name: float(row[name]) for name in _PLANNED},
                **{
                    f"actual_{name}": finite(done[name].iloc[place]) for name in _ACTUAL
                },
            }
            for place, row in enumerate(planned.to_dict("records"))
        ],
    }
