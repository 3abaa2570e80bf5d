"""A bulletin of the view, and the annual balance, printed while their reader waits.

Nothing of it is kept here: the answer begins when the PDF is whole, and whoever got
none asks again. A process that is killed leaves no half file and no stuck job.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from ewater.accounts.forecasting import statutory_tables as tables
from ewater.dashboard.access import refusals
from ewater.dashboard.bulletin import document, printing
from ewater.dashboard.exhibits.routes import as_download, asked_state
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages import opening
from ewater.dashboard.pages.forecast import annual
from ewater.errors import EWaterError

if TYPE_CHECKING:
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BUSY = mark("Another bulletin is being printed. Wait a moment, then try again.")
_FAILED = mark("The bulletin could not be printed. Try again.")
_log = logging.getLogger(__name__)


def blueprint(reader: CachedReader) -> Blueprint:
    """Serve ``/download/bulletin-1.pdf``, ``-10.pdf``, ``annual-balance.xlsx|pdf``."""
    made = Blueprint("bulletins", __name__)
    printer = threading.Lock()  # one browser at a time for each process

    @made.get("/download/bulletin-<int:pages>.pdf")
    def of_view(pages: int) -> Response:
        opening.require(opening.OVERSEE)
        state = asked_state(reader, request.query_string.decode("utf-8", "replace"))
        return printed(document.document(reader, state, pages), "bulletin", state)

    @made.get("/download/annual-balance.<any(xlsx, pdf):kind>")
    def annual_balance(kind: str) -> Response:
        opening.require(opening.OVERSEE)
        state = asked_state(reader, request.query_string.decode("utf-8", "replace"))
        found = annual.document(reader, state)
        if found is None:
            return refusals.refuse(404, annual.NO_BALANCE)
        name, period = "annual-balance", f"{found['year']}-{found['year'] + 1}"
        if kind == "pdf":
            return printed(tables.as_html(found, state.lang), name, state, period)
        body = tables.as_workbook(found, state.lang)
        return as_download(body, _XLSX, [name], state, kind, period)

    def printed(html: str, name: str, state: State, period: str = "") -> Response:
        if not printer.acquire(blocking=False):
            return refusals.refuse(429, _BUSY)
        try:
            pdf = printing.to_pdf(html)
        except EWaterError as error:
            _log.warning("%s was not printed: %s", name, error)
            return refusals.refuse(503, _FAILED)
        finally:
            printer.release()
        return as_download(pdf, "application/pdf", [name], state, "pdf", period)

    return made
