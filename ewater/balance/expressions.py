"""How a flow or stock is known: the grammar of ``measured_by``.

::

    measured_by = way { " else " way }
    way         = sum | "report:" ITEM | "rule:" NAME "(" [ARG {"," ARG}] ")"
    sum         = [NUMBER " * "] SERIES { (" + " | " - ") [NUMBER " * "] SERIES }

Operators stand between spaces, because a code may contain ``-`` and ``.``. Ways are
tried in order; the next one serves the periods in which those before it know nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from ewater.terms import CODE_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CodeKind = Literal["series", "item", "flow_or_series", "site", "account", "number"]

#: The arguments of each rule, in order; those after ``required`` may be left out.
RULE_ARGUMENTS: Mapping[str, tuple[tuple[CodeKind, ...], int]] = {
    "share": (("flow_or_series", "number"), 2),
    "constant": (("number",), 1),
    "evaporation": (("site", "series", "number"), 2),
    "precipitation": (("site", "series", "number"), 2),
    "seasonal": (("series", "number"), 1),
    "last_report": (("item",), 1),
    "balance": (("account",), 1),
    "consumed": (("account", "number"), 1),
}

BETWEEN = " else "  # the ways of a ``measured_by``
_CODE = re.compile(CODE_PATTERN)
_RULE = re.compile(r"rule:([a-z_]+)\(([^()]*)\)")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Sum:
    """A signed, weighted sum of series."""

    terms: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Approved reports of one item."""

    item: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A named estimate; numbers among the arguments are already ``float``."""

    name: str
    arguments: tuple[str | float, ...]


Way = Sum | Report | Rule


@lru_cache(maxsize=65536)
def parse(text: str) -> tuple[Way, ...]:
    """Read a ``measured_by`` cell.

    Examples
    --------
    >>> parse("MET1 + MET2 - 0.5 * MET3")
    (Sum(terms=((1.0, 'MET1'), (1.0, 'MET2'), (-0.5, 'MET3'))),)
    >>> parse("KUR.Q else rule:seasonal(KUR.Q)")[1]
    Rule(name='seasonal', arguments=('KUR.Q',))

    Raises
    ------
    ValueError
        The text is not of the grammar; the message says what would be.
    """
    return tuple(_way(part.strip()) for part in text.split(BETWEEN))


def codes(text: str) -> Iterator[tuple[CodeKind, str]]:
    """Name every code in the cell with what it must be the code of."""
    for way in parse(text):
        match way:
            case Sum(terms):
                yield from (("series", code) for _, code in terms)
            case Report(item):
                yield "item", item
            case Rule(name, arguments):
                kinds, _ = RULE_ARGUMENTS[name]
                for kind, argument in zip(kinds, arguments, strict=False):
                    if kind != "number":
                        yield kind, str(argument)


def _way(text: str) -> Way:
    if text.startswith("report:"):
        return Report(_code(text.removeprefix("report:")))
    if text.startswith("rule:"):
        return _rule(text)
    return _sum(text)


def _rule(text: str) -> Rule:
    match = _RULE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a rule; write rule:NAME(ARGUMENT, ...)")
    name, inside = match.groups()
    if name not in RULE_ARGUMENTS:
        known = ", ".join(sorted(RULE_ARGUMENTS))
        raise ValueError(f"rule {name!r} is not known; rules are {known}")
    kinds, required = RULE_ARGUMENTS[name]
    given = [part.strip() for part in inside.split(",")] if inside.strip() else []
    if not required <= len(given) <= len(kinds):
        wanted = ", ".join(kinds)
        raise ValueError(f"rule:{name} takes ({wanted}), {required} of them at least")
    arguments = tuple(
        _number(part) if kind == "number" else _code(part)
        for kind, part in zip(kinds, given, strict=False)
    )
    return Rule(name, arguments)


def _sum(text: str) -> Sum:
    tokens = text.split()
    if not tokens:
        raise ValueError("is empty; name a series, report:ITEM or rule:NAME(...)")
    sign = 1.0
    if tokens[0] == "-":
        sign, tokens = -1.0, tokens[1:]
    terms = []
    while True:
        factor, code, tokens = _product(tokens)
        terms.append((sign * factor, code))
        if not tokens:
            return Sum(tuple(terms))
        if tokens[0] not in {"+", "-"}:
            raise ValueError(f"expected + or - between spaces, not {tokens[0]!r}")
        sign = 1.0 if tokens[0] == "+" else -1.0
        tokens = tokens[1:]


def _product(tokens: list[str]) -> tuple[float, str, list[str]]:
    if len(tokens) > 1 and tokens[1] == "*":
        if len(tokens) == 2:
            raise ValueError("a series must follow *")
        return _number(tokens[0]), _code(tokens[2]), tokens[3:]
    if not tokens:
        raise ValueError("a series must follow + or -")
    return 1.0, _code(tokens[0]), tokens[1:]


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number; write for example 0.25")
    return float(text)


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise ValueError(f"{text!r} is not a code; codes match {CODE_PATTERN}")
    return text
