"""Push endpoint: a body is committed to the database before it is acknowledged."""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from ewater.errors import FaultsError
from ewater.ingest.push import body as bodies
from ewater.ingest.push.batch import line_in_post
from ewater.store import database, keys, posts, sources
from ewater.store.keys import Keyring

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ewater.store.keys import Key

LARGEST = 1 << 20  # bytes as sent
LARGEST_UNPACKED = 8 << 20
_RETRY_S = 5
_FORMATS = {"text/csv": "csv", "application/json": "json"}
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class RefusedError(Exception):
    """A request that is answered with an error."""

    status: int
    message: str
    headers: dict[str, str]


def blueprint(engine: Engine) -> Blueprint:
    """Routes of the endpoint over a database; nothing is asked of it until a post."""
    api = Blueprint("push", __name__, url_prefix="/api/push")
    keyring = Keyring()
    engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    @api.post("/readings")
    def readings() -> Response:
        return _answered(engine, keyring, _post)

    @api.post("/sources/<name>")
    def source(name: str) -> Response:
        return _answered(engine, keyring, _post, name)

    @api.get("/receipts/<int:number>")
    def receipt(number: int) -> Response:
        return _answered(engine, keyring, _receipt, number)

    return api


def make() -> Flask:
    """Make an application of the endpoint alone, over the store of this environment."""
    from ewater.settings import settings
    from ewater.store import cluster

    engine = database.connect(cluster.database_url(settings()))
    with database.refusals_named():
        database.migrate(engine)
    engine.dispose()  # a connection must not be shared with forked workers
    app = Flask("ewater.push")
    app.register_blueprint(blueprint(engine))
    return app


def _answered(engine: Engine, keyring: Keyring, act: Any, *arguments: Any) -> Response:
    """Do one thing on a connection that commits each statement, or say why not."""
    try:
        with engine.connect() as connection:
            key = _key(connection, keyring)
            answer: Response = act(connection, key, *arguments)
            return answer
    except RefusedError as error:
        answer = _error(error.status, error.message)
        answer.headers.update(error.headers)
    except FaultsError as error:
        faults = [str(fault) for fault in error.faults]
        message = "the body is refused; nothing of it was kept"
        answer = jsonify({"error": message, "faults": faults})
        answer.status_code = 400
    except SQLAlchemyError as error:
        if not database.unreachable(error):
            raise
        answer = _unavailable(error)
    return answer


def _unavailable(error: Exception) -> Response:
    _log.warning("a request could not reach the database: %s", error)
    answer = _error(
        503, "the database does not answer; nothing was kept, send it again"
    )
    answer.headers["Retry-After"] = str(_RETRY_S)
    return answer


def _error(status: int, message: str) -> Response:
    answer = jsonify({"error": message})
    answer.status_code = status
    return answer


def _key(connection: Connection, keyring: Keyring) -> Key:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    key = keyring.find(connection, given.strip()) if scheme == "Bearer" else None
    if key is None:
        raise _unknown_key()
    return key


def _unknown_key() -> RefusedError:
    return RefusedError(
        401,
        "no key that holds; send Authorization: Bearer KEY (`ewater key add`)",
        {"WWW-Authenticate": "Bearer"},
    )


def _post(connection: Connection, key: Key, source: str | None = None) -> Response:
    format = _format() if source is None else _of_source(connection, source)
    body = _body()
    if format != "profile":
        bodies.check(body, format)
    receipt = posts.keep_by_key(
        connection, body, key=key.id, format=format, source=source
    )
    if receipt is None:
        raise _not_kept(connection, key)
    answer = jsonify({"receipt": receipt})
    answer.status_code = 202
    answer.headers["Location"] = f"/api/push/receipts/{receipt}"
    return answer


def _not_kept(connection: Connection, key: Key) -> RefusedError:
    """Why the statement kept nothing: the key was taken back, or sent its share."""
    if keys.hold(connection, key):
        message = "this key has sent its share of this minute"
        return RefusedError(429, message, {"Retry-After": "60"})
    return _unknown_key()


def _format() -> str:
    given = (request.mimetype or "").lower()
    if given not in _FORMATS:
        known = " or ".join(_FORMATS)
        raise RefusedError(415, f"Content-Type {given!r} is unknown; send {known}", {})
    return _FORMATS[given]


def _of_source(connection: Connection, name: str) -> str:
    """Format of the posts of a source.

    Raises
    ------
    RefusedError
        There is none of this name that takes posts.
    """
    found = sources.find(connection, name)
    if found is None or found.kind != "push":
        raise RefusedError(404, f"no source {name!r} takes posts", {})
    if found.paused:
        message = f"source {name!r} is paused"
        raise RefusedError(503, message, {"Retry-After": "600"})
    return _format() if found.profile is None else "profile"


def _body() -> bytes:
    """Read the whole body, unpacked; no more than is allowed."""
    announced = request.content_length
    if announced is None:
        raise RefusedError(411, "send Content-Length", {})
    if announced > LARGEST:
        raise _too_large(LARGEST)
    raw = request.stream.read(announced)
    if len(raw) < announced:
        message = f"the body ends after {len(raw)} of {announced} bytes"
        raise RefusedError(400, message, {})
    packing = request.headers.get("Content-Encoding", "identity").lower()
    if packing == "identity":
        return raw
    if packing != "gzip":
        message = f"Content-Encoding {packing!r} is unknown; send gzip or none"
        raise RefusedError(415, message, {})
    return _unpacked(raw)


def _unpacked(raw: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(raw, LARGEST_UNPACKED)
    except zlib.error as error:
        raise RefusedError(400, f"the body is no gzip: {error}", {}) from error
    if unpacker.unconsumed_tail:
        raise _too_large(LARGEST_UNPACKED)
    if not unpacker.eof or unpacker.unused_data:
        raise RefusedError(400, "the gzip of the body is not whole", {})
    return body


def _too_large(limit: int) -> RefusedError:
    return RefusedError(413, f"a post has at most {limit:,} bytes; send several", {})


def _receipt(connection: Connection, key: Key, number: int) -> Response:
    found = posts.receipt(connection, number, key.id)
    if found is None:
        raise RefusedError(404, f"this key has no receipt {number}", {})
    first = found["first_line"]
    rejects = [
        {
            "line": line_in_post(found["format"], row["line"], first),
            **{name: row[name] for name in ("column", "reason", "detail", "raw")},
            "state": _row_state(row),
        }
        for row in found["rejects"]
    ]
    return jsonify(
        {
            "receipt": number,
            "received_at": found["received_at"].isoformat(),
            "sha256": found["sha256"].hex(),
            "state": _state(found),
            "load": found["load_id"],
            "rows": None if first is None else found["last_line"] - first + 1,
            "rejected": rejects,
            "error": found["error"],
        }
    )


def _state(found: dict[str, Any]) -> str:
    if found["load_id"] is not None:
        return "loaded"
    return "waiting" if found["error"] is None else "set aside"


def _row_state(row: dict[str, Any]) -> str:
    if row["resolved_by"] is not None:
        return f"loaded later, load {row['resolved_by']}"
    return "held" if row["held"] else "rejected"
