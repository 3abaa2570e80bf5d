"""``ewater explain`` as it is called, and what a page may ask of it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pytest
from typer.testing import CliRunner

from ewater.accounts.client import Client
from ewater.accounts.reader import DatabaseReader
from ewater.accounts.scope import Scope
from ewater.cli.main import app
from ewater.errors import ForbiddenError, UsageError

pytestmark = pytest.mark.db

CELL = "balance.terms.abstraction"
YEAR = (dt.date(2023, 1, 1), dt.date(2024, 1, 1))


@pytest.fixture
def explained(measured, database_url, monkeypatch):
    """Run the command over the year; give what it printed."""
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def run(*arguments, of="TB"):
        found = CliRunner().invoke(
            app, ["explain", *arguments, "--territory", of, "--from", "2023"]
        )
        if found.exception:
            raise found.exception
        assert found.exit_code == 0
        return found.stdout

    return run


def test_the_command_prints_what_a_script_is_given(explained, measured):
    with Client(measured) as store:
        given = store.explain(CELL, "TB", "2023", top=10)
    document = json.loads(explained(CELL, "--format", "json"))
    assert document == json.loads(json.dumps(given))
    (period,) = document["periods"]
    assert period["series"]["PUMP.N"]["chunks"]
    shallow = json.loads(explained(CELL, "--format", "json", "--depth", "flows"))
    assert "chunks" not in json.dumps(shallow["periods"][0].get("series", {}))
    lines = explained(CELL, "--format", "csv").splitlines()
    body = "\n".join(line for line in lines if not line.startswith("#"))
    rows = list(csv.DictReader(io.StringIO(body)))
    assert any("TAKE" in row.values() for row in rows)
    table = explained(CELL)
    for word in (CELL, "TAKE", "PUMP.N"):
        assert word in table
    with pytest.raises(UsageError, match=r"nothing.*abstraction"):
        explained("balance.terms.nothing")
    with pytest.raises(UsageError, match="XX"):
        explained(CELL, of="XX")


def test_a_scope_is_explained_what_lies_in_it_and_refused_the_rest(measured):
    whole = DatabaseReader(measured)
    frame = whole.territories()
    mine, other = frame.index[frame["kind"] == "basin"][:2]
    scoped = whole.of(Scope(territories=(mine,)))
    asked = ("balance.inflow", mine, *YEAR)
    assert scoped.explain(*asked) == whole.explain(*asked)
    assert scoped.explain(*asked, top=1)["periods"][0]["other_items"]["count"] > 0
    for refused in (other, "TB"):
        with pytest.raises(ForbiddenError, match=refused):
            scoped.explain("balance.inflow", refused, *YEAR)
