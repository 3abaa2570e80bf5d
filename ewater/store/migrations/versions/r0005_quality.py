"""Quality control: limits, verdicts, spans to judge again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('readings', 'reports', 'edit'{})"
_CODE = "{} ~ '^[A-Za-z0-9_.:-]+$'"
_FINITE = "value > -'Infinity'::float8 AND value < 'Infinity'::float8"


def _time(name: str, comment: str, *, required: bool = True) -> sa.Column[Any]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=not required, comment=comment)


def _text(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _number(comment: str) -> sa.Column[Any]:
    always = sa.Identity(always=True)
    return sa.Column("id", sa.BigInteger(), always, nullable=False, comment=comment)


def _series() -> sa.Column[Any]:
    return sa.Column("series_id", sa.Integer(), nullable=False, comment="Series")


def _of_series() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["series_id"], ["series_key.id"])


def _limits() -> None:
    """Make the table of limits.csv."""
    op.create_table(
        "limits",
        _number("Number of this version of the row"),
        _text("series", "Series it holds for"),
        _text("test", "Test"),
        _text("parameter", "Parameter of the test, docs/methods-quality.md"),
        sa.Column(
            "value", sa.Double(), comment="Limit, SI units; empty switches it off"
        ),
        _time(
            "valid_from", "Start of validity (in); not given: always", required=False
        ),
        _time(
            "valid_to", "End of validity (out); not given: still valid", required=False
        ),
        _time("recorded_from", "When this version was recorded (in)"),
        _time(
            "recorded_to",
            "When it was replaced or withdrawn (out); null: current",
            required=False,
        ),
        sa.PrimaryKeyConstraint("id"),
        *(
            sa.CheckConstraint(_CODE.format(f'"{name}"'), name=name)
            for name in ("series", "test", "parameter")
        ),
        sa.CheckConstraint(_FINITE, name="value"),
        sa.CheckConstraint("valid_from < valid_to", name="validity"),
        sa.CheckConstraint("recorded_from < recorded_to", name="recorded"),
        comment="Limits of quality tests that go before what sensor and history "
        "suggest",
    )
    op.create_index(
        "uq_limits_current",
        "limits",
        ["series", "test", "parameter", "valid_from"],
        unique=True,
        postgresql_where=sa.text("recorded_to IS NULL"),
        postgresql_nulls_not_distinct=True,
    )


def _learned() -> None:
    op.create_table(
        "learned_limit",
        _number("Number"),
        _series(),
        _text("parameter", "Test and parameter, such as rate.limit"),
        sa.Column("value", sa.Double(), nullable=False, comment="Limit, SI units"),
        _time("recorded_from", "When it was learned (in)"),
        _time(
            "recorded_to",
            "When another replaced it (out); null: in use",
            required=False,
        ),
        sa.PrimaryKeyConstraint("id"),
        _of_series(),
        sa.CheckConstraint("recorded_from < recorded_to", name="recorded"),
        comment="Limits learned from history, on purpose only",
    )
    op.create_index(
        "uq_learned_limit_current",
        "learned_limit",
        ["series_id", "parameter"],
        unique=True,
        postgresql_where=sa.text("recorded_to IS NULL"),
    )


def _verdicts() -> None:
    op.create_table(
        "verdict",
        _number("Number"),
        _series(),
        _time("starts", "Start of the span, included"),
        _time("ends", "End of the span, excluded"),
        _text("level", "reviewed or approved; working takes an approval back"),
        sa.Column(
            "flag",
            sa.SmallInteger(),
            comment="Flag that the person gives; null of working",
        ),
        _text("reason", "Why, in the person's words"),
        sa.Column(
            "author",
            sa.Uuid(),
            nullable=False,
            comment="Random id of the person (table person)",
        ),
        _time("made", "When it was recorded: it holds for readings recorded before"),
        sa.PrimaryKeyConstraint("id"),
        _of_series(),
        sa.CheckConstraint(
            "level IN ('working', 'reviewed', 'approved')", name="level"
        ),
        sa.CheckConstraint("flag BETWEEN 1 AND 4", name="flag"),
        sa.CheckConstraint("starts < ends", name="times_ordered"),
        comment="Verdicts of people on readings, with author and reason",
    )
    op.create_index("ix_verdict_series_id_starts", "verdict", ["series_id", "starts"])


def upgrade() -> None:
    """Add the tables; loads may be of kind quality."""
    _limits()
    _learned()
    _verdicts()
    op.create_table(
        "quality_due",
        _number("Number"),
        _series(),
        _time("first_time", "First reading to judge"),
        _time("last_time", "Last reading to judge"),
        sa.PrimaryKeyConstraint("id"),
        _of_series(),
        comment="Times whose readings wait to be judged again",
    )
    op.drop_constraint(op.f("ck_load_kind"), "load")
    op.create_check_constraint(
        op.f("ck_load_kind"), "load", _KINDS.format(", 'quality'")
    )
    op.alter_column(
        "load",
        "kind",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="readings, reports, edit, or quality: flags only",
    )


def downgrade() -> None:
    """Remove them; flags that tests or people gave stay as edits."""
    op.execute("UPDATE load SET kind = 'edit' WHERE kind = 'quality'")
    op.drop_constraint(op.f("ck_load_kind"), "load")
    op.create_check_constraint(op.f("ck_load_kind"), "load", _KINDS.format(""))
    op.alter_column(
        "load",
        "kind",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="readings, reports or edit",
    )
    for name in ("quality_due", "verdict", "learned_limit", "limits"):
        op.drop_table(name)
