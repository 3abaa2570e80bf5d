"""Jobs of the queue: run a source, follow schedules, take up what died, compact."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import procrastinate
from croniter import croniter
from procrastinate import exceptions
from procrastinate.jobs import Status

from ewater.ingest.sources import describe
from ewater.ingest.sources.run import run
from ewater.ingest.sources.running import TRANSIENT, BusyError, Call, TransientError
from ewater.store import chunks_compact, sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from procrastinate.jobs import Job
    from sqlalchemy import Engine

ATTEMPTS = 6
NIGHTLY = "30 22 * * *"  # UTC
EVERY_MINUTE = "* * * * *"
WHO = "worker"
_FIRST_S, _LONGEST_S, _BUSY_S = 30, 3600, 10
_SCHEMA = "jobs"  # of the database, made by migration 0006
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shop:
    """What the tasks work with."""

    engine: Engine
    stop: Callable[[], bool]
    stalled_s: float


class Retry(procrastinate.BaseRetryStrategy):
    """Try again what may go well later, twice as late each time, then give up."""

    def get_retry_decision(
        self, *, exception: BaseException, job: Job
    ) -> procrastinate.RetryDecision | None:
        """Say when to try again; None to let the job fail, where it stays visible."""
        if isinstance(exception, BusyError):
            return procrastinate.RetryDecision(retry_in={"seconds": _BUSY_S})
        if not isinstance(exception, TRANSIENT) or job.attempts + 1 >= ATTEMPTS:
            return None
        seconds = min(_FIRST_S * 2**job.attempts, _LONGEST_S)
        if isinstance(exception, TransientError) and exception.later is not None:
            seconds = max(seconds, int(exception.later) + 1)
        return procrastinate.RetryDecision(retry_in={"seconds": seconds})


def connector(engine: Engine, *, sync: bool = False) -> procrastinate.BaseConnector:
    """Connect the queue to the database of an engine, in its own schema."""
    url = engine.url.set(drivername="postgresql")
    kind = (
        procrastinate.SyncPsycopgConnector if sync else procrastinate.PsycopgConnector
    )
    made: procrastinate.BaseConnector = kind(
        conninfo=url.render_as_string(hide_password=False),
        kwargs={"options": f"-c search_path={_SCHEMA},public -c timezone=UTC"},
        min_size=1,
        max_size=4,
    )
    return made


def app(engine: Engine, *, sync: bool = False) -> procrastinate.App:
    """Make the queue with its tasks."""
    made = procrastinate.App(connector=connector(engine, sync=sync))
    made.task(name="run_source", pass_context=True, retry=Retry())(run_source)
    for cron, task in (
        (EVERY_MINUTE, follow_schedules),
        (EVERY_MINUTE, take_up_stalled),
        (NIGHTLY, compact),
    ):
        name = task.__name__
        registered = made.task(name=name, pass_context=True, queueing_lock=name)(task)
        made.periodic(cron=cron)(registered)
    return made


def run_source(context: procrastinate.JobContext, name: str) -> None:
    """Run a source once."""
    shop: Shop = context.additional_context["shop"]
    job = context.job
    call = Call(who=WHO, job=job.id, attempt=job.attempts + 1, stop=shop.stop)
    run(shop.engine, name, call)


async def follow_schedules(context: procrastinate.JobContext, timestamp: int) -> None:
    """Make jobs of the sources whose time has come; read anew each minute."""
    shop: Shop = context.additional_context["shop"]
    now = datetime.fromtimestamp(timestamp, UTC)
    for name in await asyncio.to_thread(due, shop.engine, now):
        await defer(context.app, name)


async def take_up_stalled(context: procrastinate.JobContext, timestamp: int) -> None:
    """Let jobs run again whose worker died."""
    shop: Shop = context.additional_context["shop"]
    await take_up(context.app, shop.stalled_s)


def compact(context: procrastinate.JobContext, timestamp: int) -> None:
    """Fold what the day's loads have changed."""
    shop: Shop = context.additional_context["shop"]
    done = chunks_compact.compact(shop.engine, None)
    _log.info("%d chunks folded into %d", done.folded, done.written)


async def defer(queue: procrastinate.App, name: str) -> bool:
    """Make a job of a source; False if one waits already."""
    lock = f"source {name}"
    task = queue.configure_task("run_source", lock=lock, queueing_lock=lock)
    try:
        await task.defer_async(name=name)
    except exceptions.AlreadyEnqueued:
        return False
    return True


async def take_up(queue: procrastinate.App, stalled_s: float) -> None:
    """Let jobs of workers without a sign of life wait again; give up after some."""
    manager = queue.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=stalled_s):
        if job.attempts + 1 >= ATTEMPTS:
            await manager.finish_job(job, Status.FAILED, delete_job=False)
            _log.error("job %s has died %d times", job.call_string, job.attempts + 1)
            continue
        _log.warning("job %s is taken up: its worker died", job.call_string)
        await manager.retry_job(job)


def due(engine: Engine, now: datetime) -> list[str]:
    """Find sources whose schedule has come to a time since it was last followed.

    Times that passed while no worker ran count once.
    """
    found = []
    with engine.begin() as connection:
        for active in describe.current(connection):
            cron, name = active.source.scheduled, active.source.name
            if cron is None or active.paused:
                continue
            followed = sources.state(connection, name).due
            since = followed or now - timedelta(minutes=1)
            if _next(cron, since) <= now:
                found.append(name)
            if followed is None or name in found:
                sources.set_due(connection, name, now)
    return found


def _next(cron: str, since: datetime) -> datetime:
    times = croniter(cron, since)
    found: datetime = times.get_next(datetime)  # type: ignore[no-untyped-call]
    return found
