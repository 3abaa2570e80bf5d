"""What of the ledger is drawn: accounts and flows of a view, in words and colours."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import totals, view
from ewater.dashboard.exhibits import Facts
from ewater.dashboard.figures.network import Node
from ewater.dashboard.figures.network_map import Flow
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import STATUSES, VERDICTS, account_label, term_label
from ewater.dashboard.naming import account_names
from ewater.dashboard.questions.network import network
from ewater.terms import OUTSIDE_KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

PAINTS = MappingProxyType(
    {"status": mark("How it is known"), "closure": mark("Closure (z of the account)")}
)
DETAILS = MappingProxyType(
    {"waters": mark("Rivers, reservoirs, canals"), "all": mark("All accounts")}
)
_WATERS = ("river", "lake", "reservoir", "canal")
_COLOUR_OF = {"closed": "good", "watch": "watch", "investigate": "bad"}
_LABELS = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The network of a view: all of it, and what the detail chosen leaves of it."""

    nodes: Mapping[str, dict[str, Any]]
    flows: Sequence[dict[str, Any]]
    names: Mapping[str, str]
    paint: str
    chosen: str

    def legend(self, lang: Language) -> dict[str, str]:
        """Words for the colours that occur, by colour."""
        if self.paint == "status":
            found = {flow["status"] for flow in self.flows}
            return {s: lang.gettext(STATUSES[s]) for s in STATUSES if s in found}
        found = {_verdict(node) for node in self.nodes.values()}
        return {
            _COLOUR_OF.get(v, "balancing"): lang.gettext(VERDICTS[v])
            for v in VERDICTS
            if v in found
        }


def load(reader: CachedReader, state: State, lang: Language) -> Shown:
    """Ask for the network of a view and keep what is to be shown."""
    found = reader.ask(network, state.territory, *state.question)
    nodes = {node["code"]: node for node in found["nodes"]}
    flows = found["flows"]
    if state.pick("detail", DETAILS) == "waters":
        wanted = {
            code
            for code, node in nodes.items()
            if node["kind"] in (*_WATERS, "neighbour", "sea")
        }
        flows = [f for f in flows if f["from"] in wanted and f["to"] in wanted]
    touched = {flow[end] for flow in flows for end in ("from", "to")}
    return Shown(
        nodes={code: node for code, node in nodes.items() if code in touched},
        flows=flows,
        names=account_names(found["nodes"], view.geography(reader), lang),
        paint=state.pick("paint", PAINTS),
        chosen=state.get("pick") or _largest(nodes, touched),
    )


def _largest(nodes: Mapping[str, Mapping[str, Any]], among: set[str]) -> str:
    """Take the water through which most flows, as long as nothing is chosen."""
    waters = [code for code in among if nodes[code]["kind"] in _WATERS]
    if not waters:
        return ""
    return f"node:{max(sorted(waters), key=lambda code: _size(nodes[code]))}"


def facts(flows: Sequence[Quantity]) -> Facts:
    """Say how some flows are known together."""
    whole = totals.add(flows)
    return Facts(
        uncertainty=fmt.UNCERTAINTY,
        coverage=whole["coverage"],
        statuses=whole["status_shares"],
    )


def verdict_words(node: Mapping[str, Any], lang: Language) -> str:
    """Say whether an account closes, or why that cannot be said."""
    if node["kind"] in OUTSIDE_KINDS:
        return lang.gettext("outside")
    if node["balanced"]:
        return lang.gettext("a flow is what is left over")
    return lang.gettext(VERDICTS[_verdict(node)])


def _verdict(node: Mapping[str, Any]) -> str:
    return "unknown" if node["balanced"] else fmt.verdict(node["residual_z"])


def drawn_flows(shown: Shown, lang: Language) -> list[Flow]:
    """Flows in words and colours; by closure they are coloured by their worse end."""
    return [
        Flow(
            code=flow["code"],
            start=flow["from"],
            end=flow["to"],
            colour=flow["status"]
            if shown.paint == "status"
            else _worse(shown.nodes[flow["from"]], shown.nodes[flow["to"]]),
            volume=flow["volume"],
            told=_flow_told(flow, shown, lang),
        )
        for flow in shown.flows
    ]


def _worse(*nodes: Mapping[str, Any]) -> str:
    found = {_verdict(node) for node in nodes}
    for verdict in ("investigate", "watch"):
        if verdict in found:
            return _COLOUR_OF[verdict]
    return "muted"


def _flow_told(flow: Mapping[str, Any], shown: Shown, lang: Language) -> str:
    lines = [
        f"<b>{shown.names[flow['from']]} → {shown.names[flow['to']]}</b>",
        term_label(flow["term"], lang),
        fmt.told(totals.of_flow(flow), lang),
        lang.gettext(STATUSES[flow["status"]]),
        flow["code"],
    ]
    return "<br>".join(lines)


def drawn_nodes(
    shown: Shown, places: Mapping[str, tuple[float, float]], lang: Language
) -> list[Node]:
    """Accounts in words and colours; the largest ones have their names written."""
    size = {code: _size(node) for code, node in shown.nodes.items() if code in places}
    largest = set(sorted(size, key=lambda code: -size[code])[:_LABELS])
    few = len(size) <= 2 * _LABELS
    return [
        Node(
            code=code,
            name=shown.names[code],
            kind=node["kind"],
            colour=_node_colour(node, shown.paint),
            size=size[code],
            at=places[code],
            told=_node_told(node, shown, lang),
            labelled=few or code in largest,
        )
        for code, node in shown.nodes.items()
        if code in places
    ]


def _size(node: Mapping[str, Any]) -> float:
    return max(node["entering"] or 0.0, node["leaving"] or 0.0)


def _node_colour(node: Mapping[str, Any], paint: str) -> str:
    if paint == "closure" and node["kind"] not in OUTSIDE_KINDS:
        return _COLOUR_OF.get(_verdict(node), "balancing")
    return {"reservoir": "storage", "lake": "storage", "canal": "accent"}.get(
        node["kind"], "ink" if node["kind"] in OUTSIDE_KINDS else "inflow"
    )


def _left_over(node: Mapping[str, Any], lang: Language) -> str:
    """Write what an account leaves over; what is unknown has no uncertainty."""
    if node["residual"] is None:
        return fmt.DASH
    left = f"{fmt.signed_hm3(node['residual'], lang)} {fmt.UNIT}"
    return f"{left}  {fmt.expanded(node['u'], lang)} (95 %)"


def _node_told(node: Mapping[str, Any], shown: Shown, lang: Language) -> str:
    say = lang.gettext
    entering, leaving = (fmt.hm3(node[key], lang) for key in ("entering", "leaving"))
    lines = [
        f"<b>{shown.names[node['code']]}</b>",
        account_label(node["kind"], lang),
        f"{say('Inflow')} {entering}, {say('Outflow')} {leaving} {fmt.UNIT}",
    ]
    if node["kind"] not in OUTSIDE_KINDS:
        lines.append(f"{say('Residual')} {_left_over(node, lang)}")
        lines.append(verdict_words(node, lang))
    return "<br>".join(lines)
