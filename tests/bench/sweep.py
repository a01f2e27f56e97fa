"""What a sweep of patches of 5 000 cells costs: rows per core-hour, the start of the workers left out."""

import os
import tempfile
from itertools import count
from pathlib import Path
from time import perf_counter

from abm.study.execute import local, run_study
from abm.study.jobs import Monitor
from abm.study.spec import load_study
from tests.bench.engine import ROOT
from tests.bench.figures import Plan
from tests.bench.jobs import NO_FRAMES, PATCH_CELLS, THREE_ARMS, density
from tests.bench.rounds import paired
from tests.bench.shown import Figure

STUDY = """
name: bench
base: base.yaml
set: {{{sets}}}
design: {{kind: latin_hypercube, n: {rows}, draw_seed: {draw}, axes: {{processes.shield.max_frac: {{}}}}}}
seeds: [1]
summaries: [both.survival]
"""
ONE_ARM = ("arms.serum=null", "arms.effectors=null", "replicates=1", "dt=2.5 min")


def sweep(plan: Plan) -> list[Figure]:
    """Run few rows and many, one arm and its control each, over all workers: what lies between them are rows alone."""
    n_workers, draws = max(plan.threads), count(1)
    few, many = 2 * n_workers, 2 * n_workers + plan.sweep_rows
    sides = {n: lambda n=n: _wall_s(n, n_workers, plan.well_hours, next(draws)) for n in (few, many)}
    measured, n_busy = paired(sides, min(3, plan.n_rounds))
    rows = [3600.0 * plan.sweep_rows / n_workers / (b - a) for a, b in zip(*measured.values(), strict=True)]
    name = f"sweep of patches of 5 000 cells, {plan.well_hours:g} h, with control"
    return [Figure.of(name, "rows per core-hour", rows, n_threads=n_workers, n_busy=n_busy)]


def _wall_s(n_rows: int, n_workers: int, hours: float, draw: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = (ROOT / THREE_ARMS).read_text()
        (folder / "base.yaml").write_text(base.replace("../", f"{os.path.relpath(ROOT, folder)}/configs/"))
        sets = (*density(PATCH_CELLS), *NO_FRAMES, *ONE_ARM, f"duration={hours} h")
        said = ", ".join(one.replace("=", ": ", 1) for one in sets)
        (folder / "study.yaml").write_text(STUDY.format(sets=said, rows=n_rows, draw=draw))
        planned, start = load_study(folder / "study.yaml"), perf_counter()
        run_study(planned, folder / "runs", local(n_workers), Monitor())
        return perf_counter() - start
