"""Approved returns of a country folder against the figures of its ``reports.csv``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from sqlalchemy import text

from ewater.reports import batch as batches
from ewater.reports import ledger
from ewater.units import factor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from ewater.reports.form import Form

    Document = dict[str, Any]

#: What a figure is of; two with all of it the same must be the same.
_KEY = [
    "enterprise", "period_start", "period_end", "item", "source", "purpose",
    "counterparty", "revision",
]  # fmt: skip
_SAME = 1e-9  # of the larger: what writing and reading a decimal may change
_STANDING = text(
    f"SELECT {', '.join(_KEY)}, value, unit FROM reports "  # noqa: S608 - constants
    "WHERE recorded_to IS NULL AND status = 'approved' AND enterprise = ANY(:codes)"
)


class Apart(NamedTuple):
    """A figure that a return and ``reports.csv`` state differently."""

    line: int  # of returns.jsonl
    said: str
    right: str


def apart(
    connection: Connection,
    forms: Mapping[str, Form],
    zone: str,
    lines: Sequence[tuple[int, Document]],
) -> Iterator[Apart]:
    """Find figures of approved versions that stand otherwise in the registry.

    Only what both state of one revision is compared: a file may have more (figures of
    enterprises that sent none), and less (a later figure closed one).

    Parameters
    ----------
    forms
        By code, those that the returns are of.
    lines
        Returns with their line of the file, whose seals hold.
    """
    for code, form in forms.items():
        mine = [
            (number, line)
            for number, line in lines
            if line["form"] == code and line["approved"] is not None
        ]
        if mine:
            yield from _of_form(connection, form, zone, mine)


def _of_form(
    connection: Connection,
    form: Form,
    zone: str,
    lines: Sequence[tuple[int, Document]],
) -> Iterator[Apart]:
    batch = batches.typed(
        batches.of_contents(
            form,
            [(line["enterprise"], line["period"]) for _, line in lines],
            [line["versions"][line["approved"] - 1]["content"] for _, line in lines],
        )
    )
    given = ledger.figures(batch, zone, [line["approved"] for _, line in lines])
    codes = sorted({line["enterprise"] for _, line in lines})
    rows = connection.execute(_STANDING, {"codes": codes}).mappings().all()
    if given.empty or not rows:
        return
    standing = pd.DataFrame(rows)
    for name in ("period_start", "period_end"):
        standing[name] = pd.to_datetime(standing[name], utc=True)
    for table in (given, standing):
        names = ["source", "purpose", "counterparty"]
        table[names] = table[names].astype(object).where(table[names].notna(), "")
        table["revision"] = table["revision"].astype("int64")
    both = given.merge(standing, on=_KEY, suffixes=("", "_file"))
    for row in both.sort_values(["owner", "item", "period_start"]).to_dict("records"):
        value = row["value_file"] * factor(row["unit_file"], row["unit"])
        if math.isclose(row["value"], value, rel_tol=_SAME):
            continue
        unit = row["unit"]
        span = f"{row['period_start'].date()} to {row['period_end'].date()}"
        yield Apart(
            lines[row["owner"]][0],
            f"version {row['revision']} of {row['enterprise']} gives {row['item']} "
            f"{row['value']:.12g} {unit} from {span} (UTC); reports.csv has "
            f"{value:.12g} {unit} in the same revision",
            f"{row['value']:.12g} {unit} in reports.csv, or a return corrected by "
            "`ewater report`",
        )
