"""How much was observed, month by month, and which series are overdue."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from ewater.dashboard.exhibits import Column, Exhibit, Facts, Link, Sheet, reasons
from ewater.dashboard.figures.heat import heat
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import SITE_KINDS
from ewater.dashboard.pages.series import chosen
from ewater.dashboard.questions import covered
from ewater.dashboard.reading_labels import QUANTITIES, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Row = dict[str, Any]

_SHOWN = 40  # sites of the chart, the least observed
MONTHS = 12
_LISTED = 60  # rows; a page of thousands of links is slow


def sites(reader: CachedReader, state: State) -> list[Row]:
    """Share of the year that each site was observed, by month; the least first."""
    first = dt.date(state.year, state.first_month, 1)
    last = dt.date(state.year + 1, state.first_month, 1)
    found = reader.ask(covered.coverage, first, last, state.calendar)
    rows: dict[str, Row] = {}
    for one in found:
        row = rows.setdefault(
            one["site"],
            {**one, "months": [None] * MONTHS, "due": 0.0, "seen": 0.0},
        )
        place = (one["month"].month - state.first_month) % MONTHS
        row["months"][place] = one["seen_s"] / one["due_s"] if one["due_s"] else None
        row["due"] += one["due_s"]
        row["seen"] += one["seen_s"]
    for row in rows.values():
        row["share"] = row["seen"] / row["due"] if row["due"] else None
    return sorted(rows.values(), key=lambda r: (r["share"] or 0.0, r["site"]))


def months_of(state: State, lang: Language) -> list[str]:
    """Names of the months of the year shown."""
    return [lang.month((state.first_month - 1 + n) % MONTHS + 1) for n in range(MONTHS)]


def coverage_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Every site with its months."""
    say = lang.gettext
    found = sites(reader, state)
    rows = [
        {
            "name": lang.pick(row, "name_") or row["site"],
            "series": Link(
                row["first_series"], chosen.to_series(state, row["first_series"])
            ),
            "kind": word(SITE_KINDS, row["kind"], lang),
            "share": row["share"],
            **{f"m{n}": share for n, share in enumerate(row["months"])},
        }
        for row in found
    ]
    columns = (
        Column("name", say("Site")),
        Column("series", say("Series")),
        Column("kind", say("Kind of site")),
        Column("share", say("Year"), kind="share"),
        *(
            Column(f"m{n}", name, kind="share", digits=0)
            for n, name in enumerate(months_of(state, lang))
        ),
    )
    due, seen = (sum(row[key] for row in found) for key in ("due", "seen"))
    return Sheet(
        say("Coverage by site and month"),
        columns,
        rows,
        notes=[
            say(
                "Observed share of the time that was due: all series of a site, each "
                "from its first reading until a year after its last. Failed and "
                "missing readings do not count."
            ),
            say("The chart shows the {count} sites that were observed least.").format(
                count=lang.number(min(_SHOWN, len(rows)))
            ),
        ],
        empty=say("No series of yours was due in this year."),
        facts=Facts(coverage=seen / due if due else None),
        data=found,
        most=_LISTED,
    )


def coverage_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the sites that were observed least."""
    least = shown.data[:_SHOWN]
    return heat(
        [f"{lang.pick(row, 'name_') or row['site']} ({row['site']})" for row in least],
        months_of(state, lang),
        [row["months"] for row in least],
        title=lang.gettext("Coverage"),
        theme=state.theme,
        lang=lang,
    )


def latency_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Every series with its last reading, the most overdue first."""
    say = lang.gettext
    at = state.as_of or this_hour().isoformat()
    found = reader.ask(covered.latency, at)
    rows = [
        {
            "name": chosen.site_name(row, lang),
            "series": Link(row["code"], chosen.to_series(state, row["code"])),
            "quantity": word(QUANTITIES, row["quantity"], lang),
            "organisation": row["organisation"],
            "last": row["last_time"],
            "interval": _duration(row["interval_s"], lang),
            "age": _duration(row["age_s"], lang),
            "late": _verdict(row, lang),
            "behind": _duration(row["behind_s"], lang),
            "readings": row["readings"] and int(row["readings"]),
        }
        for row in found
    ]
    late = sum(1 for row in found if row["late"] is None or row["late"] > covered.LATE)
    columns = (
        Column("name", say("Site")),
        Column("series", say("Series")),
        Column("quantity", say("Quantity")),
        Column("organisation", say("Organisation"), where="file"),
        Column("late", say("State")),
        Column("last", say("Last reading"), kind="time"),
        Column("interval", say("Expected every")),
        Column("age", say("Age")),
        Column("behind", say("Behind the newest")),
        Column("readings", say("Readings"), kind="number", digits=0, where="file"),
    )
    return Sheet(
        say("Last readings"),
        columns,
        rows,
        notes=[
            say("{late} of {count} series are overdue: by more than {n} intervals.")
            .replace("{late}", lang.number(late))
            .replace("{count}", lang.number(len(rows)))
            .replace("{n}", lang.number(covered.LATE)),
            say("Behind the newest: behind the newest reading of any series of yours."),
        ],
        empty=say("No series of yours is registered."),
        most=_LISTED,
    )


def this_hour() -> dt.datetime:
    """Give the present, by the hour, so that an answer serves for as long."""
    return dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)


def _duration(seconds: float | None, lang: Language) -> str | None:
    if seconds is None:
        return None
    return chosen.duration(max(seconds, 0.0), lang)


def _verdict(row: Mapping[str, Any], lang: Language) -> str:
    """Say whether a series is in time, with a sign besides."""
    say = lang.gettext
    if row["last_time"] is None:
        return "✕ " + say("never read")
    if row["late"] is None:
        return "○ " + say("not due at any time")
    if row["late"] > covered.LATE:
        return "▲ " + say("overdue")
    return "● " + say("in time")


COVERAGE = Exhibit(
    "coverage",
    mark("Coverage by site and month"),
    mark("The least observed first. Blank: nothing was due."),
    "coverage",
    coverage_sheet,
    coverage_chart,
    height=690,
    without=reasons.ITSELF,
)
LATENCY = Exhibit(
    "latency",
    mark("Last readings"),
    mark("The most overdue first, by the interval in which a reading is expected."),
    "latency",
    latency_sheet,
    without=reasons.RECORDS,
)
