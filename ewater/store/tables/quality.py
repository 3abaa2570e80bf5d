"""Tables of quality control: what is due, limits learned, verdicts of people."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ewater.store.base import UTC, Base


class QualityDue(Base):
    """Times whose readings must be judged again, beside what has changed."""

    __tablename__ = "quality_due"
    __table_args__ = ({"comment": "Times whose readings wait to be judged again"},)

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    series_id: Mapped[int] = mapped_column(
        ForeignKey("series_key.id"), comment="Series"
    )
    first_time: Mapped[datetime] = mapped_column(UTC, comment="First reading to judge")
    last_time: Mapped[datetime] = mapped_column(UTC, comment="Last reading to judge")


class LearnedLimit(Base):
    """A limit that the history of a series suggests; never changed, only closed."""

    __tablename__ = "learned_limit"
    __table_args__ = (
        CheckConstraint("recorded_from < recorded_to", name="recorded"),
        Index(
            "uq_learned_limit_current",
            "series_id",
            "parameter",
            unique=True,
            postgresql_where=text("recorded_to IS NULL"),
        ),
        {"comment": "Limits learned from history, on purpose only"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    series_id: Mapped[int] = mapped_column(
        ForeignKey("series_key.id"), comment="Series"
    )
    parameter: Mapped[str] = mapped_column(
        Text, comment="Test and parameter, such as rate.limit"
    )
    value: Mapped[float] = mapped_column(Double, comment="Limit, SI units")
    recorded_from: Mapped[datetime] = mapped_column(
        UTC, comment="When it was learned (in)"
    )
    recorded_to: Mapped[datetime | None] = mapped_column(
        UTC, comment="When another replaced it (out); null: in use"
    )


class Verdict(Base):
    """What a person decided about readings; lapses where a reading is revised."""

    __tablename__ = "verdict"
    __table_args__ = (
        CheckConstraint("level IN ('working', 'reviewed', 'approved')", name="level"),
        CheckConstraint("flag BETWEEN 1 AND 4", name="flag"),
        CheckConstraint("starts < ends", name="times_ordered"),
        Index("ix_verdict_series_id_starts", "series_id", "starts"),
        {"comment": "Verdicts of people on readings, with author and reason"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    series_id: Mapped[int] = mapped_column(
        ForeignKey("series_key.id"), comment="Series"
    )
    starts: Mapped[datetime] = mapped_column(UTC, comment="Start of the span, included")
    ends: Mapped[datetime] = mapped_column(UTC, comment="End of the span, excluded")
    level: Mapped[str] = mapped_column(
        Text, comment="reviewed or approved; working takes an approval back"
    )
    flag: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Flag that the person gives; null of working"
    )
    reason: Mapped[str] = mapped_column(Text, comment="Why, in the person's words")
    author: Mapped[UUID] = mapped_column(
        Uuid, comment="Random id of the person (table person)"
    )
    made: Mapped[datetime] = mapped_column(
        UTC, comment="When it was recorded: it holds for readings recorded before"
    )
