"""Sums of columns, and rules between them: ``g12 = g26 + g31``, ``g13..g24``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

_TERM = re.compile(
    r"\s*([+-]?)\s*([a-z][a-z0-9_]*?)(?:\.\.([a-z][a-z0-9_]*?))?\s*(?=[+-]|$)"
)
_NUMBERED = re.compile(r"([a-z_]+)(\d+)")


@dataclass(frozen=True, slots=True)
class Sum:
    """Columns with the sign of each."""

    keys: tuple[str, ...]
    signs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A sum that is equal to another, or at most that."""

    left: Sum
    relation: Literal["=", "<="]
    right: Sum

    @property
    def keys(self) -> tuple[str, ...]:
        """Every column it names."""
        return (*self.left.keys, *self.right.keys)


@cache
def sum_of(text: str) -> Sum:
    """Read a sum.

    Examples
    --------
    >>> sum_of("g1 + g3..g5 - d2")
    Sum(keys=('g1', 'g3', 'g4', 'g5', 'd2'), signs=(1, 1, 1, 1, -1))

    Raises
    ------
    ValueError
        It is none.
    """
    keys: list[str] = []
    signs: list[int] = []
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None or (at and not match[1]):
            raise ValueError(f"{text!r} is no sum of columns such as g26 + g31")
        named = _range(match[2], match[3]) if match[3] else [match[2]]
        keys += named
        signs += [-1 if match[1] == "-" else 1] * len(named)
        at = match.end()
    if not keys:
        raise ValueError("a sum of columns is empty; write one such as g26 + g31")
    return Sum(tuple(keys), tuple(signs))


@cache
def rule(text: str) -> Rule:
    """Read a rule.

    Examples
    --------
    >>> rule("g25 <= g12").relation
    '<='

    Raises
    ------
    ValueError
        It is none.
    """
    left, relation, right = text.partition("<=")
    if not relation:
        left, relation, right = text.partition("=")
    if not relation:
        raise ValueError(f"{text!r} is no rule; write A = B or A <= B")
    return Rule(sum_of(left), "<=" if relation == "<=" else "=", sum_of(right))


def _range(first: str, last: str) -> list[str]:
    a, b = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    if a is None or b is None or a[1] != b[1] or int(a[2]) > int(b[2]):
        raise ValueError(f"{first}..{last} is no range such as g13..g24")
    return [f"{a[1]}{number}" for number in range(int(a[2]), int(b[2]) + 1)]
