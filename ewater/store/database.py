"""Connections and the version of the schema."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import QueryCanceled
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ewater.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x65776174  # one key for all processes: "ewat"


def connect(url: str | URL) -> Engine:
    """Make an engine for a PostgreSQL address; sessions run in UTC.

    ``postgresql://`` is read as ``postgresql+psycopg://``, the driver in use.
    """
    address = make_url(url)
    if address.drivername in {"postgresql", "postgres"}:
        address = address.set(drivername="postgresql+psycopg")
    return create_engine(
        address, connect_args={"options": "-c timezone=UTC"}, pool_pre_ping=True
    )


def cancelled(error: Exception) -> bool:
    """Whether a statement was ended: by its time limit, or because it was told to."""
    return isinstance(error, DBAPIError) and isinstance(error.orig, QueryCanceled)


def unreachable(error: Exception) -> bool:
    """Whether an error says that the database does not answer, not that we erred."""
    if cancelled(error):
        return False
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeoutError)):
        return True
    return isinstance(error, DBAPIError) and bool(error.connection_invalidated)


def answers(engine: Engine) -> bool:
    """Whether the database answers now."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


@contextmanager
def refusals_named() -> Iterator[None]:
    """Turn what a database server says into an error of ours.

    Raises
    ------
    NotReadyError
        The server refuses, or does not answer.
    """
    try:
        yield
    except DBAPIError as error:
        raise NotReadyError(
            f"the database refuses: {str(error.orig).strip()}\n"
            "`ewater doctor` tells what is wrong with it"
        ) from error


def config(connection: Connection) -> Config:
    """Tell alembic where the migrations are, and on which connection they run."""
    made = Config()
    made.set_main_option("script_location", str(_MIGRATIONS))
    made.attributes["connection"] = connection
    return made


@dataclass(frozen=True, slots=True)
class Schema:
    """Where the schema of a database stands, and where this program wants it.

    ``current`` is None in a database without tables of ours; ``strange`` says that
    this program has no migration of that name: another one made the schema.
    """

    current: str | None
    newest: str | None
    strange: bool


def schema(connection: Connection) -> Schema:
    """Look at the schema of a database."""
    current = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory(str(_MIGRATIONS))
    known = {script.revision for script in scripts.walk_revisions()}
    strange = current is not None and current not in known
    return Schema(current, scripts.get_current_head(), strange)


#: What to do about a strange schema; what it holds is never touched.
STRANGE = (
    "use the version of ewater that made it, or another database: set "
    "EWATER_DATABASE_URL, or EWATER_HOME to another folder"
)


def migrate(engine: Engine) -> None:
    """Bring the schema to this version; safe when several processes start at once.

    Raises
    ------
    NotReadyError
        The schema is of a version that this program does not know; nothing is done.
    """
    with engine.connect() as connection:
        found = schema(connection)
    if found.strange:
        raise NotReadyError(
            f"the schema of the database is of version {found.current}, which this "
            f"ewater does not know (its newest is {found.newest}): {STRANGE}"
        )
    if found.current == found.newest:
        return
    with engine.begin() as connection:
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK}
        )
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS btree_gist"))
        command.upgrade(config(connection), "head")
