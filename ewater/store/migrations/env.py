"""Alembic environment: always on the connection the caller holds."""

from __future__ import annotations

from alembic import context
from geoalchemy2 import alembic_helpers

from ewater.store import tables  # noqa: F401 - registers every table
from ewater.store.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_object=alembic_helpers.include_object,
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
