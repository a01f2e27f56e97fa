"""A run over draws of a posterior: each arm once under each draw, resumable, the same however it is run."""

import json
import signal

import numpy as np
import pytest

import abm.study.batches
import abm.study.cost
from abm.core.errors import InputError
from abm.evidence.draws import for_scenario
from abm.readouts.over_subjects import central
from abm.readouts.readout import measures_of
from abm.results.run import Run
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario
from abm.study.jobs import Stopped
from abm.study.posterior import Posterior, scenario_under
from abm.study.resume import going_on
from abm.study.run import run_scenario
from abm.study.subject import series

WELL = """
name: drawn
duration: 1 h
dt: 2 min
replicates: 3
space: {kind: floor, side: 400 um, volume: 1 uL}
populations: {b_cells: {n: 60}}
processes: {binding: {kind: binding}, background: {kind: death, rate_per_h: 0.5}}
arms: {drug: {add: [{rituximab: 10 ug/mL}]}, later: {add: [{serum: 25 %}], set: {processes.background.rate_per_h: 0.2}}}
probes: {counts: {every: 10 min}, cells: {at: [0 h, 1 h]}}
"""
RATES = (0.0, 40.0, 0.3, 0.9)
COHORT = (
    *("replicates=4", "duration=12 weeks", "populations.b_cells.cells_per_agent=1e12", "probes.patient.every=7 d"),
    "arms={single: {add: [{infusion: 375 mg/m2}]}, none: {}}",
)
OF_PATIENTS = "processes.plasma_cells.half_life,processes.growth.rate\n1000,0.0004\n1500,0.0005\n2000,0.0006\n"


@pytest.fixture(scope="module")
def well(tmp_path_factory):
    """Return a well's scenario and draws of its rate of death: none dies, all die, some die."""
    folder = tmp_path_factory.mktemp("well")
    (folder / "well.yaml").write_text(WELL)
    rows = ["processes.background.rate_per_h", *map(str, RATES)]
    (folder / "draws.csv").write_text("\n".join(rows) + "\n")
    scenario = load_scenario(folder / "well.yaml")
    return scenario, for_scenario(folder / "draws.csv", 4, scenario, folder / "well.yaml")


@pytest.fixture(scope="module")
def quiet_well(well, tmp_path_factory):
    return run_scenario(well[0], tmp_path_factory.mktemp("quiet"), 1, posterior=well[1])


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Return the run of few patients under three draws."""
    folder, file = tmp_path_factory.mktemp("cohort"), "configs/scenarios/gertz2004.yaml"
    (folder / "draws.csv").write_text(OF_PATIENTS)
    scenario = load_scenario(file, COHORT)
    posterior = for_scenario(folder / "draws.csv", 3, scenario, file, COHORT)
    return scenario, posterior, run_scenario(scenario, folder / "runs", 1, posterior=posterior)


def test_every_arm_is_run_under_the_values_of_each_draw(quiet_well):
    last = quiet_well.draws().series().groupby(["arm", "replicate"]).last()
    alive = (last["n_b_alive"] / last["n_b_start"]).unstack()
    assert alive.columns.tolist() == [0, 1, 2, 3]
    assert alive.loc["drug"].tolist()[:2] == [1.0, 0.0]
    assert alive.loc["drug", 2] == pytest.approx(np.exp(-0.3), abs=4.0 * (0.25 / 60) ** 0.5)
    assert alive.loc["later"].min() > 0.5, "it sets the rate itself"


def test_a_draw_has_a_seed_of_its_own_and_is_what_its_scenario_gives_alone(well, quiet_well):
    scenario, posterior = well
    own = scenario_under(scenario, posterior.draws[3])
    assert (own.seed, own.replicates, own.probes.cells) == (scenario.seed + 4, 1, None)
    simulation = build(own, Subject("drug", 0))
    simulation.run()
    kept = quiet_well.draws().series().query("arm == 'drug' and replicate == 3")
    assert kept["n_b_alive"].tolist() == series(simulation)["n_b_alive"]


def test_the_run_itself_is_as_it_is_without_draws(well, quiet_well, tmp_path):
    plain = run_scenario(well[0], tmp_path, 1)
    assert plain.path.name != quiet_well.path.name
    assert not (plain.path / "posterior").exists()
    assert "posterior" not in plain.summary() | plain.provenance()
    for name in ("series.csv", "deaths.parquet", "arms.csv", "parameters.csv", "measures.json", "scenario.yaml"):
        assert (plain.path / name).read_bytes() == (quiet_well.path / name).read_bytes(), name
    assert plain.summary()["arms"] == quiet_well.summary()["arms"]


def test_the_folder_says_which_draws_it_was_made_with(well, quiet_well):
    assert Posterior.read(quiet_well.path) == well[1]
    assert quiet_well.provenance()["posterior"] == well[1].of
    assert quiet_well.summary()["posterior"]["notes"] == [
        "processes.background.rate_per_h: arm later keeps its own processes.background.rate_per_h"
    ]
    assert sorted(path.name for path in (quiet_well.path / "posterior").iterdir()) == [
        "arms.csv", "draws.json", "series.csv"
    ]  # fmt: skip


def test_parameters_and_chance_are_told_apart_by_their_variances(quiet_well):
    own = quiet_well.summary()["posterior"]["arms"]["drug"]["survival_raw"]
    last = quiet_well.series().groupby(["arm", "replicate"]).last()
    replicates = (last["n_b_alive"] / last["n_b_start"])["drug"]
    draws = quiet_well.draws().series().groupby(["arm", "replicate"]).last()
    values = (draws["n_b_alive"] / draws["n_b_start"])["drug"]
    assert own["chance"] == pytest.approx(1.959964 * replicates.std())
    assert own["parameters"] == pytest.approx(1.959964 * (values.var() - replicates.var()) ** 0.5)


def test_two_threads_give_the_same_bytes(well, quiet_well, tmp_path, monkeypatch):
    monkeypatch.setattr(abm.study.cost, "SMALL", 0)
    other = run_scenario(well[0], tmp_path, 2, posterior=well[1])
    for name in ("posterior/series.csv", "posterior/draws.json", "series.csv", "summary.json"):
        assert (other.path / name).read_bytes() == (quiet_well.path / name).read_bytes(), name


def test_stopped_among_the_draws_it_goes_on_from_its_folder_to_the_same_bytes(
    well, quiet_well, tmp_path, monkeypatch, stops_after
):
    monkeypatch.setattr(abm.study.batches, "BEAT_S", 0.0)
    n_of_wells = 9 * 31  # three arms, three replicates, 30 steps
    for n_steps in (n_of_wells + 45, 70):
        with pytest.raises(Stopped):
            run_scenario(well[0], tmp_path, 1, stops_after(n_steps), posterior=well[1])
    (folder,) = (tmp_path / "drawn").iterdir()
    finished = list(folder.glob("posterior/parts/*/well.json"))
    assert 1 < len(finished) < 12
    finished[0].with_name("series").joinpath("step=000000.arrow").write_bytes(b"damaged")
    scenario, root, branch = going_on(folder, [], None)
    run = run_scenario(scenario, root, 1, None, branch, Posterior.read(folder))
    assert (run.path / "posterior" / "series.csv").read_bytes() == (
        quiet_well.path / "posterior" / "series.csv"
    ).read_bytes()
    assert run.summary() == quiet_well.summary()


def test_killed_before_and_after_the_draws_are_put_together_it_comes_to_the_same_bytes(
    well, quiet_well, call, tmp_path
):
    (tmp_path / "well.yaml").write_text(WELL)
    (tmp_path / "draws.csv").write_text("\n".join(["processes.background.rate_per_h", *map(str, RATES)]) + "\n")
    words = ["run", tmp_path / "well.yaml", "--posterior", tmp_path / "draws.csv", "--draws", 4, "--json"]
    for is_after in (False, True):
        ended = call(*words, kill_at={"name": "posterior/series.csv", "is_after": is_after})
        assert ended.code == -signal.SIGKILL, ended
        (folder,) = (tmp_path / "runs" / "drawn").iterdir()
        words = ["resume", folder, "--json"]
    assert call(*words).json["result_hash"] == quiet_well.summary()["result_hash"]
    assert (folder / "posterior" / "series.csv").read_bytes() == (
        quiet_well.path / "posterior" / "series.csv"
    ).read_bytes()
    assert not (folder / "posterior" / "parts").exists()


def test_draws_that_were_damaged_are_made_again_and_the_wells_are_not(well, quiet_well, tmp_path, log):
    run = run_scenario(well[0], tmp_path, 1, posterior=well[1])
    wells = run.path / "wells.json"
    before, (table,) = wells.stat().st_mtime_ns, run.path.glob("posterior/series.csv")
    table.write_bytes(table.read_bytes().replace(b"drug", b"drag", 1))
    assert run_scenario(well[0], tmp_path, 1, posterior=well[1]).summary() == quiet_well.summary()
    assert table.read_bytes() == (quiet_well.path / "posterior" / "series.csv").read_bytes()
    assert wells.stat().st_mtime_ns == before
    assert log(run.path)["damaged"][0]["files"] == ["posterior/series.csv"]


def test_a_run_over_draws_is_not_branched(quiet_well):
    with pytest.raises(InputError, match="draws of a posterior, which is not branched"):
        going_on(quiet_well.path, ["processes.binding.kd_nM=1"], None)


def test_of_a_cohort_there_is_one_curve_of_medians_for_each_draw(cohort, tmp_path):
    scenario, posterior, run = cohort
    drawn = run.draws()
    kept = drawn.series().query("arm == 'single' and replicate == 1")
    alone = run_scenario(scenario_under(scenario, posterior.draws[1]), tmp_path, 1)
    patients = alone.series().query("arm == 'single'").groupby("time_h")
    assert len(drawn.series()) == 2 * 3 * len(kept)
    for name in ("igm_g_per_L", "n_clone", "rituximab_ug_per_mL"):
        assert kept[name].to_numpy() == pytest.approx(patients[name].median().to_numpy(), rel=1e-12), name


def test_the_end_points_of_all_patients_under_a_draw_are_kept(cohort, tmp_path):
    scenario, posterior, run = cohort
    kept = run.draws().end_points()
    assert kept.groupby(["arm", "replicate"]).size().tolist() == [4] * 6
    alone = run_scenario(scenario_under(scenario, posterior.draws[2]), tmp_path, 1).end_points()
    own = kept.query("arm == 'single' and replicate == 2")
    for name in ("best_change_frac", "time_to_progression_d", "response"):
        assert own[name].astype(str).tolist() == alone.query("arm == 'single'")[name].astype(str).tolist(), name


def test_the_summary_tells_every_share_and_median_over_draws(cohort):
    scenario, _, run = cohort
    told, table = run.summary()["posterior"]["arms"]["single"], run.draws().end_points()
    one = measures_of(scenario.readouts).of("best_change_frac")
    values = [central(one, rows) for _, rows in table.query("arm == 'single'").groupby("replicate")]
    assert told["best_change_frac"]["median"] == pytest.approx(np.median(values))
    own = run.summary()["arms"]["single"]["shares"]["minor_or_better"]
    assert told["minor_or_better"]["chance"] == pytest.approx((own["hi"] - own["lo"]) / 2)
    assert "follow_up_d" not in told


def test_without_replicates_nobody_knows_what_chance_does(well, tmp_path):
    scenario = well[0].model_copy(update={"replicates": 1})
    own = run_scenario(scenario, tmp_path, 1, posterior=well[1]).summary()["posterior"]["arms"]["drug"]["survival_raw"]
    assert own["hi"] > own["lo"]
    assert (own["chance"], own["parameters"]) == (None, None)


def test_draws_that_cannot_be_read_are_refused(quiet_well, tmp_path):
    (tmp_path / "posterior").mkdir()
    for text in ("{", "[]", json.dumps({"draws": [{"row": 1}], "notes": []})):
        (tmp_path / "posterior" / "draws.json").write_text(text)
        with pytest.raises(InputError, match=r"draws\.json cannot be read"):
            Posterior.read(tmp_path)
    assert Posterior.read(tmp_path / "elsewhere") is None
    assert Run(tmp_path).draws() is None
