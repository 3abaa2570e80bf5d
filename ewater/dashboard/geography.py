"""Where territories lie: the selector, the way down the map and back up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry.polygon import orient

from ewater.dashboard.labels import TERRITORY_KINDS
from ewater.errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas.geodataframe import GeoDataFrame

    from ewater.dashboard.i18n import Language

_OVERLAP = 0.05  # share of a district's area that places it in a basin
_DETAIL = 600  # of the extent: finer than this is not seen on a page
_PLANE = "EPSG:6933"  # equal area, so that overlaps compare


class Geography:
    """Territories of a country, answered by code."""

    def __init__(self, territories: GeoDataFrame) -> None:
        self.frame = territories
        columns = [c for c in territories.columns if c.startswith("name_")]
        self._names = territories[columns].to_dict("index")
        self._plane = territories.geometry.make_valid().to_crs(_PLANE)

    def kind(self, code: str) -> str:
        """Kind of a territory.

        Raises
        ------
        ForbiddenError
            There is none of this code, or not for this viewer.
        """
        if code not in self._names:
            raise ForbiddenError(f"no territory {code!r} for you")
        return str(self.frame.at[code, "kind"])

    def name(self, code: str, lang: Language) -> str:
        """Name of a territory, or its code if it has none."""
        return lang.pick(self._names[code], "name_") or code

    def of_kind(self, kind: str) -> list[str]:
        """Codes of a kind, in the order they were loaded."""
        return [str(c) for c in self.frame.index[self.frame["kind"] == kind]]

    def codes(self) -> list[str]:
        """All codes, the country first."""
        country = self.of_kind("country")
        return [*country, *(str(c) for c in self.frame.index if c not in set(country))]

    def _overlaps(self, kind: str, code: str) -> dict[str, float]:
        """Share of ``code``'s area inside each territory of a kind."""
        others = self._plane[self.frame["kind"] == kind]
        own = self._plane.at[code]
        if not own or not own.area:
            return {}
        shares = others.intersection(own).area / own.area
        return {str(c): float(s) for c, s in shares.items() if s > 0}

    def basin_of(self, district: str) -> str | None:
        """Basin that holds most of a district."""
        parent = self.frame.at[district, "parent"]
        if isinstance(parent, str) and parent in self.of_kind("basin"):
            return parent
        shares = self._overlaps("basin", district)
        return max(shares, key=shares.__getitem__) if shares else None

    def districts_of(self, basin: str) -> list[str]:
        """Districts that lie in a basin by more than a sliver."""
        districts = self.of_kind("district")
        own = self._plane.at[basin]
        plane = self._plane.loc[districts]
        shares = plane.intersection(own).area / plane.area
        named = self.frame.loc[districts, "parent"] == basin
        return [c for c in districts if shares[c] > _OVERLAP or named[c]]

    def shown(self, code: str, level: str) -> list[str]:
        """Territories to draw when ``code`` is selected."""
        kind = self.kind(code)
        if kind == "system":
            return self.of_kind("system")
        basin = code if kind == "basin" else None
        if kind == "district":
            basin = self.basin_of(code)
        if basin is not None and (districts := self.districts_of(basin)):
            return districts
        return self.of_kind(level) or self.of_kind("country") or [code]

    def drawable(self, codes: Sequence[str]) -> list[str]:
        """Those of some territories that have an outline."""
        shapes = self.frame.geometry.loc[list(codes)]
        return [str(c) for c in shapes.index[shapes.notna() & ~shapes.is_empty]]

    def path(self, code: str) -> list[str]:
        """List the way from the country to a territory, both included."""
        kind = self.kind(code)
        steps: list[str | None] = [*self.of_kind("country")[:1]]
        if kind == "district":
            steps.append(self.basin_of(code))
        if kind != "country":
            steps.append(code)
        return [step for step in steps if step]

    def options(self, lang: Language) -> list[dict[str, Any]]:
        """Group the options of the selector, by name within a group."""
        groups = []
        for kind, label in TERRITORY_KINDS.items():
            items = [
                {"value": code, "label": self.name(code, lang)}
                for code in self.of_kind(kind)
            ]
            if items:
                items.sort(key=lambda item: item["label"].casefold())
                groups.append({"group": lang.gettext(label), "items": items})
        return groups

    def geojson(self, codes: Sequence[str]) -> dict[str, Any]:
        """Outlines as GeoJSON, simplified together so that borders still meet.

        Rings run clockwise: Plotly's maps take the other side of a ring that
        runs the other way, which would fill the globe.
        """
        shapes = self.frame.geometry.loc[list(codes)]
        west, south, east, north = shapes.total_bounds
        tolerance = max(east - west, north - south) / _DETAIL
        simple = shapely.coverage_simplify(shapes.to_numpy(), tolerance)
        return {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": code,
                    "properties": {},
                    "geometry": shapely.geometry.mapping(_clockwise(shape)),
                }
                for code, shape in zip(codes, simple, strict=True)
            ],
        }

    def label_points(self, codes: Sequence[str]) -> dict[str, tuple[float, float]]:
        """Point inside each territory's largest part, longitude and latitude."""
        points = {}
        for code in codes:
            largest = max(
                shapely.get_parts(self.frame.geometry.at[code]), key=shapely.area
            )
            point = shapely.maximum_inscribed_circle(largest).interpolate(0)
            points[code] = (float(point.x), float(point.y))
        return points

    def bounds(self, codes: Sequence[str]) -> tuple[float, float, float, float]:
        """West, south, east, north of some territories, degrees, with a margin."""
        west, south, east, north = self.frame.geometry.loc[list(codes)].total_bounds
        margin = 0.04 * max(east - west, north - south)
        aside = 2 * margin  # names near the sides are wider than high
        return west - aside, south - margin, east + aside, north + margin


def _clockwise(shape: Any) -> Any:
    parts = [orient(p, sign=-1.0) for p in shapely.get_parts(shape) if p.area]
    rounded = [shapely.set_precision(p, 1e-4, mode="pointwise") for p in parts]
    return shapely.MultiPolygon(rounded) if len(rounded) != 1 else rounded[0]
