"""Runs of the account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# what a flow was, for those who read with SQL
_RUN_FLOW = """
CREATE VIEW run_flow AS
SELECT w.run, w.flow, s.period_start,
       CASE WHEN bool_or(s.volume IS NULL) THEN NULL
            ELSE sum(w.weight * s.volume) END AS volume,
       min(s.coverage) AS coverage
FROM run_weight w
JOIN run_source s ON s.run = w.run AND s.source = w.source
GROUP BY w.run, w.flow, s.period_start
"""
_RUN_FLOW_COLUMNS = {
    "run": "Run",
    "flow": "Code of the flow",
    "period_start": "Included",
    "volume": "m3; NULL if a source of the flow is unknown",
    "coverage": "Least observed share of the time among its sources, 0 to 1",
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "run",
        sa.Column(
            "code",
            sa.Text(),
            nullable=False,
            comment="Hash over state of inputs, parameters, version",
        ),
        sa.Column(
            "step",
            sa.Text(),
            nullable=False,
            comment="day, decade, month, quarter, year",
        ),
        sa.Column(
            "calendar", sa.Text(), nullable=False, comment="Code of the named calendar"
        ),
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
            "basis", sa.Text(), nullable=False, comment="actual, expected or forecast"
        ),
        sa.Column(
            "as_of",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Data and registry recorded by then",
        ),
        sa.Column(
            "inputs_recorded",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Latest recorded time among the inputs that were visible",
        ),
        sa.Column("version", sa.Text(), nullable=False, comment="Version of ewater"),
        sa.Column(
            "computed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="End of the execution",
        ),
        sa.Column(
            "seconds", sa.Double(), nullable=False, comment="Time the execution took"
        ),
        sa.CheckConstraint(
            "period_end > period_start", name=op.f("ck_run_period_is_ordered")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_run")),
        comment="Executions of the account: inputs, parameters, version, time",
    )
    op.create_index("ix_run_inputs", "run", ["inputs_recorded", "step"], unique=False)
    op.create_table(
        "run_source",
        sa.Column("run", sa.Text(), nullable=False, comment="Run"),
        sa.Column(
            "source", sa.Text(), nullable=False, comment="series:CODE or flow:CODE"
        ),
        sa.Column(
            "period_start",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Included",
        ),
        sa.Column(
            "volume",
            sa.Double(),
            nullable=True,
            comment="m3; NULL is unknown, 0 is none",
        ),
        sa.Column(
            "u_random",
            sa.Double(),
            nullable=True,
            comment="m3, k = 1, independent between periods",
        ),
        sa.Column(
            "u_systematic",
            sa.Double(),
            nullable=True,
            comment="m3, k = 1, common to all periods",
        ),
        sa.Column(
            "coverage",
            sa.Double(),
            nullable=False,
            comment="Observed share of the time, 0 to 1",
        ),
        sa.Column(
            "status",
            sa.SmallInteger(),
            nullable=False,
            comment="0 measured, 1 reported, 2 modelled, 3 imputed, 4 balancing, "
            "9 unknown",
        ),
        sa.ForeignKeyConstraint(
            ["run"], ["run.code"], name=op.f("fk_run_source_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "run", "source", "period_start", name=op.f("pk_run_source")
        ),
        comment="Volume of each source and period of a run",
    )
    op.create_table(
        "run_stock",
        sa.Column("run", sa.Text(), nullable=False, comment="Run"),
        sa.Column("account", sa.Text(), nullable=False, comment="Code of the account"),
        sa.Column(
            "instant",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the stock was taken",
        ),
        sa.Column(
            "volume",
            sa.Double(),
            nullable=True,
            comment="m3; NULL is unknown, 0 is empty",
        ),
        sa.Column("u_random", sa.Double(), nullable=True, comment="m3, k = 1"),
        sa.Column(
            "u_systematic_fraction",
            sa.Double(),
            nullable=True,
            comment="Of a change of volume, k = 1; a datum error cancels",
        ),
        sa.ForeignKeyConstraint(
            ["run"], ["run.code"], name=op.f("fk_run_stock_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "account", "instant", name=op.f("pk_run_stock")),
        comment="Stock of each modelled account and bound of a run",
    )
    op.create_table(
        "run_weight",
        sa.Column("run", sa.Text(), nullable=False, comment="Run"),
        sa.Column("flow", sa.Text(), nullable=False, comment="Code of the flow"),
        sa.Column(
            "source", sa.Text(), nullable=False, comment="series:CODE or flow:CODE"
        ),
        sa.Column("weight", sa.Double(), nullable=False, comment="Signed factor"),
        sa.ForeignKeyConstraint(
            ["run"], ["run.code"], name=op.f("fk_run_weight_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "flow", "source", name=op.f("pk_run_weight")),
        comment="Weight of each source in each flow of a run",
    )
    op.execute(_RUN_FLOW)
    op.execute("COMMENT ON VIEW run_flow IS 'Volume of each flow and period of a run'")
    for column, comment in _RUN_FLOW_COLUMNS.items():
        op.execute(f"COMMENT ON COLUMN run_flow.{column} IS '{comment}'")


def downgrade() -> None:
    """Revert."""
    op.execute("DROP VIEW run_flow")
    op.drop_table("run_weight")
    op.drop_table("run_stock")
    op.drop_table("run_source")
    op.drop_index("ix_run_inputs", table_name="run")
    op.drop_table("run")
