"""What the reporter does: typing is saved, submitting seals, by role and scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, html, no_update
from dash.exceptions import PreventUpdate

from ewater.dashboard import acting, view
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.returns import about
from ewater.dashboard.pages.returns.form import collected, written
from ewater.dashboard.reasons import why_not
from ewater.errors import EWaterError, ForbiddenError
from ewater.reports import known, online, stored, who, words, workflow
from ewater.reports.workflow import OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash import Dash
    from sqlalchemy import Connection

    from ewater.dashboard.i18n import Language
    from ewater.reports.findings import Finding
    from ewater.reports.form import Form
    from ewater.reports.who import Person
    from ewater.reports.workflow import Saved

    Data = Mapping[str, Any]
    Ids = Sequence[Mapping[str, str]]

SAVED = mark("Saved.")
_MERGED = mark("Saved, together with what {who} changed meanwhile.")
_SUBMITTED = mark("Submitted. Receipt {receipt}, hash {hash}.")
_NOT = mark("Nothing was submitted: {why}")
_WRONG = mark("Nothing was submitted: put the errors below right first.")
_CORRECTING = mark("A correction was begun. The approved version counts meanwhile.")
_CELL = {"type": "cell", "at": ALL}


def register(app: Dash) -> None:
    """Connect typing and the buttons."""
    _register_typing(app)
    _register_acts(app)


def _register_typing(app: Dash) -> None:
    @app.callback(
        Output(_CELL, "value"),
        Output(_CELL, "error"),
        Output("returns-said", "children"),
        Output("returns-findings", "children"),
        Output("returns-conflict", "children"),
        Output("returns-at", "data", allow_duplicate=True),
        Input(_CELL, "value"),
        State(_CELL, "id"),
        State("returns-at", "data"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def typed(
        values: Sequence[Any], ids: Ids, at: Data | None, data: Data
    ) -> list[Any]:
        _, lang = view.opened(data)
        if not at or not ids:
            raise PreventUpdate
        if acting.person() is None:  # the form is shown, and fixed
            same = [no_update] * len(ids)
            return [same, same, no_update, about.unchecked(lang), no_update, no_update]
        engine, person = acting.store()
        with engine.begin() as connection:
            work = _Work(connection, person, at, lang)
            return work.typed(ids, values)


class _Work:
    """One return that is typed at, within one transaction."""

    def __init__(
        self, connection: Connection, person: Person, at: Data, lang: Language
    ) -> None:
        self.connection, self.person, self.at, self.lang = connection, person, at, lang
        self.place = (str(at["enterprise"]), str(at["form"]), str(at["period"]))
        who.allow(connection, person, who.READ, self.place[0])
        self.form: Form = known.form_of(connection, self.place[1])

    def typed(self, ids: Ids, values: Sequence[Any]) -> list[Any]:
        """Save what differs from what was shown, and check all of it."""
        content = self.content(ids, values)
        head = stored.find(self.connection, *self.place)
        changes = online.compact(content) != self.at["shown"]
        is_open = head is None or head.state in OPEN
        saved = None
        if changes and is_open and self.person.may(who.REPORT):
            head, saved = online.keep(
                self.connection,
                self.person,
                self.place,
                content,
                edits=int(self.at["edits"]),
            )
        given = online.compact(content)
        _, found = workflow.check(
            self.connection, self.form, self.place[0], self.place[2], given
        )
        return [
            self._values(ids, values, content, saved),
            self._errors(ids, content, found),
            self._said(head, saved),
            about.findings(found, self.form, _rows(content), self.lang),
            self._conflict(head, saved),
            self._at(content, saved),
        ]

    def content(self, ids: Ids, values: Sequence[Any]) -> dict[str, Any]:
        """Read the cells of the page, and fill in what the register knows."""
        facts = known.read(self.connection, self.form, [self.place[0]])
        permits: list[Any] = facts.permits.to_dict("records")
        given = collected(self.form, ids, values)
        return online.filled(self.form, permits, given, facts.zone)

    def _values(
        self, ids: Ids, values: Sequence[Any], content: Data, saved: Saved | None
    ) -> list[Any]:
        """Values that the system fills in, or another person saved meanwhile."""
        lines = dict(content)
        if saved is not None and saved.merged and not saved.conflicts:
            for section, at in _rows(content).items():
                merged = saved.content.get(section, [])
                lines[section] = list(content[section])
                for place, line in zip(at, merged, strict=False):
                    lines[section][place] = line
        found = []
        for one, value in zip(ids, values, strict=True):
            section, line, key = one["at"].split(".")
            new = written(lines[section][int(line)].get(key), self.lang)
            found.append(no_update if new == (value or "") else new)
        return found

    def _errors(
        self, ids: Ids, content: Data, found: Sequence[Finding]
    ) -> list[str | None]:
        rows = _rows(content)
        said: dict[str, str] = {}
        for one in found:
            place = about.place_of(one, rows)
            if place is not None:
                key = ".".join(map(str, place))
                words_ = words.say(one.code, self.lang.code, one.values, self.form)
                said.setdefault(key, words_)
        return [said.get(one["at"]) for one in ids]

    def _said(self, head: Any, saved: Saved | None) -> Any:
        say = self.lang.gettext
        if saved is None:
            return no_update  # what a button said stays
        if saved.conflicts:
            return ""
        if saved.merged:
            author = online.author(self.connection, head.id) or ""
            return say(_MERGED).format(who=author)
        return say(SAVED)

    def _conflict(self, head: Any, saved: Saved | None) -> Any:
        if saved is None or not saved.conflicts:
            return []
        author = online.author(self.connection, head.id) or ""
        return about.conflict(saved.conflicts, author, self.form, self.lang)

    def _at(self, content: Data, saved: Saved | None) -> Any:
        if saved is None or saved.conflicts:
            return no_update  # what it is based on stays what it was
        return {**self.at, "edits": saved.edits, "shown": saved.content}

    def kept(self, ids: Ids, values: Sequence[Any], *, mine: bool = False) -> Any:
        """Save all that stands on the page."""
        content = self.content(ids, values)
        return online.keep(
            self.connection,
            self.person,
            self.place,
            content,
            edits=int(self.at["edits"]),
            mine=mine,
        )


def _rows(content: Data) -> dict[str, list[int]]:
    """Place on the page of every line that has something in it, by section."""
    return {
        section: [n for n, line in enumerate(lines) if online.compact({"": [line]})]
        for section, lines in content.items()
    }


def _register_acts(app: Dash) -> None:
    @app.callback(
        Output("returns-said", "children", allow_duplicate=True),
        Output("returns-redraw", "data"),
        Output("returns-conflict", "children", allow_duplicate=True),
        Input({"type": "returns-act", "act": ALL}, "n_clicks"),
        State(_CELL, "value"),
        State(_CELL, "id"),
        State("returns-reason", "value"),
        State("returns-at", "data"),
        State("returns-redraw", "data"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def act(
        clicks: Sequence[int | None],
        values: Sequence[Any],
        ids: Ids,
        reason: str | None,
        at: Data | None,
        redraw: Data | None,
        data: Data,
    ) -> Any:
        _, lang = view.opened(data)
        if not at or not any(clicks) or not ctx.triggered_id:
            raise PreventUpdate
        name = str(ctx.triggered_id["act"])
        count = {"n": (redraw or {}).get("n", 0) + 1, "extra": {}}
        engine, person = acting.store()
        try:
            if name == "submit":
                return _submit(engine, person, at, lang, (ids, values), reason, count)
            with engine.begin() as connection:
                work = _Work(connection, person, at, lang)
                said = _act(work, name, ids, values, reason, count)
        except ForbiddenError:
            raise
        except EWaterError as error:
            return (
                lang.gettext(_NOT).format(why=why_not(error, lang)),
                no_update,
                no_update,
            )
        return said, count, []


def _act(
    work: _Work,
    name: str,
    ids: Ids,
    values: Sequence[Any],
    reason: str | None,
    count: dict[str, Any],
) -> str:
    """Do what a button says; the page is drawn anew afterwards."""
    say = work.lang.gettext
    verb, _, rest = name.partition(".")
    match verb:
        case "theirs":
            return ""
        case "mine":
            work.kept(ids, values, mine=True)
            return say(SAVED)
        case "add":
            if any(value for value in values):
                work.kept(ids, values)
            count["extra"] = {rest: 1}
            return ""
        case "remove":
            left = [
                None if one["at"].startswith(f"{rest}.") else value
                for one, value in zip(ids, values, strict=True)
            ]
            work.kept(ids, left)
            return say(SAVED)
        case "correct":
            head = stored.find(work.connection, *work.place)
            if head is None:
                raise PreventUpdate
            workflow.correct(work.connection, work.person, head.id, reason=reason or "")
            return say(_CORRECTING)
        case _:
            raise PreventUpdate


def _submit(
    engine: Any,
    person: Person,
    at: Data,
    lang: Language,
    cells: tuple[Ids, Sequence[Any]],
    reason: str | None,
    count: dict[str, Any],
) -> Any:
    """Save what stands on the page, then submit just that."""
    with engine.begin() as connection:  # what was typed is kept, whatever follows
        work = _Work(connection, person, at, lang)
        head, saved = work.kept(*cells)
        if saved.conflicts:
            author = online.author(connection, head.id) or ""
            shown = about.conflict(saved.conflicts, author, work.form, lang)
            return "", no_update, shown
    try:
        with engine.begin() as connection:
            receipt = workflow.submit(
                connection,
                person,
                head.id,
                edits=saved.edits,
                way="form",
                reason=reason or None,
            )
    except workflow.RefusedError as error:
        lines = [
            html.Li(f.text(lang.code, error.form)) for f in error.findings if f.stops
        ]
        return [lang.gettext(_WRONG), html.Ul(lines)], count, []
    words_ = lang.gettext(_SUBMITTED)
    done = words_.format(receipt=receipt["receipt"], hash=receipt["sha256"][:16])
    href = f"/returns/receipt/{head.id}/{receipt['version']}?lang={lang.code}"
    link = html.A(lang.gettext("Receipt"), href=href, target="_blank")
    return [done, " ", link], count, []
