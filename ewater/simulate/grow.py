"""Grow a country for benchmarks: copies of its network in the same territories."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from ewater.terms import CODE_PATTERN, OUTSIDE_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Columns of each file that hold codes which a copy has for itself.
COPIED = {
    "sites": ("code",),
    "series": ("code", "site"),
    "curves": ("site",),
    "meter_events": ("series",),
    "accounts": ("code", "site"),
    "account_territories": ("account",),
    "flows": ("code", "from", "to", "reverse", "re_enters"),
    "stocks": ("account",),
}
_TOKEN = re.compile(CODE_PATTERN)


def suffix(number: int) -> str:
    """End of every code of a copy."""
    return f".c{number}"


def grown(frames: Mapping[str, pd.DataFrame], scale: int) -> dict[str, pd.DataFrame]:
    """Repeat a country ``scale`` times: sites, series, accounts and flows.

    Territories, outside accounts (neighbours, sea, atmosphere) and enterprises stay
    single. A reported flow is reported once: its copies are known as a constant
    share of the original.

    Parameters
    ----------
    frames
        Country frames.
    scale
        1 leaves the country as it is.
    """
    accounts = frames["accounts"]
    outside = set(accounts.loc[accounts["kind"].isin(OUTSIDE_KINDS), "code"])
    own = {
        str(code)
        for name in ("sites", "series", "accounts", "flows")
        for code in frames[name]["code"]
    } - outside
    result = dict(frames)
    for name, columns in COPIED.items():
        parts = [frames[name]]
        parts += [
            _copy(frames[name], name, columns, _renamer(own, number))
            for number in range(2, scale + 1)
        ]
        if name == "accounts":
            parts[1:] = [p[~p["code"].isin(outside)] for p in parts[1:]]
        result[name] = pd.concat(parts, ignore_index=True)
    return result


def _renamer(own: set[str], number: int) -> Callable[[str], str]:
    end = suffix(number)

    def rename(code: str) -> str:
        return code + end if code in own else code

    return rename


def _copy(
    frame: pd.DataFrame,
    name: str,
    columns: tuple[str, ...],
    rename: Callable[[str], str],
) -> pd.DataFrame:
    copy = frame.copy()
    for column in columns:
        copy[column] = frame[column].map(rename, na_action="ignore")
    if name in ("flows", "stocks"):
        texts = zip(frame["measured_by"], frame[frame.columns[0]], strict=True)
        expressions = [_expression(text, code, rename) for text, code in texts]
        copy["measured_by"] = pd.Series(expressions, index=frame.index, dtype="str")
        if name == "flows":
            reported = (
                frame["measured_by"].str.startswith("report:").fillna(value=False)
            )
            copy.loc[reported & copy["u_pct"].isna(), "u_pct"] = 15.0
    return copy


def _expression(text: object, code: str, rename: Callable[[str], str]) -> str | None:
    if not isinstance(text, str):
        return None
    if text.startswith("report:"):
        return f"rule:share({code}, 1)"
    return _TOKEN.sub(lambda match: rename(match.group()), text)
