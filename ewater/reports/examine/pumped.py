"""What pumps at the sites of permits lifted, by month, from their hours or energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sqlalchemy import text

from ewater.reports import known
from ewater.reports.examine.facts import month_edges
from ewater.series import pumps
from ewater.store import chunks, registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from ewater.reports.examine.facts import Facts

_AT_ONCE = 200  # series whose readings are in memory
_AT_SITES = text(
    "SELECT p.code AS permit, p.enterprise, p.site, s.code AS series, s.quantity, "
    "coalesce(s.u_systematic_pct, 0) AS u_systematic, "
    "coalesce(s.u_random_pct, 0) AS u_random "
    "FROM permits AS p JOIN series AS s ON s.site = p.site AND s.recorded_to IS NULL "
    "JOIN series_key AS k ON k.code = s.code "
    "WHERE p.recorded_to IS NULL AND s.quantity IN ('energy', 'pump_hours') "
    "AND (CAST(:codes AS text[]) IS NULL OR p.enterprise = ANY(:codes))"
)


def read(
    connection: Connection, facts: Facts, zone: str, codes: Sequence[str] | None
) -> pd.DataFrame:
    """Read what pumps lifted, by permit and month.

    Returns
    -------
    pandas.DataFrame
        ``permit``, ``enterprise``, ``site``, ``series``, ``quantity``,
        ``u_systematic`` and ``u_random`` %, ``year``, ``month``, ``volume`` and
        ``rating_u`` m3, ``observed_s``.
    """
    places = known.frame(connection, _AT_SITES, {"codes": codes})
    if places.empty or not len(facts):
        return places.assign(year=0, month=0, volume=0.0, rating_u=0.0, observed_s=0.0)
    every = sorted(set(places["series"]))
    parts = [
        _lifted(connection, facts, zone, every[at : at + _AT_ONCE])
        for at in range(0, len(every), _AT_ONCE)
    ]
    return places.merge(pd.concat(parts, ignore_index=True), on="series")


def _lifted(
    connection: Connection, facts: Facts, zone: str, series: list[str]
) -> pd.DataFrame:
    years = np.arange(facts.year.min(), facts.year.max() + 1)
    edges = month_edges(years, zone)
    bounds = np.append(edges[:, :12].ravel(), edges[-1, 12])
    rows = registry.read_table(connection, "series", None)
    rows = rows[rows["code"].isin(series)].sort_values(
        "valid_from", kind="stable", na_position="first"
    )
    found = pumps.volumes(
        chunks.read(connection, series, int(bounds[0]), int(bounds[-1]) + 1),
        rows.drop_duplicates("code", keep="last").reset_index(drop=True),
        bounds,
        pumps=registry.read_table(connection, "pumps", None),
        events=registry.read_table(connection, "meter_events", None),
    )
    count = len(bounds) - 1
    return pd.DataFrame(
        {
            "series": np.repeat(found["series"].to_numpy(), count),
            "year": np.tile(np.repeat(years, 12), len(series)),
            "month": np.tile(np.arange(count) % 12 + 1, len(series)),
            **{
                name: found[name].to_numpy().ravel()
                for name in ("volume", "rating_u", "observed_s")
            },
        }
    )
