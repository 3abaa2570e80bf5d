"""Words for returns: where they stand, what was found, how they came."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ewater.dashboard.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language

STATES = MappingProxyType(
    {
        "none": mark("Not begun"),
        "draft": mark("In draft"),
        "submitted": mark("Submitted"),
        "returned": mark("Sent back"),
        "resubmitted": mark("Submitted again"),
        "approved": mark("Approved"),
        "correcting": mark("Being corrected"),
    }
)
#: What each state asks of the reporter.
MEANINGS = MappingProxyType(
    {
        "none": mark("Nothing was typed yet; what you type is saved as a draft."),
        "draft": mark("What you type is saved; nobody has received it yet."),
        "submitted": mark("It waits for review and cannot be changed meanwhile."),
        "returned": mark("See the remarks, put it right and submit it again."),
        "resubmitted": mark("It waits for review and cannot be changed meanwhile."),
        "approved": mark("It counts. A correction makes a new version of it."),
        "correcting": mark(
            "The approved version counts until the corrected one is approved."
        ),
    }
)
SEVERITIES = MappingProxyType(
    {
        "error": mark("Error"),
        "grave": mark("Grave"),
        "warning": mark("Warning"),
        "notice": mark("Notice"),
    }
)
WAYS = MappingProxyType(
    {
        "form": mark("online"),
        "xlsx": mark("workbook"),
        "csv": mark("file"),
        "api": mark("program"),
    }
)
DECISIONS = MappingProxyType(
    {"approved": mark("approved"), "returned": mark("sent back")}
)
SOURCES = MappingProxyType(
    {
        "surface": mark("Surface water"),
        "groundwater": mark("Groundwater"),
        "river": mark("River"),
        "lake": mark("Lake"),
        "reservoir": mark("Reservoir"),
        "canal": mark("Canal"),
        "sea": mark("Sea water"),
        "sewage": mark("Waste water"),
        "network": mark("Network"),
        "wastewater": mark("Waste water"),
        "treated": mark("Treated waste water"),
    }
)
PER = MappingProxyType(
    {"year": mark("a year"), "month": mark("a month"), "day": mark("a day")}
)
BREAK_REASONS = MappingProxyType(
    {
        "real": mark("It is real"),
        "method": mark("Another method"),
        "scope": mark("Another scope"),
        "unit": mark("A slip of the unit"),
    }
)
BREAK_ITEMS = MappingProxyType(
    {
        "intake": mark("Water taken"),
        "used": mark("Water used"),
        "discharge": mark("Water discharged"),
    }
)


def named(words: Mapping[str, str], code: str | None, lang: Language) -> str:
    """Word for a code, in a language; a code without one stands for itself."""
    if code is None:
        return ""
    known = words.get(code)
    return lang.gettext(known) if known else code
