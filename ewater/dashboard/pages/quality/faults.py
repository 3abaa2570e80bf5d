"""What was refused, what is doubted, what waits, and what to mend first."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import known_by, totals, view
from ewater.dashboard.components import segments
from ewater.dashboard.exhibits import Column, Exhibit, Facts, Link, Sheet, reasons
from ewater.dashboard.i18n import mark
from ewater.dashboard.naming import account_names
from ewater.dashboard.pages.quality.times import this_hour
from ewater.dashboard.pages.series import chosen
from ewater.dashboard.questions import doubted, refused, waiting
from ewater.dashboard.questions.network import network
from ewater.dashboard.reading_labels import EVENTS, REASONS, SHOWS, word
from ewater.dashboard.theme import axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_ENOUGH = 0.95  # METHODS 2: below, a cell is an estimate
_DRAWN = 15
_LONGEST = 44  # characters of a name on the axis
FIGURES = MappingProxyType(
    {
        "residual": mark("Residual"),
        "inflow": mark("Inflow"),
        "outflow": mark("Outflow"),
        "use": mark("Use"),
    }
)
_FIGURE = mark("Figure that is to be known better")
_WAITS = MappingProxyType(
    {
        "judge": mark("readings to be judged again"),
        "sum": mark("days to be summed"),
    }
)


def rejects_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Rejected rows of a year of loads, by source and reason."""
    say = lang.gettext
    until = dt.datetime.fromisoformat(state.as_of) if state.as_of else this_hour()
    until = until + dt.timedelta(hours=0 if state.as_of else 1)
    since = until - dt.timedelta(days=366)
    found = reader.ask(refused.rejects, since.isoformat(), until.isoformat())
    rows = [
        {
            **row,
            "words": word(REASONS, row["reason"], lang)
            if row["reason"] in REASONS
            else row["reason"],
        }
        for row in found
    ]
    columns = (
        Column("source", say("Source")),
        Column("words", say("Reason")),
        Column("rows", say("Rows"), kind="number", digits=0),
        Column("held", say("Waiting"), kind="number", digits=0),
        Column("resolved", say("Loaded since"), kind="number", digits=0),
        Column("loads", say("Loads"), kind="number", digits=0),
        Column("newest", say("Newest"), kind="time"),
        Column("example", say("For example"), kind="aside"),
    )
    return Sheet(
        say("Rejected rows"),
        columns,
        rows,
        notes=[say("Of loads of the last 366 days; `ewater rejects` lists each row.")],
        calm=say("No row was rejected in the last 366 days."),
    )


def suspects_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Meters that the reconciliation of months set aside."""
    say = lang.gettext
    found = reader.ask(
        doubted.suspects, state.territory, state.start, state.end, state.basis
    )
    rows = [
        {
            "source": row["source"],
            "series": _first(row["series"], state),
            "months": ", ".join(month[:7] for month in row["months"]),
            "count": len(row["months"]),
            "z": row["z"],
            "alike": ", ".join(row["alike"]),
        }
        for row in found
    ]
    columns = (
        Column("source", say("Measurement"), kind="code"),
        Column("series", say("Series")),
        Column("count", say("Months"), kind="number", digits=0),
        Column("z", "z", kind="number", digits=1, note=say("Largest statistic")),
        Column("months", say("Which")),
        Column("alike", say("Cannot be told from"), kind="aside"),
    )
    return Sheet(
        say("Suspicious meters"),
        columns,
        rows,
        notes=[
            say(
                "Measurement test of the reconciliation, month by month: what had to "
                "be set aside for the ledger to close. Any of those that cannot be "
                "told apart may be wrong."
            )
        ],
        calm=say("The ledger closes in every month of the period, as far as tested."),
    )


def events_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Suspected meter events, and readings, that wait."""
    say = lang.gettext
    found = reader.ask(waiting.events)
    rows = [
        {
            "what": say("meter event {number}").format(number=row["id"]),
            "series": Link(
                row["series"],
                chosen.address(
                    state,
                    series=row["series"],
                    day=row["after"].date().isoformat(),
                    at="",
                ),
            ),
            "shows": word(SHOWS, row["shows"], lang),
            "events": " / ".join(word(EVENTS, e, lang) for e in row["events"]),
            "when": row["after"],
            "lower": row["lower_m3"],
            "upper": row["upper_m3"],
        }
        for row in found
    ]
    rows += [
        {
            "what": word(_WAITS, row["what"], lang),
            "series": Link(row["code"], chosen.to_series(state, row["code"])),
            "shows": say("{count} spans").format(count=lang.number(row["spans"])),
            "when": row["last_time"],
        }
        for row in reader.ask(waiting.due)
    ]
    columns = (
        Column("what", say("Waits")),
        Column("series", say("Series")),
        Column("shows", say("Because")),
        Column("events", say("Probably")),
        Column("when", say("When"), kind="time"),
        Column("lower", say("At least"), kind="volume"),
        Column("upper", say("At most"), kind="volume"),
    )
    return Sheet(
        say("Waiting"),
        columns,
        rows,
        notes=[
            say("`ewater events accept` or `dismiss` decides on a meter event."),
            say("What is to be judged or summed is done by the next load or worker."),
        ],
        calm=say("Nothing waits."),
    )


def mend_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Rank what makes a figure of the account uncertain."""
    say = lang.gettext
    figure = state.pick("figure", FIGURES)
    found = reader.ask(
        doubted.uncertain,
        f"balance.{figure}",
        state.territory,
        state.start,
        state.end,
        state.boundary,
        state.basis,
    )
    ends = account_names(
        reader.ask(network, state.territory, *state.question)["nodes"],
        view.geography(reader),
        lang,
    )
    rows = [
        {
            "name": source_name(row, ends, lang),
            "source": row["source"],
            "series": _first(row["series"], state),
            "share": row["share"],
            "status": row["status"],
            "coverage": row["coverage"],
            "advice": advice(row, lang),
            "how": known_by.way(row["measured_by"], lang),
            "way": row["measured_by"],
            "cell": f"balance.{figure}",
        }
        for row in found["rows"]
        if row["share"] is not None
    ]
    columns = (
        Column("name", say("Source")),
        Column("source", say("Code"), kind="code"),
        Column("series", say("Series")),
        Column("share", say("Share of the variance"), kind="share"),
        Column("status", say("Status"), kind="status"),
        Column("coverage", say("Coverage"), kind="share"),
        Column("advice", say("What would help")),
        Column("how", say("Known by"), kind="aside"),
        Column("way", say("Code of how it is known"), where="file"),
    )
    rests = totals.rests_on(view.load(reader, state).period, figure)
    notes = [
        say("Share of the variance of the figure; all sources together make 100 %."),
        say("Coverage and status are those of the figure; each row has its source's."),
    ]
    if found["rest"] is not None:
        notes.append(
            say("Not listed: {share}.").format(share=fmt.percent(found["rest"], lang))
        )
    return Sheet(
        say("What to mend first"),
        columns,
        rows,
        notes=notes,
        empty=say("The uncertainty of this figure is not known."),
        facts=Facts(
            uncertainty=f"{fmt.expanded(found['u'], lang)} {fmt.UNIT} (95 %)",
            coverage=rests["coverage"],
            statuses=rests["status_shares"],
        ),
    )


def source_name(row: Mapping[str, Any], ends: Mapping[str, str], lang: Language) -> str:
    """Name a source: where it is measured, or between which accounts it flows.

    ``ends`` names accounts by code; what has no name is told by its code.
    """
    kind, _, code = row["source"].partition(":")
    if kind == "series" and (place := lang.pick(row["names"], "name_")):
        return f"{place} ({code})"
    giver, taker, *more = [*code.split(":"), ""][:3]
    if kind == "flow" and giver in ends and taker in ends:
        named = f"{ends[giver]} → {ends[taker]}"
        return f"{named} ({code})" if any(more) else named
    return str(row["source"])


def advice(row: Mapping[str, Any], lang: Language) -> str:
    """Say what would make a source better known.

    Nothing measures it; or gaps; or the instrument itself.
    """
    say = lang.gettext
    if row["status"] not in ("measured", None):
        return say("measure it")
    if row["coverage"] is not None and row["coverage"] < _ENOUGH:
        return say("close the gaps")
    return say("calibrate: gaugings, curve or meter")


def mend_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the largest shares."""
    rows = list(reversed(shown.rows[:_DRAWN]))
    colours = palette(state.theme)
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": [row["source"] for row in rows],
                "x": [100 * row["share"] for row in rows],
                "marker": {"color": colours["accent"]},
                "customdata": [[row["name"], row["advice"]] for row in rows],
                "hovertemplate": "<b>%{customdata[0]}</b><br>%{x:.1f} %"
                "<br>%{customdata[1]}"
                "<extra></extra>",
            }
        ],
        "layout": {
            **base_layout(state.theme, lang),
            "bargap": 0.35,
            "xaxis": axis(state.theme, ticksuffix=" %"),
            "yaxis": axis(
                state.theme,
                type="category",
                tickmode="array",
                tickvals=[row["source"] for row in rows],
                ticktext=[fmt.shortened(row["name"], _LONGEST) for row in rows],
                gridcolor=colours["surface"],
                ticksuffix="  ",
            ),
        },
    }


def controls(state: State, lang: Language) -> list[Any]:
    """Which figure of the account is to be known better."""
    picked = state.pick("figure", FIGURES)
    return [segments("figure", picked, FIGURES, lang, _FIGURE)]


def _first(series: list[str], state: State) -> Link | None:
    """Lead to the series that a source rests on first."""
    return Link(series[0], chosen.to_series(state, series[0])) if series else None


REJECTS = Exhibit(
    "rejects",
    mark("Rejected rows"),
    mark("By source and reason, the most first."),
    "rejects",
    rejects_sheet,
    without=reasons.RECORDS,
)
SUSPECTS = Exhibit(
    "suspects",
    mark("Suspicious meters"),
    mark("What the other measurements contradict."),
    "suspects",
    suspects_sheet,
    without=reasons.TESTED,
)
WAITING = Exhibit(
    "waiting",
    mark("Waiting"),
    mark("For a person to decide, or to be worked off."),
    "waiting",
    events_sheet,
    without=reasons.RECORDS,
)
MEND = Exhibit(
    "mend",
    mark("What to mend first"),
    mark("What makes the figure uncertain, the largest share first."),
    "mend",
    mend_sheet,
    mend_chart,
    height=420,
    controls=controls,
)
