"""What every file of a country folder holds: one truth for reader, writer and tables.

Files, columns and their order, types, allowed values and references are data;
the checks, `docs/country-folder.md` and the comments in the database follow them.
"""

from __future__ import annotations

from types import MappingProxyType

from ewater import terms
from ewater.store.folder_schema import VALIDITY, Column, File

#: What an enterprise may report: the terms of the account, and what form 2-TP asks
#: besides (METHODS 1): what was used, received, and the one that enters no balance.
REPORT_ITEMS = (*terms.TERMS, "received", "use", "recirculation")


def _code(
    meaning: str,
    name: str = "code",
    *,
    required: bool = True,
    refers: str | None = None,
) -> Column:
    return Column(name, "code", meaning, required, refers=refers)


def _refers(file: str, meaning: str, name: str, *, required: bool = False) -> Column:
    return _code(meaning, name, required=required, refers=file)


def _one_of(
    allowed: tuple[str, ...],
    meaning: str,
    name: str = "kind",
    *,
    required: bool = True,
    grow: bool = False,
) -> Column:
    return Column(name, "code", meaning, required, allowed, grow=grow)


def _number(name: str, meaning: str, *, minimum: float | None = 0.0) -> Column:
    return Column(name, "number", meaning, minimum=minimum)


def _share(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, "number", meaning, required=required, minimum=0, maximum=1)


def _names(what: str, otherwise: str = "") -> tuple[Column, ...]:
    languages = {"az": "Azerbaijani", "en": "English", "ru": "Russian"}
    return tuple(
        Column(f"name_{code}", "text", f"Name of the {what} in {language}{otherwise}")
        for code, language in languages.items()
    )


def _position(what: str) -> tuple[Column, ...]:
    return (
        Column(
            "lat",
            "number",
            f"Latitude of the {what}, degrees north (WGS 84)",
            minimum=-90,
            maximum=90,
        ),
        Column(
            "lon",
            "number",
            f"Longitude of the {what}, degrees east (WGS 84)",
            minimum=-180,
            maximum=180,
        ),
    )


_FILES = (
    File(
        "calendars",
        "Calendars: where a day and a year begin",
        ("code",),
        (
            _code("Name of the calendar"),
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
            _code("Code of the territory"),
            _one_of(terms.TERRITORY_KINDS, "Hierarchy it belongs to"),
            _refers("territories", "Territory it is a part of", "parent"),
            *_names("territory"),
            Column("geometry", "geometry", "Outline in WGS 84"),
        ),
    ),
    File(
        "sites",
        "Places where water is measured or regulated",
        ("code",),
        (
            _code("Code of the site"),
            _one_of(terms.SITE_KINDS, "What stands there"),
            *_names("site"),
            *_position("site"),
            Column("organisation", "text", "Who operates the site"),
            _number("capacity_m3", "Volume of the reservoir at full level, m3"),
            _number("dead_m3", "Volume below the lowest outlet, m3"),
            _number("full_level_m", "Full supply level, m above datum", minimum=None),
            Column("datum", "text", "Height datum of its levels"),
        ),
    ),
    File(
        "series",
        "Series: one quantity from one source at one site",
        ("code",),
        (
            _code("Code of the series"),
            _refers("sites", "Site it is measured at", "site", required=True),
            _one_of(tuple(terms.QUANTITIES), "What it measures", "quantity"),
            Column("unit", "unit", "Unit of its values as sent", required=True),
            _one_of(terms.SIGNALS, "What a value stands for", "signal"),
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
            _number("u_random_pct", "Random standard uncertainty, % of the value"),
            _number(
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
            _refers("sites", "Site of the curve", "site", required=True),
            _one_of(
                terms.CURVE_KINDS,
                "Level to discharge (rating), volume (storage) or surface (area)",
            ),
            *VALIDITY,
            _number("x", "Level of the point, m", minimum=None),
            _number("y", "Value at x: m3 s-1 (rating), m3 (storage) or m2 (area)"),
            _number("segment", "Level from which the segment applies, m", minimum=None),
            Column("a", "number", "Factor of the segment, m3 s-1", positive=True),
            _number("h0", "Level of zero flow of the segment, m", minimum=None),
            Column("b", "number", "Exponent of the segment", positive=True),
            _number("shift", "Shift added to the level, m", minimum=None),
            _number(
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
            _refers("series", "Series of the meter", "series", required=True),
            Column("time", "time", "When it happened", required=True),
            _one_of(terms.METER_EVENTS, "What happened", "event"),
            _number("old_reading", "Last reading before, in the unit of the series"),
            _number("new_reading", "First reading after, in the unit of the series"),
        ),
    ),
    File(
        "limits",
        "Limits of quality tests that go before what sensor and history suggest",
        ("series", "test", "parameter"),
        (
            _refers("series", "Series it holds for", "series", required=True),
            _one_of(tuple(terms.QUALITY_TESTS), "Test", "test", grow=True),
            _code("Parameter of the test, docs/methods-quality.md", "parameter"),
            _number("value", "Limit, SI units; empty switches it off", minimum=None),
        ),
    ),
    File(
        "pumps",
        "Pump tests: what turns hours run or energy used into volumes",
        ("series",),
        (
            _refers(
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
            _number("u_pct", "Standard uncertainty (k=1) of the rating, %; 20 if none"),
        ),
    ),
    File(
        "accounts",
        "Places where water is: the nodes of the ledger",
        ("code",),
        (
            _code("Code of the account"),
            _one_of(terms.ACCOUNT_KINDS, "What holds the water"),
            _refers("territories", "Territory it lies in", "territory"),
            _refers("sites", "Site it is measured at", "site"),
            _one_of(
                terms.SECTORS,
                "Economic sector, of an account of kind economy",
                "sector",
                required=False,
            ),
            _share("share", "National share of a border water; 1 if not given"),
            *_names("account", "; that of its site if not given"),
        ),
    ),
    File(
        "account_territories",
        "Shares of accounts in territories; they add up to 1 in each hierarchy",
        ("account", "territory"),
        (
            _refers("accounts", "Account that is shared", "account", required=True),
            _refers("territories", "Territory", "territory", required=True),
            _share("share", "Part of the account in the territory", required=True),
        ),
    ),
    File(
        "flows",
        "Water that leaves one account and enters another: the edges of the ledger",
        ("code",),
        (
            _code("Code of the flow"),
            _refers("accounts", "Account it leaves", "from", required=True),
            _refers("accounts", "Account it enters", "to", required=True),
            _one_of(
                tuple(terms.TERMS),
                "Line of the account it counts in",
                "term",
                grow=True,
            ),
            _one_of(terms.SECTORS, "Sector it serves", "sector", required=False),
            Column("measured_by", "expression", "How its volume is known"),
            _number("u_pct", "Standard uncertainty (k=1), % of its volume"),
            _code("Structure it passes: turbine, ...", "structure", required=False),
            _refers("flows", "Flow that takes a negative volume", "reverse"),
            _refers("flows", "Flow with which the same water comes back", "re_enters"),
        ),
    ),
    File(
        "stocks",
        "Accounts whose stored volume is modelled",
        ("account",),
        (
            _refers("accounts", "Account that stores water", "account", required=True),
            Column("measured_by", "expression", "How its volume is known"),
        ),
    ),
    File(
        "sectors",
        "Which sector an ISIC code belongs to; finer codes roll up to it",
        ("isic",),
        (
            _code("ISIC Rev. 4 section, division, group or class", "isic"),
            _one_of(terms.SECTORS, "Sector of the account", "sector"),
        ),
    ),
    File(
        "enterprises",
        "Enterprises that report their water",
        ("code",),
        (
            _code("Code of the enterprise"),
            Column("name", "text", "Name of the enterprise"),
            _code("ISIC Rev. 4 code of its activity", "isic", required=False),
            _refers("territories", "Territory it belongs to", "territory"),
            *_position("enterprise"),
            _number("pump_m3h", "Installed pump capacity, m3/h"),
            Column(
                "notify",
                "text",
                "E-mail and https addresses for reminders, spaces between",
            ),
        ),
    ),
    File(
        "permits",
        "How much water an enterprise may take",
        ("code",),
        (
            _code("Code of the permit"),
            _refers("enterprises", "Enterprise it is given to", "enterprise"),
            _code(
                "Kind of source: surface, groundwater, ...",
                "source_kind",
                required=False,
            ),
            Column(
                "limit_m3", "number", "Volume allowed, m3", required=True, minimum=0
            ),
            _one_of(terms.PERMIT_PERIODS, "Period of the limit", "per"),
            *VALIDITY,
            _refers("sites", "Site it is taken at", "site"),
        ),
    ),
    File(
        "forms",
        "Forms that enterprises fill in, docs/reports.md; the code names the file",
        ("code",),
        (
            _code("Code of the form"),
            Column("body", "text", "The form, YAML", required=True),
        ),
    ),
    File(
        "reports",
        "What enterprises reported, every revision of it",
        (
            "enterprise",
            "period_start",
            "period_end",
            "item",
            "source",
            "purpose",
            "counterparty",
            "revision",
        ),
        (
            _refers(
                "enterprises", "Enterprise that reports", "enterprise", required=True
            ),
            Column("period_start", "time", "Start of the period (in)", required=True),
            Column("period_end", "time", "End of the period (out)", required=True),
            _one_of(REPORT_ITEMS, "What is reported", "item", grow=True),
            Column(
                "value",
                "number",
                "Volume in unit; 0 is an explicit nil, empty a refusal",
                minimum=0,
            ),
            Column("unit", "unit", "Unit of the value, of a volume", required=True),
            _code("Source the water comes from", "source", required=False),
            _code("Purpose it was used for", "purpose", required=False),
            _one_of(terms.REPORT_STATUSES, "Where the review stands", "status"),
            _refers("enterprises", "Enterprise on the other side", "counterparty"),
            Column(
                "revision",
                "number",
                "0 is the first report, a higher one replaces it",
                minimum=0,
                whole=True,
                default="0",
            ),
            _share("metered", "Part of the value that is metered; empty: not said"),
        ),
        additive=True,
    ),
    File(
        "published",
        "Figures published by somebody else: comparison lines, never inputs",
        ("territory", "year", "item", "source"),
        (
            _refers(
                "territories", "Territory it speaks of", "territory", required=True
            ),
            Column("year", "text", "Year or years as published", required=True),
            _code("What it says", "item"),
            Column("value", "number", "Figure in unit", required=True),
            Column("unit", "text", "Unit of the figure as published", required=True),
            Column("source", "text", "Who published it, where", required=True),
            Column("note", "text", "What to know before comparing"),
        ),
    ),
    File(
        "treaties",
        "What treaties grant of border waters, and what is normal: comparison lines, "
        "never inputs",
        ("code",),
        (
            _code("Code of the grant or normal"),
            _refers("accounts", "Neighbour; of all together if empty", "neighbour"),
            _refers("flows", "Single flow of the neighbour it is of", "flow"),
            _one_of(terms.TREATY_WAYS, "Which way the water goes", "way"),
            _one_of(terms.TREATY_KINDS, "What the figure is"),
            Column("value", "number", "Figure in unit", required=True, minimum=0),
            Column(
                "unit",
                "unit",
                "A rate, or a volume, which is that of a year",
                required=True,
            ),
            Column("source", "text", "Who says so, where", required=True),
            Column("note", "text", "What to know before comparing"),
        ),
    ),
    File(
        "views",
        "Views of the country's own, docs/views.md; the code names file and view",
        ("code",),
        (
            _code("Code of the view"),
            Column("body", "text", "The view, YAML", required=True),
        ),
    ),
    File(
        "view_inputs",
        "What views need and no flow holds: population, value added, required flows",
        ("item", "territory", "year"),
        (
            _code("Input of a view", "item"),
            _refers("territories", "Territory it is of", "territory", required=True),
            Column("year", "text", "A year, or long-term", required=True),
            Column("value", "number", "Figure in unit", required=True),
            Column("unit", "text", "Unit of the figure", required=True),
            _number("u_pct", "Standard uncertainty (k=1), % of the value; 0 if none"),
            Column("source", "text", "Who says so, where", required=True),
            Column("note", "text", "What to know of it"),
        ),
    ),
    File(
        "alert_rules",
        "What is watched, from where on a person is told, and who that is",
        ("code",),
        (
            _code("Code of the rule"),
            _one_of(tuple(terms.ALERT_KINDS), "What is watched", grow=True),
            _refers("series", "Series that is watched", "series"),
            _refers("permits", "Permit that is watched", "permit"),
            _refers("territories", "Territory whose account is watched", "territory"),
            *(
                _number(name, meaning, minimum=None)
                for name, meaning in (
                    ("above", "Raised from here upwards, in the unit of the kind"),
                    ("below", "Raised from here downwards, in the unit of the kind"),
                    ("clear", "Ends when it has come back to here; the same if empty"),
                )
            ),
            _number("hold_h", "Hours that it must last, to be raised and to end"),
            _one_of(terms.ALERT_SEVERITIES, "How grave it is", "severity"),
            Column("notify", "text", "E-mail and https addresses, spaces between"),
            *_names("rule"),
        ),
    ),
    File(
        "notices",
        "What every output must say, for example that telemetry is simulated",
        ("code",),
        (
            _code("Code of the notice"),
            Column("text_az", "text", "The notice in Azerbaijani"),
            Column("text_en", "text", "The notice in English", required=True),
            Column("text_ru", "text", "The notice in Russian"),
        ),
    ),
)

FILES = MappingProxyType({file.name: file for file in _FILES})
