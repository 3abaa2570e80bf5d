"""Every text of the pages exists in every language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from ewater.dashboard import i18n, labels
from ewater.dashboard.i18n import catalogues, language
from ewater.terms import BOUNDARIES, SECTORS, SITE_KINDS, TERRITORY_KINDS, Status

PACKAGE = Path(i18n.__file__).parent
KEYWORDS = dict.fromkeys(("mark", "text", "gettext", "say")) | {"ngettext": (1, 2)}
TRANSLATED = ("az", "ru")


def read(path, code):
    with path.open("rb") as file:
        return read_po(file, locale=code)


def catalogue(code):
    """All catalogues of a language as one."""
    whole = Catalog(locale=code)
    for path in catalogues(code):
        for message in read(path, code):
            whole[message.id] = message
    return whole


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
def test_a_text_stands_in_one_catalogue_only(code):
    seen = [m.id for path in catalogues(code) for m in read(path, code) if m.id]
    assert sorted(map(str, seen)) == sorted(map(str, set(seen)))


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
