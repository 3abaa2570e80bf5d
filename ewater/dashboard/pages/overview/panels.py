"""Fill the panels: each callback reads one state and draws one panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Input, Output, html

from ewater.dashboard import format as fmt
from ewater.dashboard import totals, view
from ewater.dashboard.components import choice
from ewater.dashboard.figures import flows as grouping
from ewater.dashboard.figures.basin_map import Area, Place, basin_map
from ewater.dashboard.figures.monthly import monthly
from ewater.dashboard.figures.neighbours import neighbours
from ewater.dashboard.figures.sankey import sankey
from ewater.dashboard.labels import SITE_KINDS, TERRITORY_KINDS
from ewater.dashboard.pages.overview import cards, tables
from ewater.dashboard.state import YEAR
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader, Period, Quantity

_SITES_FAR = ("reservoir",)
_SITES_NEAR = ("reservoir", "river_gauge")


def register(app: Dash, reader: CachedReader) -> None:
    """Connect all panels."""
    _register_figures(app, reader)
    _register_flows(app, reader)
    _register_map(app, reader)
    _register_months(app, reader)
    _register_neighbours(app, reader)


def _register_figures(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output("kpis", "children"),
        Output("sectors-table", "children"),
        Input("state", "data"),
    )
    def show_figures(data: Mapping[str, Any]) -> tuple[Any, ...]:
        state, lang = view.opened(data)
        shown = view.load(reader, state)
        return (
            cards.strip(shown, lang, state.theme),
            tables.sector_table(shown.period, shown.before, lang),
        )

    @app.callback(
        Output("published-table", "children"),
        Input("state", "data"),
    )
    def show_published(data: Mapping[str, Any]) -> Any:
        state, lang = view.opened(data)
        whole = state.with_changes(period=YEAR)
        items = reader.published(state.territory, state.year)
        if not items:
            return tables.empty(
                lang.gettext("Nobody published figures for this territory and year.")
            )
        period = view.load(reader, whole).period
        return tables.published_table(items, period, lang)


def _unknown_flows(links: list[grouping.Link], lang: Language) -> list[Any]:
    codes = sorted({code for link in links for code in link.missing})
    if not codes:
        return []
    words = lang.ngettext(
        "{count} flow without data is not drawn",
        "{count} flows without data are not drawn",
        len(codes),
    ).format(count=lang.number(len(codes)))
    items = html.Ul([html.Li(html.Code(code)) for code in codes])
    return [html.Details([html.Summary(words), items], className="missing")]


def _register_flows(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output("sankey", "figure"),
        Output("sankey-table", "children"),
        Output("sankey-missing", "children"),
        Input("state", "data"),
    )
    def show_flows(data: Mapping[str, Any]) -> tuple[Any, ...]:
        state, lang = view.opened(data)
        flows = reader.flows(
            state.territory, state.start, state.end, state.boundary, state.basis
        )
        links = grouping.links(flows, state.boundary)
        links += grouping.closing_links(view.load(reader, state).period)
        names = grouping.names_of(flows)
        return (
            sankey(links, names, theme=state.theme, lang=lang),
            tables.flow_table(links, names, lang),
            _unknown_flows(links, lang),
        )


def _measure(period: Period, measure: str) -> tuple[float | None, Quantity]:
    """Value to colour by, in display units, and the quantity behind it."""
    if measure == "residual":
        return period["residual"]["z"], period["residual"]
    if measure == "coverage":
        whole = totals.coverage(period)
        covered = whole["coverage"]
        return None if covered is None else 100 * covered, whole
    quantity = totals.use(period) if measure == "use" else period["inflow"]
    value = quantity["value"]
    return None if value is None else value / HM3, quantity


def _area_hover(name: str, period: Period | None, measure: str, lang: Language) -> str:
    if period is None:
        return "<br>".join([f"<b>{name}</b>", lang.gettext("no account")])
    value, quantity = _measure(period, measure)
    lines = [f"<b>{name}</b>"]
    if measure == "coverage":
        lines.append(fmt.percent(quantity["coverage"], lang))
    else:
        signed = measure == "residual"
        amount = fmt.amount(quantity, lang, signed=signed)
        unsure = fmt.expanded(quantity["u"], lang)
        lines.append(f"{amount} {fmt.UNIT}  {unsure} (95 %)")
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


def _register_map(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output({"type": "area-map", "name": "map"}, "figure"),
        Output("map-table", "children"),
        Output(choice("level"), "disabled"),
        Input("state", "data"),
    )
    def show_map(data: Mapping[str, Any]) -> tuple[Any, ...]:
        state, lang = view.opened(data)
        geography = view.geography(reader)
        is_country = geography.kind(state.territory) == "country"
        codes = geography.shown(state.territory, state.level)
        kind = geography.kind(codes[0])
        periods = reader.balances(
            kind, state.start, state.end, state.boundary, state.basis
        )
        drawn = geography.drawable(codes)
        labels = geography.label_points(drawn)
        areas = []
        for code in drawn:
            name, period = geography.name(code, lang), periods.get(code)
            areas.append(
                Area(
                    code=code,
                    name=name,
                    value=_measure(period, state.measure)[0] if period else None,
                    hover=_area_hover(name, period, state.measure, lang),
                    label_at=labels[code],
                )
            )
        bounds = geography.bounds(drawn or geography.codes())
        figure = basin_map(
            reader.derived("geojson", lambda *inner: geography.geojson(inner), *drawn),
            areas,
            selected=state.territory,
            measure=state.measure,
            unit={"residual": "z", "coverage": "%"}.get(state.measure, fmt.UNIT),
            bounds=bounds,
            places=_places(
                reader, bounds, _SITES_FAR if is_country else _SITES_NEAR, lang
            ),
            theme=state.theme,
            lang=lang,
        )
        rows = [
            (
                geography.name(code, lang),
                totals.use(period),
                period["inflow"],
                period["residual"],
                period["residual"]["z"],
            )
            for code in codes
            if (period := periods.get(code)) is not None
        ]
        head = lang.gettext(TERRITORY_KINDS[kind])
        return figure, tables.area_table(head, rows, lang), not is_country


def _register_months(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output("monthly", "figure"),
        Output("monthly-table", "children"),
        Input("state", "data"),
    )
    def show_months(data: Mapping[str, Any]) -> tuple[Any, ...]:
        state, lang = view.opened(data)
        periods = view.months(reader, state)["periods"]
        return (
            monthly(periods, state.months, theme=state.theme, lang=lang),
            tables.month_table(periods, lang),
        )


def _register_neighbours(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output("neighbours", "figure"),
        Output("neighbours-table", "children"),
        Input("state", "data"),
    )
    def show_neighbours(data: Mapping[str, Any]) -> tuple[Any, ...]:
        state, lang = view.opened(data)
        period = view.load(reader, state).period
        rows = [
            (
                (lang.pick(e["names"]) if "names" in e else "") or lang.country(code),
                e["inflow"],
                e["outflow"],
            )
            for code, e in period["neighbours"].items()
            if any(q["known"] or q["missing"] for q in (e["inflow"], e["outflow"]))
        ]
        rows.sort(key=lambda row: -(row[1]["known"] or 0.0))
        again = period["re_entering"]
        comes_back = again["known"] or again["missing"]
        re_entering = (
            (lang.gettext("Leaves and comes back"), again) if comes_back else None
        )
        figure = neighbours(
            [(name, inflow) for name, inflow, _ in rows],
            [(name, outflow) for name, _, outflow in rows],
            re_entering,
            theme=state.theme,
            lang=lang,
        )
        if not rows:
            words = lang.gettext("This territory exchanges no water with a neighbour.")
            return figure, tables.empty(words)
        return figure, tables.neighbour_table(rows, re_entering, lang)
