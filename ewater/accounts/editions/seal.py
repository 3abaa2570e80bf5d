"""Sealing an account, and the steps that a sealed one takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ewater.accounts import runs
from ewater.accounts.editions import chain, merkle, obstacles, parts
from ewater.accounts.editions.material import LEAST_COVERAGE, Material, Spec, from_store
from ewater.accounts.editions.obstacles import Obstacle
from ewater.errors import UsageError
from ewater.store import audit, editions, landing, recording, registry
from ewater.terms import CODE_PATTERN

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

    from ewater.accounts.editions.keys import Signer
    from ewater.terms import Step

#: What a person does, and the state that follows.
VERBS = {
    "review": "reviewed",
    "approve": "approved",
    "publish": "published",
    "withdraw": "withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What shall be sealed."""

    name: str
    start: dt.date
    end: dt.date
    territory: str
    step: Step = "year"
    calendar: str | None = None
    boundary: str = "managed"
    as_of: dt.datetime | None = None
    least_coverage: float = LEAST_COVERAGE


def seal(
    engine: Engine,
    wanted: Wanted,
    signer: Signer,
    *,
    excepted: Sequence[str] = (),
    reason: str = "",
) -> dict[str, Any]:
    """Compute an account from the beginning, and seal it as a draft.

    Parameters
    ----------
    excepted
        Names of what is in the way and shall not be.

    Returns
    -------
    dict
        ``name``, ``root``, ``seal``, ``as_of``, ``cells``, ``readings``,
        ``exceptions``.

    Raises
    ------
    RefusedError
        Something stands in the way; everything at once.
    UsageError
        There is an edition of this name, or no such territory.
    """
    material, beside, newest = _read(engine, wanted)
    spec = material.spec
    made, _ = parts.inputs(material)
    figures, _ = parts.figures(material)
    found = obstacles.of(engine, material, figures[parts.CELLS], newest=newest)
    settled = obstacles.settle(f"sealing {spec.name}", found, excepted)
    with engine.begin() as connection:
        editions.alone(connection)
        _unused(connection, spec.name)
        person = landing.person(connection, signer.name)
        made |= {**beside, **figures, **parts.program()}
        made[parts.EXCEPTIONS] = obstacles.lines(settled, str(person))
        roots = parts.roots(made)
        root = parts.root(roots)
        edges = pd.DatetimeIndex(material.bounds[[0, -1]].view("M8[us]"), tz="UTC")
        row = {
            "name": spec.name,
            "territory": spec.territory,
            "period_start": edges[0],
            "period_end": edges[1],
            "step": spec.step,
            "as_of": spec.as_of,
            "root": root,
        }
        editions.add(connection, row, {n: (roots[n], made[n]) for n in made})
        step = _append(
            connection, spec.name, "draft", root, signer, _note(reason, settled)
        )
    return {
        "name": spec.name,
        "root": root.hex(),
        "seal": merkle.node(root, step["hash"]).hex(),
        "as_of": spec.as_of,
        "cells": len(figures[parts.CELLS]) - 1,
        "readings": int(material.readings["time"].size),
        "exceptions": [one.name for one in settled],
    }


def advance(
    engine: Engine,
    name: str,
    verb: str,
    signer: Signer,
    *,
    excepted: Sequence[str] = (),
    reason: str = "",
) -> dict[str, Any]:
    """Review, approve, publish or withdraw an edition.

    Raises
    ------
    RefusedError
        Who sealed it reviews or approves it, and that is not excepted.
    UsageError
        No such edition, it is not at that point, or it is withdrawn without a reason.
    """
    state = VERBS[verb]
    if state == "withdrawn" and not reason.strip():
        raise UsageError(f"say why {name} is withdrawn, with --reason")
    with engine.begin() as connection:
        editions.alone(connection)
        row = editions.read(connection, name)
        if state not in chain.NEXT[row["state"]]:
            can = ", ".join(chain.NEXT[row["state"]]) or "nothing more"
            raise UsageError(f"{name} is {row['state']}; it can become {can}")
        person = landing.person(connection, signer.name)
        first = editions.steps(connection, name)[0]
        own = state in ("reviewed", "approved") and first["person"] == person
        found = [Obstacle("own-work", "who sealed it")] if own else []
        settled = obstacles.settle(f"{verb} of {name}", found, excepted)
        root = bytes(row["root"])
        step = _append(connection, name, state, root, signer, _note(reason, settled))
    return {"name": name, "state": state, "seal": merkle.node(root, step["hash"]).hex()}


def _read(
    engine: Engine, wanted: Wanted
) -> tuple[Material, dict[str, list[str]], bool]:
    """Read the state that is sealed in one snapshot."""
    if not re.fullmatch(CODE_PATTERN, wanted.name):
        raise UsageError(f"{wanted.name!r} is no name; use letters, digits and _ . : -")
    with engine.connect().execution_options(
        isolation_level="REPEATABLE READ"
    ) as connection:
        latest = recording.seen(connection, None)
        seen = recording.seen(connection, wanted.as_of)
        _unused(connection, wanted.name)
        frame = registry.read_table(connection, "calendars", seen)
        spec = Spec(
            name=wanted.name,
            territory=wanted.territory,
            start=wanted.start,
            end=wanted.end,
            step=wanted.step,
            calendar=runs.calendar_of(frame, wanted.calendar).code,
            boundary=wanted.boundary,
            as_of=seen,
            least_coverage=wanted.least_coverage,
        )
        material = from_store(connection, spec)
        return material, parts.beside(connection, material), seen == latest


def _unused(connection: Connection, name: str) -> None:
    if editions.exists(connection, name):
        raise UsageError(f"there is an edition {name!r} already; choose another name")


def _append(
    connection: Connection,
    name: str,
    state: str,
    root: bytes,
    signer: Signer,
    note: dict[str, Any],
) -> dict[str, Any]:
    step = chain.append(connection, name, state, root, signer, note)
    audit.record(
        connection,
        f"edition.{state}",
        f"edition:{name}",
        who=step["person"],
        after={"seq": step["seq"], "hash": step["hash"].hex(), **note},
    )
    return step


def _note(reason: str, settled: Sequence[Obstacle]) -> dict[str, Any]:
    return {"reason": reason.strip(), "exceptions": [one.name for one in settled]}
