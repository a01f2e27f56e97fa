"""The Mesa model does what Mesa's users expect of one."""

import mesa
import pytest
from mesa.datacollection import DataCollector

from abm.core.errors import InputError
from abm.study.simulate import simulate
from abm.view import AssayModel


def run(model):
    while model.running:
        model.step()


def test_a_plain_loop_collects_what_the_command_line_gives(scenario):
    model = AssayModel(scenario)
    run(model)
    assert isinstance(model, mesa.Model)
    seen = model.datacollector.get_model_vars_dataframe()
    series = simulate(scenario).series
    for arm in model.session.arms:
        own = series[series["arm"] == arm]
        at = seen[seen["time_h"].round(9).isin(own["time_h"].round(9))]
        for name in ("n_b_alive", "deaths_cdc", "rituximab_nM", "c3_frac", "igm_ng_per_mL"):
            assert len(at) == len(own) > 2
            assert at[f"{arm}.{name}"].tolist() == own[name].fillna(0).tolist(), name
    assert model.steps == len(seen) - 1 == 24


def test_a_data_collector_of_ones_own_works(scenario):
    model = AssayModel(scenario, arms=["serum"])
    own = DataCollector({"alive": lambda m: m.session.history["serum"][-1]["n_b_alive"]})
    run_for = 3
    for _ in range(run_for):
        model.step()
        own.collect(model)
    alive = own.get_model_vars_dataframe()["alive"]
    assert len(alive) == run_for
    assert alive.is_monotonic_decreasing
    assert alive.iloc[0] > alive.iloc[-1]


def test_a_seed_takes_the_place_of_the_scenarios_own(scenario):
    one, again, other = (AssayModel(scenario, ["both"], seed=seed) for seed in (5, 5, 6))
    for model in (one, again, other):
        run(model)
    assert one.session.history == again.session.history
    assert one.session.history != other.session.history


def test_the_source_is_asked_anew_at_each_reset(scenario):
    first = AssayModel(lambda: scenario, ["serum"])
    first.session.change({"processes.lysis": None})
    again = AssayModel(first.session.as_at_start, ["serum"])
    for model in (first, again):
        run(model)
    assert again.session.history == first.session.history
    assert again.session.history["serum"][-1].get("deaths_cdc", 0) == 0


def test_a_path_is_read_and_another_arm_is_refused():
    model = AssayModel("configs/scenarios/wm_patient.yaml")
    assert model.session.arms == ("rituximab", "untreated")
    with pytest.raises(InputError, match=r"'serun'.*nearest: serum"):
        AssayModel(arms=["serun"])


def test_patients_differ_and_are_named_by_replicate(patient):
    for _ in range(2):
        model = AssayModel(patient)
        model.step()
    assert model.session.t_h == patient.dt
    with pytest.raises(InputError):
        AssayModel(patient, replicate=patient.replicates)


def test_of_a_long_run_the_collector_has_every_step(cll):
    model = AssayModel(cll.model_copy(update={"duration": 60_000.0}))
    for _ in range(5):
        model.step()
    assert model.session.n_ticks > 2 * 1500
    free = model.datacollector.get_model_vars_dataframe()["ibrutinib.btk_free"]
    assert free.nunique() == len(free) == 6
