"""Files of places, instruments and what is known of them."""

from __future__ import annotations

from ewater import terms
from ewater.store.folder_columns import code, names, number, one_of, position, refers
from ewater.store.folder_schema import VALIDITY, Column, File

FILES = (
    File(
        "calendars",
        "Calendars: where a day and a year begin",
        ("code",),
        (
            code("Name of the calendar"),
            Column("timezone", "zone", "IANA zone of its days", required=True),
            Column("day_start", "clock", "Local time a day starts; 00:00 if not given"),
            Column(
                "year_start",
                "day_of_year",
                "Month and day a year starts; 01-01 if not given",
            ),
        ),
    ),
    File(
        "territories",
        "Areas that are accounted for, in one hierarchy per kind",
        ("code",),
        (
            code("Code of the territory"),
            one_of(terms.TERRITORY_KINDS, "Hierarchy it belongs to"),
            refers("territories", "Territory it is a part of", "parent"),
            *names("territory"),
            Column("geometry", "geometry", "Outline in WGS 84"),
        ),
    ),
    File(
        "sites",
        "Places where water is measured or regulated",
        ("code",),
        (
            code("Code of the site"),
            one_of(terms.SITE_KINDS, "What stands there"),
            *names("site"),
            *position("site"),
            Column("organisation", "text", "Who operates the site"),
            number("capacity_m3", "Volume of the reservoir at full level, m3"),
            number("dead_m3", "Volume below the lowest outlet, m3"),
            number("full_level_m", "Full supply level, m above datum", minimum=None),
            Column("datum", "text", "Height datum of its levels"),
        ),
    ),
    File(
        "series",
        "Series: one quantity from one source at one site",
        ("code",),
        (
            code("Code of the series"),
            refers("sites", "Site it is measured at", "site", required=True),
            one_of(tuple(terms.QUANTITIES), "What it measures", "quantity"),
            Column("unit", "unit", "Unit of its values as sent", required=True),
            one_of(terms.SIGNALS, "What a value stands for", "signal"),
            Column("interval_s", "number", "Nominal time step, s", positive=True),
            Column("timezone", "zone", "Zone of times without an offset"),
            Column(
                "modulus",
                "number",
                "Value at which a totaliser starts again, in its unit",
                positive=True,
            ),
            Column(
                "max_rate",
                "number",
                "Largest possible rate: of a totaliser m3 s-1, else SI units per s",
                positive=True,
            ),
            number("u_random_pct", "Random standard uncertainty, % of the value"),
            number(
                "u_systematic_pct", "Systematic standard uncertainty, % of the value"
            ),
            Column(
                "derived",
                "boolean",
                "Computed by its publisher; may be negative",
                default="false",
            ),
        ),
    ),
    File(
        "curves",
        "Curves of a site by validity: points (x, y) or segments a (x + shift - h0)^b",
        ("site", "kind", "x", "segment"),
        (
            refers("sites", "Site of the curve", "site", required=True),
            one_of(
                terms.CURVE_KINDS,
                "Level to discharge (rating), volume (storage) or surface (area)",
            ),
            *VALIDITY,
            number("x", "Level of the point, m", minimum=None),
            number("y", "Value at x: m3 s-1 (rating), m3 (storage) or m2 (area)"),
            number("segment", "Level from which the segment applies, m", minimum=None),
            Column("a", "number", "Factor of the segment, m3 s-1", positive=True),
            number("h0", "Level of zero flow of the segment, m", minimum=None),
            Column("b", "number", "Exponent of the segment", positive=True),
            number("shift", "Shift added to the level, m", minimum=None),
            number(
                "gauged_to",
                "Highest level at which the rating was gauged, m; in any row",
                minimum=None,
            ),
        ),
        version_key=("site", "kind"),
    ),
    File(
        "meter_events",
        "What happened to a meter, so that its readings can be joined",
        ("series", "time", "event"),
        (
            refers("series", "Series of the meter", "series", required=True),
            Column("time", "time", "When it happened", required=True),
            one_of(terms.METER_EVENTS, "What happened", "event"),
            number("old_reading", "Last reading before, in the unit of the series"),
            number("new_reading", "First reading after, in the unit of the series"),
        ),
    ),
    File(
        "limits",
        "Limits of quality tests that go before what sensor and history suggest",
        ("series", "test", "parameter"),
        (
            refers("series", "Series it holds for", "series", required=True),
            one_of(tuple(terms.QUALITY_TESTS), "Test", "test", grow=True),
            code("Parameter of the test, docs/methods-quality.md", "parameter"),
            number("value", "Limit, SI units; empty switches it off", minimum=None),
        ),
    ),
    File(
        "pumps",
        "Pump tests: what turns hours run or energy used into volumes",
        ("series",),
        (
            refers(
                "series",
                "Series of quantity pump_hours or energy",
                "series",
                required=True,
            ),
            Column("valid_from", "time", "Since when it holds (in)", required=True),
            VALIDITY[1],
            Column("rated_m3h", "number", "Rated flow, m3/h", positive=True),
            Column(
                "m3_per_kwh",
                "number",
                "Specific yield at the head of the test, m3/kWh",
                positive=True,
            ),
            number("u_pct", "Standard uncertainty (k=1) of the rating, %; 20 if none"),
        ),
    ),
)
