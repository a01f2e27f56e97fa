"""A sweep of patches of 5 000 cells: rows per core-hour, share of the cores kept busy, against a process per run."""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from abm.study.execute import local, run_study
from abm.study.jobs import Monitor
from abm.study.spec import Planned, load_study
from tests.bench.figures import ROOT, Plan
from tests.bench.rounds import summary

STUDY = """
name: bench
base: base.yaml
set: {set}
design: {{kind: latin_hypercube, n: {rows}, draw_seed: {draw}, axes: {{processes.shield.max_frac: {{}}}}}}
seeds: [1]
summaries: [both.survival]
"""
B_CELLS = 833  # with 5 NK cells each, 5 000 cells


def sweep(plan: Plan) -> dict[str, Any]:
    """Run rows over all workers, and a few of the same content each in a process of its own."""
    n_workers = max(plan.threads)
    with tempfile.TemporaryDirectory() as folder:
        planned = _planned(Path(folder), plan.sweep_rows, plan.well_hours)
        run_study(_planned(Path(folder), n_workers, 0.5), Path(folder) / "warm", local(n_workers), Monitor())
        start, before = perf_counter(), _children_s()
        run_study(planned, Path(folder) / "runs", local(n_workers), Monitor())
        wall, cpu = perf_counter() - start, _children_s() - before
        alone = [_process_per_run(Path(folder), i, plan.well_hours) for i in range(plan.n_rounds)]
    peak_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3  # noqa: N806 - a unit
    return {
        "rows": plan.sweep_rows,
        "workers": n_workers,
        "rows_per_core_hour": summary([3600.0 * plan.sweep_rows / wall / n_workers]),
        "process_per_run_per_core_hour": summary([3600.0 / s for s in alone]),
        "cores_busy_share": summary([cpu / wall / n_workers]),
        "parent_peak_MB": summary([peak_MB]),
    }


def _planned(folder: Path, n_rows: int, hours: float, draw: int = 1) -> Planned:
    assay = (ROOT / "configs" / "scenarios" / "three_arms.yaml").read_text()
    (folder / "base.yaml").write_text(assay.replace("../", f"{os.path.relpath(ROOT, folder)}/configs/"))
    (folder / "study.yaml").write_text(STUDY.format(set=json.dumps(_patch(hours)), rows=n_rows, draw=draw))
    return load_study(folder / "study.yaml")


def _patch(hours: float) -> dict[str, Any]:
    return {
        "replicates": 1,
        "dt": "2.5 min",
        "duration": f"{hours} h",
        "probes": {"counts": {"every": "30 min"}},
        "arms": {"both": {"add": [{"rituximab": "10 ug/mL"}, {"serum": "25 %"}]}},
        "space.side": f"{5657.0 * (B_CELLS / 10_000) ** 0.5} um",
        "space.volume": f"{200.0 * B_CELLS / 10_000} uL",
        "populations.b_cells.n": B_CELLS,
    }


def _process_per_run(folder: Path, index: int, hours: float) -> float:
    """Return the seconds of one row in a process of its own."""
    _planned(folder, 1, hours, draw=index + 2)
    command = [sys.executable, "-m", "abm", "study", "run", str(folder / "study.yaml"), "--threads", "1"]
    start = perf_counter()
    subprocess.run([*command, "--out", str(folder / f"alone{index}")], cwd=ROOT, check=True, capture_output=True)
    return perf_counter() - start


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
