"""A file in a wrong unit is held, and released by a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.ingest import replay
from ewater.ingest.outcome import Options
from ewater.store import rejects

pytestmark = pytest.mark.db

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def river(hours, seed=1):
    """Discharge that doubles and halves over weeks, with noise."""
    noise = np.random.default_rng(seed).normal(0, 0.03, len(hours))
    return 50 * np.exp(0.35 * np.sin(np.asarray(hours) / 100) + noise)


def rows(hours, factor=1.0, code="Q1", seed=1):
    values = river(hours, seed) * factor
    return "".join(
        f"{code},{(START + timedelta(hours=h)).isoformat()},{v:.4f}\n"
        for h, v in zip(hours, values.tolist(), strict=True)
    )


WEEKS = range(400)
NEXT = range(400, 500)


@pytest.fixture
def stored(at):
    """A country with some weeks of two rivers."""
    at.rows(rows(WEEKS) + rows(WEEKS, code="Q2", seed=2))
    return at


@pytest.mark.parametrize("factor", [1000, 86.4, 3.6, 1 / 1000, 1 / 86.4, 1 / 3.6])
def test_a_file_in_a_wrong_unit_is_held_series_by_series(stored, factor):
    done = stored.rows(rows(NEXT, factor) + rows(NEXT, code="Q2", seed=2))
    assert (done.counts.rejected, done.counts.new) == (100, 100)
    assert {reason for _, reason in stored.rejected} == {"wrong_unit"}
    assert [line for line, _ in stored.rejected] == list(range(2, 102))
    assert len(stored.stored()[0]) == 400
    with stored.engine.connect() as connection:
        first = rejects.read(connection)[0]
    assert first["held"]
    assert "times those in place" in first["detail"]
    assert first["raw"].startswith("Q1,2024-01-17T16:00:00+00:00,")


def test_a_correction_in_a_wrong_unit_is_held(stored):
    done = stored.rows(rows(range(200), 3.6))
    assert (done.counts.rejected, done.counts.corrected) == (200, 0)


def test_a_canal_that_is_opened_and_closed_is_not_held(at):
    """Its flow is 3.6 times what it was before, as it has been before."""
    flow = [(h, 36 if h // 48 % 2 else 10) for h in range(336)]
    at.rows(written(flow[:288]))
    assert at.rows(written(flow[288:])).counts.new == 48


def flood(peak, rise, recession):
    """Factors of 100 hours: up to a peak in so many hours, and down again."""
    hours = np.arange(100.0)
    up = np.minimum((hours + 1) / rise, 1.0)
    down = np.exp(-np.maximum(hours - rise, 0) / recession)
    return 1 + (peak - 1) * up * down


@pytest.mark.parametrize("peak", [3, 3.6, 4.5])
def test_a_flood_is_not_held_for_a_factor_between_units(stored, peak):
    """It rises over some hours and stays high, or comes at once and recedes."""
    slow, sudden = flood(peak, 8, 1e9), flood(peak, 1, 40)
    done = stored.rows(rows(NEXT, slow) + rows(NEXT, sudden, code="Q2", seed=2))
    assert (done.counts.rejected, done.counts.new) == (0, 200)


@pytest.mark.parametrize("factor", [1.5, 2, 5, 20, 300])
def test_a_change_by_another_factor_is_no_matter_of_units(stored, factor):
    assert stored.rows(rows(NEXT, factor)).counts.new == 100


def test_a_few_readings_say_nothing(stored):
    assert stored.rows(rows(range(400, 411), 1000)).counts.new == 11


def test_the_year_before_is_asked_where_nothing_is_near(at):
    at.rows(rows(WEEKS))
    from ewater.ingest import daily

    daily.refresh(at.engine)
    done = at.rows(rows(range(3000, 3100), 86.4))
    assert done.counts.rejected == 100


def written(pairs):
    return "".join(
        f"Q1,{(START + timedelta(hours=h)).isoformat()},{v}\n" for h, v in pairs
    )


def test_a_person_releases_what_is_right(stored, database_url, monkeypatch):
    load = stored.rows(rows(NEXT, 1000)).load
    assert replay.replay(stored.engine, load, Options(now=NOW)) == []
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    wanted = ["rejects", "--replay", "--accept-unit"]
    refused = CliRunner().invoke(app, wanted)
    assert "--load N" in str(refused.exception)
    done = CliRunner().invoke(app, [*wanted, "--load", str(load)])
    assert (done.exit_code, "100 accepted" in done.output) == (0, True), done.output
    assert len(stored.stored()[0]) == 500
    with stored.engine.connect() as connection:
        assert rejects.held(connection) == {}


def test_the_same_bytes_with_their_unit_said_are_loaded(stored):
    body = "s,t,v\n" + rows(NEXT, 1000)
    profile = "columns: {time: [t], series: [s], value: v}\n"
    assert stored.load(body, profile).counts.rejected == 100
    done = stored.load(body, profile + "unit: l/s\n")
    assert done.counts.new == 100
    assert stored.stored()[0][-1] == pytest.approx(river(NEXT)[-1], rel=1e-4)


def test_held_and_contradictory_rows_of_a_wide_file_are_each_rejected_once(stored):
    hours = [*NEXT, 450]
    values = (river(hours) * 1000).tolist()
    lines = "".join(
        f"{(START + timedelta(hours=h)).isoformat()},{v:.3f},{50 + h % 7}\n"
        for h, v in zip(hours, values, strict=True)
    )
    done = stored.load("t,Q1,Q3\n" + lines, "columns: {time: [t], values: 'Q.'}\n")
    reasons = [reason for _, reason in stored.rejected]
    assert reasons.count("conflict") == 2
    assert reasons.count("wrong_unit") == 99
    assert (done.counts.rejected, done.counts.new) == (101, 100)
    assert done.counts.accepted + done.counts.rejected == done.counts.rows_read == 202


def test_a_totaliser_is_compared_by_its_steps(at):
    import pandas as pd

    from ewater.store import registry

    series = {"site": "GIR", "quantity": "volume", "unit": "m3", "timezone": "UTC"}
    frame = pd.DataFrame({"code": ["M1"], "signal": "totaliser"} | series)
    registry.load(at.engine, {"series": frame})
    count = np.cumsum(np.full(200, 7.0))
    at.rows(counted(range(100), count[:100]))
    replaced = at.rows(counted(range(100, 150), count[100:150] - count[99]))
    assert replaced.counts.new == 50, "a counter that starts anew is no other unit"
    done = at.rows(counted(range(150, 200), count[150:] * 1000))
    assert done.counts.rejected == 50


def counted(hours, values):
    return "".join(
        f"M1,{(START + timedelta(hours=h)).isoformat()},{v:.1f}\n"
        for h, v in zip(hours, values.tolist(), strict=True)
    )
