"""Every table of the store; importing this package registers them all."""

from ewater.store.tables import quality, readings, registry, runs, sources

__all__ = ["quality", "readings", "registry", "runs", "sources"]
