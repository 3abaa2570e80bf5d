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
_LARGE = 256 * 1024  # bytes; blocks from here on are given back when they are free
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # of malloc.h


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
    _allocator("malloc_trim", 0)
    gc.freeze()
    ready()


def _allocator(name: str, *values: int) -> None:
    """Tell the allocator something, where it is that of the GNU library."""
    with contextlib.suppress(AttributeError, OSError):
        getattr(ctypes.CDLL(None), name)(*values)


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
    # accounts that threads read and drop would else stay in the heap of each
    _allocator("mallopt", _MMAP_THRESHOLD, _LARGE)
    _allocator("mallopt", _ARENA_MAX, 1)
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
