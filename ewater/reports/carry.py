"""Returns in the country folder: ``returns.jsonl``, which `carry_load` reads.

One JSON document in each line: returns with their versions, findings, remarks, drafts
and signatures, then keys, deadlines, breaks and sign-offs. Figures that the account
counts stand in ``reports.csv``; who did what stays in the audit of the database where
it was done, so that no person is named.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.reports import receipts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    Document = dict[str, Any]

FILE = "returns.jsonl"
_HEADS = text(
    "SELECT id, enterprise, form, period, state, edits, approved, partners "
    "FROM enterprise_return ORDER BY enterprise, form, period_start, period_end"
)
#: Parts of returns: what a line calls them, table, columns, and order.
_OF_RETURNS = {
    "versions": (
        "return_version",
        "number, form_version, way, content, sha256, receipt, late, submitted_at, "
        "reason, decision, decided_at, decided_why, recorded_at IS NOT NULL AS counted",
        "number",
    ),
    "remarks": (
        "return_remark",
        'version, section, line, "column", body, at',
        "id",
    ),
    "drafts": ("return_draft", "edits, aside, content, at", "id"),
}
_SIGNATURES = text(
    "SELECT v.return_id, v.number AS version, s.kind, s.signature, s.signer, "
    "t.name AS trust, s.verified_at FROM return_signature AS s "
    "JOIN return_version AS v ON v.id = s.version_id "
    "JOIN return_trust AS t ON t.id = s.trust_id ORDER BY s.id"
)
_FINDINGS = text(
    "SELECT v.return_id, v.number AS version, f.code, f.severity, f.section, f.line, "
    'f."column", f.place, f.size_m3, f.evidence, f.cause FROM return_finding AS f '
    "JOIN return_version AS v ON v.id = f.version_id ORDER BY v.number, f.code, "
    'f.section, f.line, f."column", f.size_m3, f.id'
)
#: Tables that are carried as they are: what a line is called, and its columns.
FLAT = {
    "trust": ("return_trust", "kind, name, enterprise, pem, added_at, revoked_at"),
    "deadline": ("return_deadline", "form, period, enterprise, due_at, reason"),
    "break": (
        "total_break",
        "form, kind, code, item, period, before_m3, after_m3, evidence, found_at, "
        "reason, explanation, explained_at",
    ),
    "sign_off": ("period_sign_off", "form, period, at, reason"),
}
_ORDER = {"trust": "name", "deadline": "form, period, enterprise",
          "break": "form, kind, code, item, period",
          "sign_off": "form, period"}  # fmt: skip


def dump(connection: Connection, folder: Path) -> int:
    """Write the returns into a country folder; return how many.

    A file of an earlier dump is replaced, or removed where there is nothing.
    """
    lines = [*_returns(connection), *_flat(connection)]
    path = folder / FILE
    if not lines:
        path.unlink(missing_ok=True)
        return 0
    body = "".join(receipts.text(line) + "\n" for line in lines)
    path.write_text(body, "utf-8", newline="\n")
    return sum("enterprise" in line and "versions" in line for line in lines)


def _returns(connection: Connection) -> Iterator[Document]:
    parts: dict[str, dict[int, list[Document]]] = {}
    for name, (table, columns, order) in _OF_RETURNS.items():
        statement = text(
            f"SELECT return_id, {columns} FROM {table} ORDER BY return_id, {order}"  # noqa: S608 - constants
        )
        parts[name] = _grouped(connection, statement)
    parts["signatures"] = _grouped(connection, _SIGNATURES)
    parts["findings"] = _grouped(connection, _FINDINGS)
    for row in connection.execute(_HEADS).mappings():
        head = {key: row[key] for key in row if key != "id"}
        yield {
            **head,
            **{name: found.get(row["id"], []) for name, found in parts.items()},
        }


def _grouped(connection: Connection, statement: Any) -> dict[int, list[Document]]:
    found: dict[int, list[Document]] = {}
    for row in connection.execute(statement).mappings():
        said = {key: _written(row[key]) for key in row if key != "return_id"}
        found.setdefault(row["return_id"], []).append(said)
    return found


def _flat(connection: Connection) -> Iterator[Document]:
    for name, (table, columns) in FLAT.items():
        statement = text(f"SELECT {columns} FROM {table} ORDER BY {_ORDER[name]}")  # noqa: S608 - constants
        for row in connection.execute(statement).mappings():
            yield {name: {key: _written(row[key]) for key in row}}


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value
