"""Sources that bring readings by themselves, their runs, keys, posts, and jobs."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql"
_TABLES = ("post", "push_key", "source_run", "source_state", "source")


def _run(script: str) -> None:
    """Run a script of many statements, in which ``:`` and ``%`` mean themselves."""
    driver = op.get_bind().connection.driver_connection
    if driver is None:  # offline mode has no connection
        raise RuntimeError("this migration needs a connection")
    driver.execute(script)


def upgrade() -> None:
    """Make the tables, and the queue in a schema of its own (decision 12)."""
    from procrastinate.schema import SchemaManager  # every command reads this file

    _run((_SQL / "0006_sources.sql").read_text("utf-8"))
    _run("CREATE SCHEMA jobs; SET LOCAL search_path TO jobs, public")
    _run(SchemaManager.get_schema())
    _run("SET LOCAL search_path TO DEFAULT")
    _run("COMMENT ON SCHEMA jobs IS 'Job queue of procrastinate; ewater worker'")


def downgrade() -> None:
    """Drop them again."""
    op.execute("DROP SCHEMA jobs CASCADE")
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    for column in ("taken_from", "taken_to", "outside"):
        op.drop_column("load", column)
