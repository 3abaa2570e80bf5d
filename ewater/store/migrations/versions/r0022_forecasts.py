"""Forecasts, their futures, scores and outcomes; scenarios."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "scenario",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number",
        ),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="Name; one current row has it"
        ),
        sa.Column(
            "said",
            JSONB(),
            nullable=False,
            comment="The scenario as it was described: titles, changes, priorities",
        ),
        sa.Column(
            "recorded_from",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="Described so since",
        ),
        sa.Column(
            "recorded_to",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Described anew then; null: current",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scenario")),
        comment="Named sets of changes over a forecast",
    )
    op.create_index(
        "uq_scenario_name",
        "scenario",
        ["name"],
        unique=True,
        postgresql_where=sa.text("recorded_to IS NULL"),
    )
    op.create_table(
        "forecast",
        sa.Column(
            "code",
            sa.Text(),
            nullable=False,
            comment="Hash over state of inputs, parameters, version",
        ),
        sa.Column(
            "base",
            sa.Text(),
            nullable=True,
            comment="Forecast that a scenario changes; null: no scenario",
        ),
        sa.Column(
            "scenario",
            sa.BigInteger(),
            nullable=True,
            comment="Scenario, as it was described; null: none",
        ),
        sa.Column(
            "run",
            sa.Text(),
            nullable=False,
            comment="Run with the past it was made from",
        ),
        sa.Column(
            "calendar", sa.Text(), nullable=False, comment="Code of the named calendar"
        ),
        sa.Column(
            "origin",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Begin of the first month",
        ),
        sa.Column("horizon", sa.Integer(), nullable=False, comment="Months"),
        sa.Column("members", sa.Integer(), nullable=False, comment="Futures"),
        sa.Column(
            "as_of",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Data and registry recorded by then",
        ),
        sa.Column(
            "notes",
            JSONB(),
            nullable=False,
            comment="What could not be met: accounts that do not balance, shortages",
        ),
        sa.Column("version", sa.Text(), nullable=False, comment="Version of ewater"),
        sa.Column(
            "computed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="End of the execution",
        ),
        sa.Column(
            "seconds", sa.Double(), nullable=False, comment="Time the execution took"
        ),
        sa.CheckConstraint(
            "(scenario IS NULL) = (base IS NULL)",
            name=op.f("ck_forecast_has_base"),
        ),
        sa.CheckConstraint(
            "horizon > 0 AND members > 0", name=op.f("ck_forecast_has_size")
        ),
        sa.ForeignKeyConstraint(
            ["base"],
            ["forecast.code"],
            name=op.f("fk_forecast_base"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["scenario"], ["scenario.id"], name=op.f("fk_forecast_scenario")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_forecast")),
        comment="Forecasts of the ledger by month, and scenarios computed on them",
    )
    op.create_index("ix_forecast_origin", "forecast", ["origin"], unique=False)
    op.create_table(
        "forecast_member",
        sa.Column("forecast", sa.Text(), nullable=False, comment="Forecast"),
        sa.Column("kind", sa.Text(), nullable=False, comment="flow or stock"),
        sa.Column(
            "code",
            sa.Text(),
            nullable=False,
            comment="Code of the flow, or of the account",
        ),
        sa.Column(
            "volume",
            sa.LargeBinary(),
            nullable=False,
            comment="float64, little-endian, m3: by month, then future; of a stock at "
            "the origin and the ends of months",
        ),
        sa.CheckConstraint(
            "kind IN ('flow', 'stock')", name=op.f("ck_forecast_member_kind")
        ),
        sa.ForeignKeyConstraint(
            ["forecast"],
            ["forecast.code"],
            name=op.f("fk_forecast_member_forecast"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "forecast", "kind", "code", name=op.f("pk_forecast_member")
        ),
        comment="Futures of each flow and stock of a forecast",
    )
    op.create_table(
        "forecast_score",
        sa.Column("forecast", sa.Text(), nullable=False, comment="Forecast"),
        sa.Column("kind", sa.Text(), nullable=False, comment="flow or stock"),
        sa.Column(
            "code",
            sa.Text(),
            nullable=False,
            comment="Code of the flow, or of the account",
        ),
        sa.Column(
            "candidate",
            sa.Text(),
            nullable=False,
            comment="Way to forecast; chosen: what was taken",
        ),
        sa.Column(
            "months",
            sa.Integer(),
            nullable=False,
            comment="Months, over all origins, that were compared",
        ),
        sa.Column(
            "crps",
            sa.Double(),
            nullable=True,
            comment="m3; mean continuous ranked probability score; NULL: none",
        ),
        sa.Column(
            "inside",
            sa.Double(),
            nullable=True,
            comment="Share of the months within the 80 % band; NULL: none",
        ),
        sa.Column("mean", sa.Double(), nullable=True, comment="m3; mean of the record"),
        sa.Column(
            "chosen", sa.Boolean(), nullable=False, comment="It makes this forecast"
        ),
        sa.CheckConstraint(
            "kind IN ('flow', 'stock')", name=op.f("ck_forecast_score_kind")
        ),
        sa.ForeignKeyConstraint(
            ["forecast"],
            ["forecast.code"],
            name=op.f("fk_forecast_score_forecast"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "forecast", "kind", "code", "candidate", name=op.f("pk_forecast_score")
        ),
        comment="Scores of candidates by which a forecast was chosen",
    )
    op.create_table(
        "forecast_outcome",
        sa.Column("forecast", sa.Text(), nullable=False, comment="Forecast"),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="flow, stock, or total of a territory",
        ),
        sa.Column(
            "code",
            sa.Text(),
            nullable=False,
            comment="Code of the flow or account; of a total TERRITORY.QUANTITY",
        ),
        sa.Column(
            "period_start",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Included",
        ),
        sa.Column("lead", sa.Integer(), nullable=False, comment="Months ahead, from 1"),
        sa.Column(
            "run", sa.Text(), nullable=False, comment="Run that says what happened"
        ),
        sa.Column("actual", sa.Double(), nullable=False, comment="m3"),
        sa.Column("low", sa.Double(), nullable=False, comment="m3; 10 % quantile"),
        sa.Column("middle", sa.Double(), nullable=False, comment="m3; median"),
        sa.Column("high", sa.Double(), nullable=False, comment="m3; 90 % quantile"),
        sa.Column(
            "crps",
            sa.Double(),
            nullable=False,
            comment="m3; continuous ranked probability score",
        ),
        sa.CheckConstraint(
            "kind IN ('flow', 'stock', 'total')", name=op.f("ck_forecast_outcome_kind")
        ),
        sa.ForeignKeyConstraint(
            ["forecast"],
            ["forecast.code"],
            name=op.f("fk_forecast_outcome_forecast"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "forecast", "kind", "code", "period_start", name=op.f("pk_forecast_outcome")
        ),
        comment="Months of forecasts that have passed: actual, score, in the band",
    )


def downgrade() -> None:
    """Forget them."""
    for name in ("outcome", "score", "member"):
        op.drop_table(f"forecast_{name}")
    op.drop_table("forecast")
    op.drop_table("scenario")
