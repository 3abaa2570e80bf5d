"""The skeleton of the overview; its panels are filled by callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from ewater.dashboard.components import area_map, graph, panel, segments, twin
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import LEVELS, MEASURES

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State

MEASURE_LABEL = mark("Measure on the map")
LEVEL_LABEL = mark("Territories on the map")


def layout(state: State, lang: Language) -> html.Div:
    """Make the empty page."""
    say = lang.gettext
    return html.Div(
        [
            html.Div(id="kpis", className="kpis"),
            html.Div(
                [
                    panel(
                        "sankey",
                        say("From source to use"),
                        say(
                            "Volumes of the period in hm³. Passages inside one group "
                            "are not drawn."
                        ),
                        twin("sankey", graph("sankey", 470), lang),
                        html.Div(id="sankey-missing", className="below"),
                        area="sankey",
                    ),
                    _map_panel(state, lang),
                    panel(
                        "monthly",
                        say("Month by month"),
                        say("Hatched or shaded: data are missing. Whiskers show 95 %."),
                        twin("monthly", graph("monthly", 468), lang),
                        area="monthly",
                    ),
                    panel(
                        "sectors",
                        say("Use by sector"),
                        say(
                            "Use is what was abstracted or received, less losses on "
                            "the way."
                        ),
                        html.Div(id="sectors-table"),
                        area="sectors",
                    ),
                    panel(
                        "neighbours",
                        say("Exchange with neighbours"),
                        say("Water that leaves and comes back is shown apart."),
                        twin("neighbours", graph("neighbours", 330), lang),
                        area="neighbours",
                    ),
                    panel(
                        "published",
                        say("Compared with published figures"),
                        say(
                            "Definitions differ between sources; a difference is not "
                            "an error."
                        ),
                        html.Div(id="published-table"),
                        area="published",
                    ),
                ],
                className="panels overview",
            ),
        ]
    )


def _map_panel(state: State, lang: Language) -> html.Section:
    say = lang.gettext
    return panel(
        "map",
        say("Territories"),
        say("Click a territory to go into it; the path above the title leads back."),
        html.Div(
            [
                segments("measure", state.measure, MEASURES, lang, MEASURE_LABEL),
                segments("level", state.level, LEVELS, lang, LEVEL_LABEL),
            ],
            className="map-choices",
        ),
        html.Div(twin("map", area_map("map", 420), lang), id="map"),
        area="map",
    )
