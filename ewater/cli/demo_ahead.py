"""What the sample's planners look at: forecast, scenarios, schedules, annual balance.

All of them stand at the first of July of the last year of the telemetry, so that half
a year of what happened since lies beside what was expected. Where pages are served
it is made beside them, in a process of its own.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ewater.cli.demo_steps import step
from ewater.errors import EWaterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

_ORIGIN = dt.date(2025, 7, 1)
_HORIZON = 18  # months: to the end of the next year, as the annual balance wants
_PLANNED = (_ORIGIN, _ORIGIN.replace(day=11))  # and revised ten days later
_SCENARIOS = ("losses-2030", "dry-year")


def prepare(engine: Engine, home: Path, country: Path) -> None:
    """Make what is not there yet, through what the commands call.

    Parameters
    ----------
    home
        Data folder; the annual balance is written below it.
    country
        Country folder with a folder ``scenarios``.
    """
    from ewater.accounts.forecasting import kept, outcomes

    with step(11, "forecast") as say:
        code, outlook = kept.obtain(engine, origin=_ORIGIN, horizon=_HORIZON)
        over = outcomes.update(engine)
        say(
            f"{outlook.members} futures of {_HORIZON} months from {_ORIGIN:%Y-%m} on, "
            f"{over} of them compared with what came"
        )
    with step(12, "scenarios") as say:
        say(_scenarios(engine, code, country / "scenarios"))
    with step(13, "schedules") as say:
        say(_schedules(engine))
    with step(14, "annual balance") as say:
        say(_statutory(engine, home / "demo"))


def _scenarios(engine: Engine, forecast: str, folder: Path) -> str:
    """Record those of the sample, and compute some over the forecast."""
    from ewater.accounts.forecasting import scenarios

    files = sorted(folder.glob("*.yaml"))
    scenarios.load(engine, files)
    for name in _SCENARIOS:
        scenarios.obtain(engine, name, forecast)
    return f"{len(files)} described, {', '.join(_SCENARIOS)} computed"


def _schedules(engine: Engine) -> str:
    """Plan every reservoir, and again ten days later."""
    from ewater.accounts.forecasting import schedules

    made = [schedules.make(engine, start=start) for start in _PLANNED]
    return f"{len(made[0])} reservoirs, revised on {_PLANNED[-1]}"


def _statutory(engine: Engine, folder: Path) -> str:
    """Write the draft of the annual balance in three languages."""
    from ewater.accounts.forecasting import statutory
    from ewater.accounts.forecasting import statutory_tables as tables
    from ewater.cli.files import write_whole

    paths = {
        lang: folder / f"annual-balance-{_ORIGIN.year}-{lang}.xlsx"
        for lang in ("az", "en", "ru")
    }
    if not all(path.exists() for path in paths.values()):
        folder.mkdir(parents=True, exist_ok=True)
        document = statutory.document(engine, origin=_ORIGIN)
        for lang, path in paths.items():
            write_whole(tables.as_workbook(document, lang), path)
    return ", ".join(str(path) for path in paths.values())


@contextmanager
def beside(url: str, home: Path, country: Path) -> Iterator[None]:
    """Prepare in a process of its own while the block runs; it ends with the block."""
    child = subprocess.Popen(
        [sys.executable, "-m", __name__, str(home), str(country)],
        env={**os.environ, "EWATER_DATABASE_URL": url},
        stdin=subprocess.PIPE,  # its end tells the child that the parent is gone
        start_new_session=True,  # Ctrl-C is for who serves
    )
    parent = os.getpid()
    try:
        yield
    finally:
        if os.getpid() == parent:  # not in a worker that was forked from it
            child.terminate()
            child.wait()


def main(arguments: Sequence[str]) -> int:
    """Prepare as the parent asks. Exit status: 0 done, 2 failed, with the reason."""
    from ewater.accounts.apart import end_with_parent
    from ewater.store import database

    threading.Thread(target=end_with_parent, daemon=True).start()
    os.nice(5)
    home, country = map(Path, arguments)
    engine = database.connect(os.environ["EWATER_DATABASE_URL"])
    try:
        prepare(engine, home, country)
    except EWaterError as error:
        sys.stderr.write(f"ewater: {error}\n")
        return 2
    finally:
        engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
