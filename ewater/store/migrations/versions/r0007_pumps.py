"""Pump tests: what turns hours run or energy used into volumes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _positive(name: str) -> str:
    return f""""{name}" > 0 AND "{name}" < 'Infinity'::float8"""


def _time(name: str, comment: str, *, required: bool = False) -> sa.Column[object]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=not required, comment=comment)


def upgrade() -> None:
    """Create the table, versioned as every table of the registry."""
    op.create_table(
        "pumps",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number of this version of the row",
        ),
        sa.Column(
            "series",
            sa.Text(),
            nullable=False,
            comment="Series of quantity pump_hours or energy",
        ),
        sa.Column("rated_m3h", sa.Double(), comment="Rated flow, m3/h"),
        sa.Column(
            "m3_per_kwh",
            sa.Double(),
            comment="Specific yield at the head of the test, m3/kWh",
        ),
        sa.Column(
            "u_pct",
            sa.Double(),
            comment="Standard uncertainty (k=1) of the rating, %; 20 if none",
        ),
        _time("valid_from", "Start of validity (in); not given: always"),
        _time("valid_to", "End of validity (out); not given: still valid"),
        _time("recorded_from", "When this version was recorded (in)", required=True),
        _time("recorded_to", "When it was replaced or withdrawn (out); null: current"),
        sa.PrimaryKeyConstraint("id", name="pk_pumps"),
        sa.CheckConstraint("\"series\" ~ '^[A-Za-z0-9_.:-]+$'", name="series"),
        sa.CheckConstraint(_positive("rated_m3h"), name="rated_m3h"),
        sa.CheckConstraint(_positive("m3_per_kwh"), name="m3_per_kwh"),
        sa.CheckConstraint(
            """"u_pct" >= 0 AND "u_pct" < 'Infinity'::float8""", name="u_pct"
        ),
        sa.CheckConstraint("valid_from < valid_to", name="validity"),
        sa.CheckConstraint("recorded_from < recorded_to", name="recorded"),
        comment="Pump tests: what turns hours run or energy used into volumes",
    )
    op.create_index(
        "uq_pumps_current",
        "pumps",
        ["series", "valid_from"],
        unique=True,
        postgresql_where=sa.text("recorded_to IS NULL"),
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("pumps")
