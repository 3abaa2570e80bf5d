"""Returns of enterprises: loaded and cross-examined, and what is found in them.

    python benchmarks/reports.py [--quick] [--tune]

The second part plants one kind of misreport at a time into 5 % of simulated returns,
by seeds and sizes that the thresholds were not chosen on (``--tune`` shows those they
were), and prints precision and recall of each kind; and the smallest misreports that
are still found, as a share of the sizes planted.
"""

from __future__ import annotations

import argparse
import io
import os
import time

import numpy as np
import pandas as pd
from readings_setup import bar, fresh_database, machine
from returns_made import FIRST, KINDS, World, enterprises, permits, plant, rows, world
from sqlalchemy import text

from ewater.reports import bulk, bulk_read, stored, who, workflow
from ewater.reports.examine import facts as figures
from ewater.reports.examine import run as examination
from ewater.reports.examine import totals
from ewater.reports.examine.around import Around
from ewater.reports.form import built_in
from ewater.reports.validate import validate
from ewater.store import registry

CODES = {"discharge": {"discharge_above_intake", "discharge_share"}}
SHARE = 0.05


def archive(made: World) -> bytes:
    out = io.BytesIO()
    rows(made).to_csv(out, index=False)
    return out.getvalue()


def frames(made: World) -> dict[str, pd.DataFrame]:
    districts = [f"D{n}" for n in range(40)]
    return {
        "calendars": pd.DataFrame({"code": ["AZ"], "timezone": ["Asia/Baku"]}),
        "territories": pd.DataFrame(
            {"code": ["AZ", *districts], "kind": ["country"] + ["district"] * 40,
             "parent": [None] + ["AZ"] * 40}
        ),
        "sectors": pd.DataFrame(
            {"isic": ["C", "36"], "sector": ["industry", "water_supply"]}
        ),
        "enterprises": enterprises(made),
        "permits": permits(made),
    }  # fmt: skip


def speed(plants: int, years: int) -> None:
    made = world(plants, years, seed=11)
    for number, kind in enumerate(KINDS):
        plant(made, kind, 0.003, seed=100 + number)
    raw = archive(made)
    with fresh_database() as engine:
        registry.load(engine, frames(made))
        cpu, clock = time.process_time(), time.perf_counter()
        with engine.begin() as connection:
            person = who.command(connection, "bench")
            batch = bulk_read.read(raw, "archive.csv", built_in())
            taken = bulk.take(connection, person, batch, way="csv")
        both = time.perf_counter() - clock
        cpu = time.process_time() - cpu
        with engine.connect() as connection:
            count = connection.scalar(text("SELECT count(*) FROM return_finding"))
        print(
            f"{len(batch):,} returns of {len(raw) / 1e6:.0f} MB: {taken.new:,} loaded "
            f"and examined in {both:.1f} s, {count:,} findings; {cpu:.1f} s of "
            f"processor time here, load {os.getloadavg()[0]:.1f}"
        )
        bar("returns_loaded_and_examined", both, "s", 60, least=False)
        bar("one_return", one(engine, person, made), "ms", 300, least=False)


def one(engine, person, made: World) -> float:
    """Median time of a correction: saved, checked, sealed, examined, committed."""
    seconds = []
    for code in made.codes[1:8].tolist():
        with engine.begin() as connection:
            head = stored.find(connection, code, "2-TP", str(FIRST + 5))
            connection.execute(
                text("UPDATE enterprise_return SET state = 'returned' WHERE id = :id"),
                {"id": head.id},
            )
            content = stored.version(connection, head.id)["content"]
        content["general"] = [{"output": 7.0}]
        began = time.perf_counter()
        with engine.begin() as connection:
            saved = workflow.save(
                connection, person, head.id, content, edits=head.edits
            )
            workflow.submit(connection, person, head.id, edits=saved.edits)
        seconds.append(time.perf_counter() - began)
    return 1000 * float(np.median(seconds))


def around(made: World, known: figures.Facts, kind: str, seed: int) -> Around:
    """Surround returns as the database would; meters or pumps where they are asked."""
    rng = np.random.default_rng(seed)
    place = {code: n for n, code in enumerate(made.codes.tolist())}
    owner = np.array([n for n, e in enumerate(known.enterprise.tolist()) if e in place])
    plant_of = np.array([place[e] for e in known.enterprise[owner].tolist()])
    true = made.true[plant_of, known.year[owner] - FIRST].sum(axis=1) * 1000
    u = 0.10 if kind == "pump_energy" else 0.02
    own = np.nansum(known.own[owner], axis=1)
    table = pd.DataFrame(
        {
            "owner": owner,
            "volume": true * (1 + rng.normal(0, u / 2, len(owner))),
            "u": u * true,
            "coverage": 1.0,
            "series": "M",
            "reported": own,
        }
    )
    given = {"meters": table} if kind == "meter" else {}
    given |= {"pumps": table} if kind == "pump_energy" else {}
    return Around(
        zone="Asia/Baku", permits=permits(made), enterprises=enterprises(made), **given
    )


def score(kind: str, plants: int, seed: int, size: float) -> tuple[float, float, int]:
    """Precision, recall and number planted, of one kind in one simulated decade."""
    made = world(plants, 10, seed)
    plant(made, kind, SHARE, seed + 1, size)
    batch = bulk_read.read(archive(made), "archive.csv", built_in())
    known = figures.facts(batch)
    surrounded = around(made, known, kind, seed + 2)
    found = examination.examine(batch, surrounded, known)
    if kind == "identity":
        found = validate(batch, _known(made))
    codes = CODES.get(kind, {kind})
    hit = {
        f.owner
        for f in found
        if f.code in codes and f.cause is None and f.severity != "error"
    }
    place = {code: n for n, code in enumerate(made.codes.tolist())}
    truth = {
        n
        for n, (e, y) in enumerate(
            zip(known.enterprise.tolist(), known.year.tolist(), strict=True)
        )
        if e in place and made.planted[place[e], y - FIRST]
    }
    right = len(hit & truth)
    return right / max(len(hit), 1), right / max(len(truth), 1), len(truth)


def _known(made: World):
    from datetime import UTC, datetime

    from ewater.reports.known import Known

    given = frames(made)
    times = {"valid_from": pd.NaT, "valid_to": pd.NaT}
    return Known(
        now=datetime(2024, 1, 2, tzinfo=UTC),
        zone="Asia/Baku",
        enterprises=given["enterprises"].assign(**times),
        permits=given["permits"],
        approved=pd.DataFrame(
            columns=["enterprise", "period", "period_start", "period_end"]
        ),
        deadlines=pd.DataFrame(columns=["enterprise", "period", "due_at"]),
        territories=frozenset(given["territories"]["code"]),
    )


def broken_totals(plants: int, seed: int) -> tuple[float, float, int]:
    """Precision and recall of breaks in the totals of 120 districts by year."""
    rng = np.random.default_rng(seed)
    made = world(plants, 10, seed)
    district = np.arange(plants) % 120
    hit = rng.random((120, 10)) < SHARE
    hit[:, 0] = False
    for place, year in zip(*np.nonzero(hit), strict=True):
        mine = np.flatnonzero(district == place)
        kind = rng.integers(0, 3)
        some = mine[rng.random(len(mine)) < (1.0 if kind == 0 else 0.6)]
        factor = (rng.choice([0.5, 1.8]), 3.6, 0.0)[kind]
        made.said[some, year] = np.round(made.said[some, year] * factor, 2)
    batch = bulk_read.read(archive(made), "archive.csv", built_in())
    known = figures.facts(batch)
    placed = pd.Series([f"D{d}" for d in district], index=made.codes)
    found = totals.breaks(known, {"district": placed}, [])
    told = {(row["code"], row["period"]) for row in found if row["item"] == "intake"}
    truth = {(f"D{d}", str(FIRST + y)) for d, y in zip(*np.nonzero(hit), strict=True)}
    right = len(told & truth)
    return right / max(len(told), 1), right / max(len(truth), 1), len(truth)


def quality(plants: int, seed: int) -> None:
    print(f"\n{'kind':16}{'planted':>9}{'precision':>11}{'recall':>8}   size found")
    worst = 1.0
    for number, kind in enumerate(KINDS):
        precision, recall, count = score(kind, plants, seed + 10 * number, 1.0)
        worst = min(worst, precision, recall)
        sizes = ""
        if min(precision, recall) < 0.9:
            sizes = _size_found(kind, plants, seed + 10 * number)
        print(f"{kind:16}{count:9d}{precision:11.3f}{recall:8.3f}   {sizes}")
    precision, recall, count = broken_totals(plants, seed + 500)
    worst = min(worst, precision, recall)
    print(f"{'total_break':16}{count:9d}{precision:11.3f}{recall:8.3f}")
    bar("worst_precision_or_recall", worst, "1", 0.9)


def _size_found(kind: str, plants: int, seed: int) -> str:
    for size in (1.5, 2.0, 3.0):
        precision, recall, _ = score(kind, plants, seed, size)
        if min(precision, recall) >= 0.9:
            return f"from {size:g} times the sizes planted"
    return "at no size tried"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tune", action="store_true", help="seeds of the thresholds")
    parser.add_argument("--only", choices=("speed", "quality"))
    chosen = parser.parse_args()
    print(machine())
    if chosen.only != "quality":
        speed(500 if chosen.quick else 10_000, 10)
    if chosen.only != "speed":
        quality(300 if chosen.quick else 1500, 7 if chosen.tune else 424242)


if __name__ == "__main__":
    main()
