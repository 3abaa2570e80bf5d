"""A reader of a made-up country: a small ledger with known numbers.

Three basins of two districts each, one river per basin, sixty months. Every
answer is summed from the same flows, so parts agree with wholes; one flow has
no data in some months, one is balanced, and one leaves and comes back.
"""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from ewater.dashboard.answers import States
from ewater.errors import UsageError
from ewater.terms import BOUNDARIES

if TYPE_CHECKING:
    from datetime import date

FIRST_YEAR, YEARS = 2021, 5
MONTHS = 12 * YEARS
HM3 = 1e6
_FLOOD = np.array([0.7, 0.75, 1.05, 1.4, 1.6, 1.4, 1.1, 0.9, 0.7, 0.75, 0.8, 0.85])
_SUMMER = np.array([0.3, 0.3, 0.6, 1.0, 1.5, 1.9, 2.0, 1.6, 1.0, 0.6, 0.3, 0.3])
_FLAT = np.ones(12)
_WET = np.array([0.78, 0.95, 1.06, 1.17, 1.0])
_BASINS = {
    "B-NORTH": ("Şimal", "North", "Север", "GE"),
    "B-MID": ("Orta", "Middle", "Средний", "AM"),
    "B-SOUTH": ("Cənub", "South", "Юг", "IR"),
}


@dataclass
class MadeUpFlow:
    code: str
    source: str
    target: str
    term: str
    volume: np.ndarray  # (month,), m3
    status: str = "measured"
    u: float = 0.05
    sector: str | None = None


@dataclass
class Ledger:
    kinds: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)  # account → district
    sectors: dict[str, str] = field(default_factory=dict)
    flows: list[MadeUpFlow] = field(default_factory=list)
    stocks: dict[str, np.ndarray] = field(default_factory=dict)  # (month,) change

    def account(self, code: str, kind: str, district: str = "", sector: str = ""):
        self.kinds[code] = kind
        self.places[code] = district
        if sector:
            self.sectors[code] = sector
        return code

    def flow(self, code, source, target, term, annual_hm3, season, **more):
        noise = np.random.default_rng(len(self.flows)).normal(1, 0.03, MONTHS)
        shape = np.tile(season / season.sum(), YEARS) * np.repeat(_WET, 12)
        volume = annual_hm3 * HM3 * shape * noise
        self.flows.append(MadeUpFlow(code, source, target, term, volume, **more))
        return volume

    def pass_on(self, code, source, target, term, **more):
        """What is left in a river goes on, measured with an error."""
        left = sum(f.volume for f in self.flows if f.target == source)
        left = left - sum(f.volume for f in self.flows if f.source == source)
        assert left.min() > 0
        noise = np.random.default_rng(len(self.flows)).normal(1, 0.02, MONTHS)
        self.flows.append(MadeUpFlow(code, source, target, term, left * noise, **more))


#: Flows of a district: code, ends, term, hm3 a year, season, status, u (k = 1).
_INNER = """
RUNOFF   SOIL RIV  runoff                900 flood  modelled 0.15
BASE     GW   RIV  baseflow              160 flat   modelled 0.20
HEAD     RIV  CAN  abstraction          1500 summer measured 0.06
LOSS     CAN  GW   losses_in_conveyance  380 summer modelled 0.25
FIELD    CAN  AGR  delivery             1010 summer reported 0.10
FACTORY  CAN  IND  delivery              110 flat   reported 0.05
COOL     RIV  ENE  abstraction           190 flat   measured 0.04
WELLS    GW   WS   abstraction            92 flat   reported 0.12
TAPS     WS   HH   delivery               52 flat   reported 0.08
SHOPS    WS   SER  delivery               14 flat   imputed  0.30
PIPES    WS   GW   losses_in_conveyance   26 flat   modelled 0.30
SEWAGE   HH   SEW  wastewater             38 flat   imputed  0.20
OUTFALL  SEW  RIV  return_flow            38 flat   measured 0.06
HOMEUSE  HH   ATM  consumption            14 flat   modelled 0.30
SHOPUSE  SER  ATM  consumption            14 flat   modelled 0.30
CROPS    AGR  ATM  consumption           780 summer modelled 0.15
DRAIN    AGR  RIV  return_flow           230 summer modelled 0.20
PRODUCT  IND  ATM  consumption            30 flat   modelled 0.20
EFFLUENT IND  RIV  return_flow            80 flat   reported 0.10
WARM     ENE  RIV  return_flow           186 flat   measured 0.04
STEAM    ENE  ATM  consumption             4 flat   modelled 0.20
"""
_LAKE = """
FILL     RIV  RES  outflow_to_downstream 1480 flood  measured 0.04
TURB     RES  RIV  outflow_to_downstream 1410 flat   measured 0.03
EVAP     RES  ATM  evaporation             70 summer modelled 0.20
"""
_ACCOUNTS = {"RIV": "river", "CAN": "canal", "GW": "groundwater", "SOIL": "soil"}
_ECONOMY = {
    "AGR": "agriculture",
    "IND": "industry",
    "ENE": "energy",
    "WS": "water_supply",
    "HH": "households",
    "SER": "services",
    "SEW": "sewerage",
}
_SEASONS = {"flood": _FLOOD, "summer": _SUMMER, "flat": _FLAT}


def _district(ledger: Ledger, district: str, size: float, *, has_reservoir: bool):
    """Accounts and inner flows of one district; returns its river."""
    for code, kind in _ACCOUNTS.items():
        ledger.account(f"{district}.{code}", kind, district)
    for code, sector in _ECONOMY.items():
        ledger.account(f"{district}.{code}", "economy", district, sector)
    if has_reservoir:
        ledger.account(f"{district}.RES", "reservoir", district)
    table = _INNER + (_LAKE if has_reservoir else "")
    volumes = {}
    for line in filter(None, table.splitlines()):
        name, source, target, term, hm3, season, status, u = line.split()
        ends = [e if e == "ATM" else f"{district}.{e}" for e in (source, target)]
        more = {"status": status, "u": float(u)}
        volumes[name] = ledger.flow(
            f"{district}.{name}",
            *ends,
            term,
            float(hm3) * size,
            _SEASONS[season],
            **more,
        )
    if has_reservoir:
        error = np.random.default_rng(7).normal(0, 12 * HM3 * size, MONTHS)
        kept = volumes["FILL"] - volumes["TURB"] - volumes["EVAP"]
        ledger.stocks[f"{district}.RES"] = kept + error
    return f"{district}.RIV"


def build(basins: dict[str, list[str]], neighbours: dict[str, str]) -> Ledger:
    """A river through the districts of each basin, from a neighbour to the sea."""
    ledger = Ledger()
    ledger.account("ATM", "atmosphere")
    ledger.account("SEA", "sea")
    for number, (basin, districts) in enumerate(basins.items()):
        country = ledger.account(f"NB.{neighbours[basin]}", "neighbour")
        size = 0.5 + 0.35 * number
        share = 2.0 / len(districts)
        water = (5200.0 - 700 * number) * size
        previous = None
        for i, district in enumerate(districts):
            place = share * (1.15 - 0.3 * (i % 2))
            river = _district(ledger, district, size * place, has_reservoir=i == 0)
            if previous is None:
                term, u = "inflow_from_neighbours", 0.05
                ledger.flow(f"{district}.IN", country, river, term, water, _FLOOD, u=u)
            else:
                code = f"{district}.IN"
                ledger.pass_on(code, previous, river, "outflow_to_downstream", u=0.05)
            previous = river
        if number == len(basins) - 1:
            term = "outflow_to_neighbours"
            ledger.flow(f"{basin}.OUT", previous, country, term, 240.0, _FLAT)
            term = "inflow_from_neighbours"
            ledger.flow(f"{basin}.BACK", country, previous, term, 236.0, _FLAT)
        ledger.pass_on(f"{basin}.MOUTH", previous, "SEA", "outflow_to_sea", u=0.08)
    # a border gauge and a report are silent in May and June 2024
    silent = ("inflow_from_neighbours", "D11.SHOPS")
    for flow in (
        next(f for f in ledger.flows if f.term == silent[0]),
        *(f for f in ledger.flows if f.code == silent[1]),
    ):
        flow.volume = flow.volume.copy()
        flow.volume[[40, 41]] = np.nan
    return ledger


def grid() -> gpd.GeoDataFrame:
    """Six square districts in three basins of one country."""
    rows, shapes = [], []
    for column, (basin, (az, en, ru, _)) in enumerate(_BASINS.items()):
        west = 46.0 + column
        rows.append((basin, "basin", "TL", az, en, ru))
        shapes.append(shapely.box(west, 40.0, west + 1, 42.0))
        for row in (0, 1):
            code = f"D{column}{row}"
            rows.append(
                (
                    code,
                    "district",
                    "TL",
                    f"{az} {row + 1}",
                    f"{en} {row + 1}",
                    f"{ru} {row + 1}",
                )
            )
            shapes.append(shapely.box(west, 41.0 - row, west + 1, 42.0 - row))
    rows.insert(0, ("TL", "country", None, "Sınaq ölkəsi", "Testland", "Тестландия"))
    shapes.insert(0, shapely.box(46.0, 40.0, 49.0, 42.0))
    columns = ["code", "kind", "parent", "name_az", "name_en", "name_ru"]
    frame = gpd.GeoDataFrame(rows, columns=columns, geometry=shapes, crs="EPSG:4326")
    return frame.set_index("code")


def _instant(month: int) -> str:
    return f"{FIRST_YEAR + month // 12}-{month % 12 + 1:02d}-01T00:00:00+04:00"


def _answers() -> dict:
    """``ANSWERS`` of every file in answers/: a page keeps its own beside the others."""
    found: dict = {}
    for path in sorted((Path(__file__).parent / "answers").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"answers_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        twice = found.keys() & module.ANSWERS.keys()
        assert not twice, f"{path.name}: answered elsewhere: {sorted(twice)}"
        found |= module.ANSWERS
    return found


ANSWERS = _answers()


class MadeUpReader:
    """A `Reader` over the ledger; every answer is summed anew."""

    def __init__(self, territories=None, basins=None, neighbours=None) -> None:
        self._territories = grid() if territories is None else territories
        self._basins = basins or {
            b: [f"D{i}0", f"D{i}1"] for i, b in enumerate(_BASINS)
        }
        neighbours = neighbours or {b: names[3] for b, names in _BASINS.items()}
        self.ledger = build(self._basins, neighbours)
        self.asked: list[tuple] = []
        self.answers = dict(ANSWERS)

    def ask(self, question, *args):
        """What `answers` has by the question's name: a function of reader and args."""
        if question.__name__ not in self.answers:
            raise AssertionError(
                f"the made-up country has no answer to {question.__module__}."
                f"{question.__name__}; put one into tests/dashboard/answers/"
            )
        return self.answers[question.__name__](self, *args)

    def version(self) -> str:
        return "2026-01-15T08:00:00+04:00"

    def states(self) -> States:
        return States(*[self.version()] * 3)

    def stale(self, run: str) -> dict | None:
        return None

    def renew(self) -> bool:
        return False

    def territories(self) -> gpd.GeoDataFrame:
        return self._territories

    def sites(self) -> gpd.GeoDataFrame:
        lakes = [a for a, kind in self.ledger.kinds.items() if kind == "reservoir"]
        points = [
            self._territories.geometry.at[self.ledger.places[a]].representative_point()
            for a in lakes
        ]
        return gpd.GeoDataFrame(
            {
                "code": lakes,
                "kind": "reservoir",
                "name_az": [f"{a} anbarı" for a in lakes],
                "name_en": [f"{a} dam" for a in lakes],
                "name_ru": [f"{a} плотина" for a in lakes],
            },
            geometry=points,
            crs="EPSG:4326",
        )

    def territories_of_sites(self) -> gpd.GeoDataFrame:
        sites = [a for a, kind in self.ledger.kinds.items() if kind == "reservoir"]
        places = [self.ledger.places[a] for a in sites]
        return gpd.GeoDataFrame({"site": sites, "territory": places})

    def years(self) -> list[int]:
        return list(range(FIRST_YEAR, FIRST_YEAR + YEARS))

    def _districts(self, territory: str) -> set[str]:
        kind = self._territories.at[territory, "kind"]
        if kind == "country":
            return {d for ds in self._basins.values() for d in ds}
        return set(self._basins.get(territory, [territory]))

    def _inside(self, territory: str, boundary: str) -> set[str]:
        districts, kinds = self._districts(territory), BOUNDARIES[boundary]
        return {
            account
            for account, kind in self.ledger.kinds.items()
            if kind in kinds and self.ledger.places[account] in districts
        }

    def _total(self, flows, span: slice) -> dict:
        known, squares, missing, shares = 0.0, 0.0, [], {}
        covered = expected = 0.0
        for flow in flows:
            part = flow.volume[span]
            seen = part[~np.isnan(part)]
            typical = float(np.nanmean(flow.volume)) * part.size
            expected += typical
            covered += (
                typical
                * seen.size
                / part.size
                * (0.93 if flow.status == "measured" else 1)
            )
            if seen.size < part.size:
                missing.append(flow.code)
                continue
            volume = float(seen.sum())
            known += volume
            squares += (flow.u * volume) ** 2
            shares[flow.status] = shares.get(flow.status, 0.0) + volume
        return {
            "value": None if missing else known,
            "known": known,
            "missing": missing,
            "u": math.sqrt(squares),
            "coverage": covered / expected if expected else 1.0,
            "status": max(shares, key=shares.get) if shares else "unknown",
            "status_shares": {s: v / known for s, v in shares.items()} if known else {},
        }

    def _change(self, inside, span: slice) -> dict:
        change = sum(
            float(v[span].sum()) for a, v in self.ledger.stocks.items() if a in inside
        )
        return {
            "value": change,
            "known": change,
            "missing": [],
            "u": 8 * HM3,
            "coverage": 0.99,
            "status": "measured",
            "status_shares": {"measured": 1.0},
        }

    def _sectors(self, inside, span: slice) -> dict:
        found = {}
        districts = {self.ledger.places[a] for a in inside}
        for account, sector in self.ledger.sectors.items():
            if account not in inside and self.ledger.places[account] not in districts:
                continue
            found.setdefault(sector, set()).add(account)
        if not any(self.ledger.kinds[a] == "economy" for a in inside):
            return {}
        out = {}
        for sector, accounts in found.items():
            into = [f for f in self.ledger.flows if f.target in accounts]
            gone = [
                f
                for f in self.ledger.flows
                if f.source in accounts and f.term == "consumption"
            ]
            onward = [
                f
                for f in self.ledger.flows
                if f.source in accounts
                and f.term in ("delivery", "losses_in_conveyance")
            ]
            gross, passed = self._total(into, span), self._total(onward, span)
            use = dict(gross, known=gross["known"] - passed["known"])
            use["value"] = (
                None
                if gross["value"] is None or passed["value"] is None
                else use["known"]
            )
            out[sector] = {
                "use": use,
                "gross_use": gross,
                "consumption": self._total(gone, span),
            }
        return out

    def _period(self, territory: str, boundary: str, first: int, last: int) -> dict:
        inside, span = self._inside(territory, boundary), slice(first, last)
        flows = self.ledger.flows
        entering = [f for f in flows if f.target in inside and f.source not in inside]
        leaving = [f for f in flows if f.source in inside and f.target not in inside]
        inflow, outflow = self._total(entering, span), self._total(leaving, span)
        change = self._change(inside, span)
        whole = None not in (inflow["value"], outflow["value"])
        left = inflow["known"] - outflow["known"] - change["known"]
        u = math.hypot(inflow["u"], outflow["u"], change["u"])
        residual = {
            "value": left if whole else None,
            "known": left,
            "missing": inflow["missing"] + outflow["missing"],
            "u": u,
            "coverage": min(inflow["coverage"], outflow["coverage"]),
            "status": inflow["status"],
            "status_shares": inflow["status_shares"],
            "z": left / u if whole and u else None,
            "not_modelled": sorted(
                a for a in inside if self.ledger.kinds[a] == "river"
            ),
            "after_balancing_items": False,
        }
        kinds = self.ledger.kinds
        borders = sorted(
            {
                a
                for f in entering + leaving
                for a in (f.source, f.target)
                if kinds[a] == "neighbour"
            }
        )
        back = [f for f in entering if f.code.endswith(".BACK")]
        terms = {}
        for term in sorted({f.term for f in flows}):
            places = {self.ledger.places[a] for a in inside}
            own = [
                f
                for f in flows
                if f.term == term
                and {self.ledger.places[f.source], self.ledger.places[f.target]}
                & places
            ]
            terms[term] = self._total(own, span)
        return {
            "start": _instant(first),
            "end": _instant(last),
            "inflow": inflow,
            "outflow": outflow,
            "storage_change": change,
            "residual": residual,
            "re_entering": self._total(back, span),
            "neighbours": {
                a: {
                    "inflow": self._total([f for f in entering if f.source == a], span),
                    "outflow": self._total([f for f in leaving if f.target == a], span),
                }
                for a in borders
            },
            "apportioned": False,
            "terms": terms,
            "sectors": self._sectors(inside, span),
        }

    @staticmethod
    def _index(day: date) -> int:
        return (day.year - FIRST_YEAR) * 12 + day.month - 1

    def calendars(self) -> dict[str, int]:
        return {"TL": 1, "TL-WATER": 10}

    def balance(
        self,
        territory,
        start,
        end,
        step,
        boundary="managed",
        basis=None,
        *,
        whole=False,
    ) -> dict:
        self.asked.append(("balance", territory, start, end, step, boundary))
        first, last = self._index(start), self._index(end)
        width = {"month": 1, "quarter": 3, "year": 12}[step]
        return {
            "territory": territory,
            "boundary": boundary,
            "basis": "actual",
            "unit": "m3",
            "as_of": "2026-01-15T08:00:00+04:00",
            "run": "made-up-1",
            "stale": None,
            "periods": [
                self._period(territory, boundary, i, i + width)
                for i in range(first, last, width)
            ],
            "notices": [
                {
                    "code": "simulated",
                    "az": "Simulyasiya edilmiş telemetriya: uydurma ölkə.",
                    "en": "Simulated telemetry: figures of a made-up country.",
                    "ru": "Телеметрия смоделирована: числа вымышленной страны.",
                }
            ],
        }

    def balances(self, kind, start, end, boundary="managed", basis=None) -> dict:
        first, last = self._index(start), self._index(end)
        codes = self._territories.index[self._territories["kind"] == kind]
        return {c: self._period(c, boundary, first, last) for c in codes}

    def flows(
        self, territory, start, end, boundary="managed", basis=None
    ) -> list[dict]:
        inside = self._inside(territory, boundary)
        span = slice(self._index(start), self._index(end))
        out = []
        for flow in self.ledger.flows:
            if flow.source not in inside and flow.target not in inside:
                continue
            part = flow.volume[span]
            volume = None if np.isnan(part).any() else float(part.sum())
            out.append(
                {
                    "code": flow.code,
                    "from": flow.source,
                    "from_kind": self.ledger.kinds[flow.source],
                    "from_sector": self.ledger.sectors.get(flow.source),
                    "from_inside": flow.source in inside,
                    "to": flow.target,
                    "to_kind": self.ledger.kinds[flow.target],
                    "to_sector": self.ledger.sectors.get(flow.target),
                    "to_inside": flow.target in inside,
                    "term": flow.term,
                    "sector": None,
                    "volume": volume,
                    "u": None if volume is None else flow.u * volume,
                    "status": "unknown" if volume is None else flow.status,
                    "coverage": 1.0,
                }
            )
        return out

    def explain(
        self, cell, territory, start, end, boundary="managed", basis=None, **depth
    ) -> dict:
        """One flow of one series, whatever the cell; one that is no cell is refused."""
        if not cell.startswith("balance."):
            raise UsageError(f"there is no cell {cell!r}")
        balance = self.balance(territory, start, end, "year", boundary)
        quantity = balance["periods"][0]["inflow"]
        shares = {"value": quantity["known"], "share": 1.0, "variance_share": 1.0}
        item = {"kind": "flow", "code": "D00.IN", "from": "NB.GE", "to": "D00.RIV"}
        source = {
            **shares,
            "source": "series:D00.Q",
            "status": "measured",
            "kind": "series",
            "measured_by": "D00.Q",
            "way": "D00.Q",
            "rule": None,
            "gaps": [],
            "reports": [],
            "series": [{"code": "D00.Q", "role": "volume"}],
        }
        load = {"load": 7, "source": "rivers.csv", "file_sha256": "ab" * 32}
        chunk = {"count": 8760, "sha256": "cd" * 32, "first_time": _instant(0)}
        behind = {
            "site": "D00.GAUGE",
            "readings": {"count": 8760, "versions": 8800, "flags": {"pass": 8760}},
            "loads": [{**load, "recorded_from": _instant(1)}],
            "chunks": [{**chunk, "last_time": _instant(1)}],
        }
        period = {
            "start": start.isoformat(),
            "end": end.isoformat(),
            "quantity": {**quantity, "unit": "m3", "why": None},
            "formula": None,
            "items": [{**item, **shares, "status": "measured"}],
            "other_items": {**shares, "count": 3},
            "sources": [source],
            "series": {"D00.Q": behind},
        }
        head = {"cell": cell, "territory": territory, "boundary": boundary}
        told = {"run": "made-up-1", "step": "year", "stale": None}
        return {**head, **told, "periods": [period]}

    def published(self, territory, year) -> list[dict]:
        if self._territories.at[territory, "kind"] != "country":
            return []
        rows = [
            ("water_used_total", 9772.0, "hm3", "https://statistics.example/use", None),
            (
                "water_used_irrigation",
                7.207,
                "km3",
                "https://statistics.example/use",
                "without losses",
            ),
            (
                "share_of_use_households",
                3.5,
                "%",
                "https://statistics.example/share",
                None,
            ),
            (
                "water_exploitation_index",
                41.2,
                "%",
                "https://statistics.example/wei",
                None,
            ),
            (
                "losses_in_transport",
                3034.4,
                "hm3",
                "https://statistics.example/losses",
                None,
            ),
        ]
        keys = ("item", "value", "unit", "source", "note")
        return [dict(zip(keys, row, strict=True)) for row in rows]
