"""What is made again where it changed is what is made from the beginning."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from ewater.accounts import alone, pipeline
from ewater.accounts.editions import diff, material, results
from ewater.accounts.memory import Memory
from ewater.store import chunks, registry

pytestmark = pytest.mark.db
CODES = ("G-IN.Q", "G-MID.Q", "PUMP.N", "RES.H")
CHANGES = ("value", "late", "gone", "later", "curves", "pumps", "reports", "flows")


@pytest.fixture
def state(loaded):
    """Material of the loaded country."""
    with loaded.connect() as connection:
        frames = registry.read(connection)
        readings = chunks.read(connection, pipeline.needs(frames).all())
    spec = material.Spec(
        name="x",
        territory="TB",
        start=dt.date(2023, 1, 1),
        end=dt.date(2024, 1, 1),
        step="quarter",
        calendar="",
        boundary="managed",
        as_of=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )
    return material.of(spec, frames, readings)


def replaced(readings, some):
    """Put the readings of some series in the place of what there is of them."""
    return alone.select_last((readings, some), readings["series"].values)


def altered(readings, code, change, at):
    """Readings of one series, changed at and behind a place."""
    one = alone.select(readings, [code])
    count = one.sizes["reading"]
    place = int(at * (count - 200))
    keep = np.arange(count)
    if change == "gone":
        keep = np.delete(keep, np.arange(place, place + 150))
    columns = {name: one[name].to_numpy()[keep].copy() for name in diff._COLUMNS}
    if change == "value":
        columns["value"][place : place + 5] += 1.0
    if change == "late":
        columns["time"][place : place + 5] += np.timedelta64(7, "m")
    if change == "later":  # beyond the year: more months are looked at
        columns["time"][-3:] += np.timedelta64(70, "D")
    return xr.Dataset(
        {
            "row_size": ("series", np.array([keep.size])),
            **{name: ("reading", column) for name, column in columns.items()},
        },
        coords={"series": [code]},
    )


def changed_table(frames, name):
    frame = frames[name].copy()
    if name == "curves":
        rows = (frame["kind"] == "storage") & (frame["y"] == frame["y"].max())
        frame.loc[rows, "y"] *= 1.01
    elif name == "reports":
        frame["value"] *= 1.1
    elif name == "flows":
        frame.loc[frame["code"] == "TAKE", "measured_by"] = "0.5 * PUMP.N"
    return {name: frame}


def same(one, other):
    for name in ("sources", "stocks"):
        a, b = (getattr(x, name) for x in (one, other))
        assert list(a.data_vars) == list(b.data_vars)
        for column in a.data_vars:
            np.testing.assert_array_equal(a[column].values, b[column].values)
        for label in a.coords:
            assert list(a[label].values) == list(b[label].values)
    assert (one.weights != other.weights).nnz == 0
    assert one.gaps.equals(other.gaps)
    assert one.whole_record == other.whole_record


steps = st.lists(
    st.tuples(st.sampled_from(CHANGES), st.sampled_from(CODES), st.floats(0, 1)),
    min_size=2,
    max_size=4,
)
#: Every change once, where one leaves something for the next.
EACH = [(change, CODES[n % 4], n / 10) for n, change in enumerate(CHANGES)]


@settings(
    max_examples=2,  # each recomputes all anew at every step: a second apiece
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(steps=EACH)
@given(steps=steps)
def test_any_changes_one_after_another(state, steps):
    memory, look = Memory(), results.Known("TB", "managed")
    now, changed = state, frozenset()
    for change, code, at in [("none", "", 0.0), *steps]:
        if change in ("value", "late", "gone", "later"):
            new = altered(now.readings, code, change, at)
            now = now.with_parts({}, replaced(now.readings, new))
            changed = frozenset([code])
        elif change != "none":
            now = now.with_parts(changed_table(now.frames, change))
            changed = frozenset()
        memory.changed = changed
        run, fresh = now.run(memory), now.run()
        same(run.inputs, fresh.inputs)
        sealed = results.figures(results.cells(fresh, "TB", "managed"))
        assert look(run, sealed) == {key: one.known for key, one in sealed.items()}


def test_only_what_changed_is_integrated_again(state, monkeypatch):
    from ewater.accounts import alone

    looked_at = []
    plain = alone.Alone._volumes

    def noted(self, rated, bounds):
        looked_at.append([str(c) for c in rated.readings["series"].values])
        return plain(self, rated, bounds)

    monkeypatch.setattr(alone.Alone, "_volumes", noted)
    memory = Memory()
    state.run(memory)
    assert any(len(codes) > 1 for codes in looked_at)
    looked_at.clear()
    state.with_parts(changed_table(state.frames, "reports")).run(memory)
    assert looked_at == []
    new = altered(state.readings, "G-IN.Q", "value", 0.5)
    memory.changed = {"G-IN.Q"}
    state.with_parts({}, replaced(state.readings, new)).run(memory)
    assert looked_at
    assert all(codes == ["G-IN.Q"] for codes in looked_at)
