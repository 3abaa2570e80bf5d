"""Returns name their counterparties; reminders are told by step of the deadline."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0021"
branch_labels = None
depends_on = None

#: Any text of a line that is the code of another enterprise: its form says which
#: columns those are, but a name too many only means one return more is looked at.
_NAMED = """
UPDATE enterprise_return AS r SET partners = found.codes FROM (
    SELECT v.return_id, array_agg(DISTINCT cell.value ORDER BY cell.value) AS codes
    FROM return_version AS v
    JOIN enterprise_return AS h ON h.id = v.return_id AND h.versions = v.number,
        jsonb_each(v.content) AS section,
        jsonb_array_elements(section.value) AS line, jsonb_each_text(line) AS cell
    WHERE cell.value <> h.enterprise AND EXISTS (
        SELECT FROM enterprises AS e WHERE e.code = cell.value)
    GROUP BY v.return_id
) AS found WHERE found.return_id = r.id
"""


def _text(name: str, comment: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=True, comment=comment)


def _time(name: str, comment: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True, comment=comment)


def upgrade() -> None:
    """Add counterparties to returns, addresses to enterprises, steps to reminders."""
    op.add_column(
        "enterprise_return",
        sa.Column(
            "partners",
            sa.ARRAY(sa.Text()),
            server_default="{}",
            nullable=False,
            comment="Enterprises that the version submitted last names",
        ),
    )
    op.execute(_NAMED)
    op.create_index(
        "ix_enterprise_return_partners",
        "enterprise_return",
        ["partners"],
        postgresql_using="gin",
        postgresql_where=sa.text("partners <> '{}'"),
    )
    op.add_column(
        "enterprises",
        _text("notify", "E-mail and https addresses for reminders, spaces between"),
    )
    for column in (
        sa.Column(
            "step",
            sa.Integer(),
            nullable=True,
            comment="Days after the deadline (before: negative); null: by hand",
        ),
        _time("due_at", "Deadline that the step counts from"),
        _text("address", "Whom it is sent to; null: no address is known"),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="How often it was tried",
        ),
        _time("try_at", "When it is sent, or tried again; null: not, or no more"),
        _time("sent_at", "When it was sent; null: it was not"),
        _text("error", "Why it was not sent the last time"),
    ):
        op.add_column("return_reminder", column)
    op.create_index(
        "uq_return_reminder_step",
        "return_reminder",
        ["enterprise", "form", "period", "due_at", "step", "address"],
        unique=True,
        postgresql_where=sa.text("step IS NOT NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_return_reminder_try_at",
        "return_reminder",
        ["try_at"],
        postgresql_where=sa.text("try_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_index("ix_return_reminder_try_at", "return_reminder")
    op.drop_index("uq_return_reminder_step", "return_reminder")
    for name in (
        "error", "sent_at", "try_at", "attempts", "address", "due_at", "step",
    ):  # fmt: skip
        op.drop_column("return_reminder", name)
    op.drop_column("enterprises", "notify")
    op.drop_index("ix_enterprise_return_partners", "enterprise_return")
    op.drop_column("enterprise_return", "partners")
