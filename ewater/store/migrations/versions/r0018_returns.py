"""Forms and returns of enterprises; keys that may send returns; who approves."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0022"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql" / "0018_returns.sql"
_TABLES = (
    "period_sign_off",
    "total_break",
    "return_reminder",
    "return_deadline",
    "return_signature",
    "return_trust",
    "return_finding",
    "return_remark",
    "return_version",
    "return_draft",
    "enterprise_return",
    "forms",
)


def upgrade() -> None:
    """Make the tables, a column of reports, one of keys, and a role."""
    driver = op.get_bind().connection.driver_connection
    if driver is None:  # offline mode has no connection
        raise RuntimeError("this migration needs a connection")
    driver.execute(_SQL.read_text("utf-8"))


def downgrade() -> None:
    """Drop them again; an approver becomes a reviewer."""
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    op.drop_column("reports", "metered")
    op.drop_column("push_key", "enterprises")
    op.execute("UPDATE login_user SET role = 'reviewer' WHERE role = 'approver'")
    op.execute("ALTER TABLE login_user DROP CONSTRAINT ck_login_user_role")
    op.execute(
        "ALTER TABLE login_user ADD CONSTRAINT ck_login_user_role CHECK (role IN ("
        "'viewer', 'analyst', 'engineer', 'reviewer', 'reporter', 'admin'))"
    )
