"""The page for everybody: published editions with their sealed figures, no script."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import TYPE_CHECKING, Any

from flask import Response, abort, request
from werkzeug.utils import secure_filename

from ewater.accounts.editions import results, show
from ewater.accounts.scope import Scope
from ewater.dashboard import format as fmt
from ewater.dashboard.access import refusals
from ewater.dashboard.exhibits.files import safe
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import STATUSES
from ewater.dashboard.pages.editions.lists import STATES, checked, exception
from ewater.dashboard.pages.editions.sealed import KEY, SIGNED
from ewater.dashboard.questions import editions as questions
from ewater.dashboard.words import year_words
from ewater.store import registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Blueprint
    from sqlalchemy import Engine

    from ewater.dashboard.access.guard import Guard
    from ewater.dashboard.i18n import Language

    Document = dict[str, Any]

#: What the template says besides the texts of other pages.
WORDS = (
    mark("Published editions"),
    mark("No edition has been published yet."),
    mark("This edition was withdrawn: {reason}"),
    mark("All sealed figures as CSV"),
    mark("From {start} to {end}, as known at {as_of}"),
)
_ALL = Scope()  # what is published is for everybody
_ABOUT = (
    "name",
    "territory",
    "period_start",
    "period_end",
    "step",
    "as_of",
    "state",
    "state_since",
    "root",
    "seal",
)


def register(pages: Blueprint, guard: Guard) -> None:
    """Serve ``/public`` and ``/public/figures.csv?edition=NAME``."""
    pages.get("/public", endpoint="public")(lambda: _page(guard.engine))
    pages.get("/public/figures.csv", endpoint="public_figures")(
        lambda: _csv(guard.engine, request.args.get("edition", ""))
    )


def _page(engine: Engine) -> Response:
    lang = refusals.asked_language()
    found = questions.editions(engine, _ALL, questions.PUBLIC)
    shown = [_shown(engine, row["name"], lang) for row in reversed(found)]
    return refusals.page("public.html", next="", editions=shown)


def _shown(engine: Engine, name: str, lang: Language) -> Document:
    """Put one edition in words."""
    row = _published(engine, name)
    cells = questions.figures(engine, _ALL, name, row["territory"], questions.PUBLIC)
    several = len({one["period"] for one in cells}) > 1
    figures = [
        _figure(one, lang)
        | {"period": _period(one["day"], row["step"], lang) if several else ""}
        for cell in KEY
        for one in sorted(cells, key=lambda one: str(one["period"]))
        if one["cell"] == cell
    ]
    notes = [
        lang.gettext("Sealed in spite of {name}: {why}").format(**exception(one, lang))
        for one in row["exceptions"]
    ]
    if row["exceptions_hidden"]:
        words = lang.gettext("{count} more exceptions concern what you may not see.")
        notes.append(words.format(count=lang.number(row["exceptions_hidden"])))
    notes.append(lang.gettext("Sealed rounded to 1 m³."))
    words = lang.gettext("From {start} to {end}, as known at {as_of}")
    zone = row["timezone"]
    times = {
        "start": lang.day(show.day(row["period_start"], zone)),
        "end": lang.day(show.day(row["period_end"], zone, last=True)),
    }
    state = STATES[row["state"]]
    return {
        "name": name,
        "territory": _name(engine, row["territory"], lang),
        "span": words.format(**times, as_of=_time(row["as_of"], lang)),
        "state": lang.gettext(state),
        "withdrawn": row["state"] == "withdrawn",
        "reason": row["reason"],
        "intact": checked(row["intact"], lang),
        "seal": row["seal"],
        "figures": figures,
        "several": several,
        "notes": notes,
    }


def _period(first: dt.date, step: str, lang: Language) -> str:
    """Name a period of an edition by its first day."""
    if step == "year":
        return year_words(first.year, first.month)
    return (
        f"{lang.month(first.month)} {first.year}"
        if step == "month"
        else lang.day(first)
    )


def _figure(one: Mapping[str, Any], lang: Language) -> Document:
    signed, label = one["cell"] in SIGNED, KEY[one["cell"]]
    return {
        "label": lang.gettext(label),
        "value": fmt.amount(one, lang, signed=signed),  # type: ignore[arg-type]
        "expanded": fmt.unsure(one, lang, signed=signed),  # type: ignore[arg-type]
        "coverage": fmt.percent(one["coverage"], lang),
        "status": one["status"],
        "status_words": lang.gettext(STATUSES.get(one["status"], one["status"])),
    }


def _csv(engine: Engine, name: str) -> Response:
    """Write the sealed figures of the edition's territory as they were signed."""
    row = _published(engine, name)
    cells = questions.figures(engine, _ALL, name, row["territory"], questions.PUBLIC)
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    for key in _ABOUT:
        lines.writerow([f"# {key}", safe(str(row[key]))])
    if row["state"] == "withdrawn":
        lines.writerow(["# reason", safe(row["reason"])])
    lines.writerow(results.COLUMNS)
    for one in cells:
        lines.writerow([_written(one[key]) for key in results.COLUMNS])
    answer = Response(
        "\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8"
    )
    file = f"ewater-edition-{secure_filename(name)}.csv"
    answer.headers.set("Content-Disposition", "attachment", filename=file)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _published(engine: Engine, name: str) -> Document:
    """Look up an edition that everybody may see; others are not there (404)."""
    row = questions.edition(engine, _ALL, name, questions.PUBLIC)
    if row is None:
        abort(404)
    return row


def _written(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        value = "; ".join(value)
    return safe(value) if isinstance(value, str) else value


def _name(engine: Engine, territory: str, lang: Language) -> str:
    with engine.connect() as connection:
        frame = registry.read_table(connection, "territories").set_index("code")
    if territory not in frame.index:
        return territory
    return (
        lang.pick({str(k): v for k, v in frame.loc[territory].items()}, "name_")
        or territory
    )


def _time(text: str, lang: Language) -> str:
    return lang.when(dt.datetime.fromisoformat(text))
