"""Scenarios and studies that use old names."""

import json
from pathlib import Path

import pytest

from abm.biology.populations import CELL_TYPES
from abm.core.par import plain
from abm.document.load import dump
from abm.document.reach import allow
from abm.scenario.draws import draws, warnings_of
from abm.scenario.from_file import load_scenario
from abm.scenario.kinds import PROCESSES, READOUTS
from abm.scenario.renamed import RENAMED
from abm.scenario.schema import Scenario
from abm.study.run import run_scenario
from abm.study.spec import load_study

PARAMETERS = Path(__file__).parents[2] / "configs" / "parameters"
TINY = """
duration: 2 min
space: {side: 450 um, volume: 1 uL}
populations: {b_cells: {n: 20}}
probes: {counts: {every: 1 min}}
"""
OLD, NEW = "processes.recovery.granules", "processes.recovery.granules_time_constant"


def load(folder, text="", sets=()):
    file = folder / "x.yaml"
    file.write_text(f"extends: wm_bright.yaml\n{TINY}{text}")
    (folder / "wm_bright.yaml").write_text((PARAMETERS / "wm_bright.yaml").read_text())
    return load_scenario(file, sets)


def test_every_new_name_is_one_and_no_old_name_is():
    known = {f"processes.*.{name}" for cls in PROCESSES.values() for name in cls.model_fields}
    kinds = [(name, cls) for name, own in CELL_TYPES.items() for cls in own.values()]
    known |= {f"populations.{name}.{field}" for name, cls in kinds for field in cls.model_fields}
    known |= {"processes.potency"} | {f"end_points.{name}" for cls in READOUTS.values() for name in cls.model_fields}
    known |= {f"{section}.{name}" for section in ("serum", "serum.donor", "covariates") for name in keys(section)}
    for one in RENAMED.renamed:
        assert one.new in known
        assert one.old not in known


def keys(section):
    data = plain(Scenario())
    for key in section.split("."):
        data = data.get(key, {})
    return data


def test_the_complete_scenario_of_an_old_run_folder_says_the_same_with_a_warning_for_each_old_name(tmp_path):
    own = load(tmp_path)
    (tmp_path / "scenario.yaml").write_text(dump(own).replace("_time_constant:", ":"))
    old = load_scenario(tmp_path / "scenario.yaml")
    assert old == own
    assert (len(old.told), own.told) == (2, ())
    assert all(text.startswith("scenario.yaml:") for text in old.told)


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        ("processes: {recovery: {granules: 3 h}}", ()),
        ("", ("processes.recovery.granules=3 h",)),
        ("arms: {a: {set: {processes.recovery.granules: 3 h}}}", ()),
        ("arms: {a: {change: [{at: 1 min, set: {processes.recovery.granules: 3 h}}]}}", ()),
        ("cohort: {vary: {processes.recovery.granules: {cv: 0.2}}}", ()),
    ],
)
def test_wherever_a_scenario_names_a_value_the_old_name_does(tmp_path, text, sets):
    old = load(tmp_path, text, sets)
    now = tuple(one.replace("granules", "granules_time_constant") for one in (text, *sets))
    assert old == load(tmp_path, now[0], now[1:])
    (told,) = warnings_of(old)
    assert f"'{OLD}' is now called '{NEW}'" in told


def test_a_quantity_with_a_new_name_is_drawn_as_before(tmp_path, monkeypatch):
    own = load(tmp_path, f"cohort: {{vary: {{{NEW}: {{cv: 0.2}}}}}}\nreplicates: 3")
    assert RENAMED.first(NEW, plain(own)) == OLD
    seen = draws(own, 1)
    other = load(tmp_path, f"cohort: {{vary: {{{NEW}: {{cv: 0.2}}}}}}\nreplicates: 3\ntitle: another")
    monkeypatch.setattr("abm.scenario.draws.RENAMED", type(RENAMED)())
    assert draws(other, 1) != seen, "the draw follows the first name, not the present one"


def test_axes_and_sets_of_a_study_may_use_the_old_name(tmp_path):
    load(tmp_path)
    study = "base: x.yaml\nset: {processes.recovery.granules: 3 h}\nsummaries: [arm.survival]\n"
    (tmp_path / "s.yaml").write_text(f"{study}design: {{kind: factorial, axes: {{{OLD}: [1 h, 2 h]}}}}\nseeds: [1]\n")
    planned = load_study(tmp_path / "s.yaml")
    assert planned.paths == [NEW]
    assert json.loads(planned.text)["processes"]["recovery"]["granules_time_constant"] == "3 h"
    assert len(warnings_of(planned.base)) == 2


def test_a_run_keeps_the_warnings_in_its_log_and_summary(tmp_path):
    own = load(tmp_path, "processes: {recovery: {granules: 3 h}}")
    run = run_scenario(own, tmp_path / "runs", 1)
    assert run.summary()["warnings"] == list(own.told)
    assert OLD in (run.path / "log.jsonl").read_text()


def test_the_potency_of_patients_may_be_called_dheas_and_the_field_of_wells_is_so_called(tmp_path):
    (tmp_path / "p.yaml").write_text(f"extends: {PARAMETERS}/waldenstrom.yaml\nprocesses: {{dheas: {{max_effect: 0}}}}")
    allow([PARAMETERS])
    patient = load_scenario(tmp_path / "p.yaml", ["processes.dheas.ec50_uM=2"])
    assert (patient.processes["potency"].max_effect, patient.processes["potency"].ec50_uM) == (0.0, 2.0)
    assert len(patient.told) == 2
    assert load(tmp_path, "", ["processes.dheas.voxels_per_side=4"]).told == ()
