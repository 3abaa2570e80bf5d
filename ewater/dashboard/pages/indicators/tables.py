"""All indicators of the period, groups of them over the years, and completeness."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.components import segments
from ewater.dashboard.exhibits import Column, Exhibit, Sheet, reasons
from ewater.dashboard.figures.years import Track, over_years
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.indicators import asked
from ewater.dashboard.words import year_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_HEIGHT = 420
_MEANS = mark("Coverage and status: the mean over the figures that are known.")
_GROUP = mark("Indicators shown")
GROUP_WORDS = {code: words for code, (words, *_) in asked.GROUPS.items()}


def _absent(cell: Mapping[str, Any]) -> bool:
    """Whether nothing is known of a cell, or no flow makes it."""
    of_nothing = cell["status"] == "unknown" and cell["value"] is not None
    return cell["known"] is None or of_nothing


def _status(cell: Mapping[str, Any]) -> str | None:
    return None if _absent(cell) else cell["status"]


def all_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Every row of the view, with its unit, or why it is unknown."""
    say = lang.gettext
    document = asked.document(reader, state)
    cells = document["periods"][0]["cells"]
    heading = ""
    rows = []
    for row in document["rows"]:
        if row["heading"]:
            heading = lang.pick(row["heading"])
        cell = cells[row["code"]]
        rows.append(
            {
                "group": heading,
                "line": lang.pick(row["label"]),
                "value": asked.scaled(cell["value"], cell["unit"]),
                "expanded": asked.expanded(cell),
                "unit": lang.unit(asked.shown_unit(cell["unit"])[0]),
                "coverage": cell["coverage"],
                "status": _status(cell),
                "why": asked.why(cell, lang),
                "code": row["code"],
                "cell": f"{asked.VIEW}.{row['code']}",
            }
        )
    columns = (
        Column("line", say("Indicator")),
        Column("group", say("Group"), kind="aside"),
        Column("value", say("Value"), kind="number"),
        Column("expanded", fmt.UNCERTAINTY, kind="number"),
        Column("unit", say("Unit")),
        Column("coverage", say("Coverage"), kind="share", digits=0),
        Column("status", say("Status"), kind="status"),
        Column("why", say("Why not"), kind="aside"),
        Column("code", say("Code"), kind="code", where="file"),
    )
    return Sheet(
        lang.pick(document["title"]),
        columns,
        rows,
        notes=[
            document["source"],
            say("Nothing is cut at 100 %. Resources are of the period, or long-term."),
            say(_MEANS),
        ],
        facts=asked.worth(cells[row["code"]] for row in document["rows"]),
    )


def _labels(reader: CachedReader, state: State, lang: Language) -> dict[str, str]:
    rows = asked.document(reader, state)["rows"]
    return {row["code"]: lang.pick(row["label"]) for row in rows}


def _over_years(
    reader: CachedReader,
    state: State,
    lang: Language,
    codes: Sequence[str],
    title: str,
) -> Sheet:
    """Read some indicators of one unit in every year."""
    say = lang.gettext
    years = asked.every_year(reader, state)
    labels = _labels(reader, state, lang)
    unit = asked.shown_unit(years[0][1][codes[0]]["unit"])[0] if years else ""
    unit = lang.unit(unit)
    rows = []
    for year, cells in years:
        row: dict[str, Any] = {"year": year_words(year, state.first_month)}
        for code in codes:
            row[code] = asked.scaled(cells[code]["value"], cells[code]["unit"])
            row[f"{code}_u"] = asked.expanded(cells[code])
            row[f"{code}_coverage"] = cells[code]["coverage"]
            row[f"{code}_status"] = _status(cells[code])
        reasons = filter(None, (asked.why(cells[code], lang) for code in codes))
        row["why"] = "; ".join(sorted(set(reasons))) or None
        rows.append(row)
    columns = [Column("year", say("Year"))]
    for code in codes:
        columns.append(Column(code, labels[code], unit, "number"))
        columns.append(
            Column(f"{code}_u", f"{labels[code]}, ± U", unit, "number", where="file")
        )
        coverage, status = f"{labels[code]}: {say('Coverage')}", say("Status")
        columns += [
            Column(f"{code}_coverage", coverage, kind="share", where="file"),
            Column(
                f"{code}_status",
                f"{labels[code]}: {status}",
                kind="status",
                where="file",
            ),
        ]
    columns.append(Column("why", say("Why not"), kind="aside"))
    worth = asked.worth(cells[code] for _, cells in years for code in codes)
    known = any(row[code] is not None for row in rows for code in codes)
    told = sorted({str(row["why"]) for row in rows if row["why"]})
    return Sheet(
        title,
        columns,
        rows if known else [],
        notes=[
            say("The band is ± U (95 %)."),
            say("A year without a value is a gap; the table says why."),
            say(_MEANS),
        ],
        empty="; ".join(told),
        facts=replace(worth, unit=unit),
        data=(unit, tuple(codes), labels),
    )


def _drawn(
    shown: Sheet, state: State, lang: Language, limits: Sequence[float] = ()
) -> dict[str, Any]:
    unit, codes, labels = shown.data
    tracks = [
        Track(
            name=labels[code],
            values=[row[code] for row in shown.rows],
            half=[row[f"{code}_u"] for row in shown.rows],
        )
        for code in codes
    ]
    return over_years(
        [row["year"] for row in shown.rows],
        tracks,
        unit,
        height=_HEIGHT,
        theme=state.theme,
        lang=lang,
        limits=limits,
    )


def years_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Read the group of indicators that is chosen, in every year."""
    words, codes, _ = asked.GROUPS[state.pick("indicator", asked.GROUPS)]
    return _over_years(reader, state, lang, codes, lang.gettext(words))


def years_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the group."""
    limits = asked.GROUPS[state.pick("indicator", asked.GROUPS)][2]
    return _drawn(shown, state, lang, limits)


def years_controls(state: State, lang: Language) -> list[Any]:
    """Choose the group."""
    chosen = state.pick("indicator", asked.GROUPS)
    return [segments("indicator", chosen, GROUP_WORDS, lang, _GROUP)]


def complete_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Shares of time observed and of volume known, in every year."""
    title = lang.gettext("Completeness over the years")
    return _over_years(reader, state, lang, asked.COMPLETENESS, title)


def complete_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw them."""
    return _drawn(shown, state, lang)


ALL = Exhibit(
    "all",
    mark("All indicators"),
    mark("Every figure with its uncertainty and unit, or why there is none."),
    "all",
    all_sheet,
)
YEARS = Exhibit(
    "years",
    mark("Indicators over the years"),
    mark("Dotted lines: where a class begins."),
    "years",
    years_sheet,
    years_chart,
    _HEIGHT,
    controls=years_controls,
    unexplained=reasons.LISTED,
)
COMPLETE = Exhibit(
    "complete",
    mark("Completeness over the years"),
    mark("Time observed of what is due; volume known of what is expected."),
    "complete",
    complete_sheet,
    complete_chart,
    _HEIGHT,
    unexplained=reasons.LISTED,
)
