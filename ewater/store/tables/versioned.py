"""How a file of the country folder becomes a table whose rows have versions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    Double,
    Identity,
    Index,
    Sequence,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column

from ewater.store.base import UTC, Base
from ewater.store.folder_files import FILES
from ewater.terms import CODE_PATTERN

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

    from ewater.store.folder_schema import Column, File

RECORDED_CLOCK = Sequence("recorded_clock", metadata=Base.metadata)

_POINT = "ST_SetSRID(ST_MakePoint(lon, lat), 4326)"


def _type(column: Column) -> TypeEngine[Any]:
    if column.whole:
        return BigInteger()
    if column.type == "geometry":
        return Geometry("MULTIPOLYGON", 4326, spatial_index=False)
    types: dict[str, TypeEngine[Any]] = {
        "number": Double(),
        "boolean": Boolean(),
        "time": UTC,
    }
    return types.get(column.type, Text())


def column(file: str, name: str, *args: Any) -> MappedColumn[Any]:
    """Map a column of a file as the folder describes it."""
    described = FILES[file].column(name)
    return mapped_column(
        name,
        _type(described),
        *args,
        nullable=not described.required and described.default is None,
        comment=described.meaning,
    )


def point(of: str) -> MappedColumn[Any]:
    """Map a position that the database makes of lat and lon."""
    return mapped_column(
        Geometry("POINT", 4326, spatial_index=False),
        Computed(_POINT, persisted=True),
        comment=f"Position of the {of} in WGS 84, from lat and lon",
    )


def _condition(column: Column) -> str | None:
    """Write SQL that holds for every value the folder allows in this column."""
    name = f'"{column.name}"'
    if column.allowed and not column.grow:
        values = ", ".join(f"'{value}'" for value in column.allowed)
        return f"{name} IN ({values})"
    if column.type == "code":
        return f"{name} ~ '^{CODE_PATTERN}$'"
    if column.type != "number":
        return None
    if column.maximum is not None:
        return f"{name} BETWEEN {column.minimum:g} AND {column.maximum:g}"
    if column.whole:
        return f"{name} >= {column.minimum:g}"
    if column.positive:
        lowest = "> 0"
    elif column.minimum is not None:
        lowest = f">= {column.minimum:g}"
    else:
        lowest = "> -'Infinity'::float8"
    return f"{name} {lowest} AND {name} < 'Infinity'::float8"


def constraints(file: File, *spatial: str) -> tuple[Any, ...]:
    """Check as the file does; one current row per key; index what is spatial."""
    checks = [
        CheckConstraint(condition, name=column.name)
        for column in file.columns
        if (condition := _condition(column))
    ]
    return (
        *checks,
        CheckConstraint("valid_from < valid_to", name="validity"),
        CheckConstraint("recorded_from < recorded_to", name="recorded"),
        Index(
            f"uq_{file.name}_current",
            *file.row_key,
            unique=True,
            postgresql_where=text("recorded_to IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        *(
            Index(f"ix_{file.name}_{name}", name, postgresql_using="gist")
            for name in spatial
        ),
        {"comment": file.meaning},
    )


class Versioned(Base):
    """Columns of every registry table."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(always=True),
        primary_key=True,
        sort_order=-1,
        comment="Number of this version of the row",
    )
    valid_from: Mapped[datetime | None] = mapped_column(
        UTC, sort_order=1, comment=FILES["sites"].column("valid_from").meaning
    )
    valid_to: Mapped[datetime | None] = mapped_column(
        UTC, sort_order=1, comment=FILES["sites"].column("valid_to").meaning
    )
    recorded_from: Mapped[datetime] = mapped_column(
        UTC, sort_order=2, comment="When this version was recorded (in)"
    )
    recorded_to: Mapped[datetime | None] = mapped_column(
        UTC,
        sort_order=2,
        comment="When it was replaced or withdrawn (out); null: current",
    )
