"""Events in the life of a meter that its readings suggest and a person decides on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Double,
    Identity,
    Index,
    Text,
    Uuid,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from ewater.store.base import UTC, Base


class MeterEventProposal(Base):
    """A step of a meter that nothing explains, and what a person made of it."""

    __tablename__ = "meter_event_proposal"
    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'accepted', 'dismissed', 'gone')", name="state"
        ),
        CheckConstraint(
            "state NOT IN ('accepted', 'dismissed') OR (reason IS NOT NULL "
            "AND decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name="decided",
        ),
        CheckConstraint("before < after", name="times_ordered"),
        Index(
            "uq_meter_event_proposal_readings",
            "series",
            "shows",
            "before",
            "after",
            "old_reading",
            "new_reading",
            unique=True,
        ),
        {"comment": "Suspected meter events: proposed, then accepted or dismissed"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    series: Mapped[str] = mapped_column(Text, comment="Code of the series")
    shows: Mapped[str] = mapped_column(
        Text,
        comment="What the readings show: fell, ambiguous, jumped, factor, negative",
    )
    before: Mapped[datetime] = mapped_column(
        UTC, comment="Time of the last reading before it"
    )
    after: Mapped[datetime] = mapped_column(
        UTC, comment="Time of the first reading after it"
    )
    old_reading: Mapped[float] = mapped_column(
        Double, comment="Reading before, in the unit of the series"
    )
    new_reading: Mapped[float] = mapped_column(
        Double, comment="Reading after, in the unit of the series"
    )
    events: Mapped[list[str]] = mapped_column(
        ARRAY(Text), comment="Events that would explain it, the likeliest first"
    )
    lower_m3: Mapped[float | None] = mapped_column(
        Double, comment="Least volume between the readings, m3; null: no bound"
    )
    upper_m3: Mapped[float | None] = mapped_column(
        Double, comment="Greatest volume between the readings, m3; null: no bound"
    )
    evidence: Mapped[str] = mapped_column(Text, comment="In words and numbers")
    state: Mapped[str] = mapped_column(
        Text,
        server_default="open",
        comment="open, accepted, dismissed; gone: the readings no longer show it",
    )
    found_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When it was first found"
    )
    decided_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="When a person decided"
    )
    decided_by: Mapped[UUID | None] = mapped_column(
        Uuid, comment="Random id of the person who decided (table person)"
    )
    reason: Mapped[str | None] = mapped_column(Text, comment="Why, in their words")
    recorded_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="Recorded time of the row of meter_events that was accepted"
    )
