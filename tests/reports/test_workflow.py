"""The life of a return: who may do what, nothing lost, everything audited."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.balance.reported import reported_volumes
from ewater.errors import ForbiddenError, UsageError
from ewater.reports import known, merge, receipts, review, seen, stored, workflow
from ewater.store import audit, registry

pytestmark = pytest.mark.db

YEAR_2024 = np.array(
    [pd.Timestamp(f"{y}-01-01", tz="Asia/Baku").value // 1000 for y in (2024, 2025)]
)


def audited(connection, action):
    return audit.read(connection, action=f"report.{action}")


def draft(engine, person, enterprise="E1", period="2024", given=None):
    with engine.begin() as connection:
        head = workflow.begin(connection, person, enterprise, period)
        return head, workflow.save(connection, person, head.id, given, edits=head.edits)


def volume(engine, item, as_of=None):
    with engine.connect() as connection:
        frames = registry.read(connection, as_of)
    made = reported_volumes(frames, YEAR_2024)
    mine = (made.rows["item"] == item) & (made.rows["enterprise"] == "E1")
    return made.volume[mine.to_numpy()].sum()


def test_a_return_goes_from_draft_to_the_ledger(reporting, people, made_content, now):
    head, saved = draft(reporting, people.reporter, given=made_content())
    assert (saved.edits, [f.code for f in saved.findings]) == (1, ["late"])
    with reporting.begin() as connection:
        receipt = workflow.submit(connection, people.reporter, head.id, now=now)
        assert receipt["receipt"] == "2-TP/E1/2024/1"
        assert stored.head(connection, head.id).state == "submitted"
    assert volume(reporting, "abstraction") == 0, "the ledger sees approved ones only"
    with reporting.begin() as connection:
        review.approve(connection, people.approver, [head.id], reason="agrees")
        assert stored.head(connection, head.id).state == "approved"
    assert volume(reporting, "abstraction") == pytest.approx(500_000)
    assert volume(reporting, "use") == pytest.approx(310_000)
    assert volume(reporting, "losses_in_conveyance") == pytest.approx(40_000)
    assert volume(reporting, "passed_on") == pytest.approx(150_000)
    assert volume(reporting, "wastewater") == pytest.approx(120_000)
    assert volume(reporting, "recirculation") == pytest.approx(2_000_000)
    with reporting.connect() as connection:
        actions = {row["action"] for row in audit.read(connection, action="report")}
        table = registry.read_table(connection, "reports")
    assert actions == {f"report.{a}" for a in ("begin", "save", "submit", "approve")}
    taken = table[table["item"] == "abstraction"]
    assert len(taken) == 12, "split by the months that were reported"
    assert taken["metered"].tolist() == pytest.approx([0.8] * 12)


def test_only_the_own_enterprise_and_territory_are_open(
    reporting, people, made_content, now, submitted
):
    head, _ = draft(reporting, people.reporter, given=made_content())
    with reporting.begin() as connection:
        with pytest.raises(ForbiddenError, match="outside the scope"):
            workflow.begin(connection, people.other, "E1", "2024")
        with pytest.raises(ForbiddenError):
            workflow.save(connection, people.other, head.id, {}, edits=1)
        with pytest.raises(ForbiddenError):
            workflow.submit(connection, people.other, head.id, now=now)
        with pytest.raises(ForbiddenError, match="does not include to report"):
            workflow.save(connection, people.reviewer, head.id, {}, edits=1)
        with pytest.raises(ForbiddenError):
            seen.show(connection, people.other, head.id)
        assert seen.listed(connection, people.other) == []
        assert [row["id"] for row in seen.listed(connection, people.reviewer)] == [
            head.id
        ]
        assert seen.listed(connection, people.far) == []
    number, _ = submitted()
    with reporting.begin() as connection:
        for act in (review.approve, review.approve_clean):
            with pytest.raises(ForbiddenError):
                act(connection, people.far, [number], reason="mine?")
            with pytest.raises(ForbiddenError):
                act(connection, people.reviewer, [number], reason="not my role")
        with pytest.raises(ForbiddenError):
            review.send_back(connection, people.far, number, [], "why")


def test_an_enterprise_that_is_none_is_refused_like_one_of_others(reporting, people):
    with reporting.begin() as connection:
        with pytest.raises(ForbiddenError) as unknown:
            workflow.begin(connection, people.reporter, "E77", "2024")
        with pytest.raises(ForbiddenError) as foreign:
            workflow.begin(connection, people.reporter, "E2", "2024")
        assert str(unknown.value).replace("E77", "E2") == str(foreign.value)
        with pytest.raises(UsageError, match="no enterprise has the code"):
            workflow.begin(connection, people.command, "E77", "2024")


def test_a_return_with_errors_is_refused_with_all_of_them(
    reporting, people, made_content, now
):
    head, saved = draft(
        reporting, people.reporter, given=made_content(g13="much", g25=900.0)
    )
    assert {f.code for f in saved.findings if f.stops} == {"text", "identity"}
    with reporting.begin() as connection:
        with pytest.raises(
            workflow.RefusedError, match="errors; nothing was submitted"
        ):
            workflow.submit(connection, people.reporter, head.id, now=now)
        assert stored.head(connection, head.id).state == "draft"
        kept = stored.draft(connection, head.id)["content"]
    assert kept["intake"][0]["g13"] == "much", "what was typed is not lost"


def test_two_people_editing_other_cells_are_merged(reporting, people, made_content):
    head, first = draft(reporting, people.reporter, given=made_content())
    mine, theirs = made_content(g29=1.0), made_content(g30=2.0)
    with reporting.begin() as connection:
        workflow.save(connection, people.colleague, head.id, theirs, edits=first.edits)
        saved = workflow.save(
            connection, people.reporter, head.id, mine, edits=first.edits
        )
    assert saved.merged
    line = saved.content["intake"][0]
    assert (line["g29"], line["g30"]) == (1.0, 2.0)
    assert saved.edits == 3


def test_two_people_editing_one_cell_both_keep_their_work(
    reporting, people, made_content
):
    head, first = draft(reporting, people.reporter, given=made_content())
    with reporting.begin() as connection:
        workflow.save(
            connection,
            people.colleague,
            head.id,
            made_content(g29=1.0),
            edits=first.edits,
        )
        saved = workflow.save(
            connection,
            people.reporter,
            head.id,
            made_content(g29=7.0),
            edits=first.edits,
        )
    assert saved.conflicts == {"intake.1.g29": (1.0, 7.0)}
    with reporting.connect() as connection:
        assert stored.draft(connection, head.id)["content"]["intake"][0]["g29"] == 1.0
        aside = connection.execute(
            text("SELECT content FROM return_draft WHERE id = :id AND aside"),
            {"id": saved.aside},
        ).scalar_one()
        assert aside["intake"][0]["g29"] == 7.0
        assert audited(connection, "conflict")
    with reporting.begin() as connection:
        again = workflow.save(
            connection,
            people.reporter,
            head.id,
            made_content(g29=7.0),
            edits=saved.edits,
        )
    assert not again.conflicts
    assert again.content["intake"][0]["g29"] == 7.0


def test_a_draft_that_was_saved_since_is_not_submitted_unseen(
    reporting, people, made_content, now
):
    head, first = draft(reporting, people.reporter, given=made_content())
    with reporting.begin() as connection:
        workflow.save(connection, people.colleague, head.id, made_content(2.0), edits=1)
        with pytest.raises(UsageError, match="saved again since"):
            workflow.submit(
                connection, people.reporter, head.id, edits=first.edits, now=now
            )


def test_a_return_is_sent_back_with_remarks_and_comes_again(
    reporting, people, made_content, now, submitted
):
    number, first = submitted()
    with reporting.begin() as connection:
        with pytest.raises(UsageError, match="say what is asked"):
            review.send_back(connection, people.reviewer, number, [{"body": ""}], "x")
        remark = {"body": "January?", "section": "intake", "line": 1, "column": "g13"}
        review.send_back(connection, people.reviewer, number, [remark], "see remark")
        shown = seen.show(connection, people.reporter, number)
        assert shown["state"] == "returned"
        assert shown["remarks"][0]["body"] == "January?"
        assert shown["versions"][0]["decided_why"] == "see remark"
        workflow.save(
            connection, people.reporter, number, made_content(1.1), edits=shown["edits"]
        )
        second = workflow.submit(connection, people.reporter, number, now=now)
        assert stored.head(connection, number).state == "resubmitted"
        with pytest.raises(UsageError, match="waits for review"):
            workflow.save(connection, people.reporter, number, {}, edits=2)
    assert second["version"] == 2
    assert second["previous"] == first["seal"], "receipts are a chain"


def test_a_correction_is_a_new_version_and_the_old_account_stays(
    reporting, people, made_content, approved, now
):
    number, _ = approved()
    with reporting.connect() as connection:
        before = known.read(connection, known.form_of(connection)).now
        moment = connection.scalar(text("SELECT max(recorded_from) FROM reports"))
    assert volume(reporting, "use") == pytest.approx(310_000)
    with reporting.begin() as connection:
        with pytest.raises(UsageError, match="say why"):
            workflow.correct(connection, people.reporter, number, reason=" ")
        head = workflow.correct(connection, people.reporter, number, reason="re-read")
        content = made_content(2.0, g42=None, g42e=None, g43=None, g31=920.0, g33=920.0)
        workflow.save(connection, people.reporter, number, content, edits=head.edits)
        with pytest.raises(UsageError, match="say why"):
            workflow.submit(connection, people.reporter, number, now=now)
        workflow.submit(
            connection, people.reporter, number, reason="meter re-read", now=now
        )
    assert volume(reporting, "use") == pytest.approx(310_000), "still the approved one"
    with reporting.begin() as connection:
        review.approve(connection, people.approver, [number], reason="re-read seen")
    assert volume(reporting, "use") == pytest.approx(920_000)
    assert volume(reporting, "passed_on") == 0, "a line that is gone counts no more"
    assert volume(reporting, "use", moment) == pytest.approx(310_000)
    assert volume(reporting, "passed_on", moment) == pytest.approx(150_000)
    assert before


def test_the_year_replaces_its_quarters_and_closes_them(
    reporting, people, approved, submitted
):
    quarter = {
        "intake": [
            {"g1": "P1", "g4": "river", "g12": 120.0, "g13": 40.0, "g14": 40.0,
             "g15": 40.0, "g31": 120.0, "g32": "production", "g33": 120.0}
        ]
    }  # fmt: skip
    first, _ = approved(period="2024-Q1", given=quarter)
    waiting, _ = submitted(
        period="2024-Q2", given={"intake": [{"g4": "river", "g12": 0.0}]}
    )
    assert volume(reporting, "abstraction") == pytest.approx(120_000)
    year, _ = approved()
    assert volume(reporting, "abstraction") == pytest.approx(500_000)
    assert volume(reporting, "use") == pytest.approx(310_000)
    with reporting.begin() as connection:
        assert stored.head(connection, first).superseded_by == year
        with pytest.raises(UsageError, match="2024 of E1 is approved and has 2024-Q2"):
            review.approve(connection, people.command, [waiting], reason="late")


def test_figures_of_a_file_are_replaced_and_not_counted_beside(
    reporting, people, approved, submitted
):
    row = {
        "enterprise": "E1", "item": "abstraction", "value": 480.0, "unit": "1000 m3",
        "status": "approved", "revision": 0.0,
    }  # fmt: skip

    def times(first, last):
        return {
            "period_start": pd.Timestamp(first, tz="Asia/Baku"),
            "period_end": pd.Timestamp(last, tz="Asia/Baku"),
        }

    frame = pd.DataFrame([row | times("2024-01-01", "2025-01-01")])
    registry.load(reporting, {"reports": frame})
    approved()
    assert volume(reporting, "abstraction") == pytest.approx(500_000)
    frame = pd.DataFrame([row | times("2021-01-01", "2024-01-01")])
    registry.load(reporting, {"reports": frame})
    number, _ = submitted(period="2023")
    with (
        reporting.begin() as connection,
        pytest.raises(UsageError, match="counted twice"),
    ):
        review.approve(connection, people.command, [number], reason="no")


def test_content_is_sealed_and_the_seal_is_checked_again(reporting, submitted):
    number, receipt = submitted()
    with reporting.connect() as connection:
        version = stored.version(connection, number)
        head = stored.head(connection, number)
    sealed = receipts.sealed(
        head.enterprise, head.form, 1, head.period, "1000 m3", version["content"]
    )
    assert receipts.sha256(sealed).hex() == receipt["sha256"]
    altered = {"intake": [version["content"]["intake"][0] | {"g12": 501.0}]}
    other = receipts.sealed(
        head.enterprise, head.form, 1, head.period, "1000 m3", altered
    )
    assert receipts.sha256(other).hex() != receipt["sha256"]


def test_the_audit_says_which_cells_changed_and_why(
    reporting, people, made_content, submitted
):
    head, _ = draft(reporting, people.reporter, given=made_content())
    with reporting.begin() as connection:
        workflow.save(
            connection,
            people.reporter,
            head.id,
            made_content(g29=None, g30=1.0),
            edits=1,
        )
        newest = audited(connection, "save")[0]
        assert newest["who"] == "rena"
        assert newest["object"] == "return:2-TP/E1/2024"
        assert newest["after"]["cells"] == {
            "intake.1.g29": [2000.0, None],
            "intake.1.g30": [None, 1.0],
        }


def test_merging_keeps_lines_that_only_one_added():
    base = {"a": [{"x": 1.0}]}
    content, conflicts = merge.merged(
        base, {"a": [{"x": 1.0}, {"x": 2.0}]}, {"a": [{"x": 1.0, "y": 3.0}]}
    )
    assert content == {"a": [{"x": 1.0, "y": 3.0}, {"x": 2.0}]}
    assert not conflicts


def test_a_period_that_is_over_only_tomorrow_is_refused(
    reporting, people, made_content
):
    head, _ = draft(reporting, people.reporter, given=made_content())
    early = datetime(2024, 12, 31, 19, 59, tzinfo=UTC)
    with (
        reporting.begin() as connection,
        pytest.raises(workflow.RefusedError, match="1 Jan 2025"),
    ):
        workflow.submit(connection, people.reporter, head.id, now=early)
