"""Formulas of views: parsed without evaluation, linear where they can be.

A formula has numbers, cells (``total``, or ``abstraction.surface`` in a table), the
operators ``+ - * /``, and `FUNCTIONS`. Where it is linear it becomes coefficients, so
that identities hold to the last bit; elsewhere values and gradients are evaluated
together, for the uncertainty (first order, GUM).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Gradient = dict[str, Array]

#: ``max(a, b, ...)``; ``coverage(a)`` and ``known(a)``: shares of what should be there.
FUNCTIONS = ("max", "coverage", "known")
_ABOUT = ("coverage", "known")
_LONGEST, _LARGEST = 2000, 1e300


@lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr:
    """Check a formula.

    Raises
    ------
    ValueError
        It holds anything but numbers, cells, operators and `FUNCTIONS`.
    """
    try:
        if len(text) > _LONGEST:
            raise SyntaxError  # noqa: TRY301 - one message for all that is no formula
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        raise ValueError(f"{text!r} is no formula; write such as 100 * a / b") from None
    _check(tree, text)
    return tree


def _check(node: ast.expr, text: str) -> None:
    match node:
        case ast.Constant(value=int() | float() as number) if (
            not isinstance(number, bool) and abs(number) < _LARGEST
        ):
            return
        case ast.Name() | ast.Attribute(value=ast.Name()):
            return
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            _check(inner, text)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
            _check(node.left, text)
            _check(node.right, text)
        case ast.Call(func=ast.Name(id=name), args=[_, *_], keywords=[]) if (
            name in FUNCTIONS
        ):
            if name in _ABOUT and (len(node.args) > 1 or name_of(node.args[0]) is None):
                raise ValueError(f"{name}(...) in {text!r} takes one cell")
            for argument in node.args:
                _check(argument, text)
        case _:
            raise ValueError(
                f"{ast.unparse(node)!r} in {text!r} is not allowed; a formula has "
                f"numbers, cells, + - * / and {', '.join(FUNCTIONS)}"
            )


def name_of(node: ast.expr) -> str | None:
    """Cell that a node names: ``row`` or ``row.column``."""
    match node:
        case ast.Name(id=row):
            return row
        case ast.Attribute(value=ast.Name(id=row), attr=column):
            return f"{row}.{column}"
    return None


def names(text: str) -> list[str]:
    """Cells that a formula names, in order of appearance."""
    return list(dict.fromkeys(_names(parse(text))))


def needed(text: str) -> list[str]:
    """Cells whose value a formula needs: all but those asked about."""
    return list(dict.fromkeys(_names(parse(text), about=False)))


def _names(node: ast.expr, about: bool = True) -> Iterator[str]:
    name = name_of(node)
    if name is not None:
        yield name
    elif isinstance(node, ast.Call):
        if about or not (isinstance(node.func, ast.Name) and node.func.id in _ABOUT):
            for argument in node.args:
                yield from _names(argument, about)
    else:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _names(child, about)


def linear(
    text: str, coefficients: Callable[[str], Mapping[str, float] | None]
) -> dict[str, float] | None:
    """Coefficients of a formula, or None where it is not linear.

    Parameters
    ----------
    text
        The formula.
    coefficients
        Those of a cell that it names, over whatever cells are basic; None if that
        cell is not linear itself.
    """
    found = _linear(parse(text), coefficients)
    if found is None or found.pop("", 0.0):
        return None  # a constant alone has no flows; it is no volume
    return {name: value for name, value in found.items() if value}


def _linear(
    node: ast.expr, of: Callable[[str], Mapping[str, float] | None]
) -> dict[str, float] | None:
    name = name_of(node)
    if name is not None:
        known = of(name)
        return None if known is None else dict(known)
    match node:
        case ast.Constant(value=number):
            return {"": float(number)}  # type: ignore[arg-type]
        case ast.UnaryOp(operand=inner):
            return _times(_linear(inner, of), -1.0)
        case ast.BinOp(left=first, op=op, right=second):
            return _combined(_linear(first, of), op, _linear(second, of))
    return None


def _combined(
    left: dict[str, float] | None, op: ast.operator, right: dict[str, float] | None
) -> dict[str, float] | None:
    if left is None or right is None:
        return None
    if isinstance(op, ast.Add | ast.Sub):
        sign = 1.0 if isinstance(op, ast.Add) else -1.0
        total = dict(left)
        for name, value in right.items():
            total[name] = total.get(name, 0.0) + sign * value
        return total
    if set(right) <= {""} and isinstance(op, ast.Mult):
        return _times(left, right.get("", 0.0))
    if set(left) <= {""} and isinstance(op, ast.Mult):
        return _times(right, left.get("", 0.0))
    if set(right) == {""} and right[""] and isinstance(op, ast.Div):
        return {name: value / right[""] for name, value in left.items()}
    return None


def _times(parts: dict[str, float] | None, factor: float) -> dict[str, float] | None:
    if parts is None:
        return None
    return {name: factor * value for name, value in parts.items()}


@dataclass(frozen=True, slots=True)
class Dual:
    """Values and their derivatives by the cells they come from."""

    value: Array
    gradient: Gradient


def quotient(text: str) -> tuple[float, str, str] | None:
    """Take ``factor * numerator / denominator`` apart, as formulas.

    Returns
    -------
    tuple or None
        None where the formula is no quotient of two others.

    Examples
    --------
    >>> quotient("100 * lost / (used + lost)")
    (100.0, 'lost', 'used + lost')
    """
    node = parse(text)
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return None
    above, factor = node.left, 1.0
    while isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mult):
        if not isinstance(above.left, ast.Constant):
            break
        factor *= float(above.left.value)  # type: ignore[arg-type]
        above = above.right
    return factor, ast.unparse(above), ast.unparse(node.right)


def evaluate(text: str, of: Callable[[str, str], Dual]) -> Dual:
    """Evaluate a formula with its gradient.

    Parameters
    ----------
    text
        The formula.
    of
        Given a cell and "" (its value), "coverage" or "known": what it is.

    Returns
    -------
    Dual
        NaN where a cell is NaN or where it divides by zero.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is unknown
        return _evaluate(parse(text), of)


def _evaluate(node: ast.expr, of: Callable[[str, str], Dual]) -> Dual:
    name = name_of(node)
    if name is not None:
        return of(name, "")
    match node:
        case ast.Constant(value=number):
            return Dual(np.float64(number), {})  # type: ignore[arg-type]
        case ast.UnaryOp(operand=inner):
            return scaled(_evaluate(inner, of), -1.0)
        case ast.BinOp(left=first, op=op, right=second):
            return _operated(_evaluate(first, of), op, _evaluate(second, of))
        case ast.Call(func=ast.Name(id="max"), args=arguments):
            return _largest([_evaluate(argument, of) for argument in arguments])
        case ast.Call(func=ast.Name(id=about), args=[argument]):
            return of(name_of(argument) or "", about)
    raise ValueError(ast.unparse(node))


def scaled(dual: Dual, factor: Any) -> Dual:
    """Multiply a value and its gradient by the same."""
    gradient = {name: factor * part for name, part in dual.gradient.items()}
    return Dual(factor * dual.value, gradient)


def _added(left: Gradient, right: Gradient) -> Gradient:
    total = dict(left)
    for name, part in right.items():
        total[name] = total[name] + part if name in total else part
    return total


def subtracted(left: Dual, right: Dual) -> Dual:
    """Subtract values and gradients."""
    gradient = _added(left.gradient, scaled(right, -1.0).gradient)
    return Dual(left.value - right.value, gradient)


def _operated(left: Dual, op: ast.operator, right: Dual) -> Dual:
    if isinstance(op, ast.Add):
        return Dual(left.value + right.value, _added(left.gradient, right.gradient))
    if isinstance(op, ast.Sub):
        return subtracted(left, right)
    if isinstance(op, ast.Mult):
        return Dual(
            left.value * right.value,
            _added(
                scaled(left, right.value).gradient, scaled(right, left.value).gradient
            ),
        )
    return divided(left, right)


def divided(left: Dual, right: Dual) -> Dual:
    """Divide; by zero gives NaN."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inverse = np.where(right.value == 0.0, np.nan, 1.0 / right.value)
        value = left.value * inverse
        return Dual(
            value,
            _added(
                scaled(left, inverse).gradient, scaled(right, -value * inverse).gradient
            ),
        )


def _largest(duals: list[Dual]) -> Dual:
    values = np.stack(np.broadcast_arrays(*(dual.value for dual in duals)))
    best = np.argmax(values, axis=0)  # NaN wins, so that unknown stays unknown
    gradient: Gradient = {}
    for place, dual in enumerate(duals):
        gradient = _added(gradient, scaled(dual, best == place).gradient)
    return Dual(np.max(values, axis=0), gradient)
