"""Every table of the store; importing this package registers them all."""

from ewater.store.tables import readings, registry, runs

__all__ = ["readings", "registry", "runs"]
