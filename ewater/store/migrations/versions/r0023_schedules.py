"""Ten-day schedules of reservoirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "schedule",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number",
        ),
        sa.Column(
            "account", sa.Text(), nullable=False, comment="Account of the reservoir"
        ),
        sa.Column(
            "revision", sa.Integer(), nullable=False, comment="Of the account, from 1"
        ),
        sa.Column(
            "start",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Begin of the first ten days",
        ),
        sa.Column(
            "opening", sa.Double(), nullable=False, comment="m3; stock at the begin"
        ),
        sa.Column(
            "forecast",
            sa.Text(),
            nullable=False,
            comment="Forecast of what comes in and what is wanted",
        ),
        sa.Column("version", sa.Text(), nullable=False, comment="Version of ewater"),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="When it was planned",
        ),
        sa.ForeignKeyConstraint(
            ["forecast"],
            ["forecast.code"],
            name=op.f("fk_schedule_forecast"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("account", "revision", name="uq_schedule_account_revision"),
        comment="Ten-day schedules of reservoirs, every revision of them",
    )
    op.create_index(
        "ix_schedule_account_start", "schedule", ["account", "start"], unique=False
    )
    op.create_table(
        "schedule_row",
        sa.Column("schedule", sa.BigInteger(), nullable=False, comment="Schedule"),
        sa.Column(
            "period_start",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Included",
        ),
        sa.Column(
            "period_end", sa.DateTime(timezone=True), nullable=False, comment="Excluded"
        ),
        sa.Column(
            "inflow",
            sa.Double(),
            nullable=False,
            comment="m3; expected, less what evaporates and seeps",
        ),
        sa.Column(
            "inflow_low", sa.Double(), nullable=False, comment="m3; 10 % quantile"
        ),
        sa.Column(
            "inflow_high", sa.Double(), nullable=False, comment="m3; 90 % quantile"
        ),
        sa.Column(
            "demand",
            sa.Double(),
            nullable=False,
            comment="m3; wanted by canals and users",
        ),
        sa.Column(
            "release", sa.Double(), nullable=False, comment="m3; planned, of all kinds"
        ),
        sa.Column(
            "stock",
            sa.Double(),
            nullable=False,
            comment="m3; at the end, with expected inflow",
        ),
        sa.Column(
            "stock_low",
            sa.Double(),
            nullable=False,
            comment="m3; at the end, with little inflow until then (10 %)",
        ),
        sa.Column(
            "stock_high",
            sa.Double(),
            nullable=False,
            comment="m3; at the end, with much inflow until then (90 %)",
        ),
        sa.Column("least", sa.Double(), nullable=False, comment="m3; lower limit"),
        sa.Column("most", sa.Double(), nullable=False, comment="m3; upper limit"),
        sa.ForeignKeyConstraint(
            ["schedule"],
            ["schedule.id"],
            name=op.f("fk_schedule_row_schedule"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "schedule", "period_start", name=op.f("pk_schedule_row")
        ),
        comment="Planned release, expected inflow and stock, ten days by ten days",
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("schedule_row")
    op.drop_table("schedule")
