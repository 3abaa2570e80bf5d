"""Places of the nodes of a directed graph: columns by upstream order, few crossings.

Every edge leads to the right, as far as the graph has no circles: an edge that closes
one is left out of the ordering. A node without an entry stands just before what it
feeds, one without an exit just after what feeds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Edge = tuple[str, str, float]  # from, to, weight
_SWEEPS = 12


def places(nodes: Sequence[str], edges: Iterable[Edge]) -> dict[str, tuple[int, float]]:
    """Give each node its column, from the left, and its height.

    Parameters
    ----------
    nodes
        All of them.
    edges
        Ends and weights above zero; heavy edges are kept straight.

    Returns
    -------
    dict
        Nodes of one column are at least 1 apart.

    Examples
    --------
    >>> places(["a", "b", "c"], [("a", "b", 1.0), ("b", "c", 1.0)])
    {'a': (0, 0.0), 'b': (1, 0.0), 'c': (2, 0.0)}
    """
    kept = without_circles(nodes, edges)
    column = columns(nodes, kept)
    return {node: (column[node], y) for node, y in _heights(column, kept).items()}


def without_circles(nodes: Sequence[str], edges: Iterable[Edge]) -> list[Edge]:
    """Leave out the edges that lead back to where a path came from.

    Heavy edges are followed first, so that of a circle a light one goes.
    """
    after: dict[str, list[Edge]] = {node: [] for node in nodes}
    entered: set[str] = set()
    for edge in sorted(edges, key=lambda e: -e[2]):
        if edge[0] != edge[1]:
            after[edge[0]].append(edge)
            entered.add(edge[1])
    kept: list[Edge] = []
    state: dict[str, int] = {}  # 1 on the path, 2 done
    starts = [n for n in nodes if n not in entered] + list(nodes)
    for start in starts:
        if start in state:
            continue
        state[start] = 1
        path = [(start, iter(after[start]))]
        while path:
            node, rest = path[-1]
            following = next(rest, None)
            if following is None:
                state[node] = 2
                path.pop()
                continue
            to = following[1]
            if state.get(to) == 1:
                continue
            kept.append(following)
            if to not in state:
                state[to] = 1
                path.append((to, iter(after[to])))
    return kept


def columns(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Give the column of each node of a graph without circles."""
    after: dict[str, list[str]] = {node: [] for node in nodes}
    before: dict[str, list[str]] = {node: [] for node in nodes}
    for start, end, _ in edges:
        after[start].append(end)
        before[end].append(start)
    order = _sorted(nodes, after, before)
    column = dict.fromkeys(nodes, 0)
    for node in order:
        column[node] = max((column[b] + 1 for b in before[node]), default=0)
    for node in reversed(order):
        if after[node]:
            column[node] = min(column[a] for a in after[node]) - 1
    for node in order:  # what ends here stands where it is fed
        if not after[node] and before[node]:
            column[node] = max(column[b] for b in before[node]) + 1
    first = min(column.values(), default=0)
    return {node: at - first for node, at in column.items()}


def _sorted(
    nodes: Sequence[str],
    after: Mapping[str, Sequence[str]],
    before: Mapping[str, Sequence[str]],
) -> list[str]:
    left = {node: len(before[node]) for node in nodes}
    ready = [node for node in nodes if not left[node]]
    order = []
    while ready:
        node = ready.pop()
        order.append(node)
        for to in after[node]:
            left[to] -= 1
            if not left[to]:
                ready.append(to)
    return order


def _heights(column: Mapping[str, int], edges: Sequence[Edge]) -> dict[str, float]:
    """Pull each node towards those it is joined to, column by column."""
    near: dict[str, list[tuple[str, float]]] = {node: [] for node in column}
    for start, end, weight in edges:
        near[start].append((end, weight))
        near[end].append((start, weight))
    levels: dict[int, list[str]] = {}
    for node, at in column.items():
        levels.setdefault(at, []).append(node)
    height = {
        node: n - (len(level) - 1) / 2
        for level in levels.values()
        for n, node in enumerate(level)
    }
    for sweep in range(_SWEEPS):
        for at in sorted(levels, reverse=bool(sweep % 2)):
            wanted = {node: _mean(node, near, height) for node in levels[at]}
            levels[at].sort(key=lambda node: (wanted[node], node))
            spread = _apart([wanted[node] for node in levels[at]])
            height.update(zip(levels[at], spread, strict=True))
    lowest = min(height.values(), default=0.0)
    return {node: y - lowest for node, y in height.items()}


def _mean(
    node: str,
    near: Mapping[str, Sequence[tuple[str, float]]],
    height: Mapping[str, float],
) -> float:
    total = sum(weight for _, weight in near[node])
    if not total:
        return height[node]
    return sum(height[other] * weight for other, weight in near[node]) / total


def _apart(wanted: Sequence[float]) -> list[float]:
    """Put values in order at least 1 apart, as near to where they would be as it goes.

    Blocks of neighbours that push each other stand around their common mean.
    """
    blocks: list[list[float]] = []  # sum, count
    for n, value in enumerate(wanted):
        blocks.append([value - n, 1.0])
        while len(blocks) > 1 and _level(blocks[-2]) > _level(blocks[-1]):
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    levels = [_level(block) for block in blocks for _ in range(int(block[1]))]
    return [level + n for n, level in enumerate(levels)]


def _level(block: Sequence[float]) -> float:
    return block[0] / block[1]
