"""View and bridge documents as tables for people and CSV for programs."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ewater.accounts import view_render_supply
from ewater.accounts.view_inputs import volume_factor
from ewater.accounts.view_texts import TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

Document: TypeAlias = dict[str, Any]
Language: TypeAlias = Literal["az", "en", "ru"]

_PLAIN_WIDTH = 250  # where output goes to a file or pipe, nothing is folded
_MOST_PERIODS = 4
_MOST_NAMES = 12
COLUMNS = (
    "view",
    "territory",
    "period_start",
    "period_end",
    "row",
    "column",
    "label",
    "unit",
    "value",
    "known",
    "u",
    "coverage",
    "status",
    "missing",
    "why",
)
_BRIDGE_CSV = (
    "territory",
    "period_start",
    "period_end",
    "line",
    "unit",
    "value",
    "u",
    "missing",
)
TOLERANCE = 1.0  # m3 that an identity over volumes may be off by rounding


@dataclass(frozen=True, slots=True)
class Style:
    """How figures are shown: in which language, and volumes in which unit."""

    language: Language = "en"
    unit: str = "hm3"

    def __post_init__(self) -> None:
        """Refuse a unit that measures no volume before any work is done."""
        volume_factor(self.unit)

    def text(self, key: str) -> str:
        """Words of the table around the figures."""
        return TEXTS[key][self.language]

    def number(self, value: float, unit: str, beside: float | None = None) -> str:
        """Write a number with as many decimals as its size, or another's, deserves.

        Examples
        --------
        >>> Style().number(17_463_100_000, "m3"), Style().number(23.05, "%")
        ('17,463', '23.1')
        """
        shown = value / volume_factor(self.unit) if unit == "m3" else value
        size = abs(shown)
        if beside is not None:
            other = abs(beside / volume_factor(self.unit) if unit == "m3" else beside)
            size = max(size, other)
        decimals = 0 if size >= 1000 else 1 if size >= 10 or not size else 2
        if 0 < size < 0.01:
            return f"{shown:.2g}"
        return f"{shown:,.{decimals}f}" if shown else "0"

    def unit_of(self, unit: str) -> str:
        """Name the unit that is shown."""
        return self.unit if unit == "m3" else unit

    def figure(self, quantity: Document) -> str:
        """Write a value, or what is known of it; never the known part as the value."""
        unit = quantity["unit"]
        if quantity["value"] is not None:
            return self.number(quantity["value"], unit)
        if quantity["why"]:
            return f"? {self.text(quantity['why'])}"
        inputs = all(name.startswith("input:") for name in quantity["missing"])
        if inputs or quantity["known"] is None:
            return "?"
        known = self.number(quantity["known"], unit)
        return f"? ({self.text('known')} {known})"

    def uncertain(self, quantity: Document) -> str:
        """Write a value with its standard uncertainty."""
        text = self.figure(quantity)
        if quantity["value"] is None or quantity["u"] is None or not quantity["u"]:
            return text
        u = self.number(quantity["u"], quantity["unit"], beside=quantity["value"])
        return f"{text} ± {u}"


def as_csv(document: Document, style: Style) -> str:
    """One line for each cell and period, in the unit of the cell."""
    out = io.StringIO()
    writer = started(out, document, (*COLUMNS, *view_render_supply.columns(document)))
    labels = {row["code"]: row["label"][style.language] for row in document["rows"]}
    for period in document["periods"]:
        place = (document["view"], document["territory"])
        when = (*place, period["start"], period["end"])
        for code, cell in period["cells"].items():
            row, _, column = code.partition(".")
            words = labels[row]
            figures = (cell[name] for name in ("value", "known", "u", "coverage"))
            rest = (cell["status"], " ".join(cell["missing"]), cell["why"])
            supply = view_render_supply.values(document, period, code)
            writer.writerow(
                (*when, row, column, words, cell["unit"], *figures, *rest, *supply)
            )
    return out.getvalue()


def bridge_as_csv(document: Document, style: Style) -> str:
    """One line for each step and period."""
    out = io.StringIO()
    writer = started(out, document, _BRIDGE_CSV)
    for period in document["periods"]:
        when = (document["territory"], period["start"], period["end"])
        unit = document["unit"]
        writer.writerow((*when, document["from"], unit, period["from"], None, ""))
        for line in period["lines"]:
            label = line["label"][style.language]
            figures = (line["value"], line["u"], " ".join(line["missing"]))
            writer.writerow((*when, label, unit, *figures))
        writer.writerow((*when, document["to"], unit, period["to"], None, ""))
    return out.getvalue()


def started(out: io.StringIO, document: Document, header: tuple[str, ...]) -> Any:
    """Begin a CSV with its notices and header."""
    for notice in document["notices"]:
        out.write(f"# {notice['en']}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    return writer


def print_list(views: list[Document], language: Language) -> None:
    """Print the views there are."""
    from rich.table import Table

    table = Table()
    for name in ("view", "cells", "what", "source"):
        table.add_column(name)
    for one in views:
        title = one["title"][language]
        table.add_row(one["view"], str(one["cells"]), title, one["source"])
    make_console().print(table)


def print_view(document: Document, style: Style) -> None:
    """Print a view: by columns, a table for each period; else periods side by side."""
    console = make_console()
    print_head(console, document, document["title"][style.language], style)
    if document["columns"]:
        for period in document["periods"]:
            console.print(_by_column(document, period, style))
    else:
        for start in range(0, len(document["periods"]), _MOST_PERIODS):
            chosen = document["periods"][start : start + _MOST_PERIODS]
            console.print(_by_period(document, chosen, style))
    view_render_supply.show(console, document, style)
    console.print(f"[dim]{style.text('left out')}[/dim]")
    for period in document["periods"]:
        print_notes(console, document, period, style)


def print_bridge(document: Document, style: Style) -> None:
    """Print a bridge: from one figure, line by line, to the other."""
    from rich.table import Table

    console = make_console()
    title = f"{document['from']} → {document['to']}"
    print_head(console, document, title, style)
    unit = document["unit"]
    for period in document["periods"]:
        label = label_of(period, document["step"])
        table = Table(title=label, title_justify="left")
        table.add_column(style.text("row"))
        table.add_column(style.unit_of(unit), justify="right")
        table.add_column("± u", justify="right")
        table.add_row(document["from"], _plain(period["from"], unit, style), "")
        missing: dict[str, None] = {}
        for line in period["lines"]:
            sign = "+" if (line["value"] or 0.0) > 0 else ""
            table.add_row(
                line["label"][style.language],
                sign + _plain(line["value"], unit, style),
                "" if line["u"] is None else _plain(line["u"], unit, style),
            )
            missing |= dict.fromkeys(line["missing"])
        table.add_section()
        table.add_row(document["to"], _plain(period["to"], unit, style), "")
        console.print(table)
        _names(console, label, list(missing), style)


def _plain(value: float | None, unit: str, style: Style) -> str:
    return "?" if value is None else style.number(value, unit)


def make_console() -> Console:
    """Make a console that folds nothing where output goes to a file or pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PLAIN_WIDTH)
    return console


def print_head(console: Console, document: Document, title: str, style: Style) -> None:
    """Print notices, title, and what the figures are of."""
    for notice in document["notices"]:
        words = notice[style.language] or notice["en"]
        console.print(f"[yellow]{words}[/yellow]", soft_wrap=True)
    console.print(
        f"[bold]{title}[/bold]\n{document['territory']}, {style.text('in')} "
        f"{style.unit} ± u (k = 1); {style.text('as of')} {document['as_of']}, run "
        f"{document['run'][:12]}",
        soft_wrap=True,
    )


def label_of(period: Document, step: str) -> str:
    """Name a period by its start."""
    start: str = period["start"]
    return start[: {"year": 4, "month": 7, "quarter": 7}.get(step, 10)]


def says_something(cell: Document) -> bool:
    """Tell whether a cell has water, or lacks what it needs."""
    return bool(cell["missing"]) or cell["value"] != 0.0


def _by_column(document: Document, period: Document, style: Style) -> Table:
    from rich.table import Table

    cells = period["cells"]
    columns = [
        column
        for column in document["columns"]
        if any(
            says_something(cell)
            for code, cell in cells.items()
            if code.partition(".")[2] == column["code"]
        )
    ]
    table = Table(title=label_of(period, document["step"]), title_justify="left")
    table.add_column(style.text("row"), min_width=26)
    for column in columns:
        table.add_column(column["label"][style.language], justify="right")
    table.add_column("± u", justify="right")
    for row in rows_of(document, [period], style.language):
        if row.get("title"):
            table.add_section()
            table.add_row(f"[bold]{row['title']}[/bold]")
            continue
        shown = [cells.get(f"{row['code']}.{column['code']}") for column in columns]
        last = shown[-1] if shown else None
        known = last is not None and last["value"] is not None and last["u"]
        table.add_row(
            row["label"],
            *("" if cell is None else style.figure(cell) for cell in shown),
            style.number(last["u"], last["unit"]) if last and known else "",
            style="dim" if row["memo"] else None,
        )
    return table


def _by_period(document: Document, periods: list[Document], style: Style) -> Table:
    from rich.table import Table

    numbered = any(row["number"] for row in document["rows"])
    table = Table()
    if numbered:
        table.add_column(style.text("number"))
    table.add_column(style.text("row"))
    table.add_column(style.text("unit"))
    for period in periods:
        table.add_column(label_of(period, document["step"]), justify="right")
    for basis in document["also"]:
        table.add_column(style.text(basis), justify="right")
    for row in rows_of(document, periods, style.language):
        front = [row.get("number") or ""] if numbered else []
        if row.get("title"):
            table.add_section()
            table.add_row(*front, f"[bold]{row['title']}[/bold]")
            continue
        cells = [period["cells"][row["code"]] for period in periods]
        table.add_row(
            *front,
            row["label"],
            style.unit_of(row["unit"]),
            *(style.uncertain(cell) for cell in cells),
            *(style.text("not given") for _ in document["also"]),
            style="dim" if row["memo"] else None,
        )
    return table


def rows_of(
    document: Document, periods: list[Document], language: Language
) -> Iterator[Document]:
    """Rows in which there is water, each heading before the first row under it."""
    heading: dict[str, str] | None = None
    for row in document["rows"]:
        heading = row["heading"] or heading
        cells = [
            cell
            for period in periods
            for code, cell in period["cells"].items()
            if code.partition(".")[0] == row["code"]
        ]
        if not any(says_something(cell) for cell in cells):
            continue
        if heading:
            yield {"title": heading[language]}
            heading = None
        yield row | {"label": row["label"][language]}


def print_notes(
    console: Console, document: Document, period: Document, style: Style
) -> None:
    """Print what a period lacks, what has no place and what does not close."""
    label = label_of(period, document["step"])
    cells = period["cells"].values()
    _names(console, label, sorted({m for c in cells for m in c["missing"]}), style)
    if any(cell["why"] == "apportioned" for cell in cells):
        console.print(f"{label}: {style.text('apportioned note')}")
    for one in period["not_placed"]:
        if one["flows"]:
            value = "?" if one["value"] is None else style.number(one["value"], "m3")
            console.print(
                f"[red]{label}: {style.text('not placed')}: {value} {style.unit}, "
                f"{_few(list(one['flows']), style)}[/red]"
            )
    for one in period["closes"]:
        if one["difference"] is not None and abs(one["difference"]) > TOLERANCE:
            console.print(
                f"[red]{label}: {style.text('does not close')}: {one['identity']} = "
                f"{one['difference']:.6g}[/red]"
            )


def _names(console: Console, label: str, missing: list[str], style: Style) -> None:
    if missing:
        console.print(
            f"{label}: {style.text('no value for')} {_few(missing, style)}",
            soft_wrap=True,
        )


def _few(names: list[str], style: Style) -> str:
    text = ", ".join(names[:_MOST_NAMES])
    rest = len(names) - _MOST_NAMES
    return (
        text if rest <= 0 else f"{text} {style.text('and')} {rest} {style.text('more')}"
    )
