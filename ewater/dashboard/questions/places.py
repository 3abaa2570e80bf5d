"""Sites and their series: to search, and to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard.questions.within import asking, rows
from ewater.reports import known

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope

    Row = dict[str, Any]

MOST = 60  # lines of a search; more help nobody to choose
_FIND = """
, found AS (
    SELECT o.code, o.quantity, o.unit, o.signal, o.interval_s, o.number,
        m.code AS site, m.kind, m.organisation, m.name_az, m.name_en, m.name_ru,
        count(*) OVER () AS total
    FROM owned AS o JOIN mine AS m ON m.code = o.site
    WHERE NOT EXISTS (
        SELECT FROM unnest(CAST(:words AS text[])) AS w
        WHERE strpos(lower(concat_ws(' ', o.code, o.quantity, m.code, m.kind,
            m.organisation, m.name_az, m.name_en, m.name_ru)), lower(w)) = 0)
    AND (:kind = '' OR m.kind = :kind)
    ORDER BY m.kind, m.code, o.code LIMIT :most
)
SELECT f.*, (SELECT max(c.last_time) FROM chunk AS c
    LEFT JOIN load AS l ON l.id = c.load_id
    WHERE c.series_id = f.number AND c.kind <> 'past'
    AND (c.kind = 'base' OR l.recorded_from IS NOT NULL)) AS last_time
FROM found AS f ORDER BY f.kind, f.site, f.code
"""
_FIRST = """
SELECT o.code FROM owned AS o JOIN mine AS m ON m.code = o.site
WHERE EXISTS (SELECT FROM daily AS d WHERE d.series_id = o.number)
ORDER BY (m.kind <> 'river_gauge'), (o.quantity <> 'discharge'), o.code LIMIT 1
"""


def found(engine: Engine, scope: Scope, words: str = "", kind: str = "") -> list[Row]:
    """Series of the scope, those whose code, site or names hold all the words.

    Returns
    -------
    list of dict
        At most `MOST`, by kind and code of their sites; ``total`` says how many
        there are, ``last_time`` is the newest reading, None without one.
    """
    values = {"words": words.split(), "kind": kind, "most": MOST}
    with asking(engine) as connection:
        return rows(connection, scope, _FIND, **values)


def country_zone(engine: Engine, scope: Scope) -> str:
    """Zone of the country, whose clock the pages show; anybody may know it.

    Raises
    ------
    NotReadyError
        No country is loaded.
    """
    del scope
    with asking(engine) as connection:
        return known.zone_of(connection)


def first(engine: Engine, scope: Scope) -> str:
    """Series to show when none is chosen: the first gauge; empty if there is none."""
    with asking(engine) as connection:
        some = rows(connection, scope, _FIRST)
    return str(some[0]["code"]) if some else ""
