"""The package and its command answer at once: heavy libraries wait to be needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "dash",
    "geopandas",
    "numba",
    "numpy",
    "pandas",
    "plotly",
    "pyarrow",
    "pydantic",
    "scipy",
    "sqlalchemy",
    "xarray",
}


@pytest.mark.parametrize(
    "code",
    [
        "import ewater",
        "import ewater.cli",
        "import sys; sys.argv = ['ewater', '--help']\n"
        "import ewater.cli, contextlib, io\n"
        "aside = contextlib.redirect_stdout(io.StringIO())\n"
        "with contextlib.suppress(SystemExit), aside: ewater.cli.main()",
    ],
    ids=["package", "command", "help"],
)
def test_nothing_heavy_is_imported_by_the(code):
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert HEAVY & set(answer.stdout.split()) == set()
