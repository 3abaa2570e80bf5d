"""States of the data whose accounts the pages show."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0024"
branch_labels = None
depends_on = None


def _time(name: str, comment: str, *, required: bool = True) -> sa.Column[object]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=not required, comment=comment)


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "standing",
        _time("as_of", "State of data and registry: recorded by then"),
        sa.Column(
            "version", sa.Text(), nullable=False, comment="Version of ewater it is for"
        ),
        _time("completed_at", "When its accounts were all there"),
        sa.Column(
            "seconds", sa.Double(), nullable=False, comment="Time computing them took"
        ),
        sa.PrimaryKeyConstraint("as_of", "version", name="pk_standing"),
        comment="States of the data whose accounts are kept for the pages, newest few",
    )
    op.create_table(
        "standing_run",
        sa.Column("run", sa.Text(), nullable=False, comment="Run computed for pages"),
        _time("asked_at", "When a page first asked for it; null: none", required=False),
        sa.PrimaryKeyConstraint("run", name="pk_standing_run"),
        sa.ForeignKeyConstraint(
            ["run"], ["run.code"], name="fk_standing_run_run", ondelete="CASCADE"
        ),
        comment="Runs that were computed for pages alone and go with their state",
    )


def downgrade() -> None:
    """Remove the tables; the runs stay."""
    op.drop_table("standing_run")
    op.drop_table("standing")
