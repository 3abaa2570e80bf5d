"""Charts of users, drawn from their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard.figures.bars import lying, measured
from ewater.dashboard.pages.sectors.sheets import LARGEST

if TYPE_CHECKING:
    from ewater.dashboard.exhibits import Sheet
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State

_MOST = 12


def account(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Use of each sector, of the account."""
    rows = [row for row in shown.rows if not row.get("total")]
    names = [str(row["sector"]) for row in rows]
    used = [row["use"] for row in rows]
    return measured(names, used, lang.gettext("Use"), "use", state.theme, lang)


def isic(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw reported and imputed volumes of each ISIC group."""
    rows = shown.rows[:_MOST]
    names = [f"{row['isic']} {row['division']}" for row in rows]
    return lying(names, _reported(rows, "reported_u", lang), state.theme, lang)


def sources(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Volumes by source."""
    names = [str(row["source"]) for row in shown.rows]
    values = [row["volume_u"] for row in shown.rows]
    series = [(lang.gettext("Reported"), "reported", values)]
    return lying(names, series, state.theme, lang)


def largest(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw reported and imputed volumes of the largest users."""
    rows = shown.rows[:LARGEST]
    names = [str(row["name"]) for row in rows]
    return lying(names, _reported(rows, "taken_u", lang), state.theme, lang)


def _reported(rows: Any, key: str, lang: Language) -> list[Any]:
    return [
        (lang.gettext("Reported"), "reported", [row[key] for row in rows]),
        (lang.gettext("Imputed"), "imputed", [row["imputed_u"] for row in rows]),
    ]
