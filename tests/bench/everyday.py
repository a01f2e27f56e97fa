"""What a user waits for: the quick verbs, the first result, a first look, a whole plate."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

import pytest

from tests.bench import jobs
from tests.bench.engine import ROOT
from tests.bench.figures import Plan
from tests.bench.rounds import paired, ratios, with_peak_MB
from tests.bench.shown import Figure
from tests.bench.side import Side

SCENARIOS = Path("configs/scenarios")
QUICK, PLATE = str(SCENARIOS / "quick.yaml"), str(SCENARIOS / "plate.yaml")
FIRST_CELLS, FIRST_HOURS = 600, 1.0 / 6.0
PART_HOURS = 8


def _abm(*words: str) -> None:
    command = [sys.executable, "-P", "-m", "abm", *words]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)


def _run(scenario: str, n_threads: int, words: Sequence[str] = ()) -> None:
    """Run a scenario into a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        _abm("run", scenario, "--threads", str(n_threads), "--out", folder, *words)


def _wall_s(work: partial[None]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def startup(plan: Plan) -> list[Figure]:
    """Wall seconds of the quick verbs and of a first look, each in a new process."""
    n = max(plan.threads)
    verbs = {
        "abm --help": partial(_abm, "--help"),
        "abm list": partial(_abm, "list"),
        "abm check three_arms.yaml": partial(_abm, "check", jobs.THREE_ARMS),
        "abm run quick.yaml": partial(_run, QUICK, n),
    }
    verbs["abm run quick.yaml"]()
    measured, n_busy = paired({name: partial(_wall_s, work) for name, work in verbs.items()}, plan.n_rounds)
    most = {"abm run quick.yaml": 5.0}
    return [
        Figure.of(name, "s", values, n_threads=n if name in most else 1, n_busy=n_busy, at_most=most.get(name))
        for name, values in measured.items()
    ]


def _first_result_s() -> float:
    """Return wall seconds from a new process to the end of ten minutes of a small well."""
    start = perf_counter()
    with Side(ROOT, jobs.wells(FIRST_CELLS, FIRST_HOURS) | {"few": None}) as side:
        side.heard()
        side.run(0)
    return perf_counter() - start


def first_result(plan: Plan) -> list[Figure]:
    """Wall seconds to the first result with all kernels cached, and of their compilation."""
    n, words = max(plan.threads), "first result of a small well, in a new process"
    _first_result_s()
    warm, n_busy = paired({words: _first_result_s}, plan.n_rounds)
    found = [Figure.of(words, "s", warm[words], n_busy=n_busy, at_most=1.2)]
    return found if plan.is_quick else [*found, _compilation(n)]


def _compilation(n_threads: int) -> Figure:
    """Return what ``quick.yaml`` takes longer when nothing is cached."""
    look = partial(_wall_s, partial(_run, QUICK, n_threads))
    look()

    def cold_s() -> float:
        with tempfile.TemporaryDirectory() as cache, pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", cache)
            return look()

    measured, n_busy = paired({"cold": cold_s, "warm": look}, 1)
    seconds = measured["cold"][0] - measured["warm"][0]
    return Figure.of("compilation for quick.yaml", "s", [seconds], n_threads=n_threads, n_busy=n_busy, at_most=30)


def plate(plan: Plan) -> list[Figure]:
    """A 96-well plate in one command: time and memory; and what a second core brings to a third of it."""
    n = max(plan.threads)
    part = partial(_run, PLATE, words=("--set=replicates=1", f"--set=duration={PART_HOURS} h"))
    sides = {k: partial(_wall_s, partial(part, n_threads=k)) for k in dict.fromkeys((1, n))}
    measured, n_busy = paired(sides, min(2, plan.n_rounds))
    seconds, peak_MB = with_peak_MB(partial(_run, PLATE, n))  # noqa: N806 - a unit
    name = "plate of 96 wells, 60 000 cells each, 24 h at 1 min"
    return [
        Figure.of(name, "s", [seconds], n_threads=n),
        Figure.of(f"{name}: memory of all processes", "MB", [peak_MB], n_threads=n),
        Figure.of(f"32 wells of it, {PART_HOURS} h, over one core", "×", ratios(measured[1], measured[n]), n_threads=n,
                  n_busy=n_busy, at_least=1.8 if n == 2 else None),
    ]  # fmt: skip
