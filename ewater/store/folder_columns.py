"""Columns that files of a country folder have in common, by what they hold."""

from __future__ import annotations

from ewater.store.folder_schema import Column


def code(
    meaning: str,
    name: str = "code",
    *,
    required: bool = True,
    refers: str | None = None,
) -> Column:
    """Give a column of codes."""
    return Column(name, "code", meaning, required, refers=refers)


def refers(file: str, meaning: str, name: str, *, required: bool = False) -> Column:
    """Give a column of codes of another file."""
    return code(meaning, name, required=required, refers=file)


def one_of(
    allowed: tuple[str, ...],
    meaning: str,
    name: str = "kind",
    *,
    required: bool = True,
    grow: bool = False,
) -> Column:
    """Give a column of which only some values are allowed."""
    return Column(name, "code", meaning, required, allowed, grow=grow)


def number(name: str, meaning: str, *, minimum: float | None = 0.0) -> Column:
    """Give a column of numbers, by default not below 0."""
    return Column(name, "number", meaning, minimum=minimum)


def share(name: str, meaning: str, *, required: bool = False) -> Column:
    """Give a column of shares, 0 to 1."""
    return Column(name, "number", meaning, required=required, minimum=0, maximum=1)


def names(what: str, otherwise: str = "") -> tuple[Column, ...]:
    """Give the three columns of a name, one for each language."""
    languages = {"az": "Azerbaijani", "en": "English", "ru": "Russian"}
    return tuple(
        Column(f"name_{code}", "text", f"Name of the {what} in {language}{otherwise}")
        for code, language in languages.items()
    )


def position(what: str) -> tuple[Column, ...]:
    """Give latitude and longitude."""
    return (
        Column(
            "lat",
            "number",
            f"Latitude of the {what}, degrees north (WGS 84)",
            minimum=-90,
            maximum=90,
        ),
        Column(
            "lon",
            "number",
            f"Longitude of the {what}, degrees east (WGS 84)",
            minimum=-180,
            maximum=180,
        ),
    )
