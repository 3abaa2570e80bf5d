"""The annual balance: years past, this one expected, the next one forecast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ewater.cli import files
from ewater.cli.forecast import OriginOption, origin
from ewater.cli.options import AsOfOption, TerritoryOption, ViewFileOption
from ewater.cli.session import instant, open_store

_Form = Literal["table", "json", "csv", "xlsx", "html", "pdf"]
_FILES = ("xlsx", "pdf")


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(statutory)


def statutory(
    *,
    territory: TerritoryOption = None,
    from_: OriginOption = None,
    as_of: AsOfOption = None,
    view: Annotated[
        str | None, typer.Option(help="Whose rows; default: statutory")
    ] = None,
    file: ViewFileOption = None,
    lang: Annotated[Literal["az", "en", "ru"], typer.Option(help="Language")] = "en",
    format_: Annotated[_Form, typer.Option("--format")] = "table",
    output: Annotated[
        Path | None, typer.Option(help="File to write; needed for xlsx and pdf")
    ] = None,
) -> None:
    """Write the annual balance of a country, basin or district.

    Three years actual, the current one expected, the next one forecast by quarter and
    year. The current year is that of the first month that is not over; --from gives
    the draft of an earlier month. Rows are those of a view; --file gives your own.

    Exit status: 0 written, 2 failed.
    """
    from ewater.accounts.forecasting import statutory as balance
    from ewater.accounts.forecasting import statutory_tables as tables
    from ewater.accounts.render import as_json
    from ewater.accounts.view_files import Files
    from ewater.errors import UsageError

    if format_ in _FILES and output is None:
        raise UsageError(f"--format {format_} needs --output FILE")
    if output is not None:
        files.place(output)
    when = instant("--as-of", as_of)
    with open_store() as engine:
        document = balance.document(
            engine,
            territory,
            view=view,
            origin=origin(from_),
            as_of=when,
            files=Files.of(view or balance.VIEW, file),
        )
    match format_:
        case "table":
            _table(document, lang)
        case "xlsx":
            _written(output, tables.as_workbook(document, lang))
        case "pdf":
            from ewater.dashboard.bulletin.printing import to_pdf

            _written(output, to_pdf(tables.as_html(document, lang)))
        case _:
            text = {
                "json": lambda: as_json(document),
                "csv": lambda: tables.as_csv(document, lang),
                "html": lambda: tables.as_html(document, lang),
            }[format_]()
            if output is None:
                typer.echo(text.rstrip("\n"))
            else:
                _written(output, text.encode())


def _written(output: Path | None, content: bytes) -> None:
    """Write a file whole or not at all, and say so."""
    assert output is not None  # noqa: S101 - checked before the work began
    files.write(output, content)
    typer.echo(f"{output}: {len(content):,} bytes")


def _table(document: dict[str, Any], lang: str) -> None:
    from rich.table import Table

    from ewater.accounts.forecasting import statutory_tables as tables
    from ewater.accounts.render import console_of

    table = Table(title=tables.title(document, lang), title_justify="left")
    for key in ("number", "row", "unit"):
        table.add_column(tables.word(key, lang))
    for column in document["columns"]:
        table.add_column(tables.heading(column, lang), justify="right")
    for row in document["rows"]:
        table.add_row(
            row["number"] or "",
            row["label"][lang],
            tables.unit(row, lang),
            *(
                tables.text_of(row, column["cells"][row["code"]], lang)
                for column in document["columns"]
            ),
        )
    console = console_of()
    console.print(table)
    for line in tables.notes(document, lang):
        console.print(line, highlight=False)
