"""National water-balance management: ledger, accounts and their uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ewater.accounts.client import Client

__version__ = "0.1.0"
__all__ = ["__version__", "connect"]


def connect(url: str | None = None) -> Client:
    """Open a country's store for reading from Python or a notebook.

    Parameters
    ----------
    url
        A PostgreSQL + PostGIS address. Without one, ``EWATER_DATABASE_URL``
        or, failing that, the private cluster, which is started when needed.
    """
    from ewater.accounts.client import Client

    return Client.open(url)
