"""Patients who enter from untreated growth: at which burden follows from the rest, and who never enters is replaced."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from abm.core.errors import InputError
from abm.core.par import plain
from abm.core.probe import own
from abm.core.stack import stack
from abm.readouts.individual import Symptoms
from abm.scenario.build import Subject, build
from abm.scenario.draws import draws, entry, patient_of, warnings_of
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from abm.scenario.untreated import Untreated
from abm.study.run import run_scenario

BASE = """\
replicates: 30
duration: 60 d
dt: 12 h
space: {kind: body}
populations:
  b_cells: {kind: clone, cells_per_agent: 1e11}
processes:
  drug: {kind: two_compartment}
  effect: {kind: marrow_effect}
  killing: {kind: marrow_killing}
  growth: {kind: logistic_growth, rate: 0.003 /d, capacity_cells: 3e12}
  plasma_cells: {kind: plasma_cells}
  igm: {kind: igm_turnover}
  albumin: {kind: albumin, reference_cells: 4.3e11}
  viscosity: {kind: viscosity}
arms:
  single: {add: [{infusion: 375 mg/m2, times: 4}]}
  nothing: {}
probes: {counts: null, patient: {every: 7 d}}
cohort:
  from: untreated
  enter_at: {igm: 30 g/L}
  vary:
    processes.growth.rate: {cv: 1.5}
    processes.igm.plasma_cell: {cv: 0.5}
    covariates.fcgr3a: {shares: {VV: 0.17, VF: 0.45, FF: 0.38}}
"""
RULE = "  enter_at: {igm: 30 g/L}"
CELLS, RATE, SECRETION = "populations.b_cells.cells", "processes.growth.rate", "processes.igm.plasma_cell"
HALF_YEAR_H = 6 * 730.5
K = 3e12


def grown(rate_per_h, span_h, few=1e9):
    """Return the logistic burden."""
    return K / (1.0 + (K / few - 1.0) * math.exp(-rate_per_h * span_h))


def igm_g_per_L(cells, pg_per_plasma_cell_per_d=130.0):
    """Return the serum IgM of a balanced start: 50 d of 0.002 /d feed fed cells, 0.6 of them more live on; 3 L."""
    plasma = cells * 0.002 * 50.0 / math.log(2.0)
    grams_per_d = (3.0 * cells + pg_per_plasma_cell_per_d * 1.6 * plasma) * 1e-12
    return 0.82 * grams_per_d * 5.1 / math.log(2.0) / 3.0


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Return the function that loads the trial with another rule, or other lines, and with what is set."""
    folder = tmp_path_factory.mktemp("entry")

    def read(rule="{igm: 30 g/L}", *sets, line="", text=""):
        path = folder / "entry.yaml"
        path.write_text(BASE.replace(RULE, f"  enter_at: {rule}").replace(line or RULE, text or line or RULE))
        return load_scenario(path, sets)

    return read


@pytest.fixture(scope="module")
def patients(load):
    """Return what 300 patients are who enter at 1e12 cells, by path, with when they entered."""
    scenario = load("{anaemia: {lo: 1e12, hi: 1e12}}", "replicates=300")
    found = [draws(scenario, who) | entry(scenario, who) for who in range(300)]
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def test_a_patient_enters_at_the_first_check_up_at_which_igm_is_high_enough(load):
    scenario = load("{igm: 30 g/L}", "cohort={from: untreated, enter_at: {igm: 30 g/L}}")
    burdens = [grown(0.003 / 24.0, number * HALF_YEAR_H) for number in range(61)]
    number = next(i for i, cells in enumerate(burdens) if igm_g_per_L(cells) >= 30.0)
    assert draws(scenario, 0)[CELLS] == pytest.approx(burdens[number], rel=1e-12)
    assert entry(scenario, 0) == {"entry_years": number / 2, "entered_by": "igm"}
    assert igm_g_per_L(burdens[number - 1]) < 30.0
    level = build(scenario, Subject("single", 0)).world.pools["igm_g_per_L"]
    assert level == pytest.approx(igm_g_per_L(burdens[number]), rel=1e-9)


def test_every_patient_enters_at_the_first_check_up_above_a_threshold_of_the_patients_own(load):
    rules = "{anaemia: {lo: 5e11, hi: 2e12}, every: 3 months, from_cells: 1e10}"
    scenario = load(rules)
    thresholds = [Symptoms(anaemia={"lo": 5e11, "hi": 2e12}).thresholds(1, who)["anaemia"] for who in range(30)]
    assert np.ptp(thresholds) > 1e12
    for who, threshold in enumerate(thresholds):
        found, span_h = draws(scenario, who), entry(scenario, who)["entry_years"] * 8766.0
        assert found[CELLS] == pytest.approx(grown(found[RATE], span_h, 1e10), rel=1e-9)
        assert grown(found[RATE], span_h - HALF_YEAR_H / 2, 1e10) < threshold <= found[CELLS]


def test_whichever_rule_holds_first_brings_a_patient_in_and_is_told(load):
    both = load("{igm: 30 g/L, anaemia: {lo: 4e11, hi: 4e11}}")
    alone = [load("{igm: 30 g/L}"), load("{anaemia: {lo: 4e11, hi: 4e11}}")]
    told = {entry(both, who)["entered_by"] for who in range(30)}
    assert {"igm", "anaemia"} <= told <= {"igm", "anaemia", "igm and anaemia"}
    for who in range(30):
        years = [entry(one, who)["entry_years"] for one in alone]
        assert entry(both, who)["entry_years"] == min(years)


def test_thick_serum_brings_in_whom_the_same_threshold_gives_symptoms(load):
    scenario = load("{hyperviscosity: {lo: 3 cP, hi: 5 cP}}")
    for who in range(8):
        threshold = Symptoms(hyperviscosity={"lo": "3 cP", "hi": "5 cP"}).thresholds(1, who)["hyperviscosity"]
        assert build(scenario, Subject("single", who)).world.pools["viscosity_cP"] >= threshold


def test_what_is_known_of_a_burden_is_what_a_patient_has_who_begins_at_it(load):
    patient = patient_of(load(), 3)
    asked = Untreated(patient, 3)
    asked.at(2e12)
    for cells in (1e10, 7e11):
        populations = patient.populations.model_copy(update={"b_cells": patient.populations.b_cells.model_copy(
            update={"cells": cells})})  # fmt: skip
        fresh = build(patient.model_copy(update={"populations": populations}), Subject("nothing", 3))
        fresh.observe()
        row = fresh.records["patient"][0]
        seen = asked.at(cells)
        for name in ("igm_g_per_L", "viscosity_cP", "albumin_g_per_L", "n_clone", "n_plasma"):
            assert seen[name] == pytest.approx(row[name], rel=1e-12)


def test_a_patient_is_the_same_alone_and_in_company_and_in_any_order(load):
    rules = "{igm: 30 g/L, within: 12 years}"
    crowd, few, more = load(rules), load(rules, "replicates=8"), load(rules, line=VARY, text=VARY + MORE)
    backwards = [draws(crowd, who) for who in range(29, -1, -1)][::-1]
    assert [draws(few, who) for who in range(8)] == backwards[:8]
    assert all({name: draws(more, who)[name] for name in backwards[who]} == backwards[who] for who in range(8))
    again = Scenario.model_validate(plain(crowd))
    assert [(draws(again, who), entry(again, who)) for who in (5, 2)] == [
        (backwards[who], entry(crowd, who)) for who in (5, 2)
    ]
    assert draws(load(rules, "seed=2"), 5) != backwards[5]


def test_fast_growers_overshoot_and_have_less_albumin_without_a_correlation_in_the_file(patients, load):
    assert patients[CELLS].min() >= 1e12
    assert spearmanr(patients[RATE], patients[CELLS]).statistic > 0.5
    scenario = load("{anaemia: {lo: 1e12, hi: 1e12}}")
    found = [build(scenario, Subject("nothing", who)).world for who in range(30)]
    burden = [world.cell_types["b_cells"].cells for world in found]
    assert spearmanr(burden, [world.pools["albumin_g_per_L"] for world in found]).statistic < -0.9


def test_who_secretes_little_enters_with_more_cells_where_igm_decides(load):
    scenario = load("{igm: 30 g/L}", "replicates=200")
    found = [draws(scenario, who) for who in range(200)]
    assert spearmanr([one[SECRETION] for one in found], [one[CELLS] for one in found]).statistic < -0.4


def test_who_never_enters_is_replaced_and_counted(load):
    """With one rule on the burden the closed form says who enters of those whom the cohort without a rule has."""
    rules = "{anaemia: {lo: 1e12, hi: 1e12}, within: 10 years}"
    scenario, everyone = load(rules), load(line=f"{FROM}\n{RULE}", text="  correlate: []")
    n_replaced = 0
    for who in range(30):
        first, found = draws(everyone, who), draws(scenario, who)
        if grown(first[RATE], 20 * HALF_YEAR_H) >= 1e12:
            assert {name: found[name] for name in first} == first
        else:
            n_replaced += 1
            assert found[RATE] != first[RATE]
            assert grown(found[RATE], 20 * HALF_YEAR_H) >= 1e12
    assert 3 < n_replaced < 27
    (told,) = (text for text in warnings_of(scenario) if text.startswith("cohort.enter_at: "))
    n, n_never = int(told.split()[2]), int(told.split(" patients ")[1].split()[0])
    assert n == 30 + n_never >= 30 + n_replaced
    assert f"for 30 patients {n_never} never reach anaemia within 10 years; others take their places" in told
    assert not [text for text in warnings_of(everyone) if "enter" in text]


def test_who_has_symptoms_already_does_not_enter(load):
    scenario = load("{igm: 30 g/L, unless: {anaemia: {lo: 5e11, hi: 5e11}}}")
    assert max(draws(scenario, who)[CELLS] for who in range(30)) < 5e11
    assert max(draws(load(), who)[CELLS] for who in range(30)) > 5e11
    assert "have symptoms already" in warnings_of(scenario)[0]


def test_a_trial_of_them_has_the_same_bytes_alone_and_side_by_side_and_tells_who_they_are(load, tmp_path):
    scenario = load("{igm: 30 g/L}", "replicates=4")
    alone = [build(scenario, Subject("single", who)) for who in range(4)]
    together = stack([build(scenario, Subject("single", who)) for who in range(4)])
    for one in (*alone, together):
        one.run()
    for who, one in enumerate(alone):
        for step, row in one.records["patient"].items():
            assert own(together.records["patient"][step], who) == row
    run = run_scenario(scenario, tmp_path, 1)
    table = run.patients()
    assert list(table) == ["replicate", RATE, SECRETION, "covariates.fcgr3a", CELLS, "entry_years", "entered_by"]
    assert table[CELLS].tolist() == [draws(scenario, who)[CELLS] for who in range(4)]
    series = run.series()
    first = series[(series["time_h"] == 0.0) & (series["arm"] == "single")]
    assert first["n_clone"].to_numpy() == pytest.approx(table[CELLS].to_numpy(), rel=1e-12)


MORE = "\n    processes.drug.v1: {cv: 0.2}"
GROWTH = "  growth: {kind: logistic_growth, rate: 0.003 /d, capacity_cells: 3e12}"
VARY = "    processes.igm.plasma_cell: {cv: 0.5}"
FROM = "  from: untreated"
AT = "cohort.enter_at"
BAD = [  # a line, what it says instead, path, what is said of it
    (RULE, "  enter_at: {igm: 3000 g/L}", f"{AT}.igm", "found 3000, out of bounds; allowed: > 0 and <= 300"),
    (RULE, "  enter_at: {igm: 30}", f"{AT}.igm", "unit missing"),
    (
        RULE,
        "  enter_at: {igm: 30 g/L, every: 1 month, within: 2 months}",
        AT,
        "of 50 candidates for patient 0 50 never reach 30 g/L of IgM within 0.167 years; allowed: what an untreated",
    ),
    (RULE, "  enter_at: {anaemia: {lo: 4e12, hi: 5e12}}", AT, "the largest of them has 3e+12 cells"),
    (RULE, "  enter_at: {}", AT, "no rule by which patients enter; allowed: igm, hyperviscosity, anaemia"),
    (RULE, "  enter_at: {igm: 30 g/L, every: 2 years, within: 1 year}", f"{AT}.every", "the first is after the end"),
    (RULE, "  enter_at: {igm: 30 g/L, within: 0 years}", f"{AT}.within", "out of bounds"),
    (RULE, "  enter_at: {igm: 30 g/L, from_cells: 3e12}", f"{AT}.from_cells", "is at its capacity, 3e+12"),
    (RULE, "  enter_at: {anaemia: {lo: 2e12, hi: 1e12}}", f"{AT}.anaemia.hi", "1e+12 is below lo, 2e+12"),
    (RULE, "  enter_at: {burden: 1e12}", f"{AT}.burden", "unknown key 'burden'"),
    (RULE, "  seed: 1", "cohort.seed", "unknown key 'seed'"),
    (FROM, "  from: treated", "cohort.from", "found 'treated'; allowed: untreated"),
    (FROM, "  correlate: []", AT, "nothing says from what patients enter; allowed: with from: untreated"),
    (RULE, "  correlate: []", "cohort.from", "nothing says when patients enter"),
    (GROWTH, "  growth: {kind: logistic_growth}", "processes.growth.capacity_cells", "the capacity is relative"),
    (GROWTH, "  il6: {kind: il6}", AT, "no clone grows; allowed: with a process such as logistic_growth"),
    ("  igm: {kind: igm_turnover}", "  il6: {kind: il6}", f"{AT}.igm", "allowed: with a process of kind igm_turnover"),
    (VARY, f"    {CELLS}: {{cv: 0.5}}", f"cohort.vary.{CELLS}", "untreated growth decides at which burden"),
]


@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_is_refused_at_its_line(load, bad):
    line, text, path, message = bad
    with pytest.raises(InputError) as refused:
        load(line=line, text=text)
    found = [fault for fault in refused.value.faults if fault.path == path]
    assert found, refused.value
    assert message in str(found[0])
    assert Path(found[0].file).name == "entry.yaml"
    place = {"cohort.from": FROM, AT: line if line == RULE else RULE}.get(path, line if path != f"{AT}.igm" else RULE)
    lines = BASE.replace(line, text).splitlines()
    assert found[0].line == lines.index(text if place == line else place) + 1


def test_a_burden_that_growth_decides_is_not_set_on_the_command_line(load):
    with pytest.raises(InputError, match="every patient draws a value of its own for it"):
        load("{igm: 30 g/L}", f"{CELLS}=1e11")
