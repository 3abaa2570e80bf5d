"""Tables of the readings: what was landed, loaded, rejected, stored and summed."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ewater.store.base import UTC, Base


class Person(Base):
    """Who loaded or edited; the only place that holds a name."""

    __tablename__ = "person"
    __table_args__ = ({"comment": "Names of people; deleting a row forgets the name"},)

    id: Mapped[UUID] = mapped_column(
        Uuid, primary_key=True, comment="Random id by which all else names the person"
    )
    name: Mapped[str] = mapped_column(Text, unique=True, comment="Account name")


class LandedFile(Base):
    """A file as received; equal bytes are kept once."""

    __tablename__ = "landed_file"
    __table_args__ = ({"comment": "Raw files as received, each content once"},)

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    sha256: Mapped[bytes | None] = mapped_column(
        LargeBinary,
        unique=True,
        comment="SHA-256 of the bytes as received; null until all have landed",
    )
    size: Mapped[int] = mapped_column(
        BigInteger, index=True, comment="Bytes as received"
    )
    landed_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="First landing"
    )


class LandedPiece(Base):
    """A part of a landed file; pieces in order give the file back."""

    __tablename__ = "landed_piece"
    __table_args__ = ({"comment": "Compressed pieces of landed files"},)

    file_id: Mapped[int] = mapped_column(
        ForeignKey("landed_file.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="File the piece belongs to",
    )
    number: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, comment="Order, from 0"
    )
    size: Mapped[int] = mapped_column(Integer, comment="Bytes before compression")
    content: Mapped[bytes] = mapped_column(LargeBinary, comment="zstd frame")


class Load(Base):
    """One run that brought readings or reports; invisible until it is published."""

    __tablename__ = "load"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('readings', 'reports', 'edit', 'quality')", name="kind"
        ),
        CheckConstraint("rows_read = accepted + rejected", name="all_rows_counted"),
        CheckConstraint(
            "accepted = new + corrected + unchanged + outdated",
            name="accepted_rows_counted",
        ),
        {"comment": "One row per load; unpublished ones are invisible to readers"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    kind: Mapped[str] = mapped_column(
        Text, comment="readings, reports, edit, or quality: flags only"
    )
    source: Mapped[str] = mapped_column(Text, comment="Name of the file, or of the act")
    file_id: Mapped[int | None] = mapped_column(
        ForeignKey("landed_file.id"), index=True, comment="Raw file; null for an edit"
    )
    actor: Mapped[UUID | None] = mapped_column(
        Uuid, comment="Random id of the person who ran it (table person)"
    )
    owner_key: Mapped[int] = mapped_column(
        BigInteger, comment="Advisory lock its process holds until it is published"
    )
    replay_of: Mapped[int | None] = mapped_column(
        ForeignKey("load.id"), comment="Load whose held rows were loaded again"
    )
    profile: Mapped[str | None] = mapped_column(
        Text, comment="Source profile it was read by, as JSON; null: canonical layout"
    )
    started_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Start of the run"
    )
    issued_at: Mapped[datetime] = mapped_column(
        UTC, comment="When the source issued it: decides which reading replaces which"
    )
    recorded_from: Mapped[datetime | None] = mapped_column(
        UTC, unique=True, comment="When it was published; null while staged"
    )
    seconds: Mapped[float | None] = mapped_column(Double, comment="Duration of the run")
    taken_from: Mapped[datetime | None] = mapped_column(
        UTC, comment="Rows before this were left out; null: none was"
    )
    taken_to: Mapped[datetime | None] = mapped_column(
        UTC, comment="Rows from this on were left out; null: none was"
    )
    outside: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Rows left out so, not counted as read"
    )
    rows_read: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Rows in the file"
    )
    accepted: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Rows that passed every check"
    )
    rejected: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Rows kept in table reject"
    )
    new: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Accepted, for an instant without value"
    )
    corrected: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Accepted, replaces another value"
    )
    unchanged: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Accepted, says what is known already"
    )
    outdated: Mapped[int] = mapped_column(
        BigInteger,
        server_default="0",
        comment="Accepted, but issued no later than the reading in place",
    )


class LoadCheckpoint(Base):
    """A staged window of an unpublished load; it goes on behind the last one."""

    __tablename__ = "load_checkpoint"
    __table_args__ = (
        {"comment": "Staged windows of unpublished loads, from which they go on"},
    )

    load_id: Mapped[int] = mapped_column(
        ForeignKey("load.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="Load, not published",
    )
    number: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, comment="Window, from 0"
    )
    same: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of what must be unchanged for the load to go on"
    )
    seen: Mapped[datetime] = mapped_column(
        UTC, comment="Newest recorded time of any load when this one was opened"
    )
    now_us: Mapped[int] = mapped_column(
        BigInteger, comment="When it was opened, us since 1970: later times are ahead"
    )
    blocks: Mapped[int] = mapped_column(
        BigInteger, comment="Blocks of the file that are staged"
    )
    line: Mapped[int] = mapped_column(
        BigInteger, comment="Next line; 0 where none is left"
    )
    position: Mapped[int] = mapped_column(
        BigInteger, comment="Bytes of the file that were read for them"
    )
    last_rejected: Mapped[int] = mapped_column(
        BigInteger, comment="Last line up to there that was rejected; 0: none"
    )
    rows_read: Mapped[int] = mapped_column(BigInteger, comment="Rows up to there")
    rejected: Mapped[int] = mapped_column(
        BigInteger, comment="Rows up to there that were rejected"
    )
    outside: Mapped[int] = mapped_column(
        BigInteger, comment="Rows up to there that were left out"
    )
    state: Mapped[bytes] = mapped_column(
        LargeBinary,
        comment="What the window found: its size, then NumPy arrays in zstd",
    )
    made_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When the window was staged"
    )


class Reject(Base):
    """A row that was not loaded."""

    __tablename__ = "reject"
    __table_args__ = ({"comment": "Rows that were not loaded, with the reason"},)

    load_id: Mapped[int] = mapped_column(
        ForeignKey("load.id", ondelete="CASCADE"),
        primary_key=True,
        comment="Load that read the row",
    )
    line: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, comment="Line in the file, header is line 1"
    )
    column_name: Mapped[str] = mapped_column(
        Text,
        primary_key=True,
        server_default="",
        comment="Column of the reading where a row has several; else empty",
    )
    reason: Mapped[str] = mapped_column(Text, comment="Stable code of the reason")
    detail: Mapped[str] = mapped_column(Text, comment="What is wrong and what is right")
    raw: Mapped[str] = mapped_column(Text, comment="Text of the row as received")
    held: Mapped[bool] = mapped_column(
        comment="May be loaded once what it needs is registered"
    )
    resolved_by: Mapped[int | None] = mapped_column(
        ForeignKey("load.id"), index=True, comment="Load that took the row after all"
    )


class Chunk(Base):
    """Readings of one series in a range of time, as one payload; never changed."""

    __tablename__ = "chunk"
    __table_args__ = (
        CheckConstraint("kind IN ('base', 'past', 'delta')", name="kind"),
        CheckConstraint("last_time >= first_time", name="times_ordered"),
        CheckConstraint("count BETWEEN 1 AND 100000", name="count"),
        CheckConstraint("(kind = 'delta') = (load_id IS NOT NULL)", name="origin"),
        CheckConstraint("(kind = 'delta') = (newest IS NULL)", name="newest"),
        ExcludeConstraint(
            (text("series_id"), "="),
            (text("tstzrange(first_time, last_time, '[]')"), "&&"),
            where=text("kind = 'base'"),
            name="ex_chunk_base",
        ),
        Index("ix_chunk_series_id_first_time", "series_id", "first_time"),
        Index("ix_chunk_series_id_last_time", "series_id", "last_time"),
        {"comment": "Readings as compressed columnar payloads (docs/chunk-format.md)"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    first_time: Mapped[datetime] = mapped_column(
        UTC, primary_key=True, comment="Time of the first reading"
    )
    last_time: Mapped[datetime] = mapped_column(UTC, comment="Time of the last reading")
    series_id: Mapped[int] = mapped_column(
        ForeignKey("series_key.id"), comment="Series the readings belong to"
    )
    kind: Mapped[str] = mapped_column(
        Text,
        comment="delta: one load's changes; base: folded, newest versions; "
        "past: folded, replaced versions",
    )
    count: Mapped[int] = mapped_column(Integer, comment="Readings in the payload")
    load_id: Mapped[int | None] = mapped_column(
        ForeignKey("load.id"),
        index=True,
        comment="Load of a delta: visible once that load is published",
    )
    newest: Mapped[datetime | None] = mapped_column(
        UTC, comment="Of base and past: latest recorded time folded into it"
    )
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="SHA-256 of the payload"
    )
    payload: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Columns of the readings, version in the first byte"
    )


class Daily(Base):
    """Volume and statistics of one series and local day, of the present readings."""

    __tablename__ = "daily"
    __table_args__ = (
        {"comment": "Daily volumes of the present; older states are in the chunks"},
    )

    # no foreign key: two thirds of the time of writing, and the chunks have one
    series_id: Mapped[int] = mapped_column(Integer, primary_key=True, comment="Series")
    calendar: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Calendar whose day this is; UTC if none"
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True, comment="Local day")
    starts: Mapped[datetime] = mapped_column(UTC, comment="Start of the day, included")
    ends: Mapped[datetime] = mapped_column(UTC, comment="End of the day, excluded")
    volume: Mapped[float | None] = mapped_column(
        Double, comment="m3 observed; null if nothing was, or no volume is measured"
    )
    mean: Mapped[float | None] = mapped_column(
        Double, comment="Mean of the readings, SI unit of the quantity"
    )
    min: Mapped[float | None] = mapped_column(Double, comment="Smallest reading")
    max: Mapped[float | None] = mapped_column(Double, comment="Largest reading")
    start_value: Mapped[float | None] = mapped_column(
        Double, comment="Value at the start of the day; null unless instantaneous"
    )
    observed_s: Mapped[float] = mapped_column(
        Double, comment="Seconds of the day for which the volume is known"
    )
    count: Mapped[int] = mapped_column(Integer, comment="Readings in the day")
    volume_pass: Mapped[float | None] = mapped_column(
        Double,
        comment="Part of volume from readings flagged pass; null where a day of a "
        "counter mixes flags",
    )
    volume_not_evaluated: Mapped[float | None] = mapped_column(
        Double, comment="Part of volume from readings not evaluated"
    )
    volume_suspect: Mapped[float | None] = mapped_column(
        Double, comment="Part of volume from suspect readings; failed ones give none"
    )
    input_version: Mapped[datetime] = mapped_column(
        UTC, comment="Recorded time up to which readings were taken"
    )


class DailyDue(Base):
    """Times whose days must be computed anew; emptied by the refresh."""

    __tablename__ = "daily_due"
    __table_args__ = ({"comment": "Changed times whose days wait to be summed"},)

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    series_id: Mapped[int] = mapped_column(
        ForeignKey("series_key.id"), comment="Series"
    )
    first_time: Mapped[datetime] = mapped_column(UTC, comment="First changed reading")
    last_time: Mapped[datetime] = mapped_column(UTC, comment="Last changed reading")
