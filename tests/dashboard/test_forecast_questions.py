from __future__ import annotations

import pytest

from ewater.accounts.scope import Scope
from ewater.dashboard.questions import annual, forecasts, schedules
from ewater.errors import ForbiddenError, UsageError

pytestmark = pytest.mark.db
ELSEWHERE = Scope(territories=("ELSEWHERE",))


def test_a_territory_outside_the_scope_is_refused_before_anything_is_read(engine):
    with pytest.raises(ForbiddenError):
        forecasts.forecast_of(engine, ELSEWHERE, "x", "AZ")
    with pytest.raises(ForbiddenError):
        forecasts.came_true(engine, ELSEWHERE, "AZ", "inflow", 0)
    with pytest.raises(ForbiddenError):
        annual.annual_balance(engine, ELSEWHERE, "x", "AZ")


def test_where_nothing_is_kept_there_is_nothing_to_show(engine):
    assert forecasts.newest_forecast(engine, Scope(), 0) is None
    assert forecasts.forecast_of(engine, Scope(), "x", "AZ") is None
    assert annual.newest_annual(engine, Scope(), 0) is None
    assert annual.annual_balance(engine, Scope(), "x", "AZ") is None
    assert forecasts.forecast_scores(engine, Scope(), "x") == []
    assert schedules.scheduled(engine, Scope(), 0) == []
    with pytest.raises(UsageError, match="no schedule"):
        schedules.schedule_of(engine, Scope(), "RES", 1)


def test_a_reservoir_outside_the_scope_is_refused(engine):
    with pytest.raises(ForbiddenError):
        schedules.schedule_of(engine, Scope(organisations=("X",)), "RES", 1)
