"""Checks of ``alert_rules.csv``: what a rule watches, its limits, who is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ewater.store.folder_table import rows_where
from ewater.terms import ALERT_KINDS, ALERT_SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ewater.errors import Fault
    from ewater.store.folder_table import Table

#: Quantities that a series may measure, by kind of rule; any if not named.
_QUANTITIES = {
    "level": ("level", "groundwater_level"),
    "discharge": ("discharge",),
    "storage": ("storage", "level"),
}
_ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+(\.[\w-]+)*|https://[^\s/@]+(/\S*)?"
    r"|http://(127\.0\.0\.1|localhost)(:\d+)?(/\S*)?",
    re.ASCII,
)


def alert_faults(table: Table) -> Iterator[Fault]:
    """Find rules that watch nothing, have no limit or could never end."""
    yield from _subjects(table)
    yield from _limits(table)
    yield from address_faults(table)


def address_faults(table: Table) -> Iterator[Fault]:
    """Find words of column ``notify`` that are no address of mail or a webhook."""
    for row in rows_where(table.frame["notify"].notna()):
        for address in str(table.frame["notify"].iloc[row]).split():
            if not _ADDRESS.fullmatch(address):
                allowed = "addresses such as duty@example.org https://example.org/hook"
                yield table.fault(row, "notify", f"{address!r} is no address", allowed)


def alerts_of_quantities(tables: Mapping[str, Table]) -> Iterator[Fault]:
    """Check that a rule watches a series of its quantity, at a site it can judge by."""
    if not {"alert_rules", "series", "sites"} <= set(tables):
        return
    rules = tables["alert_rules"]
    series = tables["series"].frame.drop_duplicates("code").set_index("code")
    sites = tables["sites"].frame.drop_duplicates("code").set_index("code")
    code = rules.frame["series"]
    quantity = code.map(series["quantity"])
    capacity = code.map(series["site"]).map(sites["capacity_m3"])
    for kind, allowed in _QUANTITIES.items():
        mine = (rules.frame["kind"] == kind) & quantity.notna()
        for row in rows_where(mine & ~quantity.isin(allowed)):
            message = f"{code.iloc[row]!r} measures {quantity.iloc[row]}"
            yield rules.fault(
                row, "series", message, f"a series of quantity {' or '.join(allowed)}"
            )
        if kind == "storage":
            for row in rows_where(mine & ~(capacity > 0)):
                message = f"the site of {code.iloc[row]!r} has no capacity_m3"
                allowed_site = "a series of a site whose capacity is known"
                yield rules.fault(row, "series", message, allowed_site)


def _subjects(table: Table) -> Iterator[Fault]:
    frame = table.frame
    for column in sorted(set(ALERT_SUBJECTS.values())):
        kinds = [kind for kind, subject in ALERT_SUBJECTS.items() if subject == column]
        wanted, given = frame["kind"].isin(kinds), frame[column].notna()
        for row in rows_where(wanted & ~given):
            message = f"is empty, but the rule watches {frame['kind'].iloc[row]}"
            yield table.fault(row, column, message, table.file.column(column).allows)
        for row in rows_where(given & ~wanted & frame["kind"].isin(list(ALERT_KINDS))):
            kind = frame["kind"].iloc[row]
            message = f"is given, but a rule of kind {kind} watches no {column}"
            yield table.fault(row, column, message, "an empty cell")


def _limits(table: Table) -> Iterator[Fault]:
    frame = table.frame
    above, below = frame["above"], frame["below"]
    for row in rows_where(above.isna() == below.isna()):
        allowed = "either above or below"
        yield table.fault(row, "above", "one limit is needed, not none or two", allowed)
    only_above = frame["kind"].isin(["missing", "permit", "closure"])
    for row in rows_where(only_above & below.notna()):
        message = f"has no meaning for {frame['kind'].iloc[row]}"
        yield table.fault(row, "below", message, "an empty cell, and a limit in above")
    beyond = np.where(above.notna(), frame["clear"] > above, frame["clear"] < below)
    for row in rows_where(beyond):
        side = "above" if above.notna().iloc[row] else "below"
        message = f"{frame['clear'].iloc[row]:g} lies {side} the limit {side}"
        yield table.fault(
            row, "clear", message, "a value on the quiet side of the limit"
        )
