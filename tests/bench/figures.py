"""What the engine costs: each function measures something in paired rounds and returns its figures."""

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import process_time
from typing import Any

from abm.study.batches import MOST_ROWS
from tests.bench import jobs
from tests.bench.engine import ROOT, Clocked, Triad, WrongStateError, assay
from tests.bench.rounds import paired, ratios
from tests.bench.shown import Figure
from tests.bench.side import Side
from tests.reference.mesa_model import FloorAssay

MESA_STEPS = 8
PATCH_DT_MIN, PATCHES = 2.5, MOST_ROWS // jobs.PATCH_CELLS  # as a sweep puts side by side


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    n_rounds: int
    threads: tuple[int, ...]
    sizes: tuple[int, ...]
    nk_share: float
    mesa_cells: int
    well_hours: float
    n_patients: int
    sweep_rows: int
    is_quick: bool


def throughput(plan: Plan) -> list[Figure]:
    """Time per cell and step by size and threads, and what follows: growth with size, gain by threads, memory moved."""
    triad, seconds, found = Triad(), {}, []
    for n_cells in plan.sizes:
        clocked = Clocked(assay(n_cells, plan.nk_share))
        _warm_up(clocked, plan)
        sides = {n: lambda n=n, c=clocked: c.seconds_per_step(n) for n in plan.threads}
        sides |= {-n: lambda n=n: triad.bytes_per_s(n) for n in plan.threads}
        seconds[n_cells], n_busy = paired(sides, plan.n_rounds)
        found += _of_size(clocked, seconds[n_cells], plan, n_busy)
    return [*found, *_growth(seconds, plan)]


def _warm_up(clocked: Clocked, plan: Plan) -> None:
    """Compile what one thread calls, and what several call."""
    for n in plan.threads:
        clocked.seconds_per_step(n)


def _of_size(clocked: Clocked, measured: Mapping[int, list[float]], plan: Plan, n_busy: int) -> list[Figure]:
    n_cells, moved, found = clocked.n_cells, clocked.bytes_per_step(), []
    size = f"{n_cells:.0e} cells".replace("e+0", "e")
    for n in plan.threads:
        how: dict[str, Any] = {"n_threads": n, "n_busy": n_busy}
        own, bandwidth = measured[n], measured[-n]
        found += [
            Figure.of(f"{size}: per cell and step", "ns", [1e9 * s / n_cells for s in own], **how),
            Figure.of(f"{size}: bytes over the triad's", "1", ratios([moved / s for s in own], bandwidth), **how),
        ]
        if n > 1:
            found += [Figure.of(f"{size}: over one thread", "×", ratios(measured[plan.threads[0]], own), **how)]
    return [
        *found,
        Figure.of(f"{size}: counted per cell and step", "B", [moved / n_cells]),
        Figure.of(f"{size}: state per cell", "B", [clocked.bytes_per_cell()]),
    ]


def _growth(seconds: Mapping[int, Mapping[int, list[float]]], plan: Plan) -> list[Figure]:
    """Return the exponent with which the time per step grows from the smallest to the largest size."""
    small, large = min(seconds), max(seconds)
    if small == large:
        return []
    span, name = math.log(large / small), f"exponent of the cost from {small:.0e} to {large:.0e} cells"
    return [
        Figure.of(
            name.replace("e+0", "e"),
            "1",
            [math.log(ratio) / span for ratio in ratios(seconds[large][n], seconds[small][n])],
            n_threads=n,
            at_least=0.98 if n == 1 else None,
            at_most=1.08 if n == 1 else None,
        )
        for n in plan.threads
    ]


def mesa(plan: Plan) -> list[Figure]:
    """Seconds per step of a Mesa model of the same rules over those of the engine, along the first steps of a well."""
    scenario = assay(plan.mesa_cells, plan.nk_share)
    clocked, model = Clocked(scenario, MESA_STEPS), FloorAssay(scenario, "both", 1)
    _warm_up(clocked, plan)

    def mesa_step() -> float:
        start = process_time()
        for _ in range(MESA_STEPS):
            model.step()
        return (process_time() - start) / MESA_STEPS

    sides = {0: mesa_step} | {n: lambda n=n: clocked.seconds_per_step(n) for n in plan.threads}
    found: dict[int, list[float]] = {n: [] for n in plan.threads}
    n_busy = 0
    for _ in range(plan.n_rounds):
        one, was_busy = paired(sides, 1)
        clocked.move_on()
        n_busy += was_busy
        for n, values in found.items():
            values += ratios(one[0], one[n])
    name = f"over a Mesa model of the same rules, {plan.mesa_cells:.0e} cells".replace("e+0", "e")
    return [
        Figure.of(name, "×", values, n_threads=n, n_busy=n_busy, at_least=200 if n == 1 else None)
        for n, values in found.items()
    ]


def well(plan: Plan) -> list[Figure]:
    """The combined arm in a full well and in patches of it, in processes that have warmed up."""
    hours = plan.well_hours
    wells = {n: jobs.wells(jobs.WELL_CELLS, hours, n_threads=n) for n in (plan.threads[0], plan.threads[-1])}
    patch = jobs.wells(jobs.PATCH_CELLS, hours, PATCH_DT_MIN, PATCHES)
    measured, n_busy = _beside(wells | {0: patch}, plan.n_rounds)
    found = []
    for n in wells:
        name = f"full well, 60 000 cells, {hours:g} h at 1 min"
        found += [
            Figure.of(name, "s", _of(measured[n], "wall_s"), n_threads=n, n_busy=n_busy),
            Figure.of(f"{name}: memory", "MB", _of(measured[n][:1], "grown_MB"), n_threads=n, at_most=60),
        ]
        if len({str(one["found"]) for one in measured[n]} ^ {str(one["found"]) for one in measured[plan.threads[0]]}):
            raise WrongStateError(f"a full well ends otherwise on {n} threads")
    per_patch = [s / PATCHES for s in _of(measured[0], "cpu_s")]
    steps_over = PATCH_DT_MIN * jobs.WELL_CELLS / jobs.PATCH_CELLS
    relative = [steps_over * r for r in ratios(per_patch, _of(measured[plan.threads[0]], "cpu_s"))]
    name = f"patch, 5 000 cells, {hours:g} h at {PATCH_DT_MIN} min"
    return [
        *found,
        Figure.of(name, "s", per_patch, n_busy=n_busy),
        Figure.of("a patch over a full well, per cell and step", "×", relative, n_busy=n_busy, at_most=1.5),
    ]


def cohorts(plan: Plan) -> list[Figure]:
    """How many patient-years one core simulates in a second."""
    years, n = 5.0, plan.n_patients
    asked = {
        "Waldenström, 10⁹ cells per agent": jobs.cohort("gertz2004", n, years, 1e9, 12),
        "Waldenström, 10⁸ cells per agent": jobs.cohort("gertz2004", n // 2, years, 1e8, 12),
        "CLL, 10⁹ cells per agent": jobs.cohort("chiodin2022", n // 2, years, 1e9, 12),
    }
    n_patients = dict(zip(asked, (n, n // 2, n // 2), strict=True))
    measured, n_busy = _beside(asked, min(3, plan.n_rounds))
    return [
        Figure.of(name, "patient-years per core-second", [n_patients[name] * years / s for s in _of(own, "cpu_s")],
                  n_busy=n_busy)
        for name, own in measured.items()
    ]  # fmt: skip


def _beside(asked: Mapping[Any, jobs.Job], n_rounds: int) -> tuple[dict[Any, list[dict[str, Any]]], int]:
    """Run jobs of this revision in turn, each in a process that has warmed up; every round another seed."""
    with ExitStack() as stack:
        sides = {name: stack.enter_context(Side(ROOT, job)) for name, job in asked.items()}
        for side in sides.values():
            side.heard()
        seeds = {name: iter(range(1, n_rounds + 1)) for name in sides}
        return paired({name: lambda n=name: sides[n].run(next(seeds[n])) for name in sides}, n_rounds)


def _of(measured: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [one[name] for one in measured]
