"""A subject at its start: the world of one arm with its cells, and its processes begun."""

from collections.abc import Iterable

from abm.biology.additions import Additions
from abm.biology.antibody.antibody import AntibodiesOfArm
from abm.core.par import Model, plain
from abm.core.population import SUBJECT, Population
from abm.core.process import Process
from abm.core.simulation import Simulation, time_grid
from abm.core.world import World
from abm.document.load import Document, apply_overrides, validate
from abm.scenario.arms import Arm
from abm.scenario.kinds import PROBES
from abm.scenario.schema import Scenario


def scenario_of(scenario: Scenario, arm: Arm, t_h: float = 0.0) -> Scenario:
    """Return the scenario as one arm sees it at a moment: its ``set`` applied, and what has changed by then.

    A process that is switched on again has the place it had before.
    """
    sets = [arm.set, *(change.set for change in arm.change if change.at <= t_h)]
    order = list(scenario.processes)
    for overrides in filter(None, sets):
        changed = apply_overrides(plain(scenario), overrides, Scenario)
        processes = changed.get("processes", {})
        places = dict.fromkeys(name for name in (*order, *processes) if name in processes)
        changed["processes"] = {name: processes[name] for name in places}
        scenario = validate(Scenario, Document(scenario.name, changed))
    return scenario


def started(patient: Scenario, arm: Arm, replicate: int, t_h: float = 0.0) -> Simulation:
    """Return a simulation ready for its first step, as it is from a moment on; the state is that of the start.

    Parameters
    ----------
    patient : Scenario
        With the subject's own values.
    arm : Arm
        What happens to it.
    replicate : int
        Its number.
    t_h : float
        From when on its processes act.
    """
    own = scenario_of(patient, arm, t_h)
    world = World(own.space, own.space.volume, own.seed, replicate)
    world.properties |= {
        "antibodies": antibodies_of(patient, own, arm),
        "serum": own.serum,
        "covariates": own.covariates,
    }
    if own.space.is_plasma:
        world.pools.add("dheas", world.pools.molecules(own.serum.dheas_nM(own.covariates)))
    world.given = arm.add
    additions = Additions(known=_known(patient, arm), moments_h=tuple(one.at for one in arm.add))
    processes: dict[str, Process] = {"additions": additions} | dict(own.processes)
    probes = {name: getattr(own.probes, name) for name in PROBES if getattr(own.probes, name) is not None}
    looks_h = {name: probe.times_h(own.duration) for name, probe in probes.items()}
    moments = [*_moments(arm), *(t for times in looks_h.values() for t in times)]
    _declare_cells(world, own, arm)
    simulation = Simulation(world, processes, probes, time_grid(own.duration, own.steps_h, moments), looks_h)
    _fill(world, own, arm)
    world.sort()
    begin(simulation)
    return simulation


def begin(simulation: Simulation) -> None:
    """Let its processes set what depends on the cells at the start, as they are; again where the cells have changed."""
    for process in _in_order(simulation.processes.values()):
        process.begin(simulation.world)


def antibodies_of(scenario: Scenario, own: Scenario, arm: Arm) -> AntibodiesOfArm:
    """Return the antibodies of an arm, and those of all arms, as the scenario of this arm has them."""
    known = {name: getattr(own.antibodies, name) for name in scenario.drugs()}
    return AntibodiesOfArm(given=tuple(known[name] for name in arm.antibodies), shown=tuple(known.values()))


def _in_order(processes: Iterable[Process]) -> list[Process]:
    """Return those that begin, so that what one sets at the start is set before another reads it."""
    left, order = [process for process in processes if type(process).begin is not Process.begin], []
    while left:
        waits = [any(_sets_for(other, p) for other in left if other is not p) for p in left]
        ready = next((p for p, is_waiting in zip(left, waits, strict=True) if not is_waiting), left[0])
        left.remove(ready)
        order.append(ready)
    return order


def _sets_for(writer: Process, reader: Process) -> bool:
    return bool(set(writer.writes) & (set(reader.reads) - set(reader.writes)))


def _moments(arm: Arm) -> list[float]:
    """Return when something is given, when that ends, and when something changes."""
    given = [t for addition in arm.add for t in (*addition.moments, *addition.ends)]
    return [*given, *(change.at for change in arm.change)]


def _declare_cells(world: World, own: Scenario, arm: Arm) -> None:
    world.cell_types |= own.counted()
    for name, cell_type in own.cell_types().items():
        if name not in arm.without:
            patients = [SUBJECT] if world.is_body else []
            world.populations[name] = Population(name, [*patients, *cell_type.columns])


def _fill(world: World, own: Scenario, arm: Arm) -> None:
    counts: dict[str, int] = {}
    for name in world.populations:
        counts[name] = world.cell_types[name].count(counts)
        world.populate(name, counts[name], cohort=0)


def _known(scenario: Scenario, arm: Arm) -> tuple[dict[str, Model], ...]:
    """Return subject, serum and antibodies as the scenario has them at the moment of each addition."""
    own, found = scenario_of(scenario, arm), []
    for addition in arm.add:
        own = scenario_of(scenario, arm, addition.at) if arm.change else own
        found.append({"covariates": own.covariates, "serum": own.serum, **dict(own.antibodies)})
    return tuple(found)
