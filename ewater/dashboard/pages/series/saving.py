"""Callbacks of the forms: shown to whoever may, saved with care, refused in words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, html, no_update

from ewater.dashboard import editing, view
from ewater.dashboard.exhibits.facts import moment as moment_words
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import SITE_KINDS
from ewater.dashboard.pages.series import chosen, forms
from ewater.dashboard.pages.series.chosen import duration
from ewater.dashboard.pages.series.line import ask
from ewater.dashboard.pages.series.tables import clocks, of_day
from ewater.dashboard.reading_labels import APPROVALS, SIGNALS, word
from ewater.dashboard.reasons import why_not
from ewater.errors import ConflictError, EWaterError, ForbiddenError
from ewater.units import factor_to_si
from ewater.written import as_typed, typed_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State as View

    Data = Mapping[str, Any]

_NOT_SIGNED_IN = mark("Sign in as an engineer or administrator to change readings.")
_NO_EDIT = mark("Your role may look at readings, not change them.")
_NO_VERDICT = mark("Your role may look at readings, not judge them.")
_PAST = mark("You look at the past. Empty “As known at” to change readings.")
_TOO_MANY = mark(
    "{count} readings a day are too many for a form: load a file with the right "
    "values instead."
)
_NO_REASON = mark("Nothing was saved: say why.")
_NOTHING = mark("Nothing was saved: no value was typed and none is taken back.")
_NO_NUMBERS = mark("Nothing was saved. Not a number: {what}.")
_BOTH = mark("Nothing was saved. Both a new value and taken back: {what}.")
_SAVED = mark("Saved: {entered} entered, {corrected} corrected or taken back.")
_JUDGED = mark("Saved: {count} readings are {level}.")
_NOT_SAVED = mark("Nothing was saved: {why}")
OVERTAKEN = mark(
    "Nothing was saved: {who} changed these readings at {at}, after you opened them. "
    "What you typed is still here, beside what stands now. Save again if it is right."
)
_SOMEBODY = mark("somebody")


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the forms."""
    _register_about(app, reader)
    _register_day(app, reader)
    _register_forms(app, reader)
    _register_values(app, reader)
    _register_verdict(app)


def _register_about(app: Dash, reader: CachedReader) -> None:
    @app.callback(Output("series-about", "children"), Input("state", "data"))
    def show(data: Data) -> list[Any]:
        state, lang = view.opened(data)
        try:
            found = about(ask(reader, state)["series"], lang)
        except ForbiddenError:
            raise
        except EWaterError as error:
            return [html.Span(why_not(error, lang))]
        away = f"/download/series/readings.csv{state.query()}"
        return [*found, html.A(lang.gettext("All readings as CSV"), href=away)]


def about(series: Data, lang: Language) -> list[Any]:
    """Say what the series is."""
    say = lang.gettext
    facts = [
        word(SITE_KINDS, series["site_kind"], lang),
        word(SIGNALS, series["signal"], lang),
    ]
    if series["interval_s"]:
        facts.append(
            say("every {interval}").format(
                interval=duration(series["interval_s"], lang)
            )
        )
    if series["organisation"]:
        facts.append(series["organisation"])
    if series["derived"]:
        facts.append(say("computed by its publisher"))
    return [
        html.B(chosen.title(series, lang)),
        html.Code(series["code"]),
        *(html.Span(fact) for fact in facts),
    ]


def _register_day(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output("state", "data", allow_duplicate=True),
        Output("url", "search", allow_duplicate=True),
        Input("series-day", "n_submit"),  # not its value, which the page writes too
        Input("series-day", "n_blur"),
        Input("series-day-before", "n_clicks"),
        Input("series-day-after", "n_clicks"),
        Input("series-line-chart", "clickData"),
        State("series-day", "value"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def choose_day(
        _submit: Any,
        _blur: Any,
        _before: Any,
        _after: Any,
        click: Data | None,
        typed: str | None,
        data: Data,
    ) -> tuple[Any, Any]:
        state, _ = view.opened(data)
        before = day = chosen.day(state, ask(reader, state))
        match ctx.triggered_id:
            case "series-day-before":
                day -= dt.timedelta(days=1)
            case "series-day-after":
                day += dt.timedelta(days=1)
            case "series-day":
                day = _date(typed) or day
            case _:
                points = (click or {}).get("points") or [{}]
                day = _date(str(points[0].get("x", ""))[:10]) or day
        if day == before:
            return no_update, no_update
        there = state.with_more("day", day.isoformat()).with_more("at", "")
        return there.to_store(), there.query()


def _date(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(as_typed(text or ""))
    except ValueError:
        return None


def _register_forms(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output("series-entry-rows", "children"),
        Output("series-entry-form", "hidden"),
        Output("series-entry-why", "children"),
        Output("series-verdict-form", "hidden"),
        Output("series-verdict-why", "children"),
        Output("series-seen", "data"),
        Output("series-entry-said", "children"),
        Output("series-verdict-said", "children"),
        Output("series-day", "value"),
        Input("state", "data"),
        State("series-seen", "data"),
    )
    def show(data: Data, before: Data | None) -> list[Any]:
        state, lang = view.opened(data)
        who = editing.editor()
        entry, verdict = _closed(who, state)
        try:
            found = of_day(reader, state)
            shown = ask(reader, state)
        except ForbiddenError:
            raise
        except EWaterError as error:
            why = html.P(why_not(error, lang), className="hint")
            return [[], True, why, True, why, None, "", "", state.get("day")]
        count = len(found["rows"])
        if not entry and count > forms.MOST_ROWS:
            entry = lang.gettext(_TOO_MANY).format(count=lang.number(count))
        seen = _seen(found, shown)
        said = no_update if _same(before, seen) else ""
        return [
            [] if entry else forms.rows(found, lang),
            bool(entry),
            html.P(lang.gettext(entry), className="hint"),
            bool(verdict),
            html.P(lang.gettext(verdict), className="hint"),
            seen,
            said,
            said,
            typed_day(dt.date.fromisoformat(found["date"]), lang.code),
        ]


def _closed(who: editing.Editor | None, state: View) -> tuple[str, str]:
    """Why each form is closed; empty where it is open."""
    if who is None:
        return _NOT_SIGNED_IN, _NOT_SIGNED_IN
    edits, judges = who.can("edit"), who.can("edit") or who.can("approve")
    past = _PAST if state.as_of else ""
    return (past if edits else _NO_EDIT), (past if judges else _NO_VERDICT)


def _seen(found: Data, shown: Data) -> dict[str, Any]:
    """Keep what was shown, so that a save can tell whether it still stands."""
    return {
        "code": found["series"]["code"],
        "date": found["date"],
        "seen": found["seen"],
        "day": [found["first"], found["last"]],
        "time": [shown["ends"][0], shown["ends"][1] - 1],
    }


def _same(before: Data | None, after: Data) -> bool:
    keys = ("code", "date")
    return before is not None and all(before.get(key) == after[key] for key in keys)


def _register_values(app: Dash, reader: CachedReader) -> None:
    value, gone = ({"type": f"entry-{kind}", "time": ALL} for kind in ("value", "gone"))

    @app.callback(
        Output("series-entry-said", "children", allow_duplicate=True),
        Output("series-entry-reason", "value"),
        Output("state", "data", allow_duplicate=True),
        Output("series-entry-rows", "children", allow_duplicate=True),
        Output("series-seen", "data", allow_duplicate=True),
        Input("series-entry-save", "n_clicks"),
        State("series-seen", "data"),
        State(value, "value"),
        State(value, "id"),
        State(gone, "checked"),
        State(gone, "id"),
        State("series-entry-reason", "value"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None,
        seen: Data | None,
        texts: Sequence[str | None],
        places: Sequence[Data],
        marked: Sequence[bool],
        marks: Sequence[Data],
        reason: str | None,
        data: Data,
    ) -> list[Any]:
        state, lang = view.opened(data)
        if not clicks or seen is None:
            return [no_update] * 5
        who = editing.signed_in()
        typed = {int(p["time"]): t or "" for p, t in zip(places, texts, strict=True)}
        taken = {int(m["time"]) for m, on in zip(marks, marked, strict=True) if on}
        found = of_day(reader, state)
        local = dict(
            zip((r["time"] for r in found["rows"]), clocks(found["rows"]), strict=True)
        )
        fault, changes = wanted(typed, taken, reason, local, lang)
        if fault:
            return [fault, *[no_update] * 4]
        series = found["series"]
        factor = factor_to_si(series["unit"], series["quantity"])
        changes = {t: None if v is None else v * factor for t, v in changes.items()}
        try:
            done = editing.save_values(
                who,
                str(seen["code"]),
                (int(seen["day"][0]), int(seen["day"][1])),
                str(seen["seen"]),
                changes,
                reason or "",
            )
        except ConflictError as error:
            now = of_day(reader, state)
            again = _seen(now, ask(reader, state))
            fresh = forms.rows(now, lang, typed, taken)
            return [overtaken(error, lang), no_update, no_update, fresh, again]
        except ForbiddenError:
            raise
        except EWaterError as error:
            words = lang.gettext(_NOT_SAVED).format(why=why_not(error, lang))
            return [words, *[no_update] * 4]
        words = lang.gettext(_SAVED).format(
            entered=lang.number(done.counts.new),
            corrected=lang.number(done.counts.corrected),
        )
        return [words, "", dict(data), no_update, no_update]


def wanted(
    typed: Mapping[int, str],
    taken: set[int],
    reason: str | None,
    local: Mapping[int, str],
    lang: Language,
) -> tuple[str, dict[int, float | None]]:
    """Read what a person typed: a fault in words, or values by time (unit as shown)."""
    say = lang.gettext

    def named(times: Sequence[int]) -> str:
        return ", ".join(local.get(time, str(time)) for time in sorted(times)[:5])

    changes: dict[int, float | None] = dict.fromkeys(taken)
    wrong, both = [], []
    for time, text in typed.items():
        try:
            value = forms.number_of(text)
        except ValueError:
            wrong.append(time)
            continue
        if value is not None and time in taken:
            both.append(time)
        elif value is not None:
            changes[time] = value
    if wrong:
        return say(_NO_NUMBERS).format(what=named(wrong)), {}
    if both:
        return say(_BOTH).format(what=named(both)), {}
    if not changes:
        return say(_NOTHING), {}
    if not (reason or "").strip():
        return say(_NO_REASON), {}
    return "", changes


def overtaken(error: ConflictError, lang: Language) -> str:
    """Say who was there first."""
    name, at = error.args
    return lang.gettext(OVERTAKEN).format(
        who=name or lang.gettext(_SOMEBODY), at=moment_words(at.isoformat(), lang)
    )


def _register_verdict(app: Dash) -> None:
    @app.callback(
        Output("series-verdict-said", "children", allow_duplicate=True),
        Output("series-verdict-reason", "value"),
        Output("state", "data", allow_duplicate=True),
        Input("series-verdict-save", "n_clicks"),
        State("series-seen", "data"),
        State("series-verdict-span", "value"),
        State("series-verdict-level", "value"),
        State("series-verdict-flag", "value"),
        State("series-verdict-reason", "value"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None,
        seen: Data | None,
        span: str,
        level: str,
        flag: str,
        reason: str | None,
        data: Data,
    ) -> list[Any]:
        _, lang = view.opened(data)
        if not clicks or seen is None:
            return [no_update] * 3
        who = editing.signed_in()
        say = lang.gettext
        if not (reason or "").strip():
            return [say(_NO_REASON), no_update, no_update]
        ends = seen["time" if span == "time" else "day"]
        try:
            done = editing.save_verdict(
                who,
                str(seen["code"]),
                (int(ends[0]), int(ends[1])),
                str(seen["seen"]),
                level,
                "" if flag == "keep" else flag,
                reason or "",
            )
        except ConflictError as error:
            return [overtaken(error, lang), no_update, dict(data)]
        except ForbiddenError:
            raise
        except EWaterError as error:
            return [
                say(_NOT_SAVED).format(why=why_not(error, lang)),
                no_update,
                no_update,
            ]
        words = say(_JUDGED).format(
            count=lang.number(done.counts.rows_read),
            level=word(APPROVALS, level, lang),
        )
        return [words, "", dict(data)]
