"""What failed is tried again when a person says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status

from ewater.errors import UsageError
from ewater.ingest.work import tasks
from ewater.store import posts, source_runs, sources

if TYPE_CHECKING:
    from datetime import datetime

    import procrastinate
    from sqlalchemy import Engine


def again(engine: Engine, run: int) -> str:
    """Try a run again: its job, its source, or the posts that were set aside.

    Returns
    -------
    str
        What will happen.

    Raises
    ------
    UsageError
        There is no such run, it did not fail, or its source is gone.
    """
    with engine.begin() as connection:
        found = source_runs.find(connection, run)
        if found is None:
            raise UsageError(f"there is no run {run}; see `ewater jobs`")
        if found["state"] not in {"failed", "lost"}:
            raise UsageError(
                f"run {run} is {found['state']}; only failed ones go again"
            )
        name = found["source"]
        if name is None:
            raise UsageError(f"{found['item']} was given by hand; run ewater ingest")
        waiting = posts.again(connection, None if name == "push" else name)
        source = sources.find(connection, name)
    if waiting:
        return f"{waiting} posts of {name} wait again for `ewater worker`"
    if source is None:
        raise UsageError(f"source {name} was removed; add it again")
    if source.kind in {"mqtt", "push"}:
        raise UsageError(f"no post of {name} is set aside")
    with tasks.app(engine, sync=True).open() as queue:
        if found["job"] is not None and _failed(queue, found["job"]):
            return f"job {found['job']} of {name} waits again for `ewater worker`"
        return _new(queue, name)


def _failed(queue: procrastinate.App, job: int) -> bool:
    """Let a job that failed wait again; False if it did not fail."""
    manager = queue.job_manager
    try:
        if manager.get_job_status(job) is not Status.FAILED:
            return False
        manager.retry_job_by_id(job, retry_at=_now())
    except (ConnectorException, AlreadyEnqueued):  # gone, or another waits
        return False
    return True


def _new(queue: procrastinate.App, name: str) -> str:
    lock = f"source {name}"
    task = queue.configure_task("run_source", lock=lock, queueing_lock=lock)
    try:
        job = task.defer(name=name)
    except AlreadyEnqueued:
        return f"a job of {name} waits already for `ewater worker`"
    return f"job {job} of {name} waits for `ewater worker`"


def _now() -> datetime:
    from datetime import UTC, datetime

    return datetime.now(UTC)
