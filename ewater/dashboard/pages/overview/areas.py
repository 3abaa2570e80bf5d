"""The map of the overview: its areas are the way into a territory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard import totals, view
from ewater.dashboard.components import segments
from ewater.dashboard.exhibits import Cell, Column, Exhibit, Sheet
from ewater.dashboard.figures.basin_map import Area, Place, basin_map
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import (
    LEVELS,
    MEASURES,
    SITE_KINDS,
    TERRITORY_KINDS,
    use_words,
)
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.answers import Period, Quantity
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_SITES_FAR = ("reservoir",)
_SITES_NEAR = ("reservoir", "river_gauge")
_MEASURE_LABEL = mark("Measure on the map")
_LEVEL_LABEL = mark("Territories on the map")


def _measure(
    period: Period, measure: str, sector: str
) -> tuple[float | None, Quantity]:
    """Value to colour by, in display units, and the quantity behind it."""
    if measure == "residual":
        return period["residual"]["z"], period["residual"]
    if measure == "coverage":
        whole = totals.coverage(period)
        covered = whole["coverage"]
        return None if covered is None else 100 * covered, whole
    quantity = totals.use(period, sector) if measure == "use" else period["inflow"]
    value = quantity["value"]
    return None if value is None else value / HM3, quantity


def _hover(name: str, period: Period | None, state: State, lang: Language) -> str:
    if period is None:
        return "<br>".join([f"<b>{name}</b>", lang.gettext("no account")])
    measure = state.measure
    value, quantity = _measure(period, measure, state.sector)
    lines = [f"<b>{name}</b>"]
    if measure == "coverage":
        lines.append(fmt.percent(quantity["coverage"], lang))
    else:
        signed = measure == "residual"
        lines.append(fmt.told(quantity, lang, signed=signed))
        if signed and value is not None:
            lines.append(f"z = {lang.number(value, 2)}")
    if missing := fmt.gap(quantity, lang):
        lines.append(missing)
    return "<br>".join(lines)


def _places(
    reader: CachedReader,
    bounds: tuple[float, float, float, float],
    kinds: Sequence[str],
    lang: Language,
) -> list[Place]:
    sites = reader.sites()
    west, south, east, north = bounds
    near = sites[sites["kind"].isin(kinds)].cx[west:east, south:north]
    points = near.geometry.representative_point()
    return [
        Place(
            name=f"{lang.pick(row, 'name_') or code}"
            f"<br>{lang.gettext(SITE_KINDS[row['kind']])}",
            kind=row["kind"],
            lon=float(point.x),
            lat=float(point.y),
        )
        for (code, row), point in zip(
            near.to_dict("index").items(), points, strict=True
        )
    ]


def sheet(reader: CachedReader, state: State, lang: Language) -> Sheet:
    """Every measure of every territory drawn."""
    say = lang.gettext
    geography = view.geography(reader)
    is_country = geography.kind(state.territory) == "country"
    codes = geography.shown(state.territory, state.level)
    kind = geography.kind(codes[0])
    periods = reader.balances(kind, *state.question)
    rows = [
        {
            "name": geography.name(code, lang),
            "use": totals.use(period, state.sector),
            "inflow": period["inflow"],
            "residual": period["residual"],
            "z": period["residual"]["z"],
            "cell": Cell(totals.use_cell(state.sector), territory=code),
        }
        for code in codes
        if (period := periods.get(code)) is not None
    ]
    columns = (
        Column("name", say(TERRITORY_KINDS[kind])),
        Column("use", use_words(state.sector, lang), kind="quantity"),
        Column("inflow", say("Inflow"), kind="quantity"),
        Column("residual", say("Residual"), kind="signed"),
        Column("z", "z", kind="number", digits=2),
        Column("inflow", say("Coverage"), kind="covered"),
    )
    return Sheet(
        say("Territories"),
        columns,
        rows,
        empty=say("No territory of this kind has an account."),
        data=_drawn(reader, state, lang, codes, periods, is_country=is_country),
    )


def _drawn(
    reader: CachedReader,
    state: State,
    lang: Language,
    codes: Sequence[str],
    periods: dict[str, Period],
    *,
    is_country: bool,
) -> dict[str, Any]:
    geography = view.geography(reader)
    drawn = geography.drawable(codes)
    labels = geography.label_points(drawn)
    areas = []
    for code in drawn:
        name, period = geography.name(code, lang), periods.get(code)
        areas.append(
            Area(
                code=code,
                name=name,
                value=_measure(period, state.measure, state.sector)[0]
                if period
                else None,
                hover=_hover(name, period, state, lang),
                label_at=labels[code],
            )
        )
    bounds = geography.bounds(drawn or geography.codes())
    kinds = _SITES_FAR if is_country else _SITES_NEAR
    return {
        "geojson": reader.derived(
            "geojson", lambda *inner: geography.geojson(inner), *drawn
        ),
        "areas": areas,
        "bounds": bounds,
        "places": _places(reader, bounds, kinds, lang),
    }


def chart(shown: Sheet, state: State, lang: Language) -> dict[str, Any]:
    """Draw the territories in the colours of one measure."""
    return basin_map(
        shown.data["geojson"],
        shown.data["areas"],
        selected=state.territory,
        measure=state.measure,
        unit={"residual": "z", "coverage": "%"}.get(state.measure, fmt.UNIT),
        bounds=shown.data["bounds"],
        places=shown.data["places"],
        theme=state.theme,
        lang=lang,
    )


def controls(state: State, lang: Language) -> list[Any]:
    """Choose the measure, and how the country is divided."""
    return [
        segments("measure", state.measure, MEASURES, lang, _MEASURE_LABEL),
        segments("level", state.level, LEVELS, lang, _LEVEL_LABEL),
    ]


MAP = Exhibit(
    "map",
    mark("Territories"),
    mark("Click a territory to go into it; the path above the title leads back."),
    "map",
    sheet,
    chart,
    420,
    controls=controls,
    goes_in=True,
)
