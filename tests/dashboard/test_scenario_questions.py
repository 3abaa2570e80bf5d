from __future__ import annotations

import pytest

from ewater.accounts.scope import Scope
from ewater.dashboard.questions import scenarios
from ewater.errors import ForbiddenError

pytestmark = pytest.mark.db


def test_without_a_forecast_there_is_nothing_to_compare(engine):
    with pytest.raises(ForbiddenError):
        scenarios.compared(engine, Scope(territories=("KUR",)), "AZ", ("dry",))
    assert scenarios.listed(engine, Scope()) == []
