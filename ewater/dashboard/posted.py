"""Callbacks that no page of ours posts are refused before anything looks into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, request

from ewater.dashboard.access import refusals

if TYPE_CHECKING:
    from dash import Dash

PATH = "/_dash-update-component"


def install(app: Dash) -> None:
    """Refuse (400) bodies that are no callback of an application."""
    server: Any = app.server

    @server.before_request  # type: ignore[untyped-decorator]
    def look() -> Response | None:
        if request.path != PATH or request.method != "POST":
            return None
        body = request.get_json(silent=True)  # kept for whoever reads it next
        return None if _is_callback(body, app.callback_map) else refusals.refuse(400)


def _is_callback(body: Any, known: Any) -> bool:
    """Whether a body has the form of a callback, and one of these outputs."""
    return (
        isinstance(body, dict)
        and isinstance(body.get("output"), str)
        and body["output"] in known
        and isinstance(body.get("outputs"), (dict, list))
        and _are_given(body.get("inputs"))
        and _are_given(body.get("state", []))
        and isinstance(body.get("changedPropIds", []), list)
    )


def _are_given(parts: Any) -> bool:
    """Whether these are properties of components, or lists of some."""
    return isinstance(parts, list) and all(
        (isinstance(one, dict) and {"id", "property"} <= one.keys())
        or (isinstance(one, list) and _are_given(one))
        for one in parts
    )
