"""All reservoirs: what is in them, what comes and goes, and how long it lasts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import totals
from ewater.dashboard.exhibits import Column, Exhibit, Facts, Link, Sheet
from ewater.dashboard.figures.fullness import Fullness
from ewater.dashboard.figures.fullness import fullness as drawn
from ewater.dashboard.figures.parts import said
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.series import chosen as series_page
from ewater.dashboard.questions import stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.answers import Flow, Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Row = dict[str, Any]

PATH = "/reservoirs"
_LATE = 3.0  # intervals [D]
_DAY = 86_400.0
_PARTS = {
    "dead": mark("dead volume"),
    "live": mark("live storage"),
    "usual": mark("same day of past years: median, 10 to 90 %"),
}


def ask(reader: CachedReader, state: State) -> list[Row]:
    """Ask what every reservoir of the territory holds at the end of the period."""
    found: list[Row] = reader.ask(
        stored.reservoirs,
        state.end - dt.timedelta(days=1),
        state.territory,
        state.calendar,
        state.as_of,
    )
    return found


def name_of(row: Mapping[str, Any], lang: Language) -> str:
    """Name of a reservoir, else its code."""
    return lang.pick(row, "name_") or str(row["site"])


def rows_of(reader: CachedReader, state: State, lang: Language) -> list[Row]:
    """Rows of the table, the fullest first and the unknown last; without the total."""
    flows = reader.flows(state.territory, *state.question)
    days = (state.end - state.start).days
    rows = [_row(one, flows, days, state, lang) for one in ask(reader, state)]
    return sorted(
        rows, key=lambda r: (r["full"] is None, -(r["full"] or 0.0), r["code"])
    )


def _row(
    one: Row, flows: Sequence[Flow], days: int, state: State, lang: Language
) -> Row:
    share, account = one["share"], one["account"]
    volume = None if one["stored"] is None else share * one["stored"]
    capacity = None if one["capacity"] is None else share * one["capacity"]
    dead = None if one["dead"] is None else share * one["dead"]
    inflow = totals.add([totals.of_flow(f) for f in flows if f["to"] == account])
    outflow = totals.add([totals.of_flow(f) for f in flows if f["from"] == account])
    past = one["past"] and [share * value for value in one["past"][:5]]
    return {
        "code": one["site"],
        "name": Link(
            name_of(one, lang), PATH + state.with_more("reservoir", one["site"]).query()
        ),
        "plain": name_of(one, lang),
        "stored": known_of(
            volume,
            None if one["u"] is None else share * one["u"],
            one["series"] or one["site"],
        ),
        "capacity": capacity,
        "dead": dead,
        "full": _ratio(volume, capacity),
        "live": _ratio(_less(volume, dead), _less(capacity, dead)),
        "dead_share": _ratio(dead, capacity),
        "past": past and [_ratio(value, capacity) for value in past[1:4]],
        "median": past[2] if past else None,
        "change": None if volume is None or not past else volume / past[2] - 1,
        "years": one["past"][5] if one["past"] else None,
        "inflow": inflow,
        "outflow": outflow,
        "days": _days_of_supply(_less(volume, dead), outflow, days),
        "level": one["level"],
        "full_level": one["full_level"],
        "last": None
        if one["time"] is None
        else dt.datetime.fromtimestamp(one["time"] / 1e6, dt.UTC),
        "fresh": fresh(one, lang),
        "series": one["series"]
        and Link(one["series"], series_page.to_series(state, one["series"])),
        "share": share,
    }


def known_of(volume: float | None, u: float | None, said_by: str) -> Quantity:
    """Give what is stored as a quantity; it is read off an instrument or unknown."""
    known = volume is not None
    status = "measured" if known else "unknown"
    return {
        "value": volume,
        "known": volume,
        "missing": [] if known else [said_by],
        "u": u,
        "coverage": 1.0 if known else 0.0,
        "status": status,
        "status_shares": {status: 1.0},
    }


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _less(value: float | None, dead: float | None) -> float | None:
    return None if value is None or dead is None else value - dead


def _days_of_supply(live: float | None, outflow: Quantity, days: int) -> float | None:
    """Days until the dead volume, were nothing to come and as much to go on going."""
    gone = outflow["value"]
    if live is None or gone is None or gone <= 0:
        return None
    return max(live, 0.0) / (gone / days)


def fresh(one: Row, lang: Language) -> str:
    """Say how old the last reading is, and mark one that is overdue."""
    if one["age_s"] is None:
        return "✕ " + lang.gettext("no reading for a month")
    age = series_page.duration(max(one["age_s"], 0.0), lang)
    late = one["interval_s"] and one["age_s"] > _LATE * one["interval_s"]
    return f"▲ {age}" if late else f"● {age}"


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Every reservoir and their total."""
    say = lang.gettext
    rows = rows_of(reader, state, lang)
    columns = (
        Column("name", say("Reservoir")),
        Column("stored", say("Storage"), kind="quantity"),
        Column("capacity", say("Capacity"), kind="volume", where="file"),
        Column("dead", say("Dead volume"), kind="volume", where="file"),
        Column("full", say("Full"), kind="share"),
        Column("live", say("Live part"), kind="share"),
        Column("median", say("Same day, median"), kind="volume"),
        Column("change", say("Against median"), kind="change"),
        Column("years", say("Past years"), kind="number", digits=0, where="file"),
        Column("inflow", say("Inflow"), kind="quantity"),
        Column("outflow", say("Outflow"), kind="quantity"),
        Column("days", say("Days of supply"), kind="number", digits=0),
        Column("level", say("Level"), "m", "number", digits=2),
        Column("full_level", say("Full level"), "m", "number", digits=2, where="file"),
        Column("inflow", say("Coverage"), kind="covered"),
        Column("fresh", say("Last reading before")),
        Column("series", say("Series")),
    )
    end = state.end - dt.timedelta(days=1)
    notes = [
        say("Storage, level and share are those of the end of {day}.").format(
            day=lang.day(end)
        ),
        say(
            "Days of supply: live storage over the mean outflow of the period, "
            "evaporation included, were nothing to flow in."
        ),
        say("Of border reservoirs, storage and capacity are the national share."),
        say("● in time, ▲ more than three intervals old, ✕ none for 31 days."),
    ]
    return Sheet(
        say("All reservoirs"),
        columns,
        [*rows, _total(rows, lang)] if rows else [],
        notes=notes,
        gaps=[row["code"] for row in rows if row["full"] is None],
        empty=say("No reservoir of yours lies in this territory."),
        facts=Facts(unit=f"{fmt.UNIT}, %"),
        data=rows,
    )


def _total(rows: Sequence[Row], lang: Language) -> Row:
    """Sum of all; a share only where every reservoir is known."""
    whole = totals.add([row["stored"] for row in rows])
    capacity = _sum(rows, "capacity")
    dead = _sum(rows, "dead")
    return {
        "name": lang.gettext("All reservoirs"),
        "stored": whole,
        "capacity": capacity,
        "dead": dead,
        "full": _ratio(whole["value"], capacity),
        "live": _ratio(_less(whole["value"], dead), _less(capacity, dead)),
        "total": True,
    }


def _sum(rows: Sequence[Row], key: str) -> float | None:
    values = [row[key] for row in rows]
    return None if None in values else float(sum(values))


HEIGHT = 560  # pixels


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Rank the reservoirs by how full they are."""
    if all(row["full"] is None for row in shown.data):
        words = lang.gettext("No storage is known at this time; see the table.")
        return said(words, theme=state.theme, lang=lang, height=HEIGHT)
    bars = [
        Fullness(
            name=row["plain"],
            full=row["full"],
            dead=row["dead_share"],
            past=None
            if not row["past"] or None in row["past"]
            else (row["past"][0], row["past"][1], row["past"][2]),
            hover="<br>".join(
                (
                    fmt.told(row["stored"], lang),
                    fmt.percent(row["full"], lang),
                    row["fresh"],
                )
            ),
        )
        for row in shown.data
    ]
    parts = {name: lang.gettext(text) for name, text in _PARTS.items()}
    return drawn(bars, parts, theme=state.theme, lang=lang)


ALL = Exhibit(
    "all",
    mark("All reservoirs"),
    mark("The fullest first. A name leads to its storage through the year."),
    "all",
    sheet,
    chart,
    height=HEIGHT,
)
