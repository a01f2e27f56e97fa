"""A posterior on emulators is that of rejection on the model itself, which takes a hundred times as many runs."""

from pathlib import Path

import numpy as np
import pytest

from abm.evidence.calibrate import calibrate
from abm.evidence.emulation import run
from abm.evidence.fit import load_calibration
from abm.evidence.lab import Lab
from abm.evidence.posterior import Literature
from abm.results.study import StudyFolder
from abm.study.execute import local
from abm.study.jobs import Monitor

pytestmark = pytest.mark.verification
CALIBRATION = Path(__file__).parents[2] / "configs" / "studies" / "calibration.yaml"
SETS = (
    *("name=crossed", "claims=[V8-primary, V8-lines]", "scale=0.3", "points=64", "live=200", "checked=40"),
    "free={processes.killing.rate_per_h: {lo: 1.5, hi: 6, scale: log}, "
    "processes.killing.repair_per_h: {lo: 0.09, hi: 0.7, scale: log}}",
)
N_DRAWS = 1500


def test_emulated_and_rejected_draws_are_of_one_posterior(tmp_path):
    """Draws from the prior, run on the model, are kept with the likelihood of what came out."""
    problem = load_calibration(CALIBRATION, SETS)
    _, found = calibrate(problem, tmp_path, local(2), Monitor())
    emulated = np.array([found["shares"][own.path] for own in problem.ranges]).T
    rng = np.random.default_rng(7)
    lab = Lab(StudyFolder(tmp_path / "rejection"), local(2), Monitor())
    runs = run(problem, lab, rng.random((N_DRAWS, 2)), 10_000)
    likelihood = Literature.of(problem.claims).log_likelihood(runs.y, runs.noise).sum(axis=1)
    kept = runs.x[rng.random(N_DRAWS) < np.exp(likelihood - likelihood.max())]
    assert len(kept) > 100
    error = np.sqrt(kept.var(axis=0) / len(kept) + emulated.var(axis=0) / 300)
    np.testing.assert_array_less(np.abs(kept.mean(axis=0) - emulated.mean(axis=0)), 4.0 * error)
    np.testing.assert_allclose(emulated.std(axis=0), kept.std(axis=0), rtol=0.3)
    evidence = np.log(np.exp(likelihood - likelihood.max()).mean()) + likelihood.max()
    assert found["log_evidence"] == pytest.approx(evidence, abs=0.4)
