"""Options that several subcommands of the account share, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ewater.terms import Step

Format = Literal["table", "json", "csv"]

TerritoryOption = Annotated[
    str | None, typer.Option(help="Code of a territory; default: the country")
]
FromOption = Annotated[
    str | None,
    typer.Option("--from", help="2023, 2023-04 or 2023-04-11; default: last year"),
]
ToOption = Annotated[
    str | None, typer.Option(help="A year or month is included; a full date is not")
]
StepOption = Annotated[Step, typer.Option(help="Length of the periods")]
CalendarOption = Annotated[
    str | None, typer.Option(help="Code of a calendar; default: the first")
]
AsOfOption = Annotated[
    str | None, typer.Option(help="As known at this time, with its offset")
]
ViewFileOption = Annotated[
    Path | None,
    typer.Option(help="Your own view (YAML), or a folder with it and inputs.csv"),
]
InputsOption = Annotated[
    Path | None, typer.Option(help="CSV of population, value added and the like")
]
