"""Every text of the pages exists in every language."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import ewater
from ewater.accounts.editions import chain
from ewater.accounts.measured import EXTRAPOLATED
from ewater.balance.expressions import RULE_ARGUMENTS
from ewater.dashboard import i18n, known_by, labels
from ewater.dashboard.components import graph
from ewater.dashboard.i18n import catalogues, language
from ewater.dashboard.pages.admin import deeds
from ewater.dashboard.pages.admin.words import SOURCE_KINDS
from ewater.ingest.sources import model
from ewater.series.donors import Method
from ewater.store import audit
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


#: How calls that lead to the audit are written, and what they put before the action.
AUDITING = {
    "audit.record": "", "guard.note": "", "self.note": "", "who.note": "report.",
    "_audited": "", "_refused": "", "_Careful": "",
}  # fmt: skip


def written_actions():
    """Actions that calls in the source hand to the audit."""
    found = {f"edition.{state}" for state in chain.STATES}  # made of the state
    for path in Path(ewater.__file__).parent.rglob("*.py"):
        source = path.read_text("utf-8")
        of_people = path.parent.name == "people"  # others have a _refused, too
        if not any(call in source for call in AUDITING):
            continue
        for node in ast.walk(ast.parse(source)):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if name not in AUDITING or (name == "_refused" and not of_people):
                continue
            before = AUDITING[name]
            given = [*node.args, *(k.value for k in node.keywords if k.arg == "action")]
            texts = [a.value for a in given if isinstance(a, ast.Constant)]
            found |= {before + text for text in texts[:1] if isinstance(text, str)}
    return found


def test_every_action_that_the_program_writes_has_a_word():
    assert written_actions() == audit.ACTIONS
    assert set(deeds.ACTIONS) == audit.ACTIONS
    assert set(deeds.OBJECTS) == audit.OBJECTS


def test_the_audit_takes_nothing_that_has_no_word():
    for said in (("user.rename", "person:1"), ("user.add", "reservoir:1")):
        with pytest.raises(ValueError, match="does not know"):
            audit.record(None, *said, who=None)


def test_every_kind_of_source_has_a_word():
    kinds = {
        one.model_fields["kind"].annotation.__args__[0]
        for one in (
            model.FolderSource,
            model.HttpSource,
            model.MqttSource,
            model.PushSource,
        )
    }
    assert set(SOURCE_KINDS) == kinds


def test_a_record_of_the_audit_is_told_in_words():
    record = {"state": "submitted", "version": 2, "due_at": "2025-03-31T20:00:00+00:00"}
    record |= {"sha256": "0123456789abcdef" * 4}
    told = deeds.told(record, ZoneInfo("Asia/Baku"), language("ru"))
    assert (
        told
        == "состояние: подан; версия: 2; срок: 01.04.2025 00:00; хеш: 0123456789ab…"
    )
    assert deeds.thing("return:2-TP/E1/2024", language("az")).endswith("2-TP/E1/2024")
    assert deeds.action("an.older", language("az")) == "an.older"


def test_every_rule_and_method_has_a_word():
    assert set(known_by.RULES) == set(RULE_ARGUMENTS)
    assert set(known_by.METHODS) == {m.name.lower() for m in Method} | {EXTRAPOLATED}
    said = known_by.way("report:use else rule:constant(5)", language("ru"))
    assert said == "отчёты предприятий: использование; иначе правило: постоянный объём"
    assert known_by.way("KUR.Q + ARA.Q", language("az")) == "KUR.Q + ARA.Q"


def test_a_neighbour_is_named_by_the_country_in_its_code():
    assert language("az").country("NB.GE") == "Gürcüstan"
    assert language("ru").country("IR") == "Иран"
    assert language("en").country("NOWHERE") == "NOWHERE"


def test_months_are_named_as_they_stand_alone():
    assert language("ru").month(5, "wide") == "Май"
    assert language("az").month(2, "wide") == "Fevral"


def test_an_azerbaijani_i_keeps_its_dot():
    az = language("az")
    assert [az.month(n, "wide") for n in (6, 7)] == ["İyun", "İyul"]
    assert (az.capital("istifadə"), az.small("İLLƏR")) == ("İstifadə", "illər")


def test_quarters_are_named_in_their_own_language_whoever_asked_first():
    asked = [language(code).quarter(3) for code in ("az", "ru", "en", "az")]
    assert asked == ["3-cü kvartal", "3-й квартал", "3rd quarter", "3-cü kvartal"]


def test_charts_name_months_in_the_language():
    config = graph("any", 100, language("az")).config
    named = config["locales"][config["locale"]]["format"]
    assert (named["months"][5], named["shortMonths"][5]) == ("İyun", "İyn")
    assert language("az").drawn("%m.%Y") == "%b %Y"


def test_an_unknown_language_is_english():
    assert language("xx").code == "en"


def test_a_name_that_is_missing_in_one_language_is_taken_from_another():
    assert language("ru").pick({"name_az": "Kür", "name_en": None}, "name_") == "Kür"
