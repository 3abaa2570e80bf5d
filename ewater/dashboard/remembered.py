"""Answers that are kept while they hold, each computed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ewater.dashboard.answers import States


_LONG = 2000  # rows; of longer answers fewer are kept
_LONG_KEPT = 2


class Known:
    """What the database said last; shared by all who read through one cache."""

    def __init__(self) -> None:
        self.states: States | None = None
        self.down = False


class Remembered:
    """Answers by key, the newest few of them; of long ones fewer, for the memory."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
        self._long: list[Hashable] = []
        self._busy: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, method: Callable[..., Any], *args: Hashable) -> Any:
        """Give what is kept; else ``method(*args)``, which one thread computes."""
        found, answer = self._find(key)
        if found:
            return answer
        with self._lock:
            busy = self._busy.setdefault(key, threading.Lock())
        try:
            with busy:
                found, answer = self._find(key)
                if not found:
                    answer = method(*args)
                    self._put(key, answer)
        finally:
            with self._lock:
                self._busy.pop(key, None)
        return answer

    def _find(self, key: Hashable) -> tuple[bool, Any]:
        with self._lock:
            if key not in self._answers:
                return False, None
            self._answers.move_to_end(key)
            return True, self._answers[key]

    def _put(self, key: Hashable, answer: Any) -> None:
        with self._lock:
            self._answers[key] = answer
            if isinstance(answer, list) and len(answer) > _LONG:
                self._long.append(key)
                if len(self._long) > _LONG_KEPT:
                    self._answers.pop(self._long.pop(0), None)
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)
