"""Forecasts, what came of them, and scenarios over them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ewater.store.base import UTC, Base

_KIND = "kind IN ('flow', 'stock')"


class Scenario(Base):
    """A named set of changes; loaded again it is a new row."""

    __tablename__ = "scenario"
    __table_args__ = (
        Index(
            "uq_scenario_name",
            "name",
            unique=True,
            postgresql_where=text("recorded_to IS NULL"),
        ),
        {"comment": "Named sets of changes over a forecast"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    name: Mapped[str] = mapped_column(Text, comment="Name; one current row has it")
    said: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="The scenario as it was described: titles, changes, priorities"
    )
    recorded_from: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Described so since"
    )
    recorded_to: Mapped[datetime | None] = mapped_column(
        UTC, comment="Described anew then; null: current"
    )


class Forecast(Base):
    """Equally likely futures of the ledger, made from what was known."""

    __tablename__ = "forecast"
    __table_args__ = (
        CheckConstraint("horizon > 0 AND members > 0", name="has_size"),
        CheckConstraint(
            "(scenario IS NULL) = (base IS NULL)", name="scenario_has_base"
        ),
        Index("ix_forecast_origin", "origin"),
        {"comment": "Forecasts of the ledger by month, and scenarios computed on them"},
    )

    code: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Hash over state of inputs, parameters, version"
    )
    base: Mapped[str | None] = mapped_column(
        ForeignKey("forecast.code", ondelete="CASCADE"),
        comment="Forecast that a scenario changes; null: no scenario",
    )
    scenario: Mapped[int | None] = mapped_column(
        ForeignKey("scenario.id"), comment="Scenario, as it was described; null: none"
    )
    run: Mapped[str] = mapped_column(Text, comment="Run with the past it was made from")
    calendar: Mapped[str] = mapped_column(Text, comment="Code of the named calendar")
    origin: Mapped[datetime] = mapped_column(UTC, comment="Begin of the first month")
    horizon: Mapped[int] = mapped_column(Integer, comment="Months")
    members: Mapped[int] = mapped_column(Integer, comment="Futures")
    as_of: Mapped[datetime] = mapped_column(
        UTC, comment="Data and registry recorded by then"
    )
    notes: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="What could not be met: accounts that do not balance, shortages"
    )
    version: Mapped[str] = mapped_column(Text, comment="Version of ewater")
    computed_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="End of the execution"
    )
    seconds: Mapped[float] = mapped_column(Double, comment="Time the execution took")


class ForecastMember(Base):
    """All futures of one flow or stock."""

    __tablename__ = "forecast_member"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        {"comment": "Futures of each flow and stock of a forecast"},
    )

    forecast: Mapped[str] = mapped_column(
        ForeignKey("forecast.code", ondelete="CASCADE"),
        primary_key=True,
        comment="Forecast",
    )
    kind: Mapped[str] = mapped_column(Text, primary_key=True, comment="flow or stock")
    code: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Code of the flow, or of the account"
    )
    volume: Mapped[bytes] = mapped_column(
        LargeBinary,
        comment="float64, little-endian, m3: by month, then future; of a stock at the "
        "origin and the ends of months",
    )


class ForecastScore(Base):
    """How good a candidate was for a series, from rolling origins."""

    __tablename__ = "forecast_score"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        {"comment": "Scores of candidates by which a forecast was chosen"},
    )

    forecast: Mapped[str] = mapped_column(
        ForeignKey("forecast.code", ondelete="CASCADE"),
        primary_key=True,
        comment="Forecast",
    )
    kind: Mapped[str] = mapped_column(Text, primary_key=True, comment="flow or stock")
    code: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Code of the flow, or of the account"
    )
    candidate: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Way to forecast; chosen: what was taken"
    )
    months: Mapped[int] = mapped_column(
        Integer, comment="Months, over all origins, that were compared"
    )
    crps: Mapped[float | None] = mapped_column(
        Double, comment="m3; mean continuous ranked probability score; NULL: none"
    )
    inside: Mapped[float | None] = mapped_column(
        Double, comment="Share of the months within the 80 % band; NULL: none"
    )
    mean: Mapped[float | None] = mapped_column(Double, comment="m3; mean of the record")
    chosen: Mapped[bool] = mapped_column(Boolean, comment="It makes this forecast")


class ForecastOutcome(Base):
    """What happened, against what a forecast had said of it."""

    __tablename__ = "forecast_outcome"
    __table_args__ = (
        CheckConstraint("kind IN ('flow', 'stock', 'total')", name="kind"),
        {"comment": "Months of forecasts that have passed: actual, score, in the band"},
    )

    forecast: Mapped[str] = mapped_column(
        ForeignKey("forecast.code", ondelete="CASCADE"),
        primary_key=True,
        comment="Forecast",
    )
    kind: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="flow, stock, or total of a territory"
    )
    code: Mapped[str] = mapped_column(
        Text,
        primary_key=True,
        comment="Code of the flow or account; of a total TERRITORY.QUANTITY",
    )
    period_start: Mapped[datetime] = mapped_column(
        UTC, primary_key=True, comment="Included"
    )
    lead: Mapped[int] = mapped_column(Integer, comment="Months ahead, from 1")
    run: Mapped[str] = mapped_column(Text, comment="Run that says what happened")
    actual: Mapped[float] = mapped_column(Double, comment="m3")
    low: Mapped[float] = mapped_column(Double, comment="m3; 10 % quantile")
    middle: Mapped[float] = mapped_column(Double, comment="m3; median")
    high: Mapped[float] = mapped_column(Double, comment="m3; 90 % quantile")
    crps: Mapped[float] = mapped_column(
        Double, comment="m3; continuous ranked probability score"
    )


class Schedule(Base):
    """Planned releases of a reservoir, as they were on one day."""

    __tablename__ = "schedule"
    __table_args__ = (
        UniqueConstraint("account", "revision", name="uq_schedule_account_revision"),
        Index("ix_schedule_account_start", "account", "start"),
        {"comment": "Ten-day schedules of reservoirs, every revision of them"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    account: Mapped[str] = mapped_column(Text, comment="Account of the reservoir")
    revision: Mapped[int] = mapped_column(Integer, comment="Of the account, from 1")
    start: Mapped[datetime] = mapped_column(UTC, comment="Begin of the first ten days")
    opening: Mapped[float] = mapped_column(Double, comment="m3; stock at the begin")
    forecast: Mapped[str] = mapped_column(
        ForeignKey("forecast.code", ondelete="CASCADE"),
        comment="Forecast of what comes in and what is wanted",
    )
    version: Mapped[str] = mapped_column(Text, comment="Version of ewater")
    made_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When it was planned"
    )


class ScheduleRow(Base):
    """Ten days of a schedule."""

    __tablename__ = "schedule_row"
    __table_args__ = (
        {"comment": "Planned release, expected inflow and stock, ten days by ten days"},
    )

    schedule: Mapped[int] = mapped_column(
        ForeignKey("schedule.id", ondelete="CASCADE"),
        primary_key=True,
        comment="Schedule",
    )
    period_start: Mapped[datetime] = mapped_column(
        UTC, primary_key=True, comment="Included"
    )
    period_end: Mapped[datetime] = mapped_column(UTC, comment="Excluded")
    inflow: Mapped[float] = mapped_column(
        Double, comment="m3; expected, less what evaporates and seeps"
    )
    inflow_low: Mapped[float] = mapped_column(Double, comment="m3; 10 % quantile")
    inflow_high: Mapped[float] = mapped_column(Double, comment="m3; 90 % quantile")
    demand: Mapped[float] = mapped_column(
        Double, comment="m3; wanted by canals and users"
    )
    release: Mapped[float] = mapped_column(Double, comment="m3; planned, of all kinds")
    stock: Mapped[float] = mapped_column(
        Double, comment="m3; at the end, with expected inflow"
    )
    stock_low: Mapped[float] = mapped_column(
        Double, comment="m3; at the end, with little inflow until then (10 %)"
    )
    stock_high: Mapped[float] = mapped_column(
        Double, comment="m3; at the end, with much inflow until then (90 %)"
    )
    least: Mapped[float] = mapped_column(Double, comment="m3; lower limit")
    most: Mapped[float] = mapped_column(Double, comment="m3; upper limit")
