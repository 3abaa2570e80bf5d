"""Returns over HTTP: submitted with a key, their status and receipts asked for."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from flask import Blueprint, Response, jsonify, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ewater.errors import EWaterError, ForbiddenError
from ewater.reports import batch as batches
from ewater.reports import bulk, known, periods, seen, stored, who
from ewater.reports.who import Person
from ewater.store import audit, database, keys, landing

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ewater.reports.form import Form

LARGEST = 1 << 20
_FIELDS = ("form", "version", "unit", "sections", "reason")
_ACTS = frozenset({who.READ, who.REPORT})
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class RefusedError(Exception):
    """A request that is answered with an error."""

    status: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)


def blueprint(engine: Engine) -> Blueprint:
    """Routes over a database; nothing is asked of it until a request."""
    api = Blueprint("reports", __name__, url_prefix="/api/reports")

    @api.post("/<enterprise>/<period>")
    def submit(enterprise: str, period: str) -> Response:
        return _answered(engine, _submit, enterprise, period)

    @api.get("/<enterprise>/<period>")
    def status(enterprise: str, period: str) -> Response:
        return _answered(engine, _status, enterprise, period)

    return api


def _answered(engine: Engine, act: Any, enterprise: str, period: str) -> Response:
    person = None
    try:
        with engine.begin() as connection:
            person = _person(connection)
        with engine.begin() as connection:
            document, status = act(connection, person, enterprise, period)
        answer = jsonify(document)
        answer.status_code = status
        answer.headers["Cache-Control"] = "no-store"
    except RefusedError as error:
        answer = _error(error.status, error.message)
        answer.headers.update(error.headers)
    except ForbiddenError:
        _note(engine, person)
        answer = _error(403, "this key may not send or see returns of that enterprise")
    except EWaterError as error:
        answer = _error(400, str(error))
    except SQLAlchemyError as error:
        if not database.unreachable(error):
            raise
        _log.warning("a request could not reach the database: %s", error)
        answer = _error(503, "the database does not answer; nothing was kept")
        answer.headers["Retry-After"] = "5"
    return answer


def _error(status: int, message: str) -> Response:
    answer = jsonify({"error": message})
    answer.status_code = status
    return answer


def _note(engine: Engine, person: Person | None) -> None:
    """Say in the audit that a key asked for returns of somebody else."""
    with engine.begin() as connection:
        audit.record(
            connection,
            "refused.report",
            f"path:{request.path}"[:200],
            who=None if person is None else person.id,
            address=request.remote_addr,
        )


def _person(connection: Connection) -> Person:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    key = None
    if scheme == "Bearer":
        key = keys.Keyring().find(connection, given.strip())
    if key is None:
        message = "no key that holds; send Authorization: Bearer KEY (`ewater key add`)"
        raise RefusedError(401, message, {"WWW-Authenticate": "Bearer"})
    name, enterprises = keys.enterprises(connection, key)
    return Person(
        id=landing.person(connection, f"key:{name}"),
        name=f"key:{name}",
        acts=_ACTS if enterprises else frozenset(),
        enterprises=enterprises,
        address=request.remote_addr,
    )


def _submit(
    connection: Connection, person: Person, enterprise: str, period: str
) -> tuple[dict[str, Any], int]:
    who.allow(connection, person, who.REPORT, enterprise)
    _within_share(connection, person)
    said = _body()
    form = known.form_of(connection, said.get("form"))
    batch = batches.of_contents(
        form,
        [(enterprise, period)],
        [_sections(said)],
        units=[str(said.get("unit") or form.unit)],
    )
    if "version" in said:
        batch.form_version = np.array([said["version"]], dtype=object)
    taken = bulk.take(connection, person, batch, way="api", reason=said.get("reason"))
    findings = [f.document(_language(), form) for f in taken.findings]
    if taken.refused:
        return {"error": "the return has errors", "findings": findings}, 422
    if taken.receipts:
        return {"receipt": taken.receipts[0], "findings": findings}, 201
    head = _head(connection, form, enterprise, period)
    receipt = _receipt(connection, head, head.versions)
    return {"receipt": receipt, "findings": findings, "unchanged": True}, 200


def _status(
    connection: Connection, person: Person, enterprise: str, period: str
) -> tuple[dict[str, Any], int]:
    who.allow(connection, person, who.READ, enterprise)
    form = known.form_of(connection, request.args.get("form"))
    head = _head(connection, form, enterprise, period)
    found = seen.show(connection, person, head.id)
    return {
        "enterprise": head.enterprise,
        "form": head.form,
        "period": head.period,
        "state": head.state,
        "version": head.versions,
        "approved": head.approved,
        "remarks": [
            {k: r[k] for k in ("version", "section", "line", "column", "body")}
            for r in found["remarks"]
        ],
        "findings": [f.document(_language(), form) for f in found["findings"]],
        "receipts": [
            _receipt(connection, head, v["number"]) for v in found["versions"]
        ],
    }, 200


def _head(
    connection: Connection, form: Form, enterprise: str, period: str
) -> stored.Head:
    head = stored.find(connection, enterprise, form.form, str(periods.read(period)))
    if head is None:
        message = f"{enterprise} has sent no return of form {form.form} for {period}"
        raise RefusedError(404, message)
    return head


def _receipt(connection: Connection, head: stored.Head, number: int) -> dict[str, Any]:
    row = stored.version(connection, head.id, number)
    return {
        "receipt": f"{head.form}/{head.enterprise}/{head.period}/{number}",
        "version": number,
        "sha256": row["sha256"].hex(),
        "submitted_at": row["submitted_at"].isoformat(),
        "seal": row["receipt"].hex(),
        "decision": row["decision"],
    }


def _language() -> str:
    return request.accept_languages.best_match(("az", "en", "ru")) or "en"


def _body() -> dict[str, Any]:
    if (request.content_length or 0) > LARGEST:
        raise RefusedError(413, f"a return has at most {LARGEST:,} bytes")
    if request.mimetype != "application/json":
        raise RefusedError(415, "send Content-Type: application/json")
    try:
        said = json.loads(request.stream.read(LARGEST + 1))
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"the body is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise RefusedError(400, f"send an object with {', '.join(_FIELDS)}")
    if unknown := sorted(set(said) - set(_FIELDS)):
        raise RefusedError(
            400, f"unknown field {', '.join(unknown)}; use {', '.join(_FIELDS)}"
        )
    return said


def _sections(said: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    given = said.get("sections")
    fits = isinstance(given, dict) and all(
        isinstance(lines, list)
        and all(isinstance(line, dict) and _plain(line) for line in lines)
        for lines in given.values()
    )
    if not isinstance(given, dict) or not fits:
        wanted = '{"intake": [{"g4": "river", "g12": 500, ...}]}'
        raise RefusedError(400, f"sections is an object such as {wanted}")
    return given


def _plain(line: dict[str, Any]) -> bool:
    return all(v is None or isinstance(v, str | int | float) for v in line.values())


def _within_share(connection: Connection, person: Person) -> None:
    """Refuse a key that has sent as much in this minute as it may."""
    row = connection.execute(
        text(
            "SELECT k.per_minute, (SELECT count(*) FROM audit AS a "
            " WHERE a.actor = :who AND a.action = 'report.submit' "
            " AND a.at > clock_timestamp() - interval '1 minute') AS sent "
            "FROM push_key AS k WHERE k.name = :name"
        ),
        {"who": person.id, "name": person.name.removeprefix("key:")},
    ).one()
    if row.per_minute is not None and row.sent >= row.per_minute:
        message = "this key has sent its share of this minute"
        raise RefusedError(429, message, {"Retry-After": "60"})
