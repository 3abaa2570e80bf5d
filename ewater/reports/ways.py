"""Ways in and out of returns, for commands: files in, templates and findings out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.errors import UsageError
from ewater.reports import (
    bulk_read,
    known,
    periods,
    stored,
    who,
    workbook,
    workbook_read,
)
from ewater.reports.examine import facts as figures
from ewater.reports.examine import run as examination
from ewater.reports.examine import totals
from ewater.reports.findings import Finding
from ewater.reports.who import IN_SCOPE, PLACED

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ewater.reports.batch import Batch
    from ewater.reports.form import Form
    from ewater.reports.who import Person

_ZIP = b"PK\x03\x04"


def read(
    connection: Connection, raw: bytes, file: str, form: str | None = None
) -> tuple[Batch, list[Finding], str]:
    """Read a file of returns: a filled-in workbook or a CSV archive.

    Returns
    -------
    batch, findings of the file, way

    Raises
    ------
    FaultsError
        It is neither.
    """
    if raw.startswith(_ZIP):
        filled = workbook_read.read(
            raw, file, lambda code: known.form_of(connection, form or code)
        )
        return filled.batch, filled.findings, "xlsx"
    return bulk_read.read(raw, file, known.form_of(connection, form)), [], "csv"


def template(
    connection: Connection,
    person: Person,
    enterprise: str,
    period: str,
    form: str | None = None,
    language: str = "en",
) -> bytes:
    """Write the workbook of an enterprise for a period.

    Raises
    ------
    ForbiddenError
        The enterprise is not theirs.
    UsageError
        There is no such enterprise, form or period.
    """
    who.allow(connection, person, who.READ, enterprise)
    chosen, when = known.form_of(connection, form), periods.read(period)
    facts = known.read(connection, chosen, [enterprise])
    if facts.enterprises.empty:
        raise UsageError(f"no enterprise has the code {enterprise!r}")
    start, end = when.edges(facts.zone)
    permits = facts.permits
    valid = (permits["valid_from"].isna() | (permits["valid_from"] < end)) & (
        permits["valid_to"].isna() | (permits["valid_to"] > start)
    )
    head = stored.find(connection, enterprise, chosen.form, str(when))
    draft = stored.draft(connection, head.id) if head else None
    before = str(periods.Period(when.year - 1, when.quarter))
    earlier = stored.find(connection, enterprise, chosen.form, before)
    previous = None
    if earlier is not None and earlier.versions:
        previous = stored.version(connection, earlier.id)["content"]
    return workbook.write(
        chosen,
        {"code": enterprise, "name": facts.enterprises["name"].iloc[-1]},
        str(when),
        zone=facts.zone,
        language=language,
        content=draft["content"] if draft else None,
        permits=permits[valid].to_dict("records"),
        previous=previous,
    )


def examine(connection: Connection, form: Form) -> int:
    """Cross-examine every return of a form, and look for breaks in its totals.

    Returns
    -------
    int
        How many breaks are not explained.
    """
    examined = examination.everything(connection, form)
    if examined is None:
        return 0
    batch, found = examined
    rows = totals.breaks(figures.facts(batch), totals.groups(connection), found)
    return totals.keep(connection, form, rows)


def findings(
    connection: Connection,
    person: Person,
    form: Form,
    language: str = "en",
    *,
    number: int | None = None,
    period: str | None = None,
    code: str | None = None,
    count: int = 1000,
) -> list[dict[str, Any]]:
    """List findings in the newest versions of returns, the gravest and largest first.

    Returns
    -------
    list of dict
        As `Finding.document`, with ``return``, ``enterprise``, ``name``, ``period``.
    """
    rows = connection.execute(
        text(
            'SELECT r.id AS "return", r.enterprise, e.name, r.period, f.code, '  # noqa: S608
            'f.severity, f.section, f.line, f."column", f.place, f.size_m3, '
            "f.evidence, f.cause "
            "FROM return_finding AS f JOIN return_version AS v ON v.id = f.version_id "
            "JOIN enterprise_return AS r ON r.id = v.return_id "
            "AND r.versions = v.number "
            f"JOIN {PLACED} AS e ON e.code = r.enterprise WHERE {IN_SCOPE} "
            "AND r.form = :form "
            "AND (CAST(:number AS bigint) IS NULL OR r.id = :number) "
            "AND (CAST(:period AS text) IS NULL OR r.period = :period) "
            "AND (CAST(:code AS text) IS NULL OR f.code = :code) "
            "ORDER BY array_position(ARRAY['error', 'grave', 'warning', 'notice'], "
            "f.severity), f.size_m3 DESC NULLS LAST, f.id LIMIT :count"
        ),
        {
            **person.scope(connection),
            "form": form.form,
            "number": number,
            "period": period,
            "code": code,
            "count": count,
        },
    ).mappings()
    heads = ("return", "enterprise", "name", "period")
    found = []
    for row in rows:
        fields = {k: row[k] for k in row if k not in (*heads, "evidence")}
        finding = Finding(**fields, values=row["evidence"])
        found.append({**{k: row[k] for k in heads}, **finding.document(language, form)})
    return found
