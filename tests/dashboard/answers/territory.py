"""The made-up country's network, exchanges, losses, meters, treaties and views."""

from __future__ import annotations

from ewater.balance.views import compiled as reading

HM3 = 1e6
RATE = 120.0  # m3/s, said to be normal


def network(reader, territory, start, end, boundary="managed", basis=None):
    """Every account with its flows; districts are where they lie."""
    flows = reader.flows(territory, start, end, boundary)
    shapes = reader.territories().geometry
    codes = dict.fromkeys(f[end_] for f in flows for end_ in ("from", "to"))
    nodes = []
    for code in codes:
        kind, place = reader.ledger.kinds[code], reader.ledger.places[code]
        spot = shapes.at[place].representative_point() if place else None
        into = sum(f["volume"] or 0.0 for f in flows if f["to"] == code)
        out = sum(f["volume"] or 0.0 for f in flows if f["from"] == code)
        is_lake = kind == "reservoir"
        nodes.append(
            {
                "code": code,
                "kind": kind,
                "sector": reader.ledger.sectors.get(code),
                "names": {
                    "az": f"{code} <script>",
                    "en": f"{code} dam",
                    "ru": f"{code} плотина",
                }
                if is_lake
                else None,
                "territory": place or None,
                "inside": True,
                "lon": spot.x if spot else None,
                "lat": spot.y if spot else None,
                "placed": "site" if is_lake else "territory" if spot else None,
                "entering": into,
                "leaving": out,
                "storage_change": 0.0,
                "residual": into - out if into and out else None,
                "u": 4 * HM3 if into and out else None,
                "residual_z": (into - out) / (4 * HM3) if into and out else None,
                "missing": 0,
                "balanced": False,
                "modelled": is_lake,
            }
        )
    return {
        "nodes": nodes,
        "flows": [flow | {"measured_by": f"{flow['code']}.Q"} for flow in flows],
    }


def _quantity(value, missing=()):
    return {
        "value": None if missing else value,
        "known": value,
        "missing": list(missing),
        "u": abs(value) * 0.04,
        "coverage": 0.97,
        "status": "measured",
        "status_shares": {"measured": 1.0},
    }


def exchanges(reader, territory, start, end, boundary="managed", basis=None):
    """Two partners: a neighbour, and the next basin through a shared reach."""
    if territory == "TL":
        return [_exchange("NB.GE", "neighbour", 900 * HM3, 0.0)]
    return [
        _exchange("NB.GE", "neighbour", 900 * HM3, 0.0),
        _exchange("B-MID", "basin", 10 * HM3, 120 * HM3) | {"apportioned": True},
        _exchange("SEA", "sea", 0.0, 700 * HM3),
    ]


def _exchange(partner, kind, received, given):
    return {
        "partner": partner,
        "kind": kind,
        "apportioned": False,
        "received": _quantity(received),
        "given": _quantity(given),
        "net": _quantity(received - given),
    }


def losses(reader, territory, start, end, step=None, basis=None):
    """One loss that is sure, one that is not, one that is unknown."""
    common = {
        "period_start": str(start),
        "period_end": str(end),
        "declared": 30 * HM3,
        "entering": 400 * HM3,
        "not_modelled": True,
        "missing": 0,
    }
    rows = [("D00.CAN", "canal", 50.0, 6.0), ("D00.RIV", "river", 20.0, 40.0)]
    made = [
        {
            **common,
            "account": account,
            "kind": kind,
            "loss": loss * HM3,
            "u": u * HM3,
            "lower": (loss - 2 * u) * HM3,
            "upper": (loss + 2 * u) * HM3,
            "unexplained": (loss - 30) * HM3,
            "share": loss / 400,
            "sure": loss > 2 * u,
            "rank_first": 1,
            "rank_last": 2,
        }
        for account, kind, loss, u in rows
    ]
    unknown = dict.fromkeys(
        ("loss", "u", "lower", "upper", "unexplained", "share", "rank_first"), None
    )
    return [
        *made,
        made[0]
        | unknown
        | {"account": "D00.WS", "kind": "utility", "missing": 2, "sure": False}
        | {"rank_last": None},
    ]


def meters(
    reader, total, territory, start, end, count=40, boundary="managed", basis=None
):
    """Two meters, and a flow that nothing determines."""
    rows = [("D00.LOSS", 0.6, 0.4), ("D01.LOSS", 0.3, 0.1)]
    return {
        "total": total,
        "territory": territory,
        "u": [50 * HM3],
        "u_after": [15 * HM3],
        "open": ["D11.SHOPS"],
        "meters": [
            {
                "number": n,
                "flow": flow,
                "from": flow.replace("LOSS", "CAN"),
                "to": flow.replace("LOSS", "GW"),
                "meter_u": 2 * HM3,
                "gain": fall * 2500 * HM3**2,
                "fall": fall,
                "left": left,
            }
            for n, (flow, fall, left) in enumerate(rows, 1)
        ],
    }


def treaties(reader, territory, start, end, calendar=""):
    """A normal of one neighbour's rivers, and a treaty's volume of a year."""
    seconds = (end - start).days * 86_400
    whole = (end - start).days > 300
    return [
        {
            "code": "NORMAL",
            "neighbour": "NB.GE",
            "flow": None,
            "way": "inflow",
            "kind": "normal",
            "value": RATE,
            "unit": "m3/s",
            "source": "Cadastre",
            "note": None,
            "volume": RATE * seconds,
        },
        {
            "code": "TREATY",
            "neighbour": None,
            "flow": None,
            "way": "inflow",
            "kind": "treaty",
            "value": 5.0,
            "unit": "km3/yr",
            "source": "Agreement",
            "note": "of all neighbours",
            "volume": 5e9 if whole else None,
        },
    ]


def table(reader, view, territory, start, end, basis=None):
    """A view of the rows that it really has, with made-up figures."""
    compiled = reading.find(view)
    columns = [c.code for c in compiled.view.columns]
    cells = {}
    for n, code in enumerate(compiled.cells):
        unit = compiled.cell(code).row.unit
        size = 100 * HM3 if unit == "m3" else 20.0
        cells[code] = _quantity(size + n) | {"unit": unit, "why": None}
    for code in ("population", "efficiency", "per_capita"):
        if code in cells:
            cells[code] |= {
                "value": None,
                "known": None,
                "missing": ["input:population"],
                "u": None,
            }
    return {
        "view": view,
        "title": compiled.view.title.model_dump(),
        "source": compiled.view.source,
        "columns": [
            {"code": column.code, "label": column.label.model_dump()}
            for column in compiled.view.columns
            if column.code in columns
        ],
        "rows": [
            {
                "code": row.code,
                "number": row.number,
                "label": row.label.model_dump(),
                "heading": row.heading.model_dump() if row.heading else None,
                "unit": row.unit,
                "memo": row.memo,
            }
            for row in compiled.view.rows
        ],
        "periods": [
            {
                "start": str(start),
                "end": str(end),
                "cells": cells,
                "closes": [],
                "not_placed": [],
            }
        ],
    }


def bridges(reader):
    """What the project has."""
    return [dict(one) for one in reading.bridges()] + [
        {"code": item, "title": None, "from": cell, "to": f"published:{item}"}
        for item, cell in reading.published().items()
    ]


def bridge(reader, first, second, territory, start, end, basis=None):
    """Two lines, one of which is unknown where something is missing."""
    gap = start.year == 2024
    words = {"az": "sətir", "en": "line", "ru": "строка"}
    lines = [
        {"label": words, "value": 3.0, "u": 0.5, "missing": []},
        {
            "label": words,
            "value": None if gap else -1.0,
            "u": None if gap else 0.1,
            "missing": ["D00.IN"] if gap else [],
        },
    ]
    return {
        "from": first,
        "to": second,
        "unit": "%",
        "periods": [
            {
                "start": str(start),
                "end": str(end),
                "from": 20.0,
                "lines": lines,
                "to": None if gap else 22.0,
            }
        ],
    }


ANSWERS = {
    name: globals()[name]
    for name in (
        "network",
        "exchanges",
        "losses",
        "meters",
        "treaties",
        "table",
        "bridges",
        "bridge",
    )
}
