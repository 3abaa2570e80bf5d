"""Life of a return: draft, submitted, sent back, sent again, approved, corrected.

Every step is allowed by role and scope, checked by the one validation, and audited
with what was, what is, and why, in the transaction that takes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ewater.errors import EWaterError, UsageError
from ewater.reports import batch as batches
from ewater.reports import (
    known,
    merge,
    periods,
    receipts,
    stored,
    who,
)
from ewater.reports.examine import run as examination
from ewater.reports.findings import Finding, ordered
from ewater.reports.validate import validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from ewater.reports.batch import Batch
    from ewater.reports.form import Form
    from ewater.reports.known import Known
    from ewater.reports.stored import Head
    from ewater.reports.who import Person

    Content = Mapping[str, Any]

OPEN = ("draft", "returned", "correcting")  # states in which a draft may be changed


class RefusedError(EWaterError):
    """A return with errors is not taken; ``findings`` has all of them."""

    def __init__(self, findings: Sequence[Finding], form: Form | None = None) -> None:
        super().__init__(findings, form)
        self.findings, self.form = tuple(findings), form

    def __str__(self) -> str:
        """One line for each error."""
        wrong = [f.text("en", self.form) for f in self.findings if f.stops]
        noun = "error" if len(wrong) == 1 else "errors"
        return "\n".join([*wrong, f"{len(wrong)} {noun}; nothing was submitted."])


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A draft that was saved, possibly merged with what somebody else saved.

    ``conflicts`` are cells that somebody else changed otherwise meanwhile, by place
    ``section.line.column``: theirs and mine. Then nothing was merged, ``content`` is
    theirs, and mine is kept as draft ``aside``: save again on top of ``edits``.
    """

    edits: int
    content: dict[str, Any]
    findings: list[Finding]
    merged: bool = False
    conflicts: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    aside: int | None = None


def begin(
    connection: Connection,
    person: Person,
    enterprise: str,
    period: str,
    form: str | None = None,
) -> Head:
    """Find the return of an enterprise, or begin a draft of it.

    Raises
    ------
    ForbiddenError
        The enterprise is not theirs.
    UsageError
        There is no such enterprise, form or period.
    """
    who.allow(connection, person, who.REPORT, enterprise)
    chosen = known.form_of(connection, form)
    when = periods.read(period)
    found = stored.find(connection, enterprise, chosen.form, str(when))
    if found is not None:
        return found
    facts = known.read(connection, chosen, [enterprise])
    if facts.enterprises.empty:
        raise UsageError(f"no enterprise has the code {enterprise!r}")
    made = stored.create(
        connection, enterprise, chosen.form, str(when), when.edges(facts.zone)
    )
    who.note(connection, person, "begin", made.code, None, {"state": made.state})
    return made


def save(
    connection: Connection,
    person: Person,
    number: int,
    content: Content,
    *,
    edits: int,
) -> Saved:
    """Save a draft, in whatever state of completion.

    Parameters
    ----------
    number
        Of the return.
    content
        By section, a list of lines: cells by column, as they were typed.
    edits
        The number of saves that it is based on.

    Returns
    -------
    Saved
        Look at ``conflicts``: nobody's work is lost, but not all of it may stand.

    Raises
    ------
    UsageError
        It waits for review, or is approved.
    """
    head = stored.head(connection, number, lock=True)
    who.allow(connection, person, who.REPORT, head.enterprise)
    if head.state not in OPEN:
        raise UsageError(_closed(head))
    standing = _standing(connection, head)
    merged = edits != head.edits
    mine = {key: [dict(line) for line in lines] for key, lines in content.items()}
    if merged:
        mine, conflicts = _merge(connection, head, standing, mine, edits)
        if conflicts:
            work = (edits, content, conflicts)
            return _set_aside(connection, person, head, standing, work)
    changed = merge.changes(standing, mine)
    count = head.edits
    if changed or not head.edits:
        count = head.edits + 1
        stored.add_draft(connection, number, count, mine, person.id)
        stored.change(connection, number, edits=count)
        before = {"edits": head.edits}
        who.note(
            connection,
            person,
            "save",
            head.code,
            before,
            {"edits": count, "cells": changed},
        )
    form = known.form_of(connection, head.form)
    _, found = check(connection, form, head.enterprise, head.period, mine)
    return Saved(edits=count, content=mine, findings=found, merged=merged)


def check(
    connection: Connection,
    form: Form,
    enterprise: str,
    period: str,
    content: Content,
    *,
    now: datetime | None = None,
) -> tuple[tuple[Batch, Known], list[Finding]]:
    """Put a return to the one validation, as it stands."""
    batch = batches.of_contents(form, [(enterprise, period)], [content])
    named = batches.partners(batch).get(0, set())
    facts = known.read(connection, form, {enterprise, *named}, now)
    return (batch, facts), validate(batch, facts)


def submit(
    connection: Connection,
    person: Person,
    number: int,
    *,
    edits: int | None = None,
    way: str = "form",
    reason: str | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Submit the draft of a return; it is sealed and cross-examined.

    Parameters
    ----------
    edits
        The save that is meant; a later one of somebody else is not submitted unseen.
    way
        form, xlsx, csv or api.
    reason
        Needed for a correction of an approved return.

    Returns
    -------
    dict
        The receipt.

    Raises
    ------
    RefusedError
        It has errors; nothing was submitted.
    UsageError
        There is no draft, it was changed since, or a correction has no reason.
    """
    head = stored.head(connection, number, lock=True)
    who.allow(connection, person, who.REPORT, head.enterprise)
    draft = stored.draft(connection, number)
    if head.state not in OPEN or draft is None:
        raise UsageError(_closed(head) if draft else "nothing was saved to submit")
    if edits is not None and edits != head.edits:
        raise UsageError(
            f"the draft was saved again since ({head.edits}, not {edits}); look at it"
        )
    if head.state == "correcting" and not reason:
        raise UsageError("say why an approved return is corrected")
    form = known.form_of(connection, head.form)
    when = now or datetime.now(UTC)
    (batch, _), found = check(
        connection, form, head.enterprise, head.period, draft["content"], now=when
    )
    if any(finding.stops for finding in found):
        raise RefusedError(ordered(found), form)
    receipt, version = _seal(connection, person, head, batch, found, way, reason, when)
    stored.keep_findings(connection, version, found)
    examination.examine_some(connection, form, [number])
    return receipt


def _seal(
    connection: Connection,
    person: Person,
    head: Head,
    batch: Batch,
    found: Sequence[Finding],
    way: str,
    reason: str | None,
    when: datetime,
) -> tuple[dict[str, Any], int]:
    form, number = batch.form, head.versions + 1
    content = batch.content(0)
    sealed = receipts.sealed(
        head.enterprise, form.form, form.version, head.period, form.unit, content
    )
    digest = receipts.sha256(sealed)
    earlier = stored.versions(connection, head.id)
    receipt = receipts.receipt(
        head.enterprise, form.form, head.period, number, digest, when,
        earlier[-1]["receipt"] if earlier else None,
    )  # fmt: skip
    version = stored.add_version(
        connection,
        id=head.id,
        number=number,
        form_version=form.version,
        way=way,
        content=content,
        sha256=digest,
        receipt=bytes.fromhex(receipt["seal"]),
        late=any(finding.code == "late" for finding in found),
        actor=person.id,
        at=when,
        reason=reason,
    )
    state = "resubmitted" if earlier else "submitted"
    named = sorted(batches.partners(batch).get(0, ()))
    stored.change(connection, head.id, state=state, versions=number, partners=named)
    after = {"state": state, "version": number, "sha256": digest.hex(), "why": reason}
    who.note(connection, person, "submit", head.code, {"state": head.state}, after)
    return receipt, version


def correct(
    connection: Connection, person: Person, number: int, *, reason: str
) -> Head:
    """Begin a correction of an approved return; the approved version stays in force."""
    head = stored.head(connection, number, lock=True)
    who.allow(connection, person, who.REPORT, head.enterprise)
    if head.state != "approved" or head.approved is None:
        raise UsageError(
            f"return {number} is {head.state}; only approved ones are corrected"
        )
    if not reason.strip():
        raise UsageError("say why an approved return is corrected")
    content = stored.version(connection, number, head.approved)["content"]
    stored.add_draft(connection, number, head.edits + 1, content, person.id)
    stored.change(connection, number, state="correcting", edits=head.edits + 1)
    after = {"state": "correcting", "why": reason}
    who.note(connection, person, "correct", head.code, {"state": head.state}, after)
    return stored.head(connection, number)


def _merge(
    connection: Connection,
    head: Head,
    standing: Content,
    mine: Content,
    edits: int,
) -> tuple[dict[str, Any], dict[str, tuple[Any, Any]]]:
    base = stored.draft_at(connection, head.id, edits)
    content, conflicts = merge.merged(base["content"] if base else {}, standing, mine)
    return content, {
        f"{path[0]}.{path[1] + 1}.{path[2]}": values
        for path, values in conflicts.items()
    }


def _set_aside(
    connection: Connection,
    person: Person,
    head: Head,
    standing: Content,
    work: tuple[int, Content, Mapping[str, tuple[Any, Any]]],
) -> Saved:
    edits, mine, conflicts = work
    aside = stored.add_draft(connection, head.id, edits, mine, person.id, aside=True)
    after = {"aside": aside, "cells": list(conflicts)}
    who.note(connection, person, "conflict", head.code, None, after)
    return Saved(
        edits=head.edits,
        content=dict(standing),
        findings=[],
        conflicts=conflicts,
        aside=aside,
    )


def _standing(connection: Connection, head: Head) -> Content:
    draft = stored.draft(connection, head.id)
    found: Content = draft["content"] if draft else {}
    return found


def _closed(head: Head) -> str:
    if head.state == "approved":
        return f"return {head.id} is approved; begin a correction of it"
    return f"return {head.id} is {head.state} and waits for review"
