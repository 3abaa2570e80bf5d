"""Who owes a return, until when, and who is reminded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ewater.errors import ForbiddenError, UsageError
from ewater.reports import due

pytestmark = pytest.mark.db

FEBRUARY = datetime(2025, 2, 1, tzinfo=UTC)


def codes(rows):
    return [row["enterprise"] for row in rows]


def test_who_holds_a_permit_and_did_not_report_is_missing(reporting, people, submitted):
    with reporting.begin() as connection:
        rows = due.missing(connection, people.command, "2024", now=FEBRUARY)
        assert codes(rows) == ["E1", "E2"], "the largest permit first"
        assert rows[0]["permitted_m3"] == 1e6
        assert [row["overdue"] for row in rows] == [True, True]
        assert str(rows[0]["last_day"]) == "2025-01-22", "by the clocks of Baku"
        assert due.rate(connection, "2024")["rate"] == 0
    submitted()
    with reporting.begin() as connection:
        assert codes(due.missing(connection, people.command, "2024")) == ["E2"]
        assert codes(due.missing(connection, people.reviewer, "2024")) == []
        found = due.rate(connection, "2024")
        assert (found["due"], found["came"]) == (2, 1)
        assert found["rate"] == pytest.approx(2 / 3)
        # who reported the year before is asked again, with or without a permit
        assert "E1" in codes(due.missing(connection, people.command, "2025"))


def test_a_deadline_is_moved_for_one_or_for_all_with_a_reason(reporting, people):
    later = datetime(2025, 3, 1, tzinfo=UTC)
    with reporting.begin() as connection:
        with pytest.raises(UsageError, match="say why"):
            due.extend(connection, people.command, "2024", later, " ")
        with pytest.raises(UsageError, match="no offset"):
            due.extend(
                connection,
                people.command,
                "2024",
                later.replace(tzinfo=None),
                "flood",
            )
        with pytest.raises(ForbiddenError):
            due.extend(connection, people.reviewer, "2024", later, "flood")
        due.extend(connection, people.reviewer, "2024", later, "flood", enterprise="E1")
        rows = due.missing(connection, people.command, "2024", now=FEBRUARY)
        assert {r["enterprise"]: r["overdue"] for r in rows} == {
            "E1": False,
            "E2": True,
        }
        due.extend(connection, people.command, "2024", later, "a holiday")
        rows = due.missing(connection, people.command, "2024", now=FEBRUARY)
        assert not any(row["overdue"] for row in rows)


def test_everybody_is_reminded_once_a_week(reporting, people):
    with reporting.begin() as connection:
        with pytest.raises(ForbiddenError):
            due.remind(connection, people.reporter, "2024", now=FEBRUARY)
        first = due.remind(connection, people.command, "2024", now=FEBRUARY)
        assert codes(first) == ["E1", "E2"]
        assert due.remind(connection, people.command, "2024", now=FEBRUARY) == []
        week = datetime(2025, 2, 9, tzinfo=UTC)
        assert codes(due.remind(connection, people.command, "2024", now=week)) == [
            "E1",
            "E2",
        ]
