"""The flow diagram of the overview and the table that says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import view
from ewater.dashboard.exhibits import Column, Exhibit, Sheet, reasons
from ewater.dashboard.figures import flows as grouping
from ewater.dashboard.figures.sankey import sankey
from ewater.dashboard.i18n import mark

if TYPE_CHECKING:
    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.figures.flows import Link
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State


def quantity(link: Link) -> Quantity:
    """Write a link as a quantity; its uncertainty is at most that given."""
    total = sum(link.by_status.values())
    return {
        "value": None if link.missing else link.volume,
        "known": link.volume,
        "missing": link.missing,
        "u": link.u if link.volume else None,
        "coverage": link.coverage,
        "status": link.status,
        "status_shares": {s: v / total for s, v in link.by_status.items()}
        if total > 0
        else {},
    }


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Links of the diagram, largest first."""
    say = lang.gettext
    flows = reader.flows(state.territory, *state.question)
    links = grouping.links(flows, state.boundary)
    links += grouping.closing_links(view.load(reader, state).period)
    names = grouping.names_of(flows)
    rows = [
        {
            "from": grouping.node_name(link.source, names, lang),
            "to": grouping.node_name(link.target, names, lang),
            "volume": quantity(link),
        }
        for link in sorted(links, key=lambda link: -link.volume)
    ]
    columns = (
        Column("from", say("From")),
        Column("to", say("To")),
        Column("volume", say("Volume"), kind="quantity"),
        Column("volume", say("Coverage"), kind="covered"),
        Column("volume", say("Status"), kind="known"),
    )
    return Sheet(
        say("From source to use"),
        columns,
        rows,
        notes=[say("The uncertainty of a link is at most the one given.")],
        empty=say("No flow touches this territory inside this boundary."),
        gaps=sorted({code for link in links for code in link.missing}),
        data=(links, names),
    )


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the links."""
    links, names = shown.data
    return sankey(links, names, theme=state.theme, lang=lang)


SANKEY = Exhibit(
    "sankey",
    mark("From source to use"),
    mark("Volumes of the period in hm³. Passages inside one group are not drawn."),
    "sankey",
    sheet,
    chart,
    470,
    least=1040,
    unexplained=reasons.GROUPS,
)
