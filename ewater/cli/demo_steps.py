"""Steps of the demo: announced, and told what came of them and how long they took."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Say = Callable[[str], None]

STEPS = 14


@contextmanager
def step(number: int, name: str) -> Iterator[Say]:
    """Announce a step, and say at its end what it did and how long it took."""
    typer.echo(f"[{number}/{STEPS}] {name} ...")
    began = time.perf_counter()
    told: list[str] = []
    yield told.append
    text = f": {told[0]}" if told else ""
    typer.echo(f"[{number}/{STEPS}] {name}{text} ({time.perf_counter() - began:.1f} s)")
