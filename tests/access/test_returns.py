"""Returns from the pages: real server, real database, what must not happen as well."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy import text

from ewater import outgoing
from ewater.accounts.scope import Scope
from ewater.balance.expressions import codes
from ewater.dashboard.pages.sectors import sums
from ewater.dashboard.questions import returns as asked
from ewater.dashboard.questions.users import users
from ewater.errors import ForbiddenError
from ewater.reports import online, signing, stored, who
from ewater.store import audit, folder, registry

pytestmark = pytest.mark.db

COUNTRY = Path(__file__).parents[1] / "countries" / "two_basins"
HERE = {"Origin": "http://localhost"}
MONTHS = (40, 38, 42, 41, 43, 45, 46, 44, 42, 40, 39, 40)
LINE = {
    "g1": "P1", "g4": "river", "g12": "500", "g25": "400", "g26": "40", "g31": "460",
    "g32": "irrigation", "g33": "460",
    **{f"g{13 + n}": str(value) for n, value in enumerate(MONTHS)},
}  # fmt: skip
YEAR = "2021"  # no figures of a file beside it


@pytest.fixture
def reporting(engine, reader):
    """The server's database with enterprises, of which the pages really ask."""
    frames = folder.read(COUNTRY, expression_codes=codes)
    curves = frames["curves"]
    frames["curves"] = curves[curves["kind"] != "area"]
    frames["reports"] = frames["reports"].iloc[:0]
    registry.load(engine, frames, expression_codes=codes)
    reader.engine = engine
    reader.ask = lambda question, *rest: question(engine, Scope(), *rest)
    return engine


@pytest.fixture
def form_code(reporting):
    with reporting.connect() as connection:
        from ewater.reports import known

        return known.form_of(connection).form


def view(**more):
    return {
        "territory": "TL", "year": 2023, "period": "1-12", "boundary": "managed",
        "measure": "use", "level": "basin", "calendar": "", "first_month": 1,
        "step": "month", "sector": "", "version": "raw", "as_of": "", "lang": "en",
        "theme": "light", "dropped": [], "query": "", "more": sorted(more.items()),
    }  # fmt: skip


def callback(client, output, inputs, states, patterns=None, headers=HERE):
    """Post the callback with an output; ``patterns`` are its outputs of many ids."""
    wanted = next(
        one["output"]
        for one in client.get("/_dash-dependencies").get_json()
        if output in one["output"]
    )
    outputs = []
    for part in wanted.strip(".").split("..."):
        name, _, prop = part.rpartition(".")
        if name.startswith("{"):
            outputs.append([{"id": i, "property": prop} for i in patterns])
        else:
            outputs.append({"id": name, "property": prop})
    if not wanted.startswith(".."):
        outputs = outputs[0]
    changed = inputs[0][0] if isinstance(inputs[0], list) else inputs[0]
    name = changed["id"]
    if isinstance(name, dict):
        name = json.dumps(name, sort_keys=True, separators=(",", ":"))
    return client.post(
        "/_dash-update-component",
        json={
            "output": wanted,
            "outputs": outputs,
            "inputs": inputs,
            "changedPropIds": [f"{name}.{changed['property']}"],
            "state": states,
        },
        headers=headers,
    )


def cells(line, section="intake", at=0):
    ids = [{"type": "cell", "at": f"{section}.{at}.{key}"} for key in line]
    return ids, list(line.values())


def prop(of, name, values):
    return [
        {"id": i, "property": name, "value": v} for i, v in zip(of, values, strict=True)
    ]


def typed(client, at, line, **more):
    ids, values = cells(line)
    return callback(
        client,
        "returns-findings.children",
        [prop(ids, "value", values)],
        [
            prop(ids, "id", ids),
            {"id": "returns-at", "property": "data", "value": at},
            {"id": "state", "property": "data", "value": view()},
        ],
        ids,
        **more,
    )


def pressed(client, act, at, line, reason=None):
    ids, values = cells(line)
    button = {"type": "returns-act", "act": act}
    return callback(
        client,
        "returns-redraw.data",
        [[{"id": button, "property": "n_clicks", "value": 1}]],
        [
            prop(ids, "value", values),
            prop(ids, "id", ids),
            {"id": "returns-reason", "property": "value", "value": reason},
            {"id": "returns-at", "property": "data", "value": at},
            {"id": "returns-redraw", "property": "data", "value": None},
            {"id": "state", "property": "data", "value": view()},
        ],
    )


def desk(client, act, ticked=(), words="", breaks=(), **more):
    found = [{"type": "desk-finding", "at": at} for at in range(6)]
    places = [
        {"type": "desk-break", "part": part, "id": n}
        for n in breaks
        for part in ("reason", "words")
    ]
    said = [value for n in breaks for value in ("real", "a new plant")]
    return callback(
        client,
        "desk-redraw.data",
        [
            [
                {
                    "id": {"type": "desk-act", "act": act},
                    "property": "n_clicks",
                    "value": 1,
                }
            ]
        ],
        [
            prop(found, "checked", [at in ticked for at in range(6)]),
            prop(found, "id", found),
            prop(places, "value", said),
            prop(places, "id", places),
            {"id": "desk-words", "property": "value", "value": words},
            {"id": "desk-redraw", "property": "data", "value": None},
            {"id": "state", "property": "data", "value": view(**more)},
        ],
    )


def answer(response, name):
    assert response.status_code == 200, response.text
    return json.dumps(response.get_json()["response"][name], ensure_ascii=False)


def place(form, enterprise="E1", edits=0):
    return {
        "enterprise": enterprise, "form": form, "period": YEAR, "edits": edits,
        "shown": {},
    }  # fmt: skip


def kept(engine):
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id FROM enterprise_return")).all()
        return [stored.head(connection, row.id) for row in rows]


def audited(engine, action):
    with engine.connect() as connection:
        return audit.read(connection, action=action)


@pytest.fixture
def reporter(reporting, signed_in):
    return signed_in("rena", "reporter", organisations=("E1",))


def test_a_return_goes_from_typing_to_approval_with_a_receipt(
    reporting, form_code, reporter, signed_in
):
    at = place(form_code)
    wrong = typed(reporter, at, {**LINE, "g29": "1,234"})
    assert "may mean 1.234 or 1234" in answer(wrong, "returns-findings")
    where = '{"at":"intake.0.g29","type":"cell"}'
    assert "1.234" in answer(wrong, where)
    (head,) = kept(reporting)
    assert (head.state, head.edits) == ("draft", 1)
    refused = pressed(
        reporter, "submit", place(form_code, edits=1), {**LINE, "g29": "x"}
    )
    assert "put the errors below right" in answer(refused, "returns-said")
    assert kept(reporting)[0].versions == 0
    done = answer(
        pressed(reporter, "submit", place(form_code, edits=2), LINE), "returns-said"
    )
    assert f"Receipt {form_code}/E1/{YEAR}/1" in done
    receipt = reporter.get(f"/returns/receipt/{head.id}/1?lang=ru")
    assert "Содержание, хеш и печать согласуются." in receipt.text
    assert reporter.get(f"/returns/receipt/{head.id}/2").status_code == 404
    other = signed_in("eli", "reporter", organisations=("E2",))
    assert other.get(f"/returns/receipt/{head.id}/1").status_code == 403

    reviewer = signed_in("leyla", "reviewer", territories=("D2",))
    chosen = {"examined": str(head.id), "due": YEAR}
    attack = "<script>alert(1)</script> December?"
    sent = desk(reviewer, "return", words=attack, **chosen)
    assert "Sent back with 1 remarks" in answer(sent, "desk-said")
    shown = callback(
        reporter,
        "returns-head.children",
        [
            {"id": "state", "property": "data", "value": view(due=YEAR)},
            {"id": "returns-redraw", "property": "data", "value": None},
        ],
        [],
    )
    remarks = shown.get_json()["response"]["returns-remarks"]["children"]
    item = remarks[0]["props"]["children"][0]["props"]["children"]
    assert item[0] == attack, "text of a list item, never markup"
    again = pressed(reporter, "submit", place(form_code, edits=2), LINE)
    assert f"{form_code}/E1/{YEAR}/2" in answer(again, "returns-said")
    assert desk(reviewer, "approve", words="agrees", **chosen).status_code == 403
    assert kept(reporting)[0].state == "resubmitted"
    approver = signed_in("nigar", "approver", territories=("D2",))
    no_reason = desk(approver, "approve", **chosen)
    assert "Nothing was changed: say why" in answer(no_reason, "desk-said")
    done = desk(approver, "approve", words="agrees with the meters", **chosen)
    assert "Approved" in answer(done, "desk-said")
    (head,) = kept(reporting)
    assert (head.state, head.approved) == ("approved", 2)
    (row,) = audited(reporting, "report.approve")
    assert row["who"] == "nigar"
    assert (row["before"]["state"], row["after"]["state"]) == (
        "resubmitted",
        "approved",
    )

    silent = pressed(reporter, "correct", place(form_code, edits=2), LINE)
    assert "say why" in answer(silent, "returns-said")
    begun = pressed(reporter, "correct", place(form_code, edits=2), LINE, "re-read")
    assert "correction was begun" in answer(begun, "returns-said")
    assert kept(reporting)[0].state == "correcting"


def test_what_is_not_theirs_is_refused_and_audited(reporting, form_code, signed_in):
    other = signed_in("eli", "reporter", organisations=("E2",))
    assert typed(other, place(form_code), LINE).status_code == 403
    assert pressed(other, "submit", place(form_code), LINE).status_code == 403
    look = callback(
        other,
        "returns-head.children",
        [
            {
                "id": "state",
                "property": "data",
                "value": view(enterprise="E1", due=YEAR),
            },
            {"id": "returns-redraw", "property": "data", "value": None},
        ],
        [],
    )
    assert look.status_code == 403
    assert kept(reporting) == []
    refusals = audited(reporting, "refused.scope")
    assert len(refusals) == 3
    assert all("outside the scope" in row["after"]["asked"] for row in refusals)


def reminded(client, **headers):
    return callback(
        client,
        "desk-remind-said.children",
        [{"id": "desk-remind-send", "property": "n_clicks", "value": 1}],
        [
            {"id": "desk-redraw", "property": "data", "value": None},
            {"id": "state", "property": "data", "value": view(due=YEAR)},
        ],
        **headers,
    )


def planned(client):
    return callback(
        client,
        "desk-remind.children",
        [
            {"id": "state", "property": "data", "value": view(due=YEAR)},
            {"id": "desk-redraw", "property": "data", "value": None},
        ],
        [],
    )


def test_a_reviewer_reminds_once_and_nobody_else_does(
    reporting, form_code, signed_in, monkeypatch
):
    with reporting.begin() as connection:
        connection.execute(
            text("UPDATE enterprises SET notify = 'e1@example.org' WHERE code = 'E1'")
        )
    reviewer = signed_in("leyla", "reviewer", territories=("D2",))
    name = answer(planned(reviewer), "desk-remind")
    assert "1 enterprise would be reminded" in name
    monkeypatch.setattr(outgoing, "can_mail", lambda: False)
    assert "no mail server" in answer(reminded(reviewer), "desk-remind-said")
    assert audited(reporting, "report.remind") == []
    sent = []
    monkeypatch.setattr(outgoing, "can_mail", lambda: True)
    monkeypatch.setattr(outgoing, "mail", lambda to, *letter: sent.append(to))
    for other in (
        signed_in("rena", "reporter", organisations=("E1",)),
        signed_in("ali", "viewer"),
    ):
        assert reminded(other).status_code == 403
        assert planned(other).status_code == 403
    foreign = {"Origin": "https://elsewhere"}
    assert reminded(reviewer, headers=foreign).status_code == 403
    assert (sent, audited(reporting, "report.remind")) == ([], [])
    far = signed_in("orkhan", "reviewer", territories=("D1",))
    answer(reminded(far), "desk-remind-said")
    assert sent == [], "an enterprise outside the territory is not theirs"
    done = answer(reminded(reviewer), "desk-remind-said")
    assert "1 reminders kept, 1 sent, 0 not sent" in done
    assert sent == ["e1@example.org"]
    again = answer(reminded(reviewer), "desk-remind-said")
    assert "0 reminders kept, 0 sent" in again
    assert sent == ["e1@example.org"], "once for each step and address"
    (row,) = audited(reporting, "report.remind")
    assert row["who"] == "leyla"
    assert row["after"] == {"enterprises": ["E1"]}


def test_roles_that_do_not_report_change_nothing(reporting, form_code, signed_in):
    reviewer = signed_in("ilqar", "reviewer")
    seen = typed(reviewer, place(form_code), LINE)
    assert seen.status_code == 200, "who may look sees the checks"
    viewer = signed_in("ali", "viewer")
    assert typed(viewer, place(form_code), LINE).status_code == 403
    for one in (viewer, reviewer):
        assert pressed(one, "submit", place(form_code), LINE).status_code == 403
    assert desk(viewer, "clean", due=YEAR).status_code == 403
    assert desk(reviewer, "clean", due=YEAR).status_code == 200, "nothing was clean"
    assert kept(reporting) == []
    foreign = {"Origin": "https://elsewhere"}
    boss = signed_in("boss", "admin")
    assert typed(boss, place(form_code), LINE, headers=foreign).status_code == 403
    assert kept(reporting) == []


def test_two_people_in_one_draft_lose_nothing(
    reporting, form_code, reporter, signed_in
):
    second = signed_in("rauf", "reporter", organisations=("E1",))
    typed(reporter, place(form_code), LINE)
    base = place(form_code, edits=1)
    typed(second, base, {**LINE, "g29": "7", "g30": "1"})
    both = typed(reporter, base, {**LINE, "g29": "9"})
    told = answer(both, "returns-conflict")
    assert "rauf saved this draft while you typed" in told
    assert '"7"' in told
    assert '"9"' in told
    with reporting.connect() as connection:
        (head,) = kept(reporting)
        assert stored.draft(connection, head.id)["content"]["intake"][0]["g29"] == 7.0
        (aside,) = online.asides(connection, head.id)
        assert aside["content"]["intake"][0]["g29"] == 9.0
        assert aside["who"] == "rena"
    done = pressed(reporter, "mine", base, {**LINE, "g29": "9"})
    assert "Saved." in answer(done, "returns-said")
    with reporting.connect() as connection:
        line = stored.draft(connection, head.id)["content"]["intake"][0]
    assert (line["g29"], line["g30"]) == (9.0, 1.0), "mine, and what only rauf typed"


def test_answers_that_overtake_each_other_are_no_conflict(
    reporting, form_code, reporter
):
    first = place(form_code)
    typed(reporter, first, {**LINE, "g29": "1"})
    for value in ("12", "125"):  # sent before the first answer came
        said = typed(reporter, first, {**LINE, "g29": value})
        assert answer(said, "returns-conflict") == '{"children": []}'
    with reporting.connect() as connection:
        (head,) = kept(reporting)
        assert stored.draft(connection, head.id)["content"]["intake"][0]["g29"] == 125
        assert online.asides(connection, head.id) == []


def test_the_desk_keeps_to_its_territory_and_explains_breaks(
    reporting, form_code, reporter, signed_in
):
    pressed(reporter, "submit", place(form_code), LINE)
    (head,) = kept(reporting)
    chosen = {"examined": str(head.id), "due": YEAR}
    far = signed_in("far", "approver", territories=("D1",))
    assert desk(far, "return", words="why?", **chosen).status_code == 403
    assert desk(far, "approve", words="yes", **chosen).status_code == 403
    looked = callback(
        far,
        "desk-one.children",
        [
            {"id": "state", "property": "data", "value": view(**chosen)},
            {"id": "desk-redraw", "property": "data", "value": None},
        ],
        [],
    )
    assert looked.status_code == 403
    chief = signed_in("chief2", "approver")
    shown = callback(
        chief,
        "desk-one.children",
        [
            {"id": "state", "property": "data", "value": view(**chosen)},
            {"id": "desk-redraw", "property": "data", "value": None},
        ],
        [],
    )
    assert "Permits allow" in answer(shown, "desk-one")
    assert "no permit" not in answer(shown, "desk-findings")
    with reporting.begin() as connection:
        number = connection.scalar(
            text(
                "INSERT INTO total_break (form, kind, code, item, period, before_m3, "
                "after_m3, evidence) VALUES (:form, 'sector', 'industry', 'intake', "
                ":period, 1, 2, '{}') RETURNING id"
            ),
            {"form": form_code, "period": YEAR},
        )
    early = desk(chief, "sign", words="done", due=YEAR)
    assert "not explained" in answer(early, "desk-said")
    explain = f"explain.{number}"
    assert desk(far, explain, breaks=(number,), due=YEAR).status_code == 403
    assert "explained" in answer(
        desk(chief, explain, breaks=(number,), due=YEAR), "desk-said"
    )
    (row,) = audited(reporting, "report.explain")
    assert row["before"] == {"reason": None, "explanation": None}
    assert row["after"] == {"reason": "real", "explanation": "a new plant"}
    signed = desk(chief, "sign", words="all explained", due=YEAR)
    assert "signed off" in answer(signed, "desk-said")


def attached(client, number, raw, version=1):
    contents = "data:application/octet-stream;base64," + base64.b64encode(raw).decode()
    return callback(
        client,
        "enterprise-signed-at.data",
        [{"id": "enterprise-sign-file", "property": "contents", "value": contents}],
        [
            {"id": "enterprise-sign-what", "property": "value",
             "value": f"{number}.{version}"},
            {"id": "enterprise-signed-at", "property": "data", "value": None},
            {"id": "state", "property": "data", "value": view()},
        ],
    )  # fmt: skip


def test_a_signature_is_attached_on_the_page_of_the_enterprise(
    reporting, form_code, reporter, signed_in
):
    pressed(reporter, "submit", place(form_code), LINE)
    (head,) = kept(reporting)
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with reporting.begin() as connection:
        clerk = who.command(connection, "clerk")
        signing.trust(connection, clerk, "k1", public, "E1")
    got = callback(
        reporter,
        "enterprise-sign-json.data",
        [{"id": "enterprise-sign-get", "property": "n_clicks", "value": 1}],
        [{"id": "enterprise-sign-what", "property": "value", "value": f"{head.id}.1"}],
    ).get_json()["response"]["enterprise-sign-json"]["data"]
    over = base64.b64decode(got["content"])
    said = answer(
        attached(reporter, head.id, key.sign(b"other")), "enterprise-sign-said"
    )
    assert "was not attached: no key that is trusted for E1" in said
    said = answer(attached(reporter, head.id, key.sign(over)), "enterprise-sign-said")
    assert "Signed by k1; the signature holds." in said
    (row,) = asked.signatures(reporting, Scope(organisations=("E1",)), "E1")
    assert (row["period"], row["version"], row["holds"]) == (YEAR, 1, True)
    shown = callback(
        reporter,
        "enterprise-signatures.children",
        [
            {"id": "state", "property": "data", "value": view(enterprise="E1")},
            {"id": "enterprise-signed-at", "property": "data", "value": 1},
        ],
        [],
    )
    assert "holds" in answer(shown, "enterprise-signatures")
    other = signed_in("eli", "reporter", organisations=("E2",))
    assert attached(other, head.id, key.sign(over)).status_code == 403
    with pytest.raises(ForbiddenError):
        asked.signatures(reporting, Scope(organisations=("E2",)), "E1")


def test_users_of_a_territory_are_those_of_the_scope(reporting, engine):
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO reports (enterprise, period_start, period_end, item, "
                "value, unit, source, status, revision, recorded_from) SELECT 'E1', "
                "'2022-12-31T20:00Z', '2023-12-31T20:00Z', 'abstraction', 7, 'hm3', "
                "'surface', 'approved', 0, max(recorded_from) FROM enterprises"
            )
        )
    year = dt.date(2023, 1, 1), dt.date(2024, 1, 1)
    with engine.connect() as connection:
        frame = registry.read_table(connection, "territories")
    country = frame.loc[frame["kind"] == "country", "code"].iloc[0]
    told = users(engine, Scope(), country, *year)
    one = next(row for row in told["enterprises"] if row["code"] == "E1")
    assert one["abstraction"] == pytest.approx(7e6)
    assert one["permitted"] == pytest.approx(6e6, rel=0.01)
    assert one["excess"] == pytest.approx(1e6, rel=0.06)
    its = users(engine, Scope(), country, *year, sector=one["sector"])
    assert "E1" in {row["code"] for row in its["enterprises"]}
    assert its["sources"] == told["sources"]
    others = users(engine, Scope(), country, *year, sector="sewerage")
    assert (others["enterprises"], others["sources"]) == ([], {})
    assert told["sources"] == {"surface": (pytest.approx(7e6), 0.0)}
    # a norm: u = 15 % of 7 hm3
    shown = sums.reported(sums.of_items(one, "abstraction", "received"))
    assert shown["u"] == pytest.approx(1.05e6)
    other = users(engine, Scope(organisations=("E2",)), country, *year)
    assert {row["code"] for row in other["enterprises"]} <= {"E2"}
    assert other["sources"] == {}
    with pytest.raises(ForbiddenError):
        users(engine, Scope(territories=("D1",)), country, *year)
    with pytest.raises(ForbiddenError):
        asked.years(engine, Scope(organisations=("E2",)), "E1", "2-TP")
