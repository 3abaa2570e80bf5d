"""Tables of the returns of enterprises: drafts, versions, remarks, findings, due dates.

What an approved return says stands in ``reports``, with recorded times, for the ledger.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
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
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ewater.store.base import UTC, Base

_PERSON = "Random id of the person (table person)"
STATES = ("draft", "submitted", "returned", "resubmitted", "approved", "correcting")
SEVERITIES = ("error", "grave", "warning", "notice")
REASONS = ("real", "method", "scope", "unit")


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _number() -> Mapped[int]:
    return mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )


class Return(Base):
    """What one enterprise reports on one form for one period, in whatever state."""

    __tablename__ = "enterprise_return"
    __table_args__ = (
        _one_of("state", STATES),
        CheckConstraint("period_start < period_end", name="period"),
        UniqueConstraint("enterprise", "form", "period_start", "period_end"),
        Index("ix_enterprise_return_form_period_start", "form", "period_start"),
        Index(
            "ix_enterprise_return_partners",
            "partners",
            postgresql_using="gin",
            postgresql_where="partners <> '{}'",
        ),
        {"comment": "Returns of enterprises: one for each form and period"},
    )

    id: Mapped[int] = _number()
    enterprise: Mapped[str] = mapped_column(Text, comment="Code of the enterprise")
    form: Mapped[str] = mapped_column(Text, comment="Code of the form")
    period_start: Mapped[datetime] = mapped_column(UTC, comment="Start (in)")
    period_end: Mapped[datetime] = mapped_column(UTC, comment="End (out)")
    period: Mapped[str] = mapped_column(Text, comment="As people say it: 2024, 2024-Q1")
    state: Mapped[str] = mapped_column(Text, comment="Where it stands")
    edits: Mapped[int] = mapped_column(
        Integer, server_default="0", comment="How often its draft was saved"
    )
    versions: Mapped[int] = mapped_column(
        Integer, server_default="0", comment="Number of the version submitted last"
    )
    approved: Mapped[int | None] = mapped_column(
        Integer, comment="Number of the version that the ledger sees; null: none"
    )
    superseded_by: Mapped[int | None] = mapped_column(
        BigInteger, comment="Approved return of the year that counts in its place"
    )
    partners: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        server_default="{}",
        comment="Enterprises that the version submitted last names",
    )
    changed_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Last change"
    )


class ReturnDraft(Base):
    """A draft as it was saved; what could not be merged is kept beside."""

    __tablename__ = "return_draft"
    __table_args__ = (
        Index("ix_return_draft_return_id_edits", "return_id", "edits"),
        {"comment": "Saved drafts of returns, newest highest"},
    )

    id: Mapped[int] = _number()
    return_id: Mapped[int] = mapped_column(
        ForeignKey("enterprise_return.id", ondelete="CASCADE"), comment="Return"
    )
    edits: Mapped[int] = mapped_column(
        Integer, comment="Number of the save; of one set aside: what it was based on"
    )
    aside: Mapped[bool] = mapped_column(
        Boolean, server_default="false", comment="Not merged: kept for its author"
    )
    content: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="Sections, lines, cells"
    )
    actor: Mapped[UUID] = mapped_column(Uuid, comment=_PERSON)
    at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When"
    )


class ReturnVersion(Base):
    """A return as it was submitted; its content never changes."""

    __tablename__ = "return_version"
    __table_args__ = (
        UniqueConstraint("return_id", "number"),
        {"comment": "Submitted versions of returns, sealed"},
    )

    id: Mapped[int] = _number()
    return_id: Mapped[int] = mapped_column(
        ForeignKey("enterprise_return.id", ondelete="CASCADE"), comment="Return"
    )
    number: Mapped[int] = mapped_column(Integer, comment="1 is the first")
    form_version: Mapped[int] = mapped_column(Integer, comment="Version of the form")
    way: Mapped[str] = mapped_column(Text, comment="form, xlsx, csv or api")
    content: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="Sections, lines, cells"
    )
    sha256: Mapped[bytes] = mapped_column(
        LargeBinary, comment="SHA-256 of the canonical JSON of the return"
    )
    receipt: Mapped[bytes] = mapped_column(
        LargeBinary, comment="SHA-256 of the canonical JSON of the receipt"
    )
    late: Mapped[bool] = mapped_column(Boolean, comment="Came after the deadline")
    submitted_by: Mapped[UUID] = mapped_column(Uuid, comment=_PERSON)
    submitted_at: Mapped[datetime] = mapped_column(UTC, comment="When it came")
    reason: Mapped[str | None] = mapped_column(Text, comment="Why it was sent again")
    decision: Mapped[str | None] = mapped_column(
        Text, comment="approved or returned; null: not decided"
    )
    decided_by: Mapped[UUID | None] = mapped_column(Uuid, comment=_PERSON)
    decided_at: Mapped[datetime | None] = mapped_column(UTC, comment="When")
    decided_why: Mapped[str | None] = mapped_column(Text, comment="Reason given")
    recorded_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="Since when the ledger sees it; null: it never did"
    )
    examined_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="Last cross-examination; null: none yet"
    )


class ReturnRemark(Base):
    """What a reviewer asks of the reporter."""

    __tablename__ = "return_remark"
    __table_args__ = (
        Index("ix_return_remark_return_id", "return_id"),
        {"comment": "Remarks with which returns were sent back"},
    )

    id: Mapped[int] = _number()
    return_id: Mapped[int] = mapped_column(
        ForeignKey("enterprise_return.id", ondelete="CASCADE"), comment="Return"
    )
    version: Mapped[int] = mapped_column(Integer, comment="Version it speaks of")
    section: Mapped[str | None] = mapped_column(Text, comment="Section; null: all")
    line: Mapped[int | None] = mapped_column(Integer, comment="Line, from 1")
    column: Mapped[str | None] = mapped_column(Text, comment="Column")
    body: Mapped[str] = mapped_column(Text, comment="What is asked")
    actor: Mapped[UUID] = mapped_column(Uuid, comment=_PERSON)
    at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When"
    )


class ReturnFinding(Base):
    """What the checks and the cross-examination found in a version."""

    __tablename__ = "return_finding"
    __table_args__ = (
        _one_of("severity", SEVERITIES),
        Index("ix_return_finding_version_id", "version_id"),
        Index("ix_return_finding_code", "code"),
        {"comment": "Findings in versions of returns; replaced when examined again"},
    )

    id: Mapped[int] = _number()
    version_id: Mapped[int] = mapped_column(
        ForeignKey("return_version.id", ondelete="CASCADE"), comment="Version"
    )
    code: Mapped[str] = mapped_column(Text, comment="Kind, docs/reports.md")
    severity: Mapped[str] = mapped_column(Text, comment="How grave it is")
    section: Mapped[str | None] = mapped_column(Text, comment="Section")
    line: Mapped[int | None] = mapped_column(Integer, comment="Line, from 1")
    column: Mapped[str | None] = mapped_column(Text, comment="Column")
    place: Mapped[str | None] = mapped_column(Text, comment="Cell or line of the file")
    size_m3: Mapped[float | None] = mapped_column(
        Double, comment="How much water it concerns; null: cannot be said"
    )
    evidence: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="Figures that its message names"
    )
    cause: Mapped[str | None] = mapped_column(
        Text, comment="Kind of a finding that explains this one; null: none does"
    )


class ReturnSignature(Base):
    """A detached signature over the canonical JSON of a version."""

    __tablename__ = "return_signature"
    __table_args__ = (
        _one_of("kind", ("ed25519", "cms")),
        Index("ix_return_signature_version_id", "version_id"),
        {"comment": "Detached signatures of returns, verified when they came"},
    )

    id: Mapped[int] = _number()
    version_id: Mapped[int] = mapped_column(
        ForeignKey("return_version.id", ondelete="CASCADE"), comment="Version"
    )
    kind: Mapped[str] = mapped_column(Text, comment="ed25519 or cms")
    signature: Mapped[bytes] = mapped_column(LargeBinary, comment="As it came")
    signer: Mapped[str] = mapped_column(Text, comment="Key or subject that signed")
    trust_id: Mapped[int] = mapped_column(
        ForeignKey("return_trust.id"), comment="Key or issuer that vouches for it"
    )
    verified_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When it was verified"
    )


class ReturnTrust(Base):
    """A key of an enterprise, or an issuer of certificates, that is trusted."""

    __tablename__ = "return_trust"
    __table_args__ = (
        _one_of("kind", ("ed25519", "issuer")),
        {"comment": "Keys and issuers whose signatures of returns are accepted"},
    )

    id: Mapped[int] = _number()
    kind: Mapped[str] = mapped_column(Text, comment="ed25519 or issuer")
    name: Mapped[str] = mapped_column(Text, unique=True, comment="Name")
    enterprise: Mapped[str | None] = mapped_column(
        Text, comment="Whose key it is; null of an issuer"
    )
    pem: Mapped[str] = mapped_column(Text, comment="Public key or certificate, PEM")
    actor: Mapped[UUID] = mapped_column(Uuid, comment=_PERSON)
    added_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Trusted since"
    )
    revoked_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="Trusted until; null: at present"
    )


class ReturnDeadline(Base):
    """A deadline other than the form's own: for all, or for one enterprise."""

    __tablename__ = "return_deadline"
    __table_args__ = (
        UniqueConstraint(
            "form", "period", "enterprise", postgresql_nulls_not_distinct=True
        ),
        {"comment": "Deadlines that differ from those of the form"},
    )

    id: Mapped[int] = _number()
    form: Mapped[str] = mapped_column(Text, comment="Code of the form")
    period: Mapped[str] = mapped_column(Text, comment="2024 or 2024-Q1")
    enterprise: Mapped[str | None] = mapped_column(
        Text, comment="Who was given it; null: everybody"
    )
    due_at: Mapped[datetime] = mapped_column(UTC, comment="Late from then on")
    reason: Mapped[str] = mapped_column(Text, comment="Why")
    actor: Mapped[UUID] = mapped_column(Uuid, comment=_PERSON)


class ReturnReminder(Base):
    """A reminder of a return that was due."""

    __tablename__ = "return_reminder"
    __table_args__ = (
        Index("ix_return_reminder_enterprise", "enterprise", "form", "period"),
        Index(
            "uq_return_reminder_step",
            "enterprise",
            "form",
            "period",
            "due_at",
            "step",
            "address",
            unique=True,
            postgresql_where="step IS NOT NULL",
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "ix_return_reminder_try_at",
            "try_at",
            postgresql_where="try_at IS NOT NULL",
        ),
        {"comment": "Reminders of returns that had not come"},
    )

    id: Mapped[int] = _number()
    enterprise: Mapped[str] = mapped_column(Text, comment="Who was reminded")
    form: Mapped[str] = mapped_column(Text, comment="Of which form")
    period: Mapped[str] = mapped_column(Text, comment="Of which period")
    actor: Mapped[UUID] = mapped_column(Uuid, comment=_PERSON)
    at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When"
    )
    step: Mapped[int | None] = mapped_column(
        Integer, comment="Days after the deadline (before: negative); null: by hand"
    )
    due_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="Deadline that the step counts from"
    )
    address: Mapped[str | None] = mapped_column(
        Text, comment="Whom it is sent to; null: no address is known"
    )
    attempts: Mapped[int] = mapped_column(
        Integer, server_default="0", comment="How often it was tried"
    )
    try_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="When it is sent, or tried again; null: not, or no more"
    )
    sent_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="When it was sent; null: it was not"
    )
    error: Mapped[str | None] = mapped_column(
        Text, comment="Why it was not sent the last time"
    )


class TotalBreak(Base):
    """A break in a total that would be published, and what explains it."""

    __tablename__ = "total_break"
    __table_args__ = (
        _one_of("reason", REASONS),
        UniqueConstraint("form", "kind", "code", "item", "period"),
        {"comment": "Breaks in totals of returns; a year is signed off when explained"},
    )

    id: Mapped[int] = _number()
    form: Mapped[str] = mapped_column(Text, comment="Code of the form")
    kind: Mapped[str] = mapped_column(Text, comment="sector, district, basin, ...")
    code: Mapped[str] = mapped_column(Text, comment="Which sector or territory")
    item: Mapped[str] = mapped_column(Text, comment="Figure: intake, use, ...")
    period: Mapped[str] = mapped_column(Text, comment="Year in which it broke")
    before_m3: Mapped[float] = mapped_column(Double, comment="Total expected")
    after_m3: Mapped[float] = mapped_column(Double, comment="Total reported")
    evidence: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="How much of it is scope, method, unit; who contributes most"
    )
    found_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When"
    )
    reason: Mapped[str | None] = mapped_column(
        Text, comment="real, method, scope or unit; null: not explained"
    )
    explanation: Mapped[str | None] = mapped_column(Text, comment="In words")
    actor: Mapped[UUID | None] = mapped_column(Uuid, comment=_PERSON)
    explained_at: Mapped[datetime | None] = mapped_column(UTC, comment="When")


class PeriodSignOff(Base):
    """A period whose returns were signed off."""

    __tablename__ = "period_sign_off"
    __table_args__ = ({"comment": "Periods of a form that were signed off"},)

    form: Mapped[str] = mapped_column(Text, primary_key=True, comment="Form")
    period: Mapped[str] = mapped_column(Text, primary_key=True, comment="2024")
    actor: Mapped[UUID] = mapped_column(Uuid, comment=_PERSON)
    at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When"
    )
    reason: Mapped[str] = mapped_column(Text, comment="Why")
