"""What surrounds returns: permits, pumps, and what instruments measured meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from ewater.reports import known
from ewater.reports.examine import pumped
from ewater.reports.heads import months

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from ewater.reports.examine.facts import Facts

_COLUMNS = ("owner", "volume", "u", "coverage", "series", "reported")
_METERS = ["volume", "discharge"]
_MEASURED = text(
    "SELECT p.code AS permit, p.enterprise, p.site, s.code AS series, s.quantity, "
    "coalesce(s.u_systematic_pct, 0) AS u_systematic, "
    "coalesce(s.u_random_pct, 0) AS u_random, "
    "extract(year FROM d.starts AT TIME ZONE :zone)::int AS year, "
    "extract(month FROM d.starts AT TIME ZONE :zone)::int AS month, "
    "sum(d.volume) AS volume, sum(d.observed_s) AS observed_s "
    "FROM permits AS p JOIN series AS s ON s.site = p.site AND s.recorded_to IS NULL "
    "JOIN series_key AS k ON k.code = s.code JOIN daily AS d ON d.series_id = k.id "
    "AND d.calendar = (SELECT min(calendar) FROM daily WHERE series_id = k.id) "
    "WHERE p.recorded_to IS NULL AND p.site IS NOT NULL AND s.quantity = ANY(:what) "
    "AND (CAST(:codes AS text[]) IS NULL OR p.enterprise = ANY(:codes)) "
    "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9"
)


def _none() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in _COLUMNS}).astype({"coverage": float})


@dataclass(frozen=True, eq=False, kw_only=True)
class Around:
    """What returns are examined against.

    ``permits`` and ``enterprises`` as of `ewater.reports.known.Known`; ``meters`` and
    ``pumps`` as of `ewater.reports.examine.measured.against`.
    """

    zone: str
    permits: pd.DataFrame
    enterprises: pd.DataFrame
    meters: pd.DataFrame = field(default_factory=_none)
    pumps: pd.DataFrame = field(default_factory=_none)

    def pump_m3h(self, enterprises: np.ndarray) -> np.ndarray:
        """Installed capacity of the pumps of each return, m3/h."""
        rows = self.enterprises.drop_duplicates("code", keep="last").set_index("code")
        found: np.ndarray = (
            rows["pump_m3h"].astype(float).reindex(enterprises).to_numpy(dtype=float)
        )
        return found


def read(
    connection: Connection, facts: Facts, codes: Sequence[str] | None = None
) -> Around:
    """Read what surrounds returns of some enterprises, or of all."""
    zone = known.zone_of(connection)
    given = known.read(connection, facts.batch.form, codes)
    asked: dict[str, Any] = {
        "codes": None if codes is None else sorted(set(codes)),
        "zone": zone,
    }
    metered = known.frame(connection, _MEASURED, {**asked, "what": _METERS})
    lifted = pumped.read(connection, facts, zone, asked["codes"])
    return Around(
        zone=zone,
        permits=given.permits,
        enterprises=given.enterprises,
        meters=measured(facts, metered.assign(rating_u=0.0)),
        pumps=measured(facts, lifted),
    )


def measured(facts: Facts, rows: pd.DataFrame) -> pd.DataFrame:
    """Bring what was measured, by permit and month, to the returns it belongs to.

    What a return says of the same water is the sum of its lines under those permits;
    where no line names one, all that the enterprise took itself.
    """
    if rows.empty:
        return _none()
    rows = rows.sort_values(
        ["site", "quantity", "series"], ascending=[True, False, True]
    )
    one = rows.drop_duplicates(["permit", "site"])[["permit", "site", "series"]]
    rows = rows.merge(one, on=["permit", "site", "series"])
    inside = months(facts.batch)
    owners = pd.DataFrame(
        {"enterprise": facts.enterprise, "year": facts.year, "owner": range(len(facts))}
    )
    both = rows.merge(owners, on=["enterprise", "year"])
    due = inside[both["owner"].to_numpy(), both["month"].to_numpy(dtype=int) - 1]
    both = both[due]
    if both.empty:
        return _none()
    relative = np.hypot(both["u_systematic"], both["u_random"]) / 100
    both = both.assign(
        u=both["volume"].astype(float) * relative,
        volume=both["volume"].astype(float),
        observed_s=both["observed_s"].astype(float),
    )
    both = both.dropna(subset=["volume"])  # nothing of that month was observed
    sums = both.groupby("owner").agg(
        volume=("volume", "sum"),
        u=("u", "sum"),
        rating_u=("rating_u", "sum"),
        observed_s=("observed_s", "sum"),
        meters=("series", "nunique"),
        series=("series", lambda s: ", ".join(sorted(set(s)))),
    )
    owner = sums.index.to_numpy(np.intp)
    days = np.array([31, 28.2425, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    seconds = (inside[owner] * days).sum(axis=1) * 86_400 * sums["meters"].to_numpy()
    reported = _reported(facts, both[["owner", "permit"]].drop_duplicates())
    return pd.DataFrame(
        {
            "owner": owner,
            "volume": sums["volume"].to_numpy(),
            "u": np.hypot(sums["u"], sums["rating_u"]).to_numpy(),
            "coverage": np.minimum(sums["observed_s"].to_numpy() / seconds, 1.0),
            "series": sums["series"].to_numpy(),
            "reported": reported[owner],
        }
    ).dropna(subset=["reported"])


def _reported(facts: Facts, metered: pd.DataFrame) -> np.ndarray:
    """Volume of the lines under metered permits, by return."""
    form, batch = facts.batch.form, facts.batch
    own = np.where(
        np.isnan(facts.own).all(axis=1), np.nan, np.nansum(facts.own, axis=1)
    )
    key = form.roles.get("permit")
    if key is None:
        return own
    lines = batch.sections[str(form.section_of(key))]
    value = lines.number[form.roles["intake"]]
    said = pd.MultiIndex.from_arrays([lines.owner, lines.text[key].astype(object)])
    known_ = pd.MultiIndex.from_arrays(
        [metered["owner"], metered["permit"].astype(object)]
    )
    mine = said.isin(known_) & ~np.isnan(value)
    total = np.bincount(lines.owner, np.where(mine, value, 0.0), minlength=len(facts))
    some = np.bincount(lines.owner, mine, minlength=len(facts)) > 0
    return np.where(some, total * form.factor, own)
