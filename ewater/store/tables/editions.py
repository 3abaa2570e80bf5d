"""Tables of the editions: what was sealed, by whom, and what checking it found."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ewater.store.base import UTC, Base


class Edition(Base):
    """An account that was sealed; rows are never changed."""

    __tablename__ = "edition"
    __table_args__ = (
        CheckConstraint("period_end > period_start", name="period_is_ordered"),
        {"comment": "Sealed accounts; rows only ever come"},
    )

    name: Mapped[str] = mapped_column(Text, primary_key=True, comment="Name")
    territory: Mapped[str] = mapped_column(
        Text, comment="Territory that it accounts for, with its parts"
    )
    period_start: Mapped[datetime] = mapped_column(UTC, comment="Included")
    period_end: Mapped[datetime] = mapped_column(UTC, comment="Excluded")
    step: Mapped[str] = mapped_column(Text, comment="day, decade, month, quarter, year")
    as_of: Mapped[datetime] = mapped_column(
        UTC, comment="Data and registry recorded by then are its inputs"
    )
    root: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Root of the Merkle tree over its parts (docs/editions.md)"
    )


class EditionPart(Base):
    """A part of an edition as text: what its Merkle tree stands on."""

    __tablename__ = "edition_part"
    __table_args__ = ({"comment": "Parts of editions, line by line; never changed"},)

    edition: Mapped[str] = mapped_column(
        ForeignKey("edition.name"), primary_key=True, comment="Edition"
    )
    name: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Part: its file in the archive"
    )
    root: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Root of the Merkle tree over its lines"
    )
    content: Mapped[bytes] = mapped_column(
        LargeBinary,
        comment="Size (u64, little-endian), then the lines in UTF-8 as zstd frame",
    )


class EditionLog(Base):
    """A step of an edition, signed, with the hash of the step before it."""

    __tablename__ = "edition_log"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'reviewed', 'approved', 'published', 'withdrawn')",
            name="state",
        ),
        UniqueConstraint("prev"),
        UniqueConstraint("edition", "state"),
        {"comment": "Steps of all editions, one chain of hashes; rows only ever come"},
    )

    seq: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="1, 2, 3, ..."
    )
    at: Mapped[datetime] = mapped_column(
        UTC, comment="Recorded time: later than that of every step before"
    )
    edition: Mapped[str] = mapped_column(ForeignKey("edition.name"), comment="Edition")
    state: Mapped[str] = mapped_column(Text, comment="State that the step leads to")
    root: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Root of the edition that was seen and signed"
    )
    person: Mapped[UUID] = mapped_column(
        Uuid, comment="Random id of who took the step (table person)"
    )
    key: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Ed25519 public key that the step is signed with"
    )
    note: Mapped[str] = mapped_column(
        Text, comment="Reason and exceptions, canonical JSON"
    )
    prev: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the step before; of the first one 32 zero bytes"
    )
    hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="SHA-256 of the line that docs/editions.md describes"
    )
    signature: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Ed25519 signature of the hash"
    )


class EditionKey(Base):
    """A public key with which a person signs; it is not taken back, only followed."""

    __tablename__ = "edition_key"
    __table_args__ = (
        Index("ix_edition_key_person", "person"),
        {"comment": "Public keys of those who sign steps of editions"},
    )

    key: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="Ed25519 public key, 32 bytes"
    )
    person: Mapped[UUID] = mapped_column(
        Uuid, comment="Random id of its owner (table person)"
    )
    recorded_from: Mapped[datetime] = mapped_column(UTC, comment="First use")


class EditionCheck(Base):
    """What verifying an edition found."""

    __tablename__ = "edition_check"
    __table_args__ = (
        Index("ix_edition_check_edition_id", "edition", "id"),
        {"comment": "Results of verifying editions; rows only ever come"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    edition: Mapped[str] = mapped_column(ForeignKey("edition.name"), comment="Edition")
    at: Mapped[datetime] = mapped_column(UTC, comment="Recorded time of the check")
    person: Mapped[UUID] = mapped_column(
        Uuid, comment="Random id of who checked (table person)"
    )
    version: Mapped[str] = mapped_column(Text, comment="Version of ewater that checked")
    intact: Mapped[bool] = mapped_column(
        Boolean, comment="Everything recomputed to the last byte"
    )
    found: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="What is broken and what it touches; nothing if intact"
    )


class EditionDifference(Base):
    """What changed between two editions, as it was once computed."""

    __tablename__ = "edition_difference"
    __table_args__ = ({"comment": "Differences between editions, split by cause"},)

    a: Mapped[str] = mapped_column(
        ForeignKey("edition.name"), primary_key=True, comment="The earlier edition"
    )
    b: Mapped[str] = mapped_column(
        ForeignKey("edition.name"), primary_key=True, comment="The later edition"
    )
    computed_at: Mapped[datetime] = mapped_column(
        UTC, comment="Recorded time of the computation"
    )
    version: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="Version of ewater that computed it"
    )
    content: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Size (u64, little-endian), then JSON in UTF-8, zstd"
    )
