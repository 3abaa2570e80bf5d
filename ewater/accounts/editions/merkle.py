"""Merkle trees over lines of text, as RFC 6962 (section 2.1) defines them.

A leaf is ``SHA-256(0x00 || line)``, a node ``SHA-256(0x01 || left || right)``; the
line has no line feed. A tree of no lines is ``SHA-256()`` of nothing.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def leaf(line: str) -> bytes:
    """Hash one line."""
    return hashlib.sha256(b"\x00" + line.encode()).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Hash two nodes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(lines: Iterable[str]) -> bytes:
    """Root of the tree over lines in their order.

    Examples
    --------
    >>> root([]).hex()[:8], root(["a"]).hex()[:8], root(["a", "b", "c"]).hex()[:8]
    ('e3b0c442', '022a6979', '36642e73')
    """
    return root_of([leaf(line) for line in lines])


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Root of the tree over leaves that are hashed already."""
    level = list(leaves)
    if not level:
        return hashlib.sha256().digest()
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [node(a, b) for a, b in pairs] + odd
    return level[0]


def tree(parts: Mapping[str, bytes]) -> list[str]:
    """Lines of the top tree: name and root of each part, in order of name."""
    return [f"{name} {parts[name].hex()}" for name in sorted(parts)]


def canonical(value: Any) -> str:
    """Write JSON in one way only: keys sorted, no blanks, no NaN.

    Examples
    --------
    >>> canonical({"b": 1.0, "a": [None, "x"]})
    '{"a":[null,"x"],"b":1.0}'
    """
    return json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
