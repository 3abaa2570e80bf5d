"""The receipt of a submitted version, as a page that can be printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort

from ewater.dashboard.access import refusals
from ewater.dashboard.pages.returns.about import moment
from ewater.dashboard.questions import returns as asked
from ewater.dashboard.return_labels import WAYS, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader


def blueprint(reader: CachedReader) -> Blueprint:
    """Serve ``/returns/receipt/NUMBER/VERSION`` to whoever may see the return."""
    made = Blueprint("receipts", __name__, template_folder="templates")

    @made.get("/returns/receipt/<int:number>/<int:version>")
    def receipt(number: int, version: int) -> Response:
        told = reader.look(asked.receipt, number, version)
        if told is None:
            abort(404)
        lang = refusals.asked_language()
        return refusals.page("receipt.html", **_words(told, lang))

    return made


def _words(told: Mapping[str, Any], lang: Language) -> dict[str, Any]:
    """Say what the template writes, in a language."""
    say = lang.gettext
    late = f" ({say('late')})" if told["late"] else ""
    submitted = moment(told["submitted_at"], told, lang)
    return {
        "title": say("Receipt"),
        "print_words": say("Print"),
        "intact": told["intact"],
        "verdict": say("Content, hash and seal agree.")
        if told["intact"]
        else say("Content, hash and seal do not agree: tell the administrator."),
        "lines": [
            (say("Receipt"), told["receipt"], True),
            (say("Enterprise"), told["enterprise"], False),
            (say("Form"), told["form"], False),
            (say("Period of the return"), lang.period(told["period"]), False),
            (say("Version"), str(told["version"]), False),
            (say("Submitted"), f"{submitted} {told['zone']}{late}", False),
            (say("Submitted by"), told["by"] or "—", False),
            (say("How it came"), named(WAYS, told["way"], lang), False),
            (say("Hash of the return (SHA-256)"), told["sha256"], True),
            (say("Seal of the version before"), told["previous"] or "—", True),
            (say("Seal of this receipt (SHA-256)"), told["seal"], True),
        ],
    }
