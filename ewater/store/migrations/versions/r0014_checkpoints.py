"""Where an interrupted load goes on; the bytes of files that were refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def _count(name: str, comment: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, comment=comment)


def upgrade() -> None:
    """Add a table of checkpoints, and a column of the runs."""
    op.create_table(
        "load_checkpoint",
        _count("load_id", "Load, not published"),
        sa.Column("number", sa.Integer(), nullable=False, comment="Window, from 0"),
        sa.Column(
            "same",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of what must be unchanged for the load to go on",
        ),
        sa.Column(
            "seen",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Newest recorded time of any load when this one was opened",
        ),
        _count("now_us", "When it was opened, us since 1970: later times are ahead"),
        _count("blocks", "Blocks of the file that are staged"),
        _count("line", "Next line; 0 where none is left"),
        _count("position", "Bytes of the file that were read for them"),
        _count("last_rejected", "Last line up to there that was rejected; 0: none"),
        _count("rows_read", "Rows up to there"),
        _count("rejected", "Rows up to there that were rejected"),
        _count("outside", "Rows up to there that were left out"),
        sa.Column(
            "state",
            sa.LargeBinary(),
            nullable=False,
            comment="What the window found: its size, then NumPy arrays in zstd",
        ),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.clock_timestamp(),
            nullable=False,
            comment="When the window was staged",
        ),
        sa.ForeignKeyConstraint(
            ["load_id"],
            ["load.id"],
            name=op.f("fk_load_checkpoint_load_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("load_id", "number", name=op.f("pk_load_checkpoint")),
        comment="Staged windows of unpublished loads, from which they go on",
    )
    op.add_column(
        "source_run",
        sa.Column(
            "file_id",
            sa.BigInteger(),
            nullable=True,
            comment="Landed file of a run that failed; else that of its load",
        ),
    )
    op.create_foreign_key(
        op.f("fk_source_run_file_id"),
        "source_run",
        "landed_file",
        ["file_id"],
        ["id"],
    )
    op.create_index(op.f("ix_source_run_file_id"), "source_run", ["file_id"])


def downgrade() -> None:
    """Forget them."""
    op.drop_column("source_run", "file_id")
    op.drop_table("load_checkpoint")
