"""Why something was not done is told in the language of the reader."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ewater
from ewater.dashboard import reasons
from ewater.dashboard.i18n import language
from ewater.errors import NotReadyError, UsageError

#: Modules whose errors a page shows, where it does not answer 403.
SHOWN = (
    "dashboard/editing.py", "dashboard/exhibits/explain.py",
    "dashboard/pages/admin/asked.py", "dashboard/pages/alerts/taking.py",
    "dashboard/pages/desk/actions.py", "dashboard/pages/returns/place.py",
    "dashboard/questions/day.py", "dashboard/questions/within.py",
    "ingest/edits.py", "ingest/entry.py", "people/users.py", "reports/due.py",
    "reports/examine/totals.py", "reports/known.py", "reports/periods.py",
    "reports/remind.py", "reports/review.py", "reports/stored.py",
    "reports/who.py", "reports/workflow.py", "store/alerts.py",
)  # fmt: skip
#: Only a forged request, a command or a program can bring these about.
OTHERS = (
    "no such level or flag", "is no time of the store", "no such day",
    "has no offset; write one", "there is no role", "the present password is wrong",
)  # fmt: skip


def messages():
    """Messages of errors in the source, every value of them as ``X1``."""
    root = Path(ewater.__file__).parent
    for name in SHOWN:
        for node in ast.walk(ast.parse((root / name).read_text("utf-8"))):
            if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
                continue
            kind = ast.unparse(node.exc.func)
            if kind not in ("UsageError", "NotReadyError", "SignatureError"):
                continue
            text = node.exc.args[0]
            if isinstance(text, ast.Constant):
                yield text.value
            elif isinstance(text, ast.JoinedStr):
                parts = [getattr(part, "value", "X1") for part in text.values]
                yield "".join(p if isinstance(p, str) else "X1" for p in parts)


def test_every_message_that_a_page_shows_has_words():
    found = set(messages())
    assert len(found) > 40
    lacking = [
        one
        for one in found
        if not reasons.is_known(one) and not any(other in one for other in OTHERS)
    ]
    assert lacking == []


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("return 12 is approved; begin a correction of it"), "ru",
         "отчёт 12 утверждён; начните его исправление"),
        (UsageError("return 7 is submitted and waits for review"), "az",
         "7 nömrəli hesabat: təqdim edilib; yoxlanmasını gözləyir"),
        (NotReadyError("no country was loaded by 2020-01-01T00:00:00+00:00"), "az",
         "01.01.2020 00:00 UTC vaxtınadək ölkə yüklənməmişdi"),
        (UsageError("G-IN.Q has 900 readings on 2024-05-01"), "ru",
         "G-IN.Q: за 01.05.2024 измерений 900"),
        (UsageError("quite another"), "ru",
         "сообщение программы по-английски: quite another"),
        (UsageError("quite another"), "en", "quite another"),
    ],
)  # fmt: skip
def test_values_stay_and_words_are_translated(error, code, said):
    assert reasons.why_not(error, language(code)) == said
