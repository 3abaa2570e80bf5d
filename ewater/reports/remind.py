"""Reminders: who is told before and after the deadline of a return, once a step.

A form says its steps, in days of the deadline. What is to be sent is kept first, one
row for each address; a unique key of deadline, step and address keeps it from being
sent twice, by however many workers. A deadline that is moved has steps of its own.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from ewater import outgoing
from ewater.errors import NotReadyError, UsageError
from ewater.reports import due, known, periods, who
from ewater.reports.words import LANGUAGES, say
from ewater.series.calendars import last_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Engine

    from ewater.reports.form import Form
    from ewater.reports.who import Person

    Row = dict[str, Any]

#: A step that was missed for so long, because no worker ran, is left out.
_STALE = timedelta(days=30)
_BACK = 8  # quarters, and so many quarters' worth of years
_EVERY_S = 3600.0
_MOST = 200
_log = logging.getLogger(__name__)

_ADD = text(
    "INSERT INTO return_reminder (enterprise, form, period, due_at, step, address, "
    "actor, at, try_at) VALUES (:enterprise, :form, :period, :due_at, :step, "
    ":address, :who, :now, :now) ON CONFLICT (enterprise, form, period, due_at, step, "
    "address) WHERE step IS NOT NULL DO NOTHING RETURNING id"
)
_TOLD = text(
    "SELECT enterprise, period, due_at, step, address FROM return_reminder "
    "WHERE form = :form AND step IS NOT NULL"
)
_ADDRESSES = text(
    "SELECT DISTINCT ON (code) code, notify FROM enterprises "
    "WHERE recorded_to IS NULL ORDER BY code, valid_from DESC NULLS LAST"
)
_CAME = text(
    "UPDATE return_reminder AS m SET try_at = NULL, error = 'the return has come' "
    "FROM enterprise_return AS r WHERE m.try_at IS NOT NULL "
    "AND r.enterprise = m.enterprise AND r.form = m.form AND r.period = m.period "
    "AND r.versions > 0"
)
_NEXT = text(
    "SELECT m.id, m.enterprise, m.form, m.period, m.due_at, m.step, m.address, "  # noqa: S608 - constants
    "m.attempts, e.name, coalesce(r.state, 'none') AS state FROM return_reminder AS m "
    f"LEFT JOIN {who.PLACED} AS e ON e.code = m.enterprise "
    "LEFT JOIN enterprise_return AS r ON r.enterprise = m.enterprise "
    "AND r.form = m.form AND r.period = m.period "
    "WHERE m.try_at <= :now ORDER BY m.id LIMIT 1 FOR UPDATE OF m SKIP LOCKED"
)
_SENT = text(
    "UPDATE return_reminder SET sent_at = :at, try_at = NULL, error = NULL, "
    "attempts = attempts + 1 WHERE id = :id"
)
_FAILED = text(
    "UPDATE return_reminder SET try_at = :again, error = :why, "
    "attempts = attempts + 1 WHERE id = :id"
)


def planned(
    connection: Connection,
    person: Person,
    period: str | None = None,
    form: str | None = None,
    *,
    now: datetime | None = None,
) -> list[Row]:
    """List whom to remind of what at present; nothing is kept or sent.

    Parameters
    ----------
    period
        None for all whose steps are due; of a period that is named, also steps that
        were reached long ago.

    Returns
    -------
    list of dict
        ``enterprise``, ``name``, ``form``, ``period``, ``due_at``, ``step`` (days
        after the deadline), ``state``, and ``addresses`` not told of it yet; none
        where the register knows no address.

    Raises
    ------
    ForbiddenError
        The role does not review.
    """
    if not person.may(who.REVIEW):
        who.refuse(person, who.REVIEW)
    at = now or datetime.now(UTC)
    chosen = [known.form_of(connection, form)] if form else known.all_forms(connection)
    given = {row.code: row.notify for row in connection.execute(_ADDRESSES)}
    found = []
    for one in chosen:
        told: dict[tuple[Any, ...], set[str]] = {}
        for *key, address in connection.execute(_TOLD, {"form": one.form}):
            told.setdefault(tuple(key), set()).add(address)
        for said in _periods(one, period, known.zone_of(connection), at):
            for row in _reached(connection, person, one, said, at, late=bool(period)):
                which = (row["enterprise"], said, row["due_at"], row["step"])
                every = str(given.get(row["enterprise"]) or "").split()
                new = [a for a in every if a not in told.get(which, ())]
                if new or not every:
                    found.append({**row, "addresses": new})
    return found


def _periods(form: Form, period: str | None, zone: str, now: datetime) -> Iterator[str]:
    """Periods whose steps may be due: those that ended, not too long ago."""
    if period is not None:
        yield str(periods.read(period))
        return
    last = now.astimezone(ZoneInfo(zone)).year
    every = [
        *(periods.Period(last - n) for n in range(_BACK // 4 + 1)),
        *(periods.Period(last - n // 4, 4 - n % 4) for n in range(_BACK + 4)),
    ]
    for one in every:
        kind = "year" if one.quarter is None else "quarter"
        if kind in form.remind.periods and one.edges(zone)[1] <= now:
            yield str(one)


def _reached(
    connection: Connection,
    person: Person,
    form: Form,
    period: str,
    now: datetime,
    *,
    late: bool,
) -> Iterator[Row]:
    """Who owes a return of the period, with the last step that was reached."""
    end = periods.read(period).edges(known.zone_of(connection))[1]
    for row in due.missing(connection, person, period, form.form, now=now):
        steps = [
            (step, max(row["due_at"] + timedelta(days=step), end))
            for step in form.remind.days
        ]
        passed = [(step, since) for step, since in steps if since <= now]
        if not passed:
            continue
        step, since = passed[-1]
        if late or now - since <= _STALE:
            names = ("enterprise", "name", "state", "due_at")
            kept = {name: row[name] for name in names}
            yield {**kept, "form": form.form, "period": period, "step": step}


def keep(
    connection: Connection,
    person: Person,
    rows: Sequence[Row],
    *,
    now: datetime | None = None,
) -> int:
    """Keep what `planned` lists, to be sent by `send_due`; return how many are new."""
    at = now or datetime.now(UTC)
    new: dict[tuple[str, str], list[str]] = {}
    count = 0
    for row in rows:
        for address in row["addresses"]:
            values = {**row, "address": address, "who": person.id, "now": at}
            del values["addresses"]
            if connection.execute(_ADD, values).first() is not None:
                count += 1
                new.setdefault((row["form"], row["period"]), []).append(
                    row["enterprise"]
                )
    for (form, period), enterprises in new.items():
        after = {"enterprises": sorted(set(enterprises))}
        who.note(connection, person, "remind", f"period:{form}/{period}", None, after)
    return count


def send_due(
    engine: Engine, now: datetime | None = None, *, most: int = _MOST
) -> tuple[int, int]:
    """Send what is kept and due; return how many went out, and how many did not.

    At most so many are tried; the rest waits for the next time.

    What fails is tried again, later each time, and given up after some tries; nobody
    is reminded of what has come meanwhile.
    """
    sent = failed = 0
    with engine.begin() as connection:
        connection.execute(_CAME)
    for _ in range(most):
        at = now or datetime.now(UTC)
        with engine.begin() as connection:
            row = connection.execute(_NEXT, {"now": at}).mappings().one_or_none()
            if row is None:
                break
            try:
                _tell(connection, dict(row))
            except outgoing.FAILURES as why:
                _log.warning("reminder %d not sent: %s", row["id"], why)
                values = {"again": outgoing.again(row["attempts"], at), "why": str(why)}
                connection.execute(_FAILED, {"id": row["id"], **values})
                failed += 1
            else:
                connection.execute(_SENT, {"id": row["id"], "at": at})
                sent += 1
    return sent, failed


def _tell(connection: Connection, row: Row) -> None:
    form = known.form_of(connection, row["form"])
    zone = known.zone_of(connection)
    if outgoing.is_web(row["address"]):
        outgoing.post(row["address"], document(row))
    else:
        outgoing.mail(row["address"], *letter(row, form, zone))


def document(row: Row) -> Row:
    """Say what a reminder is about, as plain data."""
    names = ("enterprise", "name", "form", "period", "state", "step")
    return {
        "event": "return_due",
        **{name: row[name] for name in names},
        "due_at": row["due_at"].isoformat(),
    }


def letter(row: Row, form: Form, zone: str) -> tuple[str, str]:
    """Write subject and body of a mail, in every language."""
    last = last_day(row["due_at"], zone)
    values = {
        "name": row["name"] or row["enterprise"],
        "code": row["enterprise"],
        "form": form.names.model_dump(),
        "period": row["period"],
        "date": last.isoformat(),
    }
    code = "remind_before" if row["step"] <= 0 else "remind_after"
    draft = "remind_none" if row["state"] == "none" else "remind_draft"
    parts = [
        f"{say(code, language, values)} {say(draft, language, values)}"
        for language in LANGUAGES
    ]
    return (
        f"{row['form']} {row['period']}: {values['name']} ({row['enterprise']})",
        "\n\n".join(parts) + "\n",
    )


def must_reach(rows: Sequence[Row]) -> None:
    """Refuse to keep mails while there is no server to send them.

    Raises
    ------
    UsageError
        A mail is to be sent, and no mail server is set.
    """
    mails = any(not outgoing.is_web(a) for row in rows for a in row["addresses"])
    if mails and not outgoing.can_mail():
        raise UsageError("no mail server: set EWATER_SMTP_URL and EWATER_MAIL_FROM")


def watch() -> Callable[[Engine], None]:
    """Make what the worker does: keep once an hour what is due, and send it."""
    last = [-_EVERY_S]

    def act(engine: Engine) -> None:
        if time.monotonic() - last[0] >= _EVERY_S:
            last[0] = time.monotonic()
            with engine.begin() as connection:
                person = who.command(connection, "worker")
                try:
                    rows = planned(connection, person)
                except NotReadyError:  # no country is loaded yet
                    rows = []
                mails = outgoing.can_mail()
                for row in rows:  # mail waits until a server is set
                    row["addresses"] = [
                        a for a in row["addresses"] if mails or outgoing.is_web(a)
                    ]
                keep(connection, person, rows)
        send_due(engine)

    return act
