"""Months, sectors, neighbours and published figures of the overview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import totals, view
from ewater.dashboard.exhibits import Cell, Column, Exhibit, Facts, Link, Sheet
from ewater.dashboard.figures.borders import HEIGHT as LEAST
from ewater.dashboard.figures.borders import borders
from ewater.dashboard.figures.monthly import days, monthly
from ewater.dashboard.figures.neighbours import neighbours
from ewater.dashboard.figures.parts import said
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import SECTORS, item_label, use_words
from ewater.dashboard.published import compare
from ewater.dashboard.questions.views import counterparts
from ewater.dashboard.state import YEAR
from ewater.dashboard.words import step_words
from ewater.terms import SECTORS as SECTOR_ORDER
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.answers import Period, Published, Quantity
    from ewater.dashboard.figures.neighbours import Row
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State


def months_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Account of each step of the year."""
    say = lang.gettext
    periods = view.steps(reader, state)["periods"]
    rows = [
        {
            "step": step_words(*days(period), lang),
            "inflow": period["inflow"],
            "outflow": period["outflow"],
            "use": totals.use(period, state.sector),
            "storage": period["storage_change"],
            "residual": period["residual"],
            "covered": totals.coverage(period),
            "cell": Cell(
                "balance.residual", start=period["start"][:10], end=period["end"][:10]
            ),
        }
        for period in periods
    ]
    columns = (
        Column("step", say("Period")),
        Column("inflow", say("Inflow"), kind="quantity"),
        Column("outflow", say("Outflow"), kind="quantity"),
        Column("use", use_words(state.sector, lang), kind="quantity"),
        Column("storage", say("Storage change"), kind="signed"),
        Column("residual", say("Residual"), kind="signed"),
        Column("covered", say("Coverage"), kind="covered"),
    )
    return Sheet(say("Step by step"), columns, rows, data=periods)


def months_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the steps of the year, those of the period apart."""
    return monthly(
        shown.data,
        (state.start, state.end),
        sector=state.sector,
        theme=state.theme,
        lang=lang,
    )


def sectors_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Use of each sector, with the total and the change on the year before."""
    shown = view.load(reader, state)
    return sector_table(shown.period, shown.before, lang)


def sector_table(period: Period, before: Period | None, lang: Language) -> Sheet:
    """Use of each sector; a share is given only where the whole is known."""
    say = lang.gettext
    whole = totals.use(period)
    earlier = before["sectors"] if before else {}
    rows: list[dict[str, Any]] = []
    for code in SECTOR_ORDER:
        if code not in period["sectors"]:
            continue
        sector, then = period["sectors"][code], earlier.get(code)
        rows.append(
            {
                "sector": say(SECTORS[code]),
                "use": sector["use"],
                "share": share(sector["use"], whole),
                "gross_use": sector["gross_use"],
                "consumption": sector["consumption"],
                "before": then["use"] if then else None,
                "change": fmt.change(
                    sector["use"], then["use"] if then else None, lang
                ),
                "mark": f"sector fill-{code}",
                "cell": f"balance.sectors.{code}.use",
            }
        )
    if rows:
        total = totals.use(before) if before else None
        rows.append(
            {
                "sector": say("All sectors"),
                "use": whole,
                "share": 1.0 if whole["value"] else None,
                "before": total,
                "change": fmt.change(whole, total, lang),
                "total": True,
                "cell": "balance.use",
            }
        )
    columns = (
        Column("sector", say("Sector")),
        Column("use", say("Use"), kind="quantity"),
        Column("share", say("Share"), kind="share"),
        Column("gross_use", say("Gross use"), kind="quantity"),
        Column("consumption", say("Consumption"), kind="quantity"),
        Column("before", say("Use a year before"), kind="quantity", where="file"),
        Column("change", say("Change"), kind="written", where="page"),
        Column("use", say("Coverage"), kind="covered"),
        Column("use", say("Status"), kind="known"),
    )
    return Sheet(
        say("Use by sector"),
        columns,
        rows,
        empty=say("No sector uses water inside this boundary."),
    )


def share(part: Quantity, whole: Quantity) -> float | None:
    """Give a part of a whole; unknown as soon as either is."""
    if part["value"] is None or not whole["value"]:
        return None
    return part["value"] / whole["value"]


def neighbours_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """List what each neighbour gives and receives, the largest first."""
    say = lang.gettext
    period = view.load(reader, state).period
    crossing = [
        (
            code,
            (lang.pick(e["names"]) if "names" in e else "") or lang.country(code),
            e["inflow"],
            e["outflow"],
        )
        for code, e in period["neighbours"].items()
        if any(q["known"] or q["missing"] for q in (e["inflow"], e["outflow"]))
    ]
    crossing.sort(key=lambda row: -(row[2]["known"] or 0.0))
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "inflow": inflow,
            "outflow": outflow,
            "cell": f"balance.neighbours.{code}.inflow",
        }
        for code, name, inflow, outflow in crossing
    ]
    again = period["re_entering"]
    re_entering: Row | None = None
    if again["known"] or again["missing"]:
        name = say("Leaves and comes back")
        re_entering = name, again
        rows.append({"name": name, "inflow": again, "outflow": again, "total": True})
    columns = (
        Column("name", say("Neighbour")),
        Column("inflow", say("Inflow"), kind="quantity"),
        Column("outflow", say("Outflow"), kind="quantity"),
    )
    return Sheet(
        say("Exchange with neighbours"),
        columns,
        rows,
        calm=say("This territory exchanges no water with a neighbour."),
        data=([row[1:] for row in crossing], re_entering),
    )


def neighbours_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw what crosses each border, both ways."""
    crossing, re_entering = shown.data
    return neighbours(
        [(name, inflow) for name, inflow, _ in crossing],
        [(name, outflow) for name, _, outflow in crossing],
        re_entering,
        theme=state.theme,
        lang=lang,
    )


def published_sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Our figures beside those that others published for the whole year."""
    items = reader.published(state.territory, state.year)
    year = state.with_changes(period=YEAR)
    names = tuple(sorted({item["item"] for item in items}))
    ours = {}
    if names:
        ours = reader.ask(
            counterparts, names, year.territory, year.start, year.end, year.basis
        )
    return published_table(items, ours, lang, year)


def published_table(
    items: Sequence[Published],
    counted: Mapping[str, Any],
    lang: Language,
    year: State | None = None,
) -> Sheet:
    """Our figure beside what others published for the same year.

    ``counted`` is what `questions.views.counterparts` answers; ``year`` the view that
    a difference is followed from, line by line.
    """
    say = lang.gettext
    rows: list[dict[str, Any]] = []
    drawn: list[dict[str, Any]] = []
    for item in items:
        cell = counted.get(item["item"])
        ours, theirs, unit = compare(item, cell)
        rows.append(
            {
                "item": item_label(item["item"], lang),
                "meant": lang.pick(cell["label"]) if cell else None,
                "ours": ours,
                "theirs": theirs,
                "unit": unit,
                "difference": None if ours is None or not theirs else ours / theirs - 1,
                "why": _why(item, ours, theirs, cell, lang, year),
                "source": item["source"],
                "note": item["note"],
                "cell": cell["cell"] if cell else None,
            }
        )
        if cell and ours is not None and unit == fmt.UNIT:
            written = fmt.stated(item["value"], item["unit"], lang)
            drawn.append(
                {
                    "name": item_label(item["item"], lang),
                    "kind": "",
                    "ours": cell,
                    "stated": theirs * HM3,
                    "written": written,
                    "source": item["source"],
                }
            )
    columns = (
        Column("item", say("Item")),
        Column("meant", say("Our counterpart"), kind="aside"),
        Column("ours", say("This account"), kind="number", digits=1),
        Column("theirs", say("Published"), kind="number", digits=1),
        Column("unit", say("Unit")),
        Column("difference", say("Difference"), kind="change"),
        Column("why", say("Why it differs")),
        Column("source", say("Source"), kind="aside"),
        Column("note", say("Note"), kind="aside"),
    )
    return Sheet(
        say("Compared with published figures"),
        columns,
        rows,
        notes=[
            say(
                "The page of indicators leads from our figure to the published one, "
                "line by line; what no definition explains has a line of its own."
            )
        ],
        calm=say("Nobody published figures for this territory and year."),
        facts=_of_drawn(drawn, rows),
        data=drawn,
    )


def _of_drawn(
    drawn: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> Facts:
    """Say how ours of the chart are known; without one the units are of the rows."""
    if not drawn:
        return Facts(unit=", ".join(sorted({row["unit"] for row in rows})))
    whole = totals.add([one["ours"] for one in drawn])
    return Facts(
        unit=fmt.UNIT,
        uncertainty=fmt.UNCERTAINTY,
        coverage=whole["coverage"],
        statuses=whole["status_shares"],
    )


def _why(
    item: Published,
    ours: float | None,
    theirs: float,
    cell: Mapping[str, Any] | None,
    lang: Language,
    year: State | None,
) -> str | None:
    """Say that the difference is within our uncertainty, or lead to its lines."""
    if cell is None or ours is None:
        return None
    u, value = cell["u"], cell["value"]
    scaled = None if u is None or not value else fmt.EXPANSION * u * abs(ours / value)
    if scaled is not None and abs(ours - theirs) <= scaled:
        return lang.gettext("Within our ± U")
    words = lang.gettext("Line by line")
    if year is None:
        return None
    bridge = year.with_more("bridge", f"published:{item['item']}")
    return Link(words, f"/indicators{bridge.query()}")


def published_chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw ours as bars and what was published as lines across them."""
    if not shown.data:
        words = lang.gettext("No published volume has a counterpart; see the table.")
        return said(words, theme=state.theme, lang=lang, height=LEAST)
    name = lang.gettext("Published")
    return borders(shown.data, theme=state.theme, lang=lang, name=name)


MONTHS = Exhibit(
    "monthly",
    mark("Step by step"),
    mark("Hatched or shaded: data are missing. Whiskers show 95 %."),
    "monthly",
    months_sheet,
    months_chart,
    468,
)
SECTORS_USE = Exhibit(
    "sectors",
    mark("Use by sector"),
    mark("Use is what was abstracted or received, less losses on the way."),
    "sectors",
    sectors_sheet,
)
NEIGHBOURS = Exhibit(
    "neighbours",
    mark("Exchange with neighbours"),
    mark("Water that leaves and comes back is shown apart."),
    "neighbours",
    neighbours_sheet,
    neighbours_chart,
    330,
)
PUBLISHED = Exhibit(
    "published",
    mark("Compared with published figures"),
    mark("Definitions differ between sources; a difference is not an error."),
    "published",
    published_sheet,
    published_chart,
    LEAST,
)
