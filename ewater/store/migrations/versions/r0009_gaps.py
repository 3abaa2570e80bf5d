"""What storage curves changed in the books, and how gaps were filled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Other changes beside the stocks of a run, and a table of its gaps."""
    op.add_column(
        "run_stock",
        sa.Column(
            "other_change",
            sa.Double(),
            server_default="0",
            nullable=True,
            comment="m3; what a new storage curve changed since the instant before",
        ),
    )
    op.create_table(
        "run_gap",
        sa.Column("run", sa.Text(), nullable=False, comment="Run"),
        sa.Column("series", sa.Text(), nullable=False, comment="Code of the series"),
        sa.Column(
            "period_start",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Included",
        ),
        sa.Column(
            "method",
            sa.Text(),
            nullable=False,
            comment="totaliser, routing, regression, seasonal; none: left open",
        ),
        sa.Column(
            "donor",
            sa.Text(),
            nullable=False,
            comment="Series that the volume comes from, or itself",
        ),
        sa.Column("seconds", sa.Double(), nullable=False, comment="Time filled, s"),
        sa.Column(
            "volume",
            sa.Double(),
            nullable=True,
            comment="m3; NULL where it was left open",
        ),
        sa.Column("u", sa.Double(), nullable=True, comment="m3, k = 1"),
        sa.Column(
            "coverage",
            sa.Double(),
            nullable=False,
            comment="Observed share of the period, 0 to 1",
        ),
        sa.Column(
            "lower",
            sa.Double(),
            nullable=True,
            comment="m3; least volume of the period where it is insufficient",
        ),
        sa.Column(
            "upper",
            sa.Double(),
            nullable=True,
            comment="m3; greatest volume of the period where it is insufficient",
        ),
        sa.ForeignKeyConstraint(
            ["run"], ["run.code"], name=op.f("fk_run_gap_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "run", "series", "period_start", "method", "donor", name=op.f("pk_run_gap")
        ),
        comment="Gaps of the series of a run, and what each method put there",
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("run_gap")
    op.drop_column("run_stock", "other_change")
