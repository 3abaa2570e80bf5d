"""Editions: sealed accounts, their parts, and the chained log of their steps."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql" / "0020_editions.sql"
_TABLES = ("edition_check", "edition_log", "edition_key", "edition_part", "edition")


def upgrade() -> None:
    """Make the tables; their rows cannot be changed or taken away."""
    driver = op.get_bind().connection.driver_connection
    if driver is None:  # offline mode has no connection
        raise RuntimeError("this migration needs a connection")
    driver.execute(_SQL.read_text("utf-8"))


def downgrade() -> None:
    """Drop them again."""
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION edition_only_grows()")
    op.execute("DROP FUNCTION edition_log_follows()")
