"""What reconciliation says, as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.accounts.render import console_of, hm3, label_of

if TYPE_CHECKING:
    from rich.table import Table

    Document = dict[str, Any]

_SHOWN = 12
_QUANTITIES = ("inflow", "outflow", "storage_change", "residual")
_STANDS = ("refused", "contradictory", "infeasible", "untested")


def print_tables(document: Document) -> None:
    """Print raw beside reconciled, then suspects and the largest adjustments."""
    console = console_of()
    console.print(_totals(document))
    for period in document["periods"]:
        found = period["reconciliation"]
        if found["verdict"] in _STANDS:
            console.print(
                f"{label_of(period, document['step'])}: {found['verdict']}: raw values "
                "stand, and the residual with them"
                + "".join(f"; {name}" for name in found["contradictions"][:_SHOWN])
            )
    for table in (_suspects(document), _adjustments(document)):
        if table.row_count:
            console.print(table)
    bounds = {n for p in document["periods"] for n in p["reconciliation"]["bounds"]}
    if bounds:
        console.print(f"At a bound, mostly a gross error: {', '.join(sorted(bounds))}")


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column(columns[0], no_wrap=True)
    for name in columns[1:]:
        table.add_column(name, justify="right")
    return table


def _totals(document: Document) -> Table:
    names = [name.replace("_", " ") for name in _QUANTITIES[:-1]]
    columns = ["period", "verdict", "gamma / dof", "p", *names]
    table = _table(
        "Reconciled (raw above, reconciled below), in hm3 ± u",
        *columns,
        "residual, left over",
        "explained",
    )
    for period in document["periods"]:
        found = period["reconciliation"]
        cells = []
        for name in _QUANTITIES:
            raw, after = period[name], found[name]
            above = hm3(raw["value"], raw["u"])
            cells.append(f"{above}\n{hm3(after['value'], after['u'])}")
        table.add_row(
            label_of(period, document["step"]),
            found["verdict"].replace("_", " "),
            f"{_number(found['gamma'])} / {_number(found['dof'])}",
            "?" if found["p"] is None else f"{found['p']:.3f}",
            *cells,
            _percent(found["residual"]["explained"]),
        )
    return table


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:,.0f}"


def _percent(value: float | None) -> str:
    return "?" if value is None else f"{100 * value:.0f} %"


def named(document: Document, source: str) -> str:
    """Name a source by its code and, where there is one, its site."""
    entry = document["sources"][source]
    site = entry["site_name"]["en"] or entry["site"]
    what = {"report": "report on ", "rule": "rule for ", "storage": "storage of "}
    return f"{what.get(entry['kind'], '')}{entry['code']}" + (
        f" ({site})" if site else ""
    )


def _suspects(document: Document) -> Table:
    table = _table("Suspects", "meter or report", "period", "|z|", "set aside", "feeds")
    table.add_column("cannot be told from")
    for period in document["periods"]:
        for suspect in period["reconciliation"]["suspects"]:
            others = [*suspect["alike"], *suspect["close"]]
            flows = document["sources"][suspect["source"]]["flows"]
            table.add_row(
                named(document, suspect["source"]),
                label_of(period, document["step"]),
                f"{suspect['z']:.1f}",
                "yes" if suspect["removed"] else "no",
                ", ".join(flows[:3]) + (" …" if len(flows) > 3 else ""),
                ", ".join(named(document, other) for other in others[:4])
                + (f" and {len(others) - 4} more" if len(others) > 4 else ""),
            )
    return table


def _adjustments(document: Document) -> Table:
    table = _table(
        "Largest adjustments, in hm3 ± u",
        "flow",
        "period",
        "raw",
        "reconciled",
        "raw − reconciled",
        "in u",
        "of the residual",
    )
    rows = [
        (abs(flow["normalised"]), label_of(period, document["step"]), code, flow)
        for period in document["periods"]
        for code, flow in period["reconciliation"]["flows"].items()
        if flow["normalised"] is not None
    ]
    for _, label, code, flow in sorted(rows, key=lambda row: -row[0])[:_SHOWN]:
        table.add_row(
            code,
            label,
            hm3(flow["raw"], flow["raw_u"]),
            hm3(flow["value"], flow["u"]),
            hm3(flow["adjustment"], None),
            f"{flow['normalised']:+.1f}",
            hm3(flow["in_residual"], None),
        )
    return table
