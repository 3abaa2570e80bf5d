"""A figure down to the chunks and files that made it, on a real database."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.accounts import explain_render, runs
from ewater.accounts.client import Client
from ewater.accounts.explain import Explainer
from ewater.accounts.reader import DatabaseReader
from ewater.accounts.render import as_json
from ewater.accounts.views import View
from ewater.balance.expressions import codes
from ewater.errors import UsageError
from ewater.store import chunks, folder, recording, registry, verdicts
from ewater.store.stretch import Stretch

pytestmark = pytest.mark.db

YEAR = (dt.date(2023, 1, 1), dt.date(2024, 1, 1))


def explained(engine, cell, territory="TB", **options):
    with Client(engine) as store:
        document = store.explain(cell, territory, "2023", **options)
    json.loads(as_json(document), parse_constant=pytest.fail)
    (period,) = document["periods"]
    return period


def test_a_chunk_is_named_by_the_hash_of_its_bytes_and_its_file_by_its_own(
    measured, hourly
):
    period = explained(measured, "balance.terms.abstraction")
    held = period["series"]["PUMP.N"]
    with measured.connect() as connection:
        stored = connection.execute(
            text(
                "SELECT c.content_hash, c.payload, c.count FROM chunk AS c "
                "JOIN series_key AS k ON k.id = c.series_id WHERE k.code = 'PUMP.N'"
            )
        ).all()
    named = {chunk["sha256"]: chunk["count"] for chunk in held["chunks"]}
    assert named == {row.content_hash.hex(): row.count for row in stored}
    assert set(named) == {hashlib.sha256(row.payload).hexdigest() for row in stored}
    raw = hourly({"G-IN.Q": 10.0, "G-MID.Q": 8.0, "RES.H": 7500.0, "PUMP.N": 3600.0})
    files = {load["file_sha256"] for load in held["loads"]} - {None}
    assert files == {hashlib.sha256(raw).hexdigest()}
    assert held["readings"]["count"] == 365 * 24 + 1
    assert held["readings"]["flags"] == {"pass": 365 * 24 + 1}
    assert held["readings"]["lineage"] == {"raw": 365 * 24 + 1}


def test_a_flow_is_explained_by_its_series_and_all_shares_sum_to_one(measured):
    period = explained(measured, "balance.terms.abstraction")
    (item,) = period["items"]
    assert (item["code"], item["share"], item["variance_share"]) == ("TAKE", 1.0, 1.0)
    (source,) = period["sources"]
    assert source["source"] == "series:PUMP.N"
    assert source["value"] == period["quantity"]["value"]
    assert np.sqrt(period["variance"]) == pytest.approx(period["quantity"]["u"])
    assert source["series"] == [{"code": "PUMP.N", "role": "volume"}]


def test_what_is_not_listed_is_summed_so_that_all_adds_up(measured):
    whole = explained(measured, "balance.residual", top=0)
    short = explained(measured, "balance.residual", top=1)
    assert len(short["items"]) == 1
    assert short["other_items"]["count"] == len(whole["items"]) - 1
    for level in ("items", "sources"):
        rows = [*short[level], short[f"other_{level}"]]
        for name in ("value", "covariance", "share", "variance_share"):
            total = sum(row[name] or 0.0 for row in rows)
            known = sum(row[name] or 0.0 for row in whole[level])
            assert total == pytest.approx(known, rel=1e-12, abs=1e-6)
    assert sum(row["share"] or 0.0 for row in whole["items"]) == pytest.approx(1)
    assert sum(row["variance_share"] for row in whole["items"]) == pytest.approx(1)
    assert whole["added"] == pytest.approx(whole["quantity"]["known"])
    assert "EVAP" in whole["quantity"]["missing"]


def test_a_rule_is_named_with_its_arguments_and_what_it_draws_on(measured):
    sources = explained(measured, "balance.residual")["sources"]
    found = {one["source"]: one for one in sources}
    closing = found["flow:TO-RES"]
    assert closing["rule"] == {"name": "balance", "arguments": ["RIVER-UP"]}
    assert set(closing["flows"]) == {"IN", "FROM-RES-BACK"}
    assert closing["status"] == "balancing"
    evaporation = found["flow:EVAP"]
    assert evaporation["status"] == "unknown"
    assert {one["code"]: one["role"] for one in evaporation["series"]} == {
        "RES.E": "depth",
        "RES.H": "water area",
    }
    constant = found["flow:COMES-BACK"]
    assert constant["rule"] == {"name": "constant", "arguments": [0.0]}
    assert constant["kind"] == "rule"


def test_a_stock_is_explained_by_its_level_and_the_version_of_its_curve(
    measured, two_basins
):
    def curve():
        period = explained(measured, "balance.storage_change")
        (item,) = period["items"]
        assert (item["kind"], item["code"]) == ("stock", "RES")
        (found,) = period["series"]["RES.H"]["curves"]
        assert found["kind"] == "storage"
        assert found["points"] == 3
        return found

    before = curve()
    surveyed = folder.read(two_basins, expression_codes=codes)["curves"]
    surveyed = surveyed[surveyed["kind"] != "area"].copy()
    last = surveyed["y"] == 97_000_000
    surveyed.loc[last, "y"] = 97_500_000.0
    registry.load(measured, {"curves": surveyed}, expression_codes=codes)
    after = curve()
    assert after["sha256"] != before["sha256"]
    assert after["recorded_from"] > before["recorded_from"]


def test_returns_are_named_with_enterprise_revision_and_status(measured):
    start, end = (
        pd.Timestamp(f"{year}-01-01", tz="Asia/Baku").tz_convert("UTC").as_unit("us")
        for year in (2023, 2024)
    )
    with measured.connect() as connection:
        reports = registry.read_table(connection, "reports")
    row = reports[reports["item"] == "use"].iloc[[0]]
    both = pd.concat(
        [
            row.assign(
                period_start=start, period_end=end, status="approved",
                revision=revision, value=value,
            )
            for revision, value in ((0, 4000.0), (1, 5000.0))
        ]
    )  # fmt: skip
    registry.load(measured, {"reports": both}, expression_codes=codes)
    period = explained(measured, "balance.terms.consumption")
    (source,) = period["sources"]
    assert source["kind"] == "report"
    assert source["u_pct"] == 30.0
    (found,) = source["reports"]
    assert (found["enterprise"], found["revision"]) == ("E1", 1)
    assert found["status"] == "approved"
    assert found["volume"] == pytest.approx(5_000_000)


def test_as_of_names_only_what_was_recorded_by_then(measured, ingest, hourly):
    with measured.connect() as connection:
        then = recording.latest(connection)
    later = hourly({"G-IN.Q": 12.5})
    ingest(later, pd.Timestamp("2024-03-01T00:00Z"))
    cell = "balance.terms.inflow_from_neighbours"
    before = explained(measured, cell, as_of=then)["series"]["G-IN.Q"]
    after = explained(measured, cell)["series"]["G-IN.Q"]
    raw = hashlib.sha256(later).hexdigest()
    assert raw not in {load["file_sha256"] for load in before["loads"]}
    assert raw in {load["file_sha256"] for load in after["loads"]}
    assert len(after["chunks"]) > len(before["chunks"])
    assert after["readings"]["versions"] > after["readings"]["count"]
    assert all(load["recorded_from"] <= then.isoformat() for load in before["loads"])


def test_a_verdict_is_named_with_its_person_and_reason(measured):
    moment = dt.datetime(2023, 6, 1, tzinfo=dt.UTC)
    edge = int(moment.timestamp() * 1e6)
    with measured.begin() as connection:
        number = chunks.series_ids(connection, ["PUMP.N"])
        span = Stretch(
            series_id=number,
            first=np.array([edge]),
            last=np.array([edge + 3_600_000_000]),
        )
        verdicts.add(
            connection,
            span,
            [3],
            level="reviewed",
            reason="the seal was broken",
            who="inspector",
            made=recording.latest(connection),
        )
    held = explained(measured, "balance.terms.abstraction")["series"]["PUMP.N"]
    (verdict,) = held["verdicts"]
    assert verdict["reason"] == "the seal was broken"
    assert verdict["by"] == "inspector"
    assert verdict["flag"] == "suspect"


def test_the_cells_of_a_formula_are_named_with_their_slopes(measured):
    period = explained(measured, "indicators.loss_of_abstraction")
    assert period["formula"]
    assert [one["cell"] for one in period["cells"]] == [
        "indicators.losses",
        "indicators.abstraction",
    ]
    assert period["quantity"]["unit"] == "%"


def test_a_gap_is_named_with_its_method(country, ingest, hourly):
    hours = pd.date_range("2022-12-31T20:00Z", "2023-12-31T20:00Z", freq="h")
    kept = hours[(hours < "2023-03-01") | (hours >= "2023-03-20")]
    ingest(hourly({"G-IN.Q": 10.0}, kept))
    period = explained(country, "balance.terms.inflow_from_neighbours")
    source = next(s for s in period["sources"] if s["source"] == "series:G-IN.Q")
    (gap,) = source["gaps"]
    assert gap["method"] == "seasonal"
    assert gap["seconds"] == pytest.approx(19 * 86400, rel=0.1)
    assert {one["role"] for one in source["series"]} == {"volume", "long-term mean"}


def test_the_dashboard_gets_the_same_answer(measured):
    runs.obtain(measured, *YEAR, "year")
    reader = DatabaseReader(measured)
    document = reader.explain("balance.inflow", "TB", *YEAR, depth="chunks", top=10)
    with Client(measured) as store:
        assert document == store.explain("balance.inflow", "TB", "2023", top=10)
    shallow = reader.explain("balance.inflow", "TB", *YEAR, depth="flows")
    assert "sources" not in shallow["periods"][0]


def test_it_is_printed_for_people_and_for_programs(measured, capsys):
    with Client(measured) as store:
        document = store.explain("balance.inflow", "TB", "2023")
    explain_render.print_explanation(document)
    printed = capsys.readouterr().out
    chunk = document["periods"][0]["series"]["G-IN.Q"]["chunks"][0]["sha256"]
    assert "raw (not reconciled)" in printed
    assert chunk[:12] in printed
    lines = [
        line for line in explain_render.as_csv(document).splitlines() if line[0] != "#"
    ]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
    levels = {row["level"] for row in rows}
    assert {"cell", "item", "source", "chunk", "load"} <= levels
    assert chunk in {row["code"] for row in rows}


@pytest.mark.parametrize(
    ("cell", "territory", "said"),
    [
        ("inflow", "TB", "write VIEW.CELL"),
        ("balance.inflows", "TB", "no cell 'inflows'"),
        ("indicators.nothing", "TB", "no cell 'nothing'"),
        ("nowhere.use", "TB", "no view 'nowhere'"),
        ("balance.inflow", "ATLANTIS", "no territory ATLANTIS"),
    ],
)
def test_what_is_not_there_is_refused_by_name(country, cell, territory, said):
    with pytest.raises(UsageError, match=said):
        explained(country, cell, territory)


def test_chunks_need_the_store(measured):
    view = View(runs.obtain(measured, *YEAR, "year"))
    with pytest.raises(UsageError, match="give a connection"):
        Explainer(view).document("balance.inflow", "TB", depth="chunks")
