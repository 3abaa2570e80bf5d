"""Components that nothing changes, written as text that the page puts in place at once.

Every component of Dash listens to every change of the page. A table with one for each
cell makes each change take seconds, though no callback addresses its cells; as text it
is one component. ``assets/still.js`` puts the text in place and follows its links.
"""

from __future__ import annotations

from html import escape
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

_NAMES = {"className": "class", "colSpan": "colspan", "tabIndex": "tabindex"}
_VOID = frozenset({"br", "hr", "img", "wbr"})


def still(box: html.Div) -> html.Div:
    """Put the content of a box into it as text; returns the box.

    Raises
    ------
    TypeError
        Something in it is no plain element, or has an id: a callback could address it.
    """
    text = written(box.children)
    box.children = None
    setattr(box, "data-still", text)
    return box


def written(content: Any) -> str:
    """Write components as HTML; all words in them are text.

    Examples
    --------
    >>> written(html.B(["a < b", html.Br()], className="x"))
    '<b class="x">a &lt; b<br></b>'
    """
    if content is None:
        return ""
    if isinstance(content, (list, tuple)):
        return "".join(written(part) for part in content)
    if not isinstance(content, Component):
        return escape(str(content))
    return _element(content)


def _element(component: Component) -> str:
    given: dict[str, Any] = component.to_plotly_json()["props"]  # type: ignore[no-untyped-call]
    inner = written(given.pop("children", None))
    if isinstance(component, dcc.Link):
        tag, given = "a", {**given, "data-within": ""}
    elif type(component).__module__.startswith("dash.html."):
        tag = type(component).__name__.lower()
    else:
        raise TypeError(f"{type(component).__name__} is no plain element")
    if "id" in given:
        raise TypeError(f"{given['id']!r} has an id, so that a callback may change it")
    start = f"<{tag}{''.join(_attribute(*pair) for pair in given.items())}>"
    return start if tag in _VOID else f"{start}{inner}</{tag}>"


def _attribute(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, dict):
        raise TypeError(f"{name}: a style belongs into a class")
    words = "" if value is True else escape(str(value))
    return f' {_NAMES.get(name, name)}="{words}"'
