"""Tables of alerts: what was raised, where each rule stands, what is to be sent."""

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
    Integer,
    Text,
    Uuid,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from ewater.store.base import UTC, Base


class Alert(Base):
    """Something a rule watches for has come; open until it has gone."""

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged"
        ),
        CheckConstraint("ended_at >= raised_at", name="times_ordered"),
        CheckConstraint(
            "ended_at IS NULL = (ended_because IS NULL)", name="ended_because"
        ),
        Index(
            "uq_alert_open",
            "rule",
            unique=True,
            postgresql_where="ended_at IS NULL",
        ),
        {"comment": "Alerts: raised by a rule, acknowledged by a person, ended"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    rule: Mapped[str] = mapped_column(Text, comment="Code of the rule")
    rule_id: Mapped[int] = mapped_column(
        BigInteger, comment="Version of the rule that raised it (alert_rules.id)"
    )
    raised_at: Mapped[datetime] = mapped_column(
        UTC, comment="Instant of the data from which on it holds"
    )
    value: Mapped[float] = mapped_column(
        Double, comment="What raised it, in the unit of the kind of rule"
    )
    seen_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.now(), comment="When it was noticed"
    )
    ended_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="Instant of the data from which on it is over; null: open"
    )
    end_value: Mapped[float | None] = mapped_column(Double, comment="What ended it")
    ended_because: Mapped[str | None] = mapped_column(
        Text, comment="back: came back beyond the limit; rule: changed or withdrawn"
    )
    acknowledged_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="When a person took note"
    )
    acknowledged_by: Mapped[UUID | None] = mapped_column(Uuid, comment="Who did")
    note: Mapped[str | None] = mapped_column(Text, comment="What that person wrote")


class AlertWatch(Base):
    """Where a rule stands between two checks."""

    __tablename__ = "alert_watch"
    __table_args__ = (
        CheckConstraint("state BETWEEN 0 AND 3", name="state"),
        {"comment": "State of each rule: what it has seen so far"},
    )

    rule: Mapped[str] = mapped_column(Text, primary_key=True, comment="Code of it")
    rule_id: Mapped[int] = mapped_column(BigInteger, comment="Its version")
    state: Mapped[int] = mapped_column(
        Integer, comment="0 quiet, 1 beyond but not long enough, 2 raised, 3 back"
    )
    since: Mapped[datetime | None] = mapped_column(
        UTC, comment="Instant from which on the state 1 or 3 holds"
    )
    value: Mapped[float | None] = mapped_column(Double, comment="Last value seen")
    seen_to: Mapped[datetime | None] = mapped_column(
        UTC, comment="Instant of the last value seen"
    )


class AlertMessage(Base):
    """One message to one address about one alert."""

    __tablename__ = "alert_message"
    __table_args__ = (
        CheckConstraint("event IN ('raised', 'ended')", name="event"),
        Index("ix_alert_message_due", "due", postgresql_where="sent_at IS NULL"),
        {"comment": "Messages about alerts: to be sent, sent, or given up"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    alert_id: Mapped[int] = mapped_column(
        ForeignKey("alert.id", ondelete="CASCADE"), comment="What it is about"
    )
    event: Mapped[str] = mapped_column(Text, comment="raised or ended")
    address: Mapped[str] = mapped_column(Text, comment="E-mail or https address")
    due: Mapped[datetime | None] = mapped_column(
        UTC, server_default=func.now(), comment="When to try next; null: given up"
    )
    attempts: Mapped[int] = mapped_column(
        Integer, server_default="0", comment="How often it was tried"
    )
    error: Mapped[str | None] = mapped_column(Text, comment="Why it last failed")
    sent_at: Mapped[datetime | None] = mapped_column(UTC, comment="When it was sent")
