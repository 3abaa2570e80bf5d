"""The migrated schema is the one the tables declare, indexed and commented."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from geoalchemy2 import alembic_helpers
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from ewater.store import database
from ewater.store.base import Base
from ewater.store.folder_files import FILES
from ewater.store.registry_rows import TABLES
from ewater.store.tables.versioned import Versioned

pytestmark = pytest.mark.db


def test_the_migrations_make_what_the_tables_declare(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "target_metadata": Base.metadata,
                "include_object": alembic_helpers.include_object,
                "compare_type": True,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def constraints(engine) -> set[tuple[str, str, str]]:
    query = text(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
        "FROM pg_constraint WHERE connamespace = current_schema()::regnamespace"
    )
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return {row for row in rows if row[0] in TABLES or row[0] == "series_key"}


def test_the_migrations_make_the_checks_that_the_tables_declare(engine):
    migrated = constraints(engine)
    schema = {"schema_translate_map": {None: "declared"}}
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA declared"))
        own = [*TABLES.values(), Base.metadata.tables["series_key"]]
        Base.metadata.create_all(connection.execution_options(**schema), tables=own)
        declared = connection.execute(
            text(
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
                "FROM pg_constraint WHERE connamespace = 'declared'::regnamespace"
            )
        ).all()
    plain = {
        tuple(str(cell).replace("declared.", "") for cell in row) for row in declared
    }
    assert plain == migrated


def test_every_table_view_and_column_says_what_it_holds(engine):
    query = text(
        "SELECT c.relname, a.attname FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = current_schema()::regnamespace "
        "AND c.relkind IN ('r', 'v', 'p') AND a.attnum >= 0 AND NOT a.attisdropped "
        "AND col_description(c.oid, a.attnum) IS NULL "
        "UNION ALL SELECT relname, '' FROM pg_class "
        "WHERE relnamespace = current_schema()::regnamespace "
        "AND relkind IN ('r', 'v', 'p') AND obj_description(oid) IS NULL"
    )
    foreign = {"spatial_ref_sys", "geometry_columns", "geography_columns"}
    with engine.connect() as connection:
        silent = connection.execute(query).all()
    ours = [row for row in silent if row[0] not in foreign | {"alembic_version"}]
    assert ours == []


def test_every_geometry_has_one_spatial_index(engine):
    inspector = inspect(engine)
    for name, table in TABLES.items():
        spatial = [
            index
            for index in inspector.get_indexes(name)
            if index["column_names"] == ["geometry"]
        ]
        assert len(spatial) == int("geometry" in table.c), name


def test_the_models_have_the_columns_of_the_folder():
    extra = {"id", "recorded_from", "recorded_to", "geometry"}
    for name, table in TABLES.items():
        assert set(table.c.keys()) - extra == set(FILES[name].names) - extra
    named = {model.__tablename__ for model in Versioned.__subclasses__()}
    assert named == set(FILES)


def test_a_second_current_row_of_a_key_is_refused(engine):
    twice = text(
        "INSERT INTO sectors (isic, sector, recorded_from) VALUES "
        "('01', 'agriculture', now()), ('01', 'industry', now())"
    )
    with engine.begin() as writer, pytest.raises(IntegrityError, match="uq_sectors"):
        writer.execute(twice)


def test_migrating_twice_and_again_in_one_process_is_quiet(engine):
    database.migrate(engine)
    database.migrate(engine)
