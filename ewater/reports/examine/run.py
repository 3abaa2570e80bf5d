"""The whole cross-examination, and where its findings are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import text

from ewater.reports import batch as batches
from ewater.reports import ledger
from ewater.reports.examine import (
    around,
    facts,
    history,
    measured,
    partners,
    permits,
)
from ewater.reports.findings import Finding
from ewater.reports.words_examined import EXAMINED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from ewater.reports.batch import Batch
    from ewater.reports.examine.around import Around
    from ewater.reports.examine.facts import Facts
    from ewater.reports.form import Form

#: What a slip of the unit brings with it; such findings name it as their cause.
_OF_SLIPS = frozenset(
    {
        "over_limit", "no_permit", "pump_capacity", "meter", "pump_energy", "history",
        "mirror", "discharge_above_intake", "discharge_share",
    }
)  # fmt: skip
#: Of each return the version that counts for the others: the newest that was sent.
_NEWEST = (
    "SELECT r.id, r.enterprise, r.period, v.id AS version_id, v.content "
    "FROM enterprise_return AS r JOIN return_version AS v "
    "ON v.return_id = r.id AND v.number = r.versions WHERE r.form = :form "
)
_ALL = text(
    "SELECT v.id FROM enterprise_return AS r JOIN return_version AS v "
    "ON v.return_id = r.id AND v.number = r.versions WHERE r.form = :form"
)
_THESE = text(_NEWEST + "AND v.id = ANY(:ids) ORDER BY r.enterprise, r.period_start")
_OF = text(
    _NEWEST + "AND (r.enterprise = ANY(:own) OR (r.enterprise = ANY(:partners) "
    "AND r.period = ANY(:periods))) ORDER BY r.enterprise, r.period_start"
)
_SIDES = text(
    "SELECT unnest(partners) FROM enterprise_return WHERE form = :form "
    "AND enterprise = ANY(:own) AND period = ANY(:periods) "
    "UNION SELECT enterprise FROM enterprise_return WHERE form = :form "
    "AND partners <> '{}' AND partners && CAST(:own AS text[]) "
    "AND period = ANY(:periods)"
)


def examine(
    batch: Batch, surroundings: Around, found: Facts | None = None
) -> list[Finding]:
    """Cross-examine returns, all of them at once.

    Parameters
    ----------
    batch
        Returns of one form, those of other years and counterparties among them.
    surroundings
        Of all of them.

    Returns
    -------
    list of Finding
        Of every return. One that a slip of the unit explains names it as ``cause``;
        a jump that a meter confirms is a notice.
    """
    known = facts.facts(batch) if found is None else found
    seen = history.expected(known)
    pumps = surroundings.pump_m3h(known.enterprise)
    made = [
        *history.slips(known, seen),
        *history.jumps(known, seen),
        *history.copies(known),
        *history.repeats(known),
        *permits.over_limits(known, surroundings.permits, surroundings.zone),
        *permits.over_pumps(known, pumps, surroundings.zone),
        *measured.against(known, surroundings.meters, "meter"),
        *measured.against(known, surroundings.pumps, "pump_energy"),
        *partners.mirrors(known),
        *partners.outputs(known),
        *_quarters(known),
    ]
    return _settled(made, surroundings)


def _settled(found: list[Finding], surroundings: Around) -> list[Finding]:
    slipped = {f.owner for f in found if f.code == "unit_slip"}
    wrong = {f.owner for f in found if f.code == "meter"}
    seen = surroundings.meters
    read = seen.loc[seen["coverage"] >= measured.LEAST_COVERAGE, "owner"]
    confirmed = set(read.astype(int)) - wrong
    settled = []
    for finding in found:
        if finding.owner in slipped and finding.code in _OF_SLIPS:
            finding = replace(finding, cause="unit_slip")
        elif finding.code == "history" and finding.owner in confirmed:
            finding = replace(finding, severity="notice", cause="meter")
        settled.append(finding)
    return settled


def _quarters(known: Facts) -> Iterable[Finding]:
    """Find years of which the quarters say something else."""
    table = pd.DataFrame(
        {
            "e": known.enterprise,
            "y": known.year,
            "q": known.quarter,
            "v": known.intake,
            "owner": np.arange(len(known)),
        }
    )
    parts = (
        table[table["q"] > 0]
        .groupby(["e", "y"])
        .agg(total=("v", "sum"), count=("q", "nunique"))
    )
    whole = table[table["q"] == 0].merge(parts, on=["e", "y"])
    step = known.batch.form.step * known.batch.form.factor
    apart = (whole["v"] - whole["total"]).abs()
    wrong = whole[(whole["count"] == 4) & (apart > 12 * step)]
    for row in wrong.to_dict("records"):
        yield Finding(
            code="quarters_differ",
            severity="notice",
            owner=int(row["owner"]),
            size_m3=float(abs(row["v"] - row["total"])),
            values={"value": row["v"] / 1000, "other": row["total"] / 1000},
        )


class Fresh(NamedTuple):
    """Returns that were kept just now, and need not be read back."""

    batch: Batch
    owners: Sequence[int]  # positions of those that were kept
    versions: Sequence[int]  # numbers of their versions in the store


def everything(
    connection: Connection,
    form: Form,
    *,
    fresh: Fresh | None = None,
    mark: bool = True,
) -> tuple[Batch, list[Finding]] | None:
    """Examine the newest version of every return of a form, and keep the findings.

    Parameters
    ----------
    fresh
        Returns that were kept in this transaction; the others are read.
    mark
        Whether the versions do not have the time of this examination yet.

    Returns
    -------
    batch, findings
        None where nothing was returned.
    """
    kept = list(fresh.versions) if fresh else []
    asked = {"form": form.form}
    others = sorted(set(connection.scalars(_ALL, asked)).difference(kept))
    rows = connection.execute(_THESE, {**asked, "ids": others}).all() if others else []
    batch = _batch(form, rows)
    if fresh:
        batch = batches.joined(fresh.batch, fresh.owners, batch)
    if not len(batch):
        return None
    known = facts.facts(batch)
    found = examine(batch, around.read(connection, known), known)
    versions = [*kept, *(row.version_id for row in rows)]
    placed = [(versions[finding.owner], finding) for finding in found]
    keep(connection, versions, placed, mark=mark)
    return batch, found


class Seen(NamedTuple):
    """Returns with their own past and counterparties, as they are examined."""

    rows: Sequence[Any]  # id, enterprise, period, version_id, content
    facts: Facts
    around: Around


def look_at(connection: Connection, form: Form, numbers: Sequence[int]) -> Seen:
    """Read returns with the other years and the counterparties of their enterprises."""
    heads = connection.execute(
        text(
            "SELECT enterprise, period, period_start FROM enterprise_return "
            "WHERE id = ANY(:ids)"
        ),
        {"ids": list(numbers)},
    ).all()
    own = sorted({row.enterprise for row in heads})
    asked = {
        "form": form.form,
        "own": own,
        "partners": _partners(connection, form, heads),
        "periods": sorted({row.period for row in heads}),
    }
    rows = connection.execute(_OF, asked).all()
    known = facts.facts(_batch(form, rows))
    return Seen(rows, known, around.read(connection, known, own))


def examine_some(
    connection: Connection, form: Form, numbers: Sequence[int]
) -> list[tuple[int, Finding]]:
    """Examine some returns against their own past and their counterparties."""
    rows, known, surroundings = look_at(connection, form, numbers)
    found = examine(known.batch, surroundings, known)
    wanted = set(numbers)
    mine = [n for n, row in enumerate(rows) if row.id in wanted]
    versions = [rows[n].version_id for n in mine]
    chosen = set(mine)
    placed = [(rows[f.owner].version_id, f) for f in found if f.owner in chosen]
    keep(connection, versions, placed)
    return placed


def _partners(connection: Connection, form: Form, heads: Sequence[Any]) -> list[str]:
    """Name the other sides of returns: whom they name, and who names them."""
    asked = {
        "form": form.form,
        "own": sorted({row.enterprise for row in heads}),
        "periods": sorted({row.period for row in heads}),
    }
    return sorted(connection.scalars(_SIDES, asked))


def _batch(form: Form, rows: Sequence[Any]) -> Batch:
    return batches.of_contents(
        form,
        [(row.enterprise, row.period) for row in rows],
        [row.content for row in rows],
    )


def keep(
    connection: Connection,
    versions: Sequence[int],
    placed: Sequence[tuple[int, Finding]],
    *,
    mark: bool = True,
) -> None:
    """Replace what earlier examinations found in some versions."""
    asked = {"versions": list(versions), "codes": sorted(EXAMINED)}
    connection.execute(
        text(
            "DELETE FROM return_finding WHERE version_id = ANY(:versions) "
            "AND code = ANY(:codes)"
        ),
        asked,
    )
    ledger.copy(connection, "return_finding", rows(placed))
    if not mark:
        return
    connection.execute(
        text(
            "UPDATE return_version SET examined_at = clock_timestamp() "
            "WHERE id = ANY(:versions)"
        ),
        {"versions": list(versions)},
    )


def rows(placed: Sequence[tuple[int, Finding]]) -> pd.DataFrame:
    """Write findings as rows of the store."""
    return pd.DataFrame(
        {
            "version_id": [version for version, _ in placed],
            **{
                name: pd.Series([getattr(f, name) for _, f in placed], dtype=object)
                for name in (
                    "code", "severity", "section", "line", "column", "place",
                    "size_m3", "cause",
                )
            },
            "evidence": [json.dumps(dict(f.values), default=str) for _, f in placed],
        }
    )  # fmt: skip
