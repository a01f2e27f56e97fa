"""What changes in the middle of a run."""

import json
import math

import numpy as np
import pytest

from abm.biology.additions import conservation
from abm.biology.covariates import Covariates
from abm.biology.serum import Donor
from abm.core.errors import InputError
from abm.core.par import plain
from abm.document.load import dump
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario

CONFIGS = "configs/scenarios/"
SMALL = (
    "populations.b_cells.n=60",
    "space.side=440 um",
    "space.volume=1.2 uL",
    "duration=2 h",
    "dt=5 min",
    "probes.cells=null",
    "probes.fields=null",
    "probes.counts.every=5 min",
)
ARM = "arms={{a: {{add: [{{rituximab: 10 ug/mL}}, {{serum: 25 %}}], change: {change}}}}}"


def scenario(change, *sets):
    return load_scenario(CONFIGS + "quick.yaml", (*SMALL, ARM.format(change=change), *sets))


def finished(scenario, well=None):
    simulation = build(scenario, well or Subject("a", 0))
    simulation.run()
    return simulation


def alive(simulation):
    return [row["n_b_alive"] for _, row in sorted(simulation.records["counts"].items())]


def bytes_of(simulation):
    header, arrays = simulation.state()
    return header["tallies"], {name: values.tobytes() for name, values in arrays.items()}


def test_a_change_to_what_is_already_there_changes_nothing():
    plain_run = finished(scenario("[]"))
    changed = finished(scenario("[{at: 1 h, set: {covariates.fcgr3a: VV}}]"))
    assert bytes_of(changed) == bytes_of(plain_run)


def test_until_the_change_nothing_is_different_and_after_it_the_mechanism_is_off():
    off = "[{at: 20 min, set: {processes.lysis: null, processes.killing: null, processes.background: null}}]"
    before, after = alive(finished(scenario("[]"))), alive(finished(scenario(off)))
    assert after[:5] == before[:5]
    assert before[-1] < before[5] < before[4]
    assert after[-1] == after[4]  # from the moment itself


def test_a_mechanism_switched_on_acts_from_then_on():
    simulation = finished(scenario("[{at: 1 h, set: {processes.lysis: {kind: mac_lysis}}}]", "processes.lysis=null",
                                   "processes.killing=null"))  # fmt: skip
    times = simulation.world.deaths["b_cells"]["time_h"][simulation.world.deaths["b_cells"]["cause"] == 1]
    assert times.size > 10
    assert times.min() >= 1.0


@pytest.mark.parametrize(
    "name", ["lysis", "killing", "dheas", "binding", "docking", "motility", "internalisation", "c3b"]
)
def test_molecules_balance_whatever_is_switched_off_and_on_again(name):
    again = json.dumps(plain(scenario("[]"))["processes"][name])
    off = f"{{at: 20 min, set: {{processes.{name}: null}}}}"
    change = f"[{off}, {{at: 1 h, set: {{processes.{name}: {again}}}}}]"
    errors = conservation(finished(scenario(change)).world)
    assert max(map(abs, errors.values())) < 1e-9, errors


def test_a_field_that_begins_takes_up_what_is_dissolved():
    change = "[{at: 1 h, set: {processes.dheas: {kind: dheas_field, voxels_per_side: 5}}}]"
    simulation = finished(scenario(change, "processes.dheas=null"))
    left = math.exp(-0.02)  # of an hour; what cells take up is tiny
    assert simulation.world.fields["dheas"].values.mean() == pytest.approx(
        250 * Donor().dheas_uM(Covariates()) * left, rel=1e-3
    )
    assert max(map(abs, conservation(simulation.world).values())) < 1e-9


def test_a_patient_without_il6_secretes_as_usual_again():
    arms = "arms={{a: {{add: [{{infusion: 375 mg/m2}}], change: {change}}}}}"
    sets = ("cohort=null", "duration=60 d", "populations.b_cells.cells_per_agent=1e10")
    off = "[{at: 20 d, set: {processes.il6: null}}]"
    on = build(load_scenario(CONFIGS + "wm_patient.yaml", (*sets, arms.format(change="[]"))), Subject("a", 0))
    cut = build(load_scenario(CONFIGS + "wm_patient.yaml", (*sets, arms.format(change=off))), Subject("a", 0))
    on.run()
    cut.run()
    assert on.world.pools["rel_secretion"] > 1.0
    assert "rel_secretion" not in cut.world.pools
    assert cut.world.pools["igm_g_per_L"] < on.world.pools["igm_g_per_L"]


def test_a_checkpoint_after_a_change_goes_on_to_the_same_bytes():
    own = scenario("[{at: 30 min, set: {processes.lysis: null}}, {at: 1 h, set: {covariates.fcgr3a: FF}}]")
    whole = finished(own)
    for t_h in (0.5, 0.75, 1.0, 1.5):
        first = build(own, Subject("a", 0))
        while first.world.t_h < t_h - 1e-9:
            first.step()
        second = build(own, Subject("a", 0))
        header, arrays = first.state()
        second.restore(header, {name: np.array(values) for name, values in arrays.items()})
        second.run()
        assert bytes_of(second) == bytes_of(whole), t_h


def test_it_survives_the_file(tmp_path):
    own = scenario("[{at: 20 min, set: {processes.lysis: null}}, {at: 21.5 min, set: {serum.igg_uM: 60}}]")
    path = tmp_path / "again.yaml"
    path.write_text(dump(own))
    assert load_scenario(path) == own


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("[{at: 3 h, set: {processes.lysis: null}}]", "outside the run"),
        ("[{at: 0 h, set: {processes.lysis: null}}]", "> 0"),
        ("[{at: 1 h, set: {}}]", "at least 1"),
        ("[{at: 1 h, set: {populations.b_cells.n: 5}}]", "cannot change during a run"),
        ("[{at: 1 h, set: {dt: 1 min}}]", "cannot change during a run"),
        ("[{at: 1 h, set: {processes.lysiss: null}}]", "lysis"),
        ("[{at: 1 h, set: {covariates.fcgr3a: XX}}]", "FF"),
        ("[{at: 1 h, set: {processes.dheas.voxels_per_side: 9}}]", "keeps its voxels_per_side"),
        ("[{at: 1 h, set: {processes.lysis: null}}, {at: 30 min, set: {processes.killing: null}}]", "order of time"),
    ],
)
def test_what_cannot_change_is_refused_with_its_place(change, message):
    with pytest.raises(InputError) as found:
        scenario(change)
    assert message in str(found.value)
    assert "arms" in str(found.value)


def test_an_arm_may_be_built_from_a_mapping():
    own = Scenario.model_validate(plain(scenario("[{at: 30 min, set: {processes.lysis: null}}]")))
    assert own.arms["a"].change[0].at == 0.5
