"""What stands in the way of sealing: each by name, so that it can be excepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import text

from ewater.accounts import runs, stale
from ewater.accounts.editions import results, show
from ewater.accounts.editions.merkle import canonical
from ewater.balance.returns import LINE
from ewater.errors import EWaterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Engine

    from ewater.accounts.editions.material import Material

RULES = {
    "stale": "something newer than the state that is sealed",
    "unjudged": "readings that wait to be judged",
    "report": "a return that is not approved",
    "coverage": "too little observed, or something missing",
    "own-work": "reviewed or approved by who sealed it",
}
_QUANTITIES = ("inflow", "outflow", "storage_change")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that must be mended, or excepted by its name."""

    name: str
    why: str

    @property
    def rule(self) -> str:
        """The rule that it breaks."""
        return self.name.partition(":")[0]

    def __str__(self) -> str:
        """Name and reason."""
        return f"{self.name}: {self.why}"


class RefusedError(EWaterError):
    """An account is not sealed, or a step not taken; everything in the way is told."""

    def __init__(self, what: str, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(what, obstacles)  # args must rebuild the error in a worker
        self.what, self.obstacles = what, tuple(obstacles)

    def __str__(self) -> str:
        """One line for each obstacle, then what may be done."""
        rules = sorted({one.rule for one in self.obstacles})
        return "\n".join(
            [
                f"{self.what} is refused:",
                *(f"  {one}" for one in self.obstacles),
                "mend it, or take it upon you by name: "
                + " ".join(f"--except {rule}" for rule in rules),
            ]
        )


def settle(
    what: str, found: Sequence[Obstacle], excepted: Sequence[str]
) -> list[Obstacle]:
    """Refuse what was not excepted; return what was.

    Parameters
    ----------
    excepted
        Names of obstacles, or of rules: all obstacles of that rule.

    Raises
    ------
    RefusedError
        Something is in the way.
    UsageError
        An exception names no rule.
    """
    for name in excepted:
        if name.partition(":")[0] not in RULES:
            raise UsageError(f"--except {name}: rules are {', '.join(RULES)}")
    open_ = [one for one in found if not {one.name, one.rule} & set(excepted)]
    if open_:
        raise RefusedError(what, open_)
    return list(found)


def of(
    engine: Engine, material: Material, cells: Sequence[str], *, newest: bool
) -> list[Obstacle]:
    """Find all that is in the way of sealing an account.

    Parameters
    ----------
    cells
        Its figures.
    newest
        Whether its state is that of the present.
    """
    found = [] if newest else list(_stale(engine, material))
    with engine.connect() as connection:
        found += _unjudged(connection, material)
        found += _undecided(connection, material)
    return [*found, *_reports(material), *uncovered(material, cells)]


def lines(excepted: Sequence[Obstacle], person: str) -> list[str]:
    """Write exceptions with the random id of who took them upon themselves."""
    return [
        canonical({"name": one.name, "why": one.why, "person": person})
        for one in excepted
    ]


def _stale(engine: Engine, material: Material) -> Iterator[Obstacle]:
    spec = material.spec
    run = runs.obtain(
        engine,
        spec.start,
        spec.end,
        spec.step,
        calendar=spec.calendar or None,
        as_of=spec.as_of,
    )
    if run.stale:
        count, first = run.stale["count"], stale.why(run.stale)
        yield Obstacle(
            "stale",
            f"{count} inputs changed since {spec.as_of.isoformat()}, first {first}",
        )


def _unjudged(connection: Connection, material: Material) -> Iterator[Obstacle]:
    rows = connection.execute(
        text(
            "SELECT k.code, min(q.first_time) AS first, max(q.last_time) AS last "
            "FROM quality_due AS q JOIN series_key AS k ON k.id = q.series_id "
            "WHERE k.code = ANY(:codes) GROUP BY k.code ORDER BY k.code"
        ),
        {"codes": [str(code) for code in material.readings["series"].values]},
    )
    for row in rows:
        yield Obstacle(
            f"unjudged:{row.code}",
            f"readings of {row.first:%Y-%m-%d} to {row.last:%Y-%m-%d} wait for "
            "`ewater qc`",
        )


def _undecided(connection: Connection, material: Material) -> Iterator[Obstacle]:
    """Find returns for the period that were sent in and wait for a decision."""
    start, end = (
        pd.Timestamp(int(b), unit="us", tz="UTC")
        for b in (material.bounds[0], material.bounds[-1])
    )
    rows = connection.execute(
        text(
            "SELECT enterprise, form, period, state, versions, approved "
            "FROM enterprise_return WHERE period_start < :end AND period_end > :start "
            "AND superseded_by IS NULL AND versions > coalesce(approved, 0) "
            "ORDER BY enterprise, form, period_start"
        ),
        {"start": start, "end": end},
    )
    for row in rows:
        yield Obstacle(
            f"report:{row.enterprise}/{row.period}/{row.form}",
            f"{row.state}: version {row.versions} was sent, "
            + (f"{row.approved} is approved" if row.approved else "none is approved"),
        )


def _reports(material: Material) -> Iterator[Obstacle]:
    """Find returns for the period whose newest revision nobody approved."""
    start, end = (
        pd.Timestamp(int(b), unit="us", tz="UTC")
        for b in (material.bounds[0], material.bounds[-1])
    )
    told = material.frames["reports"]
    told = told[(told["period_start"] < end) & (told["period_end"] > start)]
    key = [*LINE, "period_start", "period_end"]
    newest = told.sort_values("revision", kind="stable").drop_duplicates(
        key, keep="last"
    )
    open_ = newest[newest["status"] != "approved"]
    for row in open_.sort_values(key, kind="stable").to_dict("records"):
        status = row["status"] if isinstance(row["status"], str) else "without status"
        yield Obstacle(
            f"report:{row['enterprise']}/{row['period_start']:%Y-%m-%d}/{row['item']}",
            f"{status}, revision {int(row['revision'])}",
        )


def uncovered(material: Material, cells: Sequence[str]) -> Iterator[Obstacle]:
    """Find totals of the territory that lack something, or were observed too little."""
    spec = material.spec
    many = len(material.bounds) > 2
    frame = material.frames["calendars"]
    zone = runs.calendar_of(frame, spec.calendar or None).timezone
    for (territory, period, cell), one in results.figures(cells).items():
        name = cell.removeprefix("balance.")
        if territory != spec.territory or name not in _QUANTITIES:
            continue
        at = f"coverage:{name}" + (f"/{show.day(period, zone)}" if many else "")
        if one.missing:
            shown = ", ".join(one.missing[:5])
            more = f" and {len(one.missing) - 5} more" if len(one.missing) > 5 else ""
            yield Obstacle(at, f"unknown without {shown}{more}")
        elif one.coverage is not None and one.coverage < spec.least_coverage:
            yield Obstacle(
                at, f"{one.coverage:.1%} observed, below {spec.least_coverage:.0%}"
            )
