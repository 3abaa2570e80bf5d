"""What the registry knows of those who report: enterprises, permits, due dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import text

from ewater.errors import NotReadyError, UsageError
from ewater.reports import form as forms
from ewater.store import calendars

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from ewater.reports.form import Form
    from ewater.reports.periods import Period

_ENTERPRISES = text(
    "SELECT code, name, isic, territory, pump_m3h, valid_from, valid_to "
    "FROM enterprises WHERE recorded_to IS NULL "
    "AND (CAST(:codes AS text[]) IS NULL OR code = ANY(:codes)) ORDER BY code"
)
_PERMITS = text(
    "SELECT code, enterprise, source_kind, limit_m3, per, valid_from, valid_to, site "
    "FROM permits WHERE recorded_to IS NULL "
    "AND (CAST(:codes AS text[]) IS NULL OR enterprise = ANY(:codes)) ORDER BY code"
)
_RETURNS = text(
    "SELECT id, enterprise, form, period, period_start, period_end, state, approved "
    "FROM enterprise_return WHERE form = :form AND approved IS NOT NULL "
    "AND (CAST(:codes AS text[]) IS NULL OR enterprise = ANY(:codes))"
)
_DEADLINES = text(
    "SELECT enterprise, period, due_at FROM return_deadline WHERE form = :form"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What returns are checked against.

    ``enterprises`` (all validities of each), ``permits``, ``approved`` returns of the
    form, ``deadlines`` (enterprise None: everybody), the codes of territories.
    """

    now: datetime
    zone: str
    enterprises: pd.DataFrame
    permits: pd.DataFrame
    approved: pd.DataFrame
    deadlines: pd.DataFrame
    territories: frozenset[str]

    def due(self, form: Form, period: Period, enterprise: str | None) -> datetime:
        """When a return is due: the form's rule, or the deadline that was set."""
        said = self.deadlines[self.deadlines["period"] == str(period)]
        for who in (said["enterprise"] == enterprise, said["enterprise"].isna()):
            if who.any():
                found: datetime = said.loc[who, "due_at"].iloc[0].to_pydatetime()
                return found
        return due_by_rule(form, period, self.zone)


def due_by_rule(form: Form, period: Period, zone: str) -> datetime:
    """When the returns of a period are due by the form."""
    days = form.due_days.year if period.quarter is None else form.due_days.quarter
    return period.due(zone, days)


def zone_of(connection: Connection) -> str:
    """Zone of the country: that of its first calendar.

    Raises
    ------
    NotReadyError
        No country is loaded.
    """
    found = calendars.zone(connection)
    if found is None:
        raise NotReadyError("no country is loaded; load one with `ewater load DIR`")
    return found


def read(
    connection: Connection,
    form: Form,
    codes: Iterable[str] | None = None,
    now: datetime | None = None,
) -> Known:
    """Read what the returns of some enterprises, or of all, are checked against."""
    asked = {"codes": None if codes is None else sorted(set(codes))}
    return Known(
        now=now or datetime.now(UTC),
        zone=zone_of(connection),
        enterprises=frame(connection, _ENTERPRISES, asked, "valid_from", "valid_to"),
        permits=frame(connection, _PERMITS, asked, "valid_from", "valid_to"),
        approved=frame(
            connection,
            _RETURNS,
            {**asked, "form": form.form},
            "period_start",
            "period_end",
        ),
        deadlines=frame(connection, _DEADLINES, {"form": form.form}, "due_at"),
        territories=frozenset(
            connection.scalars(
                text("SELECT code FROM territories WHERE recorded_to IS NULL")
            )
        ),
    )


def frame(
    connection: Connection, statement: Any, values: dict[str, Any], *times: str
) -> pd.DataFrame:
    """Rows of a statement; named columns become times in UTC."""
    result = connection.execute(statement, values)
    table = pd.DataFrame(result.all(), columns=list(result.keys()))
    for name in times:
        table[name] = pd.to_datetime(table[name], utc=True).dt.as_unit("us")
    return table


def form_of(
    connection: Connection, code: str | None = None, version: int | None = None
) -> Form:
    """Find the form in force, or a version of it that was once.

    Parameters
    ----------
    code
        None for the country's only form, or where it has none for the built-in one.

    Raises
    ------
    UsageError
        There is no such form, or the country has several and none is named.
    """
    rows = connection.execute(
        text(
            "SELECT code, body FROM forms WHERE (CAST(:code AS text) IS NULL "
            "OR code = :code) AND (:any OR recorded_to IS NULL) ORDER BY id DESC"
        ),
        {"code": code, "any": version is not None},
    ).all()
    found = [forms.parse(row.body, f"forms/{row.code}.yaml") for row in rows]
    if not found and (code in (None, forms.DEFAULT)):
        found = [forms.built_in()]
    fitting = [form for form in found if version in (None, form.version)]
    codes = sorted({form.form for form in found})
    if code is None and len(codes) > 1:
        raise UsageError(f"there are several forms, name one: {', '.join(codes)}")
    if not fitting:
        wanted = code if version is None else f"{code}, version {version}"
        raise UsageError(f"there is no form {wanted}; see `ewater report forms`")
    return fitting[0]


def all_forms(connection: Connection) -> list[Form]:
    """Forms in force: those of the country, else the built-in one."""
    rows = connection.execute(
        text("SELECT code, body FROM forms WHERE recorded_to IS NULL ORDER BY code")
    ).all()
    found = [forms.parse(row.body, f"forms/{row.code}.yaml") for row in rows]
    return found or [forms.built_in()]
