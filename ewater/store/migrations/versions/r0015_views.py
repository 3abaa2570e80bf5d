"""Views of a country's own, and what views need besides the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0020"
branch_labels = None
depends_on = None

_CODE = "\"{0}\" ~ '^[A-Za-z0-9_.:-]+$'"
_FINITE = "\"{0}\" > -'Infinity'::float8 AND \"{0}\" < 'Infinity'::float8"
_AT_LEAST_0 = '"{0}" >= 0 AND "{0}" < \'Infinity\'::float8'


def _text(name: str, comment: str, *, required: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=not required, comment=comment)


def _time(name: str, comment: str, *, required: bool = False) -> sa.Column[object]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=not required, comment=comment)


def _versioned(
    name: str,
    meaning: str,
    key: list[str],
    columns: list[sa.Column[object]],
    checks: dict[str, str],
) -> None:
    """Make a table of the registry: rows are closed, never changed."""
    number = sa.Column(
        "id",
        sa.BigInteger(),
        sa.Identity(always=True),
        nullable=False,
        comment="Number of this version of the row",
    )
    op.create_table(
        name,
        number,
        *columns,
        _time("valid_from", "Start of validity (in); not given: always"),
        _time("valid_to", "End of validity (out); not given: still valid"),
        _time("recorded_from", "When this version was recorded (in)", required=True),
        _time("recorded_to", "When it was replaced or withdrawn (out); null: current"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        *(
            sa.CheckConstraint(condition.format(column), name=column)
            for column, condition in checks.items()
        ),
        sa.CheckConstraint("valid_from < valid_to", name="validity"),
        sa.CheckConstraint("recorded_from < recorded_to", name="recorded"),
        comment=meaning,
    )
    op.create_index(
        f"uq_{name}_current",
        name,
        [*key, "valid_from"],
        unique=True,
        postgresql_where=sa.text("recorded_to IS NULL"),
        postgresql_nulls_not_distinct=True,
    )


def upgrade() -> None:
    """Create the tables."""
    _versioned(
        "views",
        "Views of the country's own, docs/views.md; the code names file and view",
        ["code"],
        [_text("code", "Code of the view"), _text("body", "The view, YAML")],
        {"code": _CODE},
    )
    _versioned(
        "view_inputs",
        "What views need and no flow holds: population, value added, required flows",
        ["item", "territory", "year"],
        [
            _text("item", "Input of a view"),
            _text("territory", "Territory it is of"),
            _text("year", "A year, or long-term"),
            sa.Column("value", sa.Double(), nullable=False, comment="Figure in unit"),
            _text("unit", "Unit of the figure"),
            sa.Column(
                "u_pct",
                sa.Double(),
                nullable=True,
                comment="Standard uncertainty (k=1), % of the value; 0 if none",
            ),
            _text("source", "Who says so, where"),
            _text("note", "What to know of it", required=False),
        ],
        {"item": _CODE, "territory": _CODE, "value": _FINITE, "u_pct": _AT_LEAST_0},
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("view_inputs")
    op.drop_table("views")
