"""What a row of a sweep costs: a patch of 5 000 cells and its control, as ``abm study run`` runs them."""

import os
import tempfile
from pathlib import Path
from time import process_time

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
SETS = (*density(PATCH_CELLS), *NO_FRAMES, "arms.serum=null", "arms.effectors=null", "replicates=1", "dt=2.5 min")


def sweep(plan: Plan) -> list[Figure]:
    """Run a sweep on one worker, which is this process."""
    _cpu_s(1, draw=1)
    measured, n_busy = paired({"rows": lambda: _cpu_s(plan.sweep_rows, draw=2)}, plan.n_rounds)
    rows = [3600.0 * plan.sweep_rows / s for s in measured["rows"]]
    name = "sweep of patches of 5 000 cells, 24 h, with control"
    return [Figure.of(name, "rows per core-hour", rows, n_busy=n_busy)]


def _cpu_s(n_rows: int, draw: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = (ROOT / THREE_ARMS).read_text()
        (folder / "base.yaml").write_text(base.replace("../", f"{os.path.relpath(ROOT, folder)}/configs/"))
        said = ", ".join(one.replace("=", ": ", 1) for one in SETS)
        (folder / "study.yaml").write_text(STUDY.format(sets=said, rows=n_rows, draw=draw))
        planned, start = load_study(folder / "study.yaml"), process_time()
        run_study(planned, folder / "runs", local(1), Monitor())
        return process_time() - start
