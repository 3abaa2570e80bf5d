"""Ratios taken apart to first order: numerator, denominator, what has no slope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ewater.balance import explain
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace


def taken_apart(make: SimpleNamespace, found: Any, code: str, **given: Any) -> Any:
    """Explain a cell of the indicators; flows are sources of their own name."""
    view = found.view("indicators")
    ledger = found.basis.ledger
    said = dict(zip(found.basis.flows.codes, found.basis.flows.volume, strict=True))
    data = make.sources({str(c): v for c, v in said.items()}, **given)
    moment = explain.Moment.of(ledger, data, make.weights(ledger, data), 0)
    slopes = explain.slopes(view, code, 0, 0)
    return slopes, explain.made(found.basis, moment, explain.rows_of(view, slopes))


def test_a_share_moves_by_its_numerator_and_against_its_denominator(
    country: Callable[..., Any], make: SimpleNamespace
) -> None:
    u = {"take": 4.0, "lost": 2.0}
    found = country(
        ("take", "RIVER", "FARM", "abstraction", 80.0),
        ("lost", "CANAL", "GW", "losses_in_conveyance", 20.0),
        u_random=u,
    )
    slopes, made = taken_apart(make, found, "loss_of_abstraction", u_random=u)
    # 100 x 20 / 80 = 25 %: slopes 100 / 80 and -100 x 20 / 80^2
    assert slopes == {
        "losses": pytest.approx(1.25),
        "abstraction": pytest.approx(-0.3125),
    }
    value = {item.code: item.value for item in made.items}
    assert value == {"lost": pytest.approx(25.0), "take": pytest.approx(-25.0)}
    part = {item.code: item.covariance for item in made.items}
    assert part == {
        "lost": pytest.approx((1.25 * 2) ** 2),
        "take": pytest.approx((0.3125 * 4) ** 2),
    }
    u_cell = found.u("indicators.loss_of_abstraction")
    assert made.variance == pytest.approx(u_cell**2)


def test_an_unknown_share_lists_what_it_asks_for_without_slopes(
    country: Callable[..., Any], make: SimpleNamespace
) -> None:
    found = country(
        ("take", "RIVER", "FARM", "abstraction", np.nan),
        ("lost", "CANAL", "GW", "losses_in_conveyance", 20.0),
    )
    slopes, made = taken_apart(make, found, "loss_of_abstraction")
    assert set(slopes) == {"losses", "abstraction"}
    assert all(np.isnan(slope) for slope in slopes.values())
    assert {item.code for item in made.items} == {"lost", "take"}
    assert all(np.isnan(item.value) for item in made.items)


def test_a_completeness_has_flows_but_no_slopes(
    country: Callable[..., Any], make: SimpleNamespace
) -> None:
    found = country(("take", "RIVER", "FARM", "abstraction", 80.0))
    slopes, made = taken_apart(make, found, "completeness_abstraction")
    assert set(slopes) == {"abstraction"}
    assert [item.code for item in made.items] == ["take"]


def test_an_unknown_cell_is_refused(
    country: Callable[..., Any], make: SimpleNamespace
) -> None:
    found = country(("take", "RIVER", "FARM", "abstraction", 80.0))
    with pytest.raises(UsageError, match="no cell 'nothing'"):
        taken_apart(make, found, "nothing")
