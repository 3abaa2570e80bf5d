"""Returns for pages: one of them, the queue of review, who is missing, breaks.

They change without the data: ask with `CachedReader.look`. Every question keeps to
the scope of the asker in its own query (`ewater.reports.who`).
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text as sql

from ewater.accounts.scope import territories_of
from ewater.dashboard.acting import reading
from ewater.reports import beside as beside_of
from ewater.reports import (
    due,
    known,
    online,
    periods,
    review,
    seen,
    signing,
    stored,
    who,
)  # fmt: skip
from ewater.reports.examine import totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from ewater.accounts.scope import Scope
    from ewater.reports.form import Form
    from ewater.reports.who import Person

    Document = dict[str, Any]

_YEARS = 6  # that a return can be begun for
_QUEUE = 500
_ENTERPRISES = sql(
    "SELECT e.code, e.name, e.isic, e.territory, e.valid_to FROM "  # noqa: S608 - constants
    f"{who.PLACED} AS e WHERE {who.IN_SCOPE} ORDER BY e.code"
)
_PERIODS = sql(
    "SELECT DISTINCT r.period, r.period_start FROM enterprise_return AS r "  # noqa: S608 - constants
    f"JOIN {who.PLACED} AS e ON e.code = r.enterprise WHERE r.form = :form "
    f"AND {who.IN_SCOPE} ORDER BY r.period_start DESC"
)
_METERS = sql(
    "SELECT DISTINCT p.code AS permit, s.site, s.code AS series, s.quantity, "
    "s.interval_s, s.u_systematic_pct, s.u_random_pct, "
    "(SELECT max(d.starts) FROM daily AS d JOIN series_key AS k ON k.id = d.series_id "
    " WHERE k.code = s.code AND d.observed_s > 0) AS last_day "
    "FROM permits AS p JOIN series AS s ON s.site = p.site "
    "WHERE p.enterprise = :enterprise AND p.recorded_to IS NULL "
    "AND s.recorded_to IS NULL ORDER BY s.site, s.code"
)
_NAMES = sql(
    "SELECT DISTINCT ON (code) code, name FROM enterprises "
    "WHERE recorded_to IS NULL AND code = ANY(:codes) "
    "ORDER BY code, valid_from DESC NULLS LAST"
)
_SIGNED = sql(
    "SELECT p.name AS who, s.at, s.reason FROM period_sign_off AS s "
    "LEFT JOIN person AS p ON p.id = s.actor "
    "WHERE s.form = :form AND s.period = :period"
)

_WITH_SIGNATURES = sql(
    "SELECT r.id, r.period, v.number FROM enterprise_return AS r "
    "JOIN return_version AS v ON v.return_id = r.id WHERE r.enterprise = :enterprise "
    "AND EXISTS (SELECT FROM return_signature AS s WHERE s.version_id = v.id) "
    "ORDER BY r.period_start DESC, r.id, v.number DESC"
)


@contextmanager
def _opened(
    engine: Engine, scope: Scope, enterprise: str
) -> Iterator[tuple[Connection, Person]]:
    """Open the store to somebody who may see the returns of an enterprise.

    Raises
    ------
    ForbiddenError
        The enterprise is outside the scope.
    """
    with engine.connect() as connection:
        person = reading(scope)
        who.allow(connection, person, who.READ, enterprise)
        yield connection, person


def enterprises(engine: Engine, scope: Scope) -> list[Document]:
    """Enterprises of a scope: ``code``, ``name``, ``isic``, ``territory``."""
    with engine.connect() as connection:
        values = reading(scope).scope(connection)
        rows = connection.execute(_ENTERPRISES, values).mappings()
        return [dict(row) for row in rows]


def forms(engine: Engine, scope: Scope) -> list[Form]:
    """Forms in force; anybody may know them."""
    del scope
    with engine.connect() as connection:
        return known.all_forms(connection)


def choosable(engine: Engine, scope: Scope, form: str) -> Document:
    """Say which periods a return may be chosen for.

    Returns
    -------
    dict
        ``years`` that are over, the newest first, and ``kept``: periods with returns.
    """
    with engine.connect() as connection:
        values = {**reading(scope).scope(connection), "form": form}
        kept = [row.period for row in connection.execute(_PERIODS, values)]
        last = datetime.now(UTC).year - 1
    return {"years": [str(last - n) for n in range(_YEARS)], "kept": kept}


def one(
    engine: Engine, scope: Scope, enterprise: str, form: str, period: str
) -> Document:
    """Everything of the return of an enterprise for a period, begun or not.

    Returns
    -------
    dict
        As `ewater.reports.seen.show`, with ``form``, ``id`` None and ``state``
        ``none`` where nothing was begun; ``asides``, ``author`` of the draft,
        ``due_at``, ``name`` of the enterprise.

    Raises
    ------
    ForbiddenError
        The enterprise is outside the scope.
    UsageError
        There is no such form, enterprise or period.
    """
    with _opened(engine, scope, enterprise) as (connection, person):
        chosen = known.form_of(connection, form)
        when = str(periods.read(period))
        found = stored.find(connection, enterprise, chosen.form, when)
        if found is None:
            told = _unbegun(connection, chosen, enterprise, when)
        else:
            told = seen.show(connection, person, found.id)
            told["asides"] = online.asides(connection, found.id)
            told["author"] = online.author(connection, found.id)
        return told | _about(connection, chosen, enterprise, when)


def _unbegun(
    connection: Connection, form: Form, enterprise: str, period: str
) -> Document:
    facts = known.read(connection, form, [enterprise])
    year = periods.read(period)
    earlier = str(periods.Period(year.year - 1, year.quarter))
    before = stored.find(connection, enterprise, form.form, earlier)
    previous = None
    if before is not None and before.approved is not None:
        previous = stored.version(connection, before.id, before.approved)["content"]
    return {
        "id": None,
        "enterprise": enterprise,
        "period": period,
        "state": "none",
        "edits": 0,
        "versions": [],
        "content": {},
        "remarks": [],
        "findings": [],
        "asides": [],
        "author": None,
        "saved": None,
        "previous": previous,
        "permits": facts.permits.to_dict("records"),
    }


def _about(
    connection: Connection, form: Form, enterprise: str, period: str
) -> Document:
    facts = known.read(connection, form, [enterprise])
    rows = facts.enterprises
    name = None if rows.empty else rows["name"].iloc[-1]
    due_at = facts.due(form, periods.read(period), enterprise)
    edges = periods.read(period).edges(facts.zone)
    whole = periods.read(period).quarter is None
    return {
        "form": form,
        "name": name,
        "due_at": due_at,
        "zone": facts.zone,
        "permits": beside_of.permits(facts.permits, edges, whole_year=whole),
    }


def sent_returns(engine: Engine, scope: Scope, enterprise: str) -> list[Document]:
    """List the returns of one enterprise, the newest period first.

    Raises
    ------
    ForbiddenError
        The enterprise is outside the scope.
    """
    with _opened(engine, scope, enterprise) as (connection, person):
        rows = seen.listed(connection, person, enterprise=enterprise)
        for row in rows:
            row["sent"] = stored.versions(connection, row["id"])
        return rows


def queue(engine: Engine, scope: Scope, form: str, period: str = "") -> list[Document]:
    """List what waits for a decision: the gravest first, then the largest."""
    with engine.connect() as connection:
        return seen.listed(
            connection,
            reading(scope),
            form=form,
            period=period or None,
            states=review.WAITING,
            order="queue",
            count=_QUEUE,
        )


def examined(engine: Engine, scope: Scope, number: int) -> Document:
    """One return with what others say of the same water.

    Returns
    -------
    dict
        Of `one`, with ``beside`` (`ewater.reports.beside.beside`).

    Raises
    ------
    ForbiddenError
        The enterprise is outside the scope.
    UsageError
        There is no such return.
    """
    with engine.connect() as connection:
        person: Person = reading(scope)
        head = stored.head(connection, number)
        who.allow(connection, person, who.READ, head.enterprise)
        told = one(engine, scope, head.enterprise, head.form, head.period)
        if told["versions"]:
            told["beside"] = beside_of.beside(connection, person, number)
        return told


def missing(engine: Engine, scope: Scope, form: str, period: str) -> list[Document]:
    """List who owes a return of a period; see `ewater.reports.due.missing`."""
    with engine.connect() as connection:
        return due.missing(connection, reading(scope), period, form)


def breaks(engine: Engine, scope: Scope, form: str, period: str) -> Document:
    """List breaks in totals of a period, and say whether it is signed off.

    Totals of sectors are of the whole country; a scope of organisations sees none.
    """
    inside = territories_of(engine, scope)
    with engine.connect() as connection:
        rows = totals.read(connection, form, period)
        if scope.organisations:
            rows = []
        if scope.territories:
            rows = [row for row in rows if row["code"] in inside]
        largest = [
            one["enterprise"]
            for row in rows
            for one in row["evidence"].get("largest", ())
        ]
        values = {"form": form, "period": period}
        signed = connection.execute(_SIGNED, values).mappings().one_or_none()
        named = connection.execute(_NAMES, {"codes": largest})
        names = {row.code: row.name for row in named if row.name}
    return {
        "breaks": rows,
        "signed": None if signed is None else dict(signed),
        "names": names,
    }


def instruments(engine: Engine, scope: Scope, enterprise: str) -> list[Document]:
    """Instruments at the sites that the permits of an enterprise name.

    Raises
    ------
    ForbiddenError
        The enterprise is outside the scope.
    """
    with _opened(engine, scope, enterprise) as (connection, _):
        rows = connection.execute(_METERS, {"enterprise": enterprise}).mappings()
        return [dict(row) for row in rows]


def signatures(engine: Engine, scope: Scope, enterprise: str) -> list[Document]:
    """List the signatures of all versions of an enterprise, verified again now.

    Returns
    -------
    list of dict
        As `ewater.reports.signing.verified`, with ``period`` and ``version``.

    Raises
    ------
    ForbiddenError
        The enterprise is outside the scope.
    """
    with _opened(engine, scope, enterprise) as (connection, person):
        values = {"enterprise": enterprise}
        return [
            {"period": row.period, "version": row.number, **signature}
            for row in connection.execute(_WITH_SIGNATURES, values)
            for signature in signing.verified(connection, person, row.id, row.number)
        ]


def receipt(engine: Engine, scope: Scope, number: int, version: int) -> Document | None:
    """Receipt of a submitted version; see `ewater.reports.online.receipt`."""
    with engine.connect() as connection:
        return online.receipt(connection, reading(scope), number, version)


def years(engine: Engine, scope: Scope, enterprise: str, form: str) -> list[Document]:
    """Figures of the returns of an enterprise, year by year, as they were sent last.

    Raises
    ------
    ForbiddenError
        The enterprise is outside the scope.
    """
    with _opened(engine, scope, enterprise) as (connection, person):
        rows = seen.listed(connection, person, enterprise=enterprise, form=form)
        sent = [row["id"] for row in rows if row["versions"]]
        if not sent:
            return []
        found: list[Document] = beside_of.beside(connection, person, sent[0])["years"]
        return found
