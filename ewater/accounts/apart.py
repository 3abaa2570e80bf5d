"""Accounts computed in a process of their own, beside one that serves pages.

The readings of a country take a gigabyte while an account is computed, and all of a
core; neither is for a process that answers people. The child inherits the address of
the database in its environment, works at a low priority, and ends with its parent.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, cast

from sqlalchemy import text

from ewater.errors import EWaterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from ewater.terms import Step

_log = logging.getLogger(__name__)
_PAUSE = 2.0  # times what computing took, until it may begin again
_ONE_OF_A_KIND = text("SELECT pg_advisory_lock(hashtextextended(:name, 1))")


class Apart:
    """Computes accounts elsewhere, for the process that asks.

    ``renewed`` is called without arguments after each time that newer accounts were
    computed; ``failed`` says whether the last attempt came to nothing.
    """

    def __init__(self, engine: Engine) -> None:
        self._url = engine.url.render_as_string(hide_password=False)
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None
        self._not_before = 0.0
        self.failed = False
        self.renewed: Callable[[], None] = lambda: None

    def renew(self) -> None:
        """Begin to compute what is overtaken, unless that goes on or just ended."""
        with self._lock:
            busy = self._worker is not None and self._worker.is_alive()
            if busy or time.monotonic() < self._not_before:
                return
            self._worker = threading.Thread(target=self._renew, daemon=True)
            self._worker.start()

    def renew_now(self) -> None:
        """Compute what is overtaken, and wait for it.

        Raises
        ------
        EWaterError
            It cannot be computed.
        """
        self._run(["renew"])

    def obtain(
        self,
        start: dt.date,
        end: dt.date,
        step: Step,
        calendar: str,
        as_of: dt.datetime,
    ) -> None:
        """Compute and keep one run; who asks for it meanwhile waits for this one.

        Raises
        ------
        EWaterError
            It cannot be computed.
        """
        dates = [start.isoformat(), end.isoformat()]
        self._run(["obtain", *dates, step, calendar, as_of.isoformat()])

    def _renew(self) -> None:
        began = time.monotonic()
        try:
            self._run(["renew"])
            self.failed = False
            self.renewed()
        except Exception:
            self.failed = True
            _log.exception("the accounts could not be computed anew")
        took = time.monotonic() - began
        self._not_before = time.monotonic() + _PAUSE * took

    def _run(self, arguments: Sequence[str]) -> None:
        # an end of its input that stays open tells the child that its parent lives
        with subprocess.Popen(
            [sys.executable, "-m", "ewater.accounts.apart", *arguments],
            env={**os.environ, "EWATER_DATABASE_URL": self._url},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            said = "" if child.stderr is None else child.stderr.read()
            status = child.wait()
        if status != 0:
            lines = said.strip().splitlines()
            raise EWaterError(lines[-1] if lines else "the account was not computed")


def main(arguments: Sequence[str]) -> int:
    """Do what the parent asks: ``renew``, or ``obtain`` one run.

    Exit status: 0 done, 2 failed, with the reason as the last line of standard error.
    """
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.nice(5)
    from ewater.store import database

    engine = database.connect(os.environ["EWATER_DATABASE_URL"])
    try:
        if arguments[0] == "renew":
            from ewater.accounts import standing

            standing.renew(engine)
        else:
            _obtain(engine, arguments[1:])
    except EWaterError as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 2
    finally:
        engine.dispose()
    return 0


def _obtain(engine: Engine, asked: Sequence[str]) -> None:
    from ewater.accounts import runs, standing

    start, end, step, calendar, as_of = asked
    alone = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with alone as holder:
        holder.execute(
            _ONE_OF_A_KIND, {"name": " ".join(asked)}
        )  # until the connection ends
        began = dt.datetime.now(dt.UTC)
        run = runs.obtain(
            engine,
            dt.date.fromisoformat(start),
            dt.date.fromisoformat(end),
            cast("Step", step),
            calendar=calendar or None,
            as_of=dt.datetime.fromisoformat(as_of),
        )
        standing.own(engine, run.code, began)


def end_with_parent() -> None:
    """Wait for the end of the input, which the parent holds open, and end at once."""
    while os.read(0, 1):
        pass  # nothing is written there
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
