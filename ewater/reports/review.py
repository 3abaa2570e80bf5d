"""What reviewers and approvers do: send back, approve, approve the clean ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from ewater.errors import UsageError
from ewater.reports import batch as batches
from ewater.reports import known, ledger, stored, who

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ewater.reports.batch import Batch
    from ewater.reports.stored import Head
    from ewater.reports.who import Person

WAITING = ("submitted", "resubmitted")  # for a decision
_WAITING_OF = text(
    "SELECT r.id, r.enterprise, r.form, r.period, r.period_start, r.period_end, "
    "r.state, r.edits, r.versions, r.approved, r.superseded_by, r.changed_at, "
    "v.id AS version_id, v.content, v.form_version FROM enterprise_return AS r "
    "JOIN return_version AS v ON v.return_id = r.id AND v.number = r.versions "
    "WHERE r.id = ANY(:ids) ORDER BY r.id FOR UPDATE OF r"
)
_DECIDE = text(
    "UPDATE return_version SET decision = :decision, decided_by = :who, "
    "decided_at = clock_timestamp(), decided_why = :why, "
    "recorded_at = coalesce(CAST(:recorded AS timestamptz), recorded_at) "
    "WHERE id = ANY(:versions)"
)
_UNCLEAN = text(
    "SELECT DISTINCT r.id FROM enterprise_return AS r "
    "JOIN return_version AS v ON v.return_id = r.id AND v.number = r.versions "
    "WHERE r.id = ANY(:ids) AND (v.examined_at IS NULL OR EXISTS ("
    " SELECT FROM return_finding AS f WHERE f.version_id = v.id "
    " AND f.severity <> 'notice'))"
)
_SUPERSEDE = text(
    "UPDATE enterprise_return AS q SET superseded_by = r.id "
    "FROM enterprise_return AS r WHERE r.id = ANY(:ids) "
    "AND q.enterprise = r.enterprise AND q.form = r.form AND q.id <> r.id "
    "AND q.period_start >= r.period_start AND q.period_end <= r.period_end"
)


class Approved(NamedTuple):
    """What a bulk approval did: returns that were approved, and those left."""

    approved: list[int]
    left: list[int]


def send_back(
    connection: Connection,
    person: Person,
    number: int,
    remarks: Sequence[Mapping[str, Any]],
    reason: str,
) -> None:
    """Send a return back with remarks.

    Parameters
    ----------
    remarks
        ``body`` of each, and where it speaks of one, ``section``, ``line``, ``column``.
    reason
        In a sentence.

    Raises
    ------
    UsageError
        It does not wait for review, or nothing is asked.
    """
    head = stored.head(connection, number, lock=True)
    who.allow(connection, person, who.REVIEW, head.enterprise)
    _must_wait(head)
    if not reason.strip() or not all(str(r.get("body", "")).strip() for r in remarks):
        raise UsageError("say what is asked of the reporter")
    for remark in remarks:
        place = (remark.get("section"), remark.get("line"), remark.get("column"))
        stored.add_remark(
            connection, number, head.versions, person.id, remark["body"], place
        )
    version = stored.version(connection, number, head.versions)["id"]
    _decide(connection, person, [version], "returned", reason, None)
    stored.change(connection, number, state="returned")
    after = {"state": "returned", "remarks": len(remarks), "why": reason}
    who.note(connection, person, "return", head.code, {"state": head.state}, after)


def approve(
    connection: Connection,
    person: Person,
    numbers: Sequence[int],
    *,
    reason: str,
    look: bool = True,
) -> datetime | None:
    """Approve submitted versions: from one moment on the ledger sees them.

    Parameters
    ----------
    numbers
        Of returns of one form.
    look
        Whether the role and the scope of the person are looked at; a caller that did
        so for all of them says no.

    Returns
    -------
    datetime.datetime
        When the ledger sees them; None where there are none.

    Raises
    ------
    UsageError
        One does not wait for review, no reason is given, or figures of a file would
        count beside one.
    """
    if not reason.strip():
        raise UsageError("say why, in a sentence, such as: agrees with meters")
    rows = (
        connection.execute(_WAITING_OF, {"ids": sorted(set(numbers))}).mappings().all()
    )
    if missing := sorted(set(numbers) - {row["id"] for row in rows}):
        raise UsageError(f"there is no submitted return {', '.join(map(str, missing))}")
    if not rows:
        return None
    heads = [_head(row) for row in rows]
    if look:
        who.allow_all(connection, person, who.APPROVE, [h.enterprise for h in heads])
    for head in heads:
        _must_wait(head)
    _must_be_free(connection, heads)
    batch = _batch(connection, rows)
    zone = known.zone_of(connection)
    recorded = ledger.record(connection, batch, zone, [head.versions for head in heads])
    versions = [row["version_id"] for row in rows]
    _decide(connection, person, versions, "approved", reason, recorded)
    connection.execute(
        text(
            "UPDATE enterprise_return SET state = 'approved', approved = versions, "
            "changed_at = clock_timestamp() WHERE id = ANY(:ids)"
        ),
        {"ids": [head.id for head in heads]},
    )
    connection.execute(_SUPERSEDE, {"ids": [head.id for head in heads]})
    for head in heads:
        before = {"state": head.state, "approved": head.approved}
        after = {"state": "approved", "approved": head.versions, "why": reason}
        who.note(connection, person, "approve", head.code, before, after)
    return recorded


def approve_clean(
    connection: Connection, person: Person, numbers: Sequence[int], *, reason: str
) -> Approved:
    """Approve those of which the cross-examination found nothing but notices.

    Returns that do not wait, were not examined, or have a finding are left.
    """
    found = [
        stored.head(connection, number, lock=True) for number in sorted(set(numbers))
    ]
    who.allow_all(connection, person, who.APPROVE, [head.enterprise for head in found])
    waiting = [head.id for head in found if head.state in WAITING]
    unclean = set(connection.scalars(_UNCLEAN, {"ids": waiting}))
    clean = [number for number in waiting if number not in unclean]
    if clean:
        approve(connection, person, clean, reason=reason, look=False)
    left = [head.id for head in found if head.id not in set(clean)]
    return Approved(clean, left)


def _head(row: Any) -> Head:
    names = stored.Head.__slots__
    return stored.Head(**{name: row[name] for name in names})


def _batch(connection: Connection, rows: Sequence[Any]) -> Batch:
    kinds = {(row["form"], row["form_version"]) for row in rows}
    if len(kinds) > 1:
        raise UsageError("approve returns of one form, of one version, at a time")
    form = known.form_of(connection, *kinds.pop())
    return batches.of_contents(
        form,
        [(row["enterprise"], row["period"]) for row in rows],
        [row["content"] for row in rows],
    )


def _must_be_free(connection: Connection, heads: Sequence[Head]) -> None:
    """Refuse a quarter whose year was approved since it was submitted."""
    row = connection.execute(
        text(
            "SELECT q.period, r.period AS whole, q.enterprise FROM enterprise_return q "
            "JOIN enterprise_return r ON r.enterprise = q.enterprise "
            "AND r.form = q.form AND r.id <> q.id AND r.approved IS NOT NULL "
            "AND r.period_start <= q.period_start AND r.period_end >= q.period_end "
            "WHERE q.id = ANY(:ids) LIMIT 1"
        ),
        {"ids": [head.id for head in heads]},
    ).one_or_none()
    if row is not None:
        raise UsageError(
            f"{row.whole} of {row.enterprise} is approved and has {row.period} in it; "
            "correct that return instead"
        )


def _must_wait(head: Head) -> None:
    if head.state not in WAITING:
        raise UsageError(
            f"return {head.id} is {head.state}; it does not wait for review"
        )


def _decide(
    connection: Connection,
    person: Person,
    versions: Sequence[int],
    decision: str,
    reason: str,
    recorded: datetime | None,
) -> None:
    connection.execute(
        _DECIDE,
        {
            "decision": decision,
            "who": person.id,
            "why": reason,
            "versions": list(versions),
            "recorded": recorded,
        },
    )
