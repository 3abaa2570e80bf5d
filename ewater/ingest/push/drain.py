"""Posts that wait become loads: many posts one load, each whole or set aside."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError

from ewater.errors import NotReadyError, UsageError
from ewater.ingest import jobs, registered
from ewater.ingest.outcome import Options, Outcome
from ewater.ingest.profiles.model import Profile
from ewater.ingest.profiles.reader import Reader
from ewater.ingest.push import batch as batches
from ewater.store import keys, posts, source_runs, sources

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

    from ewater.ingest.push.batch import Batch
    from ewater.store.posts import Post

MOST_POSTS = 5000
MOST_BYTES = 16 << 20
#: A load has one time of issue; what came within a minute is issued at its end.
WITHIN = timedelta(minutes=1)
WHO = PUSH = "push"

_log = logging.getLogger(__name__)
_TRANSIENT = (OperationalError, InterfaceError, NotReadyError, OSError)


def drain(engine: Engine, stop: Callable[[], bool] = lambda: False) -> list[Outcome]:
    """Load all posts that wait, oldest first, unless another process does.

    Posts that cannot be loaded are set aside with the reason; the others do not wait
    for them.

    Parameters
    ----------
    stop
        Asked between loads.

    Returns
    -------
    list of Outcome
        One for each load.
    """
    done: list[Outcome] = []
    with posts.only_loader(engine) as alone:
        while alone and not stop():
            with engine.begin() as connection:
                found = posts.waiting(connection, MOST_POSTS, MOST_BYTES)
                if found:
                    source_runs.settle_lost(connection, found[0].source or PUSH)
            if not found:
                break
            done += _load(engine, _alike(found))
    return done


def _alike(found: Sequence[Post]) -> list[Post]:
    """Take the posts that may share a load with the first."""
    first = found[0]
    until = first.received_at + WITHIN
    return [
        post
        for post in found
        if (post.source, post.format == "profile")
        == (first.source, first.format == "profile")
        and post.received_at <= until
    ]


def _load(engine: Engine, found: Sequence[Post]) -> list[Outcome]:
    try:
        return [_load_some(engine, found)]
    except _TRANSIENT:
        raise
    except Exception as error:
        if len(found) > 1:  # one of them is at fault: find it, load the others
            half = len(found) // 2
            return _load(engine, found[:half]) + _load(engine, found[half:])
        _set_aside(engine, found[0], error)
    return []


def _load_some(engine: Engine, found: Sequence[Post]) -> Outcome:
    """Load the first posts of some; all of them unless they contradict each other."""
    profile = None
    with engine.connect() as connection:
        if found[0].format == "profile":
            profile = _profile(connection, found[0].source or "")
            found = _joinable(found, profile)
        schema = registered.schema(connection)
        scopes = keys.patterns(connection, [p.key_id for p in found if p.key_id])
    options = Options(again=True, daily=False, who=WHO, profile=profile)
    batch, reader = _joined(found, scopes, profile)
    if len(found) > 1:
        fit = batches.before_contradiction(batch, reader, schema, options.now_us)
        if fit < len(found):
            batch, reader = _joined(found[:fit], scopes, profile)
    return _ingest(engine, batch, reader, profile)


def _joinable(found: Sequence[Post], profile: Profile) -> Sequence[Post]:
    """Take the posts that read the same joined as each by itself."""
    said = profile.text
    is_text = not profile.is_document and profile.format != "xlsx"
    if not is_text or said.skip or said.after or said.starts or said.comment:
        return found[:1]
    if not said.header:
        return found
    header = _first_line(found[0])
    return [post for post in found if _first_line(post) == header]


def _first_line(post: Post) -> bytes:
    return post.body.split(b"\n", 1)[0].rstrip(b"\r")


def _joined(
    found: Sequence[Post], scopes: batches.Patterns, profile: Profile | None
) -> tuple[Batch, batches.Scoped]:
    if profile is None:
        batch = batches.canonical(found)
        return batch, batches.Scoped(batch, scopes, None)
    batch = batches.of_profile(found)
    return batch, batches.Scoped(batch, scopes, Reader(profile))


def _ingest(
    engine: Engine, batch: Batch, reader: batches.Scoped, profile: Profile | None
) -> Outcome:
    runs: list[int] = []

    def published(connection: Connection, load: int) -> None:
        posts.loaded(connection, load, batch.places)
        runs.append(source_runs.begin(connection, _work(batch), load))

    options = Options(
        issued_at=max(post.received_at for post in batch.posts),
        who=WHO,
        daily=False,
        profile=profile,
        again=True,
        published=published,
        reader=reader,
    )
    outcome = jobs.ingest(engine, batch.source, options)
    with engine.begin() as connection:
        source_runs.done(
            connection,
            runs[-1],
            load=outcome.load,
            counts=outcome.counts,
        )
    return outcome


def _work(batch: Batch) -> source_runs.Work:
    source = batch.posts[0].source or PUSH
    return source_runs.Work(source=source, item=batch.name, who=WHO)


def _set_aside(engine: Engine, post: Post, error: Exception) -> None:
    """Keep a post that cannot be loaded, with the reason, and a run that failed."""
    why = str(error) or repr(error)
    _log.warning("post %d cannot be loaded: %s", post.id, why)
    batch = batches.Batch([post], post.body, [])
    with engine.begin() as connection:
        posts.failed(connection, post.id, why)
        run = source_runs.begin(connection, _work(batch))
        digest = hashlib.sha256(post.body).digest()
        source_runs.failed(connection, run, why, digest, len(post.body))


def _profile(connection: Connection, source: str) -> Profile:
    found = sources.last(connection, source)
    if found is None or found.profile is None:
        raise UsageError(f"source {source!r} names no profile to read this post by")
    return Profile.model_validate_json(found.profile)
