"""Choose a flow or an account: by a click on the pictures, or by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Input, Output, State, ctx, no_update

from ewater.dashboard import view
from ewater.dashboard.components import choice
from ewater.dashboard.pages.network import drawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State as View

_PICTURES = ("network-map-chart", "network-diagram-chart")


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the pictures to the list, and fill the list."""

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        *(Input(name, "clickData") for name in _PICTURES),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def take_click(*given: Any) -> Any:
        *clicks, data = given
        by_name = dict(zip(_PICTURES, clicks, strict=True))
        found = clicked(by_name.get(str(ctx.triggered_id)))
        if not found:
            return no_update
        state, _ = view.opened(data)
        return state.with_more("pick", found).query()

    @app.callback(
        Output(choice("pick"), "data"),
        Input("state", "data"),
    )
    def list_them(data: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        state, lang = view.opened(data)
        return offered(reader, state, lang)


def clicked(click: Mapping[str, Any] | None) -> str:
    """Code of what a click is on, ``flow:CODE`` or ``node:CODE``; empty for nothing."""
    point = ((click or {}).get("points") or [{}])[0]
    found = point.get("customdata")
    return found if isinstance(found, str) else ""


def offered(reader: CachedReader, state: View, lang: Language) -> list[dict[str, Any]]:
    """Accounts and flows that are shown, by name."""
    shown = drawn.load(reader, state, lang)
    nodes = [
        {"value": f"node:{code}", "label": shown.names[code]} for code in shown.nodes
    ]
    flows = [
        {
            "value": f"flow:{flow['code']}",
            "label": f"{shown.names[flow['from']]} → {shown.names[flow['to']]}"
            f" ({flow['code']})",
        }
        for flow in shown.flows
    ]
    by_label = [
        sorted(items, key=lambda item: item["label"].casefold())
        for items in (nodes, flows)
    ]
    words = (lang.gettext("Accounts"), lang.gettext("Flows"))
    return [
        {"group": word, "items": items}
        for word, items in zip(words, by_label, strict=True)
        if items
    ]
