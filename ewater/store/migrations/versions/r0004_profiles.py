"""Loads know the source profile they were read by, rejects their column."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was rejected before had one reading a row."""
    op.add_column(
        "load",
        sa.Column(
            "profile",
            sa.Text(),
            comment="Source profile it was read by, as JSON; null: canonical layout",
        ),
    )
    op.add_column(
        "reject",
        sa.Column(
            "column_name",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="Column of the reading where a row has several; else empty",
        ),
    )
    op.drop_constraint("pk_reject", "reject")
    op.create_primary_key("pk_reject", "reject", ["load_id", "line", "column_name"])


def downgrade() -> None:
    """Drop them again; rows with several rejected readings keep the first."""
    op.execute(
        "DELETE FROM reject r USING reject s WHERE r.load_id = s.load_id "
        "AND r.line = s.line AND r.column_name > s.column_name"
    )
    op.drop_constraint("pk_reject", "reject")
    op.create_primary_key("pk_reject", "reject", ["load_id", "line"])
    op.drop_column("reject", "column_name")
    op.drop_column("load", "profile")
