"""Draws of a posterior are read from a fit or a table, and fit the scenario or are refused by their place."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.evidence.draws import Draws, for_scenario
from abm.results.tables import write_parquet
from abm.scenario.build import Subject
from abm.scenario.from_file import load_scenario
from abm.scenario.start import scenario_of
from abm.study.posterior import scenario_under
from abm.study.rows import as_base

CONFIGS = Path(__file__).parents[2] / "configs"
QUICK = CONFIGS / "scenarios" / "quick.yaml"
DOCKING, SHIELD = "processes.docking.max_per_h", "processes.shield.max_frac"


@pytest.fixture
def table(tmp_path):
    """Return the function that writes a table of draws."""

    def write(columns, name="draws.csv"):
        rows = zip(*columns.values(), strict=True)
        text = "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)])
        (tmp_path / name).write_text(text + "\n")
        return tmp_path / name

    return write


def drawn(path, n=2, file=QUICK, sets=()):
    return for_scenario(path, n, load_scenario(file, sets), file, sets)


def test_numbers_are_in_the_parameters_unit_and_evenly_thinned(table):
    half_lives = [1000.0 + i for i in range(9)]
    path = table({"processes.plasma_cells.half_life": half_lives})
    found = drawn(path, 3, CONFIGS / "scenarios" / "wm_patient.yaml")
    assert [draw.row for draw in found.draws] == [1, 4, 7]
    assert [draw.changes["processes.plasma_cells.half_life"] for draw in found.draws] == [
        "1001 h", "1004 h", "1007 h"
    ]  # fmt: skip
    assert found.n_known == 9
    assert found.spread["processes.plasma_cells.half_life"]["median"] == 1004.0


def test_csv_and_parquet_say_the_same(table, tmp_path):
    columns = {DOCKING: [5000.0, 6000.5, 7000.25], SHIELD: [0.5, 0.0, 0.7]}
    write_parquet(tmp_path / "draws.parquet", columns)
    assert drawn(tmp_path / "draws.parquet", 3).draws == drawn(table(columns), 3).draws


def test_a_hypothesis_of_no_strength_is_off_as_in_a_fit(table):
    found = drawn(table({SHIELD: [0.5, 0.0], "processes.shield.c3b50_per_cell": [3e5, 4e5]}))
    assert found.draws[0].changes[SHIELD] == 0.5
    assert found.draws[1].changes == {"processes.shield": None}
    scenario = load_scenario(QUICK)
    assert "shield" in scenario_under(scenario, found.draws[0]).processes
    assert "shield" not in scenario_under(scenario, found.draws[1]).processes
    assert found.spread[SHIELD]["off"] == 1


@pytest.mark.parametrize("sets", [(), ("populations.b_cells.hits_needed.median=5",)])
def test_what_the_scenario_sets_itself_is_kept_and_told(table, sets):
    columns = {"populations.b_cells.n": [300, 400], "populations.b_cells.hits_needed.median": [3.0, 6.0]}
    path = table(columns | {DOCKING: [5e3, 6e3]})
    found = drawn(path, sets=sets)
    kept = ["populations.b_cells.n", *(one.partition("=")[0] for one in sets)]
    assert list(found.notes) == [f"{name}: the scenario's own value is kept" for name in kept]
    assert set(found.draws[0].changes) == {*columns, DOCKING} - set(kept)
    under = scenario_under(load_scenario(QUICK, sets), found.draws[1])
    assert under.populations.b_cells.n == 500
    assert under.populations.b_cells.hits_needed.median == (5.0 if sets else 6.0)


def test_a_process_that_the_scenario_switches_off_stays_off(table):
    found = drawn(table({SHIELD: [0.5, 0.6], DOCKING: [5e3, 6e3]}), sets=("processes.shield=null",))
    assert found.notes == (f"{SHIELD}: the scenario's own value is kept",)
    assert set(found.draws[0].changes) == {DOCKING}


def test_what_an_arm_sets_it_keeps(table, tmp_path):
    own = tmp_path / "arms.yaml"
    own.write_text(f"extends: {QUICK}\narms: {{off: {{add: [{{serum: 25 %}}], set: {{processes.shield: null}}}}}}\n")
    scenario = load_scenario(own)
    found = for_scenario(table({SHIELD: [0.5, 0.6]}), 2, scenario, own)
    assert found.notes == (f"{SHIELD}: arm off keeps its own processes.shield",)
    under = scenario_under(scenario, found.draws[0])
    assert "shield" in under.processes
    assert "shield" not in scenario_of(under, under.arms[Subject("off", 0).arm]).processes


def test_what_every_patient_draws_for_itself_is_told(table):
    path = table({"processes.growth.rel_capacity": [1.2, 1.3], "processes.growth.rate": [4e-4, 5e-4]})
    found = drawn(path, file=CONFIGS / "scenarios" / "gertz2004.yaml")
    assert found.notes == ("processes.growth.rel_capacity: every patient draws a value of its own",)
    assert found.draws[0].changes == {"processes.growth.rate": "0.0004 1/h".replace("1/h", "/h")}


BAD = {
    "none": ({DOCKING: []}, r"draws\.csv  the table holds no draws; allowed: one row for each draw"),
    "gap": ({DOCKING: [5e3, "", 6e3], SHIELD: [0, 0, 0]},
            r"draws\.csv:3  processes\.docking\.max_per_h  row 2: found nothing; allowed: >= 0 and"),
    "nan": ({DOCKING: [5e3, "nan"]}, r"draws\.csv:3  processes\.docking\.max_per_h  row 2: found nan; allowed: >= 0"),
    "inf": ({DOCKING: ["inf", 5e3]}, r"draws\.csv:2  .*row 1: found inf"),
    "word": ({DOCKING: [5e3, "many"]}, r"draws\.csv:2  .*row 1: found 5000\.0"),
    "bounds": ({SHIELD: [0.5, 1.5]}, r"draws\.csv:3  processes\.shield\.max_frac  row 2: .*1\.5.*; allowed: >= 0 and"),
    "whole": ({"populations.nk_cells.n": [1, 2]}, r"populations\.nk_cells\.n"),
    "misspelt": ({"processes.docking.max_per_hour": [1, 2]},
                 r"draws\.csv  processes\.docking\.max_per_hour  no parameter.*mean 'processes.docking.max_per_h'"),
    "patient": ({"processes.growth.rate": [1e-4, 2e-4]}, r"draws\.csv  processes\.growth\.rate  no 'growth' in proc"),
    "own": ({"populations.b_cells.n": [3, 4]}, r"draws\.csv  the scenario has values of its own for all that the dr"),
    "few": ({DOCKING: [5e3]}, r"draws\.csv  2 draws are asked for, and there are 1; allowed: --draws up to 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_cannot_be_used_is_refused_by_its_place(table, name):
    columns, told = BAD[name]
    with pytest.raises(InputError, match=told):
        drawn(table(columns))


def test_a_column_that_comes_twice_is_refused(tmp_path):
    (tmp_path / "draws.csv").write_text(f"{DOCKING},{DOCKING}\n1,2\n")
    with pytest.raises(InputError, match=r"processes\.docking\.max_per_h a second time; allowed: one column for each"):
        drawn(tmp_path / "draws.csv")


def test_what_is_no_table_and_no_fit_is_refused(tmp_path):
    (tmp_path / "draws.txt").write_text("a\n1\n")
    (tmp_path / "draws.parquet").write_text("a\n1\n")
    for name, told in (("draws.txt", "no fit there; allowed: .*table of draws"), ("draws.parquet", "draws.parquet")):
        with pytest.raises(InputError, match=told):
            drawn(tmp_path / name)


@pytest.fixture
def fit(tmp_path):
    """Return the folder of a fit with three draws, one of them without the shield."""
    folder = tmp_path / "fit"
    folder.mkdir()
    particles = [{DOCKING: 5000.0, SHIELD: 0.5}, {DOCKING: 6000.0, "processes.shield": None}, {DOCKING: 7e3, SHIELD: 1}]
    (folder / "fit.json").write_text(json.dumps({"particles": particles, "weights": [1 / 3] * 3}))
    shutil.copy(CONFIGS / "parameters" / "wm_bright.yaml", folder / "parameters.yaml")
    return folder


def test_the_draws_of_a_fit_are_taken_as_they_were_run(fit):
    found = drawn(fit, 3)
    assert found.source == "fit"
    assert [dict(draw.changes) for draw in found.draws] == json.loads((fit / "fit.json").read_text())["particles"]
    assert (found.spread[SHIELD]["median"], found.spread[SHIELD]["off"]) == (0.75, 1)


def test_the_fit_of_another_group_is_refused(fit):
    told = (
        r"--posterior .*fit  the fit is for the group assay, the scenario is of the group patient; allowed: a fit for"
    )
    with pytest.raises(InputError, match=told):
        drawn(fit, 2, CONFIGS / "scenarios" / "wm_patient.yaml")


def test_a_table_is_of_the_group_whose_set_has_its_parameters(table):
    sets = {"assay": "wm_bright", "patient": "waldenstrom"}
    bases = {group: as_base(load_scenario(CONFIGS / "parameters" / f"{name}.yaml")) for group, name in sets.items()}
    assert Draws.read(table({"processes.growth.rate": [1e-4]})).group_among(bases) == "patient"
    assert Draws.read(table({DOCKING: [1e4]})).group_among(bases) == "assay"
    with pytest.raises(InputError, match="no 'nothing' in processes"):
        Draws.read(table({"processes.nothing.rate": [1]})).group_among(bases)


def test_a_calibration_says_what_its_ranges_say():
    file = CONFIGS / "scenarios" / "gertz2004_second.yaml"
    found = drawn(CONFIGS / "studies" / "calibration_patient_second.yaml", 40, file)
    cv = [draw.changes["cohort.vary.processes.growth.rate.cv"] for draw in found.draws]
    assert 0.5 < min(cv) < 0.8
    assert 2.2 < max(cv) < 2.5
    assert found.n_known == 1000


def test_equal_weights_are_spread_over_all_draws(table):
    path = table({DOCKING: list(range(5000, 5100))})
    base = as_base(load_scenario(QUICK))
    for n in (1, 3, 7, 50, 99, 100):
        rows = [draw.row for draw in Draws.read(path).thinned(n, base)]
        assert len(set(rows)) == n
        assert np.ptp(np.diff(rows)) <= 1 if n > 2 else True
