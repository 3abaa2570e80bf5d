"""What reviewers and approvers do: role and scope are looked at in the write itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from ewater.dashboard import acting, view
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.desk import queue
from ewater.dashboard.pages.returns.place import form_of, period_of
from ewater.dashboard.reasons import why_not
from ewater.errors import EWaterError, ForbiddenError, UsageError
from ewater.reports import known, review, stored, who
from ewater.reports.examine import totals
from ewater.reports.findings import ordered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash import Dash
    from sqlalchemy import Connection

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State as View
    from ewater.reports.who import Person

    Data = Mapping[str, Any]
    Pairs = Mapping[str, Any]

_RETURNED = mark("Sent back with {count} remarks.")
_APPROVED = mark("Approved; the ledger counts it from now on.")
_CLEAN = mark("{count} approved, {left} left.")
_EXPLAINED = mark("The break is explained.")
_SIGNED = mark("The period is signed off.")
_NOT = mark("Nothing was changed: {why}")
_ALL_CLEAN = mark("clean: the cross-examination found nothing but notices")
_FINDING = {"type": "desk-finding", "at": ALL}
_BREAK = {"type": "desk-break", "part": ALL, "id": ALL}


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the buttons."""

    @app.callback(
        Output("desk-said", "children"),
        Output("desk-redraw", "data"),
        Output("desk-words", "value"),
        Input({"type": "desk-act", "act": ALL}, "n_clicks"),
        State(_FINDING, "checked"),
        State(_FINDING, "id"),
        State(_BREAK, "value"),
        State(_BREAK, "id"),
        State("desk-words", "value"),
        State("desk-redraw", "data"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def act(
        clicks: Sequence[int | None],
        checked: Sequence[bool | None],
        findings: Sequence[Data],
        said: Sequence[str | None],
        places: Sequence[Data],
        words: str | None,
        count: int | None,
        data: Data,
    ) -> Any:
        state, lang = view.opened(data)
        if not any(clicks) or not ctx.triggered_id:
            raise PreventUpdate
        verb, _, rest = str(ctx.triggered_id["act"]).partition(".")
        chosen = [
            int(one["at"]) for one, yes in zip(findings, checked, strict=True) if yes
        ]
        typed = {
            (one["part"], str(one["id"])): value or ""
            for one, value in zip(places, said, strict=True)
        }
        desk = _Desk(reader, state, lang)
        engine, person = acting.store()
        try:
            with engine.begin() as connection:
                match verb:
                    case "return":
                        done = desk.send_back(connection, person, chosen, words or "")
                    case "approve":
                        done = desk.approve(connection, person, words or "")
                    case "clean":
                        done = desk.approve_clean(connection, person, words or "")
                    case "explain":
                        done = desk.explain(connection, person, rest, typed)
                    case "sign":
                        done = desk.sign_off(connection, person, words or "")
                    case _:
                        raise PreventUpdate
        except ForbiddenError:
            raise
        except EWaterError as error:
            return (
                lang.gettext(_NOT).format(why=why_not(error, lang)),
                no_update,
                no_update,
            )
        return done, (count or 0) + 1, ""


class _Desk:
    """Acts on what the address names, in the words of its language."""

    def __init__(self, reader: CachedReader, state: View, lang: Language) -> None:
        self.reader, self.state, self.lang = reader, state, lang

    @property
    def number(self) -> int:
        """Return that is examined."""
        given = self.state.get("examined")
        if not given.isdecimal():
            raise UsageError("choose a return first")
        return int(given)

    def send_back(
        self,
        connection: Connection,
        person: Person,
        chosen: Sequence[int],
        words: str,
    ) -> str:
        """Send the return back; findings that were chosen become remarks."""
        head = stored.head(connection, self.number)
        who.allow(connection, person, who.REVIEW, head.enterprise)
        form = known.form_of(connection, head.form)
        version = stored.version(connection, head.id, head.versions)["id"]
        found = ordered(stored.findings(connection, version))
        remarks: list[dict[str, Any]] = [
            {
                "body": one.text(self.lang.code, form),
                "section": one.section,
                "line": one.line,
                "column": one.column,
            }
            for at, one in enumerate(found)
            if at in chosen
        ]
        if words.strip():
            remarks.insert(0, {"body": words.strip()})
        reason = words.strip() or (remarks[0]["body"] if remarks else "")
        review.send_back(connection, person, head.id, remarks, reason)
        return self.lang.gettext(_RETURNED).format(count=len(remarks))

    def approve(self, connection: Connection, person: Person, words: str) -> str:
        """Approve the return."""
        review.approve(connection, person, [self.number], reason=words)
        return self.lang.gettext(_APPROVED)

    def approve_clean(self, connection: Connection, person: Person, words: str) -> str:
        """Approve those of the queue that are clean, as they are now."""
        numbers = [
            row["id"]
            for row in queue.rows_of(self.reader, self.state)
            if queue.is_clean(row)
        ]
        reason = words.strip() or self.lang.gettext(_ALL_CLEAN)
        done = review.approve_clean(connection, person, numbers, reason=reason)
        return self.lang.gettext(_CLEAN).format(
            count=len(done.approved), left=len(done.left)
        )

    def explain(
        self,
        connection: Connection,
        person: Person,
        number: str,
        typed: Mapping[tuple[str, str], str],
    ) -> str:
        """Explain a break in a total."""
        totals.explain(
            connection,
            person,
            int(number),
            typed.get(("reason", number), ""),
            typed.get(("words", number), ""),
        )
        return self.lang.gettext(_EXPLAINED)

    def sign_off(self, connection: Connection, person: Person, words: str) -> str:
        """Sign the period off."""
        form = form_of(self.reader, self.state)
        period = period_of(self.reader, self.state)
        totals.sign_off(connection, person, form, period, words)
        return self.lang.gettext(_SIGNED)
