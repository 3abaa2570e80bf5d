"""What made a figure, as the drawer shows it: flows, sources, series, loads, curves.

The document is that of `ewater explain --format json` (docs/explain.md).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from ewater.dashboard import format as fmt
from ewater.dashboard import known_by, overtaken
from ewater.dashboard.exhibits.facts import moment
from ewater.dashboard.exhibits.sheet import Column, Sheet
from ewater.dashboard.exhibits.table import badge, codes, table
from ewater.dashboard.i18n import mark
from ewater.dashboard.reading_labels import FLAGS
from ewater.store import judged
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State

    Document = Mapping[str, Any]

_HASH = 12  # digits that tell hashes apart; the address of the figure has all
#: Loads that no file brought, by their sources.
_LOADS = {
    judged.SOURCE: mark("quality control"),
    "edit": mark("edit"),
}
#: Why a figure has no value, where nothing of it is missing.
_WHY = {
    "apportioned": mark(
        "The gross total is not defined across a shared reach; the net is."
    ),
    "no such territory then": mark("There was no such territory then."),
    "the territory holds no account inside the boundary": mark(
        "The territory holds no account inside the boundary."
    ),
    "not modelled": mark("Nothing says what is stored in some of its accounts."),
    "undefined": mark("It is not defined: it would be divided by nothing."),
}
_CURVES = {
    "rating": mark("rating"),
    "storage": mark("storage"),
    "area": mark("area"),
}
_KINDS = {
    "flow": mark("flow"),
    "stock": mark("stock"),
    "capacity": mark("capacity"),
    "input": mark("input"),
    "series": mark("series"),
    "report": mark("report"),
    "rule": mark("rule"),
    "none": mark("nothing"),
    "rating": mark("rating"),
}


def content(
    document: Document,
    state: State,
    lang: Language,
    *,
    series_page: bool,
    called: Mapping[str, str] = MappingProxyType({}),
) -> list[Any]:
    """Make the drawer of one cell and period; ``called`` are names of accounts."""
    (period,) = document["periods"]
    parts: list[Any] = [_figure(document, period, lang)]
    if said := overtaken.words(document, document["stale"], lang):
        parts.append(html.P(said, className="stale"))
    if period["formula"]:
        parts.append(html.P(html.Code(period["formula"])))
        parts.append(_cells(period, lang))
    parts.append(_items(period, called, lang))
    if period.get("sources"):
        parts.append(_sources(period, lang))
        parts.append(html.H3(lang.gettext("Behind the sources")))
        parts += [
            _source(one, period, state, lang, series_page=series_page)
            for one in period["sources"]
        ]
    parts.append(
        html.P(html.Code(_command(document, period, state)), className="command")
    )
    return parts


def _figure(document: Document, period: Document, lang: Language) -> html.Div:
    quantity = period["quantity"]
    known = quantity["value"] if quantity["value"] is not None else quantity["known"]
    at_least = "≥ " if quantity["value"] is None and known else ""
    lines: list[Any] = [
        html.P(
            [
                html.Span(
                    at_least + _amount(known, quantity, lang), className="number"
                ),
                html.Span(_unit(quantity, lang), className="unit"),
                html.Span(
                    f"± {_amount(_double(quantity['u']), quantity, lang)} (95 %)",
                    className="hint",
                ),
                badge(quantity["status"], lang),
            ],
            className="explained-figure",
        ),
        html.P(
            [
                html.Code(f"{document['cell']} {document['territory']}"),
                f" {_span(period, lang)} · ",
                lang.gettext("Coverage"),
                f" {fmt.percent(quantity['coverage'], lang)}",
            ],
            className="hint",
        ),
    ]
    if quantity["why"]:
        why = lang.gettext(_WHY.get(quantity["why"], quantity["why"]))
        lines.append(html.P(why, className="hint"))
    if quantity["missing"]:
        lines.append(codes(fmt.gap(quantity, lang), quantity["missing"]))
    return html.Div(lines)


def _double(u: float | None) -> float | None:
    return None if u is None else fmt.EXPANSION * u


def _unit(quantity: Document, lang: Language) -> str:
    code = quantity["unit"]
    return fmt.UNIT if code == "m3" else lang.unit(str(code or ""))


def _amount(value: float | None, quantity: Document, lang: Language) -> str:
    if value is None:
        return fmt.DASH
    return fmt.figure(value / HM3 if quantity["unit"] == "m3" else value, lang)


def _day(stamp: str) -> str:
    return stamp[:10]


def _span(period: Document, lang: Language) -> str:
    """Write the first and the last day of a period; one day alone is written once."""
    first, end = (date.fromisoformat(_day(period[one])) for one in ("start", "end"))
    last = max(first, end - timedelta(days=1))
    return " – ".join(dict.fromkeys((lang.day(first), lang.day(last))))


def _shares(period: Document, lang: Language) -> tuple[Column, ...]:
    say, quantity = lang.gettext, period["quantity"]
    scale = HM3 if quantity["unit"] == "m3" else 1.0
    return (
        Column("value", say("Value"), _unit(quantity, lang), "number", scale),
        Column("share", say("Share of value"), kind="share"),
        Column("variance_share", say("Share of variance"), kind="share"),
    )


def _cells(period: Document, lang: Language) -> html.Div:
    say = lang.gettext
    columns = (
        Column("of", say("Cell"), kind="code"),
        Column("slope", say("Slope"), kind="number"),
        Column("value", say("Value"), kind="number"),
        Column("unit", say("Unit")),
    )
    # each is a way further down, by the key `cell`
    rows = [
        {**one, "of": one["cell"], "unit": lang.unit(str(one["unit"] or ""))}
        for one in period["cells"]
    ]
    return table(Sheet(say("Formula"), columns, rows), lang)


def _items(period: Document, called: Mapping[str, str], lang: Language) -> html.Div:
    say = lang.gettext
    rows: list[dict[str, Any]] = [
        {
            **item,
            "ends": " → ".join(
                called.get(item[end], item[end])
                for end in ("from", "to")
                if item.get(end)
            ),
            "kind": say(_KINDS.get(item["kind"], item["kind"])),
        }
        for item in period["items"]
    ]
    rows += _rest(period.get("other_items"), lang)
    columns = (
        Column("code", say("What"), kind="code"),
        Column("ends", say("From, to")),
        *_shares(period, lang),
        Column("status", say("Status"), kind="status"),
    )
    title = say("Flows and stocks it is a sum of")
    return html.Div([html.H3(title), table(Sheet(title, columns, rows), lang)])


def _sources(period: Document, lang: Language) -> html.Div:
    say = lang.gettext
    rows: list[dict[str, Any]] = [
        {**one, "kind": say(_KINDS.get(one["kind"], one["kind"]))}
        for one in period["sources"]
    ]
    rows += _rest(period.get("other_sources"), lang)
    columns = (
        Column("source", say("Source"), kind="code"),
        Column("kind", say("Kind")),
        *_shares(period, lang),
        Column("status", say("Status"), kind="status"),
    )
    title = say("Sources behind them")
    return html.Div([html.H3(title), table(Sheet(title, columns, rows), lang)])


def _rest(rest: Document | None, lang: Language) -> list[dict[str, Any]]:
    if not rest or not rest["count"]:
        return []
    words = lang.ngettext("{count} other", "{count} others", rest["count"]).format(
        count=lang.number(rest["count"])
    )
    return [{**rest, "code": words, "source": words, "total": True}]


def _source(
    source: Document,
    period: Document,
    state: State,
    lang: Language,
    *,
    series_page: bool,
) -> html.Details:
    say = lang.gettext
    lines: list[Any] = []
    if source["way"] or source["measured_by"]:
        text = str(source["way"] or source["measured_by"])
        said = known_by.way(text, lang)
        told = [] if said == text else [f" ({said})"]
        lines.append([say("Measured by"), " ", html.Code(text), *told])
    for gap in source["gaps"] or ():
        words = say("Gap filled by {method}: {volume} hm³").format(
            method=say(known_by.METHODS.get(gap["method"], gap["method"])),
            volume=fmt.hm3(gap["volume"], lang),
        )
        lines.append([html.Code(gap["series"]), " ", words])
    for report in source["reports"] or ():
        words = say("{item}: {value} {unit}, revision {revision}").format(
            item=known_by.item(report["item"], lang),
            value=fmt.figure(report["value"], lang),
            unit=lang.unit(str(report["unit"])),
            revision=report["revision"],
        )
        lines.append([html.Code(report["enterprise"]), " ", words])
    for one in source["series"] or ():
        role = say(known_by.ROLES.get(one["role"], one["role"]))
        lines.append(_link(one["code"], role, state, series_page))
        lines += _evidence(period.get("series", {}).get(one["code"]), lang)
    items = html.Ul([html.Li(line) for line in lines], className="evidence")
    summary = html.Summary(html.Code(source["source"]))
    return html.Details([summary, items], className="explained-source")


def _link(code: str, role: str, state: State, series_page: bool) -> list[Any]:
    shown: Any = html.Code(code)
    if series_page:
        address = state.with_more("series", code).query()
        shown = dcc.Link(shown, href=f"/series{address}")
    return [shown, f" ({role})"]


def _evidence(told: Document | None, lang: Language) -> list[Any]:
    """List readings, loads, chunks, curves and verdicts of a series, a line each."""
    if not told:
        return []
    say = lang.gettext
    lines: list[Any] = []
    readings = told.get("readings")
    if readings:
        flags = ", ".join(
            f"{lang.gettext(FLAGS.get(flag, flag))} {lang.number(count)}"
            for flag, count in readings["flags"].items()
        )
        words = say("{count} readings, {versions} with those replaced").format(
            count=lang.number(readings["count"]),
            versions=lang.number(readings["versions"]),
        )
        lines.append([words, f" · {flags}" if flags else ""])
    for load in told.get("loads", ()):
        words = say("Load {load} of {source}, recorded {time}").format(
            load=load["load"],
            source=say(_LOADS.get(load["source"], load["source"])),
            time=moment(load["recorded_from"], lang),
        )
        lines.append([words, *_hash(load["file_sha256"])])
    if chunks := told.get("chunks"):
        words = lang.ngettext("{count} chunk", "{count} chunks", len(chunks)).format(
            count=lang.number(len(chunks))
        )
        items = html.Ul([html.Li(_chunk(one, lang)) for one in chunks])
        lines.append(html.Details([html.Summary(words), items]))
    for curve in told.get("curves", ()):
        words = say("Curve {kind}, {points} points, from {time}").format(
            kind=say(_CURVES.get(curve["kind"], curve["kind"])),
            points=lang.number(_count(curve["points"])),
            time=_when(curve["valid_from"], lang),
        )
        lines.append([words, *_hash(curve["sha256"])])
    for verdict in told.get("verdicts", ()):
        words = say("{by} decided {flag}: {reason}").format(
            by=verdict["by"],
            flag=say(FLAGS.get(verdict["flag"], verdict["flag"] or fmt.DASH)),
            reason=verdict["reason"],
        )
        lines.append(words)
    return lines


def _count(points: Any) -> int:
    return points if isinstance(points, int) else len(points)


def _when(stamp: str | None, lang: Language) -> str:
    return moment(stamp, lang) if stamp else "…"


def _chunk(chunk: Document, lang: Language) -> list[Any]:
    first, last = (
        lang.day(datetime.fromisoformat(chunk[end]))
        for end in ("first_time", "last_time")
    )
    words = lang.gettext("Chunk of {count} readings, {first} to {last}").format(
        count=lang.number(chunk["count"]), first=first, last=last
    )
    return [words, *_hash(chunk["sha256"])]


def _hash(sha256: str | None) -> Sequence[Any]:
    return (" ", html.Code(sha256[:_HASH], title=sha256)) if sha256 else ()


def _command(document: Document, period: Document, state: State) -> str:
    """Write the command that says the same."""
    options = {
        "territory": document["territory"],
        "from": _day(period["start"]),
        "to": _day(period["end"]),
        "step": document["step"],
        "boundary": document["boundary"],
        "calendar": state.calendar,
        "as-of": state.basis.as_of if document["stale"] else state.as_of,
    }
    given = [f"--{name} {value}" for name, value in options.items() if value]
    return " ".join(["ewater explain", document["cell"], *given])
