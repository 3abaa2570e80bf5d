"""Who owes a return, until when, and who was reminded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.errors import UsageError
from ewater.reports import known, periods, who
from ewater.reports.who import IN_SCOPE, PLACED
from ewater.series.calendars import last_day

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ewater.reports.form import Form
    from ewater.reports.who import Person

    Row = dict[str, Any]

#: The frame is the register of permits (METHODS 6.3): who held one in the period owes a
#: return, and who was open; so does whoever reported for the period before.
_MISSING = (
    "SELECT e.code AS enterprise, e.name, e.territory, r.id, "  # noqa: S608 - constants
    "coalesce(r.state, 'none') AS state, own.due_at AS own_due, "
    "(SELECT max(CASE WHEN m.step IS NULL THEN m.at ELSE m.sent_at END) "
    " FROM return_reminder AS m WHERE m.enterprise = e.code "
    " AND m.form = :form AND m.period = :period) AS reminded_at, "
    "(SELECT sum(p.limit_m3 * CASE p.per WHEN 'day' THEN 365.25 WHEN 'month' THEN 12 "
    " ELSE 1 END) FROM permits AS p WHERE p.enterprise = e.code "
    " AND p.recorded_to IS NULL AND (p.valid_from IS NULL OR p.valid_from < :end) "
    " AND (p.valid_to IS NULL OR p.valid_to > :start)) AS permitted_m3 "
    f"FROM {PLACED} AS e LEFT JOIN enterprise_return AS r ON r.enterprise = e.code "
    "AND r.form = :form AND r.period = :period "
    "LEFT JOIN return_deadline AS own ON own.enterprise = e.code "
    "AND own.form = :form AND own.period = :period "
    f"WHERE {IN_SCOPE} AND coalesce(r.versions, 0) = 0 "
    "AND (e.valid_from IS NULL OR e.valid_from < :end) "
    "AND (e.valid_to IS NULL OR e.valid_to > :start) "
    "AND (EXISTS (SELECT FROM permits AS p WHERE p.enterprise = e.code "
    " AND p.recorded_to IS NULL AND (p.valid_from IS NULL OR p.valid_from < :end) "
    " AND (p.valid_to IS NULL OR p.valid_to > :start)) "
    "OR EXISTS (SELECT FROM enterprise_return AS b WHERE b.enterprise = e.code "
    " AND b.form = :form AND b.versions > 0 AND b.period = :before)) "
    "ORDER BY permitted_m3 DESC NULLS LAST, e.code"
)


def missing(
    connection: Connection,
    person: Person,
    period: str,
    form: str | None = None,
    *,
    now: datetime | None = None,
) -> list[Row]:
    """List who has not reported for a period, those with the largest permits first.

    Returns
    -------
    list of dict
        ``enterprise``, ``name``, ``territory``, ``state`` (``none``, or of a draft),
        ``permitted_m3`` a year, ``due_at``, ``last_day`` in time, by the clocks of the
        country, ``overdue``, ``reminded_at``.
    """
    chosen = known.form_of(connection, form)
    when = periods.read(period)
    zone = known.zone_of(connection)
    start, end = when.edges(zone)
    rows = connection.execute(
        text(_MISSING),
        {
            **person.scope(connection),
            "form": chosen.form,
            "period": str(when),
            "before": str(periods.Period(when.year - 1, when.quarter)),
            "start": start,
            "end": end,
        },
    ).mappings()
    usual = deadline(connection, chosen, str(when))
    at = now or datetime.now(UTC)
    return [
        {
            **{key: value for key, value in row.items() if key != "own_due"},
            "due_at": row["own_due"] or usual,
            "last_day": last_day(row["own_due"] or usual, zone),
            "overdue": at > (row["own_due"] or usual),
        }
        for row in rows
    ]


def deadline(connection: Connection, form: Form, period: str) -> datetime:
    """When the returns of a period are due, but for those with a date of their own."""
    said: datetime | None = connection.scalar(
        text(
            "SELECT due_at FROM return_deadline WHERE form = :form "
            "AND period = :period AND enterprise IS NULL"
        ),
        {"form": form.form, "period": period},
    )
    if said is not None:
        return said
    return known.due_by_rule(form, periods.read(period), known.zone_of(connection))


def extend(
    connection: Connection,
    person: Person,
    period: str,
    due_at: datetime,
    reason: str,
    *,
    form: str | None = None,
    enterprise: str | None = None,
) -> None:
    """Set another deadline, for one enterprise or for all.

    Raises
    ------
    UsageError
        The time has no offset, or no reason is given.
    ForbiddenError
        The role does not review, or the enterprise is outside its scope.
    """
    if due_at.tzinfo is None:
        raise UsageError(f"{due_at.isoformat()} has no offset; write one, such as Z")
    if not reason.strip():
        raise UsageError("say why the deadline is another, in a sentence")
    if enterprise is None:
        who.must_see_all(person, who.REVIEW)
    else:
        who.allow(connection, person, who.REVIEW, enterprise)
    chosen = known.form_of(connection, form)
    values = {
        "form": chosen.form,
        "period": str(periods.read(period)),
        "enterprise": enterprise,
    }
    before = connection.scalar(
        text(
            "SELECT due_at FROM return_deadline WHERE form = :form "
            "AND period = :period AND enterprise IS NOT DISTINCT FROM :enterprise"
        ),
        values,
    )
    connection.execute(
        text(
            "INSERT INTO return_deadline (form, period, enterprise, due_at, reason, "
            "actor) VALUES (:form, :period, :enterprise, :due, :reason, :who) "
            "ON CONFLICT (form, period, enterprise) DO UPDATE SET "
            "due_at = excluded.due_at, reason = excluded.reason, actor = excluded.actor"
        ),
        {**values, "due": due_at, "reason": reason, "who": person.id},
    )
    who.note(
        connection,
        person,
        "deadline",
        f"deadline:{chosen.form}/{values['period']}/{enterprise or 'all'}",
        None if before is None else {"due_at": before.isoformat()},
        {"due_at": due_at.isoformat(), "why": reason},
    )


def remind(
    connection: Connection,
    person: Person,
    period: str,
    form: str | None = None,
    *,
    now: datetime | None = None,
    again_after_days: int = 7,
) -> list[Row]:
    """Note a reminder for everybody whose return is overdue, and who was not reminded.

    Returns
    -------
    list of dict
        Rows of :func:`missing` that are to be told; sending is the caller's.
    """
    if not person.may(who.REVIEW):
        who.refuse(person, who.REVIEW)
    at = now or datetime.now(UTC)
    chosen = known.form_of(connection, form)
    said = str(periods.read(period))
    due = [
        row
        for row in missing(connection, person, period, chosen.form, now=at)
        if row["overdue"]
        and (
            row["reminded_at"] is None
            or (at - row["reminded_at"]).days >= again_after_days
        )
    ]
    if due:
        connection.execute(
            text(
                "INSERT INTO return_reminder (enterprise, form, period, actor, at) "
                "VALUES (:enterprise, :form, :period, :who, :at)"
            ),
            [
                {
                    "enterprise": row["enterprise"],
                    "form": chosen.form,
                    "period": said,
                    "who": person.id,
                    "at": at,
                }
                for row in due
            ],
        )
        what = f"period:{chosen.form}/{said}"
        named = {"enterprises": [row["enterprise"] for row in due]}
        who.note(connection, person, "remind", what, None, named)
    return due


def rate(connection: Connection, period: str, form: str | None = None) -> Row:
    """Response of a period: how many owe a return, how many came, by permitted volume.

    Returns
    -------
    dict
        ``due``, ``came``, ``permitted_m3``, ``came_m3``, ``rate`` (by volume; None
        where nobody holds a permit).
    """
    chosen = known.form_of(connection, form)
    when = periods.read(period)
    start, end = when.edges(known.zone_of(connection))
    row = connection.execute(
        text(
            "SELECT count(*) AS due, count(*) FILTER (WHERE r.versions > 0) AS came, "
            "coalesce(sum(p.m3), 0) AS permitted_m3, "
            "coalesce(sum(p.m3) FILTER (WHERE r.versions > 0), 0) AS came_m3 "
            "FROM (SELECT enterprise, sum(limit_m3 * CASE per WHEN 'day' THEN 365.25 "
            " WHEN 'month' THEN 12 ELSE 1 END) AS m3 FROM permits "
            " WHERE recorded_to IS NULL AND (valid_from IS NULL OR valid_from < :end) "
            " AND (valid_to IS NULL OR valid_to > :start) GROUP BY enterprise) AS p "
            "LEFT JOIN enterprise_return AS r ON r.enterprise = p.enterprise "
            "AND r.form = :form AND r.period = :period"
        ),
        {"form": chosen.form, "period": str(when), "start": start, "end": end},
    ).mappings()
    found = dict(row.one())
    whole = found["permitted_m3"]
    return {**found, "rate": found["came_m3"] / whole if whole else None}
