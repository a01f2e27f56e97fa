"""Fits find a known point and a known posterior, go on where they stopped, and write a set that loads."""

import json
import math
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.evidence.calibrate import calibrate
from abm.evidence.fit import estimates, fit_point, fit_posterior, load_calibration, misfit, model
from abm.evidence.lab import Lab
from abm.evidence.report import drawn
from abm.plot.page.report import write_report
from abm.results.study import StudyFolder
from abm.results.tables import read_parquet
from abm.scenario.from_file import load_scenario
from abm.study.execute import local
from abm.study.jobs import Flow, Monitor, Stopped
from abm.study.run import run_scenario

STUDIES = Path(__file__).parents[2] / "configs" / "studies"
NOISE, TRUTH = 0.2, {"y": 1.0}


def line(shares, seed=0):
    return {"y": 4.0 * shares["a"] - 1.0}


def noisy(shares, seed):
    return {"y": line(shares)["y"] + NOISE * np.random.default_rng(seed).standard_normal()}


def test_a_known_point_is_found_from_afar():
    found = fit_point(line, TRUTH, {"y": NOISE}, {"a": 0.05}, trials=40, seed=1)
    assert found["trials"][0]["shares"] == {"a": 0.05}
    assert found["shares"]["a"] == pytest.approx(0.5, abs=0.03)
    assert found["misfit"] == pytest.approx(misfit(line(found["shares"]), TRUTH, {"y": NOISE}))


class Memory:
    """A model whose values are kept, as a lab keeps them, and that is asked to stop after so many new ones."""

    def __init__(self, simulate):
        self.simulate, self.known, self.left = simulate, {}, math.inf

    def __call__(self, shares, seed):
        key = (*sorted(shares.items()), seed)
        if key not in self.known:
            if self.left <= 0:
                raise Stopped
            self.left -= 1
            self.known[key] = self.simulate(shares, seed)
        return self.known[key]


def disturbed(fit, simulate, every):
    """Return what a fit comes to that is stopped after every few simulations, and the memory of them."""
    memory = Memory(simulate)
    for _ in range(1000):
        memory.left = every
        try:
            return fit(memory), memory
        except Stopped:
            continue
    raise AssertionError("it never ended")


@pytest.mark.parametrize("every", [1, 3])
def test_a_point_fit_stopped_anywhere_tries_the_points_of_a_quiet_one(every):
    def fit(simulate, trials=25):
        return fit_point(simulate, TRUTH, {"y": 1.0}, {"a": 0.1, "b": 0.7}, trials=trials, seed=1)

    quiet = fit(line)
    found, memory = disturbed(fit, line, every)
    assert found == quiet
    assert len(memory.known) == len(found["trials"]) == 25
    assert found["trials"][0]["shares"] == {"a": 0.1, "b": 0.7}
    assert len({trial["shares"]["a"] for trial in found["trials"]}) == 25
    assert fit(line, 12)["trials"] == quiet["trials"][:12], "more trials go on with fewer"


@pytest.mark.parametrize("every", [3, 8])
def test_a_posterior_stopped_anywhere_has_the_particles_of_a_quiet_one(every):
    def fit(simulate, generations=3):
        return fit_posterior(
            simulate, TRUTH, {"y": NOISE}, ["a"], population=8, generations=generations, seed=3, flow=Flow()
        )

    calls = []
    quiet = fit(lambda shares, seed: calls.append(seed) or noisy(shares, seed))
    found, memory = disturbed(fit, noisy, every)
    assert found == quiet
    assert len(set(calls)) == len(calls) == len(memory.known), "no random number serves twice"
    assert fit(noisy, 2)["epsilons"] == quiet["epsilons"][:-1], "more generations go on with fewer"


def test_fits_stop_when_they_are_asked_to():
    with pytest.raises(Stopped):
        fit_point(line, TRUTH, {"y": 1.0}, {"a": 0.1}, trials=3, seed=1, flow=Flow(is_stopped=lambda: True))
    stop = Flow(is_stopped=lambda: True)
    with pytest.raises(Stopped):
        fit_posterior(noisy, TRUTH, {"y": NOISE}, ["a"], population=4, generations=1, seed=3, flow=stop)


def test_a_known_posterior_is_found():
    """Uniform before, normal noise: the posterior is normal with mean 0.5 and SD 0.05, widened by the last epsilon."""
    found = fit_posterior(noisy, TRUTH, {"y": NOISE}, ["a"], population=150, generations=5, seed=3)
    assert len(found["epsilons"]) == 5
    values, weights = np.array(found["shares"]["a"]), np.array(found["weights"])
    mean = float(values @ weights)
    sd = math.sqrt(float((values - mean) ** 2 @ weights))
    assert mean == pytest.approx(0.5, abs=0.02)
    assert 0.04 < sd < 0.07


def test_a_number_that_did_not_come_out_is_far_away_but_finite():
    assert misfit({"y": math.nan}, TRUTH, {"y": 1.0}) == misfit({"y": 1e9}, TRUTH, {"y": 1.0}) == 900.0


def test_a_misfit_is_the_sum_of_squared_distances_in_published_spreads():
    found, truth, spread = {"y": 3.0, "z": -1.0}, {"y": 1.0, "z": 1.0}, {"y": 1.0, "z": 4.0}
    assert misfit(found, truth, spread) == pytest.approx(4.0 + 0.25)


@pytest.mark.parametrize("file", sorted(path.name for path in STUDIES.glob("calibration*.yaml")))
def test_a_calibration_that_ships_is_accepted_under_its_file_s_name(file):
    problem = load_calibration(STUDIES / file)
    assert problem.calibration.name == Path(file).stem
    start = problem.start()
    assert all(0.0 <= share <= 1.0 for share in start.values())


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
        (["parameters=none.yaml"], "no such file 'none.yaml'"),
        (["free={processes.killing.rate: {}}", "posterior_of=[]"], "no 'rate'|no number with a range"),
        (["posterior_of=[processes.docking.steepness]"], "is not free"),
    ],
)
def test_a_calibration_that_may_not_be_is_refused(sets, told):
    with pytest.raises(InputError, match=told):
        load_calibration(STUDIES / "calibration.yaml", tuple(sets))


RANGE = "processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}"
MINE = f"""\
parameters: SET
claims:
  - V5
  - V8-primary
free:
  {RANGE}
set:
  dt: 5 min
"""
LAG = "processes.killing.lag"


def write_mine(path, old="", new=""):
    parameters = os.path.relpath(STUDIES / "../parameters/wm_bright.yaml", path.parent)
    path.write_text((MINE.replace(old, new) if old else MINE).replace("SET", parameters))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("- V8-primary", "- V8-primry", r"4:5  claims\.1  no claim 'V8-primry'; .*did you mean 'V8-primary'"),
        ("- V8-primary", "- P3-PR", r"4:5  claims\.1  P3-PR is of the group patient; the parameter set .* assay"),
        ("- V8-primary", "- V5", r"4:5  claims\.1  V5 a second time; allowed: each claim once"),
        ("- V8-primary", "- A4-serum", r"4:5  claims\.1  A4-serum is a goal"),
        ("dt: 5 min", "processes.kiling.rate_per_h: 2", r"8:3  set\.processes.*'kiling'.*mean 'killing'"),
        (
            "dt: 5 min",
            "processes.killing.lag: 1 h\n  processes.killing: {kind: killing}",
            r"8:3  set\.processes\.killing\.lag  replaced by 'processes\.killing' after it",
        ),
        ("dt: 5 min", "dt: -5 min", r"8:3  set\.dt  .*out of bounds"),
        ("docking.rho50", "docing.rho50", r"6:3  free\.processes.*no 'docing'.*did you mean 'docking'"),
        ("lo: 50000", "lo: 95000", r"6:\d+  free\.processes\.docking\.rho50_per_cell.*is no range"),
        ("lo: 50000", "lo: -1", r"6:\d+  free\.processes\.docking\.rho50_per_cell.*(out of bounds|bounds: >)"),
        ("{lo: 50000, hi: 90000}", "[50000, 90000]", r"6:3  free\.processes.*found values.*; allowed: lo and hi"),
        ("processes.docking.rho50_per_cell", "seed", r"6:3  free\.seed  "),
        (RANGE, "replicates: {lo: 1, hi: 9}", r"6:3  free\.replicates  it says how an experiment is run"),
        (RANGE, "duration: {lo: 1 h, hi: 9 h}", r"6:3  free\.duration  it says how an experiment is run"),
        ("processes.docking.rho50_per_cell", "populations.b_cells.n", r"6:3  free.*every claim has a value of its own"),
        ("processes.docking.rho50_per_cell", "arm", r"6:3  free\.arm  "),
        ("processes.docking.rho50_per_cell", "replicate", r"6:3  free\.replicate  "),
        ("processes.docking.rho50_per_cell", "name", r"6:3  free\.name  "),
        (RANGE, f"{LAG}: {{lo: 0.5, hi: 2}}", rf"6:\d+  free\.{LAG}\.lo  unit missing"),
        (RANGE, f"{LAG}: {{lo: 0.5 h, hi: 2}}", rf"6:\d+  free\.{LAG}\.hi  unit missing"),
        (RANGE, f"{LAG}: {{lo: 0.5 h, hi: 2 nM}}", rf"6:\d+  free\.{LAG}\.hi  .*of dimension"),
        (RANGE, f"{LAG}: {{lo: soon, hi: 2 h}}", rf"6:\d+  free\.{LAG}\.lo  .*no finite number"),
    ],
)
def test_a_fault_of_a_calibration_is_told_with_its_line(tmp_path, old, new, told):
    assert old in MINE
    write_mine(tmp_path / "mine.yaml", old, new)
    with pytest.raises(InputError, match=rf"mine\.yaml:{told}"):
        load_calibration(tmp_path / "mine.yaml")


@pytest.mark.parametrize(("claim", "is_drawn"), [("P6-PR", True), ("P8", False)])
def test_what_every_patient_draws_from_a_range_of_its_own_is_not_fitted(claim, is_drawn):
    free = "free={processes.growth.rel_capacity: {lo: 1.1, hi: 2}}"
    sets = (f"claims=[{claim}]", free, "posterior_of=[]")
    if is_drawn:
        with pytest.raises(InputError, match=r"free\.processes\.growth\.rel_capacity  every patient has a value of"):
            load_calibration(STUDIES / "calibration_patient.yaml", sets)
    else:  # its one patient is of no cohort
        assert load_calibration(STUDIES / "calibration_patient.yaml", sets).ranges[0].hi == 2.0


@pytest.mark.parametrize(
    ("weights", "has_interval"),
    [([0.25] * 20, True), ([1 / 19] * 19, False), ([0.9, *[0.1 / 149] * 149], False), ([1 / 150] * 150, True)],
)
def test_too_few_independent_particles_give_a_median_without_an_interval(tmp_path, weights, has_interval):
    write_mine(tmp_path / "mine.yaml")
    problem = load_calibration(tmp_path / "mine.yaml")
    shares = [i / (len(weights) - 1) for i in range(len(weights))]
    posterior = {"shares": {"processes.docking.rho50_per_cell": shares}, "weights": weights}
    (row,) = estimates(problem, None, posterior)
    assert 50_000 <= row["median"] <= 90_000
    assert (row["lo"] is not None, row["hi"] is not None) == (has_interval, has_interval)
    if has_interval:
        assert row["hi"] - row["lo"] == pytest.approx(40_000 * 0.95 * len(weights) / (len(weights) - 1))


def test_a_calibration_without_a_name_is_called_like_its_file(tmp_path):
    for name in ("first", "second"):
        write_mine(tmp_path / f"{name}.yaml")
        assert load_calibration(tmp_path / f"{name}.yaml").calibration.name == name


TINY = ("claims=[V5, V8-primary]", "trials=2", "population=4", "generations=1", "scale=0.05", "name=tiny_fit",
        "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}}", "posterior_of=[]")  # fmt: skip


def test_a_tiny_calibration_ends_in_a_parameter_set_that_loads(tmp_path):
    problem = load_calibration(STUDIES / "calibration.yaml", TINY)
    folder, found = calibrate(problem, tmp_path, 1, Monitor(), "both")
    (row,) = found["estimates"]
    assert 50_000 <= row["median"] <= 90_000
    assert row["lo"] is row["hi"] is None, "four particles have no tails"
    assert "95 % interval" not in (folder.path / "parameters.yaml").read_text()
    assert "Too few independent particles" in write_report(folder.path).read_text()
    calibrated = load_scenario(folder.path / "parameters.yaml")
    assert calibrated.processes["docking"].rho50_per_cell == row["point"]
    assert "# fitted: on V5, V8-primary; seed 1" in (folder.path / "parameters.yaml").read_text()
    weights = read_parquet(folder.path / "posterior.parquet")["weight"].to_pylist()
    assert json.loads((folder.path / "fit.json").read_text())["weights"] == weights
    assert len(drawn(folder.path, 5)) == 5
    calibrate(problem, tmp_path, 1, Monitor(), "point")
    assert not (folder.path / "posterior.parquet").exists(), "it is not of this fit"


WELL = """
duration: 30 min
space: {side: 450 um, volume: 1 uL}
populations: {b_cells: {n: 60}}
arms: {both: {add: [{rituximab: 10 ug/mL}, {serum: 25 %}]}}
"""
SET = {"dt": "5 min", "processes.shield": "null", "processes.motility.persistence": "7 min"}
FREE = (
    "free={processes.engagement.max_per_target: {lo: 1, hi: 4}, populations.b_cells.low_fraction: {lo: 0.05, hi: 0.15},"
    " processes.recovery.granules_time_constant: {lo: 1 h, hi: 9 h, scale: log}}"
)


def well_of(folder, parameters, sets=()):
    folder.mkdir()
    shutil.copy(parameters, folder / "set.yaml")
    (folder / "well.yaml").write_text(f"extends: set.yaml\n{WELL}")
    return load_scenario(folder / "well.yaml", sets)


@pytest.mark.parametrize("method", ["point", "posterior"])
def test_the_set_of_a_fit_is_what_was_simulated(tmp_path, method):
    changes = "set={" + ", ".join(f"{path}: {value}" for path, value in SET.items()) + "}"
    sets = (*TINY, "claims=[A1]", FREE, changes, "posterior_of=[populations.b_cells.low_fraction]", "scale=0.02")
    problem = load_calibration(STUDIES / "calibration.yaml", sets)
    folder, found = calibrate(problem, tmp_path, 1, Monitor(), method)
    values = SET | problem.theta(problem.start())
    for row in found["estimates"]:
        number = row["median"] if row["point"] is None else row["point"]
        if number is not None:
            values[row["path"]] = f"{number!r} {row['unit']}"
    own = tuple(f"{path}={value}" for path, value in values.items())
    plain = well_of(tmp_path / "plain", STUDIES / "../parameters/wm_bright.yaml", own)
    fitted = well_of(tmp_path / "fitted", folder.path / "parameters.yaml")
    assert "shield" not in fitted.processes
    assert fitted == plain
    runs = [run_scenario(one, tmp_path / name, 1) for name, one in (("a", fitted), ("b", plain))]
    assert runs[0].summary()["result_hash"] == runs[1].summary()["result_hash"]
    text = (folder.path / "parameters.yaml").read_text()
    assert re.search(r"max_per_target: [1-4]\n", text)
    assert "#   processes.shield: null\n" in text


SAME = [(), ("trials=9",), ("generations=3",), ("title=Other", "question=Why?")]
OTHERS = [
    "claims=[V5]",
    "claims=[V8-primary, V5]",
    "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90001}}",
    "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000, scale: log}}",
    "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}, processes.docking.steepness: {lo: 2, hi: 5}}",
    "set={dt: 5 min}",
    "set={}",
    "seed=2",
    "scale=0.06",
    "population=5",
    "posterior_of=[processes.docking.rho50_per_cell]",
    "parameters=../parameters/calibrated.yaml",
]


@pytest.mark.parametrize("sets", SAME)
def test_a_fit_that_is_searched_further_is_the_same_fit(sets):
    first, other = (load_calibration(STUDIES / "calibration.yaml", (*TINY, *own)).identity() for own in ((), sets))
    assert first == other


@pytest.mark.parametrize("change", OTHERS)
def test_a_fit_of_other_content_is_another_fit(change):
    first, other = (load_calibration(STUDIES / "calibration.yaml", (*TINY, *own)).identity() for own in ((), (change,)))
    assert first != other


@pytest.mark.parametrize("where", ["abm.evidence.reading.model_hash", "abm.evidence.fit.metadata.version"])
def test_a_fit_by_another_model_or_another_sampler_is_another_fit(where, monkeypatch):
    problem = load_calibration(STUDIES / "calibration.yaml", TINY)
    first = problem.identity()
    monkeypatch.setattr(where, lambda name: "another")
    assert problem.identity() != first


def test_an_edited_fit_of_the_same_name_is_simulated_anew_beside_the_first(tmp_path):
    def fitted(claim, lo, hi):
        ranges = f"free={{populations.b_cells.low_fraction: {{lo: {lo}, hi: {hi}}}}}"
        sets = (*TINY, f"claims=[{claim}]", ranges, "scale=0.02", "set={dt: 5 min}")
        folder, found = calibrate(load_calibration(STUDIES / "calibration.yaml", sets), tmp_path, 1, Monitor(), "point")
        return folder.path, found, (folder.path / "rows.jsonl").read_bytes()

    first, _, rows = fitted("A1", 0.05, 0.15)
    kept = (first / "parameters.yaml").read_bytes()
    second, found, own = fitted("A2", 0.5, 0.9)
    assert second != first
    assert not set(own.splitlines()) & set(rows.splitlines())
    assert 0.5 <= found["estimates"][0]["point"] <= 0.9
    assert (first / "parameters.yaml").read_bytes() == kept
    assert fitted("A1", 0.05, 0.15) == (first, _, rows)


def test_the_model_as_a_function_gives_what_the_claims_measure(tmp_path):
    problem = load_calibration(STUDIES / "calibration.yaml", TINY)
    simulate = model(problem, Lab(StudyFolder(tmp_path), local(1), Monitor()))
    few, many = (simulate({"processes.docking.rho50_per_cell": share}, 1) for share in (1.0, 0.0))
    assert set(few) == {"V5", "V8-primary"}
    assert many["V5"] > few["V5"] > 0
    assert few["V8-primary"] == many["V8-primary"]


def test_an_unknown_method_is_refused(tmp_path):
    with pytest.raises(InputError, match="method 'mcmc'; allowed: point, posterior, both"):
        calibrate(load_calibration(STUDIES / "calibration.yaml", TINY), tmp_path, 1, Monitor(), "mcmc")
