"""Virtual populations: a really simulated cohort is weighted to published numbers, and what cannot be is refused."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import InputError
from abm.evidence import moments
from abm.evidence.patients import Patients
from abm.evidence.targets import load_population
from abm.evidence.weigh import weigh
from abm.results.run import Run
from abm.results.seal import sealed
from abm.results.weights import weights_of
from abm.scenario.from_file import load_scenario
from abm.statistics import weighted
from abm.statistics.survival import kaplan_meier
from abm.statistics.tilting import tilted
from abm.study.run import run_scenario

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = ("replicates=40", "duration=80 weeks", "populations.b_cells.cells_per_agent=1e11", "dt=12 h", "arms.none={}")
IGM, ALBUMIN, TIME = "baseline_igm_g_per_L", "baseline_albumin_g_per_L", "time_to_progression_d"
HEAD = "source: 'assumed: a test'\nat_least: 10\n"
EVERY_KIND = """
n: null
targets:
  - {of: baseline_igm_g_per_L, arm: single, median: 30 g/L}
  - {of: baseline_igm_g_per_L, arm: single, above: 40, share: 30 %}
  - {of: baseline_albumin_g_per_L, arm: single, mean: 36, sd: 4.5}
  - {between: [baseline_igm_g_per_L, baseline_albumin_g_per_L], arm: single, correlation: -0.25}
  - {of: time_to_progression_d, arm: single, free_at: 12 months, share: 60 %}
  - {of: covariates.fcgr3a, is: VV, share: 25 %}
  - {of: processes.growth.rate, below: 0.008 /d, share: 40 %}
  - {of: minor, arm: single, share: 45 %}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the run of forty patients under one course and without treatment."""
    scenario = load_scenario(CONFIGS / "scenarios" / "gertz2004.yaml", SMALL)
    return run_scenario(scenario, tmp_path_factory.mktemp("runs"), 1)


@pytest.fixture
def asked(tmp_path):
    """Return the function that reads a weights file from its text."""

    def read(text):
        path = tmp_path / "w.yaml"
        path.write_text(text if "\nsource:" in text else HEAD + text)
        return load_population(path)

    return read


def test_every_kind_of_target_is_met_exactly_and_the_runs_own_files_stay(run, asked):
    before = sealed(run.path)
    folder, told = weigh(*asked(EVERY_KIND.replace("n: null\n", "")), run.path)
    assert sealed(run.path) == before
    assert run.damaged() == []
    assert folder == run.path / "weights" / "w"
    (own,) = weights_of(Run(run.path))
    ends = run.end_points().query("arm == 'single'").set_index("replicate").loc[own.patient]
    drawn, mass = run.patients().set_index("replicate").loc[own.patient], own.weight
    assert mass.sum() == pytest.approx(1.0)
    assert mass @ (ends[IGM] > 40) == pytest.approx(0.30, abs=1e-6)
    assert mass @ (ends[IGM] < 30) == pytest.approx(0.50, abs=1e-6)
    assert mass @ ends[ALBUMIN] == pytest.approx(36.0, abs=1e-5)
    assert mass @ (ends[ALBUMIN] - 36) ** 2 == pytest.approx(4.5**2, abs=1e-4)
    assert weighted.correlation_of(ends[IGM], ends[ALBUMIN], mass) == pytest.approx(-0.25, abs=1e-6)
    assert mass @ (drawn["covariates.fcgr3a"] == "VV") == pytest.approx(0.25, abs=1e-6)
    assert mass @ (drawn["processes.growth.rate"] < 0.008 / 24) == pytest.approx(0.4, abs=1e-6)
    assert mass @ ends["minor"] == pytest.approx(0.45, abs=1e-6)
    time = ends[TIME].fillna(ends["follow_up_d"])
    curve = weighted.kaplan_meier_of(time, ends[TIME].notna(), mass)
    assert weighted.share_at(curve, 365.25) == pytest.approx(0.6, abs=1e-6)
    kept = json.loads((folder / "weights.json").read_text())
    assert kept["n_effective"] == pytest.approx(1.0 / (mass**2).sum())
    assert kept["result_hash"] == run.summary()["result_hash"]
    assert not any(row["missed"] for row in kept["targets"])
    assert kept["targets"] == told["targets"]


def test_a_target_that_holds_leaves_weights_equal(run, asked):
    patients = Patients(run.path)
    share = float(np.mean(patients.column("minor", "single")))
    _, told = weigh(*asked(f"targets: [{{of: minor, arm: single, share: {share}}}]"), run.path)
    assert told["n_effective"] == pytest.approx(40.0)


def test_with_the_number_of_published_patients_contradictions_are_shared_out_and_told(run, asked):
    text = """
targets:
  - {of: minor, arm: single, share: 20 %, n: 400}
  - {of: partial, arm: single, share: 60 %, n: 400}
"""
    _, told = weigh(*asked(text), run.path)
    (minor, partial) = told["targets"]
    assert minor["after"] == pytest.approx(partial["after"], abs=0.03)  # who has a partial response has a minor one
    assert 0.2 < minor["after"] < 0.6
    assert minor["missed"]
    assert partial["missed"]
    with pytest.raises(InputError, match=r"w.yaml:5:5  targets\.0  Minor .* together with the other targets"):
        weigh(*asked(text.replace(", n: 400", "")), run.path)


def test_a_share_is_that_of_those_in_whom_it_was_seen():
    flags = np.array([1.0, 0.0, 0.0, np.nan, np.nan])
    mass = tilted(moments.share(flags, 0.6, None).misses(np.full(5, 0.2))[:, None], np.zeros(1))
    assert mass[0] / mass[:3].sum() == pytest.approx(0.6)


def test_the_best_response_is_weighted_by_its_word(run, asked):
    _, told = weigh(*asked("targets: [{of: response, arm: single, is: minor, share: 30 %}]"), run.path)
    (row,) = told["targets"]
    assert row["after"] == pytest.approx(0.3)
    assert row["target"] == "Best response: minor (single)"


def test_a_censored_curve_is_met_as_kaplan_and_meier_estimate_it():
    rng = np.random.default_rng(3)
    time, came = rng.integers(1, 30, 200).astype(float), rng.random(200) < 0.6
    equal = np.full(200, 1 / 200)
    for at in (1.0, 7.0, 7.5, 20.0):
        share = weighted.share_at(kaplan_meier(time, came), at)
        assert equal @ moments.free(time, came, at, share, None).misses(equal) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (
            "{of: baseline_igm, median: 30}",
            "targets.0.of  the patients have no column 'baseline_igm'; allowed: response",
        ),
        ("{of: baseline_igm, median: 30}", "did you mean 'baseline_igm_g_per_L'?"),
        (
            "{of: minor, arm: singel, share: 20 %}",
            "no protocol 'singel'; allowed: single, none; did you mean 'single'?",
        ),
        ("{of: minor, share: 20 %}", "targets.0.arm  'minor' differs between protocols; allowed: single, none"),
        ("{of: minor, arm: single, share: 130 %}", "targets.0.share  found 1.3, out of bounds; allowed: > 0 and < 1"),
        (f"{{of: {IGM}, median: }}", "targets.0.median  'median' without a value; allowed: a number"),
        (f"{{of: {IGM}, median: 30 cP}}", "targets.0.median  '30 cP' is of dimension"),
        (f"{{of: {IGM}, median: 30, share: 20 %}}", "found median, of, share together; allowed: of with median"),
        (f"{{of: {IGM}}}", "found of together"),
        (f"{{of: {IGM}, arm: single, median: 4000}}", "out of reach of weights: 'baseline_igm_g_per_L' goes from"),
        (f"{{of: {IGM}, arm: single, mean: 1}}", "out of reach of weights"),
        ("{of: covariates.sex, mean: 3}", "'covariates.sex' holds words"),
        (f"{{of: {IGM}, is: VV, share: 20 %}}", "'baseline_igm_g_per_L' holds numbers"),
        ("{of: covariates.fcgr3a, is: vv, share: 20 %}", "no patient is 'vv'; allowed: FF, VF, VV; did you mean 'VV'?"),
        ("{of: minor, arm: single, free_at: 3 d, share: 50 %}", "'minor' is no time of an event that can be followed"),
        (f"{{of: {TIME}, arm: single, free_at: 12, share: 50 %}}", "unit missing: found the number 12"),
        (f"{{of: {TIME}, arm: single, free_at: 9 years, share: 50 %}}", "out of reach of weights"),
        (f"{{between: [{IGM}, {IGM}], correlation: 0.1}}", "targets.0.between.1"),
        (f"{{between: [{IGM}, {ALBUMIN}], arm: single, correlation: 1.0}}", "found 1, out of bounds"),
        (f"{{between: [{IGM}], correlation: 0.1}}", "targets.0.between"),
        (f"{{of: {IGM}, arm: single, median: 30, source: Nobody1999}}", "no reference 'Nobody1999'"),
        ("{of: minor, arm: single, share: 20 %, n: 1}", "found 1, out of bounds"),
        ("{off: minor, share: 20 %}", "unknown key 'off'"),
    ],
)
def test_a_target_that_cannot_be_is_named_with_its_line(run, asked, target, said):
    with pytest.raises(InputError) as told:
        weigh(*asked(f"targets:\n  - {target}\n"), run.path)
    assert said in str(told.value)
    assert f"w.yaml:{4}:" in str(told.value)


@pytest.mark.parametrize(
    "pair",
    [
        f"{{of: {IGM}, arm: single, median: 30}}, {{of: {IGM}, arm: single, median: 35}}",
        f"{{of: {IGM}, arm: single, median: 30}}, {{of: {IGM}, arm: single, above: 20, share: 40 %}}",
        f"{{of: {IGM}, arm: single, below: 30, share: 60 %}}, {{of: {IGM}, arm: single, above: 40, share: 50 %}}",
        f"{{of: {TIME}, arm: single, free_at: 6 months, share: 40 %}}, {{of: {TIME}, arm: single, median: 12 months}}",
        "{of: minor, arm: single, share: 40 %}, {of: minor, arm: single, share: 41 %}",
        f"{{between: [{IGM}, {ALBUMIN}], arm: single, correlation: 0.1}}, "
        f"{{between: [{ALBUMIN}, {IGM}], arm: single, correlation: 0.2}}",
    ],
)
def test_two_targets_of_the_same_thing_that_contradict_are_refused(run, asked, pair):
    with pytest.raises(
        InputError, match=r"targets\.1  contradicts targets\.0, or says it again; allowed: one of the two"
    ):
        weigh(*asked(f"targets: [{pair}]"), run.path)


def test_targets_that_agree_are_none(run, asked):
    one, other = (f"{{of: {IGM}, arm: single, above: {at}, share: {share} %}}" for at, share in ((30, 50), (40, 30)))
    _, told = weigh(*asked(f"targets: [{one}, {other}]"), run.path)
    assert [row["after"] for row in told["targets"]] == pytest.approx([0.5, 0.3], abs=1e-6)


def test_too_few_that_count_are_refused_with_the_target_that_costs_most(run, asked):
    text = f"""
at_least: 30
source: Gertz2004
targets:
  - {{of: covariates.age_years, median: 65}}
  - {{of: {IGM}, arm: single, above: 90, share: 90 %}}
"""
    with pytest.raises(
        InputError, match=r"w.yaml:6:5  targets\.1  only \d\.\d of 40 patients count, without this target"
    ):
        weigh(*asked(text), run.path)
    assert not (run.path / "weights" / "few").exists()
    with pytest.raises(InputError, match="the run has 40 patients, fewer than 50"):
        weigh(*asked(text.replace("30\n", "50\n")), run.path)


def test_weights_of_other_results_are_passed_over_and_damaged_ones_named(run, asked, tmp_path):
    folder, _ = weigh(*asked("name: lost\ntargets: [{of: minor, arm: single, share: 45 %}]"), run.path)
    told = json.loads((folder / "weights.json").read_text())
    (folder / "weights.json").write_text(json.dumps(told | {"result_hash": "another"}))
    assert "lost" not in [own.told["name"] for own in weights_of(run)]
    (folder / "weights.json").write_text(json.dumps(told))
    pd.DataFrame({"patient": [0], "weight": [1.0]}).to_parquet(folder / "weights.parquet")
    with pytest.raises(ValueError, match=r"weights.parquet changed or is gone; 'abm weigh' makes it again"):
        weights_of(run)
    for path in folder.iterdir():
        path.unlink()


def test_a_run_without_an_end_and_one_of_wells_are_refused(tmp_path, asked):
    population = asked("targets: [{of: minor, share: 45 %}]")
    own = {"scenario": "s", "scenario_hash": "0" * 16, "seed": 1}
    (tmp_path / "provenance.json").write_text(json.dumps(own))
    with pytest.raises(InputError, match=r"is not finished; go on with: abm resume"):
        weigh(*population, tmp_path)
    (tmp_path / "summary.json").write_text(json.dumps({"scenario_hash": "0" * 16, "arms": {}}))
    with pytest.raises(InputError, match=r"the run has no patients but wells; allowed: a run of patients"):
        weigh(*population, tmp_path)
    with pytest.raises(InputError, match="nowhere"):
        weigh(*population, tmp_path / "nowhere")
