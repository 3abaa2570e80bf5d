"""Returns of a country folder taken into the database, as `carry` wrote them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from sqlalchemy import text

from ewater.errors import Fault, FaultsError, UsageError
from ewater.reports import carry_figures, known, ledger, periods, receipts, ways
from ewater.reports.carry import FILE, FLAT
from ewater.store.tables.returns import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from ewater.reports.form import Form
    from ewater.reports.who import Person

    Document = dict[str, Any]

_WANTED = {"enterprise", "form", "period", "state", "versions"}


class Loaded(NamedTuple):
    """What a folder brought: returns that are new, and those that were there."""

    new: int
    unchanged: int


def load(connection: Connection, folder: Path, person: Person) -> Loaded | None:
    """Take the returns of a country folder, all of them or none.

    A return that is there with the same versions is left as it is. New ones are
    cross-examined among all.

    Returns
    -------
    Loaded
        None where the folder has none.

    Raises
    ------
    FaultsError
        A line is no document of this file, a version is not what was sealed, a return
        is there with other versions, or the figures of an approved one stand otherwise
        in the registry; every fault with its line.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    faults: list[Fault] = []
    lines = list(_lines(path.read_bytes(), faults))
    work = _Load(connection, person, faults)
    with_versions = [(n, line) for n, line in lines if "versions" in line]
    fresh = [(n, line) for n, line in with_versions if work.must_take(n, line)]
    if not faults:
        found = carry_figures.apart(connection, work.forms, work.zone, fresh)
        faults += [_fault(one.line, "versions", one.said, one.right) for one in found]
    if faults:
        raise FaultsError(faults)
    work.flat([line for _, line in lines if "versions" not in line])
    work.take([line for _, line in fresh])
    for form in work.forms.values():
        if any(line["form"] == form.form for _, line in fresh):
            ways.examine(connection, form)
    return Loaded(len(fresh), len(with_versions) - len(fresh))


def _fault(line: int, column: str | None, message: str, allowed: str) -> Fault:
    return Fault(file=FILE, line=line, column=column, message=message, allowed=allowed)


def _lines(raw: bytes, faults: list[Fault]) -> Iterator[tuple[int, Document]]:
    for number, line in enumerate(raw.splitlines(), 1):
        try:
            said = json.loads(line)
        except ValueError as error:
            faults.append(
                _fault(number, None, f"is no JSON: {error}", "what dump wrote")
            )
            continue
        wanted = {"enterprise", "form", "period", "state", "versions"}
        if isinstance(said, dict) and (
            wanted <= said.keys() or said.keys() <= FLAT.keys()
        ):
            yield number, said
            continue
        faults.append(
            _fault(number, None, "is no return, key, deadline, break or sign-off",
                   "a line as `ewater dump` writes it")
        )  # fmt: skip


class _Load:
    """Returns of one file on their way into one database."""

    def __init__(
        self, connection: Connection, person: Person, faults: list[Fault]
    ) -> None:
        self.connection, self.person, self.faults = connection, person, faults
        self.zone = known.zone_of(connection)
        self.forms: dict[str, Form] = {}
        self.there = self._there()
        self.codes = set(
            connection.scalars(
                text("SELECT code FROM enterprises WHERE recorded_to IS NULL")
            )
        )
        self.seen: set[tuple[str, str, str]] = set()

    def _there(self) -> dict[tuple[str, str, str], list[bytes]]:
        rows = self.connection.execute(
            text(
                "SELECT r.enterprise, r.form, r.period, "
                "array_agg(v.sha256 ORDER BY v.number) FILTER (WHERE v.id IS NOT NULL) "
                "FROM enterprise_return AS r LEFT JOIN return_version AS v "
                "ON v.return_id = r.id GROUP BY r.id"
            )
        )
        return {(e, f, p): list(kept or ()) for e, f, p, kept in rows}

    def must_take(self, number: int, line: Document) -> bool:
        """Whether a return is new; what is wrong with it goes to the faults."""
        key = (str(line["enterprise"]), str(line["form"]), str(line["period"]))
        before = len(self.faults)
        try:
            for problem in self._problems(line, key):
                self.faults.append(_fault(number, *problem))
        except (KeyError, TypeError, ValueError, UsageError) as error:
            words = f"cannot be read: {type(error).__name__}: {error}"
            self.faults.append(
                _fault(number, None, words, "a line as `ewater dump` writes it")
            )
        self.seen.add(key)
        if len(self.faults) > before:
            return False
        kept = self.there.get(key)
        if kept is None:
            return True
        given = [base64.b64decode(v["sha256"]) for v in line["versions"]]
        if given != kept:
            self.faults.append(
                _fault(number, "versions",
                       f"the return of {key[0]} for {key[2]} is there with others",
                       "a database without it, or a correction by `ewater report`")
            )  # fmt: skip
        return False

    def _problems(
        self, line: Document, key: tuple[str, str, str]
    ) -> Iterator[tuple[str | None, str, str]]:
        enterprise, code, period = key
        if enterprise not in self.codes:
            yield ("enterprise", f"no enterprise has the code {enterprise!r}",
                   "a code of enterprises.csv")  # fmt: skip
        if key in self.seen:
            yield ("period", f"the return of {enterprise} for {period} stands twice",
                   "one line")  # fmt: skip
        if line["state"] not in STATES:
            yield "state", f"{line['state']!r} is no state", ", ".join(STATES)
        periods.read(period)
        self.forms.setdefault(code, known.form_of(self.connection, code))
        earlier: bytes | None = None
        for at, version in enumerate(line["versions"], 1):
            made = self._sealed(key, version, earlier)
            earlier = base64.b64decode(version["receipt"])
            digest = base64.b64decode(version["sha256"])
            if version["number"] != at or made != (digest, earlier):
                yield ("versions", f"version {at} is not what was sealed",
                       "the file as it was written")  # fmt: skip

    def _sealed(
        self, key: tuple[str, str, str], version: Document, earlier: bytes | None
    ) -> tuple[bytes, bytes]:
        form = known.form_of(self.connection, key[1], version["form_version"])
        digest = receipts.sha256(
            receipts.sealed(
                key[0], key[1], form.version, key[2], form.unit, version["content"]
            )
        )
        made = receipts.receipt(
            key[0], key[1], key[2], version["number"], digest,
            datetime.fromisoformat(version["submitted_at"]), earlier,
        )  # fmt: skip
        return digest, bytes.fromhex(made["seal"])

    def flat(self, lines: Sequence[Document]) -> None:
        """Keep keys, deadlines, breaks and sign-offs that are not there."""
        for line in lines:
            for name, row in line.items():
                table, columns = FLAT[name]
                keys = [column.strip() for column in columns.split(",")]
                values = {k: row.get(k) for k in keys}
                if name == "break":
                    values["evidence"] = json.dumps(values["evidence"])
                explained = name != "break" or values["reason"] is not None
                values["actor"] = self.person.id if explained else None
                named = ", ".join(values)
                marks = ", ".join(f":{key}" for key in values)
                self.connection.execute(
                    text(
                        f"INSERT INTO {table} ({named}) VALUES ({marks}) "  # noqa: S608 - constants
                        "ON CONFLICT DO NOTHING"
                    ),
                    values,
                )

    def take(self, lines: Sequence[Document]) -> None:
        """Keep returns with all that belongs to them."""
        if not lines:
            return
        ids = self._heads(lines)
        self._copy("return_version", lines, ids, "versions", self._version)
        self._copy("return_remark", lines, ids, "remarks", lambda row: dict(row))
        self._copy(
            "return_draft", lines, ids, "drafts",
            lambda row: {**row, "content": receipts.text(row["content"])},
        )  # fmt: skip
        self._findings(lines, ids)
        for line, number in zip(lines, ids, strict=True):
            for signature in line.get("signatures", ()):
                self._signature(number, signature)
        self.connection.execute(
            text(
                "UPDATE enterprise_return AS q SET superseded_by = r.id "
                "FROM enterprise_return AS r WHERE r.id = ANY(:ids) "
                "AND r.approved IS NOT NULL AND q.enterprise = r.enterprise "
                "AND q.form = r.form AND q.id <> r.id "
                "AND q.period_start >= r.period_start AND q.period_end <= r.period_end"
            ),
            {"ids": ids},
        )

    def _heads(self, lines: Sequence[Document]) -> list[int]:
        spans = {
            p: periods.read(p).edges(self.zone) for p in {x["period"] for x in lines}
        }
        ledger.copy(
            self.connection,
            "enterprise_return",
            pd.DataFrame(
                [
                    {
                        **{k: x[k] for k in ("enterprise", "form", "period", "state")},
                        "period_start": spans[x["period"]][0],
                        "period_end": spans[x["period"]][1],
                        "edits": x["edits"],
                        "versions": len(x["versions"]),
                        "approved": x["approved"],
                        "partners": "{"
                        + ",".join(f'"{c}"' for c in x["partners"])
                        + "}",
                    }
                    for x in lines
                ]
            ).astype({"approved": "Int64"}),
        )
        rows = self.connection.execute(
            text("SELECT id, enterprise, form, period FROM enterprise_return")
        )
        known_ = {(r.enterprise, r.form, r.period): r.id for r in rows}
        return [known_[x["enterprise"], x["form"], x["period"]] for x in lines]

    def _version(self, row: Mapping[str, Any]) -> Document:
        counted = row["counted"]
        kept = {key: row[key] for key in row if key != "counted"}
        return kept | {
            "content": receipts.text(row["content"]),
            "sha256": "\\x" + base64.b64decode(row["sha256"]).hex(),
            "receipt": "\\x" + base64.b64decode(row["receipt"]).hex(),
            "submitted_by": str(self.person.id),
            "decided_by": str(self.person.id) if row["decision"] else None,
            # the ledger of this database sees it from now on
            "recorded_at": datetime.now(UTC).isoformat() if counted else None,
        }

    def _copy(
        self,
        table: str,
        lines: Sequence[Document],
        ids: Sequence[int],
        part: str,
        made: Callable[[Mapping[str, Any]], Document],
    ) -> None:
        actor = {} if part == "versions" else {"actor": str(self.person.id)}
        rows = [
            {"return_id": number, **made(row), **actor}
            for line, number in zip(lines, ids, strict=True)
            for row in line.get(part, ())
        ]
        ledger.copy(self.connection, table, pd.DataFrame(rows, dtype=object))

    def _findings(self, lines: Sequence[Document], ids: Sequence[int]) -> None:
        versions = self.connection.execute(
            text(
                "SELECT return_id, number, id FROM return_version "
                "WHERE return_id = ANY(:ids)"
            ),
            {"ids": list(ids)},
        )
        version_of = {(row.return_id, row.number): row.id for row in versions}
        rows = [
            {
                **{key: row[key] for key in row if key != "version"},
                "version_id": version_of[number, row["version"]],
                "evidence": json.dumps(row["evidence"]),
            }
            for line, number in zip(lines, ids, strict=True)
            for row in line.get("findings", ())
        ]
        ledger.copy(self.connection, "return_finding", pd.DataFrame(rows, dtype=object))

    def _signature(self, number: int, row: Mapping[str, Any]) -> None:
        self.connection.execute(
            text(
                "INSERT INTO return_signature (version_id, kind, signature, signer, "
                "trust_id, verified_at) SELECT v.id, :kind, :signature, :signer, t.id, "
                ":verified_at FROM return_version AS v, return_trust AS t "
                "WHERE v.return_id = :number AND v.number = :version "
                "AND t.name = :trust"
            ),
            {**row, "number": number, "signature": base64.b64decode(row["signature"])},
        )
