"""What one step of a scenario does, in order, and what each process costs."""

from abm.core.process import Phase
from abm.scenario.build import build, subjects
from abm.scenario.schema import Scenario

STEPS = 20


def explain(scenario: Scenario) -> list[dict[str, str]]:
    """Return one row per process of the fullest arm, with the mean time over its first steps after compilation."""
    subject = max(subjects(scenario), key=lambda w: 0 if w.is_control else len(scenario.arms[w.arm].add))
    simulation = build(scenario, subject)
    for _ in range(min(3, simulation.grid_h.size - 1)):
        simulation.step()
    simulation.seconds = dict.fromkeys(simulation.seconds, 0.0)
    n_steps = min(STEPS, simulation.grid_h.size - 1 - simulation.world.step)
    for _ in range(n_steps):
        simulation.step()
    rows = []
    for name, process in simulation.processes.items():
        milliseconds = 1e3 * simulation.seconds[name] / max(1, n_steps)
        rows.append(
            {
                "phase": Phase(process.phase).name,
                "process": name,
                "kind": process.kind or name,
                "ms_per_step": f"{milliseconds:.3f}",
                "reads": ", ".join(process.reads),
                "writes": ", ".join(process.writes),
            }
        )
    return rows
