"""A trial with an assay's error from its file to its tables: the truth stays, and what is seen has the same bytes."""

import numpy as np
import pandas as pd
import pytest

import abm
import abm.study.batches
import abm.study.cost
from abm.core.errors import InputError
from abm.scenario.draws import draws
from abm.scenario.from_file import load_scenario
from abm.study.jobs import Flow
from abm.study.rows import RowJob, as_base, side_by_side
from abm.study.run import run_scenario

TRIAL = """\
name: trial
replicates: 4
duration: 200 d
dt: 12 h
space: {kind: body}
populations:
  b_cells: {kind: clone, cells_per_agent: 1e10}
processes:
  drug: {kind: two_compartment}
  binding: {kind: binding}
  effect: {kind: marrow_effect}
  killing: {kind: marrow_killing}
  plasma_cells: {kind: plasma_cells}
  il6: {kind: il6}
  igm: {kind: igm_turnover}
  albumin: {kind: albumin}
  viscosity: {kind: viscosity}
arms:
  once: {add: [{infusion: 375 mg/m2, times: 4}]}
  late: {add: [{infusion: 250 mg/m2, times: 2, at: 14 d}]}
probes: {counts: null, patient: {every: 7 d}}
cohort: {vary: {processes.il6.strength: {cv: 1}, populations.b_cells.cells: {cv: 0.7}}}
"""
ERRORS = "end_points: {weekly_until: 4 weeks, assay_cv: 8.1 %}\n"
SEEN = """\
end_points:
  weekly_until: 4 weeks
  visit_offset: {lo: -2 weeks, hi: 1 week}
  assay_cv: 8.1 %
  follow_up: {lo: 9 weeks, hi: 28 weeks}
  dropout: 20 %/year
  hyperviscosity: {lo: 2 cP, hi: 6 cP}
  also: [late, first_rise, straight]
"""
TABLES = ("series", "patients", "end_points", "nonmem", "visits")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the function that runs the trial with end points, in one process unless told otherwise."""

    def result(end_points="", n_threads=1):
        path = tmp_path_factory.mktemp("seen")
        (path / "trial.yaml").write_text(TRIAL + end_points)
        return run_scenario(load_scenario(path / "trial.yaml"), path, n_threads)

    return result


@pytest.fixture(scope="module")
def seen(run):
    return run(SEEN)


def of(run):
    """Return the bytes of each table of a run."""
    return {name: (run.path / f"{name}.csv").read_bytes() for name in TABLES if run.has(f"{name}.csv")}


def test_an_error_of_nothing_leaves_every_byte(run):
    usual = of(run())
    assert "visits" not in usual
    assert of(run("end_points: {assay_cv: 0, visit_offset: {lo: 0 d, hi: 0 d}, dropout: 0 /year}\n")) == usual


def test_the_series_is_true_whatever_is_seen_and_what_is_seen_is_told_beside_it(run, seen):
    found, usual = of(seen), of(run())
    assert (found["series"], found["patients"]) == (usual["series"], usual["patients"])
    assert found["end_points"] != usual["end_points"]
    visits, series = seen.visits(), seen.series()
    assert list(visits) == ["arm", "replicate", "visit", "time_h", "igm_g_per_L", "seen_igm_g_per_L"]
    for (arm, who), own in visits.groupby(["arm", "replicate"]):
        true = series[(series["arm"] == arm) & (series["replicate"] == who)]
        assert own["igm_g_per_L"].to_numpy() == pytest.approx(
            np.interp(own["time_h"], true["time_h"], true["igm_g_per_L"]), rel=1e-5
        )
        ends = seen.end_points().set_index(["arm", "replicate"]).loc[(arm, who)]
        assert ends["baseline_igm_g_per_L"] == pytest.approx(own["seen_igm_g_per_L"].iloc[0])
        assert ends["follow_up_d"] == pytest.approx((own["time_h"].iloc[-1] - own["time_h"].iloc[0]) / 24.0)
    assert visits["seen_igm_g_per_L"].div(visits["igm_g_per_L"]).sub(1.0).abs().between(1e-4, 0.3).mean() > 0.95


def test_a_patient_has_the_same_errors_at_the_same_visits_under_every_protocol(seen):
    visits = seen.visits().set_index(["replicate", "visit"])
    error = visits["seen_igm_g_per_L"] / visits["igm_g_per_L"]
    once, late = (error[visits["arm"] == arm] for arm in ("once", "late"))
    both = once.index.intersection(late.index)
    assert len(both) > 20
    assert once[both].to_numpy() == pytest.approx(late[both].to_numpy(), rel=1e-5)
    assert error.round(6).nunique() > 20


@pytest.mark.parametrize(("n_threads", "most"), [(2, 128), (1, 1), (1, 3)])
def test_workers_and_company_change_no_byte(run, seen, n_threads, most, monkeypatch):
    monkeypatch.setattr(abm.study.cost, "SMALL", 0)
    monkeypatch.setattr(abm.study.batches, "MOST_SUBJECTS", most)
    assert of(run(SEEN, n_threads)) == of(seen)


def test_a_pharmacometric_table_has_what_was_seen(run):
    found = run(ERRORS)
    table, visits = pd.read_csv(found.path / "nonmem.csv"), found.visits()
    own = table[(table["EVID"] == 0) & (table["CMT"] == 2)].groupby("ID")["DV"].apply(list).tolist()
    assert own[0] == pytest.approx(visits["seen_igm_g_per_L"].tolist()[: len(own[0])], rel=1e-5)
    rest = table[(table["EVID"] == 0) & (table["CMT"] == 1)]
    assert rest["DV"].tolist() == pytest.approx(_before_error(found, rest), rel=1e-5)


def _before_error(run, rows):
    series = run.series().set_index(["arm", "replicate", "time_h"])["rituximab_ug_per_mL"]
    arms = list(dict.fromkeys(run.series()["arm"]))
    return [
        series[arms[int(one.PROTOCOL) - 1], int(one.PATIENT) - 1, round(24 * one.TIME, 6)] for one in rows.itertuples()
    ]


def test_the_python_interface_has_the_visits(tmp_path):
    (tmp_path / "trial.yaml").write_text(TRIAL + ERRORS)
    assert len(abm.simulate(tmp_path / "trial.yaml").visits) > 40


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("assay_cv: -8.1 %", "end_points.assay_cv", "found -0.081, out of bounds; allowed: >= 0 and <= 1"),
        ("visit_offset: {lo: -28 d}", "end_points.visit_offset.lo", "visits overlap: 672 h off the plan"),
        ("follow_up: {lo: 6 d, hi: 1 year}", "end_points.follow_up.lo", "ends before the first visit"),
        ("follow_up: {lo: 2 months, hi: 1 month}", "end_points.follow_up.hi", "730.5 h is below lo, 1461 h"),
        ("follow_up: {lo: 1 year, hi: 2 years}", "end_points.follow_up.lo", "the run lasts 4800 h"),
        ("dropout: -1 /year", "end_points.dropout", "out of bounds"),
        ("dropout: 1", "end_points.dropout", "unit missing"),
        ("also: [straigt]", "end_points.also.0", "did you mean 'straight'?"),
        ("assay_sd: 1", "end_points.assay_sd", "did you mean 'assay_cv'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text, place, found, tmp_path):
    (tmp_path / "trial.yaml").write_text(f"{TRIAL}end_points:\n  weekly_until: 4 weeks\n  {text}\n")
    with pytest.raises(InputError) as refused:
        load_scenario(tmp_path / "trial.yaml")
    (fault,) = refused.value.faults
    assert fault.path == place
    assert found in str(fault)
    assert fault.line == TRIAL.count("\n") + 3


def test_looks_as_rare_as_the_visits_of_who_comes_late_but_not_early_are_refused(tmp_path):
    text = TRIAL.replace("patient: {every: 7 d}", "patient: {every: 21 d, at: [7 d, 14 d]}")
    (tmp_path / "trial.yaml").write_text(
        text + "end_points: {weekly_until: 3 weeks, visit_offset: {lo: -15 d, hi: 6 d}}\n"
    )
    with pytest.raises(InputError, match="looked at every 504 h, but seen every 312 h"):
        load_scenario(tmp_path / "trial.yaml")


def test_old_end_points_are_read_as_before_whatever_is_asked_for_beside_them(run, seen):
    usual, asked = run(), run("end_points: {also: [late_after_course]}\n")
    before, after = usual.end_points(), asked.end_points()
    pd.testing.assert_frame_equal(after.drop(columns="late_after_course"), before)
    assert {"late", "first_rise", "straight", "symptomatic"} <= set(seen.end_points())


def test_a_study_knows_the_genotype_of_each_of_the_patients_side_by_side(tmp_path):
    shares = "{shares: {VV: 0.4, VF: 0.3, FF: 0.3}}"
    text = TRIAL.replace("200 d", "9 weeks").replace("{vary: {", f"{{vary: {{covariates.fcgr3a: {shares}, ")
    (tmp_path / "trial.yaml").write_text(text + "end_points: {weekly_until: 4 weeks}\n")
    scenario = load_scenario(tmp_path / "trial.yaml")
    rows = [RowJob(i, as_base(scenario), {"replicate": i, "arm": "once"}, scenario.seed) for i in range(4)]
    found = side_by_side(rows, Flow(lambda done, total: None, lambda: False))
    drawn = [draws(scenario, i)["covariates.fcgr3a"] for i in range(4)]
    assert len(set(drawn)) > 1
    assert [one["once.n_v158"] for one in found] == [drawn[i].count("V") for i in range(4)]
