"""The worker: jobs of the queue, posts that wait, drop folders, subscriptions."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import SQLAlchemyError

from ewater.errors import EWaterError
from ewater.ingest import derived
from ewater.ingest.push import drain
from ewater.ingest.sources import describe, folder
from ewater.ingest.sources.model import FolderSource, MqttSource
from ewater.ingest.sources.mqtt import Subscription
from ewater.ingest.sources.running import BusyError, alone
from ewater.ingest.work import tasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import procrastinate
    from sqlalchemy import Engine

POSTS_S, FOLDERS_S, BROKERS_S, DERIVED_S, DATABASE_S = 0.5, 2.0, 5.0, 10.0, 5.0
MINUTE_S = 60.0
_log = logging.getLogger(__name__)


def work(
    engine: Engine,
    *,
    once: bool = False,
    concurrency: int = 2,
    stalled_s: float = 30.0,
    minutely: Sequence[Callable[[Engine], object]] = (),
) -> None:
    """Work until told to stop by SIGTERM or SIGINT, or until nothing waits.

    Parameters
    ----------
    once
        Do what is due, then end; brokers are not listened to.
    concurrency
        Sources that are run at the same time.
    stalled_s
        A worker that gave no sign of life for so long is taken for dead.
    minutely
        What other parts do every minute, after what was due is loaded.
    """
    worker = _Worker(engine, concurrency, stalled_s, minutely)
    asyncio.run(worker.run(once=once))


class _Worker:
    """One process that works."""

    def __init__(
        self,
        engine: Engine,
        concurrency: int,
        stalled_s: float,
        minutely: Sequence[Callable[[Engine], object]],
    ) -> None:
        self._engine = engine
        self._minutely = minutely
        self._concurrency = concurrency
        self._stalled_s = stalled_s
        self._stopped = threading.Event()
        self._listening = _Listening(engine)

    async def run(self, *, once: bool) -> None:
        if once:
            await self._jobs(once=True)
            await self._last_posts()
            await self._minute()
            return
        jobs = asyncio.create_task(self._jobs_through_outages())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop, jobs)
        loops = [
            asyncio.create_task(self._repeat(POSTS_S, self._load_posts)),
            asyncio.create_task(self._repeat(DERIVED_S, self._derive)),
            asyncio.create_task(self._repeat(BROKERS_S, self._listen)),
            asyncio.create_task(self._repeat(MINUTE_S, self._minute)),
        ]
        _log.info("worker %d is at work", os.getpid())
        try:
            with suppress(asyncio.CancelledError):
                await jobs
        finally:
            self._stopped.set()
            await asyncio.gather(*loops)
            await asyncio.to_thread(self._listening.end)
            await self._last_posts()

    async def _last_posts(self) -> None:
        await asyncio.to_thread(self._posts, at_once=True)
        await self._derive()

    def _stop(self, jobs: asyncio.Task[None]) -> None:
        """Let jobs come to the end of what they are loading, and take no others."""
        _log.info("worker %d stops", os.getpid())
        self._stopped.set()
        jobs.cancel()

    async def _jobs_through_outages(self) -> None:
        """Work on jobs; when the database goes away, wait until it is back."""
        while True:
            try:
                await self._jobs(once=False)
            except (ConnectorException, OSError) as error:
                _log.warning("no queue: %s; again in %d s", error, DATABASE_S)
                await asyncio.sleep(DATABASE_S)
            else:
                return

    async def _jobs(self, *, once: bool) -> None:
        queue = tasks.app(self._engine)
        shop = tasks.Shop(self._engine, self._stopped.is_set, self._stalled_s)
        async with queue.open_async():
            await tasks.take_up(queue, self._stalled_s)
            if once:
                await self._due(queue)
            watch = _nothing if once else lambda: self._watch(queue)
            watching = asyncio.create_task(self._repeat(FOLDERS_S, watch))
            try:
                await queue.run_worker_async(
                    concurrency=self._concurrency,
                    wait=not once,
                    additional_context={"shop": shop},
                    delete_jobs="successful",
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=min(10.0, self._stalled_s / 3),
                    stalled_worker_timeout=self._stalled_s,
                    install_signal_handlers=False,
                )
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching

    async def _due(self, queue: procrastinate.App) -> None:
        now = datetime.now(UTC)
        for name in await asyncio.to_thread(tasks.due, self._engine, now):
            await tasks.defer(queue, name)
        await self._watch(queue)

    async def _repeat(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        """Do something again and again; what goes wrong once may not the next time."""
        while not self._stopped.is_set():
            try:
                await act()
            except (SQLAlchemyError, ConnectorException, EWaterError, OSError) as error:
                _log.warning("%s", error)
            until = time.monotonic() + seconds
            while not self._stopped.is_set() and time.monotonic() < until:
                await asyncio.sleep(min(seconds, 0.2))

    async def _watch(self, queue: procrastinate.App) -> None:
        for name in await asyncio.to_thread(_with_files, self._engine):
            await tasks.defer(queue, name)

    async def _load_posts(self) -> None:
        await asyncio.to_thread(self._posts)

    async def _derive(self) -> None:
        """Judge and sum what posts touched; they do not wait for it meanwhile."""
        await asyncio.to_thread(derived.refresh, self._engine)

    async def _minute(self) -> None:
        for act in self._minutely:
            await asyncio.to_thread(act, self._engine)

    async def _listen(self) -> None:
        await asyncio.to_thread(self._listening.follow)

    def _posts(self, *, at_once: bool = False) -> None:
        drain.drain(self._engine, lambda: self._stopped.is_set() and not at_once)


async def _nothing() -> None:
    """Watch no folders: they were looked at before."""


def _with_files(engine: Engine) -> list[str]:
    """Watched folders in which there are files to take."""
    with engine.connect() as connection:
        active = describe.current(connection)
    return [
        each.source.name
        for each in active
        if isinstance(each.source, FolderSource)
        and not each.paused
        and each.source.schedule is None
        and each.source.path.is_dir()
        and next(folder.candidates(each.source), None) is not None
    ]


class _Listening:
    """Subscriptions of this process, as the sources are described now."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open: dict[str, tuple[describe.Active, ExitStack]] = {}

    def follow(self) -> None:
        """Subscribe to sources that came, and end those that went or changed."""
        with self._engine.connect() as connection:
            active = describe.current(connection)
        wanted = {
            each.source.name: each
            for each in active
            if isinstance(each.source, MqttSource) and not each.paused
        }
        for name, (was, stack) in list(self._open.items()):
            if wanted.get(name) != was:
                stack.close()
                del self._open[name]
        for name in wanted.keys() - self._open.keys():
            try:
                self._start(wanted[name])
            except (EWaterError, OSError) as error:  # others can be listened to
                _log.warning("source %s: %s", name, error)

    def end(self) -> None:
        """End all subscriptions."""
        for _, stack in self._open.values():
            stack.close()
        self._open.clear()

    def _start(self, active: describe.Active) -> None:
        source = active.source
        if not isinstance(source, MqttSource):
            raise TypeError(type(source))
        with ExitStack() as stack:
            try:  # a session of the broker belongs to one process
                stack.enter_context(alone(self._engine, source.name))
            except BusyError:
                return
            by_profile = active.profile is not None
            subscription = Subscription(self._engine, source, by_profile=by_profile)
            subscription.start()
            stack.callback(subscription.stop)
            self._open[source.name] = active, stack.pop_all()
            _log.info("source %s: listening to %s", source.name, source.topic)
