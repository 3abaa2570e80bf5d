"""One request, tried again while that can help, and an answer of bounded size."""

from __future__ import annotations

import email.utils
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import tenacity

from ewater.errors import EWaterError
from ewater.ingest.sources.model import plain
from ewater.ingest.sources.running import TransientError

if TYPE_CHECKING:
    from ewater.ingest.sources.model import HttpSource
    from ewater.ingest.sources.running import Call

_REDIRECTS = 5
_LONGEST_WAIT_S = 60.0  # longer waits are left to the queue
_SLOWEST = 10  # an answer may take so many times the timeout in all
_AGAIN = {408, 425, 429, 500, 502, 503, 504}


class AnswerError(EWaterError):
    """The service refuses, and will again: the request must change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for."""

    url: str
    params: dict[str, str]
    body: str | None


class Client:
    """Asks one service; certificates are checked, other hosts are not followed to.

    Parameters
    ----------
    source
        How to ask.
    call
        Told to stop, it waits no longer.
    """

    def __init__(self, source: HttpSource, call: Call) -> None:
        self._source, self._call = source, call
        headers = {name: plain(value) for name, value in source.headers.items()}
        auth = None
        if source.login and source.login.bearer:
            headers["Authorization"] = f"Bearer {source.login.bearer.read()}"
        elif source.login and source.login.user and source.login.password:
            password = source.login.password.read()
            auth = httpx.BasicAuth(plain(source.login.user), password)
        self._client = httpx.Client(
            headers=headers,
            auth=auth,
            timeout=source.timeout.total_seconds(),
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def ask(self, request: Request) -> bytes | None:
        """Body of the answer; None where the service says that there is nothing.

        Raises
        ------
        AnswerError
            It refuses, redirects elsewhere, or sends more than is allowed.
        TransientError
            It cannot be reached, or says that it cannot now.
        """
        again = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._source.attempts),
            wait=_wait,
            retry=tenacity.retry_if_exception(self._may_help),
            sleep=self._call.wait,
            reraise=True,
        )
        return again(self._once, request)

    def _may_help(self, error: BaseException) -> bool:
        if not isinstance(error, TransientError) or self._call.stop():
            return False
        return error.later is None or error.later <= _LONGEST_WAIT_S

    def _once(self, request: Request) -> bytes | None:
        try:
            return self._followed(request)
        except httpx.InvalidURL as error:
            raise AnswerError(f"no address: {error}") from error
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise TransientError(f"{_place(request.url)}: {why}") from error

    def _followed(self, request: Request) -> bytes | None:
        url = httpx.URL(request.url).copy_merge_params(request.params)
        for _ in range(_REDIRECTS):
            with self._client.stream(
                self._source.method, url, content=request.body
            ) as answer:
                if answer.next_request is None:
                    return self._read(answer)
                target = answer.next_request.url
            if not _same_host(url, target):
                raise AnswerError(
                    f"{_place(str(url))} redirects to another host, {target.host}; "
                    "ask there if that is right"
                )
            url = target
        raise AnswerError(f"{_place(request.url)} redirects {_REDIRECTS} times")

    def _read(self, answer: httpx.Response) -> bytes | None:
        place = _place(str(answer.url))
        if answer.status_code in self._source.no_data:
            return None
        if answer.status_code in _AGAIN:
            message = f"{place} answers {answer.status_code} {answer.reason_phrase}"
            raise TransientError(message, _later(answer))
        if not answer.is_success:
            answer.read()
            said = answer.text[:200].strip()
            raise AnswerError(f"{place} answers {answer.status_code}: {said}")
        largest = self._source.largest_mb << 20
        until = time.monotonic() + _SLOWEST * self._source.timeout.total_seconds()
        parts, size = [], 0
        for part in answer.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > largest:
                raise AnswerError(
                    f"{place} sends more than {self._source.largest_mb} MB; ask for a "
                    "shorter span, or raise largest_mb"
                )
            if time.monotonic() > until:
                raise TransientError(f"{place} does not come to an end")
        return b"".join(parts)


def _wait(state: tenacity.RetryCallState) -> float:
    """Wait as long as the service says, else twice as long each time."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, TransientError) and error.later is not None:
        return error.later
    return float(tenacity.wait_random_exponential(0.5, max=30)(state))


def _later(answer: httpx.Response) -> float | None:
    """Seconds that the service asks to wait, of either form of Retry-After."""
    said = answer.headers.get("Retry-After", "")
    if said.isdecimal():
        return float(said)
    try:
        at = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _same_host(url: httpx.URL, target: httpx.URL) -> bool:
    """Whether a secret may follow: the same host, and not less protected."""
    if target.host != url.host:
        return False
    if target.scheme == url.scheme:
        return target.port == url.port
    return (url.scheme, target.scheme) == ("http", "https")


def _place(url: str) -> str:
    """Address without its query, which may hold what is secret."""
    return url.split("?", 1)[0]
