"""How people write figures, units, days and periods, in the languages of the system.

What is stored, and what programs read, stays as it is: ISO 8601, points, ``m3``.
"""

from __future__ import annotations

import math
import re
from copy import deepcopy
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from babel import Locale, localedata
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

LANGUAGES = ("az", "en", "ru")
PLACE = MappingProxyType({language: at for at, language in enumerate(LANGUAGES)})
_POINTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
_QUARTER = re.compile(r"(\d{4})-?Q([1-4])")
_RAISED = str.maketrans({"³": "3", "²": "2"})
#: Units by the code that files and programs use.
_UNITS: dict[str, tuple[str, str, str]] = {
    "m3/s": ("m³/san", "m³/s", "м³/с"),
    "m3 s-1": ("m³/san", "m³/s", "м³/с"),
    "m3/h": ("m³/saat", "m³/h", "м³/ч"),
    "m3/day": ("m³/gün", "m³/day", "м³/сут"),
    "l/s": ("l/san", "l/s", "л/с"),
    "m3": ("m³", "m³", "м³"),
    "hm3": ("mln m³", "million m³", "млн м³"),
    "million m3": ("mln m³", "million m³", "млн м³"),
    "thousand m3": ("min m³", "thousand m³", "тыс. м³"),
    "1000 m3": ("min m³", "thousand m³", "тыс. м³"),
    "km3/yr": ("km³/il", "km³/yr", "км³/год"),
    "km3": ("km³", "km³", "км³"),
    "km2": ("km²", "km²", "км²"),
    "m": ("m", "m", "м"),
    "cm": ("sm", "cm", "см"),
    "mm": ("mm", "mm", "мм"),
    "h": ("saat", "h", "ч"),
    "d": ("gün", "d", "сут"),
    "min": ("dəq", "min", "мин"),
    "s": ("san", "s", "с"),
    "t": ("t", "t", "т"),
    "persons": ("nəfər", "persons", "чел."),
    "m3/person": ("m³/nəfər", "m³/person", "м³/чел."),
    "million USD": ("mln ABŞ dolları", "million USD", "млн долл. США"),
    "USD/m3": ("ABŞ dolları/m³", "USD/m³", "долл. США/м³"),
    "kWh": ("kVt·saat", "kWh", "кВт·ч"),
}


@cache
def locale(language: str) -> Locale:
    """Give the formats of a language; English where it is another."""
    return Locale.parse(language if language in PLACE else "en")


def unit(code: str, language: str) -> str:
    """Write a unit; one without words stands for itself, hm³ in every language.

    Examples
    --------
    >>> unit("1000 m3", "ru"), unit("m3/s", "az"), unit("ft3/s", "en")
    ('тыс. м³', 'm³/san', 'ft3/s')
    >>> unit("m³/s", "ru"), unit("hm³", "ru"), unit("mm", "az")
    ('м³/с', 'hm³', 'mm')
    """
    said = None if code == "hm³" else _UNITS.get(code.translate(_RAISED))
    return said[PLACE.get(language, 1)] if said else code


def figure(value: float, language: str) -> str:
    """Write a figure: two decimals at most, three digits where it is below one.

    Examples
    --------
    >>> figure(1000.0, "en"), figure(1 / 3.6, "ru"), figure(-1234.5, "az")
    ('1,000', '0,278', '−1.234,5')
    >>> figure(0.000123, "en"), figure(86.4, "en"), figure(0.0, "en")
    ('0.000123', '86.4', '0')
    """
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    digits = 2 if size >= 1 or size == 0 else min(2 - math.floor(math.log10(size)), 12)
    text: str = format_decimal(
        size, format=f"#,##0.{'#' * digits}", locale=locale(language)
    )
    is_below = value < 0 and any(digit in "123456789" for digit in text)
    return f"−{text}" if is_below else text


def day(date: date, language: str) -> str:
    """Write a day shortly.

    Examples
    --------
    >>> from datetime import date
    >>> day(date(2023, 5, 1), "en"), day(date(2023, 5, 1), "az")
    ('1 May 2023', '01.05.2023')
    """
    return str(format_date(date, _day(language), locale=locale(language)))


def typed_day(date: date, language: str) -> str:
    """Write a day as a person types it: with points, in English as ISO 8601."""
    return day(date, language) if language in ("az", "ru") else date.isoformat()


def as_typed(text: str) -> str:
    """Read a day that begins a text, with points or not, as ISO 8601; other texts stay.

    Examples
    --------
    >>> as_typed("31.03.2024 12:00"), as_typed(" 1.4.2024"), as_typed("2024-03-31")
    ('2024-03-31 12:00', '2024-04-01', '2024-03-31')
    """
    said = _POINTS.match(text.strip())
    if said is None:
        return text.strip()
    day, month, year = (int(part) for part in said.groups())
    return f"{year:04}-{month:02}-{day:02}{text.strip()[said.end() :]}"


def moment(when: datetime, language: str) -> str:
    """Write a date and time shortly, in its zone."""
    pattern = f"{_day(language)} HH:mm"
    return str(format_datetime(when, pattern, locale=locale(language)))


def _day(language: str) -> str:
    return "dd.MM.y" if language in ("az", "ru") else "d MMM y"


@cache
def _names(kind: str, language: str) -> Any:
    """Read names of months or quarters as they stand alone, by width.

    Babel fills in what a language takes from elsewhere within dictionaries that all
    languages share: of these each language has its own here.
    """
    known = localedata.load(str(locale(language)))
    own: dict[Any, Any] = {kind: deepcopy(known[kind])}
    return localedata.LocaleDataDict(own)[kind]["stand-alone"]


#: Read before anything can be filled in.
for _language in LANGUAGES:
    for _kind in ("months", "quarters"):
        _names(_kind, _language)


def month(number: int, language: str, width: str = "wide") -> str:
    """Name a month as it stands alone, from 1 for January."""
    names = _names("months", language)
    name = str(names.get(width, names["wide"])[number]).rstrip(".")
    return capital(name, language)


def quarter(number: int, language: str) -> str:
    """Name a quarter as it stands alone, from 1.

    Examples
    --------
    >>> [quarter(3, language) for language in ("az", "ru", "en", "ru")]
    ['3-cü kvartal', '3-й квартал', '3rd quarter', '3-й квартал']
    """
    return str(_names("quarters", language)["wide"][number])


def months(numbers: Iterable[int], language: str) -> str:
    """Name months within a sentence, in order; a row of them by its ends.

    Examples
    --------
    >>> months([1, 2], "ru"), months([7], "az"), months([1, 2, 3, 12], "en")
    ('январь, февраль', 'iyul', 'January–March, December')
    """
    rows: list[list[int]] = []
    for one in numbers:
        if rows and one == rows[-1][-1] + 1:
            rows[-1].append(one)
        else:
            rows.append([one])
    named = [[within(month(n, language), language) for n in row] for row in rows]
    return ", ".join(
        f"{row[0]}–{row[-1]}" if len(row) > 2 else ", ".join(row) for row in named
    )


def capital(words: str, language: str) -> str:
    """Begin words with a capital; in Azerbaijani that of i is İ.

    Examples
    --------
    >>> capital("iyun", "az"), capital("istifadə", "az"), capital("index", "en")
    ('İyun', 'İstifadə', 'Index')
    """
    first = words[:1]
    first = {"i": "İ", "ı": "I"}.get(first, first) if language == "az" else first
    return first.upper() + words[1:]


def small(words: str, language: str) -> str:
    """Write words in small letters; in Azerbaijani those of İ and I are i and ı.

    Examples
    --------
    >>> small("İLLƏR", "az"), small("Illər", "az"), small("Index", "en")
    ('illər', 'ıllər', 'index')
    """
    if language == "az":
        words = words.replace("İ", "i").replace("I", "ı")
    return words.lower()


def within(words: str, language: str) -> str:
    """Write what stands alone with a capital as it stands within a sentence.

    Examples
    --------
    >>> within("İyun", "az"), within("3-й квартал", "ru"), within("June", "en")
    ('iyun', '3-й квартал', 'June')
    """
    if language not in ("az", "ru"):
        return words
    return small(words[:1], language) + words[1:]


def period(code: str, language: str) -> str:
    """Write a period of returns; what is no quarter stands for itself.

    Examples
    --------
    >>> period("2024-Q1", "en"), period("2024-Q3", "ru"), period("2024", "az")
    ('1st quarter 2024', '3-й квартал 2024', '2024')
    """
    said = _QUARTER.fullmatch(code)
    if said is None:
        return code
    return f"{quarter(int(said[2]), language)} {said[1]}"
