"""Choose what is compared: the kind, and up to four sides of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Input, Output, html

from ewater.dashboard import view
from ewater.dashboard.components import choice, segments, select
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.compare.kinds import KINDS, NONE, SIDES, chosen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_WHAT = mark("What is compared")
_CHOOSE = ("years", "editions", "scenarios")  # of the others the address says all


def controls(state: State, lang: Language) -> list[Any]:
    """Make the choice of a kind, and a row of lists for each that has any."""
    labels = {name: kind.label for name, kind in KINDS.items()}
    what = state.pick("what", KINDS)
    return [
        segments("what", what, labels, lang, _WHAT),
        *(
            html.Div(
                [_list(f"{name}{n}", n, state, lang) for n in range(1, SIDES + 1)],
                id=f"compare-{name}",
                className="compare-lists",
                style={} if name == what else {"display": "none"},
            )
            for name in _CHOOSE
        ),
    ]


def _list(name: str, number: int, state: State, lang: Language) -> Any:
    words = _side(number, lang)
    return select(
        choice(name),
        value=state.get(name) or None,
        data=[],
        placeholder=words,
        className="compare-side",
        **attributes(aria_label=words),
    )


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the lists, and show those of the kind that is chosen."""

    @app.callback(
        *(Output(f"compare-{name}", "style") for name in _CHOOSE),
        *(
            Output(choice(f"{name}{n}"), "data")
            for name in _CHOOSE
            for n in range(1, SIDES + 1)
        ),
        *(
            Output(choice(f"{name}{n}"), "placeholder")
            for name in _CHOOSE
            for n in range(1, SIDES + 1)
        ),
        *(
            Output(choice(f"{name}{n}"), "className")
            for name in _CHOOSE
            for n in range(1, SIDES + 1)
        ),
        Input("state", "data"),
    )
    def offer(data: Mapping[str, Any] | None) -> list[Any]:
        state, lang = view.opened(data)
        what = state.pick("what", KINDS)
        styles = [{} if name == what else {"display": "none"} for name in _CHOOSE]
        lists = [
            items(reader, state, lang, name, n) if name == what else []
            for name in _CHOOSE
            for n in range(1, SIDES + 1)
        ]
        named = standing(reader, state, lang)
        words = [*named, *(_side(n, lang) for n in range(len(named) + 1, SIDES + 1))]
        classes = [
            "compare-side stands" if n < len(named) else "compare-side"
            for n in range(SIDES)
        ]
        return [*styles, *lists, *words * len(_CHOOSE), *classes * len(_CHOOSE)]


def standing(reader: CachedReader, state: State, lang: Language) -> list[str]:
    """Name what stands on each side, also while nothing is chosen for it."""
    kind = KINDS[state.pick("what", KINDS)]
    offered = kind.options(reader, state, lang)
    values = chosen(reader, state, lang) if offered else []
    return [lang.gettext("Now") if v == "live" else offered.get(v, v) for v in values]


def _side(number: int, lang: Language) -> str:
    return lang.gettext("Side {number}").format(number=lang.number(number))


def items(
    reader: CachedReader, state: State, lang: Language, name: str, number: int
) -> list[dict[str, str]]:
    """List what a side can be; the third and fourth can be nothing."""
    offered = KINDS[name].options(reader, state, lang)
    found = [
        {"value": value, "label": lang.gettext("Now") if value == "live" else label}
        for value, label in offered.items()
    ]
    nothing = {"value": NONE, "label": lang.gettext("nothing")}
    return [*found, nothing] if number > 2 and found else found
