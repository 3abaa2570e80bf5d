"""Which return is shown: enterprise, form and period, from the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import html

from ewater.dashboard import view
from ewater.dashboard.components import choice, select
from ewater.dashboard.questions import returns as asked
from ewater.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_SHOWN = 60  # options of a list that is searched
_QUARTERS_OF = 2  # years


class Place(NamedTuple):
    """A return, as everything else names it."""

    enterprise: str
    form: str
    period: str


def of(reader: CachedReader, state: State) -> Place:
    """Find what the address names, else the first enterprise and the last year.

    Raises
    ------
    NotReadyError
        There is no enterprise in the scope.
    """
    enterprise = state.get("enterprise")
    if not enterprise:
        mine = reader.look(asked.enterprises)
        if not mine:
            raise NotReadyError("there is no enterprise in your scope")
        enterprise = mine[0]["code"]
    return Place(enterprise, form_of(reader, state), period_of(reader, state))


def address(state: State, period: str) -> str:
    """Address of the return of the enterprise shown for a period."""
    return "/returns" + state.with_more("due", period).query()


def form_of(reader: CachedReader, state: State) -> str:
    """Find the form that the address names, else the first of the country."""
    return state.get("form") or str(reader.look(asked.forms)[0].form)


def period_of(reader: CachedReader, state: State) -> str:
    """Find the period that the address names, else the last year that is over."""
    if given := state.get("due"):
        return given
    known = reader.look(asked.choosable, form_of(reader, state))
    return str(known["years"][0])


def chooser(
    reader: CachedReader,
    state: State,
    lang: Language,
    *,
    of_enterprise: bool = True,
    clock: bool = True,
) -> list[Any]:
    """Make the controls that name a return, or a form and period alone.

    Parameters
    ----------
    clock
        Say by which clocks times are: tables of exhibits say it themselves.
    """
    say = lang.gettext
    form = form_of(reader, state)
    forms = [
        {"value": one.form, "label": f"{one.form} · {one.names.say(lang.code)}"}
        for one in reader.look(asked.forms)
    ]
    known = reader.look(asked.choosable, form)
    parts = []
    if of_enterprise:
        parts.append(enterprise_select(reader, state, lang))
    if len(forms) > 1:
        parts.append(_labelled("form", say("Form"), forms, form))
    period = period_of(reader, state)
    named = {"value": "", "label": ""}
    periods = [
        {**named, "value": p, "label": lang.period(p)} for p in _periods(known, period)
    ]
    parts.append(_labelled("due", say("Period of the return"), periods, period))
    if not clock:
        return parts
    words = say("Times are by the clocks of {zone}, in files UTC.")
    told = words.format(zone=view.zone(reader))
    return [*parts, html.P(told, className="hint choose-clock")]


def enterprise_select(reader: CachedReader, state: State, lang: Language) -> html.Div:
    """Choose one of the enterprises in the scope."""
    mine = reader.look(asked.enterprises)
    options = [
        {
            "value": row["code"],
            "label": " · ".join(filter(None, (row["name"], row["code"]))),
        }
        for row in mine
    ]
    chosen = state.get("enterprise") or (mine[0]["code"] if mine else "")
    return _labelled(
        "enterprise", lang.gettext("Enterprise"), options, chosen, searchable=True
    )


def _periods(known: Mapping[str, Sequence[str]], chosen: str) -> list[str]:
    quarters = [
        f"{year}-Q{quarter}"
        for year in known["years"][:_QUARTERS_OF]
        for quarter in (4, 3, 2, 1)
    ]
    every = {*known["years"], *known["kept"], *quarters, chosen}
    return sorted(every, key=lambda p: (p[:4], "Q" not in p, p), reverse=True)


def _labelled(
    name: str,
    label: str,
    data: Sequence[Mapping[str, str]],
    value: str,
    *,
    searchable: bool = False,
) -> html.Div:
    control = select(
        choice(name),
        label=label,
        data=list(data),
        value=value,
        searchable=searchable,
        limit=_SHOWN if searchable else None,
    )
    return html.Div(control, className=f"choose-{name}")
