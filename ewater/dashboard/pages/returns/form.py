"""The form on the page, made from its description: sections, lines, cells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import html

from ewater.dashboard.html import attributes
from ewater.reports import cells, online

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ewater.dashboard.i18n import Language
    from ewater.reports.form import Column, Form, Section

    Content = Mapping[str, Sequence[Mapping[str, Any]]]

_TYPING_MS = 600  # after which what was typed is looked at
_ACT = "returns-act"


def cell_id(section: str, line: int, column: str) -> dict[str, str]:
    """Id of a cell; lines count from 0."""
    return {"type": "cell", "at": f"{section}.{line}.{column}"}


def anchor(section: str, line: int, column: str) -> str:
    """Address of a cell within the page."""
    written = json.dumps(
        cell_id(section, line, column), sort_keys=True, separators=(",", ":")
    )
    return f"#{quote(written)}"


def act(name: str) -> dict[str, str]:
    """Id of a button that does something to the return."""
    return {"type": _ACT, "act": name}


def written(value: Any, lang: Language) -> str:
    """Write a value as it is typed: no more digits than needed.

    With the decimal comma of the language, unless it could be read as one of thousands.

    Examples
    --------
    >>> from ewater.dashboard.i18n import language
    >>> en, ru = language("en"), language("ru")
    >>> written(40.0, en), written(0.1, en), written("much", en), written(None, en)
    ('40', '0.1', 'much', '')
    >>> written(12.5, ru), written(1.234, ru)
    ('12,5', '1.234')
    """
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    text = f"{int(value)}" if value.is_integer() else repr(value)
    comma = text.replace(".", ",")
    return comma if lang.separators[0] == "," and _with_point(comma) == text else text


def _with_point(text: str) -> str:
    """Write a decimal comma as a point; a comma that may be of thousands stays."""
    is_ambiguous = cells.number(text)[1] != "decimal_comma"
    return text if is_ambiguous else text.replace(",", ".")


def collected(
    form: Form, ids: Sequence[Mapping[str, str]], values: Sequence[Any]
) -> dict[str, list[dict[str, Any]]]:
    """Put cells of the page together: sections, lines as they stand, values as typed.

    Text of a column of numbers that is one becomes one; other text is kept.
    """
    kinds = {(s.key, c.key): c.kind for s, c in form.columns()}
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for one, value in zip(ids, values, strict=True):
        section, line, key = one["at"].split(".")
        if (section, key) not in kinds:
            continue
        mine = found.setdefault(section, {}).setdefault(int(line), {})
        mine[key] = _typed(kinds[section, key], value)
    return {
        section: [lines[n] for n in sorted(lines)] for section, lines in found.items()
    }


def _typed(kind: str, value: Any) -> Any:
    if kind != "number" or cells.is_blank(value):
        return value
    text = _with_point(value.strip()) if isinstance(value, str) else value
    number, problem = cells.number(text)
    return str(value) if problem else number


def lines_of(form: Form, content: Content, extra: Mapping[str, int]) -> Content:
    """Lines to show: what was given, one empty line at least, and those asked for."""
    found = {}
    for section in form.sections:
        lines = [dict(line) for line in content.get(section.key, ())]
        wanted = extra.get(section.key, 0) if section.lines == "many" else 0
        found[section.key] = [*lines, *({} for _ in range(wanted))] or [{}]
    return found


def sections(
    form: Form,
    told: Mapping[str, Any],
    content: Content,
    lang: Language,
    *,
    fixed: bool,
) -> list[Any]:
    """Make the form.

    Parameters
    ----------
    told
        Of `ewater.dashboard.questions.returns.one`.
    content
        Of `lines_of`.
    fixed
        Nothing can be changed.
    """
    draw = _Draw(form, told, lang, fixed=fixed)
    return [draw.section(section, content[section.key]) for section in form.sections]


class _Draw:
    """Draws the cells of one return."""

    def __init__(
        self, form: Form, told: Mapping[str, Any], lang: Language, *, fixed: bool
    ) -> None:
        self.form, self.told, self.lang, self.fixed = form, told, lang, fixed
        self.permits = [str(row["code"]) for row in told["permits"]]

    def section(self, section: Section, lines: Sequence[Mapping[str, Any]]) -> Any:
        """One section with its lines."""
        say = self.lang.gettext
        parts: list[Any] = [html.H2(section.names.say(self.lang.code))]
        parts += [self.line(section, at, line) for at, line in enumerate(lines)]
        if section.lines == "many" and not self.fixed:
            add = dmc.Button(
                say("Add a line"),
                id=act(f"add.{section.key}"),
                variant="default",
                size="xs",
            )
            parts.append(add)
        return html.Section(parts, className="panel form-section")

    def line(self, section: Section, at: int, line: Mapping[str, Any]) -> Any:
        """One line: its cells, months side by side."""
        before = online.before(self.form, section.key, line, self.told["previous"])
        head = self.lang.gettext("Line {number}").format(number=at + 1)
        groups = [
            html.Div(
                [self.cell(section, at, column, line, before) for column in columns],
                className="months" if monthly else "cells",
            )
            for monthly, columns in _grouped(section.columns)
        ]
        legend: list[Any] = []
        if section.lines == "many":
            legend = [html.Legend([head, *self.remove(section, at)])]
        return html.Fieldset([*legend, *groups], className="form-line")

    def remove(self, section: Section, at: int) -> list[Any]:
        """Button that takes a line away."""
        if self.fixed:
            return []
        words = self.lang.gettext("Remove line {number}").format(number=at + 1)
        button = html.Button(
            "×",
            type="button",
            id=act(f"remove.{section.key}.{at}"),
            className="remove",
            title=words,
            **attributes(aria_label=words),
        )
        return [button]

    def cell(
        self,
        section: Section,
        at: int,
        column: Column,
        line: Mapping[str, Any],
        before: Mapping[str, Any],
    ) -> Any:
        """One cell with the figure of the year before below it."""
        name = column.names.say(self.lang.code)
        label = (
            self.lang.month(column.month)
            if column.month
            else f"{column.number}. {name}"
        )
        settings: dict[str, Any] = {
            "id": cell_id(section.key, at, column.key),
            "label": label,
            "value": written(line.get(column.key), self.lang),
            "description": self.earlier(column, before.get(column.key)),
            "readOnly": self.fixed or column.filled,
            "size": "xs",
            "inputWrapperOrder": ["label", "input", "description", "error"],
            "withAsterisk": column.required,
        }
        options = self.options(column, line.get(column.key))
        if options is not None:
            return dmc.Select(
                data=options,
                searchable=True,
                clearable=True,
                comboboxProps={"withinPortal": True, "shadow": "md"},
                **settings,
            )
        return dmc.TextInput(
            debounce=_TYPING_MS, className=f"of-{column.kind}", **settings
        )

    def earlier(self, column: Column, value: Any) -> str | None:
        """Figure of the year before, in words."""
        if cells.is_blank(value):
            return None
        shown = (
            self.lang.number(value, self.form.decimals)
            if isinstance(value, float)
            else self.named(column, str(value))
        )
        if column.month:
            return shown
        return self.lang.gettext("a year before: {value}").format(value=shown)

    def named(self, column: Column, code: str) -> str:
        """Name a code of the form; other text stays."""
        known = self.form.codes[column.codes] if column.codes is not None else {}
        return known[code].names.say(self.lang.code) if code in known else code

    def options(self, column: Column, value: Any) -> list[dict[str, str]] | None:
        """Codes to choose from; None where anything may be typed."""
        if column.kind == "permit":
            codes = {code: code for code in self.permits}
        elif column.codes is not None:
            codes = {
                code: one.names.say(self.lang.code)
                for code, one in self.form.codes[column.codes].items()
            }
        else:
            return None
        if value and str(value) not in codes:  # what was given is not hidden
            codes[str(value)] = str(value)
        return [{"value": code, "label": name} for code, name in codes.items()]


def _grouped(columns: Sequence[Column]) -> Iterator[tuple[bool, list[Column]]]:
    """Neighbouring columns together: months in one group, others in another."""
    group: list[Column] = []
    for column in columns:
        if group and bool(group[-1].month) != bool(column.month):
            yield bool(group[0].month), group
            group = []
        group.append(column)
    if group:
        yield bool(group[0].month), group
