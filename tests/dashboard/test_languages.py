"""Every text of the pages exists in every language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from ewater.dashboard import i18n, labels
from ewater.dashboard.i18n import LOCALE_DIR, language
from ewater.terms import BOUNDARIES, SECTORS, SITE_KINDS, TERRITORY_KINDS, Status

PACKAGE = Path(i18n.__file__).parent
KEYWORDS = {"mark": None, "text": None, "gettext": None, "ngettext": (1, 2)}
TRANSLATED = ("az", "ru")


def catalogue(code):
    path = LOCALE_DIR / code / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=code)


def entries(messages):
    def fixed(words):
        return words if isinstance(words, str) else tuple(words)

    return {fixed(m.id): fixed(m.string) for m in messages if m.id}


def extracted():
    found = extract_from_dir(PACKAGE, [("**.py", "python")], keywords=KEYWORDS)
    return {m[0] if isinstance(m, tuple) else m for _, _, m, _, _ in found}


def in_source():
    """Texts given to the marking functions, read from the syntax tree."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = node.args[0]
            if name in KEYWORDS and isinstance(first, ast.Constant):
                found.add(first.value)
    return found


def test_the_extraction_tool_sees_every_text():
    assert extracted() == in_source()


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_text_is_left_untranslated(code):
    known = catalogue(code)
    lacking = []
    for message in in_source():
        entry = known.get(message)
        words = entry.string if entry else ""
        forms = words if isinstance(words, tuple) else (words,)
        if entry is None or entry.fuzzy or not all(forms):
            lacking.append(message)
    assert lacking == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_keeps_the_places_of_its_values(code):
    for entry in catalogue(code):
        source = entry.id if isinstance(entry.id, tuple) else (entry.id,)
        words = entry.string if isinstance(entry.string, tuple) else (entry.string,)
        places = set(re.findall(r"\{\w+\}", source[-1]))
        for form in words:
            assert set(re.findall(r"\{\w+\}", form)) == places


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_compiled_catalogue_is_that_of_its_source(code):
    path = LOCALE_DIR / code / "LC_MESSAGES" / "messages.mo"
    with path.open("rb") as file:
        compiled = read_mo(file)
    assert entries(compiled) == entries(catalogue(code))


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_catalogue_keeps_a_text_that_is_gone(code):
    kept = {m.id[0] if isinstance(m.id, tuple) else m.id for m in catalogue(code)}
    assert kept - {""} == in_source()


def test_every_code_of_the_vocabulary_has_a_word():
    assert set(labels.SECTORS) == set(SECTORS)
    assert set(labels.STATUSES) == {s.name.lower() for s in Status}
    assert set(labels.SITE_KINDS) == set(SITE_KINDS)
    assert set(labels.TERRITORY_KINDS) == set(TERRITORY_KINDS)
    assert set(labels.BOUNDARIES) == set(labels.BOUNDARY_MEANINGS) == set(BOUNDARIES)


def test_a_neighbour_is_named_by_the_country_in_its_code():
    assert language("az").country("NB.GE") == "Gürcüstan"
    assert language("ru").country("IR") == "Иран"
    assert language("en").country("NOWHERE") == "NOWHERE"


def test_months_are_named_as_they_stand_alone():
    assert language("ru").month(5, "wide") == "Май"
    assert language("az").month(2, "wide") == "Fevral"


def test_an_unknown_language_is_english():
    assert language("xx").code == "en"


def test_a_name_that_is_missing_in_one_language_is_taken_from_another():
    assert language("ru").pick({"name_az": "Kür", "name_en": None}, "name_") == "Kür"
