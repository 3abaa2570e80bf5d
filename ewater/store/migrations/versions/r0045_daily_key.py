"""Days are written without looking up the key of their series, row by row.

A day is computed from chunks, which hold that key: it cannot go while they are there.
"""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0040"
branch_labels = None
depends_on = None

_NAME = "fk_daily_series_id"


def upgrade() -> None:
    """Trust the key of the chunks."""
    op.drop_constraint(_NAME, "daily", type_="foreignkey")


def downgrade() -> None:
    """Look it up again."""
    op.create_foreign_key(_NAME, "daily", "series_key", ["series_id"], ["id"])
