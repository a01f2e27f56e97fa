"""Untreated patients who come to have symptoms are counted as a chain; who they are follows from the set."""

import json
import math

import pytest

from abm.evidence.claim import chosen
from abm.evidence.kyle2012 import CELLS
from abm.evidence.score import PARAMETERS, SETS, Jobs
from abm.scenario.from_file import load_scenario
from abm.study.rows import as_base, scenario_at

IDS = ("P11-1y", "P11-3y", "P11-5y", "P11-10y")


def came(*years, at_start=()):
    """Return patients by when their symptoms came, and others who had them at the start."""
    times = [*years, *(math.nan for _ in at_start)]
    return {
        str(i): {
            "untreated.time_to_symptoms_d": 365.25 * time,
            "untreated.symptoms_at_start": float(i >= len(years)),
        }
        for i, time in enumerate(times)
    }


def test_symptoms_that_come_are_counted_of_those_who_had_none_at_the_start():
    found = came(0.5, 1.0, 2.0, 4.0, 9.0, math.nan, 11.0, math.nan, at_start=(0, 0))
    assert [one.measure(found) for one in chosen(IDS)] == pytest.approx([25.0, 37.5, 50.0, 62.5])
    assert [one.value(found) for one in chosen(IDS)] == pytest.approx([25.0, 100 / 6, 20.0, 25.0])


def test_the_steps_of_the_chain_are_the_published_patients():
    """So that their product is the multinomial, which knows 48 patients once."""
    steps = [one.likelihood for one in chosen(IDS)]
    assert steps[0].n == 48
    assert [step.n for step in steps[1:]] == [step.n - step.k for step in steps[:-1]]
    assert [sum(step.k for step in steps[:k]) for k in (1, 2, 3, 4)] == [
        round(0.48 * one.observed) for one in chosen(IDS)
    ]


def test_a_step_that_nobody_is_left_for_tells_no_more_than_a_coin():
    """As the chain itself has it; that nobody is left, the step before tells."""
    found, (first, step) = came(0.5, 0.5), chosen(["P11-1y", "P11-3y"])
    assert step.value(found) == step.likelihood.unit_per_share / 2
    assert first.value(found) == step.measure(found) == 100.0


@pytest.mark.parametrize(("path", "enters"), [(PARAMETERS["patient"], False),
                                              (SETS / "waldenstrom_second.yaml", True)])  # fmt: skip
def test_patients_enter_from_untreated_growth_where_capacity_is_in_cells(path, enters):
    base, (claim,) = as_base(load_scenario(path)), chosen(["P11-1y"])
    jobs = Jobs(base, {}, 0.02).of(claim, seed=1)
    assert len(jobs) == 2
    scenario = scenario_at(base, jobs["0"].point, 1)
    assert (scenario.cohort.from_ == "untreated") is enters
    assert (CELLS in scenario.cohort.vary) is not enters
    kept = set(json.loads(base)["cohort"]["vary"]) - {CELLS}
    assert set(scenario.cohort.vary) - {CELLS} == kept
    if enters:
        assert scenario.cohort.enter_at.igm == 30.0
        assert scenario.cohort.enter_at.unless.hyperviscosity == scenario.end_points.hyperviscosity
