"""Territories of the sample from the public-domain outlines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
from shapely.geometry import mapping

from tools.sample.names import BASINS, DISTRICTS

if TYPE_CHECKING:
    from pathlib import Path

#: District that lies in two basins, with the shares of its economy.
STRADDLING = "NE-69"
SHARES = {"KUR-KAR": 0.7, "KUR-MID": 0.3}
DIGITS = 4  # about 10 m


def write(source: Path, target: Path) -> dict[str, dict[str, Any]]:
    """Write territories.geojson; return the districts with names and a point inside."""
    from tools.sample.waters import BASINS as ABOUT

    country = gpd.read_file(source / "country.geojson")
    basins = gpd.read_file(source / "basins.geojson")
    districts = gpd.read_file(source / "districts.geojson")
    features = [
        _feature("AZ", "country", None, ("Azərbaycan", "Azerbaijan", "Азербайджан"),
                 country.union_all())
    ]  # fmt: skip
    for row in basins.sort_values("code").itertuples():
        names = (row.name_az, row.name_en, BASINS[row.code])
        features.append(_feature(row.code, "basin", "AZ", names, row.geometry))
    known = {}
    for row in districts.sort_values("code").itertuples():
        english, russian = DISTRICTS[row.name_az]
        azeri = row.name_az.replace("(city)", "(şəhər)")
        parent = "AZ" if row.code == STRADDLING else row.basin_code
        features.append(
            _feature(row.code, "district", parent, (azeri, english, russian),
                     row.geometry)
        )  # fmt: skip
        point = row.geometry.representative_point()
        known[row.code] = {
            "name_az": azeri,
            "name_en": english,
            "name_ru": russian,
            "area_km2": float(row.area_km2),
            "basin_code": row.basin_code,
            "short": ABOUT[row.basin_code][0],
            "lat": round(point.y, 4),
            "lon": round(point.x, 4),
        }
    text = json.dumps(
        {"type": "FeatureCollection", "features": features},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    target.write_text(text.replace('{"type":"Feature"', '\n{"type":"Feature"') + "\n",
                      encoding="utf-8")  # fmt: skip
    return known


def _feature(code, kind, parent, names, geometry):
    az, en, ru = names
    return {
        "type": "Feature",
        "properties": {
            "code": code,
            "kind": kind,
            "parent": parent,
            "name_az": az,
            "name_en": en,
            "name_ru": ru,
        },
        "geometry": _rounded(mapping(geometry)),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return value
