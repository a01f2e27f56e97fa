"""The step-size check of one run: the same wells with half the step."""

from pathlib import Path

import numpy as np

from abm.results.run import Run
from abm.results.seal import seal, sealed
from abm.scenario.schema import Scenario
from abm.statistics.intervals import of_mean
from abm.study.jobs import Monitor
from abm.study.run import run_scenario


def compare_half_step(run: Run, scenario: Scenario, root: Path, n_threads: int, monitor: Monitor) -> dict:
    """Run every well again with half the step and put the differences, in points, into the run's summary.

    Returns
    -------
    dict
        Per arm: ``mean``, ``lo``, ``hi`` of the paired difference in survival over replicates, in percentage points.
    """
    later = tuple(one.model_copy(update={"dt": one.dt / 2.0}) for one in scenario.dt_later)
    name = f"{scenario.name}.half-step"[:64]
    n = {"replicates": int(run.series()["replicate"].nunique())}
    half = scenario.model_copy(update={"dt": scenario.dt / 2.0, "dt_later": later, "name": name} | n)
    other = run_scenario(half, root, n_threads, monitor)
    fine, coarse = _survival(other), _survival(run)
    found = {arm: of_mean(100.0 * (fine[arm] - coarse[arm])).as_numbers() for arm in run.summary()["arms"]}
    seal(run.path, "summary.json", run.summary() | {"step_check": found}, sealed(run.path))
    return found


def _survival(run: Run) -> dict[str, np.ndarray]:
    last = run.series().groupby(["arm", "replicate"], sort=False).last()
    raw = last["n_b_alive"] / last["n_b_start"].where(last["n_b_start"] > 0)
    return {arm: raw[arm].to_numpy() for arm in raw.index.get_level_values("arm").unique()}
