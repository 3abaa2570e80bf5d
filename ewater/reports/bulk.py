"""Many returns at once, from any way in: checked, sealed, kept, cross-examined."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from ewater.errors import UsageError
from ewater.reports import known, ledger, periods, receipts, who
from ewater.reports.batch import contents, partners
from ewater.reports.examine import run as examination
from ewater.reports.findings import ordered
from ewater.reports.validate import validate
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from ewater.reports.batch import Batch
    from ewater.reports.findings import Finding
    from ewater.reports.known import Known
    from ewater.reports.who import Person

    Key = tuple[str, str]

_FEW = 500  # returns that are examined by themselves
_STANDING = text(
    "SELECT r.id, r.enterprise, r.period, r.state, r.versions, v.sha256, v.receipt "
    "FROM enterprise_return AS r LEFT JOIN return_version AS v "
    "ON v.return_id = r.id AND v.number = r.versions WHERE r.form = :form "
    "AND r.enterprise = ANY(:codes) FOR UPDATE OF r"
)
_AGAIN = text(
    "UPDATE enterprise_return AS r SET state = 'resubmitted', versions = said.number, "
    "partners = CAST(said.partners AS text[]), changed_at = clock_timestamp() "
    "FROM unnest(CAST(:ids AS bigint[]), CAST(:numbers AS int[]), "
    "CAST(:partners AS text[])) AS said(id, number, partners) WHERE r.id = said.id"
)
_IDS = text(
    "SELECT id, enterprise, period FROM enterprise_return "
    "WHERE form = :form AND enterprise = ANY(:codes)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of returns: how many, what was found, and the receipts.

    ``findings`` has all of them, by return (``owner``); ``refused`` and ``returns``
    (numbers in the store, None where refused) by position.
    """

    new: int
    corrected: int
    unchanged: int
    refused: list[int]
    findings: list[Finding]
    receipts: list[dict[str, Any]]
    returns: list[int | None]


def check(
    connection: Connection, batch: Batch, now: datetime | None = None
) -> tuple[Known, list[Finding]]:
    """Put returns to the one validation."""
    facts = known.read(
        connection, batch.form, None if len(batch) > _FEW else _named(batch), now
    )
    return facts, validate(batch, facts)


def take(
    connection: Connection,
    person: Person,
    batch: Batch,
    *,
    way: str,
    reason: str | None = None,
    found: Sequence[Finding] = (),
    now: datetime | None = None,
    examine: bool = True,
) -> Taken:
    """Submit returns; those with errors are refused, the others are kept.

    Parameters
    ----------
    batch
        From any way in.
    way
        xlsx, csv or api.
    reason
        Why approved returns are corrected; without one those are refused.
    found
        What the way in has found already.

    Raises
    ------
    ForbiddenError
        One of the enterprises is outside the scope of the person; nothing is kept.
    """
    codes = sorted(set(map(str, batch.enterprise)))
    if person.enterprises or person.territories or not person.may(who.REPORT):
        who.allow_all(connection, person, who.REPORT, codes)
    when = now or datetime.now(UTC)
    facts, seen = check(connection, batch, when)
    seen = [*found, *seen]
    standing = {
        (row.enterprise, row.period): row
        for row in connection.execute(
            _STANDING, {"form": batch.form.form, "codes": codes}
        )
    }
    _in_unit(batch)
    bad = {finding.owner for finding in seen if finding.stops}
    said = [
        str(periods.read(p)) if n not in bad else ""
        for n, p in enumerate(map(str, batch.period))
    ]
    keys = list(zip(map(str, batch.enterprise), said, strict=True))
    made = _Versions(batch, keys, when, reason, person)
    made.seal([n for n in range(len(batch)) if n not in bad], standing)
    many = examine and len(made.owners) > _FEW
    versions = _store(connection, made, facts.zone, way, seen, when if many else None)
    if many:
        fresh = examination.Fresh(batch, made.owners, versions)
        examination.everything(connection, batch.form, fresh=fresh, mark=False)
    elif examine and made.numbers:
        ids = [made.ids[key] for key in made.taken_keys]
        examination.examine_some(connection, batch.form, ids)
    return Taken(
        new=made.new,
        corrected=len(made.owners) - made.new,
        unchanged=made.unchanged,
        refused=sorted(bad),
        findings=ordered(seen),
        receipts=made.receipts,
        returns=[
            made.ids.get(key) if n not in bad else None for n, key in enumerate(keys)
        ],
    )


def _named(batch: Batch) -> set[str]:
    return set(map(str, batch.enterprise)).union(*partners(batch).values())


def _in_unit(batch: Batch) -> None:
    """Bring figures to the unit of the form; units that are none were refused."""
    for unit in set(map(str, batch.unit)) - {batch.form.unit}:
        try:
            times = factor_to_si(unit, "volume") / batch.form.factor
        except UsageError:
            continue
        for section, column in batch.form.columns():
            if column.is_volume:
                lines = batch.sections[section.key]
                mine = (batch.unit == unit)[lines.owner]
                lines.number[column.key] = np.where(
                    mine, lines.number[column.key] * times, lines.number[column.key]
                )


def _must_have_reason(key: Key, state: str, reason: str | None) -> None:
    if state in ("approved", "correcting") and not reason:
        raise UsageError(
            f"the return of {key[0]} for {key[1]} is approved; say why it is corrected"
        )


class _Versions:
    """Versions that returns become, one after the other."""

    def __init__(
        self,
        batch: Batch,
        keys: Sequence[Key],
        when: datetime,
        reason: str | None,
        person: Person,
    ) -> None:
        self.batch, self.keys = batch, keys
        self.when, self.reason, self.person = when, reason, person
        self.owners: list[int] = []
        self.numbers: list[int] = []
        self.content: list[str] = []
        self.digests: list[bytes] = []
        self.receipts: list[dict[str, Any]] = []
        self.before: list[str | None] = []
        self.ids: dict[Key, int] = {}
        self.new = self.unchanged = 0

    @property
    def taken_keys(self) -> list[Key]:
        return [self.keys[owner] for owner in self.owners]

    def seal(self, owners: Sequence[int], standing: Mapping[Key, Any]) -> None:
        form = self.batch.form
        common = {
            "form": form.form, "form_version": form.version, "unit": form.unit,
        }  # fmt: skip
        for owner, content in zip(owners, contents(self.batch, owners), strict=True):
            key = self.keys[owner]
            row = standing.get(key)
            sections = receipts.text(content)
            heads = {"enterprise": key[0], "period": key[1], **common}
            digest = receipts.sha256(receipts.sealed_text(heads, sections))
            if row is not None:
                self.ids[key] = row.id
                if row.sha256 == digest:
                    self.unchanged += 1
                    continue
                _must_have_reason(key, row.state, self.reason)
            number = 1 if row is None else row.versions + 1
            self.new += number == 1
            self.owners.append(owner)
            self.numbers.append(number)
            self.digests.append(digest)
            self.content.append(sections)
            self.before.append(None if row is None else row.state)
            self.receipts.append(
                receipts.receipt(
                    key[0], form.form, key[1], number, digest, self.when,
                    None if row is None else row.receipt,
                )
            )  # fmt: skip


def _store(
    connection: Connection,
    made: _Versions,
    zone: str,
    way: str,
    seen: Sequence[Finding],
    examined: datetime | None,
) -> list[int]:
    """Keep heads, versions, findings and audit; return the numbers of the versions."""
    if not made.owners:
        return []
    _heads(connection, made, zone)
    states = ["submitted" if n == 1 else "resubmitted" for n in made.numbers]
    versions = _versions(connection, made, way, seen, examined)
    _audit(connection, made, states)
    return versions


def _heads(connection: Connection, made: _Versions, zone: str) -> None:
    form, keys = made.batch.form, made.taken_keys
    named = partners(made.batch)
    said = [array(named.get(owner, ())) for owner in made.owners]
    spans = {p: periods.read(p).edges(zone) for p in {period for _, period in keys}}
    fresh = [n for n, key in enumerate(keys) if key not in made.ids]
    old = [n for n, key in enumerate(keys) if key in made.ids]
    ledger.copy(
        connection,
        "enterprise_return",
        pd.DataFrame(
            {
                "enterprise": [keys[n][0] for n in fresh],
                "form": form.form,
                "period": [keys[n][1] for n in fresh],
                "period_start": [spans[keys[n][1]][0] for n in fresh],
                "period_end": [spans[keys[n][1]][1] for n in fresh],
                "state": "submitted",
                "versions": 1,
                "partners": [said[n] for n in fresh],
            }
        ),
    )
    if old:
        connection.execute(
            _AGAIN,
            {
                "ids": [made.ids[keys[n]] for n in old],
                "numbers": [made.numbers[n] for n in old],
                "partners": [said[n] for n in old],
            },
        )
    codes = sorted({keys[n][0] for n in fresh})
    for row in connection.execute(_IDS, {"form": form.form, "codes": codes}):
        made.ids[row.enterprise, row.period] = row.id


def array(codes: Iterable[str]) -> str:
    """Write codes, which have no quotes, as an array of the store.

    Examples
    --------
    >>> array({"E2", "E1"})
    '{"E1","E2"}'
    """
    return "{" + ",".join(f'"{code}"' for code in sorted(codes)) + "}"


def _versions(
    connection: Connection,
    made: _Versions,
    way: str,
    seen: Sequence[Finding],
    examined: datetime | None,
) -> list[int]:
    by_owner: dict[int, list[Finding]] = defaultdict(list)
    for finding in seen:
        by_owner[finding.owner].append(finding)
    late = {f.owner for f in seen if f.code == "late"}
    ids = [made.ids[key] for key in made.taken_keys]
    ledger.copy(
        connection,
        "return_version",
        pd.DataFrame(
            {
                "return_id": ids,
                "number": made.numbers,
                "form_version": made.batch.form.version,
                "way": way,
                "content": made.content,
                "sha256": ["\\x" + digest.hex() for digest in made.digests],
                "receipt": ["\\x" + receipt["seal"] for receipt in made.receipts],
                "late": [owner in late for owner in made.owners],
                "submitted_by": str(made.person.id),
                "submitted_at": made.when,
                "reason": made.reason,
                "examined_at": examined,
            }
        ),
    )
    version_of = {
        (row.return_id, row.number): row.id
        for row in connection.execute(
            text(
                "SELECT id, return_id, number FROM return_version "
                "WHERE return_id = ANY(:ids)"
            ),
            {"ids": ids},
        )
    }
    versions = [version_of[key] for key in zip(ids, made.numbers, strict=True)]
    placed = [
        (version, finding)
        for version, owner in zip(versions, made.owners, strict=True)
        for finding in by_owner.get(owner, ())
        if finding.code != "late"  # said by the version
    ]
    ledger.copy(connection, "return_finding", examination.rows(placed))
    return versions


def _audit(connection: Connection, made: _Versions, states: Sequence[str]) -> None:
    form = made.batch.form.form
    ledger.copy(
        connection,
        "audit",
        pd.DataFrame(
            {
                "actor": str(made.person.id),
                "action": "report.submit",
                "object": [f"return:{form}/{e}/{p}" for e, p in made.taken_keys],
                "before": [
                    None if state is None else json.dumps({"state": state})
                    for state in made.before
                ],
                "after": [
                    json.dumps(
                        {"state": state, "version": number, "sha256": digest.hex(),
                         "why": made.reason}
                    )
                    for state, number, digest in zip(
                        states, made.numbers, made.digests, strict=True
                    )
                ],
                "address": made.person.address,
            }
        ),
    )  # fmt: skip
