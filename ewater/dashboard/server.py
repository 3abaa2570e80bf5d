"""Serve the dashboard with gunicorn, in this process, until Ctrl-C."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import socket
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

_THREADS = 4


class _Server(BaseApplication):
    def __init__(self, make: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make = make
        self._options = options
        super().__init__()  # type: ignore[no-untyped-call]

    def load_config(self) -> None:
        config: Any = self.cfg
        for key, value in self._options.items():
            config.set(key, value)

    def load(self) -> Flask:
        return self._make()


def check_port(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on, before anything is started.

    Raises
    ------
    UsageError
        Another program listens there, or this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"cannot listen on {host}:{port} ({error.strerror}); "
                "stop what uses it or choose another with --port"
            ) from error


def _begin(ready: Callable[[], None]) -> None:
    """Leave what was made so far alone, so that workers share its memory; tell so."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # of the GNU library alone
        ctypes.CDLL(None).malloc_trim(0)
    gc.freeze()
    ready()


def serve(
    make: Callable[[], Flask],
    *,
    host: str,
    port: int,
    workers: int,
    ready: Callable[[str], None],
    threads: int = _THREADS,
) -> None:
    """Serve until the process is told to stop.

    Parameters
    ----------
    make
        Makes the application, once, before workers are forked.
    ready
        Told the address when the workers are about to answer.
    threads
        Requests that a worker answers at the same time.
    """
    check_port(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"{shown}:{port}"
    server: Any = _Server(
        make,
        {
            "bind": address,
            "workers": workers,
            "worker_class": "gthread",
            "threads": threads,
            "preload_app": True,
            "loglevel": "warning",
            "graceful_timeout": 3,
            "timeout": 120,
            "control_socket_disable": True,
            "when_ready": lambda _: _begin(lambda: ready(f"http://{address}")),
        },
    )
    server.run()
