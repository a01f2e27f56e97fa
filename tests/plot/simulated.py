"""Shipped scenarios made tiny: a well, a dose series, donors, a cohort and patients with CLL, really simulated."""

import shutil
from pathlib import Path

from abm.evidence.targets import load_population
from abm.evidence.weigh import weigh
from abm.results.run import Run
from abm.scenario.from_file import load_scenario
from abm.study.run import run_scenario

SCENARIOS = Path(__file__).parents[2] / "configs" / "scenarios"
SMALL_WELL = ("dt=5 min", "probes.counts.every=30 min", "populations.b_cells.n=100", "duration=2 h")
FRAMES = ("probes.cells.at=[0 h, 1 h, 2 h]", "probes.fields.at=[0 h, 2 h]")
DOSES = ", ".join(f"vv_{x}: {{x: {x}, group: VV, add: [{{rituximab: {x} ug/mL}}]}}" for x in (0.1, 1, 10))
PROTOCOLS = "daily: {add: [{ibrutinib: 420 mg}]}, missed: {add: [{ibrutinib: 420 mg, missed: 30 %}]}"
KINDS = {
    "well": ("three_arms", (*SMALL_WELL, *FRAMES, "replicates=2")),
    "series": ("dose_series", (*SMALL_WELL, "replicates=1", f"arms={{{DOSES}}}")),
    "donors": ("donors", (*SMALL_WELL, "replicates=5")),
    "cohort": (
        "gertz2004",
        ("replicates=20", "duration=40 weeks", "populations.b_cells.cells_per_agent=1e11", "probes.patient.every=7 d"),
    ),
    "cll": (
        "cll_protocols",
        ("replicates=6", "duration=60 weeks", "populations.b_cells.cells_per_agent=1e12", f"arms={{{PROTOCOLS}}}",
         "end_points.follow_up_spread=0 h"),
    ),
}  # fmt: skip

POPULATIONS = (
    "{of: baseline_igm_g_per_L, median: 30 g/L}, {of: covariates.fcgr3a, is: VV, share: 30 %}",
    "{of: minor, share: 60 %, n: 69}, {of: baseline_albumin_g_per_L, mean: 36, sd: 4}",
)


def weighted(run: Run, root: Path) -> Run:
    """Return a copy of a run with two virtual populations beside its own files."""
    shutil.copytree(run.path, root / "weighted", ignore=shutil.ignore_patterns("figures", "report.html"))
    for name, targets in zip(("much", "few"), POPULATIONS, strict=True):
        file = root / f"{name}.yaml"
        file.write_text(f"source: 'assumed: a test'\nat_least: 5\ntargets: [{targets}]\n")
        weigh(*load_population(file), root / "weighted")
    return Run(root / "weighted")


def simulate(kind: str, root: Path) -> Run:
    """Return the run of a tiny version of a shipped scenario."""
    name, sets = KINDS[kind]
    return run_scenario(load_scenario(SCENARIOS / f"{name}.yaml", sets), root / kind, 1)
