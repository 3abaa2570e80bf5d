"""Breaks in totals that would be published, and what they are made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from ewater.errors import UsageError
from ewater.reports import known, who
from ewater.reports.examine import history
from ewater.reports.who import APPROVE, REVIEW
from ewater.store.folder import sector_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from ewater.reports.examine.facts import Facts, Floats
    from ewater.reports.findings import Finding
    from ewater.reports.form import Form
    from ewater.reports.who import Person

    Row = dict[str, Any]

ITEMS = ("intake", "used", "discharge")
REASONS = ("real", "method", "scope", "unit")
_LEAST = 0.2  # of the total, in logarithms
_SPREADS = 3.5
_METHOD = 0.3  # by which the metered share of a return must change
_NAMED = 5


def breaks(
    facts: Facts, groups: Mapping[str, pd.Series], found: Iterable[Finding]
) -> list[Row]:
    """Find totals of years that neither the years before nor those after lead to.

    Parameters
    ----------
    groups
        By kind (sector, district, ...), the code of each enterprise (index).
    found
        What the cross-examination found, for the part of slips of the unit.

    Returns
    -------
    list of dict
        ``kind``, ``code``, ``item``, ``period``, ``before_m3`` (expected), ``after_m3``
        and ``evidence``: how much of the change comes from enterprises that report in
        one of the years only (``scope``), from meters put in or taken out
        (``method``), from slips of the unit (``unit``), and who contributes most.
    """
    rows: list[Row] = []
    slipped = np.zeros(len(facts), dtype=bool)
    slipped[[f.owner for f in found if f.code == "unit_slip"]] = True
    codes = np.unique(facts.enterprise)
    for kind, placed in groups.items():
        code = placed.reindex(codes).to_numpy(dtype=object)
        for item in ITEMS:
            rows += _of(facts, kind, code, item, slipped)
    return rows


def _of(
    facts: Facts, kind: str, code: np.ndarray, item: str, slipped: np.ndarray
) -> list[Row]:
    grid = facts.grid(getattr(facts, item))
    named = np.array([str(c) if pd.notna(c) else "" for c in code])
    names, group = np.unique(named, return_inverse=True)
    total = np.zeros((len(names), grid.shape[1]))
    np.add.at(total, group, np.nan_to_num(grid))
    total = np.where(total > 0, total, np.nan)
    before, after = history.beside(total)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = [np.abs(np.log(total / side)) for side in (before, after)]
        nearer = np.where(np.isnan(apart[0]) | (apart[1] < apart[0]), after, before)
        change = np.abs(np.log(total / nearer))
    limit = np.maximum(_LEAST, _SPREADS * history.spread_of(total))
    broken = (change > limit) & (names != "")[:, None]
    if not broken.any():
        return []
    parts = _parts(facts, grid, slipped)
    first = int(facts.year.min())
    return [
        {
            "kind": kind,
            "code": str(names[at]),
            "item": item,
            "period": str(first + year),
            "before_m3": float(nearer[at, year]),
            "after_m3": float(total[at, year]),
            "evidence": _evidence(facts, parts, group == at, year),
        }
        for at, year in zip(*(w.tolist() for w in np.nonzero(broken)), strict=True)
    ]


def _parts(facts: Facts, grid: Floats, slipped: np.ndarray) -> dict[str, Floats]:
    """Change from the year before of each enterprise, by what it comes from."""
    previous = np.column_stack([np.full(len(grid), np.nan), grid[:, :-1]])
    one = np.isnan(grid) != np.isnan(previous)
    change = np.nan_to_num(grid) - np.nan_to_num(previous)
    slip = facts.grid(slipped.astype(float)) == 1
    slip[:, 1:] |= slip[:, :-1]
    share = facts.grid(facts.metered)
    moved = np.zeros(grid.shape, dtype=bool)
    moved[:, 1:] = np.abs(np.diff(np.nan_to_num(share), axis=1)) > _METHOD
    return {
        "all": change,
        "scope": np.where(one, change, 0.0),
        "unit": np.where(~one & slip, change, 0.0),
        "method": np.where(~one & ~slip & moved, change, 0.0),
    }


def _evidence(
    facts: Facts, parts: Mapping[str, Floats], mine: np.ndarray, year: int
) -> Row:
    codes = np.unique(facts.enterprise)
    change = np.where(mine, parts["all"][:, year], 0.0)
    largest = np.argsort(-np.abs(change))[:_NAMED]
    apart = {
        name: float(parts[name][mine, year].sum())
        for name in ("scope", "unit", "method")
    }
    whole = float(change.sum())
    apart["real"] = whole - sum(apart.values())
    return {
        "change": whole,
        **apart,
        "suggests": max(apart, key=lambda name: abs(apart[name])),
        "largest": [
            {"enterprise": str(codes[at]), "change": float(change[at])}
            for at in largest
            if change[at]
        ],
    }


def groups(connection: Connection) -> dict[str, pd.Series]:
    """Sector and territories of every enterprise, a series for each kind."""
    enterprises = known.frame(
        connection,
        text(
            "SELECT DISTINCT ON (code) code, isic, territory FROM enterprises "
            "WHERE recorded_to IS NULL ORDER BY code, valid_from DESC NULLS LAST"
        ),
        {},
    )
    sectors = known.frame(
        connection,
        text("SELECT isic, sector FROM sectors WHERE recorded_to IS NULL"),
        {},
    )
    places = known.frame(
        connection,
        text("SELECT code, kind, parent FROM territories WHERE recorded_to IS NULL"),
        {},
    ).set_index("code")
    index = pd.Index(enterprises["code"].astype(str))
    sector = sector_of(enterprises["isic"], sectors)
    found = {"sector": pd.Series(sector.to_numpy(dtype=object), index=index)}
    kind, parent = places["kind"].to_dict(), places["parent"].to_dict()
    code: Any = enterprises["territory"].to_numpy(dtype=object)
    while any(isinstance(c, str) for c in code):
        kinds = np.array([kind.get(c) for c in code], dtype=object)
        for name in sorted({k for k in kinds if k}):
            series = found.setdefault(name, pd.Series(None, index=index, dtype=object))
            series[kinds == name] = code[kinds == name]
        code = np.array([parent.get(c) for c in code], dtype=object)
    return found


def keep(connection: Connection, form: Form, rows: Iterable[Row]) -> int:
    """Keep breaks; those that were explained stay explained while they are the same.

    Returns
    -------
    int
        How many are not explained.
    """
    for row in rows:
        connection.execute(
            text(
                "INSERT INTO total_break (form, kind, code, item, period, before_m3, "
                "after_m3, evidence) VALUES (:form, :kind, :code, :item, :period, "
                ":before_m3, :after_m3, CAST(:evidence AS jsonb)) "
                "ON CONFLICT (form, kind, code, item, period) DO UPDATE SET "
                "before_m3 = excluded.before_m3, after_m3 = excluded.after_m3, "
                "evidence = excluded.evidence, found_at = clock_timestamp(), "
                "reason = NULL, explanation = NULL, actor = NULL, explained_at = NULL "
                "WHERE total_break.after_m3 <> excluded.after_m3 "
                "OR total_break.before_m3 <> excluded.before_m3"
            ),
            {**row, "form": form.form, "evidence": json.dumps(row["evidence"])},
        )
    return len(read(connection, form.form, open_only=True))


def read(
    connection: Connection,
    form: str,
    period: str | None = None,
    *,
    open_only: bool = False,
) -> list[Row]:
    """List the breaks of a form, the largest first."""
    found = connection.execute(
        text(
            "SELECT b.id, b.kind, b.code, b.item, b.period, b.before_m3, b.after_m3, "
            "b.evidence, b.reason, b.explanation, p.name AS who, b.explained_at "
            "FROM total_break AS b LEFT JOIN person AS p ON p.id = b.actor "
            "WHERE b.form = :form AND (CAST(:period AS text) IS NULL "
            "OR b.period = :period) AND (NOT :open OR b.reason IS NULL) "
            "ORDER BY abs(b.after_m3 - b.before_m3) DESC"
        ),
        {"form": form, "period": period, "open": open_only},
    )
    return [dict(row) for row in found.mappings()]


def explain(
    connection: Connection, person: Person, number: int, reason: str, explanation: str
) -> None:
    """Explain a break: as real, or as a change of method, scope or unit.

    Raises
    ------
    UsageError
        There is none of this number, the reason is none, or nothing is explained.
    ForbiddenError
        The role does not review, or its scope is not the whole country.
    """
    who.must_see_all(person, REVIEW)
    if reason not in REASONS or not explanation.strip():
        raise UsageError(f"say one of {', '.join(REASONS)}, and why in a sentence")
    before = connection.execute(
        text("SELECT reason, explanation FROM total_break WHERE id = :id FOR UPDATE"),
        {"id": number},
    ).one_or_none()
    if before is None:
        raise UsageError(f"there is no break {number}; see `ewater report breaks`")
    connection.execute(
        text(
            "UPDATE total_break SET reason = :reason, explanation = :said, "
            "actor = :who, explained_at = clock_timestamp() WHERE id = :id"
        ),
        {"id": number, "reason": reason, "said": explanation, "who": person.id},
    )
    after = {"reason": reason, "explanation": explanation}
    who.note(
        connection, person, "explain", f"break:{number}", dict(before._mapping), after
    )


def sign_off(
    connection: Connection, person: Person, form: str, period: str, reason: str
) -> None:
    """Sign a period off, so that its totals may be published.

    Raises
    ------
    UsageError
        A break in a total is not explained, or no reason is given.
    ForbiddenError
        The role does not approve, or its scope is not the whole country.
    """
    who.must_see_all(person, APPROVE)
    if not reason.strip():
        raise UsageError("say why it is signed off, in a sentence")
    left = read(connection, form, period, open_only=True)
    if left:
        named = ", ".join(f"{b['kind']} {b['code']} {b['item']}" for b in left[:3])
        raise UsageError(
            f"{len(left)} breaks of {period} are not explained ({named}); say of each "
            "whether it is real, or of method, scope or unit"
        )
    connection.execute(
        text(
            "INSERT INTO period_sign_off (form, period, actor, reason) VALUES "
            "(:form, :period, :who, :reason) ON CONFLICT (form, period) DO UPDATE SET "
            "actor = excluded.actor, reason = excluded.reason, at = clock_timestamp()"
        ),
        {"form": form, "period": period, "who": person.id, "reason": reason},
    )
    who.note(
        connection, person, "sign_off", f"period:{form}/{period}", None, {"why": reason}
    )
