"""What accounts are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    Names = dict[str, str | None]

_LANGUAGES = {f"name_{lang}": lang for lang in ("az", "en", "ru")}


def names(frames: Mapping[str, pd.DataFrame]) -> dict[str, Names]:
    """Names of accounts by code: their own, else those of their site.

    An account with neither is not among them.

    Parameters
    ----------
    frames
        Of a country: ``accounts`` and ``sites`` are read.

    Returns
    -------
    dict
        ``az``, ``en`` and ``ru`` of each; None where that language has no name.
    """
    accounts = frames["accounts"].drop_duplicates("code").set_index("code")
    own, of_sites = _named(accounts), _named(frames["sites"].set_index("code"))
    found = {}
    for code, site in accounts["site"].items():
        if told := own.get(str(code)) or of_sites.get(str(site)):
            found[str(code)] = told
    return found


def _named(frame: pd.DataFrame) -> dict[str, Names]:
    """Names of the rows that have one; of several with one code the first."""
    told = frame.reindex(columns=list(_LANGUAGES)).rename(columns=_LANGUAGES)
    told = told.dropna(how="all")
    told = told[~told.index.duplicated()].astype(object)
    rows = told.where(told.notna(), None).to_dict("index")
    return {
        str(code): {str(lang): name for lang, name in row.items()}
        for code, row in rows.items()
    }
