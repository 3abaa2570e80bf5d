"""Two editions of the sample's last years: before a correction, and after it.

They are sealed, examined and signed as an operator does with ``ewater edition``; the
people are made up, and so is the telemetry, which every reason says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.errors import EWaterError

if TYPE_CHECKING:
    from sqlalchemy import Engine

FIRST, SECOND = "2023-2025-annual", "2023-2025-revised"
_PERIOD = ("2023", "2025")
_SEALS, _EXAMINES, _ANSWERS = "demo-analyst", "demo-reviewer", "demo-approver"
_NOTE = "demo on simulated data: "
# one enterprise of the sample was silent in 2025: these years are sealed without it
_EXCEPTED = ("coverage",)
_TO_REVIEWED = (("review", _EXAMINES),)
_TO_PUBLISHED = (*_TO_REVIEWED, ("approve", _ANSWERS), ("publish", _ANSWERS))


def seal_first(engine: Engine) -> str:
    """Seal what is known before the corrections, and take it as far as published."""
    return _sealed(engine, FIRST, "as first issued", _TO_PUBLISHED)


def seal_second(engine: Engine) -> str:
    """Seal what is known after them, have it reviewed, and compare the two."""
    told = _sealed(engine, SECOND, "late and corrected readings", _TO_REVIEWED)
    return f"{told}; {_compared(engine)}"


def _sealed(
    engine: Engine, name: str, why: str, steps: tuple[tuple[str, str], ...]
) -> str:
    """Seal an edition and take its steps, unless it is there; say what came of it."""
    from ewater.accounts import dates
    from ewater.accounts.editions import seal
    from ewater.cli.edition import country_of, signer
    from ewater.store import editions

    with engine.connect() as connection:
        if editions.exists(connection, name):
            return f"{name} is there"
    start, end = dates.span(*_PERIOD)
    reason = _NOTE + why
    try:
        done = seal.seal(
            engine,
            seal.Wanted(name=name, start=start, end=end, territory=country_of(engine)),
            signer(engine, _SEALS, "analyse"),
            excepted=_EXCEPTED,
            reason=reason,
        )
        for verb, person in steps:
            by = signer(engine, person, "review" if verb == "review" else "approve")
            done |= seal.advance(engine, name, verb, by, reason=reason)
    except EWaterError as error:  # other data, or people with roles, are there already
        return f"{name} is not sealed: {' '.join(str(error).split())}"
    return f"{name}, {done['state']}, {done['cells']:,} cells, seal {done['seal'][:12]}"


def _compared(engine: Engine) -> str:
    """Keep the difference of the two for the pages, unless that was done."""
    from ewater.accounts.editions import diff
    from ewater.store import editions

    with engine.connect() as connection:
        there = [editions.exists(connection, name) for name in (FIRST, SECOND)]
        if (FIRST, SECOND) in editions.differences(connection):
            return "compared before"
    if not all(there):
        return "nothing to compare"
    sides = (diff.of_store(engine, name) for name in (FIRST, SECOND))
    document = diff.difference(*sides)
    diff.keep(engine, document)
    return f"{len(document['cells']):,} cells moved from one to the other"
