"""Who may open which page: shown in the navigation, held by the server."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from ewater.accounts.scope import Scope
from ewater.dashboard.pages.admin import asked
from ewater.dashboard.pages.registry import GROUPS, PAGES
from ewater.dashboard.state import State
from ewater.people.roles import ACTS, ROLES
from ewater.store import audit

pytestmark = pytest.mark.db

PAGE = {"Accept": "text/html"}
HERE = {"Origin": "http://localhost"}
EVERYBODYS = {page.path for page in PAGES if page.acts == ("oversee",)}
OF_ROLES = {
    "viewer": EVERYBODYS | {"/series", "/enterprise"},
    "engineer": EVERYBODYS | {"/series", "/enterprise"},
    "reviewer": EVERYBODYS | {"/series", "/enterprise", "/returns", "/desk"},
    "reporter": {"/series", "/enterprise", "/returns"},
    "admin": {page.path for page in PAGES},
}


@pytest.fixture
def entered(signed_in, engine):
    """Client of somebody who signed in and was then given a role."""

    def enter(role):
        client = signed_in(role)
        with engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE login_user SET role = :role WHERE person_id = "
                    "(SELECT id FROM person WHERE name = :role)"
                ),
                {"role": role},
            )
        return client

    return enter


def posted(client, output, ids, path="/", cell=None):
    """Ask one callback of the application, as a browser would."""
    state = State(territory="TL", year=2023).to_store()
    ends = [part.rsplit(".", 1) for part in output.strip(".").split("...")]
    parts = [{"id": name, "property": prop} for name, prop in ends]
    given = {"url.pathname": path, "state.data": state, "explain-asked.data": cell}
    inputs = [
        {"id": i.split(".")[0], "property": i.split(".")[1], "value": given[i]}
        for i in ids
    ]
    return client.post(
        "/_dash-update-component",
        json={
            "output": output,
            "outputs": parts if output.startswith("..") else parts[0],
            "inputs": inputs[:1] if cell else inputs,
            "changedPropIds": ["state.data"],
            "state": inputs[1:] if cell else [],
        },
        headers=HERE,
    )


def callback_of(client, part):
    """Outputs of the callback that fills a part of a page."""
    found = client.get("/_dash-dependencies", headers=HERE).get_json()
    return next(one["output"] for one in found if part in one["output"])


@pytest.mark.parametrize("role", OF_ROLES)
def test_a_role_opens_its_pages_and_no_other(entered, role):
    client = entered(role)
    answers = {page.path: client.get(page.path, headers=PAGE) for page in PAGES}
    opened = {path for path, one in answers.items() if one.status_code == 200}
    assert opened == OF_ROLES[role]
    refused = {path for path, one in answers.items() if one.status_code == 403}
    assert refused == {page.path for page in PAGES} - opened - {"/"}


def test_the_first_page_leads_a_reporter_to_theirs_with_the_view(entered):
    client = entered("reporter")
    answer = client.get("/?lang=ru&theme=dark", headers=PAGE)
    assert answer.status_code == 303
    assert answer.location.endswith("/enterprise?lang=ru&theme=dark")


def test_figures_of_a_page_are_refused_whatever_the_address_says(entered, engine):
    viewer, reporter = entered("viewer"), entered("reporter")
    users = callback_of(viewer, "admin-users-table")
    kpis = "kpis.children"
    assert posted(viewer, kpis, ["state.data"]).status_code == 200
    for client, output in ((viewer, users), (reporter, users), (reporter, kpis)):
        assert posted(client, output, ["state.data"]).status_code == 403
    query = "?territory=TL&year=2023"
    assert viewer.get(f"/download/admin.xlsx{query}").status_code == 403
    for path in ("overview.xlsx", "overview/map.csv", "bulletin-1.pdf"):
        assert reporter.get(f"/download/{path}{query}").status_code == 403
    span = "from=2023-01-01&to=2024-01-01"
    assert reporter.get(f"/api/balance?territory=TL&{span}").status_code == 403
    opened = callback_of(reporter, "explain-content")
    asked = {"cell": "balance.inflow", "territory": "", "start": "", "end": ""}
    for client, status in ((viewer, 200), (reporter, 403)):
        answer = posted(
            client, opened, ["explain-asked.data", "state.data"], cell=asked
        )
        assert answer.status_code == status
    with engine.connect() as connection:
        rows = audit.read(connection, action="refused.scope")
    assert any("administer" in row["after"]["asked"] for row in rows)


def test_the_navigation_shows_what_may_be_opened(entered):
    for role, opened in OF_ROLES.items():
        client = entered(role)
        wanted = callback_of(client, "pages.children")
        answer = posted(client, wanted, ["url.pathname", "state.data"], "/series")
        assert answer.status_code == 200
        shown = json.dumps(answer.get_json()["response"]["pages"])
        linked = {page.path for page in PAGES if f'"{page.path}?territory' in shown}
        assert linked | {"/series"} == opened, role
        assert shown.count('"aria-current": "page"') == 1


def test_administration_lists_what_is_where_nobody_signs_in(engine, add_user):
    add_user("leyla", "engineer")
    asked.require()  # outside a guarded application
    people = asked.administered(engine, Scope(), "users")
    assert [(row["name"], row["role"]) for row in people] == [("leyla", "engineer")]
    told = asked.administered(engine, Scope(), "audit", "all")
    assert "user.add" in {row["action"] for row in told}
    for what in ("organisations", "sources", "runs"):
        assert asked.administered(engine, Scope(), what) == []


def test_every_page_is_in_one_group_and_asks_for_acts_that_exist():
    assert [page for group in GROUPS for page in group.pages] == list(PAGES)
    assert len({page.path for page in PAGES}) == len(PAGES)
    for page in PAGES:
        assert page.acts
        assert set(page.acts) <= set(ACTS)
        assert any(set(page.acts) & acts for acts in ROLES.values())
