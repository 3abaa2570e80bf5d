"""Raw bytes are hashed, compressed and landed while they are read."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from ewater.errors import EWaterError
from ewater.store import landed_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

_AHEAD = 4  # pieces that wait for the store while the file is read on
_PACKERS = 2


class ChangedError(EWaterError):
    """A file is not the one whose load was interrupted."""


class Keeper:
    """Keeps and hashes raw bytes while they are read, on a connection of its own.

    Parameters
    ----------
    connection
        In no transaction.
    file
        Where they land; None where they are kept already.
    landed
        So many pieces landed before the load was interrupted: they are compared.
    """

    def __init__(
        self, connection: Connection, file: int | None, landed: int = 0
    ) -> None:
        self._connection, self._file, self._landed = connection, file, landed
        self._found = hashlib.sha256()
        self._packers = ThreadPoolExecutor(_PACKERS)
        self._writer = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()
        self._pieces = 0
        self._begin()

    def _begin(self) -> None:
        """Open a transaction that does not wait for the disk.

        What tells of it, a checkpoint or the publication, is committed later and
        waits for both.
        """
        self._connection.execute(text("SET LOCAL synchronous_commit = off"))

    def take(self, block: bytes) -> None:
        """Store a block in the background; wait when too many are under way."""
        packed = None
        if self._file is not None and self._pieces >= self._landed:
            packed = self._packers.submit(landed_files.compress, block)
        self._waiting.append(
            self._writer.submit(self._keep, block, packed, self._pieces)
        )
        self._pieces += 1
        if len(self._waiting) > _AHEAD:
            self._waiting.popleft().result()

    def _keep(self, block: bytes, packed: Future[bytes] | None, number: int) -> None:
        self._found.update(block)
        if self._file is None:
            return
        if packed is not None:
            landed_files.keep(
                self._connection, self._file, number, len(block), packed.result()
            )
        elif landed_files.piece(self._connection, self._file, number) != block:
            raise ChangedError("its first bytes are others")

    def _wait(self) -> None:
        while self._waiting:
            self._waiting.popleft().result()

    def commit(self) -> None:
        """Let all blocks so far outlive this process."""
        self._wait()
        self._connection.commit()
        self._begin()

    def finish(self) -> None:
        """Wait for all blocks, and keep them.

        Raises
        ------
        ChangedError
            The file has other bytes than have landed.
        """
        self._wait()
        if self._pieces < self._landed:
            raise ChangedError("it is shorter")
        self._connection.commit()

    def close(self) -> None:
        """Stop the background threads."""
        self._packers.shutdown(cancel_futures=True)
        self._writer.shutdown(cancel_futures=True)

    @property
    def digest(self) -> bytes:
        """SHA-256 of all blocks."""
        return self._found.digest()


@contextmanager
def landed(engine: Engine, file: int | None, before: int = 0) -> Iterator[Keeper]:
    """Keep the raw bytes that the block reads, as `Keeper` does."""
    with engine.connect() as connection:
        keeper = Keeper(connection, file, before)
        try:
            yield keeper
            keeper.finish()
        finally:
            keeper.close()
