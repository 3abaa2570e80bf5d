"""Every table of the store; importing this package registers them all."""

from ewater.store.tables import (
    alerts,
    editions,
    forecasts,
    meters,
    people,
    quality,
    readings,
    registry,
    returns,
    runs,
    sources,
)

__all__ = [
    "alerts",
    "editions",
    "forecasts",
    "meters",
    "people",
    "quality",
    "readings",
    "registry",
    "returns",
    "runs",
    "sources",
]
