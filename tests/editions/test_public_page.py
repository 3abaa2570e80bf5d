"""The page for everybody: what is published, and nothing else."""

from __future__ import annotations

import csv

import pytest

from ewater.accounts.editions import seal
from ewater.accounts.reader import DatabaseReader
from ewater.dashboard.access.config import Access
from ewater.dashboard.access.guard import Guard
from ewater.dashboard.app import create_app
from ewater.dashboard.queries import CachedReader

pytestmark = pytest.mark.db
NAME = "2023-annual"
FILE = f"/public/figures.csv?edition={NAME}"
PAGE = {"Accept": "text/html"}
CLOSED = ("/", "/editions", "/series")
UNKNOWN = ("/publicly", "/public/editions")


@pytest.fixture
def visitor(sealed):
    """Somebody who has not signed in, where the public view is on."""
    guard = Guard(sealed, Access(public=True))
    app = create_app(CachedReader(DatabaseReader(sealed), scope=guard.scope), guard)
    return app.server.test_client()


def test_everybody_sees_what_is_published_and_that_it_was_withdrawn(
    visitor, sealed, signers
):
    assert "No edition has been published yet" in visitor.get("/public").text
    assert visitor.get(FILE).status_code == 404  # a draft
    for verb in ("review", "approve", "publish"):
        seal.advance(sealed, NAME, verb, signers["rufat"])
    page = visitor.get("/public").text
    assert NAME in page
    assert "Published" in page
    assert "From 1 Jan 2023 to 31 Dec 2023" in page
    assert '<th scope="row" class="words">Inflow</th>' in page
    assert page.count("status-") >= 4
    assert "rufat" not in page  # who signed is not for everybody
    answer = visitor.get(FILE)
    assert answer.status_code == 200
    lines = list(csv.reader(answer.get_data(as_text=True).lstrip("\ufeff").split("\n")))
    about = {line[0]: line[1] for line in lines if line and line[0].startswith("#")}
    assert about["# seal"] in page
    head = next(line for line in lines if line and line[0] == "period")
    rows = [dict(zip(head, line, strict=True)) for line in lines if len(line) > 2]
    inflow = [r for r in rows if r["cell"].endswith("inflow_from_neighbours")]
    assert {row["value"] for row in inflow} == {"315360000.0"}

    seal.advance(sealed, NAME, "withdraw", signers["leyla"], reason="<b>curve</b>")
    page = visitor.get("/public?lang=ru&theme=dark").text
    assert "&lt;b&gt;curve&lt;/b&gt;" in page
    assert 'lang="ru" data-mantine-color-scheme="dark"' in page
    assert "# reason,<b>curve</b>" in visitor.get(FILE).text


def test_nothing_but_what_is_published_is_reachable(visitor):
    for path in CLOSED:
        answer = visitor.get(path, headers=PAGE)
        assert answer.status_code == 303, path
        wanted = "/public" if path == "/" else "/login?"
        assert answer.location.startswith(wanted), path
    for path in UNKNOWN:
        assert visitor.get(path, headers=PAGE).status_code == 404, path
    for path in ("/download/editions/figures.csv", "/download/bulletin-1.pdf"):
        assert visitor.get(path).status_code == 401
    posted = visitor.post("/_dash-update-component", json={})
    assert posted.status_code == 401
    assert visitor.get("/public/figures.csv").status_code == 404
    assert visitor.get("/public/figures.csv?edition=2022").status_code == 404
    assert visitor.post("/public").status_code == 405
