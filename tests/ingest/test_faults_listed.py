"""The list of faults is whole, and every test it names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = (ROOT / "docs" / "ingest-faults.md").read_text("utf-8")


def test_thirty_faults_have_an_outcome_and_a_test_that_exists():
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", LIST, re.MULTILINE)
    assert [int(number) for number, *_ in rows] == list(range(1, 31))
    sources = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    there = set(re.findall(r"^def (test_\w+)\(", "\n".join(sources), re.MULTILINE))
    for number, fault, _, tests in rows:
        named = re.findall(r"`(test_\w+)`", tests)
        assert named, fault
        assert set(named) <= there, (number, fault, set(named) - there)


def test_every_other_test_that_is_named_exists():
    sources = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    for name in re.findall(r"`(test_\w+)`", LIST):
        assert any(f"def {name}(" in source for source in sources), name
