"""Logs as one line of key=value per event, for people and for programs."""

from __future__ import annotations

import json
import logging
import re
import sys
import time

_PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/-+")
#: What ends a line or moves a terminal, and JSON leaves as it is.
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029]")


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
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def to_stderr(*, verbose: bool, faults_only: bool = False) -> None:
    """Write what this process does; with ``verbose`` also what its queue does.

    With ``faults_only`` only what goes wrong. One event is one line whatever is in it,
    so that nobody writes lines of their own by what they ask for.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValue())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("ewater").setLevel(
        logging.WARNING if faults_only else logging.INFO
    )
    if verbose:
        logging.getLogger("procrastinate").setLevel(logging.INFO)
