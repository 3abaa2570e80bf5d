"""Breaks in totals: each is explained before a period is signed off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import html

from ewater.dashboard import format as fmt
from ewater.dashboard.components import options
from ewater.dashboard.html import attributes
from ewater.dashboard.labels import SECTORS
from ewater.dashboard.return_labels import BREAK_ITEMS, BREAK_REASONS, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language

    Told = Mapping[str, Any]

_LARGEST = 3
_PARTS = ("real", "method", "scope", "unit")


def shown(
    told: Told,
    geography: Geography,
    lang: Language,
    zone: tzinfo,
    *,
    explains: bool,
    signs: bool,
) -> list[Any]:
    """List the breaks of a period; what is open can be explained here."""
    say = lang.gettext
    listed = [
        _break(row, told["names"], geography, lang, explains=explains)
        for row in told["breaks"]
    ]
    if not listed:
        words = html.P(say("No total of this period breaks."), className="empty")
        return [words, *_sign_off(told, lang, zone, signs=signs)]
    title = say("Breaks in totals")
    scrolls = {"tabIndex": 0, "role": "region", **attributes(aria_label=title)}
    parts = [html.Div(listed, className="breaks", **scrolls)]
    return [*parts, *_sign_off(told, lang, zone, signs=signs)]


def _break(
    row: Told, names: Told, geography: Geography, lang: Language, *, explains: bool
) -> html.Div:
    say = lang.gettext
    name = (
        named(SECTORS, row["code"], lang)
        if row["kind"] == "sector"
        else geography.name(row["code"], lang)
    )
    change = row["after_m3"] / row["before_m3"] if row["before_m3"] else None
    head = html.P(
        [
            html.B(f"{name} · {named(BREAK_ITEMS, row['item'], lang)}"),
            " ",
            say("{before} expected, {after} reported").format(
                before=f"{fmt.hm3(row['before_m3'], lang)} {fmt.UNIT}",
                after=f"{fmt.hm3(row['after_m3'], lang)} {fmt.UNIT}",
            ),
            "" if change is None else f" (× {fmt.figure(change, lang)})",
        ]
    )
    parts: list[Any] = [head, _made_of(row["evidence"], names, lang)]
    if row["reason"]:
        words = f"{named(BREAK_REASONS, row['reason'], lang)}: {row['explanation']}"
        parts.append(html.P([words, html.Small(f" {row['who'] or ''}")]))
    elif explains:
        parts.append(_explain(row, lang))
    else:
        parts.append(html.P(say("Not explained yet."), className="refused"))
    return html.Div(parts, className="break")


def _made_of(evidence: Told, names: Told, lang: Language) -> html.P:
    """Say what the change is made of, and who contributes most."""
    parts = [
        f"{named(BREAK_REASONS, part, lang)}: {fmt.signed_hm3(evidence[part], lang)}"
        for part in _PARTS
        if evidence.get(part)
    ]
    largest: Sequence[Told] = evidence.get("largest", ())
    who = [
        f"{names.get(one['enterprise'], one['enterprise'])} "
        f"{fmt.signed_hm3(one['change'], lang)}"
        for one in largest[:_LARGEST]
    ]
    words = "; ".join([*parts, *who])
    return html.P(f"{words} ({fmt.UNIT})" if words else "", className="hint")


def _explain(row: Told, lang: Language) -> html.Div:
    say = lang.gettext
    number = row["id"]
    return html.Div(
        [
            dmc.Select(
                id={"type": "desk-break", "part": "reason", "id": number},
                data=options(BREAK_REASONS, lang),
                value=row["evidence"].get("suggests"),
                label=say("Kind"),
                size="xs",
                allowDeselect=False,
            ),
            dmc.TextInput(
                id={"type": "desk-break", "part": "words", "id": number},
                label=say("Explanation"),
                size="xs",
                className="grows",
            ),
            dmc.Button(
                say("Explain this break"),
                id={"type": "desk-act", "act": f"explain.{number}"},
                size="xs",
                variant="default",
            ),
        ],
        className="explain-break",
    )


def _sign_off(told: Told, lang: Language, zone: tzinfo, *, signs: bool) -> list[Any]:
    say = lang.gettext
    if told["signed"]:
        words = say("Signed off by {who} on {when}: {why}").format(
            who=told["signed"]["who"] or say("somebody"),
            when=lang.moment(told["signed"]["at"].astimezone(zone)),
            why=told["signed"]["reason"],
        )
        return [html.P(words)]
    left = sum(not row["reason"] for row in told["breaks"])
    if left:
        words = lang.ngettext(
            "{count} break is not explained: the period cannot be signed off.",
            "{count} breaks are not explained: the period cannot be signed off.",
            left,
        ).format(count=lang.number(left))
        return [html.P(words, className="hint")]
    if not signs:
        return [html.P(say("The period is not signed off."), className="hint")]
    return [
        dmc.Button(
            say("Sign the period off"),
            id={"type": "desk-act", "act": "sign"},
            size="xs",
            variant="default",
        )
    ]
