"""Rows of one registry table: read, compared with a frame, closed and added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from psycopg import sql
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Table,
    and_,
    any_,
    bindparam,
    func,
    or_,
    select,
    text,
    update,
)

from ewater.errors import UsageError
from ewater.store import tables  # noqa: F401 - registers every table
from ewater.store.base import Base
from ewater.store.folder import conform
from ewater.store.folder_files import FILES

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.store.folder_schema import File

TABLES: dict[str, Table] = {name: Base.metadata.tables[name] for name in FILES}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table with their numbers."""

    ids: NDArray[np.int64]
    frame: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What makes the stored rows those of a frame."""

    close: list[int]
    add: pd.DataFrame
    new: int
    changed: int
    retired: int
    unchanged: int

    @property
    def writes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.close) or not self.add.empty


def as_it_stood(table: Table, as_of: datetime | None) -> ColumnElement[bool]:
    """Choose the rows that were current at a time; now if None."""
    if as_of is None:
        return table.c.recorded_to.is_(None)
    if as_of.tzinfo is None:
        raise UsageError(f"{as_of.isoformat()} has no offset; write one, such as Z")
    closed_later = or_(table.c.recorded_to.is_(None), table.c.recorded_to > as_of)
    return and_(table.c.recorded_from <= as_of, closed_later)


def current(connection: Connection, name: str) -> Rows:
    """Read the rows that stand now."""
    return select_rows(connection, name, as_it_stood(TABLES[name], None))


def select_rows(
    connection: Connection, name: str, condition: ColumnElement[bool]
) -> Rows:
    """Read rows as a frame of the folder."""
    table, names = TABLES[name], FILES[name].names
    columns: list[ColumnElement[Any]] = [
        func.ST_AsBinary(table.c[column]) if column == "geometry" else table.c[column]
        for column in names
    ]
    found = connection.execute(select(table.c.id, *columns).where(condition)).all()
    ids = np.array([row[0] for row in found], dtype=np.int64)
    if not found:
        return Rows(ids, conform({name: pd.DataFrame()})[name])
    cells = {
        column: pd.Series([row[at] for row in found], dtype=object)
        for at, column in enumerate(names, start=1)
    }
    if "geometry" in cells:
        cells["geometry"] = cells["geometry"].map(_area)
    return Rows(ids, conform({name: pd.DataFrame(cells)})[name])


def _area(binary: bytes | None) -> Any:
    return None if binary is None else shapely.from_wkb(binary)


def difference(stored: Rows, frame: pd.DataFrame, file: File) -> Change:
    """Compare stored rows with those that shall stand, by all their cells."""
    gone, come = _unmatched(stored.frame, frame, list(file.names))
    key = list(file.row_key)
    replaced = stored.frame.loc[gone, key].merge(frame.loc[come, key], on=key)
    if file.additive:
        stays = _comparable(stored.frame).loc[gone, key].reset_index()
        gone = stays.merge(replaced, on=key)["index"].to_numpy(dtype=np.intp)
    changed = len(replaced)
    return Change(
        close=[int(number) for number in stored.ids[gone]],
        add=frame.loc[np.sort(come)],
        new=len(come) - changed,
        changed=changed,
        retired=len(gone) - changed,
        unchanged=len(frame) - len(come),
    )


def _unmatched(
    stored: pd.DataFrame, frame: pd.DataFrame, columns: list[str]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Numbers of the rows of each that the other has not."""
    if stored.empty or frame.empty:
        return np.arange(len(stored)), np.arange(len(frame))
    old = _comparable(stored).assign(_old=np.arange(len(stored)))
    new = _comparable(frame).assign(_new=np.arange(len(frame)))
    both = old.merge(new, how="outer", on=columns, indicator=True)
    gone = both.loc[both["_merge"] == "left_only", "_old"].to_numpy(dtype=np.intp)
    come = both.loc[both["_merge"] == "right_only", "_new"].to_numpy(dtype=np.intp)
    return gone, come


def _comparable(frame: pd.DataFrame) -> pd.DataFrame:
    plain = pd.DataFrame(frame)
    if "geometry" not in plain:
        return plain
    binary = shapely.to_wkb(frame["geometry"].to_numpy(), hex=True)
    return plain.assign(geometry=pd.Series(binary, index=frame.index, dtype="str"))


def apply(
    connection: Connection, name: str, change: Change, recorded: datetime
) -> None:
    """Close and add what a change names, at the recorded time."""
    table = TABLES[name]
    if change.close:
        ids = bindparam("ids", change.close, type_=ARRAY(BigInteger))
        connection.execute(
            update(table).where(table.c.id == any_(ids)).values(recorded_to=recorded)
        )
    if change.add.empty:
        return
    if name == "series":
        _number_series(connection, change.add["code"])
    _copy(connection, name, change.add.assign(recorded_from=recorded))


def _number_series(connection: Connection, codes: pd.Series) -> None:
    """Give every series that never had one its number for good."""
    statement = text(
        "INSERT INTO series_key (code) "
        "SELECT code FROM unnest(CAST(:codes AS text[])) AS given(code) "
        'WHERE code NOT IN (SELECT code FROM series_key) ORDER BY code COLLATE "C"'
    )
    connection.execute(statement, {"codes": sorted(set(codes))})


def _copy(connection: Connection, name: str, frame: pd.DataFrame) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    )
    columns = [_cells(name, str(column), frame[column]) for column in frame.columns]
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in zip(*columns, strict=True):
            copy.write_row(row)


def _cells(name: str, column: str, values: pd.Series) -> list[Any]:
    if column == "geometry":
        areas = shapely.set_srid(values.to_numpy(), 4326)
        return list(shapely.to_wkb(areas, hex=True, include_srid=True))
    cells = values.astype(object).where(values.notna(), None)
    if column != "recorded_from" and FILES[name].column(column).whole:
        return [int(cell) for cell in cells]
    return list(cells)
