"""Ratings say how high they were gauged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_FINITE = """"gauged_to" > -'Infinity'::float8 AND "gauged_to" < 'Infinity'::float8"""
_METHOD = "totaliser, routing, regression, seasonal; none: left open"
_FAR = "extrapolated: observed beyond the gauged range of a rating"


def upgrade() -> None:
    """Add the highest gauged level to curves; gaps tell what lies beyond it."""
    op.add_column(
        "curves",
        sa.Column(
            "gauged_to",
            sa.Double(),
            nullable=True,
            comment="Highest level at which the rating was gauged, m; in any row",
        ),
    )
    op.create_check_constraint("gauged_to", "curves", _FINITE)
    op.alter_column(
        "run_gap",
        "method",
        existing_type=sa.Text(),
        comment=f"{_METHOD}; {_FAR}",
        existing_comment=_METHOD,
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_column("curves", "gauged_to")
    op.alter_column("run_gap", "method", existing_type=sa.Text(), comment=_METHOD)
