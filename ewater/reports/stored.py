"""Returns in the database: heads, drafts, versions, remarks, findings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from ewater.errors import UsageError
from ewater.reports.findings import Finding
from ewater.reports.who import IN_SCOPE, PLACED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    Row = dict[str, Any]

_HEAD = (
    "SELECT r.id, r.enterprise, r.form, r.period, r.period_start, r.period_end, "
    "r.state, r.edits, r.versions, r.approved, r.superseded_by, r.changed_at "
    "FROM enterprise_return AS r WHERE "
)
_NEWEST_DRAFT = text(
    "SELECT content, edits, actor, at FROM return_draft WHERE return_id = :id "
    "AND NOT aside ORDER BY edits DESC, id DESC LIMIT 1"
)
_ADD_DRAFT = text(
    "INSERT INTO return_draft (return_id, edits, aside, content, actor) "
    "VALUES (:id, :edits, :aside, :content, :actor) RETURNING id"
).bindparams(bindparam("content", type_=JSONB))
_ADD_VERSION = text(
    "INSERT INTO return_version (return_id, number, form_version, way, content, "
    "sha256, receipt, late, submitted_by, submitted_at, reason) VALUES (:id, :number, "
    ":form_version, :way, :content, :sha256, :receipt, :late, :actor, :at, :reason) "
    "RETURNING id"
).bindparams(bindparam("content", type_=JSONB))
_VERSIONS = text(
    "SELECT v.*, p.name AS submitted_name, q.name AS decided_name "
    "FROM return_version AS v LEFT JOIN person AS p ON p.id = v.submitted_by "
    "LEFT JOIN person AS q ON q.id = v.decided_by "
    "WHERE v.return_id = :id ORDER BY v.number"
)
_ADD_FINDING = text(
    "INSERT INTO return_finding (version_id, code, severity, section, line, "
    '"column", place, size_m3, evidence, cause) VALUES (:version, :code, :severity, '
    ":section, :line, :column, :place, :size_m3, :evidence, :cause)"
).bindparams(bindparam("evidence", type_=JSONB))
_FINDINGS = text(
    'SELECT code, severity, section, line, "column", place, size_m3, '
    "evidence AS values, cause FROM return_finding WHERE version_id = :version "
    "ORDER BY id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A return as a whole."""

    id: int
    enterprise: str
    form: str
    period: str
    period_start: datetime
    period_end: datetime
    state: str
    edits: int
    versions: int
    approved: int | None
    superseded_by: int | None
    changed_at: datetime

    @property
    def code(self) -> str:
        """How the audit names it."""
        return f"return:{self.form}/{self.enterprise}/{self.period}"


def head(connection: Connection, number: int, *, lock: bool = False) -> Head:
    """Find a return; with ``lock`` nobody else changes it meanwhile.

    Raises
    ------
    UsageError
        There is none.
    """
    statement = text(_HEAD + "r.id = :id" + (" FOR UPDATE" if lock else ""))
    row = connection.execute(statement, {"id": number}).mappings().one_or_none()
    if row is None:
        raise UsageError(f"there is no return {number}; see `ewater report list`")
    return Head(**row)


def find(
    connection: Connection, enterprise: str, form: str, period: str
) -> Head | None:
    """Find the return of an enterprise for a period."""
    statement = text(
        _HEAD + "r.enterprise = :enterprise AND r.form = :form AND r.period = :period"
    )
    values = {"enterprise": enterprise, "form": form, "period": period}
    row = connection.execute(statement, values).mappings().one_or_none()
    return None if row is None else Head(**row)


def create(
    connection: Connection,
    enterprise: str,
    form: str,
    period: str,
    edges: tuple[datetime, datetime],
) -> Head:
    """Find the return of an enterprise for a period, or make an empty draft."""
    connection.execute(
        text(
            "INSERT INTO enterprise_return (enterprise, form, period, period_start, "
            "period_end, state) VALUES (:enterprise, :form, :period, :start, :end, "
            "'draft') ON CONFLICT DO NOTHING"
        ),
        {
            "enterprise": enterprise,
            "form": form,
            "period": period,
            "start": edges[0],
            "end": edges[1],
        },
    )
    found = find(connection, enterprise, form, period)
    assert found is not None  # noqa: S101 - it was just made
    return head(connection, found.id, lock=True)


def change(connection: Connection, number: int, **values: Any) -> None:
    """Change columns of a return."""
    said = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(
        text(
            f"UPDATE enterprise_return SET {said}, "  # noqa: S608 - our names
            "changed_at = clock_timestamp() WHERE id = :id"
        ),
        {"id": number, **values},
    )


def draft(connection: Connection, number: int) -> Row | None:
    """Newest draft: ``content``, ``edits``, ``actor``, ``at``; None: none was saved."""
    row = connection.execute(_NEWEST_DRAFT, {"id": number}).mappings().one_or_none()
    return None if row is None else dict(row)


def draft_at(connection: Connection, number: int, edits: int) -> Row | None:
    """Find the draft that had this number of saves; None if it is gone."""
    row = (
        connection.execute(
            text(
                "SELECT content FROM return_draft WHERE return_id = :id "
                "AND edits = :edits AND NOT aside ORDER BY id DESC LIMIT 1"
            ),
            {"id": number, "edits": edits},
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else dict(row)


def add_draft(
    connection: Connection,
    number: int,
    edits: int,
    content: Mapping[str, Any],
    who: UUID,
    *,
    aside: bool = False,
) -> int:
    """Keep a draft; ``aside`` where it could not be merged."""
    values = {
        "id": number,
        "edits": edits,
        "aside": aside,
        "content": content,
        "actor": who,
    }
    found: int = connection.execute(_ADD_DRAFT, values).scalar_one()
    return found


def add_version(connection: Connection, **values: Any) -> int:
    """Keep a submitted version; return its number in the store."""
    found: int = connection.execute(_ADD_VERSION, values).scalar_one()
    return found


def versions(connection: Connection, number: int) -> list[Row]:
    """All versions of a return, the first first."""
    return [
        dict(row) for row in connection.execute(_VERSIONS, {"id": number}).mappings()
    ]


def version(connection: Connection, number: int, wanted: int | None = None) -> Row:
    """One version of a return; the newest if none is named.

    Raises
    ------
    UsageError
        There is none.
    """
    found = versions(connection, number)
    fitting = [row for row in found if wanted in (None, row["number"])]
    if not fitting:
        raise UsageError(
            f"return {number} has no version {wanted or ''}".rstrip()
            + f"; it was submitted {len(found)} times"
        )
    return fitting[-1]


def keep_findings(
    connection: Connection, version_id: int, findings: Iterable[Finding]
) -> None:
    """Replace the findings of a version."""
    connection.execute(
        text("DELETE FROM return_finding WHERE version_id = :id"), {"id": version_id}
    )
    rows = [
        {
            "version": version_id,
            "code": f.code,
            "severity": f.severity,
            "section": f.section,
            "line": f.line,
            "column": f.column,
            "place": f.place,
            "size_m3": f.size_m3,
            "evidence": json.loads(json.dumps(dict(f.values), default=str)),
            "cause": f.cause,
        }
        for f in findings
    ]
    if rows:
        connection.execute(_ADD_FINDING, rows)


def findings(connection: Connection, version_id: int) -> list[Finding]:
    """List the findings of a version, as they were kept."""
    rows = connection.execute(_FINDINGS, {"version": version_id}).mappings()
    return [Finding(**row) for row in rows]


def remarks(connection: Connection, number: int) -> list[Row]:
    """Remarks on a return, the newest first."""
    rows = connection.execute(
        text(
            'SELECT m.version, m.section, m.line, m."column", m.body, p.name AS who, '
            "m.at FROM return_remark AS m LEFT JOIN person AS p ON p.id = m.actor "
            "WHERE m.return_id = :id ORDER BY m.id DESC"
        ),
        {"id": number},
    )
    return [dict(row) for row in rows.mappings()]


def add_remark(
    connection: Connection,
    number: int,
    wanted: int,
    who: UUID,
    body: str,
    place: tuple[str | None, int | None, str | None] = (None, None, None),
) -> None:
    """Keep a remark on a version: on its section, line and column, or on all of it."""
    connection.execute(
        text(
            'INSERT INTO return_remark (return_id, version, section, line, "column", '
            "body, actor) VALUES (:id, :version, :section, :line, :column, :body, :who)"
        ),
        {
            "id": number,
            "version": wanted,
            "section": place[0],
            "line": place[1],
            "column": place[2],
            "body": body,
            "who": who,
        },
    )


_LIST = (
    "SELECT r.id, r.enterprise, e.name, e.territory, r.form, r.period, r.state, "  # noqa: S608 - constants
    "r.edits, r.versions, r.approved, r.superseded_by, r.changed_at, v.late, v.way, "
    "v.submitted_at, v.examined_at, "
    "coalesce(f.errors, 0) AS errors, coalesce(f.grave, 0) AS grave, "
    "coalesce(f.warnings, 0) AS warnings, f.size_m3, "
    "CASE WHEN f.grave > 0 THEN 'grave' WHEN f.warnings > 0 THEN 'warning' "
    " WHEN f.notices > 0 THEN 'notice' END AS severity "
    f"FROM enterprise_return AS r JOIN {PLACED} AS e ON e.code = r.enterprise "
    "LEFT JOIN return_version AS v ON v.return_id = r.id AND v.number = r.versions "
    "LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE severity = 'error') AS errors, "
    " count(*) FILTER (WHERE severity = 'grave') AS grave, "
    " count(*) FILTER (WHERE severity = 'warning') AS warnings, "
    " count(*) FILTER (WHERE severity = 'notice') AS notices, "
    " max(size_m3) AS size_m3 FROM return_finding WHERE version_id = v.id "
    " AND cause IS NULL) AS f ON true "
    f"WHERE {IN_SCOPE} "
    "AND (CAST(:form AS text) IS NULL OR r.form = :form) "
    "AND (CAST(:period AS text) IS NULL OR r.period = :period) "
    "AND (CAST(:enterprise AS text) IS NULL OR r.enterprise = :enterprise) "
    "AND (CAST(:states AS text[]) IS NULL OR r.state = ANY(:states)) "
)
_ORDERS = {
    "queue": "ORDER BY CASE WHEN f.grave > 0 THEN 0 WHEN f.warnings > 0 THEN 1 "
    "ELSE 2 END, f.size_m3 DESC NULLS LAST, v.submitted_at, r.id",
    "period": "ORDER BY r.period_start DESC, r.enterprise",
}


def listed(
    connection: Connection,
    scope: Mapping[str, Any],
    *,
    form: str | None = None,
    period: str | None = None,
    enterprise: str | None = None,
    states: Sequence[str] | None = None,
    order: str = "period",
    count: int = 1000,
) -> list[Row]:
    """List returns of a scope, with what was found in their newest version."""
    statement = text(f"{_LIST} {_ORDERS[order]} LIMIT :count")
    values = {
        **scope,
        "form": form,
        "period": period,
        "enterprise": enterprise,
        "states": None if states is None else list(states),
        "count": count,
    }
    return [dict(row) for row in connection.execute(statement, values).mappings()]
