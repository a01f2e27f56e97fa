"""Fits find a known point and a known posterior, go on where they stopped, and write a set that loads."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.evidence.calibrate import calibrate
from abm.evidence.fit import fit_point, fit_posterior, load_calibration, misfit, model, quantiles
from abm.evidence.lab import Lab
from abm.evidence.report import drawn
from abm.results.study import StudyFolder
from abm.results.tables import read_parquet
from abm.scenario.from_file import load_scenario
from abm.study.execute import local
from abm.study.jobs import Flow, Monitor, Stopped

STUDIES = Path(__file__).parents[2] / "configs" / "studies"
NOISE, TRUTH = 0.2, {"y": 1.0}


def line(shares, seed=0):
    return {"y": 4.0 * shares["a"] - 1.0}


def noisy(shares, seed):
    return {"y": line(shares)["y"] + NOISE * np.random.default_rng(seed).standard_normal()}


def test_a_known_point_is_found_from_afar(tmp_path):
    found = fit_point(line, TRUTH, {"y": NOISE}, {"a": 0.05}, tmp_path, trials=40, seed=1)
    assert found["trials"][0]["shares"] == {"a": 0.05}
    assert found["shares"]["a"] == pytest.approx(0.5, abs=0.03)
    assert found["misfit"] == pytest.approx(misfit(line(found["shares"]), TRUTH, {"y": NOISE}))


def test_a_stopped_point_fit_goes_on_with_the_points_it_has(tmp_path):
    calls = []

    def counted(shares, seed):
        calls.append(shares)
        return line(shares)

    given = (counted, TRUTH, {"y": 1.0}, {"a": 0.1}, tmp_path)
    with pytest.raises(Stopped):
        fit_point(*given, trials=9, seed=1, flow=Flow(is_stopped=lambda: len(calls) == 4))
    found = fit_point(*given, trials=9, seed=1)
    assert len(calls) == len(found["trials"]) == 9


def test_a_known_posterior_is_found_and_goes_on_by_generation(tmp_path):
    """Uniform before, normal noise: the posterior is normal with mean 0.5 and SD 0.05, widened by the last epsilon."""
    settings = {"population": 150, "seed": 3}
    first = fit_posterior(noisy, TRUTH, {"y": NOISE}, ["a"], tmp_path, generations=2, **settings)
    found = fit_posterior(noisy, TRUTH, {"y": NOISE}, ["a"], tmp_path, generations=5, **settings)
    assert found["epsilons"][: len(first["epsilons"])] == first["epsilons"]
    assert len(found["epsilons"]) == 5
    values, weights = np.array(found["shares"]["a"]), np.array(found["weights"])
    mean = float(values @ weights)
    sd = math.sqrt(float((values - mean) ** 2 @ weights))
    assert mean == pytest.approx(0.5, abs=0.02)
    assert 0.04 < sd < 0.07


def test_a_number_that_did_not_come_out_is_far_away_but_finite():
    assert misfit({"y": math.nan}, TRUTH, {"y": 1.0}) == misfit({"y": 1e9}, TRUTH, {"y": 1.0}) == 900.0


def test_weighted_quantiles_of_equal_weights_are_the_ordinary_ones():
    values = np.random.default_rng(1).standard_normal(1001)
    assert quantiles(values, np.ones(1001), [0.5])[0] == pytest.approx(float(np.median(values)))
    assert quantiles([1.0, 2.0], [1.0, 3.0], [0.5])[0] == pytest.approx(1.75)


@pytest.mark.parametrize("file", ["calibration.yaml", "calibration_quick.yaml"])
def test_the_calibration_that_ships_fits_what_it_may_and_starts_at_the_set_itself(file):
    problem = load_calibration(STUDIES / file)
    assert {claim.role for claim in problem.claims} == {"fit"}
    base = load_scenario(STUDIES / "../parameters/wm_bright.yaml")
    start = problem.theta(problem.start())
    assert start["processes.killing.rate_per_h"] == pytest.approx(base.processes["killing"].rate_per_h)
    assert start["populations.b_cells.cd20.sigma"] == pytest.approx(base.populations.b_cells.cd20.sigma)


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (["claims=[A1, A4-serum]"], "A4-serum is a goal"),
        (["claims=[A3]"], "A3 decides between hypotheses: it cannot set populations"),
        (["claims=[A9]"], "no claim 'A9'"),
        (["parameters=none.yaml"], "no such file 'none.yaml'"),
        (["free={processes.killing.rate: {}}", "posterior_of=[]"], "no 'rate'|no number with a range"),
        (["posterior_of=[processes.docking.steepness]"], "is not free"),
    ],
)
def test_a_calibration_that_may_not_be_is_refused(sets, told):
    with pytest.raises(InputError, match=told):
        load_calibration(STUDIES / "calibration.yaml", tuple(sets))


TINY = ("claims=[V5, V13]", "trials=2", "population=4", "generations=1", "scale=0.05", "name=tiny_fit",
        "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}}", "posterior_of=[]")  # fmt: skip


def test_a_tiny_calibration_ends_in_a_parameter_set_that_loads(tmp_path):
    problem = load_calibration(STUDIES / "calibration.yaml", TINY)
    folder, found = calibrate(problem, tmp_path, 1, Monitor(), "both")
    (row,) = found["estimates"]
    assert 50_000 <= row["lo"] <= row["median"] <= row["hi"] <= 90_000
    shutil.copy(STUDIES / "../parameters/wm_bright.yaml", folder.path)
    calibrated = load_scenario(folder.path / "parameters.yaml")
    assert calibrated.processes["docking"].rho50_per_cell == pytest.approx(row["point"], rel=1e-3)
    assert "# fitted: on V5, V13; seed 1" in (folder.path / "parameters.yaml").read_text()
    weights = read_parquet(folder.path / "posterior.parquet")["weight"].to_pylist()
    assert json.loads((folder.path / "fit.json").read_text())["weights"] == weights
    assert len(drawn(folder.path, 5)) == 5


def test_the_model_as_a_function_gives_what_the_claims_measure(tmp_path):
    problem = load_calibration(STUDIES / "calibration.yaml", TINY)
    simulate = model(problem, Lab(StudyFolder(tmp_path), local(1), Monitor()))
    few, many = (simulate({"processes.docking.rho50_per_cell": share}, 1) for share in (1.0, 0.0))
    assert set(few) == {"V5", "V13"}
    assert many["V5"] > few["V5"] > 0
    assert few["V13"] == many["V13"]


def test_an_unknown_method_is_refused(tmp_path):
    with pytest.raises(InputError, match="method 'mcmc'; allowed: point, posterior, both"):
        calibrate(load_calibration(STUDIES / "calibration.yaml", TINY), tmp_path, 1, Monitor(), "mcmc")
