"""Processes that draw beside this one: Matplotlib gains nothing from threads, and takes a second to load."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

CODE = (
    "import gc, json, sys; gc.set_threshold(50_000, 20, 100); sys.path[:] = json.loads(sys.argv[1]); "
    "from abm.plot.page import report; report.draw_part()"
)


def start_drawing(n_processes: int) -> list[subprocess.Popen]:
    """Start processes that load what draws and then wait for a folder.

    They say nothing: their exit codes say whether they could draw. One whose input is closed ends.
    """
    words = [sys.executable, "-c", CODE, json.dumps(sys.path)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return [subprocess.Popen(words, stdin=subprocess.PIPE, **quiet) for _ in range(n_processes)]


def share_out(others: Sequence[subprocess.Popen], folder: Path) -> None:
    """Tell each process its share of a folder's figures: every n-th one; the first share is left to the caller."""
    for part, other in enumerate(others, start=1):
        with suppress(OSError):  # it is gone, as its exit code will say
            other.stdin.write(json.dumps([str(folder.resolve()), part, len(others) + 1]).encode() + b"\n")
            other.stdin.close()
