"""Files of what others report, publish or agree on, and of what is asked of it."""

from __future__ import annotations

from ewater import terms
from ewater.store.folder_columns import (
    code,
    names,
    number,
    one_of,
    position,
    refers,
    share,
)
from ewater.store.folder_schema import VALIDITY, Column, File

#: What an enterprise may report: the terms of the account, and what form 2-TP asks
#: besides (METHODS 1): what was used, received, and the one that enters no balance.
REPORT_ITEMS = (*terms.TERMS, "received", "use", "recirculation")

FILES = (
    File(
        "enterprises",
        "Enterprises that report their water",
        ("code",),
        (
            code("Code of the enterprise"),
            Column("name", "text", "Name of the enterprise"),
            code("ISIC Rev. 4 code of its activity", "isic", required=False),
            refers("territories", "Territory it belongs to", "territory"),
            *position("enterprise"),
            number("pump_m3h", "Installed pump capacity, m3/h"),
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
            code("Code of the permit"),
            refers("enterprises", "Enterprise it is given to", "enterprise"),
            code(
                "Kind of source: surface, groundwater, ...",
                "source_kind",
                required=False,
            ),
            Column(
                "limit_m3", "number", "Volume allowed, m3", required=True, minimum=0
            ),
            one_of(terms.PERMIT_PERIODS, "Period of the limit", "per"),
            *VALIDITY,
            refers("sites", "Site it is taken at", "site"),
        ),
    ),
    File(
        "forms",
        "Forms that enterprises fill in, docs/reports.md; the code names the file",
        ("code",),
        (
            code("Code of the form"),
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
            refers(
                "enterprises", "Enterprise that reports", "enterprise", required=True
            ),
            Column("period_start", "time", "Start of the period (in)", required=True),
            Column("period_end", "time", "End of the period (out)", required=True),
            one_of(REPORT_ITEMS, "What is reported", "item", grow=True),
            Column(
                "value",
                "number",
                "Volume in unit; 0 is an explicit nil, empty a refusal",
                minimum=0,
            ),
            Column("unit", "unit", "Unit of the value, of a volume", required=True),
            code("Source the water comes from", "source", required=False),
            code("Purpose it was used for", "purpose", required=False),
            one_of(terms.REPORT_STATUSES, "Where the review stands", "status"),
            refers("enterprises", "Enterprise on the other side", "counterparty"),
            Column(
                "revision",
                "number",
                "0 is the first report, a higher one replaces it",
                minimum=0,
                whole=True,
                default="0",
            ),
            share("metered", "Part of the value that is metered; empty: not said"),
        ),
        additive=True,
    ),
    File(
        "published",
        "Figures published by somebody else: comparison lines, never inputs",
        ("territory", "year", "item", "source"),
        (
            refers("territories", "Territory it speaks of", "territory", required=True),
            Column("year", "text", "Year or years as published", required=True),
            code("What it says", "item"),
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
            code("Code of the grant or normal"),
            refers("accounts", "Neighbour; of all together if empty", "neighbour"),
            refers("flows", "Single flow of the neighbour it is of", "flow"),
            one_of(terms.TREATY_WAYS, "Which way the water goes", "way"),
            one_of(terms.TREATY_KINDS, "What the figure is"),
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
            code("Code of the view"),
            Column("body", "text", "The view, YAML", required=True),
        ),
    ),
    File(
        "view_inputs",
        "What views need and no flow holds: population, value added, required flows",
        ("item", "territory", "year"),
        (
            code("Input of a view", "item"),
            refers("territories", "Territory it is of", "territory", required=True),
            Column("year", "text", "A year, or long-term", required=True),
            Column("value", "number", "Figure in unit", required=True),
            Column("unit", "text", "Unit of the figure", required=True),
            number("u_pct", "Standard uncertainty (k=1), % of the value; 0 if none"),
            Column("source", "text", "Who says so, where", required=True),
            Column("note", "text", "What to know of it"),
        ),
    ),
    File(
        "alert_rules",
        "What is watched, from where on a person is told, and who that is",
        ("code",),
        (
            code("Code of the rule"),
            one_of(tuple(terms.ALERT_KINDS), "What is watched", grow=True),
            refers("series", "Series that is watched", "series"),
            refers("permits", "Permit that is watched", "permit"),
            refers("territories", "Territory whose account is watched", "territory"),
            *(
                number(name, meaning, minimum=None)
                for name, meaning in (
                    ("above", "Raised from here upwards, in the unit of the kind"),
                    ("below", "Raised from here downwards, in the unit of the kind"),
                    ("clear", "Ends when it has come back to here; the same if empty"),
                )
            ),
            number("hold_h", "Hours that it must last, to be raised and to end"),
            one_of(terms.ALERT_SEVERITIES, "How grave it is", "severity"),
            Column("notify", "text", "E-mail and https addresses, spaces between"),
            *names("rule"),
        ),
    ),
    File(
        "notices",
        "What every output must say, for example that telemetry is simulated",
        ("code",),
        (
            code("Code of the notice"),
            Column("text_az", "text", "The notice in Azerbaijani"),
            Column("text_en", "text", "The notice in English", required=True),
            Column("text_ru", "text", "The notice in Russian"),
        ),
    ),
)
