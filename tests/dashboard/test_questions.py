"""Questions of pages: asked once for each scope and state of the data."""

from __future__ import annotations

import pytest

from ewater.accounts.scope import Scope
from ewater.dashboard.answers import States
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.remembered import Remembered
from ewater.errors import ForbiddenError


def levels(engine, scope, site):
    """Answer as a page's question does: in its scope, refusing what is outside."""
    if scope.organisations and site not in scope.organisations:
        raise ForbiddenError(site)
    engine.append((scope, site))
    return [site]


class Source:
    """A reader that answers questions of pages alone."""

    def __init__(self, scope=None, asked=None):
        self.scope, self.asked = scope or Scope(), [] if asked is None else asked

    def of(self, scope):
        return Source(scope, self.asked)

    def states(self):
        return States("1", "1", "1")

    def ask(self, question, *args):
        return question(self.asked, self.scope, *args)


def test_a_question_is_asked_once_for_each_scope():
    source, scope = Source(), [Scope()]
    cached = CachedReader(source, scope=lambda: scope[0])
    assert cached.ask(levels, "A") is cached.ask(levels, "A")
    scope[0] = Scope(organisations=("A",))
    assert cached.ask(levels, "A") == ["A"]
    assert source.asked == [(Scope(), "A"), (Scope(("A",)), "A")]


def test_what_one_may_see_is_not_given_to_another_from_memory():
    scope = [Scope()]
    cached = CachedReader(Source(), scope=lambda: scope[0])
    cached.ask(levels, "A")
    scope[0] = Scope(organisations=("B",))
    with pytest.raises(ForbiddenError):
        cached.ask(levels, "A")


def test_the_made_up_country_says_what_it_cannot_answer(reader):
    with pytest.raises(AssertionError, match="levels; put one into tests/dashboard"):
        CachedReader(reader).ask(levels, "A")


def test_of_long_answers_few_are_kept():
    kept, asked = Remembered(100), []

    def rows(number):
        asked.append(number)
        return [number] * 3000

    for number in (1, 2, 3, 4, 5, 5, 1):
        assert kept.get(number, rows, number)[0] == number
    assert asked == [1, 2, 3, 4, 5, 1]
    assert kept.get("short", lambda: ["x"]) is kept.get("short", lambda: ["y"])
