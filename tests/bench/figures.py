"""Each function measures one figure of the bench and returns it as plain numbers."""

import json
import math
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

from abm.core.jit import set_threads
from abm.scenario.build import Subject, build
from tests.bench.engine import THREE_ARMS, Clocked, Triad, WrongStateError, assay, digest
from tests.bench.rounds import paired, ratios, summary
from tests.reference.mesa_model import FloorAssay

ROOT = Path(__file__).parents[2]
MESA_STEPS = 32
BATCH_AGENTS, BATCH_HOURS = 5_000, 2.0


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    n_rounds: int
    threads: tuple[int, ...]
    sizes: tuple[int, ...]
    well_hours: float
    mesa_agents: int
    n_batch: int
    nk_share: float
    sweep_rows: int


def throughput(plan: Plan) -> dict[str, Any]:
    """Seconds per step by size and threads, and what follows: speed, growth with size, gain by threads, memory."""
    triad, found, seconds = Triad(), {}, {}
    for n_agents in plan.sizes:
        found[str(n_agents)], seconds[n_agents] = _one_size(plan, n_agents, triad)
    return {"sizes": found, "exponent": exponents(seconds, plan)}


def _one_size(plan: Plan, n_agents: int, triad: Triad) -> tuple[dict[str, Any], dict[str, list[float]]]:
    clocked = Clocked(assay(n_agents, plan.nk_share))
    clocked.seconds_per_step(1)
    sides = {str(n): lambda n=n: clocked.seconds_per_step(n) for n in plan.threads}
    sides |= {f"triad {n}": lambda n=n: triad.bytes_per_s(n) for n in plan.threads}
    measured, n_busy = paired(sides, plan.n_rounds)
    speed = {str(n): summary([clocked.n_agents / s for s in measured[str(n)]]) for n in plan.threads}
    bytes_per_step = clocked.bytes_per_step()
    return {
        "cells_steps_per_s": speed,
        "speed_up": {str(n): ratios(measured[str(plan.threads[0])], measured[str(n)]) for n in plan.threads},
        "triad_share": {str(n): _triad_share(bytes_per_step, measured, n) for n in plan.threads},
        "triad_bytes_per_s": {str(n): summary(measured[f"triad {n}"]) for n in plan.threads},
        "bytes_per_agent": clocked.bytes_per_agent(),
        "bytes_per_step": bytes_per_step,
        "seconds_by_process": clocked.seconds_by_process(),
        "hash": clocked.expected,
        "busy_rounds": n_busy,
    }, measured


def _triad_share(bytes_per_step: float, measured: dict[str, list[float]], n_threads: int) -> dict[str, float]:
    moved = [bytes_per_step / s for s in measured[str(n_threads)]]
    return ratios(moved, measured[f"triad {n_threads}"])


def exponents(seconds: dict[int, dict[str, list[float]]], plan: Plan) -> dict[str, Any]:
    """Growth exponent of the time per step from the smallest to the largest size, by threads."""
    small, large = min(seconds), max(seconds)
    if small == large:
        return {}
    span = math.log(large / small)
    values = {
        str(n): [math.log(b / a) / span for a, b in zip(seconds[small][str(n)], seconds[large][str(n)], strict=True)]
        for n in plan.threads
    }
    return {"from": small, "to": large} | {n: summary(v) for n, v in values.items()}


def mesa_ratio(plan: Plan) -> dict[str, Any]:
    """Seconds per step of the Mesa model over those of the engine, the first steps of the same well."""
    scenario = assay(plan.mesa_agents, plan.nk_share)
    clocked, states = Clocked(scenario, MESA_STEPS), set()
    clocked.seconds_per_step(1)

    def mesa_step() -> float:
        """Build a fresh model, then time its first steps."""
        model = FloorAssay(scenario, "both", 1)
        start = perf_counter()
        for _ in range(MESA_STEPS):
            model.step()
        seconds = perf_counter() - start
        states.add((model.antibody, model.igm, model.pools.c3))
        return seconds / MESA_STEPS

    sides = {"mesa": mesa_step} | {str(n): lambda n=n: clocked.seconds_per_step(n) for n in plan.threads}
    measured, n_busy = paired(sides, plan.n_rounds)
    if len(states) != 1:
        raise WrongStateError(f"one seed of the Mesa model ended in {len(states)} states")
    return {
        "agents": clocked.n_agents,
        "mesa_cells_steps_per_s": summary([clocked.n_agents / s for s in measured["mesa"]]),
        "ratio": {str(n): ratios(measured["mesa"], measured[str(n)]) for n in plan.threads},
        "busy_rounds": n_busy,
    }


def well(plan: Plan) -> dict[str, Any]:
    """The combined arm in a full well, each time in a new process, with its peak of memory."""
    runs: dict[int, list[dict]] = {n: [] for n in (plan.threads[0], plan.threads[-1])}

    def side(n_threads: int) -> float:
        runs[n_threads].append(_one_well(60_000, plan.well_hours, n_threads))
        return runs[n_threads][-1]["run_s"]

    measured, n_busy = paired({str(n): lambda n=n: side(n) for n in runs}, plan.n_rounds)
    hashes = {run["hash"] for several in runs.values() for run in several}
    if len(hashes) != 1:
        raise WrongStateError(f"a full well ended in {len(hashes)} states")
    return {
        "hours": plan.well_hours,
        "run_s": {n: summary(values) for n, values in measured.items()},
        "peak_MB": {str(n): summary([run["peak_MB"] for run in several]) for n, several in runs.items()},
        "hash": hashes.pop(),
        "busy_rounds": n_busy,
    }


def _one_well(n_agents: int, hours: float, n_threads: int, **environment: str) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "tests.bench.one_well", str(n_agents), str(hours), str(n_threads)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def replicate_hash(replicate: int) -> str:
    """Run one small well on one thread."""
    set_threads(1)
    simulation = build(assay(BATCH_AGENTS, hours=BATCH_HOURS), Subject("both", replicate))
    simulation.run()
    return digest(simulation)


def batch(plan: Plan) -> dict[str, Any]:
    """Wells of 5 000 cells one by one, against as many at once as there are workers of one thread each."""
    jobs, found = range(plan.n_batch), {}
    for n_workers in plan.threads[1:]:
        with ProcessPoolExecutor(n_workers, get_context("spawn")) as pool:
            list(pool.map(replicate_hash, range(4 * n_workers)))
            hashes: set[tuple[str, ...]] = set()

            def side(run: Any, hashes: set = hashes) -> float:
                start = perf_counter()
                hashes.add(tuple(run(replicate_hash, jobs)))
                return perf_counter() - start

            sides = {"one by one": lambda side=side: side(map), "at once": lambda side=side, p=pool: side(p.map)}
            measured, n_busy = paired(sides, plan.n_rounds)
        if len(hashes) != 1:
            raise WrongStateError(f"a batch ended in {len(hashes)} states")
        steps = plan.n_batch * BATCH_AGENTS * BATCH_HOURS * 60.0
        found[str(n_workers)] = {
            "ratio": ratios(measured["one by one"], measured["at once"]),
            "cells_steps_per_s": summary([steps / s for s in measured["at once"]]),
            "busy_rounds": n_busy,
        }
    return found


def startup(plan: Plan) -> dict[str, Any]:
    """Wall seconds of the quick verbs, each in a new process."""
    verbs = {"--help": ["--help"], "check": ["check", str(THREE_ARMS)], "list": ["list"]}

    def side(words: list[str]) -> float:
        start = perf_counter()
        subprocess.run([sys.executable, "-P", "-m", "abm", *words], cwd=ROOT, capture_output=True, check=True)
        return perf_counter() - start

    measured, n_busy = paired({name: lambda w=words: side(w) for name, words in verbs.items()}, plan.n_rounds)
    return {name: summary(values) for name, values in measured.items()} | {"busy_rounds": n_busy}


def first_result(plan: Plan, is_cold: bool) -> dict[str, Any]:
    """Wall seconds from a new process to the end of ten minutes of a small well, kernels compiled or cached."""
    with tempfile.TemporaryDirectory() as cache:

        def side(**environment: str) -> float:
            start = perf_counter()
            _one_well(600, 1.0 / 6.0, 1, **environment)
            return perf_counter() - start

        cold = [side(XDG_CACHE_HOME=cache)] if is_cold else []
        side()
        warm, n_busy = paired({"warm": side}, plan.n_rounds)
    return {name: summary(v) for name, v in (("cold", cold), ("warm", warm["warm"])) if v} | {"busy_rounds": n_busy}
