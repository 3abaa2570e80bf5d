"""The registry: loaded whole or not at all, never overwritten, read as of any time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ewater.balance.expressions import codes
from ewater.errors import FaultsError, UsageError
from ewater.store import folder, recording, registry
from ewater.store.folder_files import FILES

pytestmark = pytest.mark.db


@pytest.fixture
def frames(two_basins):
    return folder.read(two_basins, expression_codes=codes)


def stored_rows(engine) -> int:
    with engine.connect() as connection:
        return sum(
            connection.scalar(text(f'SELECT count(*) FROM "{name}"')) for name in FILES
        )


def assert_same(left, right) -> None:
    for name in FILES:
        pd.testing.assert_frame_equal(left[name], right[name], check_exact=True)


def test_what_is_read_is_what_the_folder_holds(engine, frames):
    registry.load(engine, frames)
    with engine.connect() as connection:
        read = registry.read(connection)
    assert list(read) == [*FILES, "site_territories"]
    assert_same(read, frames)


def test_an_empty_registry_reads_as_empty_frames_of_the_same_types(engine, frames):
    with engine.connect() as connection:
        read = registry.read(connection)
    for name, frame in frames.items():
        assert read[name].empty
        assert list(read[name].dtypes) == list(frame.dtypes), name
    assert list(read["site_territories"].columns) == ["site", "territory"]


def test_dumping_loading_and_dumping_gives_the_same_bytes(engine, frames, tmp_path):
    registry.load(engine, frames)
    registry.dump(engine, tmp_path / "first")
    again = folder.read(tmp_path / "first", expression_codes=codes)
    summary = registry.load(engine, again)
    assert summary.recorded_at is None
    registry.dump(engine, tmp_path / "second")
    folder_ = tmp_path / "first"
    first = {
        file.relative_to(folder_): file.read_bytes()
        for file in folder_.rglob("*")
        if file.is_file()
    }
    assert len(first) == len(FILES)
    for name, content in first.items():
        assert (tmp_path / "second" / name).read_bytes() == content


def test_loading_the_same_folder_twice_writes_nothing(engine, frames):
    first = registry.load(engine, frames, expression_codes=codes)
    rows = stored_rows(engine)
    second = registry.load(engine, frames, expression_codes=codes)
    assert first.recorded_at is not None
    assert second.recorded_at is None
    assert stored_rows(engine) == rows
    for name, frame in frames.items():
        assert first.tables[name] == registry.Counts(new=len(frame))
        assert second.tables[name] == registry.Counts(unchanged=len(frame))


def test_a_change_closes_the_old_row_and_adds_the_new_one(engine, frames):
    registry.load(engine, frames)
    sites = frames["sites"].copy()
    sites.loc[sites["code"] == "RES", "capacity_m3"] = 99e6
    summary = registry.load(engine, {"sites": sites})
    assert summary.tables == {"sites": registry.Counts(changed=1, unchanged=4)}
    with engine.connect() as connection:
        versions = connection.execute(
            text(
                "SELECT capacity_m3, recorded_to IS NULL FROM sites "
                "WHERE code = 'RES' ORDER BY recorded_from"
            )
        ).all()
    assert [tuple(row) for row in versions] == [(100e6, False), (99e6, True)]


def test_the_registry_reads_as_it_stood_at_any_time(engine, frames, tmp_path):
    first = registry.load(engine, frames).recorded_at
    flows = frames["flows"].copy()
    flows.loc[0, "u_pct"] = 12.5
    accounts = frames["accounts"]
    second = registry.load(
        engine,
        {
            "flows": flows[flows["code"] != "OUT"],
            "accounts": accounts[accounts["code"] != "SEA"],
        },
    ).recorded_at
    with engine.connect() as connection:
        before = registry.read(connection, first - timedelta(microseconds=1))
        then = registry.read(connection, first)
        just_then = registry.read(connection, second - timedelta(microseconds=1))
        now = registry.read(connection, second)
        assert_same(now, registry.read(connection))
    assert before["flows"].empty
    assert before["site_territories"].empty
    assert_same(then, frames)
    assert_same(just_then, frames)
    one_by_one = registry.Tables(engine, second)
    assert [*one_by_one] == [*now]
    assert_same(dict(one_by_one), now)
    assert one_by_one["flows"] is one_by_one["flows"]
    assert one_by_one.get("rivers") is None
    assert "OUT" not in set(now["flows"]["code"])
    assert now["flows"]["u_pct"][0] == 12.5
    registry.dump(engine, tmp_path, as_of=first)
    assert_same(folder.read(tmp_path), frames)


def test_a_time_without_offset_is_refused(engine):
    with engine.connect() as connection, pytest.raises(UsageError, match="offset"):
        registry.read(connection, datetime(2024, 1, 1))  # noqa: DTZ001


def test_what_is_absent_from_a_file_is_withdrawn_and_an_absent_file_is_not(
    engine, frames
):
    registry.load(engine, frames)
    published = frames["published"].iloc[1:]
    summary = registry.load(engine, {"published": published})
    assert summary.tables["published"] == registry.Counts(retired=1, unchanged=1)
    with engine.connect() as connection:
        read = registry.read(connection)
    assert len(read["published"]) == 1
    assert_same(
        read,
        {
            **frames,
            "published": folder.canonical({"published": published})["published"],
        },
    )


def test_a_row_that_comes_back_is_new_and_keeps_its_past(engine, frames):
    registry.load(engine, frames)
    registry.load(engine, {"notices": frames["notices"].iloc[:0]})
    summary = registry.load(engine, {"notices": frames["notices"]})
    assert summary.tables["notices"] == registry.Counts(new=1)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM notices")) == 2


def test_reports_are_added_and_replaced_but_never_withdrawn(engine, frames):
    registry.load(engine, frames)
    report = frames["reports"].iloc[:1].assign(value=4.3)
    later = report.assign(revision=1.0, value=4.4)
    summary = registry.load(engine, {"reports": pd.concat([report, later])})
    assert summary.tables["reports"] == registry.Counts(new=1, changed=1)
    with engine.connect() as connection:
        reports = registry.read_table(connection, "reports")
    assert len(reports) == len(frames["reports"]) + 1
    assert set(reports["value"].dropna()) == {4.3, 4.4, 4000, 3900}


def test_series_keep_their_number_through_every_version(engine, frames):
    registry.load(engine, frames)
    query = text("SELECT code, id FROM series_key ORDER BY id")
    with engine.connect() as connection:
        numbers = dict(map(tuple, connection.execute(query)))
    assert list(numbers) == sorted(frames["series"]["code"])
    series = frames["series"].assign(interval_s=60.0)
    extra = series.iloc[:1].assign(code="A.NEW")
    registry.load(engine, {"series": pd.concat([series, extra])})
    with engine.connect() as connection:
        later = dict(map(tuple, connection.execute(query)))
    assert later == {**numbers, "A.NEW": len(numbers) + 1}


def test_nothing_is_loaded_when_one_cell_is_wrong(engine, frames):
    frames["flows"].loc[3, "to"] = "NOWHERE"
    with pytest.raises(FaultsError, match="NOWHERE"):
        registry.load(engine, frames)
    assert stored_rows(engine) == 0
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM series_key")) == 0


def test_nothing_is_loaded_when_the_database_fails_on_the_way(
    engine, frames, monkeypatch
):
    from ewater.store import registry_rows

    copy = registry_rows._copy

    def fail_at_reports(connection, name, rows):
        if name == "reports":
            raise ConnectionError("the line is cut")
        copy(connection, name, rows)

    monkeypatch.setattr(registry_rows, "_copy", fail_at_reports)
    with pytest.raises(ConnectionError):
        registry.load(engine, frames)
    assert stored_rows(engine) == 0


def test_a_partial_folder_may_name_what_is_registered(engine, frames):
    registry.load(engine, frames)
    stocks = pd.DataFrame(
        {"account": ["RES", "RIVER-UP"], "measured_by": ["RES.H"] * 2}
    )
    summary = registry.load(engine, {"stocks": stocks}, expression_codes=codes)
    assert summary.tables["stocks"] == registry.Counts(new=1, unchanged=1)
    with pytest.raises(FaultsError, match=r"RES\.X"):
        registry.load(
            engine,
            {"stocks": stocks.assign(measured_by="RES.X")},
            expression_codes=codes,
        )


def test_what_is_registered_may_not_lose_what_it_names(engine, frames):
    registry.load(engine, frames)
    with pytest.raises(FaultsError) as refused:
        registry.load(engine, {"sites": frames["sites"].iloc[1:]})
    (fault,) = refused.value.faults
    assert fault.file == "series.csv (registered)"
    assert (fault.line, fault.column) == (None, "site")
    without_e1 = {
        "enterprises": frames["enterprises"].iloc[1:],
        "permits": frames["permits"].iloc[:0],
        "reports": frames["reports"].iloc[:0],
    }
    with pytest.raises(FaultsError, match=r"reports.csv \(registered\)"):
        registry.load(engine, without_e1)


def test_a_load_takes_part_in_the_callers_transaction(engine, frames):
    with engine.connect() as connection:
        registry.load(connection, frames)
        connection.rollback()
    assert stored_rows(engine) == 0


def test_concurrent_loads_follow_one_another(engine, frames):
    registry.load(engine, frames)
    start = threading.Barrier(4)
    outcomes = []

    def rename(number):
        sites = frames["sites"].assign(datum=f"datum {number % 2}")
        start.wait()
        outcomes.append(registry.load(engine, {"sites": sites}))

    threads = [threading.Thread(target=rename, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    recorded = [o.recorded_at for o in outcomes if o.recorded_at is not None]
    assert len(set(recorded)) == len(recorded)
    with engine.connect() as connection:
        sites = registry.read_table(connection, "sites")
        overlapping = connection.scalar(
            text(
                "SELECT count(*) FROM sites a JOIN sites b ON a.code = b.code "
                "AND a.id < b.id AND tstzrange(a.recorded_from, a.recorded_to) "
                "&& tstzrange(b.recorded_from, b.recorded_to)"
            )
        )
    assert len(set(sites["datum"])) == 1
    assert overlapping == 0


def test_a_load_may_be_recorded_earlier_but_not_before_what_is_there(engine, frames):
    early = datetime(2024, 1, 1, tzinfo=UTC)
    assert registry.load(engine, frames, recorded_at=early).recorded_at == early
    notices = frames["notices"].assign(text_en="changed")
    for wrong in (early, datetime(2200, 1, 1, tzinfo=UTC)):
        with pytest.raises(UsageError, match="cannot be recorded"):
            registry.load(engine, {"notices": notices}, recorded_at=wrong)
    later = early + timedelta(days=1)
    registry.load(engine, {"notices": notices}, recorded_at=later)
    with engine.connect() as connection:
        assert registry.version(connection) == later


def test_recorded_moments_only_ever_rise(engine):
    moments = []
    for _ in range(5):
        with engine.begin() as connection:
            moments += [recording.moment(connection) for _ in range(3)]
    with engine.connect() as connection:
        moments.append(recording.moment(connection))
        connection.rollback()
        moments.append(recording.moment(connection))
    assert moments == sorted(set(moments))
    assert moments[-1] - datetime.now(UTC) < timedelta(minutes=1)


def test_the_present_waits_for_a_writer_that_has_not_committed(engine):
    seen = []

    def look():
        with engine.connect() as reader:
            seen.append(recording.latest(reader))

    with engine.begin() as writer:
        recorded = recording.moment(writer)
        assert recording.latest(writer) == recorded  # its own moment does not block
        reader = threading.Thread(target=look)
        reader.start()
        reader.join(0.3)
        assert seen == []
    reader.join()
    assert seen == [recorded]
    with engine.begin() as first, engine.begin() as second:
        recording.latest(first)
        assert recording.moment(second) > recorded  # a reader does not hold writers up


def test_a_clock_set_back_does_not_set_records_back(engine):
    ahead = datetime.now(UTC) + timedelta(days=1)
    micros = round(ahead.timestamp() * 1e6)
    with engine.begin() as connection:
        connection.execute(text("SELECT setval('recorded_clock', :v)"), {"v": micros})
        assert recording.moment(connection) == ahead + timedelta(microseconds=1)


words = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\t\n\\"),
    min_size=1,
)
finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.lists(st.tuples(words, st.none() | words, st.none() | finite), max_size=5))
def test_any_text_and_number_survives_the_database(engine, rows):
    sites = pd.DataFrame(
        {
            "code": [f"S{number}" for number in range(len(rows))],
            "kind": "well",
            "name_az": [name for name, _, _ in rows],
            "organisation": [organisation for _, organisation, _ in rows],
            "full_level_m": [level for _, _, level in rows],
        }
    )
    given_frames = folder.canonical({"sites": sites})
    registry.load(engine, given_frames)
    with engine.connect() as connection:
        read = registry.read_table(connection, "sites")
    pd.testing.assert_frame_equal(read, given_frames["sites"], check_exact=True)
