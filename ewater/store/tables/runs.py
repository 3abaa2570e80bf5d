"""Runs of the account: what was computed, from which state, and the result."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ewater.store.base import UTC, Base


class Run(Base):
    """One execution of the account; computed again it has the same code."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("period_end > period_start", name="period_is_ordered"),
        Index("ix_run_inputs", "inputs_recorded", "step"),
        {"comment": "Executions of the account: inputs, parameters, version, time"},
    )

    code: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Hash over state of inputs, parameters, version"
    )
    step: Mapped[str] = mapped_column(Text, comment="day, decade, month, quarter, year")
    calendar: Mapped[str] = mapped_column(Text, comment="Code of the named calendar")
    period_start: Mapped[datetime] = mapped_column(UTC, comment="Included")
    period_end: Mapped[datetime] = mapped_column(UTC, comment="Excluded")
    basis: Mapped[str] = mapped_column(Text, comment="actual, expected or forecast")
    as_of: Mapped[datetime] = mapped_column(
        UTC, comment="Data and registry recorded by then"
    )
    inputs_recorded: Mapped[datetime] = mapped_column(
        UTC, comment="Latest recorded time among the inputs that were visible"
    )
    version: Mapped[str] = mapped_column(Text, comment="Version of ewater")
    computed_at: Mapped[datetime] = mapped_column(UTC, comment="End of the execution")
    seconds: Mapped[float] = mapped_column(Double, comment="Time the execution took")


class RunWeight(Base):
    """How sources add up to flows in a run."""

    __tablename__ = "run_weight"
    __table_args__ = ({"comment": "Weight of each source in each flow of a run"},)

    run: Mapped[str] = mapped_column(
        ForeignKey("run.code", ondelete="CASCADE"), primary_key=True, comment="Run"
    )
    flow: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Code of the flow"
    )
    source: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="series:CODE or flow:CODE"
    )
    weight: Mapped[float] = mapped_column(Double, comment="Signed factor")


class RunSource(Base):
    """What one instrument, report or rule says for one period."""

    __tablename__ = "run_source"
    __table_args__ = ({"comment": "Volume of each source and period of a run"},)

    run: Mapped[str] = mapped_column(
        ForeignKey("run.code", ondelete="CASCADE"), primary_key=True, comment="Run"
    )
    source: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="series:CODE or flow:CODE"
    )
    period_start: Mapped[datetime] = mapped_column(
        UTC, primary_key=True, comment="Included"
    )
    volume: Mapped[float | None] = mapped_column(
        Double, comment="m3; NULL is unknown, 0 is none"
    )
    u_random: Mapped[float | None] = mapped_column(
        Double, comment="m3, k = 1, independent between periods"
    )
    u_systematic: Mapped[float | None] = mapped_column(
        Double, comment="m3, k = 1, common to all periods"
    )
    coverage: Mapped[float] = mapped_column(
        Double, comment="Observed share of the time, 0 to 1"
    )
    status: Mapped[int] = mapped_column(
        SmallInteger,
        comment="0 measured, 1 reported, 2 modelled, 3 imputed, 4 balancing, 9 unknown",
    )


class RunStock(Base):
    """Volume in an account at one instant."""

    __tablename__ = "run_stock"
    __table_args__ = ({"comment": "Stock of each modelled account and bound of a run"},)

    run: Mapped[str] = mapped_column(
        ForeignKey("run.code", ondelete="CASCADE"), primary_key=True, comment="Run"
    )
    account: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Code of the account"
    )
    instant: Mapped[datetime] = mapped_column(
        UTC, primary_key=True, comment="When the stock was taken"
    )
    volume: Mapped[float | None] = mapped_column(
        Double, comment="m3; NULL is unknown, 0 is empty"
    )
    u_random: Mapped[float | None] = mapped_column(Double, comment="m3, k = 1")
    u_systematic_fraction: Mapped[float | None] = mapped_column(
        Double, comment="Of a change of volume, k = 1; a datum error cancels"
    )
    other_change: Mapped[float | None] = mapped_column(
        Double,
        server_default="0",
        comment="m3; what a new storage curve changed since the instant before",
    )


class RunGap(Base):
    """What one method put into the gaps of one series in one period."""

    __tablename__ = "run_gap"
    __table_args__ = (
        {"comment": "Gaps of the series of a run, and what each method put there"},
    )

    run: Mapped[str] = mapped_column(
        ForeignKey("run.code", ondelete="CASCADE"), primary_key=True, comment="Run"
    )
    series: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Code of the series"
    )
    period_start: Mapped[datetime] = mapped_column(
        UTC, primary_key=True, comment="Included"
    )
    method: Mapped[str] = mapped_column(
        Text,
        primary_key=True,
        comment="totaliser, routing, regression, seasonal; none: left open; "
        "extrapolated: observed beyond the gauged range of a rating",
    )
    donor: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Series that the volume comes from, or itself"
    )
    seconds: Mapped[float] = mapped_column(Double, comment="Time filled, s")
    volume: Mapped[float | None] = mapped_column(
        Double, comment="m3; NULL where it was left open"
    )
    u: Mapped[float | None] = mapped_column(Double, comment="m3, k = 1")
    coverage: Mapped[float] = mapped_column(
        Double, comment="Observed share of the period, 0 to 1"
    )
    lower: Mapped[float | None] = mapped_column(
        Double, comment="m3; least volume of the period where it is insufficient"
    )
    upper: Mapped[float | None] = mapped_column(
        Double, comment="m3; greatest volume of the period where it is insufficient"
    )


class RunInput(Base):
    """What a run was computed from, and when that was overtaken."""

    __tablename__ = "run_input"
    __table_args__ = (
        CheckConstraint("kind IN ('series', 'registry')", name="kind"),
        Index(
            "ix_run_input_current",
            "kind",
            "code",
            postgresql_where=text("stale_since IS NULL"),
        ),
        {"comment": "Series and registry tables that a run used; marked once changed"},
    )

    run: Mapped[str] = mapped_column(
        ForeignKey("run.code", ondelete="CASCADE"), primary_key=True, comment="Run"
    )
    kind: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="series or registry"
    )
    code: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Code of the series, or table of the registry"
    )
    first_time: Mapped[datetime | None] = mapped_column(
        UTC, comment="First instant whose readings matter; null: all the past"
    )
    last_time: Mapped[datetime | None] = mapped_column(
        UTC, comment="Last instant whose readings matter; null: all the future"
    )
    stale_since: Mapped[datetime | None] = mapped_column(
        UTC, comment="Recorded time of the first change since; null: as it was"
    )
    stale_load: Mapped[int | None] = mapped_column(
        BigInteger, comment="Load that changed it; null: the registry, or folded since"
    )
    changed_from: Mapped[datetime | None] = mapped_column(
        UTC, comment="First changed reading of that load"
    )
    changed_to: Mapped[datetime | None] = mapped_column(
        UTC, comment="Last changed reading of that load"
    )


class Standing(Base):
    """A state of the data whose accounts the pages show."""

    __tablename__ = "standing"
    __table_args__ = (
        {
            "comment": "States of the data whose accounts are kept for the pages, "
            "newest few"
        },
    )

    as_of: Mapped[datetime] = mapped_column(
        UTC, primary_key=True, comment="State of data and registry: recorded by then"
    )
    version: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Version of ewater it is for"
    )
    completed_at: Mapped[datetime] = mapped_column(
        UTC, comment="When its accounts were all there"
    )
    seconds: Mapped[float] = mapped_column(Double, comment="Time computing them took")


class StandingRun(Base):
    """A run that was computed for pages alone."""

    __tablename__ = "standing_run"
    __table_args__ = (
        {"comment": "Runs that were computed for pages alone and go with their state"},
    )

    run: Mapped[str] = mapped_column(
        ForeignKey("run.code", ondelete="CASCADE"),
        primary_key=True,
        comment="Run computed for pages",
    )
    asked_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="When a page first asked for it; null: none"
    )
