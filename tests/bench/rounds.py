"""Paired rounds: every side once per round, in turn, from a fresh start, so that a busy core meets all sides alike."""

import os
import resource
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter

BUSY = 0.10


def summary(values: list[float]) -> dict[str, float]:
    """Return median, minimum, maximum and number of rounds."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "rounds": len(values)}


def paired(sides: Mapping[str, Callable[[], float]], n_rounds: int) -> tuple[dict[str, list[float]], int]:
    """Measure every side once per round.

    Parameters
    ----------
    sides : mapping of str to callable
        Each returns what it measured, for example seconds per step.
    n_rounds : int
        Rounds.

    Returns
    -------
    measured : dict of str to list of float
        Side by side, round by round.
    n_busy : int
        Rounds in which other processes took more than a tenth of the machine.
    """
    measured: dict[str, list[float]] = {name: [] for name in sides}
    n_busy = 0
    for _ in range(n_rounds):
        start, others = perf_counter(), _cpu_seconds_of_others()
        for name, side in sides.items():
            measured[name].append(side())
        share = (_cpu_seconds_of_others() - others) / (perf_counter() - start) / (os.cpu_count() or 1)
        n_busy += share > BUSY
    return measured, n_busy


def ratios(above: list[float], below: list[float]) -> dict[str, float]:
    """Return the summary of the ratio of each pair."""
    return summary([a / b for a, b in zip(above, below, strict=True)])


def timed(work: Callable[[], None], fresh: Callable[[], None], least_s: float) -> tuple[float, int]:
    """Repeat work, each time from a fresh start that is not timed; return seconds per repeat and repeats."""
    total, n = 0.0, 0
    while total < least_s:
        fresh()
        start = perf_counter()
        work()
        total += perf_counter() - start
        n += 1
    return total / n, n


def _cpu_seconds_of_others() -> float:
    """Return CPU seconds used so far by everything but this process and its finished children; 0 where unknown."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    ticks = [int(word) for word in stat.read_text().split("\n", 1)[0].split()[1:9]]
    busy_s = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
    own = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return busy_s - sum(usage.ru_utime + usage.ru_stime for usage in own)
