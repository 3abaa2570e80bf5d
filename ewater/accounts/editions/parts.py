"""The parts of an edition: texts, line by line, that its Merkle tree stands on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.accounts.editions import fingerprints, merkle, results, software
from ewater.accounts.editions.material import Material, table_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from sqlalchemy import Connection

    from ewater.accounts.editions.fingerprints import Prints
    from ewater.accounts.runs import Run

    Parts = Mapping[str, Sequence[str]]

PARAMETERS = "parameters.txt"
READINGS = "inputs/readings.txt"
CHUNKS = "inputs/chunks.txt"
VERDICTS = "inputs/verdicts.jsonl"
REGISTRY = "inputs/registry/"
CODE = "program/code.txt"
RULES = "program/rules.txt"
ENVIRONMENT = "program/environment.txt"
EXCEPTIONS = "exceptions.jsonl"
CELLS = "results/cells.csv"
FLOWS = "results/flows.csv"

#: Parts that say what the program was; another program may come to the same figures.
PROGRAM = (CODE, ENVIRONMENT)

# Chunks that hold what was visible then; compaction folds them, so that this part
# says where the readings stood at sealing, and nothing is compared with it alone.
_CHUNKS = text(
    """
    SELECT k.code, c.first_time, c.last_time, c.kind, c.count,
        encode(c.content_hash, 'hex') AS sha256
    FROM chunk AS c JOIN series_key AS k ON k.id = c.series_id
    LEFT JOIN load AS d ON d.id = c.load_id
    WHERE k.code = ANY(:codes) AND (c.kind <> 'delta' OR d.recorded_from <= :as_of)
    ORDER BY k.code COLLATE "C", c.first_time, c.kind, c.id
    """
)
_VERDICTS = text(
    """
    SELECT v.id, k.code AS series, v.starts, v.ends, v.level, v.flag, v.reason,
        v.author::text AS author, v.made
    FROM verdict AS v JOIN series_key AS k ON k.id = v.series_id
    WHERE k.code = ANY(:codes) AND v.made <= :as_of ORDER BY v.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Parts that were made of a material, with what they were made by."""

    parts: dict[str, list[str]]
    prints: Prints
    run: Run


def inputs(material: Material) -> tuple[dict[str, list[str]], Prints]:
    """Write what a material holds: parameters, registry and readings."""
    found = fingerprints.prints(material.readings)
    return {
        PARAMETERS: material.spec.lines(material.bounds),
        READINGS: found.lines,
        **tables(material.frames),
    }, found


def tables(frames: Mapping[str, pd.DataFrame]) -> dict[str, list[str]]:
    """Write the tables of the registry."""
    return {
        f"{REGISTRY}{name}.jsonl": table_lines(name, frame)
        for name, frame in frames.items()
    }


def program() -> dict[str, list[str]]:
    """Write what the program is."""
    return {
        CODE: list(software.code()),
        RULES: list(software.rules()),
        ENVIRONMENT: list(software.environment()),
    }


def beside(connection: Connection, material: Material) -> dict[str, list[str]]:
    """Write what a store knows besides: chunks, and verdicts of people."""
    asked = {
        "codes": [str(code) for code in material.readings["series"].values],
        "as_of": material.spec.as_of,
    }
    return {
        CHUNKS: [
            f"{row.code} {row.first_time.isoformat()} {row.last_time.isoformat()} "
            f"{row.kind} {row.count} {row.sha256}"
            for row in connection.execute(_CHUNKS, asked)
        ],
        VERDICTS: [
            merkle.canonical({k: _plain(v) for k, v in row._mapping.items()})
            for row in connection.execute(_VERDICTS, asked)
        ],
    }


def figures(material: Material) -> tuple[dict[str, list[str]], Run]:
    """Compute the account from the beginning and write its figures."""
    run = material.run()
    spec = material.spec
    return results.lines(run, spec.territory, spec.boundary), run


def roots(parts: Parts) -> dict[str, bytes]:
    """Root of the tree over the lines of each part."""
    return {name: merkle.root(lines) for name, lines in parts.items()}


def root(roots: Mapping[str, bytes]) -> bytes:
    """Root of an edition: the tree over names and roots of its parts."""
    return merkle.root(merkle.tree(roots))


def exceptions(lines: Sequence[str]) -> list[dict[str, Any]]:
    """Read the exceptions that an edition was sealed with."""
    return [json.loads(line) for line in lines]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
