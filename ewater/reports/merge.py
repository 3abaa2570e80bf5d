"""Two people's changes to one draft: merged cell by cell, or both kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Content = Mapping[str, Any]
    Path = tuple[str, int, str]


def cells(content: Content) -> dict[Path, Any]:
    """Every given cell by section, line (from 0) and column."""
    return {
        (section, at, key): value
        for section, lines in content.items()
        for at, line in enumerate(lines)
        for key, value in line.items()
        if value is not None and value != ""
    }


def changes(before: Content, after: Content) -> dict[str, list[Any]]:
    """Cells that differ, as ``section.line.column: [before, after]``; for the audit."""
    old, new = cells(before), cells(after)
    return {
        f"{path[0]}.{path[1] + 1}.{path[2]}": [old.get(path), new.get(path)]
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    }


def merged(
    base: Content, theirs: Content, mine: Content
) -> tuple[dict[str, list[dict[str, Any]]], dict[Path, tuple[Any, Any]]]:
    """Put two changes of one draft together.

    Returns
    -------
    content
        With the changes of both.
    conflicts
        Cells that both changed differently: theirs and mine. Theirs is in ``content``.

    Examples
    --------
    >>> base = {"a": [{"x": 1.0, "y": 1.0}]}
    >>> merged(base, {"a": [{"x": 2.0, "y": 1.0}]}, {"a": [{"x": 1.0, "y": 3.0}]})
    ({'a': [{'x': 2.0, 'y': 3.0}]}, {})
    """
    old, one, two = cells(base), cells(theirs), cells(mine)
    result: dict[Path, Any] = {}
    conflicts: dict[Path, tuple[Any, Any]] = {}
    for path in sorted({*old, *one, *two}):
        was, a, b = old.get(path), one.get(path), two.get(path)
        value = b if a == was else a
        if a not in (was, b) and b != was:
            conflicts[path] = (a, b)
        if value is not None:
            result[path] = value
    return _content(result), conflicts


def with_mine(
    base: Content, theirs: Content, mine: Content
) -> dict[str, list[dict[str, Any]]]:
    """Put two changes of one draft together; where both changed a cell, mine stands.

    Examples
    --------
    >>> base = {"a": [{"x": 1.0, "y": 1.0}]}
    >>> theirs = {"a": [{"x": 2.0, "y": 2.0}]}
    >>> with_mine(base, theirs, {"a": [{"x": 3.0, "y": 1.0}]})
    {'a': [{'x': 3.0, 'y': 2.0}]}
    """
    content, conflicts = merged(base, theirs, mine)
    result = cells(content)
    for path, (_, value) in conflicts.items():
        result[path] = value
    kept = {path: value for path, value in result.items() if value is not None}
    return _content(dict(sorted(kept.items())))


def _content(found: Mapping[Path, Any]) -> dict[str, list[dict[str, Any]]]:
    content: dict[str, list[dict[str, Any]]] = {}
    for (section, at, key), value in found.items():
        lines = content.setdefault(section, [])
        while len(lines) <= at:
            lines.append({})
        lines[at][key] = value
    return {
        section: [line for line in lines if line] for section, lines in content.items()
    }
