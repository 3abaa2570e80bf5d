"""Where water is lost, and where the next meters pay."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import totals, view
from ewater.dashboard.components import segments
from ewater.dashboard.exhibits import Column, Exhibit, Sheet
from ewater.dashboard.exhibits.sheet import Facts
from ewater.dashboard.figures import losses as figures
from ewater.dashboard.i18n import mark
from ewater.dashboard.naming import touching
from ewater.dashboard.questions.where import losses, meters
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.answers import Flow
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_DRAWN = 15  # of the losses; the table has them all
_METERS = 12
KINDS = MappingProxyType(
    {
        "river": mark("Reach"),
        "canal": mark("Canal"),
        "utility": mark("Utility"),
    }
)
TOTALS = MappingProxyType(
    {
        "use": mark("Use"),
        "inflow": mark("Inflow"),
        "outflow": mark("Outflow"),
        "net_inflow": mark("Net inflow"),
    }
)
_TOTAL_LABEL = mark("Total to be known better")


def losses_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Losses of reaches, canals and utilities, the largest first."""
    say = lang.gettext
    asked = (state.territory, state.start, state.end, None, state.basis)
    try:
        found = reader.ask(losses, *asked)
    except UsageError:  # it holds no account that could lose anything
        found = []
    called = touching(reader, state, lang)
    kinds = {kind: say(word) for kind, word in KINDS.items()}
    behind = _behind(reader, state, [row["account"] for row in found])
    rows = [
        {
            **row,
            **_rests(behind[row["account"]]),
            "cell": f"balance.accounts.{row['account']}",
            "name": called.get(row["account"], row["account"]),
            "kind_word": kinds[row["kind"]],
            "rank": _rank(row, lang),
            "interval": _interval(row, lang),
            "note": _note(row, lang),
        }
        for row in found
    ]
    unknown = sum(row["loss"] is None for row in rows)
    notes = [
        say(
            "Loss = what enters less what is passed on and stored: what is declared, "
            "and what nobody explains besides."
        ),
        say("Ranks are those that the intervals leave open."),
        say("A filled mark: the whole interval lies above zero."),
        say(
            "Coverage and status are those of the flows into and out of an account, by "
            "volume; Explain tells what it leaves over."
        ),
    ]
    every = {flow["code"]: flow for flows in behind.values() for flow in flows}
    whole = totals.add(map(totals.of_flow, every.values()))
    facts = Facts(
        unit=fmt.UNIT,
        uncertainty=fmt.UNCERTAINTY,
        coverage=whole["coverage"],
        statuses=whole["status_shares"],
    )
    if state.version == "reconciled":
        facts = replace(facts, figures=say("raw figures"))
        notes.insert(
            0,
            say(
                "Reconciling shares out what does not balance, so that no reach loses "
                "more than it declares: losses are looked for in the raw figures."
            ),
        )
    columns = (
        Column("rank", say("Rank")),
        Column("name", say("Account")),
        Column("account", say("Code"), kind="code", where="file"),
        Column("kind_word", say("Kind")),
        Column("loss", say("Loss"), kind="volume"),
        Column("interval", say("95 % interval"), "hm³", kind="written", where="page"),
        Column("lower", say("Lower bound"), kind="volume", where="file"),
        Column("upper", say("Upper bound"), kind="volume", where="file"),
        Column("share", say("Share of what enters"), kind="share"),
        Column("declared", say("Declared"), kind="volume"),
        Column("unexplained", say("Unexplained"), kind="volume"),
        Column("coverage", say("Coverage"), kind="share", digits=0),
        Column("status", say("Status"), kind="status"),
        Column("note", say("Note"), kind="aside"),
    )
    return Sheet(
        say("Where it is lost"),
        columns,
        rows,
        notes=notes,
        facts=facts,
        data=unknown,
        empty=say("No reach, canal or utility into and out of which water flows."),
    )


def _behind(
    reader: CachedReader, state: State, accounts: Sequence[str]
) -> dict[str, list[Flow]]:
    """Flows into and out of each account; losses are of the managed water."""
    found: dict[str, list[Flow]] = {account: [] for account in accounts}
    period = (state.territory, state.start, state.end)
    for flow in reader.flows(*period, "managed", state.basis):
        for end in {flow["from"], flow["to"]} & found.keys():
            found[end].append(flow)
    return found


def _rests(flows: Sequence[Flow]) -> dict[str, Any]:
    """Coverage and status of some flows together."""
    whole = totals.add(map(totals.of_flow, flows))
    return {"coverage": whole["coverage"], "status": whole["status"]}


def _rank(row: dict[str, Any], lang: Language) -> str:
    first, last = row["rank_first"], row["rank_last"]
    if first is None:
        return fmt.DASH
    ends = [lang.number(first), lang.number(last)]
    return ends[0] if ends[0] == ends[1] else "–".join(ends)


def _interval(row: dict[str, Any], lang: Language) -> str | None:
    if row["lower"] is None:
        return None
    return f"{fmt.hm3(row['lower'], lang)} … {fmt.hm3(row['upper'], lang)}"


def _note(row: dict[str, Any], lang: Language) -> str | None:
    words = []
    if row["missing"]:
        words.append(
            lang.ngettext(
                "{count} flow without data",
                "{count} flows without data",
                row["missing"],
            ).format(count=lang.number(row["missing"]))
        )
    if row["not_modelled"]:
        words.append(lang.gettext("storage not modelled: its change is in the loss"))
    return "; ".join(words) or None


def losses_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any] | None:
    """Draw the largest losses with their intervals."""
    rows = [row for row in shown.rows if row["loss"] is not None][:_DRAWN]
    kinds = {kind: lang.gettext(word) for kind, word in KINDS.items()}
    return figures.losses(rows, kinds, theme=state.theme, lang=lang)


def meters_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Meters that make a total best known, one after the other."""
    say = lang.gettext
    total = state.pick("meter_total", TOTALS)
    period = (state.territory, state.start, state.end)
    title = say("Where the next meters pay")
    try:
        found = reader.ask(meters, total, *period, _METERS, state.boundary, state.basis)
    except UsageError:  # of a total without flows
        none = say("No flow of this territory belongs to {total}.")
        return Sheet(title, (), (), empty=none.format(total=say(TOTALS[total])))
    called = touching(reader, state, lang)
    now = {
        flow["code"]: flow for flow in reader.flows(state.territory, *state.question)
    }
    rows = [
        {
            **row,
            **_rests([now[row["flow"]]] if row["flow"] in now else []),
            "cell": f"balance.flows.{row['flow']}",
            "name": f"{called.get(row['from'], row['from'])} → "
            f"{called.get(row['to'], row['to'])}",
            "after": _after(found["u"][0], row["left"]),
        }
        for row in found["meters"]
    ]
    columns = (
        Column("number", say("No."), kind="number", digits=0),
        Column("name", say("From → to")),
        Column("flow", say("Flow"), kind="code"),
        Column("meter_u", say("u of the meter (k = 1)"), kind="volume"),
        Column("fall", say("Fall of the variance"), kind="share"),
        Column("after", say("± U of the total after"), kind="volume"),
        Column("coverage", say("Coverage now"), kind="share", digits=0),
        Column("status", say("Status now"), kind="status"),
    )
    rests = totals.rests_on(view.load(reader, state).period, total)
    notes = [
        say("As reconciled, {total} is known to {u} hm³ (95 %) now.").format(
            total=say(TOTALS[total]), u=fmt.expanded(found["u"][0], lang)
        ),
        say(
            "Each meter is chosen after those above it; its accuracy is the usual one "
            "of its place."
        ),
        say("Coverage and status are those of the total now; each row has its flow's."),
    ]
    if found["open"]:
        notes.append(
            say(
                "Nothing determines {flows}: the total stays unknown without them."
            ).format(flows=", ".join(found["open"][:8]))
        )
    return Sheet(
        title,
        columns,
        rows,
        notes=notes,
        facts=Facts(
            unit=fmt.UNIT,
            uncertainty=fmt.UNCERTAINTY,
            coverage=rests["coverage"],
            statuses=rests["status_shares"],
            figures=say("as reconciled") if state.version == "raw" else "",
        ),
        data=found["u"][0],
        empty=say("No further meter would make this total better known."),
    )


def _after(u: float, left: float) -> float:
    return fmt.EXPANSION * u * float(max(left, 0.0) ** 0.5)


def meters_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw how the uncertainty falls."""
    return figures.meters(shown.data, shown.rows, theme=state.theme, lang=lang)


def meters_controls(state: State, lang: Language) -> list[Any]:
    """Choose the total."""
    chosen = state.pick("meter_total", TOTALS)
    return [segments("meter_total", chosen, TOTALS, lang, _TOTAL_LABEL)]


LOSSES = Exhibit(
    "losses",
    mark("Where it is lost"),
    mark("Reaches, canals and utilities, with the interval of 95 %."),
    "losses",
    losses_sheet,
    losses_chart,
    474,
)
METERS = Exhibit(
    "meters",
    mark("Where the next meters pay"),
    mark("How far each further meter makes a total better known."),
    "meters",
    meters_sheet,
    meters_chart,
    330,
    controls=meters_controls,
)
