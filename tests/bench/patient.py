"""What a patient costs: seconds of one core per patient-year, by the number of agents that stand for the clone."""

from time import perf_counter
from typing import Any

from abm.core.jit import set_threads
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from tests.bench.figures import ROOT, Plan
from tests.bench.rounds import summary

H_PER_YEAR = 8766.0
CELLS_PER_AGENT = (1e9, 1e8, 1e7)


def patient(plan: Plan) -> list[dict[str, Any]]:
    """Run one patient for a year, or a month where rounds are few, on one thread."""
    set_threads(1)
    found = []
    for cells_per_agent in CELLS_PER_AGENT[: 3 if plan.n_batch > 4 else 2]:
        scenario = _scenario(cells_per_agent, 1.0 if plan.n_batch > 4 else 1 / 12)
        _seconds(scenario)
        seconds = [_seconds(scenario) * H_PER_YEAR / scenario.duration for _ in range(plan.n_rounds)]
        n_agents = scenario.counts()["b_cells"]
        found.append({"agents": n_agents, "seconds_per_patient_year": summary(seconds)})
    return found


def _scenario(cells_per_agent: float, years: float) -> Scenario:
    path = ROOT / "configs" / "scenarios" / "wm_patient.yaml"
    sets = (f"populations.b_cells.cells_per_agent={cells_per_agent:.1e}", f"duration={years * 365.25:g} d")
    return load_scenario(path, sets)


def _seconds(scenario: Scenario) -> float:
    simulation = build(scenario, Subject("rituximab", 0))
    start = perf_counter()
    simulation.run()
    return perf_counter() - start
