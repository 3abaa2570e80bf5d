"""A bulletin of the view, printed while its reader waits.

Nothing of it is kept here: the answer begins when the PDF is whole, and whoever got
none asks again. A process that is killed leaves no half file and no stuck job.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from ewater.dashboard.access import refusals
from ewater.dashboard.bulletin import document, printing
from ewater.dashboard.exhibits.routes import as_download, asked_state
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages import opening
from ewater.errors import EWaterError

if TYPE_CHECKING:
    from ewater.dashboard.queries import CachedReader

_BUSY = mark("Another bulletin is being printed. Wait a moment, then try again.")
_FAILED = mark("The bulletin could not be printed. Try again.")
_log = logging.getLogger(__name__)


def blueprint(reader: CachedReader) -> Blueprint:
    """Serve ``/download/bulletin-1.pdf`` and ``/download/bulletin-10.pdf``."""
    made = Blueprint("bulletins", __name__)
    printer = threading.Lock()  # one browser at a time for each process

    @made.get("/download/bulletin-<int:pages>.pdf")
    def of_view(pages: int) -> Response:
        opening.require(opening.OVERSEE)
        state = asked_state(reader, request.query_string.decode("utf-8", "replace"))
        html = document.document(reader, state, pages)
        if not printer.acquire(blocking=False):
            return refusals.refuse(429, _BUSY)
        try:
            pdf = printing.to_pdf(html)
        except EWaterError as error:
            _log.warning("a bulletin was not printed: %s", error)
            return refusals.refuse(503, _FAILED)
        finally:
            printer.release()
        return as_download(pdf, "application/pdf", ["bulletin"], state, "pdf")

    return made
