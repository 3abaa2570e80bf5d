"""What every subcommand needs that talks to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine


def open_store() -> Engine:
    """Connect to the store of this environment, started and at the newest schema.

    Raises
    ------
    NotReadyError
        There is no database, and none can be started here.
    """
    from ewater.settings import settings
    from ewater.store import cluster, database

    engine = database.connect(cluster.database_url(settings()))
    database.migrate(engine)
    return engine
