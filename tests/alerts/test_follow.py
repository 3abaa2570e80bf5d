"""Limits with a way back: hand-checked courses, and a slow model as the judge."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ewater.alerts.follow import State, follow

NAN = float("nan")


def run(value, *, limit=10.0, clear=8.0, sign=1.0, hold=0, state=0, since=0, time=None):
    """Follow one rule; returns its events as (raised, at) and where it stands."""
    value = np.array(value, float)
    time = np.arange(len(value)) if time is None else np.array(time)
    states, begun = np.array([state]), np.array([since])
    rule, raised, at, _ = follow(
        np.array([0, len(value)]),
        time.astype(np.int64),
        value,
        np.array([limit]),
        np.array([clear]),
        np.array([sign]),
        np.array([hold]),
        states,
        begun,
    )
    assert set(rule) <= {0}
    return list(zip(raised.tolist(), at.tolist(), strict=True)), State(states[0])


def test_a_value_that_trembles_at_the_limit_raises_once():
    events, state = run([9, 10, 9.9, 10.1, 9, 8.5, 10, 8.1])
    assert (events, state) == ([(True, 1)], State.RAISED)


def test_it_ends_only_beyond_the_second_limit():
    assert run([11, 8.01, 8.0])[0] == [(True, 0), (False, 2)]


def test_what_does_not_last_is_not_raised():
    assert run([11, 11, 9, 11, 11, 11], hold=2)[0] == [(True, 3)]


def test_what_does_not_stay_away_has_not_ended():
    events, state = run([11, 7, 9, 7, 7, 7], hold=2, state=2)
    assert (events, state) == ([(False, 3)], State.QUIET)


def test_downwards_is_the_mirror():
    assert run([-9, -10, -9, -8], limit=-10, clear=-8, sign=-1.0)[0] == [
        (True, 1),
        (False, 3),
    ]


def test_an_unknown_value_neither_raises_nor_ends():
    assert run([11, NAN, NAN, 11], hold=3)[0] == [(True, 0)]
    assert run([NAN, NAN], state=2) == ([], State.RAISED)


def test_without_a_second_limit_the_limit_itself_ends_it():
    assert run([10, 9.99, 10], clear=10.0)[0] == [(True, 0), (False, 1), (True, 2)]


def test_two_checks_see_what_one_sees():
    values = [9, 11, 11, 9, 7, 7, 7, 12]
    whole, state = run(values, hold=2)
    first, middle = run(values[:2], hold=2)
    second, end = run(values[2:], hold=2, state=middle, since=1, time=range(2, 8))
    assert (whole, state) == (first + second, end)


def model(value, hold):
    """One value after the other, in words."""
    raised, begun, events = False, None, []
    for i, v in enumerate(value):
        if np.isnan(v):
            continue
        turned = v <= 8 if raised else v >= 10
        if not turned:
            begun = None
            continue
        begun = i if begun is None else begun
        if i - begun >= hold:
            raised = not raised
            events.append((raised, begun))
            begun = None
    return events


@given(
    st.lists(st.sampled_from([7.0, 8.0, 9.0, 10.0, 11.0, NAN]), max_size=40),
    st.integers(0, 4),
)
def test_any_course_is_followed_as_the_words_say(value, hold):
    assert run(value, hold=hold)[0] == model(value, hold)
