"""Survival of the same wells at several step lengths, one process per core."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from abm.core.jit import set_threads
from abm.core.resources import cores
from abm.verify.wells import finished, patch, sized, survival

N_B_CELLS = 2_000
SIZE = (*sized(N_B_CELLS), "populations.nk_cells.per_b_cell=5", "processes.dheas.voxels_per_side=28", "duration=24 h")


def well(arm: str, replicate: int, dt_min: float) -> float:
    """Return the percentage of B cells that survive 24 h."""
    set_threads(1)
    return 100.0 * survival(finished(patch(*SIZE, f"dt={dt_min} min", "probes.counts.every=1 h"), arm, replicate))


def wells(arms: list[str], n_replicates: int, dts_min: list[float]) -> dict[tuple[str, float], list[float]]:
    """Return survival by arm and step, replicate by replicate: the same cells at the same places in every step."""
    jobs = [(arm, replicate, dt) for replicate in range(n_replicates) for arm in arms for dt in dts_min]
    n_workers = int(os.environ.get("ABM_WORKERS", cores()))
    with ProcessPoolExecutor(n_workers, get_context("spawn")) as pool:
        percent = list(pool.map(well, *zip(*jobs, strict=True)))
    return {
        (arm, dt): [p for p, job in zip(percent, jobs, strict=True) if job[0] == arm and job[2] == dt]
        for arm in arms
        for dt in dts_min
    }
