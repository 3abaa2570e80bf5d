"""The migrations and the models describe the same schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from geoalchemy2 import alembic_helpers

from ewater.store import tables  # noqa: F401 - registers every table
from ewater.store.base import Base

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.db


def test_the_newest_migration_leads_to_the_models(engine: Engine):
    options = {
        "compare_type": True,
        "include_object": alembic_helpers.include_object,
        "target_metadata": Base.metadata,
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
