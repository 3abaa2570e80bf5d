"""Print HTML to PDF with the system's Chromium, which is given no way to a network."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from ewater.errors import EWaterError, NotReadyError
from ewater.store import cluster_checks

LONGEST_S = 90.0
_ENDS_WITH = b"%%EOF"
_CHARTS_MS = 15_000  # of the page's own time for its charts
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--run-all-compositor-stages-before-draw",
    f"--virtual-time-budget={_CHARTS_MS}",
)


def to_pdf(html: str, longest_s: float = LONGEST_S) -> bytes:
    """Print a page that needs nothing but itself.

    Raises
    ------
    NotReadyError
        There is no Chromium on this machine.
    EWaterError
        It failed, or took too long.
    """
    browser = cluster_checks.browser()
    if browser is None:
        raise NotReadyError(
            "a bulletin is printed by Chromium, and there is none: install the package "
            "chromium (apt-get, dnf or brew --cask), or set BROWSER_PATH"
        )
    with tempfile.TemporaryDirectory(prefix="ewater-bulletin-") as folder:
        page, printed = Path(folder) / "bulletin.html", Path(folder) / "bulletin.pdf"
        page.write_text(html, "utf-8")
        command = [str(browser), *_OPTIONS, f"--user-data-dir={folder}/profile"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # it refuses to sandbox root's pages
        command += [f"--print-to-pdf={printed}", page.as_uri()]
        said = _run(command, longest_s)
        made = printed.read_bytes() if printed.exists() else b""
    if not made.rstrip().endswith(_ENDS_WITH):
        raise EWaterError(f"Chromium printed no whole page: {said[-500:]}")
    return made


def _run(command: list[str], longest_s: float) -> str:
    """Run in a process group of its own, so that nothing of it is left behind."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _, said = process.communicate(timeout=longest_s)
    except subprocess.TimeoutExpired as error:
        raise EWaterError(f"Chromium did not print within {longest_s:.0f} s") from error
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
    return said
