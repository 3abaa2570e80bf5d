"""Review desk: what waits, one return from all sides, who is missing, broken totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Input, Output, dcc, html

from ewater.dashboard import acting, view
from ewater.dashboard.components import panel
from ewater.dashboard.exhibits import Exhibit, exhibit_panel, reasons
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.desk import actions, beside, queue, reminding, totals
from ewater.dashboard.pages.page import Page
from ewater.dashboard.pages.returns import place
from ewater.dashboard.questions import returns as asked
from ewater.errors import EWaterError, ForbiddenError
from ewater.reports.who import APPROVE, REVIEW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dash import Dash

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Data = Mapping[str, Any]

QUEUE = Exhibit(
    "queue",
    mark("Returns that wait for review"),
    "",
    "queue",
    queue.queue_sheet,
    on_page=False,
    without=reasons.RECORDS,
)
MISSING = Exhibit(
    "missing",
    mark("Not reported"),
    mark("Enterprises that owe a return of this period, the largest permits first."),
    "missing",
    queue.missing_sheet,
    without=reasons.RECORDS,
)
_SHOWN = (
    Input("state", "data"),
    Input("desk-redraw", "data"),
)


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name what the page shows."""
    del state, geography
    return lang.gettext("Review of returns")


def layout(state: State, lang: Language) -> html.Div:
    """Make the empty page."""
    say = lang.gettext
    words = dmc.Textarea(
        id="desk-words",
        label=say("Remark or reason"),
        description=say("To the reporter when it is sent back, else for the record."),
        autosize=True,
        minRows=2,
        size="sm",
    )
    return html.Div(
        [
            dcc.Store(id="desk-redraw"),
            html.Div(id="desk-choose", className="return-choose"),
            html.Div(id="desk-said", role="status"),
            html.Div(
                [
                    panel(
                        "desk-queue-panel",
                        say("Returns that wait for review"),
                        say("The gravest first, then those with the most water."),
                        html.Div(id="desk-queue"),
                        html.Div(id="desk-bulk", className="buttons"),
                        area="queue",
                    ),
                    panel(
                        "desk-one-panel",
                        say("One return, from all sides"),
                        say("Choose one in the queue."),
                        html.Div(id="desk-one"),
                        area="one",
                    ),
                    panel(
                        "desk-findings-panel",
                        say("Findings and decision"),
                        say("What is ticked goes to the reporter."),
                        html.Div(id="desk-findings"),
                        words,
                        html.Div(id="desk-decide", className="buttons"),
                        area="decide",
                    ),
                    panel(
                        "desk-breaks-panel",
                        say("Breaks in totals"),
                        say("Each is explained before the period is signed off."),
                        html.Div(id="desk-breaks"),
                        area="breaks",
                    ),
                    exhibit_panel("desk", MISSING, state, lang),
                    reminding.board(lang),
                ],
                className="panels desk-board",
            ),
        ]
    )


def _or_why(make: Callable[[], list[Any]], lang: Language, count: int) -> list[Any]:
    """Make something, or say why it cannot be made."""
    try:
        return make()
    except ForbiddenError:
        raise
    except EWaterError as error:
        return [queue.refused(error, lang), *([] for _ in range(count - 1))]


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the page and connect its buttons."""

    @app.callback(Output("desk-choose", "children"), Input("state", "data"))
    def choose(data: Data | None) -> list[Any]:
        state, lang = view.opened(data)
        return place.chooser(reader, state, lang, of_enterprise=False)

    @app.callback(
        Output("desk-queue", "children"), Output("desk-bulk", "children"), *_SHOWN
    )
    def show_queue(data: Data | None, _redraw: int | None) -> list[Any]:
        state, lang = view.opened(data)

        def make() -> list[Any]:
            rows = queue.rows_of(reader, state)
            approves = acting.may(APPROVE)
            bulk = queue.bulk(rows, lang) if approves and rows else []
            return [queue.shown(rows, state, lang, view.zone(reader)), bulk]

        return _or_why(make, lang, 2)

    @app.callback(
        Output("desk-one", "children"),
        Output("desk-findings", "children"),
        Output("desk-decide", "children"),
        *_SHOWN,
    )
    def show_one(data: Data | None, _redraw: int | None) -> list[Any]:
        state, lang = view.opened(data)
        given = state.get("examined")
        if not given.isdecimal():
            words = html.P(lang.gettext("No return is chosen."), className="empty")
            return [[words], [], []]

        def make() -> list[Any]:
            told = reader.look(asked.examined, int(given))
            reviews, approves = acting.may(REVIEW), acting.may(APPROVE)
            return [
                beside.examined(told, lang),
                beside.findings(told, lang, reviews=reviews),
                beside.decide(told, lang, reviews=reviews, approves=approves),
            ]

        return _or_why(make, lang, 3)

    @app.callback(Output("desk-breaks", "children"), *_SHOWN)
    def show_breaks(data: Data | None, _redraw: int | None) -> list[Any]:
        state, lang = view.opened(data)

        def make() -> list[Any]:
            form = place.form_of(reader, state)
            told = reader.look(asked.breaks, form, place.period_of(reader, state))
            return [
                totals.shown(
                    told,
                    view.geography(reader),
                    lang,
                    view.zone(reader),
                    explains=acting.may(REVIEW),
                    signs=acting.may(APPROVE),
                )
            ]

        return _or_why(make, lang, 1)[0]  # type: ignore[no-any-return]

    actions.register(app, reader)
    reminding.register(app, reader)


PAGE = Page(
    name="desk",
    path="/desk",
    acts=("review", "approve"),
    label=mark("Review desk"),
    heading=heading,
    layout=layout,
    register=register,
    exhibits=(QUEUE, MISSING),
    filters=(),
)
