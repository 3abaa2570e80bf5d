"""What a scenario names, against the country: every fault with its line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ewater.described import line_of, one
from ewater.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

    from ewater.accounts.forecasting.scenario_model import Scenario
    from ewater.described import Lines
    from ewater.errors import Fault

    _Found = tuple[tuple[Any, ...], str, str]  # path, message, what would be right

_SHOWN = 12  # codes that are named as what would be right


def faults(
    scenario: Scenario, file: str, lines: Lines, frames: Mapping[str, pd.DataFrame]
) -> list[Fault]:
    """Find codes that the country does not have, and what contradicts itself.

    Parameters
    ----------
    file, lines
        Where it was read.
    frames
        Country frames: ``territories``, ``accounts``, ``flows``.

    Raises
    ------
    NotReadyError
        No country is loaded.
    """
    if frames["accounts"].empty:
        raise NotReadyError(
            "no country is loaded; run `ewater load DIR` or `ewater demo`"
        )
    return [
        one(file, line_of(path, lines), ".".join(map(str, path)), message, allowed)
        for path, message, allowed in _found(scenario, frames)
    ]


def _found(scenario: Scenario, frames: Mapping[str, pd.DataFrame]) -> Iterator[_Found]:
    kinds = frames["accounts"].drop_duplicates("code").set_index("code")["kind"]
    yield from _demand(scenario, set(frames["territories"]["code"]))
    yield from _canals(scenario, kinds, set(frames["flows"]["code"]))
    yield from _reservoirs(scenario, set(kinds.index[kinds == "reservoir"]))


def _demand(scenario: Scenario, territories: set[str]) -> Iterator[_Found]:
    for n, one_ in enumerate(scenario.demand):
        if one_.territory is not None and one_.territory not in territories:
            what = f"there is no territory {one_.territory!r}"
            yield ("demand", n, "territory"), what, _of(territories)


def _canals(
    scenario: Scenario, kinds: pd.Series[str], flows: set[str]
) -> Iterator[_Found]:
    taken = flows | _repeated(canal.code for canal in scenario.canals)
    waters = kinds.index[kinds.isin(("river", "canal", "reservoir"))]
    for n, canal in enumerate(scenario.canals):
        if canal.code in taken:
            what = f"{canal.code} is a flow already"
            yield ("canals", n, "code"), what, "give it a code of its own"
        for end, code in (("from", canal.from_), ("to", canal.to)):
            if code not in kinds.index:
                yield ("canals", n, end), f"there is no account {code!r}", _of(waters)
        if canal.from_ == canal.to:
            what = f"it runs from {canal.to} to itself"
            yield ("canals", n, "to"), what, "another account"


def _reservoirs(scenario: Scenario, dams: set[str]) -> Iterator[_Found]:
    twice = _repeated(held.account for held in scenario.reservoirs)
    for n, held in enumerate(scenario.reservoirs):
        if held.account not in dams:
            what = f"there is no reservoir {held.account!r}"
            yield ("reservoirs", n, "account"), what, _of(dams)
        elif held.account in twice:
            what = f"{held.account} is given more than once"
            yield ("reservoirs", n, "account"), what, "keep one"
        if held.least > held.most:
            what = f"{held.least:g} is more than most, {held.most:g}"
            yield ("reservoirs", n, "least"), what, "at most as much"


def _repeated(codes: Iterable[str]) -> set[str]:
    return {code for code, count in Counter(codes).items() if count > 1}


def _of(codes: Iterable[Any]) -> str:
    every = sorted(map(str, codes))
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return f"there are {', '.join(every[:_SHOWN]) or 'none'}{more}"
