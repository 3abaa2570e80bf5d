"""The account of a territory: its lines, how they are known, its assets by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import totals, view
from ewater.dashboard.exhibits import Column, Exhibit, Facts, Sheet, reasons
from ewater.dashboard.figures.known import known
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import SECTORS, VERDICTS, term_label
from ewater.dashboard.questions.views import table
from ewater.terms import SECTORS as SECTOR_ORDER
from ewater.terms import TERMS

if TYPE_CHECKING:
    from ewater.dashboard.answers import Period, Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_ASSETS = "seea_asset"
_SIGNED = ("storage_change", "residual", "change", "booked")


def account_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Lines of the account inside the boundary, then what the flows are by term."""
    say = lang.gettext
    period = view.load(reader, state).period
    rows = account_rows(period, lang)
    notes = [
        say("Residual = inflow − outflow − storage change; z is it over its u."),
        say(
            "Terms are counted once, at the end that their definition names; they need "
            "not add up to inflow and outflow."
        ),
    ]
    if period["apportioned"]:
        notes.append(
            say(
                "A shared reach crosses the boundary: gross inflow and outflow are not "
                "defined, the residual is."
            )
        )
    if period["residual"]["after_balancing_items"]:
        notes.append(say("The residual is after balancing items."))
    columns = (
        Column("group", say("Group"), where="file"),
        Column("line", say("Line")),
        Column("value", say("Volume"), kind="quantity"),
        Column("value", say("Coverage"), kind="covered"),
        Column("value", say("Status"), kind="known"),
        Column("z", "z", kind="number", digits=2),
        Column("verdict", say("Verdict")),
    )
    whole = totals.coverage(period)  # the lines hold each other: no sum of them is one
    facts = Facts(coverage=whole["coverage"], statuses=whole["status_shares"])
    title = say("Account of the territory")
    return Sheet(title, columns, rows, notes=notes, facts=facts)


def account_rows(period: Period, lang: Language) -> list[dict[str, Any]]:
    """Lines of one period: totals, then use by sector, then terms with water."""
    say = lang.gettext
    balance = say("Balance")
    residual = period["residual"]
    lines = (
        ("inflow", say("Inflow"), period["inflow"]),
        ("outflow", say("Outflow"), period["outflow"]),
        ("storage_change", say("Storage change"), period["storage_change"]),
        ("residual", say("Residual"), residual),
        ("re_entering", say("Leaves and comes back"), period["re_entering"]),
    )
    rows: list[dict[str, Any]] = [
        {
            "group": balance,
            "line": words,
            "value": _unbounded(quantity) if code in _SIGNED else quantity,
            "cell": f"balance.{code}",
            "total": code != "re_entering",
        }
        for code, words, quantity in lines
        if code != "re_entering" or quantity["known"] or quantity["missing"]
    ]
    judged = say(VERDICTS[fmt.verdict(residual["z"])])
    rows[3] |= {"z": residual["z"], "verdict": judged}
    use = totals.use(period)
    rows.append(
        {
            "group": say("Use"),
            "line": say("Use"),
            "value": use,
            "cell": "balance.use",
            "total": True,
        }
    )
    rows += [
        {
            "group": say("Use"),
            "line": say(SECTORS[code]),
            "value": period["sectors"][code]["use"],
            "cell": f"balance.sectors.{code}.use",
            "mark": f"sector fill-{code}",
        }
        for code in SECTOR_ORDER
        if code in period["sectors"] and _is_there(period["sectors"][code]["use"])
    ]
    rows += [
        {
            "group": say("Flows by term"),
            "line": term_label(term, lang),
            "value": period["terms"][term],
            "cell": f"balance.terms.{term}",
        }
        for term in TERMS
        if term in period["terms"] and _is_there(period["terms"][term])
    ]
    return rows


def _unbounded(quantity: Any) -> Any:
    """Take what is known from a quantity with a sign: it bounds nothing."""
    return quantity if quantity["value"] is not None else {**quantity, "known": None}


def _is_there(quantity: Quantity) -> bool:
    return bool(quantity["known"] or quantity["missing"])


def known_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Share of each status in the totals, by expected volume."""
    say = lang.gettext
    period = view.load(reader, state).period
    lines = (
        (say("Inflow"), period["inflow"], "balance.inflow"),
        (say("Outflow"), period["outflow"], "balance.outflow"),
        (say("Use"), totals.use(period), "balance.use"),
        (say("Storage change"), period["storage_change"], "balance.storage_change"),
    )
    whole = totals.coverage(period)
    rows = [
        {
            "line": words,
            "value": quantity,
            "measured": quantity["status_shares"].get("measured", 0.0),
            "reported": quantity["status_shares"].get("reported", 0.0),
            "estimated": sum(
                quantity["status_shares"].get(status, 0.0)
                for status in ("modelled", "imputed", "balancing")
            ),
            "unknown": quantity["status_shares"].get("unknown", 0.0),
            "cell": cell,
        }
        for words, quantity, cell in lines
        if quantity["status_shares"]
    ]
    columns = (
        Column("line", say("Line")),
        Column("measured", say("Measured"), kind="share"),
        Column("reported", say("Reported"), kind="share"),
        Column("estimated", say("Estimated"), kind="share"),
        Column("unknown", say("Unknown"), kind="share"),
        Column("value", say("Coverage"), kind="covered"),
    )
    return Sheet(
        say("Measured or estimated"),
        columns,
        rows,
        notes=[say("Estimated: modelled, imputed, or found as what is left over.")],
        facts=Facts(coverage=whole["coverage"], statuses=whole["status_shares"]),
        empty=say("No flow touches this territory inside this boundary."),
    )


def known_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the shares."""
    rows = [(row["line"], row["value"]) for row in shown.rows]
    return known(rows, theme=state.theme, lang=lang)


def assets_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Asset account of SEEA-Water: kinds of water side by side, and their total."""
    say = lang.gettext
    document = reader.ask(
        table, _ASSETS, state.territory, state.start, state.end, state.basis
    )
    period = document["periods"][0]
    cells = period["cells"]
    used = [
        column
        for column in document["columns"]
        if column["code"] == "total"
        or any(
            cells[f"{row['code']}.{column['code']}"]["known"]
            or cells[f"{row['code']}.{column['code']}"]["missing"]
            for row in document["rows"]
            if f"{row['code']}.{column['code']}" in cells
        )
    ]
    rows = []
    for row in document["rows"]:
        whole = cells.get(f"{row['code']}.total")
        if whole is None:
            continue
        rows.append(
            {
                "line": lang.pick(row["label"]),
                "total_": _shown(row["code"], whole),
                "why": _why(whole, lang),
                "cell": f"{_ASSETS}.{row['code']}.total",
                "total": row["code"]
                in ("opening", "additions", "reductions", "change", "closing"),
                **{
                    column["code"]: _shown(
                        row["code"], cells.get(f"{row['code']}.{column['code']}")
                    )
                    for column in used
                    if column["code"] != "total"
                },
            }
        )
    told = any(row["why"] for row in rows)
    columns = (
        Column("line", say("Line")),
        *(
            Column(c["code"], lang.pick(c["label"]), kind="quantity")
            for c in used
            if c["code"] != "total"
        ),
        Column("total_", say("Total"), kind="quantity"),
        Column("total_", say("Status"), kind="known"),
        Column("why", say("Why not"), where="both" if told else "file"),
    )
    return Sheet(
        lang.pick(document["title"]),
        columns,
        rows,
        notes=[
            document["source"],
            say(
                "All inland water of the territory, whatever boundary the page has; "
                "the economy is outside."
            ),
        ],
    )


def _shown(row: str, quantity: Any) -> Any:
    """Take a cell of a row; what is known of one with a sign bounds nothing."""
    return _unbounded(quantity) if quantity and row in _SIGNED else quantity


def _why(quantity: dict[str, Any], lang: Language) -> str | None:
    """Say why a cell has no value, where no flow is missing."""
    words = {
        "apportioned": lang.gettext("divided between territories"),
        "not modelled": lang.gettext("no stock is modelled"),
        "undefined": lang.gettext("division by zero"),
    }
    return words.get(str(quantity["why"]))


ACCOUNT = Exhibit(
    "account",
    mark("Account of the territory"),
    mark("Every line with its uncertainty, coverage and how it is known."),
    "account",
    account_sheet,
)
KNOWN = Exhibit(
    "known",
    mark("Measured or estimated"),
    mark("Share of the expected volume by how it is known."),
    "known",
    known_sheet,
    known_chart,
    256,
    without=reasons.SHARES,
)
ASSETS = Exhibit(
    "assets",
    mark("Asset account by kind of water"),
    mark("SEEA-Water: opening stock, additions, reductions, closing stock."),
    "assets",
    assets_sheet,
)
