"""Fits learn what is known, go on where they stopped, and write a set that loads."""

import math
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.evidence.calibrate import calibrate, cost
from abm.evidence.claim import chosen
from abm.evidence.draws import Draws
from abm.evidence.emulation import Runs, design, places, run
from abm.evidence.fit import load_calibration
from abm.evidence.hypotheses import HYPOTHESES
from abm.evidence.lab import Lab
from abm.evidence.posterior import UNDEFINED, Literature, sample
from abm.plot.page.report import write_report
from abm.results.study import StudyFolder
from abm.results.tables import read_parquet
from abm.scenario.from_file import load_scenario
from abm.study.execute import local
from abm.study.jobs import Monitor
from abm.study.rows import scenario_at
from abm.study.run import run_scenario

STUDIES = Path(__file__).parents[2] / "configs" / "studies"
STRENGTHS = (1, 2, 4)


def test_a_longer_design_begins_as_a_shorter_one():
    np.testing.assert_array_equal(design(5, 100, STRENGTHS, 3)[:40], design(5, 40, STRENGTHS, 3))
    assert not np.array_equal(design(5, 40, STRENGTHS, 3), design(5, 40, STRENGTHS, 4))


def test_in_every_second_point_some_of_the_hypotheses_are_off_and_nothing_else():
    points = design(5, 512, STRENGTHS, 1)
    off = points == 0.0
    assert not off[::2].any()
    assert not off[:, [0, 3]].any()
    n_off = off[1::2].sum(axis=1)
    assert set(n_off) == {1, 2, 3}
    np.testing.assert_allclose([(n_off == n).mean() for n in (1, 2, 3)], 1 / 3, atol=0.1)
    np.testing.assert_allclose(off[1::2][:, list(STRENGTHS)].mean(axis=0), 2 / 3, atol=0.1)
    assert ((points >= 0.0) & (points < 1.0)).all()


def test_a_hypothesis_without_strength_is_off_and_no_other():
    problem = load_calibration(STUDIES / "calibration.yaml")
    assert set(problem.strengths) == set(HYPOTHESES)
    for name, place in problem.strengths.items():
        at = np.full(len(problem.ranges), 0.5)
        at[place] = 0.0
        scenario = scenario_at(problem.base, problem.at(at), 1)
        off = {"shield": "shield", "igg": "igg", "dheas": "potency"}
        assert {own for own, key in off.items() if key not in scenario.processes} == {name} & set(off)
        assert (scenario.populations.b_cells.low_fraction == 0.0) == (name == "subset")


def test_a_hypothesis_whose_range_begins_above_nothing_is_never_off():
    free = "free={processes.igg.k_uM: {lo: 0.2, hi: 20, scale: log}, processes.shield.max_frac: {lo: 0.5, hi: 1}, "
    sets = ("points=64", free + "populations.b_cells.low_fraction: {lo: 0, hi: 0.15}}")
    problem = load_calibration(STUDIES / "calibration.yaml", sets)
    assert problem.strengths == {"subset": 2}
    points = places(problem)
    assert (points[:, :2] > 0.0).all()
    assert (points[1::2, 2] == 0.0).all()
    lowest = scenario_at(problem.base, problem.at([0.0, 0.0, 0.5]), 1).processes
    assert (lowest["igg"].k_uM, lowest["shield"].max_frac) == (0.2, 0.5)


def test_every_paper_is_as_likely_as_alone_and_one_without_a_value_as_good_as_impossible():
    literature = Literature.of(chosen(["V8-lines", "A1", "V7-VV", "V8-primary", "V5"]))
    values = np.array([[66.0, 18.0, 0.1, 30.0, 13.0], [70.0, 20.0, math.nan, 27.0, 13.1]])
    sds = np.array([2.0, 1.0, 0.1, 3.0, 0.05])
    found = literature.log_likelihood(values, sds)
    assert [one.name for one in literature.published] == ["Golay2003", "A1", "DallOzzo2004", "Kennedy2003"]
    for k, (one, columns) in enumerate(zip(literature.published, literature.columns, strict=True)):
        own = one.paper.log_likelihood(values[:1, columns], sds[columns])
        np.testing.assert_allclose(found[0, k], own[0], atol=1e-4)
    assert found[1, 2] == UNDEFINED
    assert (np.delete(found[1], 2) > -100.0).all()


def test_what_seeds_do_is_learnt_from_all_points_together():
    first, other = (Runs(np.zeros((n, 2)), np.zeros((n, 1)), np.array([sd]), 2) for n, sd in ((30, 1.0), (10, 3.0)))
    both = first.joined(other)
    assert both.spread[0] == pytest.approx(math.sqrt((30 * 1.0 + 10 * 9.0) / 40))
    assert both.noise[0] == pytest.approx(both.spread[0] / math.sqrt(2))
    assert both.x.shape == (40, 2)


@pytest.mark.parametrize("file", sorted(path.name for path in STUDIES.glob("calibration*.yaml")))
def test_a_calibration_that_ships_is_accepted_under_its_file_s_name(file):
    problem = load_calibration(STUDIES / file)
    assert problem.calibration.name == Path(file).stem


@pytest.mark.parametrize("file", ["calibration.yaml", "calibration_quick.yaml"])
def test_the_calibration_that_ships_fits_what_it_may(file):
    assert {claim.role for claim in load_calibration(STUDIES / file).claims} == {"fit"}


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (["claims=[A1, A4-serum]"], "A4-serum is a goal"),
        (["claims=[A3]"], "A3 decides between hypotheses: it cannot set populations"),
        (["parameters=none.yaml"], "no such file 'none.yaml'"),
        (["free={processes.killing.rate: {}}"], "no 'rate'|no number with a range"),
        (["points=87"], r"87 points are too few for 14 free parameters; allowed: 88 or more"),
        (["live=28"], r"28 live points cannot hold the shape of 14 dimensions; allowed: 29 or more"),
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
        ("- V8-primary", "- V7-ratio", r"4:5  claims\.1  V7-ratio has no likelihood: .* told by V7-VV, V7-FF"),
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
    sets = (f"claims=[{claim}]", free)
    if is_drawn:
        with pytest.raises(InputError, match=r"free\.processes\.growth\.rel_capacity  every patient has a value of"):
            load_calibration(STUDIES / "calibration_patient.yaml", sets)
    else:  # its one patient is of no cohort
        assert load_calibration(STUDIES / "calibration_patient.yaml", sets).ranges[0].hi == 2.0


def test_a_calibration_without_a_name_is_called_like_its_file(tmp_path):
    for name in ("first", "second"):
        write_mine(tmp_path / f"{name}.yaml")
        assert load_calibration(tmp_path / f"{name}.yaml").calibration.name == name


TINY = ("claims=[N4-no-C5, V8-primary]", "points=16", "live=20", "kept=40", "checked=20", "waves=1", "scale=0.05",
        "name=tiny_fit", "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}}")  # fmt: skip

SMALL = (*TINY, "points=8", "waves=0", "scale=0.02", "set={dt: 15 min}")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return the folder and the result of a small fit."""
    root = tmp_path_factory.mktemp("small")
    folder, found = calibrate(load_calibration(STUDIES / "calibration.yaml", SMALL), root, local(1), Monitor())
    return folder.path, found


def sampled_again(root, sets, monkeypatch):
    """Return what a call finds, and the sampling that it took."""
    calls = []
    monkeypatch.setattr(
        "abm.evidence.calibrate.sample", lambda literature, *rest: calls.append(1) or sample(literature, *rest)
    )
    _, found = calibrate(load_calibration(STUDIES / "calibration.yaml", sets), root, local(1), Monitor())
    return found, calls


def test_a_tiny_calibration_ends_in_a_parameter_set_that_loads(tmp_path, monkeypatch):
    problem = load_calibration(STUDIES / "calibration.yaml", TINY)
    folder, found = calibrate(problem, tmp_path, local(1), Monitor())
    (row,) = found["estimates"]
    assert 50_000 <= row["lo"] < row["median"] < row["hi"] <= 90_000
    text = (folder.path / "parameters.yaml").read_text()
    assert re.search(r"rho50_per_cell: [\d.e+]+, median [\d.e+]+, 95 % interval [\d.e+]+ to [\d.e+]+", text)
    assert "# fitted: on N4-no-C5, V8-primary; seed 1" in text
    calibrated = load_scenario(folder.path / "parameters.yaml")
    assert calibrated.processes["docking"].rho50_per_cell == row["point"]
    draws = read_parquet(folder.path / "posterior.parquet")["processes.docking.rho50_per_cell"].to_numpy()
    assert draws.size == len(found["particles"]) == 40
    assert np.quantile(draws, 0.5) == pytest.approx(row["median"])
    assert len(Draws.read(folder.path).thinned(5, problem.base)) == 5
    assert [one["paper"] for one in found["papers"]] == ["Kennedy2003", "Golay2003"]
    page = write_report(folder.path).read_text()
    for words in ("Every paper without itself", "Posterior", "What was learnt", "Emulators on runs", "Golay2003"):
        assert words in page
    rows = (folder.path / "rows.jsonl").read_bytes()
    monkeypatch.setattr("abm.inference.reweight.HIGHEST_K", -math.inf)
    again = calibrate(load_calibration(STUDIES / "calibration.yaml", (*TINY, "kept=50")), tmp_path, local(1), Monitor())
    assert again[0].path == folder.path
    assert again[1]["log_evidence"] == found["log_evidence"]
    assert (folder.path / "rows.jsonl").read_bytes() == rows, "more draws need no more runs"
    for one, other in zip(found["papers"], again[1]["papers"], strict=True):
        assert other["is_refitted"], "no weights are trusted"
        for told, own in zip(one["claims"], other["claims"], strict=True):
            assert abs(own["mean"] - told["mean"]) < 0.5 * (own["hi"] - own["lo"])


KEPT = ("fit.json", "parameters.yaml", "posterior.parquet", "emulators.json")


def damaged(name, change):
    def damage(path):
        (path / name).write_text(change((path / name).read_text()))

    return damage


def gone(*names):
    return lambda path: [(path / name).unlink() for name in names]


def of_another_call(path):
    """The first of the files is written, and the process killed before the others."""
    for name in KEPT[1:3]:
        (path / name).write_bytes(b"of the fit with fewer draws")


@pytest.mark.parametrize(
    ("happened", "is_sampled"),
    [
        (lambda path: None, False),
        (of_another_call, False),
        (gone("posterior.parquet"), False),
        (gone("parameters.yaml", "posterior.parquet"), False),
        (gone("fit.json"), True),
        (gone("emulators.json"), True),
        (damaged("emulators.json", lambda text: text.replace('"asked":', '"asked": {}, "before":')), True),
        (damaged("fit.json", lambda text: text[:1000]), True),
        (damaged("fit.json", lambda text: "[1]"), True),
        (damaged("fit.json", lambda text: text.replace('"asked"', '"asked of old"')), True),
        (damaged("fit.json", lambda text: text.replace('"shares"', '"part"')), True),
    ],
    ids=[
        "nothing",
        "killed",
        "no_draws",
        "only_fit",
        "no_fit",
        "no_emulators",
        "other_emulators",
        "cut",
        "list",
        "old",
        "damaged",
    ],
)
def test_a_fit_that_has_ended_is_not_sampled_again(small, tmp_path, monkeypatch, happened, is_sampled):
    first, found = small
    shutil.copytree(first.parents[1], tmp_path / "runs")
    path = tmp_path / "runs" / "fit" / first.name
    happened(path)
    again, calls = sampled_again(tmp_path / "runs", SMALL, monkeypatch)
    assert bool(calls) == is_sampled
    assert again == found
    assert {name: (path / name).read_bytes() for name in KEPT} == {name: (first / name).read_bytes() for name in KEPT}


@pytest.mark.parametrize("more", ["points=17", "live=21", "kept=41", "checked=21", "waves=1"])
def test_a_fit_that_is_asked_for_more_is_sampled_again(small, tmp_path, monkeypatch, more):
    shutil.copytree(small[0].parents[1], tmp_path / "runs")
    again, calls = sampled_again(tmp_path / "runs", (*SMALL, more), monkeypatch)
    assert calls
    assert again != small[1]


def test_a_new_title_is_told_without_sampling(small, tmp_path, monkeypatch):
    shutil.copytree(small[0].parents[1], tmp_path / "runs")
    again, calls = sampled_again(tmp_path / "runs", (*SMALL, "title=Anew"), monkeypatch)
    assert not calls
    assert again == small[1] | {"title": "Anew"}
    assert StudyFolder(tmp_path / "runs" / "fit" / "tiny_fit").read_json("fit.json")["title"] == "Anew"


def test_a_paper_alone_is_not_foretold(tmp_path):
    sets = (*TINY, "claims=[N4-no-C5]", "waves=0")
    folder, found = calibrate(load_calibration(STUDIES / "calibration.yaml", sets), tmp_path, local(1), Monitor())
    assert found["papers"] == []
    assert "There is one paper only" in write_report(folder.path).read_text()


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


def test_the_set_of_a_fit_is_what_was_simulated(tmp_path):
    changes = "set={" + ", ".join(f"{path}: {value}" for path, value in SET.items()) + "}"
    sets = (*TINY, "claims=[A1]", FREE, changes, "scale=0.02", "waves=0", "points=24")
    problem = load_calibration(STUDIES / "calibration.yaml", sets)
    folder, found = calibrate(problem, tmp_path, local(1), Monitor())
    values = SET | {row["path"]: f"{row['point']!r} {row['unit']}" for row in found["estimates"]}
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


SAME = [(), ("points=32",), ("waves=3",), ("kept=99",), ("checked=30",), ("live=50",), ("title=Other", "question=Why?")]
OTHERS = [
    "claims=[N4-no-C5]",
    "claims=[V8-primary, N4-no-C5]",
    "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90001}}",
    "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000, scale: log}}",
    "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}, processes.docking.steepness: {lo: 2, hi: 5}}",
    "set={dt: 5 min}",
    "set={}",
    "seed=2",
    "scale=0.06",
    "parameters=../parameters/calibrated.yaml",
]


@pytest.mark.parametrize("sets", SAME)
def test_a_fit_that_is_taken_further_is_the_same_fit(sets):
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
        sets = (*TINY, f"claims=[{claim}]", ranges, "scale=0.1", "set={dt: 5 min}", "waves=0")
        folder, found = calibrate(load_calibration(STUDIES / "calibration.yaml", sets), tmp_path, local(1), Monitor())
        return folder.path, found, (folder.path / "rows.jsonl").read_bytes()

    first, _, rows = fitted("A1", 0.05, 0.15)
    kept = (first / "parameters.yaml").read_bytes()
    second, found, own = fitted("A2", 0.5, 0.9)
    assert second != first
    assert not set(own.splitlines()) & set(rows.splitlines())
    assert 0.5 <= found["estimates"][0]["point"] <= 0.9
    assert (first / "parameters.yaml").read_bytes() == kept
    assert fitted("A1", 0.05, 0.15) == (first, _, rows)


def test_runs_are_what_the_claims_see_of_the_model_each_with_seeds_of_its_own(tmp_path):
    problem = load_calibration(STUDIES / "calibration.yaml", TINY)
    lab = Lab(StudyFolder(tmp_path), local(1), Monitor())
    found = run(problem, lab, np.array([[0.0], [1.0], [1.0]]), 0)
    assert found.y.shape == (3, 2)
    assert found.y[0, 0] > found.y[1, 0], "half of the docking at fewer antibodies lays more C3b"
    assert found.y[1, 1] != found.y[2, 1], "the same place with other seeds"
    again = run(problem, lab, np.array([[1.0]]), 2)
    np.testing.assert_array_equal(again.y[0], found.y[2])


def test_what_a_fit_takes_counts_each_experiment_once_and_each_patient_alone():
    problem = load_calibration(STUDIES / "calibration_patient.yaml", ("points=100", "checked=20", "waves=0"))
    found = cost(problem, 1)
    assert found["points"] == 120
    assert found["rows"] == 120 * 2 * 51, "fifty patients under both protocols, whom most claims share, and one of P8"
    assert cost(problem, 2)["hours"] == pytest.approx(0.5 * found["hours"])
    assert 0.02 < found["hours"] < 2.0


def test_an_emulator_that_fails_is_refused_by_its_claim(tmp_path, monkeypatch):
    monkeypatch.setattr("abm.inference.emulators.LARGEST_ERROR", 0.0)
    with pytest.raises(
        InputError, match=r"on unseen runs the emulator of 'N4-no-C5' is too sure of itself.*add points"
    ):
        calibrate(load_calibration(STUDIES / "calibration.yaml", TINY), tmp_path, local(1), Monitor())
