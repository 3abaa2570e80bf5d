"""The account over HTTP, now and as it was known."""

from __future__ import annotations

import pytest

from ewater.accounts.reader import DatabaseReader
from ewater.dashboard.app import create_app
from ewater.store import recording

pytestmark = pytest.mark.db
YEAR = "/api/balance?territory=TB&from=2023-01-01&to=2024-01-01"
REFUSED = (
    ("/api/balance?territory=TB", "give from, to"),
    (f"{YEAR}&year=2023", "year is not known; ask by territory"),
    (f"{YEAR}&step=week", "step 'week' is not known"),
    (f"{YEAR}&boundary=sea", "boundary 'sea' is not known"),
    (f"{YEAR}&figures=nice", "choose raw, reconciled"),
    (f"{YEAR}&as_of=2024-02-01", "is no time such as"),
    (f"{YEAR}&calendar=moon", "moon"),
    (YEAR.replace("2023-01-01", "soon"), "is no day such as"),
    (YEAR.replace("=TB", "=XX"), "XX"),
)


def test_the_account_is_given_as_it_was_known(loaded, ingest):
    client = create_app(DatabaseReader(loaded)).server.test_client()

    def inflow(path):
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.mimetype == "application/json"
        (period,) = answer.json["periods"]
        assert {"gaps", "returns"} <= period.keys()  # all that the command writes
        return period["terms"]["inflow_from_neighbours"]["value"]

    before = inflow(YEAR)
    with loaded.connect() as connection:
        at = recording.latest(connection).isoformat()
    ingest(loaded, {"G-IN.Q": 20.0}, "2024-03-01T00:00Z")
    assert inflow(YEAR) > 1.5 * before
    assert inflow(f"{YEAR}&as_of={at.replace('+', '%2B')}") == before
    assert inflow(f"{YEAR}&as_of={at}") == before
    quarters = client.get(f"{YEAR}&step=quarter").json["periods"]
    assert len(quarters) == 4

    for path, why in REFUSED:
        answer = client.get(path)
        assert answer.status_code in (400, 403), path
        if answer.status_code == 400:
            assert why in answer.json["error"], path
