"""The same day of past years: what is usual at this time of the year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.accounts.runs import calendar_of
from ewater.dashboard.questions import within
from ewater.store import registry

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope

    Answer = dict[str, Any]

FEWEST_YEARS = 3  # [D]: fewer say nothing of what is usual
QUANTILES = ("min", "p10", "p50", "p90", "max")
#: Days of one series before a year, by month and day. In years without a 29 February
#: the 28th stands for it.
_BAND = """
WITH past AS (
    SELECT day, CASE :quantity WHEN 'volume' THEN volume
        WHEN 'discharge' THEN volume / nullif(observed_s, 0) ELSE mean END AS value
    FROM daily WHERE series_id = :id AND calendar = :calendar AND day < :before
    AND observed_s >= CAST(:enough AS float8) * extract(epoch FROM ends - starts)
), placed AS (
    SELECT CAST(extract(month FROM day) AS int) AS month,
        CAST(extract(day FROM day) AS int) AS day_of_month, value FROM past
    UNION ALL
    SELECT 2, 29, value FROM past
    WHERE extract(month FROM day) = 2 AND extract(month FROM day + 1) = 3
        AND extract(day FROM day) = 28
)
SELECT month, day_of_month, count(*) AS years, min(value) AS min,
    percentile_cont(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY value) AS middle,
    max(value) AS max
FROM placed WHERE value IS NOT NULL GROUP BY 1, 2 HAVING count(*) >= :fewest
"""
_SUMMED = ("discharge", "volume")
_ENOUGH = 0.75  # of a day whose volume is summed, METHODS 2: coverage


def band(
    engine: Engine,
    scope: Scope,
    code: str,
    before: dt.date,
    calendar: str = "",
) -> dict[tuple[int, int], tuple[float, ...]]:
    """Tell what days of the year were in the years before a day.

    Parameters
    ----------
    engine, scope, code, calendar
        As for `hydrograph`.
    before
        Days from here on are not looked at.

    Returns
    -------
    dict
        By month and day: least, 10, 50 and 90 % (linear between values), largest
        daily mean, or volume of the day of a series that counts it; SI. Then the
        count of years. Days with less than `FEWEST_YEARS` years are left out.
    """
    with within.asking(engine) as connection:
        series = within.series(connection, scope, code)
        days = calendar_of(
            registry.read_table(connection, "calendars"), calendar or None
        )
        rows = connection.execute(
            text(_BAND),
            {
                "id": series["number"],
                "calendar": days.code,
                "before": before,
                "quantity": series["quantity"],
                "enough": _ENOUGH if series["quantity"] in _SUMMED else 0.0,
                "fewest": FEWEST_YEARS,
            },
        ).all()
    return {
        (row.month, row.day_of_month): (row.min, *row.middle, row.max, row.years)
        for row in rows
    }
