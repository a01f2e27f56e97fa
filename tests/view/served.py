"""The page's server as a user starts it, in a process of its own, and a browser to look at it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
START_S = 180.0  # Numba compiles on a machine that has not run the project before
CHROMIUM = os.environ.get("ABM_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@contextmanager
def browser() -> Iterator[Browser | None]:
    """Start Chromium without a window; None where there is none."""
    if CHROMIUM is None:
        yield None
        return
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@dataclass
class Served:
    """A running server."""

    process: subprocess.Popen
    address: str

    @property
    def port(self) -> int:
        """Return the port on the loopback."""
        return int(self.address.rsplit(":", 1)[1])


@contextmanager
def served(words: Sequence[str], errors: Path) -> Iterator[Served]:
    """Serve ``abm view`` with words on a free port until the block ends."""
    command = [sys.executable, "-m", "abm", "view", *words, "--port", "0", "--no-browser"]
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
        ) as process,
    ):
        try:
            said = process.stdout.readline().split()
            assert said, errors.read_text()
            yield Served(process, said[0])
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
