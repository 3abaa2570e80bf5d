"""Enterprise: its figures over the years, returns and receipts, permits, meters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dash import Input, Output, dcc, html

from ewater.dashboard import view
from ewater.dashboard.components import panel
from ewater.dashboard.exhibits import (
    Column,
    Exhibit,
    Facts,
    Link,
    Sheet,
    exhibit_panel,
    reasons,
)
from ewater.dashboard.figures.bars import grouped
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.enterprise import signing
from ewater.dashboard.pages.page import Page
from ewater.dashboard.pages.returns import place
from ewater.dashboard.pages.sectors import sums
from ewater.dashboard.questions import returns as asked
from ewater.dashboard.reading_labels import QUANTITIES
from ewater.dashboard.return_labels import DECISIONS, PER, SOURCES, STATES, WAYS, named
from ewater.series.calendars import last_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dash import Dash

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_HASH = 16
_VOLUMES = ("intake", "used", "passed_unused", "discharge")


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name what the page shows."""
    del state, geography
    return lang.gettext("One enterprise")


def years_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Figures of each year, as they were sent last."""
    say = lang.gettext
    where = place.of(reader, state)
    told = reader.look(asked.years, where.enterprise, where.form)
    rows = [
        {
            "period": Link(
                lang.period(row["period"]), place.address(state, row["period"])
            ),
            "metered": row["metered"],
            **{key: _sent(row[key], row[f"{key}_u"]) for key in _VOLUMES},
        }
        for row in told
    ]
    columns = (
        Column("period", say("Period")),
        Column("intake", say("Water taken"), kind="quantity"),
        Column("used", say("Water used"), kind="quantity"),
        Column("passed_unused", say("Passed on unused"), kind="quantity"),
        Column("discharge", say("Water discharged"), kind="quantity"),
        Column("metered", say("Metered"), kind="share"),
    )
    notes = [
        say(
            "± U: 5 % of what is metered, 30 % of what follows a norm; a return says "
            "what part of the water taken and discharged is metered."
        ),
        say("Coverage: years with a return, from the first one to the last."),
    ]
    why = say("This enterprise has sent no return of this form.")
    return Sheet(
        say("Figures over the years"),
        columns,
        rows,
        notes=notes,
        empty=why,
        facts=Facts(coverage=_years_covered(row["period"] for row in told)),
    )


def _sent(volume: float | None, u: float | None) -> Quantity | None:
    """Give a figure of a return as a quantity; None where it was not given."""
    return None if volume is None else sums.made(volume, u, "reported")


def _years_covered(periods: Iterable[str]) -> float | None:
    """Share of the years between the first and the last that have a return."""
    years = {int(period[:4]) for period in periods}
    return len(years) / (max(years) - min(years) + 1) if years else None


def years_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw what was taken, used and discharged in each year."""
    kinds = {
        "intake": (lang.gettext("Water taken"), "inflow"),
        "used": (lang.gettext("Water used"), "use"),
        "discharge": (lang.gettext("Water discharged"), "outflow"),
    }
    names = [str(row["period"]) for row in shown.rows]
    series = [
        (label, colour, [row[key] for row in shown.rows])
        for key, (label, colour) in kinds.items()
        if any(row[key] for row in shown.rows)  # else it is a legend alone
    ]
    return grouped(names, series, state.theme, lang)


def returns_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List every version that was sent, with its receipt."""
    say = lang.gettext
    rows = []
    for one in reader.look(asked.sent_returns, place.of(reader, state).enterprise):
        rows += [
            {
                "period": lang.period(one["period"]),
                "form": one["form"],
                "version": sent["number"],
                "state": lang.capital(
                    named(DECISIONS, sent["decision"], lang)
                    or named(STATES, one["state"], lang)
                ),
                "at": sent["submitted_at"],
                "by": sent["submitted_name"],
                "way": named(WAYS, sent["way"], lang),
                "decided": sent["decided_at"],
                "hash": sent["sha256"].hex()[:_HASH],
                "whole": sent["sha256"].hex(),
            }
            for sent in reversed(one["sent"])
        ]
    columns = (
        Column("period", say("Period")),
        Column("form", say("Form"), kind="code"),
        Column("version", say("Version"), kind="number", digits=0),
        Column("state", say("State of the return")),
        Column("at", say("Submitted"), kind="time"),
        Column("by", say("Submitted by")),
        Column("way", say("How it came")),
        Column("decided", say("Decided"), kind="time"),
        Column("hash", say("Hash"), kind="code", where="page"),
        Column("whole", say("Hash of the return (SHA-256)"), where="file"),
    )
    why = say("Nothing was submitted yet.")
    return Sheet(say("Returns and receipts"), columns, rows, empty=why)


def permits_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List the permits, with what each allows in the period of the return."""
    say = lang.gettext
    told = reader.look(asked.one, *place.of(reader, state))
    zone = ZoneInfo(told["zone"])
    rows = [
        {
            "code": row["code"],
            "source": named(SOURCES, row["source_kind"], lang),
            "limit": row["limit_m3"],
            "per": named(PER, row["per"], lang),
            "from": _day(row["valid_from"], zone),
            "to": row["valid_to"] and last_day(row["valid_to"], told["zone"]),
            "allowed": row["allowed"],
            "site": row["site"],
        }
        for row in told["permits"]
    ]
    columns = (
        Column("code", say("Permit"), kind="code"),
        Column("source", say("Source")),
        Column("limit", say("Limit"), kind="volume"),
        Column("per", say("Per")),
        Column("from", say("Valid from"), kind="date"),
        Column("to", say("Valid until"), kind="date"),
        Column("allowed", say("Allowed in the period"), kind="volume"),
        Column("site", say("Site"), kind="code"),
    )
    why = say("The register has no permit of this enterprise.")
    return Sheet(say("Permits"), columns, rows, empty=why)


def _day(moment: Any, zone: ZoneInfo) -> Any:
    """Day of the country; None where there is none."""
    return None if moment is None else moment.astimezone(zone).date()


def meters_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List the instruments at the sites of its permits."""
    say = lang.gettext
    zone = view.zone(reader)
    found = reader.look(asked.instruments, place.of(reader, state).enterprise)
    rows = [
        {
            **row,
            "quantity": named(QUANTITIES, row["quantity"], lang),
            "last_day": _day(row["last_day"], zone),
        }
        for row in found
    ]
    columns = (
        Column("series", say("Series"), kind="code"),
        Column("permit", say("Permit"), kind="code"),
        Column("site", say("Site"), kind="code"),
        Column("quantity", say("Quantity")),
        Column("u_systematic_pct", say("u systematic"), "%", "number"),
        Column("u_random_pct", say("u random"), "%", "number"),
        Column("last_day", say("Last day with readings"), kind="date"),
    )
    why = say("No permit of this enterprise names a site with an instrument.")
    return Sheet(say("Meters"), columns, rows, empty=why)


EXHIBITS = (
    Exhibit(
        "years",
        mark("Figures over the years"),
        mark("As they were sent last, approved or not."),
        "years",
        years_sheet,
        years_chart,
    ),
    Exhibit(
        "permits",
        mark("Permits"),
        mark("In the register."),
        "permits",
        permits_sheet,
        without=reasons.RECORDS,
    ),
    Exhibit(
        "returns",
        mark("Returns and receipts"),
        mark("Every version that was sent."),
        "returns",
        returns_sheet,
        without=reasons.RECORDS,
    ),
    Exhibit(
        "meters",
        mark("Meters"),
        mark("At the sites that its permits name."),
        "meters",
        meters_sheet,
        without=reasons.RECORDS,
    ),
    Exhibit(
        "signatures",
        mark("Signatures"),
        mark("Of submitted returns, each verified again now."),
        "signatures",
        signing.sheet,
        on_page=False,
        without=reasons.RECORDS,
    ),
)


def layout(state: State, lang: Language) -> html.Div:
    """Make the empty page."""
    shown = [
        exhibit_panel("enterprise", one, state, lang) for one in EXHIBITS if one.on_page
    ]
    signatures = panel(
        "enterprise-signatures-panel",
        lang.gettext("Signatures"),
        lang.gettext("Of submitted returns, each verified again now."),
        html.Div(id="enterprise-sign-said", role="status"),
        html.Div(id="enterprise-signatures"),
        signing.form(lang),
        area="signatures",
    )
    return html.Div(
        [
            dcc.Store(id="enterprise-signed-at"),
            html.Div(id="enterprise-choose", className="return-choose"),
            html.Div([*shown, signatures], className="panels enterprise-board"),
        ]
    )


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the choice of the enterprise; the exhibits fill themselves."""

    @app.callback(Output("enterprise-choose", "children"), Input("state", "data"))
    def choose(data: Mapping[str, Any] | None) -> list[Any]:
        state, lang = view.opened(data)
        return place.chooser(reader, state, lang, clock=False)

    signing.register(app, reader)


PAGE = Page(
    name="enterprise",
    path="/enterprise",
    acts=("oversee", "report"),
    label=mark("Enterprise"),
    heading=heading,
    layout=layout,
    register=register,
    exhibits=EXHIBITS,
    filters=(),
)
