"""What became of reconciliation in a period, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard import format as fmt
from ewater.dashboard.i18n import mark

if TYPE_CHECKING:
    from ewater.dashboard.answers import Period
    from ewater.dashboard.i18n import Language

_SHOWN = 3  # sources that are named

_WORDS = {
    "reconciled": mark(
        "Reconciled figures: adjusted within their uncertainty so that the accounts "
        "close (test passed, p = {p})."
    ),
    "suspects_removed": mark(
        "Reconciled figures, after sources that do not fit were set aside: {suspects}."
    ),
    "untested": mark(
        "Nothing in this period can be checked against anything else: raw figures "
        "are shown."
    ),
    "refused": mark(
        "Reconciliation is refused for this period: its test fails (p = {p}). Raw "
        "figures are shown; their residual is {residual}."
    ),
    "contradictory": mark(
        "Reconciliation is refused for this period: figures given as certain "
        "contradict each other. Raw figures are shown; their residual is {residual}."
    ),
    "infeasible": mark(
        "Reconciliation is refused for this period: no volumes within their bounds "
        "fit. Raw figures are shown; their residual is {residual}."
    ),
}


def words(period: Period, lang: Language) -> str | None:
    """Say what became of a period; None where raw figures were asked for."""
    found = period.get("reconciliation")
    if found is None:
        return None
    residual = found["raw"]["residual"]["value"]
    suspects = found["suspects"]
    named = ", ".join(suspects[:_SHOWN])
    if len(suspects) > _SHOWN:
        named += lang.gettext(" and {count} more").format(
            count=lang.number(len(suspects) - _SHOWN)
        )
    message = _WORDS[found["verdict"]]
    return lang.gettext(message).format(
        p=fmt.DASH if found["p"] is None else lang.number(found["p"], 3),
        suspects=named,
        residual=fmt.DASH
        if residual is None
        else f"{fmt.signed_hm3(residual, lang)} {fmt.UNIT}",
    )
