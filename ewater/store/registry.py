"""The registry in the database: country frames loaded, read as of any time, dumped."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import Engine, func, literal, select, text

from ewater.errors import FaultsError, UsageError
from ewater.store import folder, overtaken, registry_rows
from ewater.store.base import UTC
from ewater.store.folder_files import FILES
from ewater.store.recording import moment
from ewater.store.registry_rows import TABLES, as_it_stood

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from ewater.store.folder import Frames
    from ewater.store.folder_table import ExpressionCodes

_SITE_TERRITORIES = "site_territories"  # computed, not kept
_LOCK = 0x65777267  # "ewrg": loads of the registry, one after the other

# built once: it takes longer to build and to compile than to run
_NEWEST = select(
    func.greatest(
        *(
            select(
                func.greatest(func.max(t.c.recorded_from), func.max(t.c.recorded_to))
            ).scalar_subquery()
            for t in TABLES.values()
        )
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a load did to the rows of one table."""

    new: int = 0
    changed: int = 0
    retired: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSummary:
    """What a load did, by table; ``recorded_at`` is None if it wrote nothing."""

    tables: Mapping[str, Counts]
    recorded_at: datetime | None


def load(
    target: Engine | Connection,
    frames: Mapping[str, pd.DataFrame],
    *,
    recorded_at: datetime | None = None,
    expression_codes: ExpressionCodes | None = None,
) -> LoadSummary:
    """Make country frames the registry's present; all of them or none.

    A frame that is given is the whole truth of its table: rows it lacks are
    closed. Reports are the exception: a frame of them adds and replaces only.

    Parameters
    ----------
    target
        An engine, or a connection in whose transaction the load takes part.
    frames
        Country frames; a table without one is left as it is.
    recorded_at
        Record the load at this time, later than all that is in the registry and
        not in the future; now if not given.
    expression_codes
        Parser of ``measured_by``; without one the column is not checked.

    Raises
    ------
    FaultsError
        The frames, with what is registered, are not a country; nothing changes.
    """
    given = folder.canonical(frames)
    with _transaction(target) as connection:
        alone(connection)
        stored = {name: registry_rows.current(connection, name) for name in FILES}
        faults = folder.check(
            given,
            known={name: rows.frame for name, rows in stored.items()},
            expression_codes=expression_codes,
        )
        if faults:
            raise FaultsError(faults)
        changes = {
            name: registry_rows.difference(stored[name], frame, FILES[name])
            for name, frame in given.items()
        }
        recorded = None
        if any(change.writes for change in changes.values()):
            recorded = _recorded(connection, recorded_at)
            for name, change in changes.items():
                registry_rows.apply(connection, name, change, recorded)
            written = [name for name, change in changes.items() if change.writes]
            overtaken.by_registry(connection, written, recorded)
    counts = {
        name: Counts(
            new=change.new,
            changed=change.changed,
            retired=change.retired,
            unchanged=change.unchanged,
        )
        for name, change in changes.items()
    }
    return LoadSummary(tables=counts, recorded_at=recorded)


def alone(connection: Connection) -> None:
    """Let nobody else change the registry until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def add(connection: Connection, name: str, rows: pd.DataFrame) -> LoadSummary:
    """Add rows to one table; those that stand stay. Takes part in a transaction.

    Raises
    ------
    FaultsError
        The table with the new rows is not that of a country; nothing changes.
    """
    alone(connection)
    standing = read_table(connection, name)
    new = folder.canonical({name: rows})[name]
    both = new if standing.empty else pd.concat([standing, new], ignore_index=True)
    return load(connection, {name: both})


def read(connection: Connection, as_of: datetime | None = None) -> Frames:
    """Read the registry as it stood: the frames of a folder, all of them.

    Returns
    -------
    dict of str to pandas.DataFrame
        As `folder.read` gives them, an empty frame for an empty table, and
        ``site_territories`` (site, territory) from the positions of the sites.
    """
    while True:  # a load that commits between two tables would mix its states
        before = version(connection)
        frames = {name: read_table(connection, name, as_of) for name in FILES}
        frames[_SITE_TERRITORIES] = site_territories(connection, as_of)
        if version(connection) == before:
            return frames


class Tables(Mapping[str, pd.DataFrame]):
    """The frames of a registry as it stood in the past, each read when asked for.

    A past state no longer changes, so they agree with one another as those of `read`.
    """

    def __init__(self, engine: Engine, as_of: datetime) -> None:
        self._engine, self._as_of = engine, as_of
        self._read: Frames = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Read a table, or give what was read of it."""
        if name not in tuple(self):
            raise KeyError(name)
        if name not in self._read:
            with self._engine.connect() as connection:
                self._read[name] = (
                    site_territories(connection, self._as_of)
                    if name == _SITE_TERRITORIES
                    else read_table(connection, name, self._as_of)
                )
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Names of all tables."""
        return iter((*FILES, _SITE_TERRITORIES))

    def __len__(self) -> int:
        """Count the tables."""
        return len(FILES) + 1


def read_table(
    connection: Connection, name: str, as_of: datetime | None = None
) -> pd.DataFrame:
    """Read one table of the registry as its file's frame, as it stood."""
    if name not in FILES:
        raise UsageError(f"{name!r} is no table of the registry; {', '.join(FILES)}")
    rows = registry_rows.select_rows(connection, name, as_it_stood(TABLES[name], as_of))
    return folder.in_order(FILES[name], rows.frame)


def version(connection: Connection) -> datetime | None:
    """Newest time at which anything in the registry was recorded or closed."""
    newest: datetime | None = connection.scalar(_NEWEST)
    return newest


def dump(engine: Engine, path: str | Path, as_of: datetime | None = None) -> Frames:
    """Write the registry as a country folder, every file of it; return the frames."""
    with engine.connect() as connection:
        frames = read(connection, as_of)
    del frames[_SITE_TERRITORIES]
    folder.write(path, frames)
    return frames


@contextmanager
def _transaction(target: Engine | Connection) -> Iterator[Connection]:
    if isinstance(target, Engine):
        with target.begin() as connection:
            yield connection
    else:
        with target.begin_nested():
            yield target


def _recorded(connection: Connection, wanted: datetime | None) -> datetime:
    now = moment(connection)
    if wanted is None:
        return now
    newest = version(connection)
    if wanted > now or (newest is not None and wanted <= newest):
        since = "" if newest is None else f" after {newest.isoformat()} and"
        raise UsageError(
            f"a load cannot be recorded at {wanted.isoformat()}; give a time{since} "
            f"not later than {now.isoformat()}"
        )
    return wanted


def site_territories(
    connection: Connection, as_of: datetime | None = None
) -> pd.DataFrame:
    """Territories in which sites lie: columns ``site`` and ``territory``."""
    at = literal(as_of, UTC) if as_of else text("'infinity'::timestamptz")
    join = func.site_territories_as_of(at).table_valued("site", "territory")
    rows = connection.execute(select(join.c.site, join.c.territory)).all()
    frame = pd.DataFrame(rows, columns=["site", "territory"], dtype="str")
    return frame.sort_values(["site", "territory"], ignore_index=True)
