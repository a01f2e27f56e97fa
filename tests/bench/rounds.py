"""Paired rounds: every side once per round, in turn, so that a busy core meets all sides alike."""

import os
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import perf_counter, process_time
from typing import TypeVar

BUSY = 0.10
POLL_S = 0.1
PROC = Path("/proc")

Measured = TypeVar("Measured")


def summary(values: list[float]) -> dict[str, float]:
    """Return median, minimum, maximum and number of rounds."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "n_rounds": len(values)}


def paired(sides: Mapping[str, Callable[[], Measured]], n_rounds: int) -> tuple[dict[str, list[Measured]], int]:
    """Measure every side once per round.

    Parameters
    ----------
    sides : mapping of str to callable
        Each returns what it measured, for example seconds per step.
    n_rounds : int
        Rounds.

    Returns
    -------
    measured : dict of str to list
        Side by side, round by round.
    n_busy : int
        Rounds in which other processes took more than a tenth of the machine.
    """
    measured: dict[str, list[Measured]] = {name: [] for name in sides}
    n_busy = 0
    for _ in range(n_rounds):
        start, others = perf_counter(), _cpu_s_of_others()
        for name, side in sides.items():
            measured[name].append(side())
        share = (_cpu_s_of_others() - others) / (perf_counter() - start) / (os.cpu_count() or 1)
        n_busy += share > BUSY
    return measured, n_busy


def ratios(above: list[float], below: list[float]) -> list[float]:
    """Return the ratio of each pair."""
    return [a / b for a, b in zip(above, below, strict=True)]


def timed(work: Callable[[], None], fresh: Callable[[], None], least_s: float, n_threads: int) -> float:
    """Repeat work, each time from a fresh start that is not timed; return seconds per repeat.

    They are CPU seconds of one thread, which others on the same core do not lengthen, but wall seconds of several.
    """
    clock, total, n = process_time if n_threads == 1 else perf_counter, 0.0, 0
    while total < least_s:
        fresh()
        start = clock()
        work()
        total += clock() - start
        n += 1
    return total / n


def with_peak_MB(work: Callable[[], None]) -> tuple[float, float]:  # noqa: N802 - a unit
    """Return the seconds that work takes, and the most memory that all processes begun by it have held at once."""
    ended, peak = Event(), 0.0

    def watch() -> None:
        nonlocal peak
        while not ended.wait(POLL_S):
            peak = max(peak, sum(_memory_MB(pid) for pid in _family(os.getpid()) if pid != os.getpid()))

    watcher, start = Thread(target=watch), perf_counter()
    watcher.start()
    try:
        work()
    finally:
        ended.set()
        watcher.join()
    return perf_counter() - start, peak


def _family(pid: int) -> Iterator[int]:
    """Yield a process and all that it began and that live."""
    yield pid
    for children in (PROC / str(pid) / "task").glob("*/children"):
        with suppress(OSError):
            for child in children.read_text().split():
                yield from _family(int(child))


def _memory_MB(pid: int) -> float:  # noqa: N802 - a unit
    with suppress(OSError):
        found = re.search(r"Pss:\s+(\d+) kB", (PROC / str(pid) / "smaps_rollup").read_text())
        return float(found[1]) / 1024.0 if found else 0.0
    return 0.0


def _ticks(line: str) -> list[int]:
    return [int(word) for word in line.split()]


def _cpu_s_of_others() -> float:
    """Return CPU seconds used so far by everything but this process and what it began; 0 where unknown."""
    if not (PROC / "stat").exists():
        return 0.0
    all_ticks = _ticks((PROC / "stat").read_text().split("\n", 1)[0].removeprefix("cpu"))[:8]
    busy = sum(all_ticks) - all_ticks[3] - all_ticks[4]
    for pid in _family(os.getpid()):
        with suppress(OSError):  # with what its children took that have ended
            busy -= sum(_ticks(" ".join((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[11:15])))
    return busy / os.sysconf("SC_CLK_TCK")
