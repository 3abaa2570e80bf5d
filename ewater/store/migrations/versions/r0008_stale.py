"""Runs know what they used and when it changed; meter events are proposed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)

# What runs of before used was not kept: all series of all times, all tables.
_OLD_SERIES = """
INSERT INTO run_input (run, kind, code, stale_since)
SELECT r.code, 'series', k.code,
    (SELECT min(recorded_from) FROM load WHERE recorded_from > r.as_of)
FROM run AS r CROSS JOIN series_key AS k
"""
_OLD_REGISTRY = """
INSERT INTO run_input (run, kind, code)
SELECT r.code, 'registry', t.name FROM run AS r CROSS JOIN unnest(ARRAY[
    'calendars', 'territories', 'sites', 'series', 'curves', 'meter_events',
    'accounts', 'account_territories', 'flows', 'stocks', 'sectors', 'enterprises',
    'permits', 'pumps', 'reports'
]) AS t (name)
"""


def upgrade() -> None:
    """Add the tables; runs of before count as using everything."""
    op.create_table(
        "run_input",
        sa.Column("run", sa.Text(), nullable=False, comment="Run"),
        sa.Column("kind", sa.Text(), nullable=False, comment="series or registry"),
        sa.Column(
            "code",
            sa.Text(),
            nullable=False,
            comment="Code of the series, or table of the registry",
        ),
        sa.Column(
            "first_time",
            _TIME,
            comment="First instant whose readings matter; null: all the past",
        ),
        sa.Column(
            "last_time",
            _TIME,
            comment="Last instant whose readings matter; null: all the future",
        ),
        sa.Column(
            "stale_since",
            _TIME,
            comment="Recorded time of the first change since; null: as it was",
        ),
        sa.Column(
            "stale_load",
            sa.BigInteger(),
            comment="Load that changed it; null: the registry, or folded since",
        ),
        sa.Column("changed_from", _TIME, comment="First changed reading of that load"),
        sa.Column("changed_to", _TIME, comment="Last changed reading of that load"),
        sa.CheckConstraint(
            "kind IN ('series', 'registry')", name=op.f("ck_run_input_kind")
        ),
        sa.ForeignKeyConstraint(
            ["run"], ["run.code"], name=op.f("fk_run_input_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "kind", "code", name=op.f("pk_run_input")),
        comment="Series and registry tables that a run used; marked once changed",
    )
    op.create_index(
        "ix_run_input_current",
        "run_input",
        ["kind", "code"],
        postgresql_where=sa.text("stale_since IS NULL"),
    )
    op.execute(_OLD_SERIES)
    op.execute(_OLD_REGISTRY)
    _proposals()


def _proposals() -> None:
    op.create_table(
        "meter_event_proposal",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number",
        ),
        sa.Column("series", sa.Text(), nullable=False, comment="Code of the series"),
        sa.Column(
            "shows",
            sa.Text(),
            nullable=False,
            comment="What the readings show: fell, ambiguous, jumped, factor, negative",
        ),
        sa.Column(
            "before",
            _TIME,
            nullable=False,
            comment="Time of the last reading before it",
        ),
        sa.Column(
            "after",
            _TIME,
            nullable=False,
            comment="Time of the first reading after it",
        ),
        sa.Column(
            "old_reading",
            sa.Double(),
            nullable=False,
            comment="Reading before, in the unit of the series",
        ),
        sa.Column(
            "new_reading",
            sa.Double(),
            nullable=False,
            comment="Reading after, in the unit of the series",
        ),
        sa.Column(
            "events",
            sa.ARRAY(sa.Text()),
            nullable=False,
            comment="Events that would explain it, the likeliest first",
        ),
        sa.Column(
            "lower_m3",
            sa.Double(),
            comment="Least volume between the readings, m3; null: no bound",
        ),
        sa.Column(
            "upper_m3",
            sa.Double(),
            comment="Greatest volume between the readings, m3; null: no bound",
        ),
        sa.Column(
            "evidence", sa.Text(), nullable=False, comment="In words and numbers"
        ),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            server_default="open",
            comment="open, accepted, dismissed; gone: the readings no longer show it",
        ),
        sa.Column(
            "found_at",
            _TIME,
            nullable=False,
            server_default=sa.func.clock_timestamp(),
            comment="When it was first found",
        ),
        sa.Column("decided_at", _TIME, comment="When a person decided"),
        sa.Column(
            "decided_by",
            sa.Uuid(),
            comment="Random id of the person who decided (table person)",
        ),
        sa.Column("reason", sa.Text(), comment="Why, in their words"),
        sa.Column(
            "recorded_at",
            _TIME,
            comment="Recorded time of the row of meter_events that was accepted",
        ),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'dismissed', 'gone')",
            name=op.f("ck_meter_event_proposal_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('accepted', 'dismissed') OR (reason IS NOT NULL "
            "AND decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_meter_event_proposal_decided"),
        ),
        sa.CheckConstraint(
            "before < after", name=op.f("ck_meter_event_proposal_times_ordered")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_event_proposal")),
        comment="Suspected meter events: proposed, then accepted or dismissed",
    )
    op.create_index(
        "uq_meter_event_proposal_readings",
        "meter_event_proposal",
        ["series", "shows", "before", "after", "old_reading", "new_reading"],
        unique=True,
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("meter_event_proposal")
    op.drop_table("run_input")
