"""Overview: the balance of one territory and period, on one page.

`layout` is the skeleton, `controls` keeps it and the address in step, `panels`
fills it; `view` asks the reader, `cards` and `tables` turn answers into HTML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.pages.overview import controls, panels
from ewater.dashboard.pages.overview.layout import layout

if TYPE_CHECKING:
    from dash import Dash

    from ewater.dashboard.queries import CachedReader

__all__ = ["layout", "register"]


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the page to its data; tests pass a reader of their own."""
    controls.register(app, reader)
    panels.register(app, reader)
