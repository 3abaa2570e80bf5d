"""Exhibits: what a page is made of, each a table first and a chart besides.

A page gives `Exhibit`s; from the `Sheet` of each come its chart, its table, its
badges, its downloads and its way into Explain. See docs/dashboard.md.
"""

from __future__ import annotations

from ewater.dashboard.exhibits.exhibit import Exhibit
from ewater.dashboard.exhibits.panel import board, exhibit_panel
from ewater.dashboard.exhibits.sheet import Cell, Column, Facts, Link, Sheet

__all__ = [
    "Cell",
    "Column",
    "Exhibit",
    "Facts",
    "Link",
    "Sheet",
    "board",
    "exhibit_panel",
]
