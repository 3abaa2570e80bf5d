"""What is committed: no trace of one machine, scripts that any shell reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Folders of one person's machine, and hosts that only some machines reach.
TRACES = re.compile(
    rb"(?<![\w.-])/(?:work|root|home/\w+|Users/\w+)/|/tmp/\w|pythonhosted|deb\.debian"
    rb"|--(?:extra-)?index-url|--find-links|-----BEGIN [A-Z ]*PRIVATE KEY"
)
LARGEST = 1_000_000


def tracked() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(
        [git, "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    names = [name for name in listing.decode().split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_no_file_names_a_machine_a_registry_or_a_key():
    found = {
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in tracked()
        if path != Path(__file__)
        for match in TRACES.finditer(path.read_bytes())
    }
    assert found == set()


def test_committed_samples_stay_small():
    samples = [path for path in tracked() if "samples" in path.parts]
    assert sum(path.stat().st_size for path in samples) < 8_000_000
    others = {path for path in tracked() if path not in samples}
    assert {path for path in others if path.stat().st_size > LARGEST} == set()


@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox"])
def test_the_script_is_read_by(shell):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    words = [program, "sh"] if shell == "busybox" else [program]
    subprocess.run([*words, "-n", str(ROOT / "run")], check=True)
    told = subprocess.run(
        [*words, str(ROOT / "run"), "help"], capture_output=True, text=True, check=True
    )
    assert "./run demo" in told.stdout
    refused = subprocess.run(
        [*words, str(ROOT / "run"), "nonsense"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "unknown command: nonsense" in refused.stderr


def test_scripts_may_be_run():
    for name in ("run", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111, name
