"""Names of accounts, for pages that show single ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import view
from ewater.dashboard.labels import SECTORS, account_label
from ewater.dashboard.questions.network import network

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State


def territory_name(code: str, geography: Geography, lang: Language) -> str:
    """Name a territory; one that this viewer may not see has its code alone."""
    return geography.name(code, lang) if code in geography.frame.index else code


def account_name(node: Mapping[str, Any], geography: Geography, lang: Language) -> str:
    """Name an account by its site, its country, its sector and place, or its code.

    Parameters
    ----------
    node
        Of `ewater.accounts.network.network`.
    """
    code, kind = str(node["code"]), str(node["kind"])
    if node["names"] and (name := lang.pick(node["names"])):
        return name
    if kind == "neighbour":
        return lang.country(code)
    if kind in ("sea", "atmosphere"):
        return account_label(kind, lang)
    place = node["territory"]
    if kind == "economy" and node["sector"] and place:
        word = SECTORS[node["sector"]]
        sector = lang.gettext(word)
        return f"{sector}, {territory_name(place, geography, lang)}"
    if kind in ("soil", "groundwater", "snow_ice") and place:
        where = territory_name(place, geography, lang)
        return f"{account_label(kind, lang)}, {where}"
    return code


def account_names(
    nodes: Iterable[Mapping[str, Any]], geography: Geography, lang: Language
) -> dict[str, str]:
    """Names of accounts by code; two that would be told alike keep their codes."""
    names = {str(n["code"]): account_name(n, geography, lang) for n in nodes}
    told: dict[str, list[str]] = {}
    for code, name in names.items():
        told.setdefault(name, []).append(code)
    return {
        code: name if len(told[name]) == 1 or name == code else f"{name} ({code})"
        for code, name in names.items()
    }


def touching(reader: CachedReader, state: State, lang: Language) -> dict[str, str]:
    """Names of the accounts that touch the territory of a view, by code."""
    found = reader.ask(network, state.territory, *state.question)
    return account_names(found["nodes"], view.geography(reader), lang)
