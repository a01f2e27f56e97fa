"""Virtual patients: who they are depends on seed and number alone, and what cannot be drawn is refused at its line."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest, truncnorm

from abm.core.errors import InputError
from abm.core.par import plain
from abm.scenario.build import Subject, build
from abm.scenario.draws import beyond_bounds, draws, patient_of
from abm.scenario.from_file import load_scenario
from abm.scenario.quantity import uniform_between

BASE = """\
seed: 1
replicates: 2000
duration: 40 d
dt: 4 h
space: {kind: body}
populations:
  b_cells: {kind: clone, cells_per_agent: 1e10}
processes:
  drug: {kind: two_compartment}
  effect: {kind: marrow_effect}
  killing: {kind: marrow_killing}
  growth: {kind: logistic_growth}
  plasma_cells: {kind: plasma_cells}
  igm: {kind: igm_turnover}
arms:
  single: {add: [{infusion: 375 mg/m2, times: 4}]}
  high: {add: [{infusion: 500 mg/m2, at: 2 d}], set: {processes.drug.q: 0.2 L/d}}
probes: {counts: null, patient: {every: 7 d}}
cohort:
  vary:
    processes.growth.rate: {cv: 0.7}
    populations.b_cells.cells: {cv: 0.5}
    covariates.fcgr3a: {shares: {VV: 0.17, VF: 0.45, FF: 0.38}}
    covariates.age_years: {sd: 6 years}
    processes.growth.rel_capacity: {range: [1, 1.5]}
  correlate:
    - {of: [processes.growth.rate, populations.b_cells.cells], r: 0.6}
"""
RATE, CELLS, AGE = "processes.growth.rate", "populations.b_cells.cells", "covariates.age_years"
GENOTYPE, CAPACITY = "covariates.fcgr3a", "processes.growth.rel_capacity"
N = 2000


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Return the function that loads a text as a scenario file, with what is set on the command line."""
    folder = tmp_path_factory.mktemp("cohort")

    def read(text=BASE, *sets):
        (folder / "cohort.yaml").write_text(text)
        return load_scenario(folder / "cohort.yaml", sets)

    return read


@pytest.fixture(scope="module")
def drawn(load):
    """Return what 2000 patients are, by path."""
    scenario = load()
    patients = [draws(scenario, replicate) for replicate in range(N)]
    return {path: np.array([patient[path] for patient in patients]) for path in patients[0]}


def test_a_patient_is_the_same_every_time(load):
    assert draws(load(), 7) == draws(load(), 7)


def test_patients_and_seeds_differ_in_everything_that_varies(load):
    one, other, seeded = draws(load(), 7), draws(load(), 8), draws(load(BASE, "seed=2"), 7)
    for path in (RATE, CELLS, AGE, CAPACITY):
        assert len({one[path], other[path], seeded[path]}) == 3


def test_a_patient_stays_the_same_when_more_are_drawn(load):
    assert draws(load(BASE, "replicates=9"), 7) == draws(load(), 7)


@pytest.mark.parametrize("more", ["processes.drug.cl1: {cv: 0.3}", "processes.killing.rate: {range: [0.1 /d, 0.2 /d]}"])
def test_one_more_quantity_changes_no_other(load, more):
    before = draws(load(), 3)
    after = draws(load(BASE.replace("  vary:\n", f"  vary:\n    {more}\n")), 3)
    assert len(after) == len(before) + 1
    assert all(after[path] == pytest.approx(before[path], rel=1e-12) for path in (RATE, CELLS, AGE, CAPACITY))
    assert after[GENOTYPE] == before[GENOTYPE]


def test_the_order_in_the_file_does_not_matter(load):
    lines = BASE.splitlines(keepends=True)
    uncorrelated = lines[:25]
    swapped = uncorrelated[:20] + uncorrelated[20:25][::-1]
    assert draws(load("".join(swapped)), 3) == draws(load("".join(uncorrelated)), 3)


def test_a_patient_is_the_same_under_every_protocol(load):
    scenario = load()
    for replicate in (0, 5):
        one, other = (build(scenario, Subject(arm, replicate)) for arm in ("single", "high"))
        changed = one.processes["drug"].model_copy(update={"q": 0.2 / 24})
        assert other.processes == one.processes | {"drug": changed, "additions": other.processes["additions"]}
        for name, cells in one.world.populations.items():
            assert all((cells[column] == other.world.populations[name][column]).all() for column in cells.columns)
        assert other.world.pools.amounts == one.world.pools.amounts
        assert other.world.cell_types == one.world.cell_types


def test_the_drawn_values_are_in_the_simulation(load):
    scenario = load()
    sim, drawn = build(scenario, Subject("single", 4)), draws(scenario, 4)
    assert sim.processes["growth"].rate == pytest.approx(drawn[RATE], rel=1e-12)
    assert sim.processes["growth"].rel_capacity == drawn[CAPACITY]
    assert sim.world.properties["covariates"].fcgr3a == drawn[GENOTYPE]
    assert sim.world.cell_types["b_cells"].cells == drawn[CELLS]
    assert sim.world.properties["covariates"].age_years == drawn[AGE]
    b = sim.world.populations["b_cells"]
    assert (b.accessible_cells + b.niche_cells).sum() == pytest.approx(drawn[CELLS], rel=1e-12)


def test_what_a_protocol_sets_is_the_same_for_all_patients(load):
    scenario = load(BASE.replace("{processes.drug.q: 0.2 L/d}", "{processes.growth.rate: 0.002 /d}"))
    rates = [build(scenario, Subject("high", replicate)).processes["growth"].rate for replicate in (0, 5)]
    assert rates == pytest.approx([0.002 / 24] * 2, rel=1e-12)


def test_what_does_not_vary_is_the_scenarios_own(load):
    scenario = load()
    own, usual = plain(patient_of(scenario, 3)), plain(scenario)
    own["cohort"] = usual["cohort"]
    for path in draws(scenario, 3):
        for data in (own, usual):
            *keys, last = path.split(".")
            for key in keys:
                data = data[key]
            assert data.pop(last) is not None
    assert own == usual


def test_without_a_cohort_patients_are_the_scenario(load):
    scenario = load(BASE, "cohort=null")
    assert draws(scenario, 3) == {}
    assert patient_of(scenario, 3) is scenario


def near(expected, deviation):
    """Return a bound of 4.5 standard errors of a mean of N draws."""
    return pytest.approx(expected, abs=4.5 * deviation / np.sqrt(N))


@pytest.mark.parametrize(("path", "typical", "cv"), [(RATE, 0.0035 / 24, 0.7), (CELLS, 4.3e11, 0.5)])
def test_a_coefficient_of_variation_is_log_normal_about_its_median(drawn, path, typical, cv):
    sigma, logs = np.sqrt(np.log1p(cv**2)), np.log(drawn[path] / typical)
    assert logs.mean() == near(0.0, sigma)
    assert logs.std() == near(sigma, sigma / np.sqrt(2))
    assert (logs < sigma).mean() == near(0.8413, 0.366)
    assert (logs < -sigma).mean() == near(0.1587, 0.366)


def test_a_standard_deviation_is_normal_about_its_mean(drawn):
    assert drawn[AGE].mean() == near(48.0, 6.0)
    assert drawn[AGE].std() == near(6.0, 6.0 / np.sqrt(2))
    assert (drawn[AGE] < 54.0).mean() == near(0.8413, 0.366)


def test_a_range_is_uniform(drawn):
    values = drawn[CAPACITY]
    assert values.min() >= 1.0
    assert values.max() <= 1.5
    assert [(values < edge).mean() for edge in (1.125, 1.25, 1.375)] == near([0.25, 0.5, 0.75], 0.5)


def test_shares_are_as_stated(drawn):
    for word, share in (("VV", 0.17), ("VF", 0.45), ("FF", 0.38)):
        assert (drawn[GENOTYPE] == word).mean() == near(share, np.sqrt(share * (1 - share)))


def test_what_goes_together_is_correlated_as_stated_and_nothing_else_is(drawn):
    scores = [np.log(drawn[RATE]), np.log(drawn[CELLS]), drawn[AGE], drawn[CAPACITY]]
    expected = np.eye(4)
    expected[0, 1] = expected[1, 0] = 0.6
    assert np.corrcoef(scores) == near(expected, 1.0)


@pytest.mark.parametrize(
    ("path", "spread", "lowest", "highest"),
    [
        (AGE, "{sd: 60 years}", 17, 100),
        ("processes.growth.rel_capacity", "{cv: 5}", 0, 100),
        ("populations.b_cells.niche_frac", "{sd: 0.9}", 0, 0.95),
        ("covariates.body_surface_m2", "{sd: 3 m2}", 0, 4),
    ],
)
def test_values_stay_inside_the_bounds_of_their_parameter(load, path, spread, lowest, highest):
    text = "".join(BASE.splitlines(keepends=True)[:20]) + f"    {path}: {spread}\n"
    scenario = load(text)
    values = [draws(scenario, replicate)[path] for replicate in range(100)]
    assert lowest <= min(values) < max(values) <= highest
    for replicate in range(20):
        assert patient_of(scenario, replicate).cohort is None  # accepted: an open bound is not reached


HEAD = "".join(BASE.splitlines(keepends=True)[:20])
NICHE = "populations.b_cells.niche_frac"


def test_nothing_piles_up_on_a_bound_and_what_was_inside_stays(load):
    wide = load(HEAD + f"    {NICHE}: {{sd: 0.9}}\n")
    usual = load(HEAD + f"    {NICHE}: {{sd: 0.01}}\n")
    found = np.array([draws(wide, i)[NICHE] for i in range(N)])
    typical = wide.populations.b_cells.niche_frac
    scores = np.array([(draws(usual, i)[NICHE] - typical) / 0.01 for i in range(N)])
    untouched = typical + 0.9 * scores
    inside = (untouched > 0.0) & (untouched < 0.95)
    assert 0.2 < inside.mean() < 0.6
    np.testing.assert_allclose(found[inside], untouched[inside], rtol=0, atol=1e-9)
    assert len(np.unique(found)) == N
    own = truncnorm((0.0 - typical) / 0.9, (0.95 - typical) / 0.9, typical, 0.9)
    assert kstest(found, own.cdf).pvalue > 1e-4


def test_what_is_drawn_anew_keeps_its_correlation(load):
    pair = f"  correlate:\n    - {{of: [{CELLS}, {NICHE}], r: 0.8}}\n"
    scenario = load(HEAD + f"    {CELLS}: {{cv: 0.5}}\n    {NICHE}: {{sd: 0.9}}\n{pair}")
    found = np.array([[np.log(draws(scenario, i)[CELLS]), draws(scenario, i)[NICHE]] for i in range(600)])
    inside = np.argsort(found[:, 0])
    assert found[inside[-200:], 1].mean() > found[inside[:200], 1].mean() + 0.15


def test_whole_numbers_of_a_range_are_equally_likely():
    shares = (np.arange(3000) + 0.5) / 3000
    found = np.array([uniform_between((2.0, 4.0), share, is_whole=True) for share in shares])
    assert [(found == k).mean() for k in (2, 3, 4)] == pytest.approx([1 / 3] * 3, abs=1e-3)
    assert [uniform_between((2.0, 4.0), share, is_whole=True) for share in (0.0, 1.0)] == [2, 4]


def test_what_would_often_lie_outside_is_told_with_its_place(load):
    (told,) = beyond_bounds(load(HEAD + f"    {NICHE}: {{sd: 0.9}}\n    {AGE}: {{sd: 1 years}}\n"))
    assert told.startswith(f"cohort.vary.{NICHE}: ")
    assert ">= 0 and < 1" in told or ">= 0 and <= 0.95" in told
    assert beyond_bounds(load()) == []


@pytest.mark.parametrize(
    "spread",
    [
        "{range: [-1 /d, 1 /d]}",
        "{range: [0.1 /d, 1e6 /d]}",
        "{range: [1 /d, 0.1 /d]}",
        "{range: [no, 1 /d]}",
        "{sd: -1 /d}",
    ],
)
def test_a_range_outside_the_bounds_is_refused_at_its_line(load, spread):
    with pytest.raises(InputError) as refused:
        load(HEAD + f"    {AGE}: {{sd: 6 years}}\n    processes.killing.rate: {spread}\n")
    (fault,) = refused.value.faults
    assert (fault.path, fault.line) == ("cohort.vary.processes.killing.rate", 22)


TO_NO_EFFECT = "every patient draws a value of its own for it; allowed: what 'cohort' draws no values of"


@pytest.mark.parametrize(
    "text",
    [
        f"{GENOTYPE}=FF",
        f"{CAPACITY}=2",
        "processes.killing={kind: marrow_killing, fcgr3a: FF}",
        "covariates={fcgr3a: FF}",
    ],
)
def test_what_every_patient_draws_is_not_set_on_the_command_line(load, text):
    with pytest.raises(InputError) as caught:
        load(BASE, text)
    assert f"--set {text}" in str(caught.value)
    assert TO_NO_EFFECT in str(caught.value)


def test_a_file_that_extends_a_cohort_does_not_set_what_every_patient_draws(load, tmp_path):
    load()
    base, own = tmp_path / "base.yaml", tmp_path / "own.yaml"
    base.write_text(BASE)
    own.write_text("extends: base.yaml\nprocesses:\n  killing: {fcgr3a: FF}\n")
    with pytest.raises(InputError, match=r"own.yaml:3:13  covariates.fcgr3a  every patient draws"):
        load_scenario(own)
    all_alike = "extends: base.yaml\nprocesses: {killing: {fcgr3a: FF}}\ncohort: {vary: {%s: null}}\n"
    own.write_text(all_alike % GENOTYPE)
    assert draws(load_scenario(own), 0).keys() == draws(load_scenario(base), 0).keys() - {GENOTYPE}


def test_what_varies_around_the_scenario_s_own_value_may_be_set(load):
    one, other = (draws(load(BASE, f"{RATE}={rate} /d"), 0)[RATE] for rate in (0.003, 0.006))
    assert other == pytest.approx(2.0 * one)


@pytest.mark.parametrize("path", ["arms.single.add.0.infusion", "seed", "duration", "replicates"])
def test_what_all_patients_share_cannot_vary(load, path):
    spread = {"seed": "{range: [1, 9]}", "replicates": "{range: [2, 9]}"}.get(path, "{cv: 0.1}")
    with pytest.raises(InputError):
        load("".join(BASE.splitlines(keepends=True)[:20]) + f"    {path}: {spread}\n")


WELL = """\
duration: 2 h
dt: 1 min
space: {kind: floor, side: 400 um, volume: 1 uL}
populations:
  b_cells: {n: 40}
processes:
  binding: {kind: binding}
arms:
  both: {add: [{rituximab: 10 ug/mL}]}
"""
ARM = "  single: {add: [{infusion: 375 mg/m2, times: 4}]}"
FIRST, LAST = "    processes.growth.rate: {cv: 0.7}", "    processes.growth.rel_capacity: {range: [1, 1.5]}"
SHARES = "    covariates.fcgr3a: {shares: {VV: 0.17, VF: 0.45, FF: 0.38}}"
DRUG, GROWTH = "  drug: {kind: two_compartment}", "  growth: {kind: logistic_growth}"
PAIR = "    - {of: [processes.growth.rate, populations.b_cells.cells], r: 0.6}"
TRIPLE = "\n".join(
    f"    - {{of: [{one}, {other}], r: {r}}}"
    for one, other, r in ((RATE, CELLS, 0.9), (CELLS, AGE, 0.9), (RATE, AGE, -0.9))
)
VARY, CORRELATE = "cohort.vary", "cohort.correlate"
BAD = [  # a line, what it says instead, path, what is said of it
    (LAST, "    processes.growth.rat: {cv: 0.7}", f"{VARY}.processes.growth.rat", "rat"),
    (LAST, "    processes.grwth.rate: {cv: 0.7}", f"{VARY}.processes.grwth.rate", "did you mean 'growth'"),
    (LAST, "    processes.growth: {cv: 0.7}", f"{VARY}.processes.growth", "no number that can vary"),
    (LAST, "    processes.growth.kind: {cv: 0.7}", f"{VARY}.processes.growth.kind", "no number that can vary"),
    (FIRST, "    processes.growth.rate: {cv: 0.7, sd: 1 /d}", rf"{VARY}.processes.growth.rate", "found cv and sd"),
    (FIRST, "    processes.growth.rate: {}", f"{VARY}.processes.growth.rate", "in one way, found nothing"),
    (FIRST, "    processes.growth.rate: {cv: -0.1}", f"{VARY}.processes.growth.rate.cv", "found -0.1, out of bounds"),
    (
        FIRST,
        "    processes.growth.rate: {ranges: [1, 2]}",
        f"{VARY}.processes.growth.rate.ranges",
        "did you mean 'range'",
    ),
    (FIRST, "    processes.growth.rate: {sd: 1}", f"{VARY}.processes.growth.rate", "unit missing: found the number 1"),
    (FIRST, "    processes.growth.rate: {sd: 1 um}", f"{VARY}.processes.growth.rate", "'1 um' is of dimension length"),
    (FIRST, "    processes.growth.rate: {range: [1, 2]}", f"{VARY}.processes.growth.rate", "unit missing"),
    (FIRST, "    processes.growth.rate: {range: [1 /d]}", f"{VARY}.processes.growth.rate.range.1", ""),
    (
        SHARES,
        "    covariates.fcgr3a: {shares: {VV: 0.5, VF: 0.4}}",
        f"{VARY}.covariates.fcgr3a.shares",
        "the shares sum to 0.9",
    ),
    (
        SHARES,
        "    covariates.fcgr3a: {shares: {VV: 1.5, VF: -0.5}}",
        f"{VARY}.covariates.fcgr3a.shares",
        "none negative",
    ),
    (
        SHARES,
        "    covariates.fcgr3a: {shares: {VV: 0.5, VW: 0.5}}",
        f"{VARY}.covariates.fcgr3a",
        "found 'VW'; allowed: VV, VF, FF",
    ),
    (
        PAIR,
        f"    - {{of: [{RATE}, processes.drug.v1], r: 0.6}}",
        f"{CORRELATE}.0.of",
        "'processes.drug.v1' does not vary",
    ),
    (PAIR, f"    - {{of: [{RATE}, {RATE}], r: 0.6}}", f"{CORRELATE}.0.of", "a quantity with itself"),
    (PAIR, f"    - {{of: [{RATE}, {CELLS}], r: 1}}", f"{CORRELATE}.0.r", "found 1, out of bounds"),
    (PAIR, f"    - {{of: [{RATE}, {CELLS}]}}", f"{CORRELATE}.0.r", "missing key 'r'"),
    (PAIR, TRIPLE, CORRELATE, "is not positive definite"),
    (ARM, "  a: {add: [{infusion: -5 mg/m2}]}", "arms.a.add.0.infusion", "found -5, out of bounds; allowed: >= 0"),
    (ARM, "  a: {add: [{infusion: 375}]}", "arms.a.add.0.infusion", "unit missing: found the number 375"),
    (ARM, "  a: {add: [{infusion: 375 mg/mL}]}", "arms.a.add.0.infusion", "is of dimension mass/length^3"),
    (ARM, "  a: {add: [{infusion: 5 mg/m2, at: 41 d}]}", "arms.a.add.0.at", "an infusion at 984 h is outside the run"),
    (ARM, "  a: {add: [{infusion: 5 mg/m2, times: 9}]}", "arms.a.add.0.at", "an infusion at 1344 h is outside the run"),
    (ARM, "  a: {add: [{infusion: 5 mg/m2, times: 0}]}", "arms.a.add.0.times", "found 0, out of bounds"),
    (ARM, "  a: {add: [{infusion: 5 mg/m2, over: 0 h}]}", "arms.a.add.0.over", "found 0, out of bounds"),
    (ARM, "  a: {add: [{infusion: 5 mg/m2, times: 2, every: 3 h}]}", "arms.a.add.0.every", "every 3 h overlap"),
    (
        ARM,
        "  a: {add: [{infusion: 5 mg/m2}, {infusion: 5 mg/m2, at: 3 h}]}",
        "arms.a.add.1.at",
        "begins before the one before it ends (4 h)",
    ),
    (
        ARM,
        "  a: {add: [{infusion: 5 mg/m2, at: 3 d}, {infusion: 5 mg/m2, at: 1 d}]}",
        "arms.a.add",
        "additions are not in order of time",
    ),
    (ARM, "  a: {add: [{plasmapheresis: 0.6}]}", "arms.a.add.0", "plasmapheresis is missing"),
    (ARM, "  a: {add: [{plasmapheresis: 1}]}", "arms.a.add.0.plasmapheresis", "found 1, out of bounds"),
    (ARM, "  a: {add: [{ibrutinib: 420}]}", "arms.a.add.0.ibrutinib", "unit missing: found the number 420"),
    (ARM, "  a: {add: [{ibrutinib: -1 mg}]}", "arms.a.add.0.ibrutinib", "found -1, out of bounds"),
    (ARM, "  a: {add: [{ibrutinib: 420 mg, missed: 120 %}]}", "arms.a.add.0.missed", "out of bounds"),
    (ARM, "  a: {add: [{infusion: 5 mg/m2, missed: 5 %}]}", "arms.a.add.0.missed", "only ibrutinib has it"),
    (ARM, "  a: {add: [{ibrutinib: 420 mg, times: 3}]}", "arms.a.add.0.times", "only an infusion has it"),
    (ARM, "  a: {add: [{ibrutinib: 420 mg}]}", "arms.a.add.0", "no process for 'ibrutinib': ibrutinib is missing"),
    (
        ARM,
        "  a: {add: [{ibrutinib: 420 mg, at: 3 d}, {ibrutinib: 140 mg, at: 1 d}]}",
        "arms.a.add",
        "additions are not in order of time",
    ),
    (ARM, "  a: {add: [{serum: 25 %}]}", "arms.a.add.0", "'serum' cannot be added to a patient"),
    (ARM, "  a: {add: [{rituximab: 1 ug/mL}]}", "arms.a.add.0", "'rituximab' cannot be added to a patient"),
    (
        ARM,
        "  a: {set: {covariates.body_surface_m2: 0 m2}}",
        "arms.a.set",
        "covariates.body_surface_m2: found 0, out of bounds",
    ),
    (
        DRUG,
        "  drug: {kind: two_compartment, bsa: 0 m2}",
        "covariates.body_surface_m2",
        "found 0, out of bounds; allowed: > 0",
    ),
    (DRUG, "  drug: {kind: one_compartment, half_life: 0 d}", "processes.drug.half_life", "found 0, out of bounds"),
    (
        DRUG,
        f"{DRUG}\n  other: {{kind: one_compartment}}",
        "processes",
        "found drug, other; allowed: one pharmacokinetics",
    ),
]
IN_WELL = [
    (
        "  both: {add: [{rituximab: 10 ug/mL}]}",
        "  a: {add: [{infusion: 5 mg/m2}]}",
        "arms.a.add.0",
        "to a culture well",
    ),
    ("  both: {add: [{rituximab: 10 ug/mL}]}", "  a: {add: [{plasmapheresis: 0.5}]}", "arms.a.add.0", "a culture well"),
    ("  both: {add: [{rituximab: 10 ug/mL}]}", "  a: {add: [{ibrutinib: 420 mg}]}", "arms.a.add.0", "a culture well"),
    (
        "  b_cells: {n: 40}",
        "  b_cells: {kind: clone}",
        "populations.b_cells.kind",
        "clone do not live in a culture well",
    ),
    (
        "  binding: {kind: binding}",
        "  growth: {kind: logistic_growth}",
        "processes.growth",
        "no place in a culture well",
    ),
]
BAD += [
    ("  b_cells: {kind: clone, cells_per_agent: 1e10}", "  b_cells: {n: 40}", "populations.b_cells.kind", "a patient"),
    (
        "  b_cells: {kind: clone, cells_per_agent: 1e10}",
        "  b_cells: {kind: cll_clone, c481s_cells: -1, niche_frac: 1}",
        "populations.b_cells.c481s_cells",
        "found -1, out of bounds",
    ),
    ("probes: {counts: null, patient: {every: 7 d}}", "probes: {counts: null}", "probes.patient", "nobody looks"),
]


@pytest.mark.parametrize(("base", "bad"), [(BASE, bad) for bad in BAD] + [(WELL, bad) for bad in IN_WELL])
def test_what_cannot_be_is_refused_at_its_line(load, base, bad):
    line, text, path, message = bad
    assert base.count(line + "\n") == 1
    with pytest.raises(InputError) as refused:
        load(base.replace(line, text))
    found = [fault for fault in refused.value.faults if fault.path == path]
    assert found, refused.value
    assert message in str(found[0])
    assert Path(found[0].file).name == "cohort.yaml"
    before = base[: base.index(line)].count("\n")
    assert found[0].line == {"processes": 8, CORRELATE: 26}.get(path, before + 1), refused.value


def test_an_infusion_needs_pharmacokinetics(load):
    with pytest.raises(InputError) as refused:
        load(BASE.replace(DRUG, "  binding: {kind: binding}"))
    assert [(fault.line, fault.path) for fault in refused.value.faults] == [
        (16, "arms.single.add.0"),
        (17, "arms.high.add.0"),
    ]
    assert all("one_compartment or two_compartment is missing" in fault.message for fault in refused.value.faults)


WELL_ONLY = ("motility", "killing", "c3b_deposition", "igm_secretion", "division", "influx", "death", "dheas_field")


@pytest.mark.parametrize("kind", WELL_ONLY)
def test_what_belongs_into_a_well_is_refused_in_a_patient(load, kind):
    with pytest.raises(InputError, match="'walk' has no place in a patient"):
        load(BASE.replace(GROWTH, f"{GROWTH}\n  walk: {{kind: {kind}}}"))


def test_a_process_with_a_contact_is_refused_in_a_patient(load):
    with pytest.raises(InputError) as refused:
        load(BASE.replace(GROWTH, f"{GROWTH}\n  hold: {{kind: engagement}}"))
    fault = next(fault for fault in refused.value.faults if fault.path == "processes.hold")
    assert fault.message == "'hold' has no place in a patient"
    assert fault.line == 13


@pytest.mark.parametrize(("base", "text"), [(BASE, ""), (WELL, "")])
def test_what_the_bad_lines_replace_is_right(load, base, text):
    assert load(base + text).arms


@pytest.mark.parametrize("key", ["cohort", "end_points"])
def test_all_protocols_have_the_same_patients_and_are_judged_alike(load, key):
    own = {"cohort": "cohort: null", "end_points": "end_points: {visit_every: 8 weeks}"}[key]
    with pytest.raises(InputError, match=f"an arm cannot set {key}: all arms share it") as refused:
        load(BASE.replace("processes.drug.q: 0.2 L/d", own))
    assert refused.value.faults[0].path == "arms.high.set"


def test_a_fault_of_the_cohort_names_what_is_near(load):
    with pytest.raises(InputError, match="did you mean 'rel_capacity'"):
        load(BASE.replace(LAST, "    processes.growth.rel_capacit: {cv: 0.7}"))


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ("processes.signalling=null", "lymphocytes are counted where cells signal"),
        ("end_points=null", "there is no serum IgM to judge by; allowed: {kind: lymphocytes}"),
        ("end_points.calcium_cut_centile=1.4", "out of bounds"),
        ("end_points.follow_up_spread=40 months", "followed for no time"),
        ("probes.patient.every=90 d", "looked at every 2160 h, but seen every 672 h"),
        ("arms.ibrutinib.add=[{infusion: 5 mg/m2, unless_progressed: true}]", "igm_turnover is missing"),
        ("processes.signalling.bypass=1.2", "out of bounds"),
        ("covariates.line=second", "found 'second'; allowed: first, later"),
        ("covariates.tp53=losst", "did you mean 'lost'"),
        ("populations.b_cells.c481s_fold=0", "out of bounds"),
        ("processes.turnover.later_line_fold=-1", "out of bounds"),
        ("end_points.other_progression=-1 /year", "out of bounds"),
        ("end_points.other_progression=3.5", "unit missing"),
        ("cohort.vary={processes.signalling.sigma: {cv: -1}}", "out of bounds"),
    ],
)
def test_what_cannot_be_measured_in_cll_is_refused(sets, message):
    with pytest.raises(InputError) as refused:
        load_scenario("configs/scenarios/chiodin2022.yaml", (sets,))
    assert message in str(refused.value)
