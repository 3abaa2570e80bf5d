"""A bulletin as one HTML file that needs nothing else: text, tables, charts, script."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ewater import __version__
from ewater.dashboard import format as fmt
from ewater.dashboard import view
from ewater.dashboard.bulletin import plan
from ewater.dashboard.exhibits import facts as facts_of
from ewater.dashboard.exhibits import files
from ewater.dashboard.exhibits.table import is_unknown, plain
from ewater.dashboard.i18n import language, mark
from ewater.dashboard.labels import BOUNDARIES, BOUNDARY_MEANINGS, STATUSES
from ewater.dashboard.theme import css_variables
from ewater.dashboard.words import period_words
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Template

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.bulletin.plan import Place
    from ewater.dashboard.exhibits.sheet import Column, Sheet
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

WIDTH = 1044  # px of a page inside its margins (A4 across)
_HALF = (WIDTH - 24) // 2
_NARROWEST = 3  # columns of words that a table begins with, at most
_RUN_SHOWN = 12
#: Words that the template alone says.
WORDS = (mark("Water balance bulletin"), mark("About this bulletin"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One exhibit as a page of paper shows it."""

    title: str
    hint: str
    chart: str  # id of its figure, or nothing
    heads: Sequence[tuple[str, bool]]  # words, and whether numbers stand below
    rows: Sequence[tuple[str, Sequence[str]]]  # class of the row, its cells
    more: str
    empty: str
    facts: str


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader

    folder = Path(__file__).parent / "templates"
    return Environment(
        loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True
    ).get_template("bulletin.html")


@cache
def _plotly() -> str:
    """Read the script that draws, from the installed package."""
    import importlib.resources

    folder = importlib.resources.files("plotly") / "package_data"
    return (folder / "plotly.min.js").read_text("utf-8")


@cache
def _world() -> str:
    """Read the empty world on which maps are drawn; Plotly would fetch a full one."""
    path = Path(__file__).parents[1] / "assets" / "topojson" / "world_110m.json"
    return path.read_text("utf-8")


def document(reader: CachedReader, state: State, pages: int) -> str:
    """Write the bulletin of a view in the language of its state.

    Raises
    ------
    UsageError
        There is no bulletin of so many pages.
    """
    if pages not in plan.PAGES:
        known = " or ".join(map(str, plan.PAGES))
        raise UsageError(f"a bulletin has {known} pages, not {pages}")
    state = state.with_changes(theme="light")
    lang = language(state.lang)
    charts: dict[str, Any] = {}
    summary = [
        _block(place, reader, state, lang, charts, _HALF) for place in plan.SUMMARY
    ]
    chapters = [
        [_block(place, reader, state, lang, charts, WIDTH) for place in places]
        for places in (plan.CHAPTERS if pages > 1 else ())
    ]
    balance = view.load(reader, state).balance
    say = lang.gettext
    return _template().render(
        lang=lang.code,
        say=say,
        variables=css_variables(),
        title=view.geography(reader).name(state.territory, lang),
        period=period_words(state, lang),
        boundary=say(BOUNDARIES[state.boundary]),
        notices=files.notes(reader, state, lang),
        figures=_figures(reader, state, lang),
        summary=summary,
        chapters=chapters,
        meanings=[
            (say(BOUNDARIES[state.boundary]), say(BOUNDARY_MEANINGS[state.boundary])),
            *((say(words), say(told)) for words, told in files.MEANINGS.items()),
        ],
        about=files.about(
            reader, state, lang, [plan.YEARS.made(reader, state, lang)], told=True
        ),
        as_of=facts_of.moment(balance["as_of"], lang),
        run=balance["run"][:_RUN_SHOWN],
        ewater=__version__,
        count=pages,
        charts=_script_safe(charts),
        plotted=_script_safe(lang.plotted),
        plotly=_plotly(),
        world=_world(),
    )


def _script_safe(charts: dict[str, Any]) -> str:
    """Write figures as JSON that no text in them can break out of."""
    written = json.dumps(charts, ensure_ascii=False, allow_nan=False, default=_listed)
    for character, instead in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        written = written.replace(character, instead)
    return written


def _listed(value: Any) -> Any:
    """Arrays of NumPy as lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(type(value))


def _figures(
    reader: CachedReader, state: State, lang: Language
) -> list[dict[str, str]]:
    """Key figures for the strip of the first page."""
    from ewater.dashboard.pages.overview.cards import CARDS

    shown = view.load(reader, state)
    since = lang.gettext("against {year}").format(year=state.year - 1)
    strip = []
    for card in CARDS:
        now = card.quantity(shown.period)
        before = card.quantity(shown.before) if shown.before else None
        change = fmt.change(now, before, lang, signed=card.signed)
        verdict = ""
        if card.name == "residual" and (z := shown.period["residual"]["z"]) is not None:
            verdict = f"z = {lang.number(z, 2)}"
        strip.append(
            {
                "name": card.name,
                "title": lang.gettext(card.title),
                "value": (amount := fmt.amount(now, lang, signed=card.signed)),
                "unit": "" if amount == fmt.DASH else fmt.UNIT,
                "unsure": fmt.unsure(now, lang, signed=card.signed),
                "change": "" if change == fmt.DASH else f"{change} {since}",
                "covered": fmt.percent(now["coverage"], lang),
                "status": _status(now, lang, known=amount != fmt.DASH),
                "verdict": verdict,
            }
        )
    return strip


def _status(quantity: Quantity, lang: Language, *, known: bool) -> str:
    """Say how a key figure is known; of one that is not its parts say nothing."""
    status = quantity["status"] if known else "unknown"
    return lang.gettext(STATUSES.get(status, status))


def _block(
    place: Place,
    reader: CachedReader,
    state: State,
    lang: Language,
    charts: dict[str, Any],
    width: int,
) -> Block:
    exhibit = place.exhibit
    sheet = exhibit.made(reader, state, lang)
    chart = ""
    if place.chart and sheet.rows:
        figure = exhibit.drawn(sheet, state, lang)
        if figure is not None:
            chart = f"chart-{len(charts)}"
            size = {"width": width, "height": place.chart, "autosize": False}
            charts[chart] = {**figure, "layout": {**figure["layout"], **size}}
    columns = _columns(sheet, narrow=width < WIDTH)
    rows = sheet.rows[: place.rows] if place.rows else []
    hidden = len(sheet.rows) - len(rows)
    more = ""
    if place.rows and hidden > 0:
        more = lang.ngettext(
            "{count} more row is in the download.",
            "{count} more rows are in the download.",
            hidden,
        ).format(count=lang.number(hidden))
    known = facts_of.complete(sheet, reader, state)
    return Block(
        title=lang.gettext(exhibit.title),
        hint=lang.gettext(exhibit.hint),
        chart=chart,
        heads=[(_head(c, lang), c.is_number) for c in columns] if rows else [],
        rows=[
            (
                "total" if row.get("total") else "",
                [written(column, row.get(column.key), lang) for column in columns],
            )
            for row in rows
        ],
        more=more,
        empty="" if sheet.rows else sheet.empty or lang.gettext("Insufficient data"),
        facts=" · ".join(facts_of.words(known, lang, stated=bool(sheet.rows))),
    )


def _columns(sheet: Sheet, *, narrow: bool) -> list[Column]:
    """Columns that fit: half a page has the name and what comes first."""
    columns = sheet.on("page")
    return columns[:_NARROWEST] if narrow else columns


def _head(column: Column, lang: Language) -> str:
    unit = "" if column.shown_unit == "%" else lang.unit(column.shown_unit)
    words = ", ".join(filter(None, (column.label, unit)))
    is_volume = column.kind in ("quantity", "signed")
    return f"{words} {fmt.UNCERTAINTY}" if is_volume else words


def written(column: Column, value: Any, lang: Language) -> str:
    """Write a value of a column as text alone; unknown is a dash."""
    if is_unknown(value):
        return fmt.DASH
    match column.kind:
        case "quantity" | "signed":
            signed = column.kind == "signed"
            amount = fmt.amount(value, lang, signed=signed)
            return f"{amount} {fmt.unsure(value, lang, signed=signed)}".rstrip()
        case "known":
            words = lang.gettext(STATUSES.get(value["status"], value["status"]))
            return ", ".join(filter(None, (words, fmt.gap(value, lang))))
        case "covered":
            return fmt.percent(value["coverage"], lang)
        case "status":
            return lang.gettext(STATUSES.get(value, value))
        case _:
            return plain(column, value, lang)
