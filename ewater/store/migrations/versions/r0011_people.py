"""People who may sign in, their sessions, and the audit of what they change."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql" / "0011_people.sql"
_TABLES = ("audit", "login_begun", "login_guess", "login_session", "login_user")


def upgrade() -> None:
    """Make the tables; rows of the audit cannot be changed or taken away."""
    driver = op.get_bind().connection.driver_connection
    if driver is None:  # offline mode has no connection
        raise RuntimeError("this migration needs a connection")
    driver.execute(_SQL.read_text("utf-8"))


def downgrade() -> None:
    """Drop them again."""
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION audit_only_grows()")
