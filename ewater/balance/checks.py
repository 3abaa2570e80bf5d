"""Country frames to positions: every code is looked up, every fault is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.balance.membership import Links, cycles, explicit_faults
from ewater.errors import Fault, FaultsError
from ewater.terms import ACCOUNT_KINDS, OUTSIDE_KINDS, SECTORS, TERMS, TERRITORY_KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

ALWAYS = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)

_COLUMNS = {
    "territories": ("code", "kind", "parent"),
    "accounts": ("code", "kind", "territory", "site", "sector", "share"),
    "flows": (
        "code",
        "from",
        "to",
        "term",
        "sector",
        "structure",
        "reverse",
        "re_enters",
    ),
    "account_territories": ("account", "territory", "share"),
    "site_territories": ("site", "territory"),
    "stocks": ("account",),
    "sectors": ("isic", "sector"),
}
_VALIDITY = ("valid_from", "valid_to")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Country:
    """Checked frames, sorted by code, and what follows from them per account."""

    territories: pd.DataFrame
    accounts: pd.DataFrame
    flows: pd.DataFrame
    links: Links
    sector: NDArray[np.str_]
    stocked: NDArray[np.bool_]
    stock_span: NDArray[np.int64]


def refuse(faults: Iterable[Fault]) -> None:
    """Raise all faults at once, if there are any."""
    found = list(faults)
    if found:
        raise FaultsError(found)


def texts(column: pd.Series[Any]) -> NDArray[np.str_]:
    """Text of a column; an absent cell is empty."""
    return np.array(column.fillna("").astype(str).to_list(), dtype=np.str_)


def positions(table: pd.DataFrame, codes: pd.Series[Any]) -> NDArray[np.intp]:
    """Position of each code in a sorted table, -1 where absent or unknown."""
    return pd.Index(texts(table["code"])).get_indexer(pd.Index(texts(codes)))


def spans(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Read validity, (row, 2) microseconds UTC; open ends are far away."""
    columns = []
    for name, always in zip(_VALIDITY, ALWAYS, strict=True):
        times = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
        given = times.notna().to_numpy()
        micros = times.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
        columns.append(np.where(given, micros.astype(np.int64), always))
    return np.stack(columns, axis=1) if len(frame) else np.empty((0, 2), np.int64)


def read(frames: Mapping[str, pd.DataFrame]) -> Country:
    """Check country frames and look up their codes.

    Raises
    ------
    FaultsError
        With every fault found; faults of one stage hide those of the next, which
        would only repeat them.
    """
    given = {name: _frame(frames, name) for name in _COLUMNS}
    refuse(_repeated(given))
    territories, accounts, flows = (
        given[name].sort_values("code", ignore_index=True)
        for name in ("territories", "accounts", "flows")
    )
    given |= {"territories": territories, "accounts": accounts, "flows": flows}
    refuse([*_references(given), *_vocabulary(given)])
    links = _links(given)
    sector = _sectors(accounts, given["sectors"])
    refuse(
        [
            *_parents(links),
            *_outside(links, given),
            *_flows(flows),
            *_accounts(accounts, sector),
            *explicit_faults(links),
        ]
    )
    stock = positions(accounts, given["stocks"]["account"])
    stocked = np.zeros(len(accounts), dtype=bool)
    stocked[stock] = True
    stock_span = np.tile(np.array(ALWAYS, dtype=np.int64), (len(accounts), 1))
    stock_span[stock] = spans(given["stocks"])
    return Country(
        territories=territories,
        accounts=accounts,
        flows=flows,
        links=links,
        sector=sector,
        stocked=stocked,
        stock_span=stock_span,
    )


def _frame(frames: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    frame = pd.DataFrame(frames.get(name, pd.DataFrame()))
    frame = frame.reindex(columns=[*_COLUMNS[name], *_VALIDITY])
    return frame.astype(
        {column: float if column == "share" else object for column in _COLUMNS[name]}
    )


def _links(given: Mapping[str, pd.DataFrame]) -> Links:
    territories, accounts = given["territories"], given["accounts"]
    explicit, at_site = given["account_territories"], given["site_territories"]
    sites = accounts.loc[accounts["site"].notna(), ["code", "site"]].merge(
        at_site[["site", "territory"]], on="site"
    )
    return Links(
        territory_codes=texts(territories["code"]),
        kind=texts(territories["kind"]),
        parent=positions(territories, territories["parent"]),
        account_codes=texts(accounts["code"]),
        inside=~accounts["kind"].isin(OUTSIDE_KINDS).to_numpy(dtype=bool),
        home=positions(territories, accounts["territory"]),
        explicit_account=positions(accounts, explicit["account"]),
        explicit_territory=positions(territories, explicit["territory"]),
        explicit_share=explicit["share"].to_numpy(dtype=float),
        site_account=positions(accounts, sites["code"]),
        site_territory=positions(territories, sites["territory"]),
    )


def _sectors(accounts: pd.DataFrame, table: pd.DataFrame) -> NDArray[np.str_]:
    """Sector of each account; a finer ISIC code rolls up by ``sectors``."""
    rolled = dict(zip(texts(table["isic"]), texts(table["sector"]), strict=True))
    rolled |= {sector: sector for sector in SECTORS}
    named = [rolled.get(str(name), "") for name in texts(accounts["sector"])]
    return np.array(named, dtype=np.str_)


def _fault(name: str, column: str, message: str, allowed: str = "") -> Fault:
    return Fault(
        file="territories.geojson" if name == "territories" else f"{name}.csv",
        line=None,
        column=column,
        message=message,
        allowed=allowed,
    )


def _repeated(given: Mapping[str, pd.DataFrame]) -> Iterable[Fault]:
    keys = {
        "territories": "code",
        "accounts": "code",
        "flows": "code",
        "stocks": "account",
    }
    for name, key in keys.items():
        codes = given[name][key]
        for code in sorted(set(texts(codes[codes.duplicated()]))):
            yield _fault(name, key, f"{code} is given twice", "one row for each code")


def _references(given: Mapping[str, pd.DataFrame]) -> Iterable[Fault]:
    """Codes that point nowhere: (file, column, file pointed into, required)."""
    pointers = (
        ("territories", "parent", "territories", False),
        ("accounts", "territory", "territories", False),
        ("account_territories", "account", "accounts", True),
        ("account_territories", "territory", "territories", True),
        ("site_territories", "territory", "territories", True),
        ("stocks", "account", "accounts", True),
        ("flows", "from", "accounts", True),
        ("flows", "to", "accounts", True),
        ("flows", "reverse", "flows", False),
        ("flows", "re_enters", "flows", False),
    )
    for name, column, target, required in pointers:
        frame = given[name]
        missing = positions(given[target], frame[column]) < 0
        if not required:
            missing &= frame[column].notna().to_numpy()
        owner = frame["code"] if "code" in frame else frame[frame.columns[0]]
        for code, value in zip(
            texts(owner[missing]).tolist(),
            texts(frame[column][missing]).tolist(),
            strict=True,
        ):
            yield _fault(
                name,
                column,
                f"{value!r}, named by {code}, is not known",
                f"a code of {target}",
            )


def _vocabulary(given: Mapping[str, pd.DataFrame]) -> Iterable[Fault]:
    isic = set(texts(given["sectors"]["isic"]))
    words: tuple[tuple[str, str, Collection[str], bool], ...] = (
        ("territories", "kind", TERRITORY_KINDS, True),
        ("accounts", "kind", ACCOUNT_KINDS, True),
        ("accounts", "sector", {*SECTORS, *isic}, False),
        ("flows", "term", TERMS, True),
        ("flows", "sector", {*SECTORS, *isic}, False),
        ("sectors", "sector", SECTORS, True),
    )
    for name, column, allowed, required in words:
        frame = given[name]
        wrong = ~frame[column].isin(list(allowed)).to_numpy(dtype=bool)
        if not required:
            wrong &= frame[column].notna().to_numpy()
        owner = frame[frame.columns[0]]
        for code, value in zip(
            texts(owner[wrong]).tolist(),
            texts(frame[column][wrong]).tolist(),
            strict=True,
        ):
            yield _fault(
                name,
                column,
                f"{value!r} of {code} is not a {column}",
                ", ".join(sorted(allowed)),
            )


def _parents(links: Links) -> Iterable[Fault]:
    for group in cycles(links.parent):
        codes = ", ".join(links.territory_codes[group])
        yield _fault(
            "territories", "parent", f"{codes} lie within each other", "a tree"
        )
    countries = links.territory_codes[links.kind == "country"]
    if countries.size > 1:
        yield _fault(
            "territories", "kind", f"several countries: {', '.join(countries)}", "one"
        )


def _outside(links: Links, given: Mapping[str, pd.DataFrame]) -> Iterable[Fault]:
    """Neighbours, seas and the atmosphere lie in no territory and hold no stock."""
    outside = set(links.account_codes[~links.inside])
    columns = (
        ("accounts", "code", given["accounts"]["territory"].notna()),
        ("account_territories", "account", None),
        ("stocks", "account", None),
    )
    for name, column, where in columns:
        codes = given[name][column] if where is None else given[name][column][where]
        for code in sorted(outside & set(texts(codes))):
            yield _fault(
                name,
                column,
                f"{code} is outside every territory",
                f"no row or territory for accounts of kind {', '.join(OUTSIDE_KINDS)}",
            )


def _accounts(accounts: pd.DataFrame, sector: NDArray[np.str_]) -> Iterable[Fault]:
    share = accounts["share"].fillna(1.0).to_numpy(dtype=float)
    for row in np.flatnonzero(~((share > 0) & (share <= 1))):
        code = accounts["code"].iloc[row]
        yield _fault(
            "accounts",
            "share",
            f"the national share of {code} is {share[row]:g}",
            "more than 0 and at most 1",
        )
    economy = (accounts["kind"] == "economy").to_numpy(dtype=bool)
    for code in accounts["code"][economy & (sector == "")]:
        yield _fault(
            "accounts", "sector", f"economy account {code} has none", ", ".join(SECTORS)
        )


def _flows(flows: pd.DataFrame) -> Iterable[Fault]:
    code = texts(flows["code"])
    start, end = texts(flows["from"]), texts(flows["to"])
    for row in np.flatnonzero(start == end):
        yield _fault(
            "flows",
            "to",
            f"{code[row]} runs from {start[row]} to itself",
            "another account",
        )
    reverse = positions(flows, flows["reverse"])
    swapped = (start == end[reverse]) & (end == start[reverse])
    for row in np.flatnonzero((reverse >= 0) & ~swapped):
        yield _fault(
            "flows",
            "reverse",
            f"{code[reverse[row]]} is not the reverse of {code[row]}",
            f"a flow from {end[row]} to {start[row]}",
        )
    enters = positions(flows, flows["re_enters"])
    named, times = np.unique(enters[enters >= 0], return_counts=True)
    for row in named[times > 1]:
        yield _fault(
            "flows",
            "re_enters",
            f"several flows re-enter as {code[row]}",
            "one flow for each that comes back",
        )
    for row in np.flatnonzero((enters >= 0) & (enters == np.arange(code.size))):
        yield _fault(
            "flows",
            "re_enters",
            f"{code[row]} names itself",
            "the flow by which the water comes back",
        )
