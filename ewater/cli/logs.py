"""Logs as one line of key=value per event, for people and for programs."""

from __future__ import annotations

import json
import logging
import sys
import time

_PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/-+")


class KeyValue(logging.Formatter):
    """Writes time, level, where it comes from, and what happened."""

    def __init__(self) -> None:
        super().__init__()
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Write one event."""
        said = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "from": record.name.removeprefix("ewater."),
            "event": record.getMessage(),
        }
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return " ".join(f"{key}={_quoted(value)}" for key, value in said.items())


def _quoted(value: str) -> str:
    if value and set(value) <= _PLAIN:
        return value
    return json.dumps(value, ensure_ascii=False)


def to_stderr(*, verbose: bool) -> None:
    """Write what this process does; with ``verbose`` also what its queue does."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValue())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("ewater").setLevel(logging.INFO)
    if verbose:
        logging.getLogger("procrastinate").setLevel(logging.INFO)
