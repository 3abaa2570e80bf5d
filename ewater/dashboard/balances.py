"""The balance as JSON for programs: what `ewater balance --format json` writes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from ewater.accounts.in_memory import VERSIONS
from ewater.accounts.render import as_json
from ewater.dashboard.answers import Basis
from ewater.dashboard.pages import opening
from ewater.errors import EWaterError, ForbiddenError, NotReadyError, UsageError
from ewater.terms import STEPS

if TYPE_CHECKING:
    from ewater.dashboard.queries import CachedReader

_NEEDED = ("territory", "from", "to")
_DEFAULTS = {
    "step": "year",
    "boundary": "managed",
    "calendar": "",
    "as_of": "",
    "figures": "raw",
}
BOUNDARIES = ("managed", "water_resources", "territory")


def blueprint(reader: CachedReader) -> Blueprint:
    """Serve ``GET /api/balance`` to whoever may see accounts, in their scope."""
    made = Blueprint("balances", __name__)

    @made.get("/api/balance")
    def balance() -> Response:
        opening.require(opening.OVERSEE)
        try:
            document = _asked(reader, request.args.to_dict(flat=False))
        except ForbiddenError:
            raise
        except NotReadyError as error:
            return _json({"error": str(error)}, 409)
        except EWaterError as error:
            return _json({"error": str(error)}, 400)
        return _json(document, 200)

    return made


def _asked(reader: CachedReader, given: dict[str, list[str]]) -> Any:
    known = (*_NEEDED, *_DEFAULTS)
    strange = sorted(set(given) - set(known))
    if strange:
        raise UsageError(
            f"{', '.join(strange)} is not known; ask by {', '.join(known)}"
        )
    lacks = [name for name in _NEEDED if name not in given]
    if lacks:
        raise UsageError(f"give {', '.join(lacks)}")
    said = _DEFAULTS | {name: values[-1] for name, values in given.items()}
    _one_of("step", said["step"], STEPS)
    _one_of("boundary", said["boundary"], BOUNDARIES)
    _one_of("figures", said["figures"], VERSIONS)
    return reader.document(
        said["territory"],
        _day("from", said["from"]),
        _day("to", said["to"]),
        said["step"],
        said["boundary"],
        Basis(said["calendar"], _instant(said["as_of"]), said["figures"]),
    )


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"{name} {value!r} is not known; choose {', '.join(known)}")


def _day(name: str, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{name} {text!r} is no day such as 2023-01-01") from error


def _instant(text: str) -> str:
    """Check a time with its offset; empty: now."""
    if not text:
        return ""
    try:
        # a + in an address that was not quoted arrives as a blank
        moment = dt.datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"as_of {text!r} is no time such as 2026-03-01T00:00:00+04:00")
    return moment.isoformat()


def _json(document: Any, status: int) -> Response:
    return Response(
        f"{as_json(document)}\n", status=status, mimetype="application/json"
    )
