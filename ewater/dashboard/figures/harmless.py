"""Names in figures are text: of what looks like a tag, only our own is one.

Plotly takes texts of axes, labels and hovers for a little HTML, in which a name could
be a link to anywhere. All figures pass here on their way to a page or to paper.
"""

from __future__ import annotations

import re
from typing import Any

#: What figures write themselves; ``<extra>`` is of hover templates.
_NOT_OURS = re.compile(r"<(?!/?(?:b|i|extra)>|br>)")
_INSTEAD = "&lt;"  # which Plotly draws as the sign


def harmless(part: Any) -> Any:
    """Give a figure, or a part of it, in which no foreign tag is left.

    Parameters
    ----------
    part
        Plain dicts, lists and texts; anything else, such as arrays of numbers, stays.

    Examples
    --------
    >>> harmless({"text": ['<b>Kür</b><br><a href="x">5 < 6</a>']})
    {'text': ['<b>Kür</b><br>&lt;a href="x">5 &lt; 6&lt;/a>']}
    """
    if isinstance(part, str):
        return _NOT_OURS.sub(_INSTEAD, part) if "<" in part else part
    if isinstance(part, dict):
        return {harmless(key): harmless(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [harmless(one) for one in part]
    if getattr(part, "dtype", None) == "O":
        return harmless(part.tolist())
    return part
