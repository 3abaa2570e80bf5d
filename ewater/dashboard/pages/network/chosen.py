"""What is known of the one flow or account that was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import totals
from ewater.dashboard.components import choice, select
from ewater.dashboard.exhibits import Column, Exhibit, Sheet
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import account_label, term_label
from ewater.dashboard.pages.network import drawn
from ewater.terms import OUTSIDE_KINDS

if TYPE_CHECKING:
    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.pages.network.drawn import Shown
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

Lines = list[dict[str, Any]]


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Figures of the flow or account in the address."""
    say = lang.gettext
    shown = drawn.load(reader, state, lang)
    kind, _, code = shown.chosen.partition(":")
    flow = next((f for f in shown.flows if kind == "flow" and f["code"] == code), None)
    node = shown.nodes.get(code) if kind == "node" else None
    rows: Lines = []
    why = say("Choose a flow or an account: on the map, in the diagram or above.")
    if flow is not None:
        rows = _of_flow(flow, shown, lang)
    elif node is not None:
        rows = _of_node(node, shown, lang)
    elif shown.chosen:
        why = say("{code} is not among what is shown.").format(code=code)
    columns = (
        Column("what", say("What")),
        Column("volume", say("Volume"), kind="quantity"),
        Column("words", say("Value")),
    )
    title = say("Figures of the one chosen")
    flows = [row["volume"] for row in rows if _is_flow(row)]
    return Sheet(title, columns, rows, empty=why, facts=drawn.facts(flows))


def _of_flow(flow: dict[str, Any], shown: Shown, lang: Language) -> Lines:
    say = lang.gettext
    volume = totals.of_flow(flow)
    return [
        {
            "what": say("Volume"),
            "volume": volume,
            "cell": f"balance.flows.{flow['code']}",
        },
        {"what": say("From"), "words": shown.names[flow["from"]]},
        {"what": say("To"), "words": shown.names[flow["to"]]},
        {"what": say("Term"), "words": term_label(flow["term"], lang)},
        {"what": say("Coverage"), "words": fmt.percent(flow["coverage"], lang)},
        {"what": say("Known by"), "words": flow["measured_by"] or fmt.DASH},
        {"what": say("Code"), "words": flow["code"]},
    ]


def _of_node(node: dict[str, Any], shown: Shown, lang: Language) -> Lines:
    say = lang.gettext
    code = node["code"]
    rows: Lines = [
        {"what": say("Account"), "words": shown.names[code]},
        {"what": say("Kind"), "words": account_label(node["kind"], lang)},
        {"what": say("Inflow"), "volume": _volume(node["entering"])},
        {"what": say("Outflow"), "volume": _volume(node["leaving"])},
    ]
    if node["kind"] not in OUTSIDE_KINDS:
        stored: dict[str, Any] = {"words": say("no stock is modelled")}
        if node["modelled"]:
            stored = {"volume": _volume(node["storage_change"])}
        rows += [
            {"what": say("Storage change"), **stored},
            {
                "what": say("Residual"),
                "volume": _volume(node["residual"], node["u"]),
                "cell": f"balance.accounts.{code}",
            },
            {
                "what": "z",
                "words": fmt.DASH
                if node["residual_z"] is None
                else lang.number(node["residual_z"], 2),
            },
            {"what": say("Verdict"), "words": drawn.verdict_words(node, lang)},
        ]
    flows = [f for f in shown.flows if code in (f["from"], f["to"])]
    flows.sort(key=lambda f: -(f["volume"] or 0.0))
    rows += [
        {
            "what": f"← {shown.names[f['from']]}"
            if f["to"] == code
            else f"→ {shown.names[f['to']]}",
            "volume": totals.of_flow(f),
            "words": term_label(f["term"], lang),
            "cell": f"balance.flows.{f['code']}",
        }
        for f in flows
    ]
    return rows


def _volume(value: float | None, u: float | None = None) -> Quantity:
    """Show a sum of the flows of an account, which stand below it with their own."""
    return {
        "value": value,
        "known": value,
        "missing": [],
        "u": u,
        "coverage": None,
        "status": "unknown",
        "status_shares": {},
    }


def _is_flow(row: dict[str, Any]) -> bool:
    return str(row.get("cell", "")).startswith("balance.flows.")


def controls(state: State, lang: Language) -> list[Any]:
    """Choose by name, without the map."""
    return [
        select(
            choice("pick"),
            value=state.get("pick") or None,
            data=[],
            searchable=True,
            placeholder=lang.gettext("Flow or account"),
            nothingFoundMessage=lang.gettext("No flow or account has this name."),
            limit=60,
            className="network-pick",
            **attributes(aria_label=lang.gettext("Flow or account")),
        )
    ]


CHOSEN = Exhibit(
    "chosen",
    mark("Figures of the one chosen"),
    mark("A flow with how it is known, or an account with what enters and leaves."),
    "chosen",
    sheet,
    controls=controls,
)
