"""Exhibits of the page: what is open, what has been, and the rules."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any

from ewater.dashboard import view
from ewater.dashboard.exhibits import Column, Exhibit, Sheet, reasons
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.alerts import words
from ewater.dashboard.questions import alerts as asked
from ewater.dashboard.reading_labels import word
from ewater.dashboard.theme import axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Row = Mapping[str, Any]

_YEAR = 12
_FEW = 8  # alerts of a month: each has a line of its own
_COLOURS = {"danger": "bad", "warning": "watch", "notice": "accent"}


def open_alerts(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List alerts that have not ended."""
    say = lang.gettext
    found = [row for row in reader.look(asked.alerts) if row["ended_at"] is None]
    columns = (
        *_heads(lang),
        Column("raised_at", say("Since"), kind="time"),
        Column("person", say("Acknowledged by")),
        Column("note", say("Note"), kind="aside"),
    )
    rows = [
        _common(row, reader, state, lang)
        | {
            "raised_at": row["raised_at"],
            "person": _person(row, lang),
            "note": row["note"],
        }
        for row in found
    ]
    why = say("No rule has an alert that is open.")
    return Sheet(say("Open alerts"), columns, rows, calm=why)


def past_alerts(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List alerts that ended, of the last 1,000 days."""
    say = lang.gettext
    found = reader.look(asked.alerts)
    columns = (
        *_heads(lang),
        Column("raised_at", say("From"), kind="time"),
        Column("ended_at", say("Until"), kind="time"),
        Column("because", say("Ended"), kind="aside"),
        Column("person", say("Acknowledged by")),
        Column("note", say("Note"), kind="aside"),
    )
    rows = [
        _common(row, reader, state, lang)
        | {
            "raised_at": row["raised_at"],
            "ended_at": row["ended_at"],
            "because": word(words.BECAUSE, row["ended_because"], lang),
            "person": _person(row, lang),
            "note": row["note"],
        }
        for row in found
        if row["ended_at"] is not None
    ]
    why = say("No alert has ended in the last 1,000 days.")
    return Sheet(say("Past alerts"), columns, rows, calm=why, data=found)


def months(sheet: Sheet, state: State, lang: Language) -> dict[str, Any] | None:
    """Draw how many alerts were raised in each month."""
    if not sheet.data:
        return None
    colours = palette(state.theme)
    count = Counter(
        (r["raised_at"].strftime("%Y-%m-01"), r["severity"]) for r in sheet.data
    )
    names = sorted({month for month, _ in count})
    most = max(Counter(m for (m, _), n in count.items() for _ in range(n)).values())
    data = [
        {
            "type": "bar",
            "name": words.severity(severity, lang),
            "x": names,
            "y": [count.get((month, severity), 0) for month in names],
            "marker": {"color": colours[_COLOURS[severity]]},
            "hovertemplate": f"%{{y}}<extra>{words.severity(severity, lang)}</extra>",
            "xperiod": "M1",
        }
        for severity in words.SEVERITIES
    ]
    layout = base_layout(state.theme, lang)
    layout |= {
        "barmode": "stack",
        "xaxis": axis(
            state.theme,
            type="date",
            dtick="M1" if _months(names) <= _YEAR else "M3",
            tickformat=lang.drawn("%m.%Y"),
            ticklabelmode="period",
        ),
        "yaxis": axis(
            state.theme,
            title={"text": lang.gettext("Alerts raised"), "font": {"size": 11}},
            **({"dtick": 1} if most <= _FEW else {}),
        ),
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.02, "x": 0, "yanchor": "bottom"},
        "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
    }
    return {"data": data, "layout": layout}


def _months(names: list[str]) -> int:
    """Months from the first day of one to that of another, ISO 8601."""
    first, last = (dt.date.fromisoformat(name) for name in (names[0], names[-1]))
    return 12 * (last.year - first.year) + last.month - first.month


def rules(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List the rules and where each stands."""
    say = lang.gettext
    columns = (
        *_heads(lang, value=False),
        Column("state", say("Stands")),
        Column("value", say("Last value")),
        Column("seen_to", say("Seen up to"), kind="time"),
        Column("hold", say("Hours it must last"), kind="number", digits=1),
        Column("not_sent", say("Messages not sent"), kind="number", digits=0),
    )
    rows = [
        _common(row, reader, state, lang)
        | {
            "state": word(words.STATES, row["state"], lang),
            "value": words.amount(row["value"], row["kind"], lang),
            "seen_to": row["seen_to"],
            "hold": row["hold_h"] or 0.0,
            "not_sent": row["not_sent"],
        }
        for row in reader.look(asked.rules)
    ]
    why = say("The country has no alert rules: give it alert_rules.csv.")
    notes = (
        say(
            "An alert is raised at its limit and ends only beyond a second one, so "
            "that it does not flap; unknown values neither raise nor end it."
        ),
    )
    return Sheet(say("Rules"), columns, rows, empty=why, notes=notes)


def _heads(lang: Language, *, value: bool = True) -> list[Column]:
    say = lang.gettext
    heads = [
        Column("severity", say("Severity")),
        Column("name", say("Rule")),
        Column("kind", say("Watches")),
        Column("subject", say("Where")),
        Column("limit", say("Limit")),
    ]
    return [*heads, Column("value", say("Value"))] if value else heads


def _common(
    row: Row, reader: CachedReader, state: State, lang: Language
) -> dict[str, Any]:
    return {
        "severity": words.severity(row["severity"], lang),
        "mark": f"alert-{row['severity']}",
        "name": words.name(row, lang),
        "kind": word(words.KINDS, row["kind"], lang),
        "subject": words.subject(row, view.geography(reader), state, lang),
        "limit": words.limit(row, lang),
        "value": words.amount(row["value"], row["kind"], lang),
    }


def _person(row: Row, lang: Language) -> str:
    if row["acknowledged_at"] is None:
        return lang.gettext("nobody yet")
    return row["person"] or lang.gettext("somebody")


OPEN = Exhibit(
    "open",
    mark("Open alerts"),
    mark("What is beyond its limit now."),
    "open",
    open_alerts,
    without=reasons.MOMENTS,
)
PAST = Exhibit(
    "past",
    mark("Past alerts"),
    mark("Raised by month, and when and why they ended."),
    "past",
    past_alerts,
    months,
    300,
    without=reasons.MOMENTS,
)
RULES = Exhibit(
    "rules",
    mark("Rules"),
    mark("What is watched, and where each rule stands."),
    "rules",
    rules,
    without=reasons.MOMENTS,
)
EXHIBITS = (OPEN, PAST, RULES)
