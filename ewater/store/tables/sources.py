"""Tables of the ways in: sources, their runs, keys, and what was sent to us."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

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
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ewater.store.base import UTC, Base


class DataSource(Base):
    """A source as it was described at a time; a change is a new row."""

    __tablename__ = "source"
    __table_args__ = (
        CheckConstraint("kind IN ('folder', 'http', 'mqtt', 'push')", name="kind"),
        Index(
            "uq_source_name",
            "name",
            unique=True,
            postgresql_where=text("recorded_to IS NULL"),
        ),
        {"comment": "Sources that bring readings by themselves, and how they did"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    name: Mapped[str] = mapped_column(Text, comment="Name; one current row has it")
    kind: Mapped[str] = mapped_column(Text, comment="folder, http, mqtt or push")
    said: Mapped[str] = mapped_column(Text, comment="The source as JSON, no secrets")
    profile: Mapped[str | None] = mapped_column(
        Text, comment="Source profile of its files, as JSON; null: canonical layout"
    )
    paused: Mapped[bool] = mapped_column(
        Boolean, server_default="false", comment="Nothing is taken from it meanwhile"
    )
    actor: Mapped[UUID] = mapped_column(
        Uuid, comment="Random id of the person who described it (table person)"
    )
    recorded_from: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Described so since"
    )
    recorded_to: Mapped[datetime | None] = mapped_column(
        UTC, comment="Described so until; null at present"
    )


class SourceState(Base):
    """How far a source has come; changes with the load that carries it on."""

    __tablename__ = "source_state"
    __table_args__ = ({"comment": "How far each source has come"},)

    name: Mapped[str] = mapped_column(Text, primary_key=True, comment="Source")
    part: Mapped[str] = mapped_column(
        Text,
        primary_key=True,
        server_default="",
        comment="Site that is asked for by itself; else empty",
    )
    cursor: Mapped[datetime | None] = mapped_column(
        UTC, comment="Readings up to here were asked for and taken"
    )
    sha256: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="SHA-256 of the last answer: the same again is nothing new"
    )
    due: Mapped[datetime | None] = mapped_column(
        UTC, comment="Last time of its schedule for which a job was made"
    )


class SourceRun(Base):
    """One piece of work: a file, an answer, a batch; also one that failed."""

    __tablename__ = "source_run"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'failed', 'lost')", name="state"),
        Index("ix_source_run_source_id", "source", "id"),
        {"comment": "Runs of ingest: who, what, how it went; one row each"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    source: Mapped[str | None] = mapped_column(
        Text, comment="Source, or push; null for a file given by hand"
    )
    item: Mapped[str] = mapped_column(
        Text, server_default="", comment="File, address or batch that was read"
    )
    actor: Mapped[UUID] = mapped_column(
        Uuid, comment="Random id of the person or account that ran it (table person)"
    )
    started_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Start"
    )
    seconds: Mapped[float | None] = mapped_column(
        Double, comment="Duration; null while running, and of lost runs"
    )
    state: Mapped[str] = mapped_column(
        Text,
        server_default="running",
        comment="running, done, failed, or lost: its process ended before it could say",
    )
    attempt: Mapped[int] = mapped_column(
        Integer, server_default="1", comment="1, and more when it was tried again"
    )
    job: Mapped[int | None] = mapped_column(
        BigInteger, comment="Job of the queue (jobs.procrastinate_jobs); null by hand"
    )
    load_id: Mapped[int | None] = mapped_column(
        ForeignKey("load.id", ondelete="SET NULL"), index=True, comment="Load it made"
    )
    file_id: Mapped[int | None] = mapped_column(
        ForeignKey("landed_file.id"),
        index=True,
        comment="Landed file of a run that failed; else that of its load",
    )
    sha256: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="SHA-256 of the bytes as received"
    )
    size: Mapped[int | None] = mapped_column(BigInteger, comment="Bytes as received")
    rows_read: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Rows read"
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
        BigInteger,
        server_default="0",
        comment="Accepted and nothing new: known already, or outdated",
    )
    error: Mapped[str | None] = mapped_column(
        Text, comment="Why it failed; null if it did not"
    )


class PushKey(Base):
    """A key of the push endpoint; the key itself is not kept."""

    __tablename__ = "push_key"
    __table_args__ = ({"comment": "Keys by which loggers may post readings"},)

    id: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="First part of the key, not secret"
    )
    name: Mapped[str] = mapped_column(Text, unique=True, comment="Who has it")
    sha256: Mapped[bytes] = mapped_column(
        LargeBinary, comment="SHA-256 of the whole key"
    )
    patterns: Mapped[list[str]] = mapped_column(
        ARRAY(Text), comment="Series it may write, * stands for anything"
    )
    enterprises: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default="{}", comment="Whose returns it may send; none: no"
    )
    per_minute: Mapped[int | None] = mapped_column(
        Integer, comment="Posts it may send in a minute; null: no limit"
    )
    actor: Mapped[UUID] = mapped_column(
        Uuid, comment="Random id of the person who gave it (table person)"
    )
    created_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When it was given"
    )
    revoked_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="When it was taken back; null while it holds"
    )
    last_used: Mapped[datetime | None] = mapped_column(
        UTC, comment="Last post that became part of a load"
    )


class Post(Base):
    """What a logger or a broker sent, kept before it is acknowledged."""

    __tablename__ = "post"
    __table_args__ = (
        CheckConstraint("format IN ('csv', 'json', 'profile')", name="format"),
        Index(
            "ix_post_waiting",
            "id",
            postgresql_where=text("load_id IS NULL AND error IS NULL"),
        ),
        Index("ix_post_key_id_received_at", "key_id", "received_at"),
        {"comment": "Bodies as received by push or subscription, before any check"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Receipt"
    )
    source: Mapped[str | None] = mapped_column(
        Text, comment="Source it was sent to; null: canonical readings by a key"
    )
    key_id: Mapped[str | None] = mapped_column(
        ForeignKey("push_key.id"), comment="Key it came with; null from a broker"
    )
    topic: Mapped[str | None] = mapped_column(
        Text, comment="Topic at the broker; null for a post"
    )
    received_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Arrival"
    )
    format: Mapped[str] = mapped_column(
        Text, comment="csv or json, canonical; profile: as its source says"
    )
    sha256: Mapped[bytes] = mapped_column(
        LargeBinary, comment="SHA-256 of the body, unpacked"
    )
    body: Mapped[bytes] = mapped_column(LargeBinary, comment="The body, unpacked")
    load_id: Mapped[int | None] = mapped_column(
        ForeignKey("load.id"), index=True, comment="Load it became part of"
    )
    first_line: Mapped[int | None] = mapped_column(
        BigInteger, comment="Its first line in the file of the load"
    )
    last_line: Mapped[int | None] = mapped_column(
        BigInteger, comment="Its last line in the file of the load"
    )
    error: Mapped[str | None] = mapped_column(
        Text, comment="Why it could not be loaded; cleared to try again"
    )
