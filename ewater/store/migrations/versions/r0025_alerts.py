"""Alerts: the rules, what they raised, where each stands, what is to be sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "alert",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number",
        ),
        sa.Column("rule", sa.Text(), nullable=False, comment="Code of the rule"),
        sa.Column(
            "rule_id",
            sa.BigInteger(),
            nullable=False,
            comment="Version of the rule that raised it (alert_rules.id)",
        ),
        sa.Column(
            "raised_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Instant of the data from which on it holds",
        ),
        sa.Column(
            "value",
            sa.Double(),
            nullable=False,
            comment="What raised it, in the unit of the kind of rule",
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was noticed",
        ),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Instant of the data from which on it is over; null: open",
        ),
        sa.Column("end_value", sa.Double(), nullable=True, comment="What ended it"),
        sa.Column(
            "ended_because",
            sa.Text(),
            nullable=True,
            comment="back: came back beyond the limit; rule: changed or withdrawn",
        ),
        sa.Column(
            "acknowledged_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When a person took note",
        ),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True, comment="Who did"),
        sa.Column("note", sa.Text(), nullable=True, comment="What that person wrote"),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)",
            name=op.f("ck_alert_acknowledged"),
        ),
        sa.CheckConstraint(
            "ended_at >= raised_at", name=op.f("ck_alert_times_ordered")
        ),
        sa.CheckConstraint(
            "ended_at IS NULL = (ended_because IS NULL)",
            name=op.f("ck_alert_ended_because"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        comment="Alerts: raised by a rule, acknowledged by a person, ended",
    )
    op.create_index(
        "uq_alert_open",
        "alert",
        ["rule"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "alert_rules",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number of this version of the row",
        ),
        sa.Column("code", sa.Text(), nullable=False, comment="Code of the rule"),
        sa.Column("kind", sa.Text(), nullable=False, comment="What is watched"),
        sa.Column("series", sa.Text(), nullable=True, comment="Series that is watched"),
        sa.Column("permit", sa.Text(), nullable=True, comment="Permit that is watched"),
        sa.Column(
            "territory",
            sa.Text(),
            nullable=True,
            comment="Territory whose account is watched",
        ),
        sa.Column(
            "above",
            sa.Double(),
            nullable=True,
            comment="Raised from here upwards, in the unit of the kind",
        ),
        sa.Column(
            "below",
            sa.Double(),
            nullable=True,
            comment="Raised from here downwards, in the unit of the kind",
        ),
        sa.Column(
            "clear",
            sa.Double(),
            nullable=True,
            comment="Ends when it has come back to here; the same if empty",
        ),
        sa.Column(
            "hold_h",
            sa.Double(),
            nullable=True,
            comment="Hours that it must last, to be raised and to end",
        ),
        sa.Column("severity", sa.Text(), nullable=False, comment="How grave it is"),
        sa.Column(
            "notify",
            sa.Text(),
            nullable=True,
            comment="E-mail and https addresses, spaces between",
        ),
        sa.Column(
            "name_az",
            sa.Text(),
            nullable=True,
            comment="Name of the rule in Azerbaijani",
        ),
        sa.Column(
            "name_en", sa.Text(), nullable=True, comment="Name of the rule in English"
        ),
        sa.Column(
            "name_ru", sa.Text(), nullable=True, comment="Name of the rule in Russian"
        ),
        sa.Column(
            "valid_from",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Start of validity (in); not given: always",
        ),
        sa.Column(
            "valid_to",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="End of validity (out); not given: still valid",
        ),
        sa.Column(
            "recorded_from",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When this version was recorded (in)",
        ),
        sa.Column(
            "recorded_to",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was replaced or withdrawn (out); null: current",
        ),
        sa.CheckConstraint(
            "\"above\" > -'Infinity'::float8 AND \"above\" < 'Infinity'::float8",
            name=op.f("ck_alert_rules_above"),
        ),
        sa.CheckConstraint(
            "\"below\" > -'Infinity'::float8 AND \"below\" < 'Infinity'::float8",
            name=op.f("ck_alert_rules_below"),
        ),
        sa.CheckConstraint(
            "\"clear\" > -'Infinity'::float8 AND \"clear\" < 'Infinity'::float8",
            name=op.f("ck_alert_rules_clear"),
        ),
        sa.CheckConstraint(
            "\"code\" ~ '^[A-Za-z0-9_.:-]+$'", name=op.f("ck_alert_rules_code")
        ),
        sa.CheckConstraint(
            '"hold_h" >= 0 AND "hold_h" < \'Infinity\'::float8',
            name=op.f("ck_alert_rules_hold_h"),
        ),
        sa.CheckConstraint(
            "\"kind\" ~ '^[A-Za-z0-9_.:-]+$'", name=op.f("ck_alert_rules_kind")
        ),
        sa.CheckConstraint(
            "\"permit\" ~ '^[A-Za-z0-9_.:-]+$'", name=op.f("ck_alert_rules_permit")
        ),
        sa.CheckConstraint(
            "\"series\" ~ '^[A-Za-z0-9_.:-]+$'", name=op.f("ck_alert_rules_series")
        ),
        sa.CheckConstraint(
            "\"severity\" IN ('notice', 'warning', 'danger')",
            name=op.f("ck_alert_rules_severity"),
        ),
        sa.CheckConstraint(
            "\"territory\" ~ '^[A-Za-z0-9_.:-]+$'",
            name=op.f("ck_alert_rules_territory"),
        ),
        sa.CheckConstraint(
            "recorded_from < recorded_to", name=op.f("ck_alert_rules_recorded")
        ),
        sa.CheckConstraint(
            "valid_from < valid_to", name=op.f("ck_alert_rules_validity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rules")),
        comment="What is watched, from where on a person is told, and who that is",
    )
    op.create_index(
        "uq_alert_rules_current",
        "alert_rules",
        ["code", "valid_from"],
        unique=True,
        postgresql_where=sa.text("recorded_to IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "alert_watch",
        sa.Column("rule", sa.Text(), nullable=False, comment="Code of it"),
        sa.Column("rule_id", sa.BigInteger(), nullable=False, comment="Its version"),
        sa.Column(
            "state",
            sa.Integer(),
            nullable=False,
            comment="0 quiet, 1 beyond but not long enough, 2 raised, 3 back",
        ),
        sa.Column(
            "since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Instant from which on the state 1 or 3 holds",
        ),
        sa.Column("value", sa.Double(), nullable=True, comment="Last value seen"),
        sa.Column(
            "seen_to",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Instant of the last value seen",
        ),
        sa.CheckConstraint("state BETWEEN 0 AND 3", name=op.f("ck_alert_watch_state")),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_alert_watch")),
        comment="State of each rule: what it has seen so far",
    )
    op.create_table(
        "alert_message",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number",
        ),
        sa.Column(
            "alert_id", sa.BigInteger(), nullable=False, comment="What it is about"
        ),
        sa.Column("event", sa.Text(), nullable=False, comment="raised or ended"),
        sa.Column(
            "address", sa.Text(), nullable=False, comment="E-mail or https address"
        ),
        sa.Column(
            "due",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
            comment="When to try next; null: given up",
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="How often it was tried",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="Why it last failed"),
        sa.Column(
            "sent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was sent",
        ),
        sa.CheckConstraint(
            "event IN ('raised', 'ended')", name=op.f("ck_alert_message_event")
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["alert.id"],
            name=op.f("fk_alert_message_alert_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_message")),
        comment="Messages about alerts: to be sent, sent, or given up",
    )
    op.create_index(
        "ix_alert_message_due",
        "alert_message",
        ["due"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_alert_message_due", table_name="alert_message")
    op.drop_table("alert_message")
    op.drop_table("alert_watch")
    op.drop_index("uq_alert_rules_current", table_name="alert_rules")
    op.drop_table("alert_rules")
    op.drop_index("uq_alert_open", table_name="alert")
    op.drop_table("alert")
