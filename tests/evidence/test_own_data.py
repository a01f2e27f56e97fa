"""Rows of a table of one's own are claims: their likelihoods, what is simulated beside them, what is refused."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.evidence import variants
from abm.evidence.calibrate import calibrate
from abm.evidence.fit import load_calibration
from abm.inference.counted import Counts
from abm.inference.measured import LogNormal, Normal
from abm.plot.page.report import write_report
from abm.results.tables import read_parquet
from abm.scenario.from_file import load_scenario
from abm.study.execute import local
from abm.study.jobs import Flow, Monitor
from abm.study.rows import LOOKS, RowJob, as_base
from abm.study.run import run_scenario

TINY = Path(__file__).with_name("own_tiny.yaml")
KD, CD20 = "antibodies.rituximab.kd_nM", "populations.b_cells.cd20.median"
FIT = f"""\
name: own
scenario: own_tiny.yaml
data: own.csv
free:
  {KD}: {{lo: 0.1, hi: 10, scale: log}}
  {CD20}: {{lo: 30000, hi: 300000, scale: log}}
points: 20
live: 60
kept: 200
checked: 20
waves: 0
"""
HEAD = "arm,of,time [h],value,lo,hi,sd,k,n,unit,group\n"
BOUND = "low,bound_mean_per_cell,2,30000,,,3000,,,molecules/cell,\n"


@pytest.fixture
def load(tmp_path):
    """Return the function that loads a calibration beside its scenario and a table."""

    def read(table, text=FIT, sets=()):
        (tmp_path / "own.csv").write_text(table)
        (tmp_path / "fit.yaml").write_text(text)
        shutil.copy(TINY, tmp_path)
        return load_calibration(tmp_path / "fit.yaml", sets)

    return read


def likelihoods(problem):
    return [claim.likelihood for claim in problem.claims]


def test_a_row_has_the_likelihood_of_how_it_was_measured(load):
    rows = "low,survival_raw,1,,,,,3,20,,\nlow,survival_raw,2,80,60,100,,,,%,\nhigh,rituximab_nM,1,40,20,80,,,,nM,\n"
    sd, counted, even, even_in_logs = likelihoods(load(HEAD + BOUND + rows))
    assert sd == Normal(30_000.0, 3000.0)
    assert counted == Counts(3, 20, 100.0)
    assert even == Normal.of_range(80.0, 60.0, 100.0)
    assert even_in_logs == LogNormal.of_range(40.0, 20.0, 80.0)


def test_a_row_is_what_the_run_s_own_series_shows_of_its_arm_at_its_moment(load, tmp_path):
    problem = load(HEAD + BOUND + "high,rituximab_nM,1,40,,,4,,,nM,\n")
    job = next(iter(problem.jobs([0.4, 0.5]).of(problem.claims[0], 7).values()))
    found = {"own": job.run(Flow())}
    scenario = load_scenario(TINY, problem.at([0.4, 0.5]) | {"seed": 7})
    series = run_scenario(scenario, tmp_path / "runs", 1).series().set_index(["arm", "time_h"])
    told = [claim.value(found) for claim in problem.claims]
    assert told == [series.loc[("low", 2.0), "bound_mean_per_cell"], series.loc[("high", 1.0), "rituximab_nM"]]


def test_what_is_looked_at_between_looks_lies_between_them_and_changes_nothing_at_the_end():
    base = as_base(load_scenario(TINY))
    plain, seen = (RowJob(0, base, point, 3).run(Flow()) for point in ({}, {LOOKS: [0.5, 2.0]}))
    early, late = (seen[f"low.bound_mean_per_cell@{t}"] for t in ("0.5", "2"))
    assert 0.0 < early < late
    assert {name: value for name, value in seen.items() if "@" not in name} == plain
    assert seen["low.survival_raw@2"] == plain["low.survival_raw"] == 1.0


WRONG = {
    "arm": (BOUND.replace("low", "lw"), r"own\.csv:2  arm  no arm 'lw'; allowed: low, .*did you mean 'low'"),
    "late": (BOUND.replace(",2,", ",3,"), r"own\.csv:2  time  3 h is beyond the run; allowed: 0 to 2 h"),
    "measure": (BOUND.replace("bound_mean", "bond_mean"), r"own\.csv:2  of  .*did you mean 'bound_mean_per_cell'"),
    "unit": (BOUND.replace("molecules/cell", "nM"), r"own\.csv:2  unit  .*"),
    "separators": (
        BOUND + BOUND.replace(",", ";"),
        r"own\.csv:3  1 column: semicolons stand where the names",
    ),
    "count": ("low,survival_raw,2,,,,,21,20,,\n", r"own\.csv:2  .*k is not counted of n; allowed: k <= n"),
    "negative": (BOUND.replace("3000,", "-3000,"), r"own\.csv:2  sd  .*-3000"),
    "nothing": ("", r"own\.csv  holds no observation; allowed: a row for each"),
    "twice": (BOUND + BOUND, r"own\.csv:3  says the same as line 2, and would count twice; allowed: each .* once"),
    "formula": (BOUND.replace("30000", "=cmd|' /C calc'!A0"), r"own\.csv:2  value  a formula, .*; allowed: a number"),
    "no spread": (
        BOUND.replace("3000,", ","),
        r"own\.csv:2  value  30000 has no spread.*allowed: sd above 0",
    ),
    "no width": ("low,rituximab_nM,1,4,4,4,,,,nM,\n", r"own\.csv:2  lo  lo and hi are both 4; allowed: sd above 0"),
    "no sd": (BOUND.replace("3000,", "0,"), r"own\.csv:2  sd  an sd of 0 allows nothing"),
    "control": ("low,lysis,2,4,,,1,,,%,\n", r"own\.csv:2  of  'lysis' is relative to a control, and 'low' has none"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_row_that_cannot_be_fitted_is_refused_by_file_line_and_column(load, name):
    rows, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        load(HEAD + rows)


def test_words_have_no_likelihood(load):
    with pytest.raises(InputError, match=r"own\.csv:2  value  words alone, 'none', have no likelihood"):
        load("arm,of,words\nlow,survival_raw,none\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("data: own.csv\n", "", r"fit\.yaml.*data  missing; allowed: parameters and claims, or scenario and data"),
        ("scenario: own_tiny.yaml\n", "", r"fit\.yaml.*scenario  missing; allowed: parameters and claims, or"),
        ("points", "claims: [A1]\npoints", r"fit\.yaml:7:\d+  claims  beside data of one's own"),
        ("points", "scale: 0.5\npoints", r"fit\.yaml:7:\d+  scale  wells of one's own are simulated as they are"),
        ("own.csv", "other.csv", r"fit\.yaml:3:\d+  data  no such file 'other.csv'"),
        (
            "10, scale: log",
            "10, per: group",
            r"free\..*per  1 rows are of no group, such as 'low 2 h'",
        ),
    ],
)
def test_a_file_that_says_half_of_two_kinds_is_refused(load, old, new, message):
    with pytest.raises(InputError, match=message):
        load(HEAD + BOUND, FIT.replace(old, new))


def test_papers_are_not_weighed_on_a_table_of_one_s_own(load):
    with pytest.raises(InputError, match=r"data  a calibration on data of one's own, where papers are weighed"):
        load(HEAD + BOUND).of_papers()


def bound(kd_nM, cd20, ug_per_mL):
    """Return what a cell binds when it is in balance: 0.7 antibodies a CD20, of cells whose CD20 is log-normal."""
    free_nM = ug_per_mL / 145e-3 / 1.0
    return 0.7 * cd20 * math.exp(0.5 * 0.3**2) * free_nM / (free_nM + kd_nM)


DOSES = {"low": 0.1, "middle": 0.5, "high": 10.0}
REL_SD = 0.08


def table_of(rng, kd_nM, cd20, groups=("",), factors=(1.0,), n=2):
    """Return a table of made-up observations: each arm n times, with an error of a known relative size."""
    rows = []
    for group, factor in zip(groups, factors, strict=True):
        for arm, dose in DOSES.items():
            for _ in range(n):
                true = bound(kd_nM, cd20 * factor, dose)
                sd = REL_SD * true
                rows.append(
                    f"{arm},bound_mean_per_cell,2,{true + sd * rng.normal():.1f},,,{sd:.1f},,,molecules/cell,{group}\n"
                )
    return HEAD + "".join(rows)


def test_a_made_up_dose_response_is_found_again_and_told(load, tmp_path):
    problem = load(table_of(np.random.default_rng(1), 1.0, 1e5))
    folder, found = calibrate(problem, tmp_path / "runs", local(1), Monitor())
    kd, cd20 = found["estimates"]
    assert kd["lo"] < 1.0 < kd["hi"] < 3.0
    assert cd20["lo"] < 1e5 < cd20["hi"] < 1.5e5
    assert [row["id"] for row in found["observed"]] == found["claims"]
    assert sum(row["is_inside"] for row in found["observed"]) >= 5
    assert len(found["papers"]) == 6, "every row is predicted by the others"
    assert "# fitted: on 6 rows of own.csv (SHA-256 " in (folder.path / "parameters.yaml").read_text()
    assert load_scenario(folder.path / "parameters.yaml").populations.b_cells.cd20.median == cd20["point"]
    assert set(read_parquet(folder.path / "posterior.parquet").column_names) == {KD, CD20}
    page = write_report(folder.path).read_text()
    for words in ("the 6 rows of own.csv", "Measured against simulated", "Predicted without itself"):
        assert words in page
    assert "paper" not in page.partition("<h2")[2].partition("Figures")[0]


DONORS = ("donor_1", "donor_2", "donor_3")
PER_DONOR = FIT.replace("live: 60", "live: 30").replace("300000, scale: log", "300000, scale: log, per: group")


def test_donors_have_values_of_their_own_and_each_is_foretold_by_the_others(load, tmp_path):
    factors = (0.7, 1.0, 1.4)
    problem = load(table_of(np.random.default_rng(3), 1.0, 1e5, DONORS, factors, n=1), PER_DONOR)
    folder, found = calibrate(problem, tmp_path / "runs", local(1), Monitor())
    of = {row["path"]: row for row in found["estimates"]}
    assert list(of) == [
        KD,
        CD20,
        f"{CD20} between groups (SD of ln)",
        *(f"{CD20} of {own}" for own in DONORS),
    ]
    own = [of[f"{CD20} of {name}"] for name in DONORS]
    assert sum(one["lo"] < 1e5 * factor < one["hi"] for one, factor in zip(own, factors, strict=True)) >= 2
    assert of[KD]["lo"] < 1.0 < of[KD]["hi"]
    assert own[0]["median"] < own[1]["median"] < own[2]["median"]
    another = found["groups"]["another"][CD20]
    assert another["hi"] / another["lo"] > of[CD20]["hi"] / of[CD20]["lo"], "the mean is known better"
    assert [one["paper"] for one in found["papers"]] == list(DONORS)
    assert sum(claim["is_inside"] for one in found["papers"] for claim in one["claims"]) >= 7, "of 9"
    assert all(one["is_refitted"] for one in found["papers"]), "no weights make a donor unknown"
    assert set(found["particles"][0]) == {KD, CD20}
    assert set(read_parquet(folder.path / "posterior.parquet").column_names) == {KD, CD20}
    page = write_report(folder.path).read_text()
    for words in ("Parameters by group", "between groups", "donor_1"):
        assert words in page


def test_variants_of_a_fit_on_one_s_own_data_are_compared(load, tmp_path):
    """What was made with an affinity of 1 nM speaks against one of 4 nM and more, in every row left out."""
    load(table_of(np.random.default_rng(1), 1.0, 1e5, n=1), FIT.replace("points: 20", "points: 13"))
    variant = f"{{free: {{{KD}: {{lo: 4, hi: 10, scale: log}}}}}}"
    (tmp_path / "two.yaml").write_text(f"calibration: fit.yaml\nvariants: {{all: {{}}, weak: {variant}}}\n")
    rivals = variants.load_comparison(tmp_path / "two.yaml")
    folder, found = variants.compare(rivals, tmp_path / "runs", local(1), Monitor())
    first, weak = found["variants"]
    assert found["preferred"] == "all"
    assert weak["against_best"]["hi"] < 0.01
    assert found["claims"] == [one["paper"] for one in found["papers"]] == ["low 2 h", "middle 2 h", "high 2 h"]
    assert first["mean_log_score"] > weak["mean_log_score"]
    page = write_report(folder.path).read_text()
    assert "learnt from low 2 h, middle 2 h and high 2 h" in page
    assert "Each predicted without itself" in page
