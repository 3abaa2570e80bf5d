"""Returns: the form of an enterprise, filled in online, saved while it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Input, Output, dcc, html

from ewater.dashboard import acting, view
from ewater.dashboard.components import panel
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.page import Page
from ewater.dashboard.pages.returns import about, actions, form, place, receipt
from ewater.dashboard.questions import returns as asked
from ewater.dashboard.reasons import why_not
from ewater.errors import EWaterError, ForbiddenError
from ewater.reports import online
from ewater.reports.who import REPORT
from ewater.reports.workflow import OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

    Data = Mapping[str, Any]

_OUT = ("choose", "head", "form", "permits", "versions", "remarks", "asides", "button")


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name what the page shows."""
    del state, geography
    return lang.gettext("Return of an enterprise")


def layout(state: State, lang: Language) -> html.Div:
    """Make the empty page."""
    del state
    say = lang.gettext
    return html.Div(
        [
            dcc.Store(id="returns-at"),
            dcc.Store(id="returns-redraw"),
            html.Div(id="returns-choose", className="return-choose"),
            html.Div(id="returns-head", className="return-head"),
            html.Div(id="returns-conflict"),
            html.Div(
                [
                    html.Div(id="returns-form", className="return-form"),
                    html.Aside(_beside(lang), className="return-beside"),
                ],
                className="return-board",
            ),
            html.Div(
                [
                    html.Div(id="returns-said", role="status"),
                    dmc.TextInput(
                        id="returns-reason",
                        label=say("Reason of the correction"),
                        size="xs",
                    ),
                    html.Div(id="returns-button"),
                ],
                className="return-bar",
            ),
        ],
        className="returns-page",
    )


def _beside(lang: Language) -> list[Any]:
    say = lang.gettext
    parts = (
        ("findings", mark("Checks"), mark("As they are when you submit.")),
        ("remarks", mark("Remarks of reviewers"), ""),
        ("permits", mark("Permits"), mark("Of this enterprise, in the register.")),
        ("versions", mark("Versions and receipts"), ""),
        ("asides", "", ""),
    )
    found: list[Any] = []
    for name, title, hint in parts:
        content = html.Div(id=f"returns-{name}")
        if title:
            found.append(
                panel(f"returns-{name}", say(title), say(hint), content, area="auto")
            )
        else:
            found.append(content)
    return found


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the page, connect its form, serve its receipts."""

    @app.callback(
        *(Output(f"returns-{name}", "children") for name in _OUT),
        Output("returns-at", "data"),
        Output("returns-reason", "style"),
        Input("state", "data"),
        Input("returns-redraw", "data"),
    )
    def show(data: Data | None, redraw: Data | None) -> list[Any]:
        state, lang = view.opened(data)
        try:
            where = place.of(reader, state)
            told = reader.look(asked.one, *where)
        except ForbiddenError:
            raise
        except EWaterError as error:
            chooser = place.chooser(reader, state, lang)
            why = html.P(why_not(error, lang), className="empty")
            blank: list[Any] = [[] for _ in _OUT[2:]]
            return [chooser, why, *blank, None, {"display": "none"}]
        return [
            place.chooser(reader, state, lang),
            *_shown(told, (redraw or {}).get("extra", {}), lang),
        ]

    actions.register(app)
    app.server.register_blueprint(receipt.blueprint(reader))


def _shown(told: Data, extra: Mapping[str, int], lang: Language) -> list[Any]:
    reports = acting.may(REPORT)
    content = told["content"]
    if told["state"] == "none":
        content = online.opening(told["form"], told["permits"], told["zone"])
    fixed = not reports or told["state"] not in ("none", *OPEN)
    if not fixed:
        content = online.filled(told["form"], told["permits"], content, told["zone"])
    lines = form.lines_of(told["form"], content, extra)
    corrected = reports and told["state"] in ("approved", "correcting")
    return [
        about.head(told, lang),
        form.sections(told["form"], told, lines, lang, fixed=fixed),
        about.permits(told, lang),
        about.versions(told, lang),
        about.remarks(told, lang) or html.P(lang.gettext("None."), className="empty"),
        about.asides(told, lang),
        about.button(told, lang, reports=reports),
        {
            "enterprise": told["enterprise"],
            "form": told["form"].form,
            "period": told["period"],
            "edits": told["edits"],
            "shown": online.compact(lines),
        },
        {} if corrected else {"display": "none"},
    ]


PAGE = Page(
    name="returns",
    path="/returns",
    acts=("report", "review", "approve"),
    label=mark("Returns"),
    heading=heading,
    layout=layout,
    register=register,
    filters=(),
)
