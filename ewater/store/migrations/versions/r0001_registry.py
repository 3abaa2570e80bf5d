"""Registry: the files of the country folder as versioned tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_POINT = "ST_SetSRID(ST_MakePoint(lon, lat), 4326)"
_SECTORS = "agriculture industry energy water_supply sewerage services households"
_NOT_NEGATIVE = "{0} >= 0 AND {0} < 'Infinity'::float8"
_POSITIVE = "{0} > 0 AND {0} < 'Infinity'::float8"
_FINITE = "{0} > -'Infinity'::float8 AND {0} < 'Infinity'::float8"


def _column(
    name: str, comment: str, type_: Any, check: str = "", required: bool = False
) -> sa.Column[Any]:
    info = {"check": check.format(f'"{name}"')}
    return sa.Column(name, type_, nullable=not required, comment=comment, info=info)


def _text(name: str, comment: str, **options: Any) -> sa.Column[Any]:
    return _column(name, comment, sa.Text(), **options)


def _code(name: str, comment: str, *, required: bool = True) -> sa.Column[Any]:
    check = "{0} ~ '^[A-Za-z0-9_.:-]+$'"
    return _column(name, comment, sa.Text(), check, required)


def _one_of(
    name: str, comment: str, values: str, *, required: bool = True
) -> sa.Column[Any]:
    check = "{0} IN (" + ", ".join(f"'{value}'" for value in values.split()) + ")"
    return _column(name, comment, sa.Text(), check, required)


def _number(
    name: str, comment: str, check: str = _NOT_NEGATIVE, *, required: bool = False
) -> sa.Column[Any]:
    return _column(name, comment, sa.Double(), check, required)


def _between(
    name: str, comment: str, low: int, high: int, *, required: bool = False
) -> sa.Column[Any]:
    return _number(name, comment, f"{{0}} BETWEEN {low} AND {high}", required=required)


def _time(name: str, comment: str, *, required: bool = False) -> sa.Column[Any]:
    return _column(name, comment, sa.DateTime(timezone=True), "", required)


def _position(of: str) -> tuple[sa.Column[Any], ...]:
    return (
        _between("lat", f"Latitude of the {of}, degrees north (WGS 84)", -90, 90),
        _between("lon", f"Longitude of the {of}, degrees east (WGS 84)", -180, 180),
    )


def _point(of: str) -> sa.Column[Any]:
    return sa.Column(
        "geometry",
        Geometry("POINT", 4326, spatial_index=False),
        sa.Computed(_POINT, persisted=True),
        comment=f"Position of the {of} in WGS 84, from lat and lon",
    )


def _names(of: str) -> tuple[sa.Column[Any], ...]:
    return (
        _text("name_az", f"Name of the {of} in Azerbaijani"),
        _text("name_en", f"Name of the {of} in English"),
        _text("name_ru", f"Name of the {of} in Russian"),
    )


# table: comment, key of a current row, columns
_TABLES: dict[str, tuple[str, str, tuple[sa.Column[Any], ...]]] = {
    "calendars": (
        "Calendars: where a day and a year begin",
        "code valid_from",
        (
            _code("code", "Name of the calendar"),
            _text("timezone", "IANA zone of its days", required=True),
            _text("day_start", "Local time a day starts; 00:00 if not given"),
            _text("year_start", "Month and day a year starts; 01-01 if not given"),
        ),
    ),
    "territories": (
        "Areas that are accounted for, in one hierarchy per kind",
        "code valid_from",
        (
            _code("code", "Code of the territory"),
            _one_of("kind", "Hierarchy it belongs to", "country basin district system"),
            _code("parent", "Territory it is a part of", required=False),
            *_names("territory"),
            _column(
                "geometry",
                "Outline in WGS 84",
                Geometry("MULTIPOLYGON", 4326, spatial_index=False),
            ),
        ),
    ),
    "sites": (
        "Places where water is measured or regulated",
        "code valid_from",
        (
            _code("code", "Code of the site"),
            _one_of(
                "kind",
                "What stands there",
                "river_gauge reservoir hydro_junction canal "
                "well intake outfall meter climate",
            ),
            *_names("site"),
            *_position("site"),
            _text("organisation", "Who operates the site"),
            _number("capacity_m3", "Volume of the reservoir at full level, m3"),
            _number("dead_m3", "Volume below the lowest outlet, m3"),
            _number("full_level_m", "Full supply level, m above datum", _FINITE),
            _text("datum", "Height datum of its levels"),
            _point("site"),
        ),
    ),
    "series": (
        "Series: one quantity from one source at one site",
        "code valid_from",
        (
            _code("code", "Code of the series"),
            _code("site", "Site it is measured at"),
            _one_of(
                "quantity",
                "What it measures",
                "discharge level storage volume precipitation evaporation "
                "groundwater_level pump_hours energy snow",
            ),
            _text("unit", "Unit of its values as sent", required=True),
            _one_of(
                "signal",
                "What a value stands for",
                "instantaneous mean_preceding total_preceding totaliser pulse",
            ),
            _number("interval_s", "Nominal time step, s", _POSITIVE),
            _text("timezone", "Zone of times without an offset"),
            _number(
                "modulus",
                "Value at which a totaliser starts again, in its unit",
                _POSITIVE,
            ),
            _number(
                "max_rate",
                "Largest possible rate: of a totaliser m3 s-1, else SI units per s",
                _POSITIVE,
            ),
            _number("u_random_pct", "Random standard uncertainty, % of the value"),
            _number(
                "u_systematic_pct", "Systematic standard uncertainty, % of the value"
            ),
            _column(
                "derived",
                "Computed by its publisher; may be negative",
                sa.Boolean(),
                required=True,
            ),
        ),
    ),
    "curves": (
        "Curves of a site by validity: points (x, y) or segments a (x + shift - h0)^b",
        "site kind x segment valid_from",
        (
            _code("site", "Site of the curve"),
            _one_of(
                "kind",
                "Level to discharge (rating), volume (storage) or surface (area)",
                "rating storage area",
            ),
            _number("x", "Level of the point, m", _FINITE),
            _number("y", "Value at x: m3 s-1 (rating), m3 (storage) or m2 (area)"),
            _number("segment", "Level from which the segment applies, m", _FINITE),
            _number("a", "Factor of the segment, m3 s-1", _POSITIVE),
            _number("h0", "Level of zero flow of the segment, m", _FINITE),
            _number("b", "Exponent of the segment", _POSITIVE),
            _number("shift", "Shift added to the level, m", _FINITE),
        ),
    ),
    "meter_events": (
        "What happened to a meter, so that its readings can be joined",
        "series time event valid_from",
        (
            _code("series", "Series of the meter"),
            _time("time", "When it happened", required=True),
            _one_of(
                "event",
                "What happened",
                "reset replacement rollover unit_change reverse",
            ),
            _number("old_reading", "Last reading before, in the unit of the series"),
            _number("new_reading", "First reading after, in the unit of the series"),
        ),
    ),
    "accounts": (
        "Places where water is: the nodes of the ledger",
        "code valid_from",
        (
            _code("code", "Code of the account"),
            _one_of(
                "kind",
                "What holds the water",
                "river lake snow_ice canal reservoir groundwater "
                "soil economy neighbour sea atmosphere",
            ),
            _code("territory", "Territory it lies in", required=False),
            _code("site", "Site it is measured at", required=False),
            _one_of(
                "sector",
                "Economic sector, of an account of kind economy",
                _SECTORS,
                required=False,
            ),
            _between("share", "National share of a border water; 1 if not given", 0, 1),
        ),
    ),
    "account_territories": (
        "Shares of accounts in territories; they add up to 1 in each hierarchy",
        "account territory valid_from",
        (
            _code("account", "Account that is shared"),
            _code("territory", "Territory"),
            _between(
                "share", "Part of the account in the territory", 0, 1, required=True
            ),
        ),
    ),
    "flows": (
        "Water that leaves one account and enters another: the edges of the ledger",
        "code valid_from",
        (
            _code("code", "Code of the flow"),
            _code("from", "Account it leaves"),
            _code("to", "Account it enters"),
            _code("term", "Line of the account it counts in"),
            _one_of("sector", "Sector it serves", _SECTORS, required=False),
            _text("measured_by", "How its volume is known"),
            _number("u_pct", "Standard uncertainty (k=1), % of its volume"),
            _code("structure", "Structure it passes: turbine, ...", required=False),
            _code("reverse", "Flow that takes a negative volume", required=False),
            _code(
                "re_enters", "Flow with which the same water comes back", required=False
            ),
        ),
    ),
    "stocks": (
        "Accounts whose stored volume is modelled",
        "account valid_from",
        (
            _code("account", "Account that stores water"),
            _text("measured_by", "How its volume is known"),
        ),
    ),
    "sectors": (
        "Which sector an ISIC code belongs to; finer codes roll up to it",
        "isic valid_from",
        (
            _code("isic", "ISIC Rev. 4 section, division, group or class"),
            _one_of("sector", "Sector of the account", _SECTORS),
        ),
    ),
    "enterprises": (
        "Enterprises that report their water",
        "code valid_from",
        (
            _code("code", "Code of the enterprise"),
            _text("name", "Name of the enterprise"),
            _code("isic", "ISIC Rev. 4 code of its activity", required=False),
            _code("territory", "Territory it belongs to", required=False),
            *_position("enterprise"),
            _number("pump_m3h", "Installed pump capacity, m3/h"),
            _point("enterprise"),
        ),
    ),
    "permits": (
        "How much water an enterprise may take",
        "code valid_from",
        (
            _code("code", "Code of the permit"),
            _code("enterprise", "Enterprise it is given to", required=False),
            _code(
                "source_kind",
                "Kind of source: surface, groundwater, ...",
                required=False,
            ),
            _number("limit_m3", "Volume allowed, m3", required=True),
            _one_of("per", "Period of the limit", "year month day"),
            _code("site", "Site it is taken at", required=False),
        ),
    ),
    "reports": (
        "What enterprises reported, every revision of it",
        "enterprise period_start period_end item source purpose counterparty "
        "revision valid_from",
        (
            _code("enterprise", "Enterprise that reports"),
            _time("period_start", "Start of the period (in)", required=True),
            _time("period_end", "End of the period (out)", required=True),
            _code("item", "What is reported"),
            _number("value", "Volume in unit; 0 is an explicit nil, empty a refusal"),
            _text("unit", "Unit of the value, of a volume", required=True),
            _code("source", "Source the water comes from", required=False),
            _code("purpose", "Purpose it was used for", required=False),
            _one_of(
                "status", "Where the review stands", "draft submitted returned approved"
            ),
            _code("counterparty", "Enterprise on the other side", required=False),
            _column(
                "revision",
                "0 is the first report, a higher one replaces it",
                sa.BigInteger(),
                "{0} >= 0",
                required=True,
            ),
        ),
    ),
    "published": (
        "Figures published by somebody else: comparison lines, never inputs",
        "territory year item source valid_from",
        (
            _code("territory", "Territory it speaks of"),
            _text("year", "Year or years as published", required=True),
            _code("item", "What it says"),
            _number("value", "Figure in unit", _FINITE, required=True),
            _text("unit", "Unit of the figure as published", required=True),
            _text("source", "Who published it, where", required=True),
            _text("note", "What to know before comparing"),
        ),
    ),
    "notices": (
        "What every output must say, for example that telemetry is simulated",
        "code valid_from",
        (
            _code("code", "Code of the notice"),
            _text("text_az", "The notice in Azerbaijani"),
            _text("text_en", "The notice in English", required=True),
            _text("text_ru", "The notice in Russian"),
        ),
    ),
}

_SPATIAL = ("territories", "sites", "enterprises")


def _versioned(described: tuple[sa.Column[Any], ...]) -> list[sa.Column[Any]]:
    number = sa.Column(
        "id",
        sa.BigInteger(),
        sa.Identity(always=True),
        nullable=False,
        comment="Number of this version of the row",
    )
    closed = "When it was replaced or withdrawn (out); null: current"
    return [
        number,
        *described,
        _time("valid_from", "Start of validity (in); not given: always"),
        _time("valid_to", "End of validity (out); not given: still valid"),
        _time("recorded_from", "When this version was recorded (in)", required=True),
        _time("recorded_to", closed),
    ]


def _create(
    table: str, comment: str, key: str, described: tuple[sa.Column[Any], ...]
) -> None:
    checks = {str(c.name): c.info["check"] for c in described if c.info.get("check")}
    checks["validity"] = "valid_from < valid_to"
    checks["recorded"] = "recorded_from < recorded_to"
    op.create_table(
        table,
        *_versioned(described),
        sa.PrimaryKeyConstraint("id"),
        *(sa.CheckConstraint(check, name=name) for name, check in checks.items()),
        comment=comment,
    )
    op.create_index(
        f"uq_{table}_current",
        table,
        key.split(),
        unique=True,
        postgresql_where=sa.text("recorded_to IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    if table in _SPATIAL:
        op.create_index(
            f"ix_{table}_geometry", table, ["geometry"], postgresql_using="gist"
        )


_SITE_TERRITORIES = """
CREATE FUNCTION site_territories_as_of(as_of timestamptz)
RETURNS TABLE (site text, territory text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE area AS MATERIALIZED (
        SELECT DISTINCT ON (code COLLATE "C") code, kind, parent, geometry
        FROM territories
        WHERE recorded_from <= as_of AND (recorded_to IS NULL OR recorded_to > as_of)
        ORDER BY code COLLATE "C", valid_from DESC NULLS LAST
    ), place AS (
        SELECT DISTINCT ON (code COLLATE "C") code, geometry
        FROM sites
        WHERE recorded_from <= as_of AND (recorded_to IS NULL OR recorded_to > as_of)
        ORDER BY code COLLATE "C", valid_from DESC NULLS LAST
    ), covering AS MATERIALIZED (
        SELECT place.code AS site, area.code AS territory, area.kind, area.parent
        FROM area JOIN place ON ST_Covers(area.geometry, place.geometry)
    ), innermost AS (
        SELECT DISTINCT ON (c.site, c.kind) c.site, c.territory, c.kind, c.parent
        FROM covering c
        WHERE NOT EXISTS (
            SELECT FROM covering part
            WHERE part.site = c.site AND part.kind = c.kind
              AND part.parent = c.territory
        )
        ORDER BY c.site, c.kind, c.territory COLLATE "C"
    ), chain AS (
        SELECT site, territory, kind, parent FROM innermost
        UNION
        SELECT chain.site, area.code, area.kind, area.parent
        FROM chain
        JOIN area ON area.code = chain.parent AND area.kind IN (chain.kind, 'country')
    )
    SELECT site, territory FROM chain
    ORDER BY site COLLATE "C", territory COLLATE "C"
$$
"""
_SITE_TERRITORIES_COMMENTS = (
    "FUNCTION site_territories_as_of(timestamptz) IS 'Territories that contain each "
    "site, by position, in the registry as it stood. A site on a border lies in the "
    "lowest code of each kind, and in its parents of that kind'",
    "VIEW site_territories IS 'Territories that contain each site, by position, now'",
    "COLUMN site_territories.site IS 'Code of the site'",
    "COLUMN site_territories.territory IS 'Code of a territory that contains it'",
)


def upgrade() -> None:
    """Create the tables, the clock of records and the spatial join."""
    op.execute("CREATE SEQUENCE recorded_clock")
    op.execute(
        "COMMENT ON SEQUENCE recorded_clock IS "
        "'Latest recorded time given out, microseconds since 1970 UTC'"
    )
    op.create_table(
        "series_key",
        sa.Column(
            "id",
            sa.Integer(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number of the series, kept for good",
        ),
        sa.Column("code", sa.Text(), nullable=False, comment="Code of the series"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
        comment="Stable number of every series that was ever registered",
    )
    for table, (comment, key, described) in _TABLES.items():
        _create(table, comment, key, described)
    op.create_foreign_key("fk_series_code", "series", "series_key", ["code"], ["code"])
    op.execute(_SITE_TERRITORIES)
    op.execute(
        "CREATE VIEW site_territories AS "
        "SELECT site, territory FROM site_territories_as_of('infinity')"
    )
    for comment in _SITE_TERRITORIES_COMMENTS:
        op.execute(f"COMMENT ON {comment}")


def downgrade() -> None:
    """Remove the registry."""
    op.execute("DROP VIEW site_territories")
    op.execute("DROP FUNCTION site_territories_as_of(timestamptz)")
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_table("series_key")
    op.execute("DROP SEQUENCE recorded_clock")
