"""Tables of people: who may sign in, who is signed in, and what was changed."""

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

_OWNER = "person.id"


class LoginUser(Base):
    """A person who may sign in; goes with the row of the person."""

    __tablename__ = "login_user"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint("method IN ('password', 'provider')", name="method"),
        CheckConstraint(
            "role IN ('viewer', 'analyst', 'engineer', 'reviewer', 'approver', "
            "'reporter', 'admin')",
            name="role",
        ),
        {"comment": "People who may sign in, what they may do and see"},
    )

    person_id: Mapped[UUID] = mapped_column(
        ForeignKey(_OWNER, ondelete="CASCADE"),
        primary_key=True,
        comment="The person; the name is in table person",
    )
    method: Mapped[str] = mapped_column(
        Text, comment="password, or provider: signs in elsewhere (OpenID Connect)"
    )
    password: Mapped[str | None] = mapped_column(
        Text, comment="argon2id hash; null with a provider"
    )
    must_change: Mapped[bool] = mapped_column(
        Boolean, server_default="false", comment="The password is a first one"
    )
    password_until: Mapped[datetime | None] = mapped_column(
        UTC, comment="Until when a first password serves; null for one of one's own"
    )
    issuer: Mapped[str | None] = mapped_column(
        Text, comment="Provider that knows the person; null until the first sign-in"
    )
    subject: Mapped[str | None] = mapped_column(
        Text, comment="What the provider calls the person"
    )
    role: Mapped[str] = mapped_column(Text, comment="What the person may do")
    organisations: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default="{}", comment="Whose sites are shown; none: all"
    )
    territories: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        server_default="{}",
        comment="Whose accounts, and parts'; none: all",
    )
    created_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Since when"
    )
    disabled_at: Mapped[datetime | None] = mapped_column(
        UTC, comment="Shut out since; null while the person may sign in"
    )
    last_login: Mapped[datetime | None] = mapped_column(UTC, comment="Last sign-in")


class LoginSession(Base):
    """A browser that is signed in."""

    __tablename__ = "login_session"
    __table_args__ = ({"comment": "Browsers that are signed in"},)

    sha256: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="SHA-256 of the token in the cookie"
    )
    person_id: Mapped[UUID] = mapped_column(
        ForeignKey("login_user.person_id", ondelete="CASCADE"),
        index=True,
        comment="Who",
    )
    created_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Sign-in"
    )
    last_seen: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Last request, to a minute"
    )
    expires_at: Mapped[datetime] = mapped_column(UTC, comment="Ends then at the latest")
    address: Mapped[str | None] = mapped_column(Text, comment="Where from")


class LoginGuess(Base):
    """Failed sign-ins of one name or from one address."""

    __tablename__ = "login_guess"
    __table_args__ = ({"comment": "Failed sign-ins, for the lockout"},)

    subject: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="SHA-256 of the name or the address"
    )
    failures: Mapped[int] = mapped_column(
        Integer, server_default="0", comment="Since the last success"
    )
    last_at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="Last attempt"
    )
    locked_until: Mapped[datetime | None] = mapped_column(
        UTC, comment="No attempt is looked at until then"
    )


class LoginBegun(Base):
    """A sign-in that was sent to the provider and has not come back."""

    __tablename__ = "login_begun"
    __table_args__ = ({"comment": "Sign-ins under way at the provider"},)

    sha256: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="SHA-256 of the token in the cookie"
    )
    state: Mapped[str] = mapped_column(Text, comment="Must come back as it is")
    nonce: Mapped[str] = mapped_column(Text, comment="Must stand in the answer")
    verifier: Mapped[str] = mapped_column(Text, comment="PKCE: what the code is for")
    next: Mapped[str] = mapped_column(Text, comment="Page to open afterwards")
    expires_at: Mapped[datetime] = mapped_column(UTC, comment="Too late then")


class Audit(Base):
    """What somebody changed, or was refused; rows are never changed."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_object_id", "object", "id"),
        {"comment": "What was changed or refused, by whom; rows only ever come"},
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Number"
    )
    at: Mapped[datetime] = mapped_column(
        UTC, server_default=func.clock_timestamp(), comment="When"
    )
    actor: Mapped[UUID | None] = mapped_column(
        Uuid, comment="Random id of the person (table person); null: nobody signed in"
    )
    action: Mapped[str] = mapped_column(Text, comment="What was done or tried")
    object: Mapped[str] = mapped_column(Text, comment="To what: kind:code")
    before: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="As it was; null: there was none"
    )
    after: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="As it is since; null: there is none"
    )
    address: Mapped[str | None] = mapped_column(
        Text, comment="Where from; null for a command"
    )
