"""Differences between editions, kept for those who look at them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "edition_difference",
        sa.Column("a", sa.Text(), nullable=False, comment="The earlier edition"),
        sa.Column("b", sa.Text(), nullable=False, comment="The later edition"),
        sa.Column(
            "computed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Recorded time of the computation",
        ),
        sa.Column(
            "version",
            sa.Text(),
            nullable=False,
            comment="Version of ewater that computed it",
        ),
        sa.Column(
            "content",
            sa.LargeBinary(),
            nullable=False,
            comment="Size (u64, little-endian), then JSON in UTF-8, zstd",
        ),
        *(
            sa.ForeignKeyConstraint(
                [name], ["edition.name"], name=op.f(f"fk_edition_difference_{name}")
            )
            for name in ("a", "b")
        ),
        sa.PrimaryKeyConstraint(
            "a", "b", "version", name=op.f("pk_edition_difference")
        ),
        comment="Differences between editions, split by cause",
    )


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("edition_difference")
