"""What the exhibits of the page ask for, and the quantity that is chosen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ewater.dashboard.components import choice, options, select
from ewater.dashboard.exhibits import Facts
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.questions.forecasts import forecast_of, newest_forecast

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

#: Quantities by code: words and colour.
QUANTITIES = {
    "inflow": (mark("Inflow"), "inflow"),
    "outflow": (mark("Outflow"), "outflow"),
    "use": (mark("Use"), "use"),
    "storage": (mark("Storage at the end of the month"), "storage"),
    "storage_change": (mark("Storage change"), "storage"),
    "losses": (mark("Losses in conveyance"), "bad"),
    "use.agriculture": (mark("Use: agriculture"), "agriculture"),
    "use.industry": (mark("Use: industry"), "industry"),
    "use.energy": (mark("Use: energy"), "energy"),
    "use.households": (mark("Use: households"), "households"),
    "use.services": (mark("Use: services"), "services"),
    "net_inflow": (mark("Net inflow"), "inflow"),
}
SIGNED = ("storage_change", "net_inflow")
NO_FORECAST = mark(
    "No forecast is kept yet: `ewater forecast` makes one from what is known."
)
_QUANTITY = mark("Quantity")


def minute() -> int:
    """Minute of the clock; a forecast can come without new data."""
    return int(time.time() // 60)


def newest(reader: CachedReader) -> str | None:
    """Code of the newest forecast."""
    found: str | None = reader.ask(newest_forecast, minute())
    return found


def document(reader: CachedReader, state: State) -> dict[str, Any] | None:
    """Newest forecast of the territory; None if there is none."""
    code = newest(reader)
    found: dict[str, Any] | None = (
        None if code is None else reader.ask(forecast_of, code, state.territory)
    )
    return found


def facts(as_of: str, lang: Language) -> Facts:
    """Say of what a forecast is, and what its band holds."""
    band = lang.gettext("80 % band")
    return Facts(as_of=as_of, uncertainty=band, statuses={"modelled": 1.0})


def chosen(state: State) -> str:
    """Quantity in the address; the first one if there is no such."""
    return state.pick("quantity", QUANTITIES)


def words(state: State, lang: Language) -> str:
    """Name the quantity."""
    return lang.gettext(QUANTITIES[chosen(state)][0])


def controls(state: State, lang: Language) -> list[Any]:
    """Choose the quantity, for all exhibits of the page."""
    label = lang.gettext(_QUANTITY)
    return [
        select(
            choice("quantity"),
            value=chosen(state),
            data=options({k: v for k, (v, _) in QUANTITIES.items()}, lang),
            **attributes(aria_label=label),
        )
    ]
