"""Every worked example of METHODS 8 has a test that bears its name."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
EXAMPLES = range(1, 27)  # E1 to E26


def test_each_of_the_26_examples_has_a_test_by_its_name():
    text = "\n".join(path.read_text("utf-8") for path in TESTS.rglob("test_*.py"))
    named = {int(n) for n in re.findall(r"^def test_e(\d+)_", text, re.MULTILINE)}
    assert set(EXAMPLES) <= named, f"without one: {sorted(set(EXAMPLES) - named)}"
