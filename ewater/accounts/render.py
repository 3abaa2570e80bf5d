"""The balance document as a table for people and as CSV for programs."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console
    from rich.table import Table

Document: TypeAlias = dict[str, Any]
_Lines: TypeAlias = "Callable[[Document], Iterator[tuple[str, Document]]]"

_WHOLE = 1000  # hm3 from which decimals say nothing
_MOST_COLUMNS = 6
_PLAIN_WIDTH = 200  # where output goes to a file or pipe, nothing is folded

_TOTALS = ("inflow", "outflow", "storage_change", "residual")
_CSV = (
    "territory",
    "boundary",
    "period_start",
    "period_end",
    "line",
    "value_m3",
    "known_m3",
    "u_m3",
    "coverage",
    "status",
    "missing",
)
_RECONCILED = ("reconciled_m3", "reconciled_u_m3", "adjustment_m3")


def lines(period: Document) -> Iterator[tuple[str, Document]]:
    """Walk the quantities of one period; names are dotted, as keys of the JSON."""
    for name in (*_TOTALS, "other_change", "re_entering", "use"):
        yield name, period[name]
    for group in ("terms", "neighbours", "sectors"):
        for name, entry in period[group].items():
            if "value" in entry:
                yield f"{group}.{name}", entry
            else:
                yield from ((f"{group}.{name}.{key}", q) for key, q in entry.items())


def as_json(document: Document) -> str:
    """Write the stable, documented form (docs/balance-json.md)."""
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)


def as_csv(document: Document) -> str:
    """One line for each quantity and period; an unknown value is an empty cell."""
    out = io.StringIO()
    for notice in document["notices"]:
        out.write(f"# {notice['en']}\n")
    writer = csv.writer(out, lineterminator="\n")
    reconciled = any("reconciliation" in period for period in document["periods"])
    writer.writerow((*_CSV, *_RECONCILED) if reconciled else _CSV)
    for period in document["periods"]:
        place = (document["territory"], document["boundary"])
        start = (*place, period["start"], period["end"])
        for name, q in lines(period):
            figures = (q["value"], q["known"], q["u"], q["coverage"], q["status"])
            row = (*start, name, *figures, " ".join(q["missing"]))
            writer.writerow((*row, *_beside(period, name)) if reconciled else row)
        for code, flow in period.get("reconciliation", {}).get("flows", {}).items():
            raw = (flow["raw"], flow["raw"], flow["raw_u"], None, flow["standing"], "")
            after = (flow["value"], flow["u"], flow["adjustment"])
            writer.writerow((*start, f"flows.{code}", *raw, *after))
    return out.getvalue()


def _beside(period: Document, name: str) -> tuple[float | None, ...]:
    """Reconciled value, its u and the adjustment of one line of the CSV."""
    found = period["reconciliation"].get(name) if name in _TOTALS else None
    return tuple(found[k] if found else None for k in ("value", "u", "adjustment"))


def hm3(volume: float | None, u: float | None) -> str:
    """Cubic hectometres with their uncertainty, as many decimals as it deserves.

    Examples
    --------
    >>> hm3(17_462_500_000, 250_400_000), hm3(342_700_000, 1_940_000)
    ('17,462 ± 250', '342.7 ± 1.9')
    """
    if volume is None:
        return "?"
    value = volume / HM3
    decimals = 0 if abs(value) >= _WHOLE else 1
    text = f"{value:,.{decimals}f}"
    return text if u is None else f"{text} ± {u / HM3:,.{decimals}f}"


def figure(quantity: Document) -> str:
    """Value with its standard uncertainty, or what is known of it.

    A value that is not known is never printed as if it were: ``known 12.0 ± 0.5
    (2 missing)`` is the known part and how many flows it lacks.
    """
    if quantity["value"] is not None:
        return hm3(quantity["value"], quantity["u"])
    count = len(quantity["missing"])
    if count:
        return f"known {hm3(quantity['known'], quantity['u'])} ({count} missing)"
    return "not given"


def console_of() -> Console:
    """Console of this process; where it is no terminal, nothing is folded."""
    from rich.console import Console

    console = Console(highlight=False)
    return (
        console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)
    )


def print_table(document: Document) -> None:
    """Print the document as tables: totals by period, then what makes them up."""
    console = console_of()
    for notice in document["notices"]:
        console.print(f"[yellow]{notice['en']}[/yellow]")
    console.print(
        f"[bold]{document['territory']}[/bold], boundary {document['boundary']}, "
        f"by {document['step']}, in hm3 ± u (k = 1); as of {document['as_of']}, "
        f"run {document['run'][:12]}"
    )
    if document["empty"]:
        console.print(
            f"[yellow]{document['territory']} holds no account inside the boundary: "
            "nobody described its water. Give accounts the territory, in accounts.csv "
            "or with a share in account_territories.csv, or choose another "
            "--boundary.[/yellow]"
        )
    console.print(_totals(document))
    if len(document["periods"]) <= _MOST_COLUMNS:
        for title, named in _TABLES.items():
            table = _details(document, title, named)
            if table.row_count:
                console.print(table)
    _footnotes(document, console)


def _totals(document: Document) -> Table:
    from rich.table import Table

    table = Table(title="Water balance", title_justify="left")
    table.add_column("period", no_wrap=True)
    for name in (*_TOTALS, "z", "coverage", "status"):
        table.add_column(name.replace("_", " "), justify="right")
    for period in document["periods"]:
        z, covered = period["residual"]["z"], period["inflow"]["coverage"]
        table.add_row(
            label_of(period, document["step"]),
            *(figure(period[name]) for name in _TOTALS),
            "?" if z is None else f"{z:.1f}",
            "?" if covered is None else f"{100 * covered:.0f} %",
            period["inflow"]["status"],
        )
    return table


def _details(document: Document, title: str, named: _Lines) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("in hm3 ± u", no_wrap=True)
    columns = [dict(named(period)) for period in document["periods"]]
    for period in document["periods"]:
        table.add_column(label_of(period, document["step"]), justify="right")
    for name in columns[0]:
        quantities = [column[name] for column in columns]
        if any(_says_something(quantity) for quantity in quantities):
            table.add_row(name, *(figure(quantity) for quantity in quantities))
    return table


def _words(name: str) -> str:
    return name.replace("_", " ")


def _use(period: Document) -> Iterator[tuple[str, Document]]:
    for sector, measures in period["sectors"].items():
        yield _words(sector), measures["use"]
    yield "all sectors", period["use"]


def _exchange(period: Document) -> Iterator[tuple[str, Document]]:
    for neighbour, ways in period["neighbours"].items():
        yield f"from {neighbour}", ways["inflow"]
        yield f"to {neighbour}", ways["outflow"]
    yield "leaves and comes back", period["re_entering"]


def _terms(period: Document) -> Iterator[tuple[str, Document]]:
    for term, quantity in period["terms"].items():
        yield _words(term), quantity


_TABLES: dict[str, _Lines] = {
    "Use by sector": _use,
    "Exchange with neighbours": _exchange,
    "Flows by term": _terms,
}


def _says_something(quantity: Document) -> bool:
    return bool(quantity["missing"]) or quantity["value"] not in (None, 0.0)


def label_of(period: Document, step: str) -> str:
    """Name a period by its start, as far as its step needs."""
    start: str = period["start"]
    length = {"year": 4, "month": 7, "quarter": 7}.get(step, 10)
    return start[:length]


def _footnotes(document: Document, console: Console) -> None:
    for period in document["periods"]:
        label = label_of(period, document["step"])
        missing = sorted({m for _, q in lines(period) for m in q["missing"]})
        if missing:
            console.print(f"{label}: no value for {', '.join(missing)}")
        if period["other_change"]["value"]:
            console.print(
                f"{label}: new storage curves changed stocks in the books by "
                f"{figure(period['other_change'])}; that is no water"
            )
        if period["apportioned"]:
            console.print(
                f"{label}: gross inflow and outflow are not given, an account is "
                "divided between territories"
            )
        if period["residual"]["after_balancing_items"]:
            console.print(f"{label}: the residual is after balancing items")
    unmodelled = {
        code for p in document["periods"] for code in p["residual"]["not_modelled"]
    }
    if unmodelled:
        console.print(
            f"The residual holds the change of {len(unmodelled)} accounts that are "
            "not modelled (named in the JSON)."
        )
