"""The Mesa model does what Mesa's users expect of one."""

import warnings
from inspect import signature

import mesa
import numpy as np
import pytest
from mesa import batchrunner
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
    assert repr(again.session.history) == repr(first.session.history), "what is missing is missing in both"
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


def batch(scenario, **how):
    """Return the rows of Mesa's batch_run; its word for replicates is an old one to Mesa 3.5."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The `iterations` keyword", DeprecationWarning)
        parameters = {"source": [scenario], "arms": [("serum", "both")], **how.pop("also", {})}
        return batchrunner.batch_run(AssayModel, parameters, display_progress=False, **how)


def test_mesas_batch_run_ends_at_the_end_and_its_iterations_are_replicates(scenario):
    first, second = batch(scenario, iterations=2)
    series = simulate(scenario.model_copy(update={"seed": second["seed"]})).series
    assert (first["Step"], first["time_h"], first["seed"]) == (24, 2.0, scenario.seed)
    assert (second["Step"], second["time_h"]) == (24, 2.0)
    assert second["seed"] != first["seed"]
    for row, found in ((first, simulate(scenario).series), (second, series)):
        end = found[found["time_h"] == 2.0].set_index("arm")["n_b_alive"]
        assert (row["serum.n_b_alive"], row["both.n_b_alive"]) == (end["serum"], end["both"])
    assert repr(batch(scenario, iterations=2)) == repr([first, second]), "what is missing is missing in both"


def test_mesas_batch_run_gives_every_row_of_the_collector(scenario):
    rows = batch(scenario, data_collection_period=1)
    assert [row["Step"] for row in rows] == list(range(25))
    assert [row["time_h"] for row in rows] == pytest.approx([step / 12 for step in range(25)])


def test_iterations_of_other_seeds_are_other_replicates(scenario):
    if "rng" in signature(batchrunner.batch_run).parameters:
        given = batch(scenario, rng=[1, 2, 3])
        assert [row["seed"] for row in given] == [1, 2, 3]
    else:
        given = batch(scenario, iterations=2, also={"seed": [1, 2]})
        assert [row["seed"] for row in given[:2]] == [1, 2]
    assert len({row["seed"] for row in given}) == len(given)


def test_a_batch_run_that_stops_before_the_end_says_so(scenario):
    with pytest.warns(UserWarning, match="batch_run stops after 10 of 24 steps; to the end: max_steps=24"):
        (row,) = batch(scenario, max_steps=10)
    assert (row["Step"], row["time_h"]) == (10, pytest.approx(10 / 12))
    (row,) = batch(scenario, max_steps=24)
    assert (row["Step"], row["time_h"]) == (24, 2.0)


def test_a_step_after_the_end_changes_nothing(scenario):
    model = AssayModel(scenario, "serum")
    run(model)
    before = model.datacollector.get_model_vars_dataframe()
    model.step()
    assert not model.running
    assert model.datacollector.get_model_vars_dataframe().equals(before)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": None}, "source: found NoneType; allowed: a Scenario, the path of its file, or a function"),
        ({"source": lambda: 3}, "source: found int"),
        ({"source": ("name", "quick")}, "source: found tuple; .*batch_run takes a Scenario apart: put it into a list"),
        ({"source": "nowhere.yaml"}, "nowhere.yaml  no such file"),
        ({"source": "configs/studies/tornado.yaml"}, "the file is a study, not a scenario; its verb: abm study run"),
        ({"arms": 3}, "arms: found 3; allowed: a list of names"),
        ({"arms": [1]}, r"arms: found \[1\]; allowed: a list of names"),
        ({"arms": "serun"}, "there is no arm 'serun'.*nearest: serum"),
        ({"seed": -1}, "seed: found -1; allowed: a whole number, 0 to 18446744073709551615"),
        ({"seed": 1.5}, "seed: found 1.5"),
        ({"seed": "1"}, "seed: found '1'"),
        ({"replicate": 1}, "replicate: found 1; allowed: a whole number, 0 to 0"),
        ({"replicate": None}, "replicate: found None"),
    ],
)
def test_wrong_arguments_are_named_with_what_is_allowed(scenario, given, said):
    with pytest.raises(InputError, match=said):
        AssayModel(**{"source": scenario} | given)


def test_one_arm_may_be_a_text_and_numbers_may_be_numpys(scenario):
    model = AssayModel(scenario, "serum", np.int64(0), np.uint64(2**64 - 1))
    assert model.session.arms == ("serum",)
    assert model.session.scenario.seed == 2**64 - 1
