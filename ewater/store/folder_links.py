"""Checks between files of a country folder, and with what is already registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ewater.store.folder_alerts import alerts_of_quantities
from ewater.store.folder_files import FILES, REPORT_ITEMS
from ewater.store.folder_table import nearest, rows_where
from ewater.terms import PUMP_FACTORS, activity_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ewater.errors import Fault
    from ewater.store.folder_table import ExpressionCodes, Table

_TOLERANCE = 1e-6  # of the sum of an account's shares
_FILE_OF_KIND = {
    "series": "series",
    "flow": "flows",
    "site": "sites",
    "account": "accounts",
}
_START = pd.Timestamp("1000-01-01", tz="UTC")
_END = pd.Timestamp("3000-01-01", tz="UTC")


def link_faults(
    given: Mapping[str, Table],
    known: Mapping[str, Table],
    unreadable: set[str],
    expression_codes: ExpressionCodes | None,
) -> Iterator[Fault]:
    """Find codes, shares and expressions that do not fit across files.

    ``known`` tables stand in for files that are not given; their rows are checked
    against the files that are. References to ``unreadable`` files are not checked.
    """
    tables = {**known, **given}
    for table in (*given.values(), *known.values()):
        for column in table.file.columns:
            refers = column.refers
            if refers is None or refers in unreadable:
                continue
            if table.lines is not None or refers in given:
                yield from _unknown_codes(table, column.name, refers, tables)
    for names, check in _BETWEEN:
        if names & set(given) and not names & unreadable:
            yield from check(tables)
    if expression_codes is not None:
        for name in ("flows", "stocks"):
            if name in tables:
                table = tables[name]
                yield from _expressions(table, tables, unreadable, expression_codes)


def _codes(tables: Mapping[str, Table], name: str) -> set[str]:
    return tables[name].codes() if name in tables else set()


def _unknown_codes(
    table: Table, column: str, refers: str, tables: Mapping[str, Table]
) -> Iterator[Fault]:
    values = table.frame[column]
    if values.empty:
        return
    codes = _codes(tables, refers)
    file_name = FILES[refers].file_name
    for row in rows_where(values.notna() & ~values.isin(codes)):
        code = values.iloc[row]
        message = f"{code!r} is not in {file_name}"
        allowed = nearest(code, codes, f"a code of {file_name}")
        yield table.fault(row, column, message, allowed)


def _unknown_activities(tables: Mapping[str, Table]) -> Iterator[Fault]:
    enterprises = tables.get("enterprises")
    if enterprises is None:
        return
    known = _codes(tables, "sectors")
    isic = enterprises.frame["isic"]
    strange = {code for code in isic.dropna() if activity_in(code, known) is None}
    for row in rows_where(isic.isin(strange)):
        message = f"{isic.iloc[row]!r} is in no row of sectors.csv"
        allowed = nearest(
            isic.iloc[row], known, "an ISIC code of sectors.csv, or finer"
        )
        yield enterprises.fault(row, "isic", message, allowed)


def _pumps_of_quantities(tables: Mapping[str, Table]) -> Iterator[Fault]:
    """Check that a pump is rated for what its series measures."""
    if not {"pumps", "series"} <= set(tables):
        return
    pumps = tables["pumps"]
    series = tables["series"].frame.drop_duplicates("code").set_index("code")
    quantity = pumps.frame["series"].map(series["quantity"])
    for row in rows_where(quantity.notna() & ~quantity.isin(list(PUMP_FACTORS))):
        code, said = pumps.frame["series"].iloc[row], quantity.iloc[row]
        allowed = "a series of quantity " + " or ".join(PUMP_FACTORS)
        yield pumps.fault(row, "series", f"{code!r} measures {said}", allowed)
    for name, factor in PUMP_FACTORS.items():
        for row in rows_where((quantity == name) & pumps.frame[factor].isna()):
            message = f"is empty, but the series measures {name}"
            allowed = pumps.file.column(factor).allows
            yield pumps.fault(row, factor, message, allowed)


def _treaties_of_neighbours(tables: Mapping[str, Table]) -> Iterator[Fault]:
    """Check that a treaty is of a neighbour, and its flow one of that neighbour's."""
    if not {"treaties", "accounts", "flows"} <= set(tables):
        return
    treaties, frame = tables["treaties"], tables["treaties"].frame
    accounts = tables["accounts"].frame.drop_duplicates("code").set_index("code")
    kind = frame["neighbour"].map(accounts["kind"])
    for row in rows_where(kind.notna() & (kind != "neighbour")):
        message = f"{frame['neighbour'].iloc[row]!r} is a {kind.iloc[row]}"
        allowed = "an account of kind neighbour"
        yield treaties.fault(row, "neighbour", message, allowed)
    flows = tables["flows"].frame.drop_duplicates("code").set_index("code")
    end = frame["way"].map({"inflow": "from", "outflow": "to"})
    for name in ("from", "to"):
        account = frame["flow"].map(flows[name])
        of = account.map(accounts["kind"]) == "neighbour"
        same = frame["neighbour"].isna() | (account == frame["neighbour"])
        wrong = (end == name) & account.notna() & ~(of & same)
        for row in rows_where(wrong):
            message = f"{frame['flow'].iloc[row]!r} has {account.iloc[row]} as its end"
            allowed = f"an {frame['way'].iloc[row]} of the neighbour of the row"
            yield treaties.fault(row, "flow", message, allowed)


def _share_sums(tables: Mapping[str, Table]) -> Iterator[Fault]:
    """Check that shares add up to 1 by account, hierarchy and time."""
    if not {"account_territories", "territories"} <= set(tables):
        return
    shares = tables["account_territories"]
    territories = tables["territories"].frame.drop_duplicates("code")
    kinds = territories.set_index("code")["kind"]
    frame = shares.frame.assign(
        kind=shares.frame["territory"].map(kinds),
        start=shares.frame["valid_from"].fillna(_START),
        end=shares.frame["valid_to"].fillna(_END),
    ).dropna(subset=["account", "kind", "share"])
    bounded = frame[["valid_from", "valid_to"]].notna().any(axis=1)
    of_account = [frame["account"], frame["kind"]]
    dated = bounded.groupby(of_account).transform("any").astype(bool)
    yield from _wrong_sums(shares, frame[~dated], "")
    for _, group in frame[dated].groupby(["account", "kind"]):
        for start in sorted(set(group["start"])):
            valid = group[(group["start"] <= start) & (group["end"] > start)]
            since = "" if start == _START else f" from {start.date()}"
            yield from _wrong_sums(shares, valid, since)


def _wrong_sums(shares: Table, frame: pd.DataFrame, since: str) -> Iterator[Fault]:
    groups = frame.groupby(["account", "kind"])["share"]
    total = groups.transform("sum")
    wrong = frame[(total - 1).abs() > _TOLERANCE]
    for row in wrong.drop_duplicates(["account", "kind"]).index:
        account, kind = frame.loc[row, "account"], frame.loc[row, "kind"]
        message = f"shares of {account} over {kind} add up to {total[row]:.9g}{since}"
        yield shares.fault(int(row), "share", message, "shares that add up to 1")


_BETWEEN: tuple[tuple[set[str], Callable[[Mapping[str, Table]], Iterator[Fault]]], ...]
_BETWEEN = (
    ({"enterprises", "sectors"}, _unknown_activities),
    ({"account_territories", "territories"}, _share_sums),
    ({"pumps", "series"}, _pumps_of_quantities),
    ({"treaties", "accounts", "flows"}, _treaties_of_neighbours),
    ({"alert_rules", "series", "sites"}, alerts_of_quantities),
)


def _expressions(
    table: Table,
    tables: Mapping[str, Table],
    unreadable: set[str],
    expression_codes: ExpressionCodes,
) -> Iterator[Fault]:
    allowed = {kind: _codes(tables, file) for kind, file in _FILE_OF_KIND.items()}
    allowed["item"] = set(REPORT_ITEMS)
    unchecked = {kind for kind, file in _FILE_OF_KIND.items() if file in unreadable}
    for row, text in enumerate(table.frame["measured_by"]):
        if not isinstance(text, str):
            continue
        try:
            named = list(expression_codes(text))
        except ValueError as error:
            column = table.file.column("measured_by")
            yield table.fault(row, "measured_by", str(error), column.allows)
            continue
        for kinds, code in named:
            options = kinds.split("_or_")
            codes = set().union(*(allowed[kind] for kind in options))
            if code not in codes and not unchecked.intersection(options):
                what = " or ".join(options)
                message = f"{code!r} is not a known {what}"
                near = nearest(code, codes, f"a {what}")
                yield table.fault(row, "measured_by", message, near)
