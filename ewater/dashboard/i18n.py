"""Languages of the pages: gettext for words, Babel for numbers and dates.

English is the language of the source; the catalogues hold Azerbaijani and
Russian. `mark` names a text that is translated where it is shown.
"""

from __future__ import annotations

import gettext
import re
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.dates import format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import NumberPattern, parse_pattern

from ewater import written
from ewater.written import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from babel import Locale

LOCALE_DIR = Path(__file__).parent / "locale"
_ONLY_MONTH = re.compile(r"(?<!%d\.)%m\.%Y")
_COUNTRY = re.compile(r"(?<![A-Z0-9])[A-Z]{2}(?![A-Z0-9])")


def mark(message: str) -> str:
    """Name a text for the catalogues; it is translated later."""
    return message


@dataclass(frozen=True, slots=True)
class Language:
    """Words and number formats of one language."""

    code: str
    translations: gettext.NullTranslations
    locale: Locale

    def gettext(self, message: str) -> str:
        """Translate a text; the empty text stays empty."""
        return self.translations.gettext(message) if message else ""

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Translate a text that depends on a number."""
        return self.translations.ngettext(singular, plural, count)

    def pick(self, names: Mapping[str, Any], prefix: str = "") -> str:
        """Choose this language's name, else English, else any, else nothing."""
        for code in (self.code, "en", *LANGUAGES):
            name = names.get(f"{prefix}{code}")
            if isinstance(name, str) and name:
                return name
        return ""

    def country(self, code: str) -> str:
        """Name the country whose ISO 3166 code stands in an account's code."""
        for token in reversed(_COUNTRY.findall(code.upper())):
            if name := self.locale.territories.get(token):
                return str(name)
        return code

    def number(self, value: float, digits: int = 0) -> str:
        """Write a number with a fixed count of decimals and a true minus sign."""
        text = str(_pattern(digits).apply(value, self.locale))
        minus = any(d in "123456789" for d in text) and value < 0
        return ("−" if minus else "") + text.lstrip("-−")

    def month(self, month: int, width: str = "abbreviated") -> str:
        """Name a month as it stands alone, from 1 for January."""
        return written.month(month, self.code, width)

    def quarter(self, quarter: int) -> str:
        """Name a quarter as it stands alone, from 1."""
        return written.quarter(quarter, self.code)

    def when(self, moment: datetime) -> str:
        """Write a date and time in the given zone."""
        return str(format_datetime(moment, "d MMMM y, HH:mm z", locale=self.locale))

    def day(self, date: date) -> str:
        """Write a day shortly: 1 May 2023 in English, else 01.05.2023."""
        return written.day(date, self.code)

    def moment(self, moment: datetime) -> str:
        """Write a date and time shortly, in the given zone."""
        return written.moment(moment, self.code)

    def period(self, code: str) -> str:
        """Write a period of returns, given as 2024-Q1."""
        return written.period(code, self.code)

    def unit(self, code: str) -> str:
        """Write a unit, given as files and programs have it."""
        return written.unit(code, self.code)

    def capital(self, words: str) -> str:
        """Begin words with a capital."""
        return written.capital(words, self.code)

    def small(self, words: str) -> str:
        """Write words in small letters."""
        return written.small(words, self.code)

    def within(self, words: str) -> str:
        """Write what stands alone with a capital as it stands within a sentence."""
        return written.within(words, self.code)

    def drawn(self, pattern: str) -> str:
        """Write a pattern of days and months, as Plotly takes it, in this language.

        Examples
        --------
        >>> language("en").drawn("%d.%m.%Y %H:%M"), language("ru").drawn("%m.%Y")
        ('%-d %b %Y %H:%M', '%b %Y')
        >>> language("az").drawn("%d.%m.%Y")
        '%d.%m.%Y'
        """
        if self.code != "en":
            return _ONLY_MONTH.sub("%b %Y", pattern)
        return (
            pattern.replace("%d.", "%-d ").replace("%m", "%b").replace("b.%Y", "b %Y")
        )

    @property
    def plotted(self) -> dict[str, Any]:
        """Names of months, as Plotly wants them: part of the settings of a figure."""
        months = range(1, 13)
        words = {
            "months": [self.month(one, "wide") for one in months],
            "shortMonths": [self.month(one) for one in months],
        }
        named = {"dictionary": {}, "format": words}
        return {"locale": self.code, "locales": {self.code: named}}

    @property
    def separators(self) -> str:
        """Decimal and thousands separators, as Plotly wants them."""
        symbols = self.locale.number_symbols["latn"]
        return f"{symbols['decimal']}{symbols['group']}"


@cache
def _pattern(digits: int) -> NumberPattern:
    """Pattern of numbers with a count of decimals; reading one takes long."""
    return parse_pattern("#,##0" + ("." + "0" * digits if digits else ""))


@cache
def language(code: str) -> Language:
    """Load a language; an unknown one is English."""
    known = code if code in LANGUAGES else "en"
    return Language(known, _translations(known), written.locale(known))


def catalogues(code: str) -> list[Path]:
    """List the files that translate into a language, one for each part."""
    return sorted((LOCALE_DIR / code).glob("*.po"))


def _translations(code: str) -> gettext.NullTranslations:
    """Words of all catalogues; a text must not stand in two of them."""
    whole = Catalog(locale=code)
    for path in catalogues(code):
        with path.open("rb") as file:
            for message in read_po(file, locale=code):
                if message.id:
                    whole[message.id] = message
    if not len(whole):
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
