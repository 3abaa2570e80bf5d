"""What is wrong, or strange, in a return: with its place, evidence and size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ewater.reports import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ewater.reports.form import Form

#: From what stops a submission to what is only said.
SEVERITIES = ("error", "grave", "warning", "notice")
RANK = {name: at for at, name in enumerate(SEVERITIES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found.

    ``code`` is its kind, ``values`` what its message names, ``place`` where it stands
    in a file, ``owner`` the position of its return among those that were looked at.
    ``cause`` is the kind of another finding that explains this one.
    """

    code: str
    severity: str
    owner: int = 0
    section: str | None = None
    line: int | None = None
    column: str | None = None
    place: str | None = None
    size_m3: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    cause: str | None = None

    @property
    def stops(self) -> bool:
        """Whether a return with it cannot be submitted."""
        return self.severity == "error"

    def text(self, language: str = "en", form: Form | None = None) -> str:
        """Say it: where, what, and what would be right."""
        where = self.where(language, form)
        said = words.say(self.code, language, self.values, form)
        return f"{where}: {said}" if where else said

    def where(self, language: str = "en", form: Form | None = None) -> str:
        """Say where it stands: the cell of a file, or the column of a form."""
        if self.place:
            return self.place
        parts = []
        section = None
        if self.section is not None:
            section = form.section(self.section) if form else None
            parts.append(section.names.say(language) if section else self.section)
        if self.line is not None:
            parts.append(words.say("line", language, {"line": self.line}))
        if self.column is not None:
            column = section.column(self.column) if section else None
            shown = f"{column.number} «{column.names.say(language)}»" if column else ""
            parts.append(
                words.say("column", language, {"column": shown or self.column})
            )
        return ", ".join(parts)

    def document(
        self, language: str = "en", form: Form | None = None
    ) -> dict[str, Any]:
        """Write it as JSON for a program."""
        return {
            "code": self.code,
            "severity": self.severity,
            "section": self.section,
            "line": self.line,
            "column": self.column,
            "place": self.place,
            "size_m3": self.size_m3,
            "message": self.text(language, form),
            "evidence": dict(self.values),
            "cause": self.cause,
        }


def worst(findings: Iterable[Finding]) -> str | None:
    """Gravest severity; None where nothing was found."""
    found = {finding.severity for finding in findings}
    return min(found, key=RANK.__getitem__) if found else None


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Gravest first, then the largest."""
    return sorted(
        findings,
        key=lambda f: (f.owner, RANK[f.severity], -(f.size_m3 or 0.0), f.line or 0),
    )
