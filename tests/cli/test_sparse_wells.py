"""Wells that lack something run and give what they must: no cells, one cell, no NK cells, no drug, no serum."""

from pathlib import Path

import numpy as np
import pytest

from abm.results.run import Run
from abm.scenario.build import subjects
from abm.scenario.from_file import load_scenario

NOTHING = {"mean": None, "lo": None, "hi": None}
SHORT = ("duration=30 min", "arms.both.add.2.at=10.5 min", "probes={counts: {every: 10 min}, cells: {at: [0 h]}}")


def assert_only_means_over_no_cells_are_missing(series):
    b_cells = series["n_b_alive"] + series["n_b_dying"]
    behind = dict.fromkeys(("potency_mean", "granules_mean", "cd16_mean"), series["n_nk"])
    behind |= dict.fromkeys(("bound_mean_per_cell", "c3b_mean_per_cell", "mac_mean_per_cell"), b_cells)
    for name in series.columns:
        is_over_none = behind[name] == 0 if name in behind else False
        assert (series[name].isna() == is_over_none).all(), name


@pytest.fixture
def run(call, tiny, undrawn):
    """Return the function that runs half an hour of the tiny scenario with changes: what was printed, and the run."""

    def changed(*sets):
        words = [word for text in (*SHORT, *sets) for word in ("--set", text)]
        table = call("run", tiny, *words)
        assert (table.code, table.err) == (0, "")
        ended = call("run", tiny, "--json", *words)
        assert (ended.code, ended.err) == (0, "")
        found = Run(ended.json["folder"])
        assert_only_means_over_no_cells_are_missing(found.series())
        assert max(found.summary()["conservation"].values()) < 1e-10
        return ended.json["arms"], found

    return changed


def causes(found, arm="both"):
    return set(found.deaths().query("arm == @arm")["cause"])


def test_an_empty_well_has_no_survival(run, call):
    arms, found = run("populations.b_cells.n=0", "arms.both.add.2=null")
    for arm in arms.values():
        assert arm["survival"] == arm["survival_raw"] == arm["control"] == NOTHING
        assert arm["deaths"] == {"cdc": None, "adcc": None, "background": None}
    assert len(found.deaths()) == len(found.start()) == 0
    assert (found.series()["n_b_start"] == 0).all()
    assert len(found.cells(0)) == 0


def test_arms_without_control_have_survival_over_their_start_alone(run):
    arms, found = run("control=none", "arms.serum.control=own")
    assert set(found.series()["arm"]) == {"serum", "both", "serum~control"}
    assert arms["both"]["survival"] == arms["both"]["control"] == arms["both"]["specific_lysis"] == NOTHING
    assert 0 < arms["both"]["survival_raw"]["mean"] < 1
    assert arms["serum"]["survival"]["mean"] > 0


@pytest.mark.parametrize("sets", [("control=none",), ("control=none", "arms.both.control=own")])
def test_a_report_says_which_arms_have_no_control(call, tiny, sets):
    words = [word for text in (*SHORT, *sets) for word in ("--set", text)]
    told = call("run", tiny, *words)
    assert told.code == 0, told.err
    page = Path(told.out.splitlines()[-1]).read_text()
    if len(sets) == 1:
        assert "No arm is compared with a control: survival is over the start." in page
        assert "control without antibody" not in page.split("Figures</h2>")[0]
    else:
        assert "; but “serum” with none: survival is over the start." in page
        assert "(“serum”: over the start, no control)" in page


def test_the_report_of_an_empty_well_is_drawn(call, small):
    found = call("run", small, "--json", "--set", "populations.b_cells.n=0").json
    assert Path(found["report"]).stat().st_size > 10_000


def test_a_single_cell_lives_or_dies(run):
    arms, found = run("populations.b_cells.n=1", "arms.both.add.2=null")
    for arm in arms.values():
        assert arm["survival"]["mean"] in (0.0, 1.0)
        assert sum(arm["deaths"].values()) == 1.0 - arm["survival_raw"]["mean"]
    assert found.series()["n_b_start"].max() == 1


@pytest.mark.parametrize("without", ["populations.nk_cells=null", "populations.nk_cells.per_b_cell=0"])
def test_without_nk_cells_nobody_dies_of_them(run, without):
    arms, found = run(without)
    assert causes(found) == {"cdc"}
    assert arms["both"]["deaths"]["adcc"] == 0.0
    assert (found.series()["n_nk"] == 0).all()


def test_without_drug_survival_is_that_of_the_control(run):
    arms, found = run("arms.both.add.0.rituximab=0 ug/mL", "arms.serum.add.0.rituximab=0 ug/mL")
    assert len(found.deaths()) == 0
    for arm in arms.values():
        assert arm["survival"]["mean"] == 1.0
    assert (found.series()["bound_mean_per_cell"] == 0).all()


@pytest.mark.parametrize("serum", ["", "{serum: 0 %}, "])
def test_without_serum_complement_kills_nobody(run, serum):
    arms, found = run(f"arms.both.add=[{{rituximab: 10 ug/mL}}, {serum}{{b_cells: 5, at: 10.5 min}}]")
    assert arms["both"]["deaths"]["cdc"] == 0.0
    own = found.series().query("arm == 'both'")
    assert (own[["c1q_frac", "c3b_mean_per_cell", "mac_mean_per_cell", "dheas_uM"]] == 0).all().all()
    assert own["bound_mean_per_cell"].max() > 1e4


@pytest.mark.parametrize("lacking", ["c1q", "c2c4", "c3", "c5c9", "complement"])
def test_serum_that_lacks_one_component_lyses_nobody(run, lacking):
    arms, found = run(f"arms.serum.add.1.lacking=[{lacking}]")
    assert arms["serum"]["deaths"] == {"cdc": 0.0, "adcc": 0.0, "background": 0.0}
    assert arms["both"]["deaths"]["cdc"] > 0
    last = found.series().query("arm == 'serum'").iloc[-1]
    assert last["mac_mean_per_cell"] == 0
    assert (last["c3b_mean_per_cell"] > 0) == (lacking == "c5c9")


def test_an_arm_that_adds_nothing_is_its_own_control(run):
    arms, found = run("arms={bare: {}}", "probes={counts: {}}")
    assert arms["bare"]["survival"]["mean"] == 1.0
    assert len(subjects(load_scenario(found.path / "scenario.yaml"))) == 1
    assert list(found.arms()["control_arm"]) == ["bare"]
    assert np.isclose(found.series()["time_h"].iloc[-1], 0.5)
