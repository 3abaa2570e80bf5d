"""Readings: landed files, loads, rejects, chunks, daily, and the SQL decoder."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql"
_TABLES = (
    "daily_due",
    "daily",
    "chunk",
    "reject",
    "load",
    "landed_piece",
    "landed_file",
    "person",
)
_FUNCTIONS = (
    "reading_sql",
    "chunk_rows",
    "chunk_step",
    "chunk_raw",
    "chunk_float8",
    "chunk_int8",
)

# lz4 is a build option of PostgreSQL; without it pglz does the same, slower.
_COMPRESSION = """
DO $$
BEGIN
    ALTER TABLE chunk ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'this PostgreSQL has no lz4; chunks are compressed by pglz';
END
$$
"""


def _run(script: str) -> None:
    """Run a script of many statements, in which ``:`` and ``%`` mean themselves."""
    driver = op.get_bind().connection.driver_connection
    if driver is None:  # offline mode has no connection
        raise RuntimeError("this migration needs a connection")
    driver.execute(script)


def upgrade() -> None:
    """Apply."""
    _run((_SQL / "0002_tables.sql").read_text("utf-8"))
    _run(_COMPRESSION)
    _run("ALTER TABLE landed_piece ALTER COLUMN content SET STORAGE EXTERNAL")
    _run((_SQL / "0002_reading_sql.sql").read_text("utf-8"))


def downgrade() -> None:
    """Revert."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
