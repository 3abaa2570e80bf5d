"""Treaties and normals: what border waters are compared with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0014"
branch_labels = None
depends_on = None

_CODE = "\"{0}\" ~ '^[A-Za-z0-9_.:-]+$'"
_CODES = ("code", "neighbour", "flow")


def _text(name: str, comment: str, *, required: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=not required, comment=comment)


def _time(name: str, comment: str, *, required: bool = False) -> sa.Column[object]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=not required, comment=comment)


def upgrade() -> None:
    """Create the table, versioned as every table of the registry."""
    op.create_table(
        "treaties",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number of this version of the row",
        ),
        _text("code", "Code of the grant or normal"),
        _text("neighbour", "Neighbour; of all together if empty", required=False),
        _text("flow", "Single flow of the neighbour it is of", required=False),
        _text("way", "Which way the water goes"),
        _text("kind", "What the figure is"),
        sa.Column("value", sa.Double(), nullable=False, comment="Figure in unit"),
        _text("unit", "A rate, or a volume, which is that of a year"),
        _text("source", "Who says so, where"),
        _text("note", "What to know before comparing", required=False),
        _time("valid_from", "Start of validity (in); not given: always"),
        _time("valid_to", "End of validity (out); not given: still valid"),
        _time("recorded_from", "When this version was recorded (in)", required=True),
        _time("recorded_to", "When it was replaced or withdrawn (out); null: current"),
        sa.PrimaryKeyConstraint("id", name="pk_treaties"),
        *(sa.CheckConstraint(_CODE.format(name), name=name) for name in _CODES),
        sa.CheckConstraint("\"way\" IN ('inflow', 'outflow')", name="way"),
        sa.CheckConstraint("\"kind\" IN ('treaty', 'normal')", name="kind"),
        sa.CheckConstraint(
            """"value" >= 0 AND "value" < 'Infinity'::float8""", name="value"
        ),
        sa.CheckConstraint("valid_from < valid_to", name="validity"),
        sa.CheckConstraint("recorded_from < recorded_to", name="recorded"),
        comment="What treaties grant of border waters, and what is normal: comparison "
        "lines, never inputs",
    )
    op.create_index(
        "uq_treaties_current",
        "treaties",
        ["code", "valid_from"],
        unique=True,
        postgresql_where=sa.text("recorded_to IS NULL"),
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("treaties")
