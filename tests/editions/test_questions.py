"""What pages are told of editions, within the scope of who asks."""

from __future__ import annotations

import pytest

from ewater.accounts.editions import seal
from ewater.accounts.scope import Scope
from ewater.dashboard.questions import editions as questions
from ewater.errors import ForbiddenError

pytestmark = pytest.mark.db
NAME = "2023-annual"
NEIGHBOURS = "balance.terms.inflow_from_neighbours"


def test_a_draft_is_not_public_until_it_is_published(sealed, signers):
    assert [row["name"] for row in questions.editions(sealed, Scope())] == [NAME]
    assert questions.editions(sealed, Scope(), questions.PUBLIC) == []
    assert questions.edition(sealed, Scope(), NAME, questions.PUBLIC) is None
    assert questions.figures(sealed, Scope(), NAME, "TB", questions.PUBLIC) == []
    for verb in ("review", "approve", "publish"):
        seal.advance(sealed, NAME, verb, signers["rufat"])
    (row,) = questions.editions(sealed, Scope(), questions.PUBLIC)
    assert (row["state"], row["intact"]) == ("published", None)
    cells = questions.figures(sealed, Scope(), NAME, "TB", questions.PUBLIC)
    assert {c["cell"]: c["value"] for c in cells}[NEIGHBOURS] == 315_360_000
    seal.advance(sealed, NAME, "withdraw", signers["leyla"], reason="wrong curve")
    (row,) = questions.editions(sealed, Scope(), questions.PUBLIC)
    assert (row["state"], row["reason"]) == ("withdrawn", "wrong curve")


def test_a_draft_that_was_withdrawn_was_never_public(sealed, signers):
    seal.advance(sealed, NAME, "withdraw", signers["ana"], reason="not needed")
    assert questions.editions(sealed, Scope(), questions.PUBLIC) == []


def test_a_scope_sees_the_figures_of_its_own_territories_alone(sealed):
    mine = Scope(territories=("EAST",))
    assert [row["name"] for row in questions.editions(sealed, mine)] == [NAME]
    assert questions.figures(sealed, mine, NAME, "EAST")
    with pytest.raises(ForbiddenError):
        questions.figures(sealed, mine, NAME, "TB")
    assert questions.editions(sealed, Scope(territories=("ELSEWHERE",))) == []
    document = questions.edition(sealed, mine, NAME)
    assert document["exceptions"][0]["name"] == "coverage:outflow"
    assert len(document["steps"]) == 1
