"""Reminders from the desk: who would be told now, and who was, as the command does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html, no_update
from dash.exceptions import PreventUpdate

from ewater.dashboard import acting, view
from ewater.dashboard.components import panel
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.returns.place import form_of, period_of
from ewater.dashboard.reasons import why_not
from ewater.errors import EWaterError, ForbiddenError
from ewater.reports import remind
from ewater.reports.who import REVIEW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State as View

    Data = Mapping[str, Any]
    Rows = Sequence[Mapping[str, Any]]

_AT_ONCE = 10  # letters that a page waits for; the worker sends the rest
_NAMED = 12
_NOT = mark("Nobody was reminded: {why}")


def board(lang: Language) -> html.Section:
    """Make the empty panel."""
    say = lang.gettext
    return panel(
        "desk-remind-panel",
        say("Reminders"),
        say("Each address is told once for each step of the deadline."),
        html.Div(id="desk-remind-said", role="status"),
        html.Div(id="desk-remind"),
        html.Div(
            dmc.Button(
                say("Send reminders"),
                id="desk-remind-send",
                size="xs",
                variant="default",
            ),
            id="desk-remind-button",
            className="buttons",
            hidden=True,
        ),
        area="remind",
    )


def shown(rows: Rows, period: str, lang: Language) -> list[Any]:
    """Say who would be reminded now."""
    say = lang.gettext
    told = [row for row in rows if row["addresses"]]
    mute = [row for row in rows if not row["addresses"]]
    parts: list[Any] = []
    if told:
        count = lang.ngettext(
            "{count} enterprise would be reminded: {names}",
            "{count} enterprises would be reminded: {names}",
            len(told),
        )
        words = count.format(count=lang.number(len(told)), names=_names(told, lang))
        parts.append(html.P(words))
    if mute:
        words = say("The register has no address of {names}")
        parts.append(html.P(words.format(names=_names(mute, lang)), className="hint"))
    if not parts:
        words = say("Nobody is to be reminded of {period} now.").format(
            period=lang.period(period)
        )
        parts.append(html.P(words, className="empty"))
    return parts


def _names(rows: Rows, lang: Language) -> str:
    names = [row["name"] or row["enterprise"] for row in rows]
    more = len(names) - _NAMED
    said = ", ".join(names[:_NAMED])
    if more <= 0:
        return said
    words = lang.gettext("{names} and {count} more")
    return words.format(names=said, count=lang.number(more))


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the panel and connect its button."""

    @app.callback(
        Output("desk-remind", "children"),
        Output("desk-remind-button", "hidden"),
        Input("state", "data"),
        Input("desk-redraw", "data"),
    )
    def show(data: Data | None, _redraw: int | None) -> list[Any]:
        state, lang = view.opened(data)
        if not acting.may(REVIEW):
            words = lang.gettext("Only a reviewer reminds.")
            return [[html.P(words, className="empty")], True]
        engine, person = acting.store()
        period = period_of(reader, state)
        try:
            with engine.connect() as connection:
                rows = remind.planned(
                    connection, person, period, form_of(reader, state)
                )
        except ForbiddenError:
            raise
        except EWaterError as error:
            return [[html.P(why_not(error, lang), className="empty")], True]
        return [shown(rows, period, lang), not any(row["addresses"] for row in rows)]

    @app.callback(
        Output("desk-remind-said", "children"),
        Output("desk-redraw", "data", allow_duplicate=True),
        Input("desk-remind-send", "n_clicks"),
        State("desk-redraw", "data"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def send(clicks: int | None, count: int | None, data: Data) -> Any:
        state, lang = view.opened(data)
        if not clicks:
            raise PreventUpdate
        try:
            return _sent(reader, state, lang), (count or 0) + 1
        except ForbiddenError:
            raise
        except EWaterError as error:
            return lang.gettext(_NOT).format(why=why_not(error, lang)), no_update


def _sent(reader: CachedReader, state: View, lang: Language) -> str:
    """Keep reminders in one transaction, then send; say who was told."""
    engine, person = acting.store()
    with engine.begin() as connection:
        rows = remind.planned(
            connection, person, period_of(reader, state), form_of(reader, state)
        )
        remind.must_reach(rows)
        kept = remind.keep(connection, person, rows)
    sent, failed = remind.send_due(engine, most=_AT_ONCE)
    words = lang.gettext(
        "{kept} reminders kept, {sent} sent, {failed} not sent; the worker sends what "
        "is left. Reminded: {names}"
    )
    told = [row for row in rows if row["addresses"]]
    return words.format(
        kept=lang.number(kept),
        sent=lang.number(sent),
        failed=lang.number(failed),
        names=_names(told, lang) or "–",
    )
