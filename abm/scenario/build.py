"""Scenario to World: which subjects a scenario asks for, and one ready Simulation per subject."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from abm.biology.additions import Additions, Portion
from abm.biology.patient.treatment import Infusion, Oral, Removal, Treatment
from abm.core.par import plain
from abm.core.population import Population
from abm.core.process import Process
from abm.core.simulation import Simulation, time_grid
from abm.core.world import World
from abm.document.load import Document, apply_overrides, validate
from abm.scenario.arms import ANTIBODIES, CELLS, EVENTS, Arm
from abm.scenario.draws import patient_of
from abm.scenario.schema import PROBES, Scenario

CONTROL = "~control"


@dataclass(frozen=True)
class Subject:
    """One simulated well or patient: an arm or its control, and the number of the replicate."""

    arm: str
    replicate: int
    is_control: bool = False

    @property
    def label(self) -> str:
        """Name of the subject's own files."""
        return f"{self.arm}-r{self.replicate}"


def controls(scenario: Scenario) -> dict[str, str]:
    """Return the name of each arm's no-antibody control; arms that differ in nothing else share one.

    Protocols have none: an untreated arm is written out where it is wanted.
    """
    if scenario.is_patient:
        return dict.fromkeys(scenario.arms, "")
    names: dict[str, str] = {}
    of_content: dict[str, str] = {}
    for name, arm in scenario.arms.items():
        if not arm.antibodies:
            of_content.setdefault(_content(arm), name)
    for name, arm in scenario.arms.items():
        names[name] = of_content.setdefault(_content(arm.control()), f"{name}{CONTROL}")
    return names


def _content(arm: Arm) -> str:
    return arm.model_copy(update={"x": None, "group": ""}).model_dump_json()


def subjects(scenario: Scenario) -> list[Subject]:
    """List every subject: arms, then controls, each with all replicates."""
    extra = [name for name in dict.fromkeys(controls(scenario).values()) if name and name not in scenario.arms]
    arms = [(name, False) for name in scenario.arms] + [(name, True) for name in extra]
    return [
        Subject(name, replicate, is_control) for name, is_control in arms for replicate in range(scenario.replicates)
    ]


def arm_of(scenario: Scenario, subject: Subject) -> Arm:
    """Return what happens in a subject."""
    return (
        scenario.arms[subject.arm.removesuffix(CONTROL)].control() if subject.is_control else scenario.arms[subject.arm]
    )


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


def build(scenario: Scenario, subject: Subject) -> Simulation:
    """Make the simulation of one subject, ready for its first step; it changes by itself where its arm does.

    Parameters
    ----------
    scenario : Scenario
        The whole experiment.
    subject : Subject
        One of :func:`subjects`.
    """
    simulation = _as_of(scenario, subject, 0.0)
    for change in arm_of(scenario, subject).change:
        step = int(np.searchsorted(simulation.grid_h, change.at - 1e-8))
        simulation.renewals[step] = partial(_as_of, scenario, subject, change.at)
    return simulation


def _as_of(scenario: Scenario, subject: Subject, t_h: float) -> Simulation:
    """Make the simulation as it is from a moment on; the state is that of the start."""
    arm = arm_of(scenario, subject)
    patient = patient_of(scenario, subject.replicate)
    own = scenario_of(patient, arm, t_h)
    world = World(own.space, own.space.volume, own.seed, subject.replicate)
    drug = arm.antibodies[0] if arm.antibodies else "rituximab"
    world.properties |= {"antibody": getattr(own.antibodies, drug), "serum": own.serum}
    if own.is_patient:
        world.properties["treatment"] = treatment_of(arm)
        world.pools.add("dheas", world.pools.molecules(own.serum.nM_of("dheas")))
    additions = Additions(plan=_plan(patient, arm))
    processes: dict[str, Process] = {"additions": additions} | dict(own.processes)
    probes = {name: getattr(own.probes, name) for name in PROBES if getattr(own.probes, name) is not None}
    looks_h = {name: probe.times_h(own.duration) for name, probe in probes.items()}
    moments = [*_moments(arm), *(t for times in looks_h.values() for t in times)]
    _declare_cells(world, own, arm)
    simulation = Simulation(world, processes, probes, time_grid(own.duration, own.dt, moments), looks_h)
    _fill(world, own, arm)
    world.sort()
    for process in _in_order(simulation.processes.values()):
        process.begin(world)
    return simulation


def _in_order(processes: Iterable[Process]) -> list[Process]:
    """Return processes so that what one sets at the start is set before another reads it, whatever their order."""
    left, order = list(processes), []
    while left:
        waits = [any(_sets_for(other, p) for other in left if other is not p) for p in left]
        ready = next((p for p, is_waiting in zip(left, waits, strict=True) if not is_waiting), left[0])
        left.remove(ready)
        order.append(ready)
    return order


def _sets_for(writer: Process, reader: Process) -> bool:
    has_start = type(writer).begin is not Process.begin
    return has_start and bool(set(writer.writes) & (set(reader.reads) - set(reader.writes)))


def _moments(arm: Arm) -> list[float]:
    """Return when something is added and when infusions end."""
    starts = [(t, addition) for addition in arm.add for t in addition.moments]
    ends = [t + a.over for t, a in starts if a.is_infusion]
    return [*(t for t, _ in starts), *ends, *(change.at for change in arm.change)]


def treatment_of(arm: Arm) -> Treatment:
    """Return what a protocol gives and does, and when."""
    infusions = [
        Infusion(
            t_h=t,
            over_h=a.over,
            mg_per_m2=a.infusion or 0.0,
            flat_mg=a.infusion_mg or 0.0,
            course=course,
            unless_progressed=a.unless_progressed,
        )
        for course, a in enumerate(arm.add)
        if a.is_infusion
        for t in a.moments
    ]
    removals = [Removal(t_h=a.at, frac=a.plasmapheresis) for a in arm.add if a.plasmapheresis is not None]
    return Treatment(infusions=tuple(infusions), removals=tuple(removals), oral=oral_of(arm))


def oral_of(arm: Arm) -> tuple[Oral, ...]:
    """Return the regimen of daily doses of a protocol, earliest first."""
    return tuple(
        Oral(t_h=a.at, mg_per_day=a.ibrutinib, missed_frac=a.missed) for a in arm.add if a.ibrutinib is not None
    )


def _declare_cells(world: World, own: Scenario, arm: Arm) -> None:
    world.cell_types |= own.counted()
    for name, cell_type in own.cell_types().items():
        if name not in arm.without:
            world.populations[name] = Population(name, cell_type.columns)


def _fill(world: World, own: Scenario, arm: Arm) -> None:
    counts: dict[str, int] = {}
    for name in world.populations:
        counts[name] = world.cell_types[name].count(counts)
        world.populate(name, counts[name], cohort=0)


def _plan(scenario: Scenario, arm: Arm) -> tuple[Portion, ...]:
    """Return all that is added, each as the scenario is at its moment."""
    plan, cohort, own = [], 0, scenario_of(scenario, arm)
    for addition in arm.add:
        own = scenario_of(scenario, arm, addition.at) if arm.change else own
        what, amount = addition.what, getattr(addition, addition.what)
        if what in EVENTS:
            continue
        if what in CELLS:
            cohort += 1
            plan.append(Portion(t_h=addition.at, name=what, amount=float(amount), is_cells=True, cohort=cohort))
        elif what == "serum":
            plan += [
                Portion(t_h=addition.at, name=name, amount=nM)
                for name, nM in own.serum.constituents(amount, addition.lacking).items()
            ]
        elif what in ANTIBODIES:
            nM = amount * getattr(own.antibodies, what).nM_per_ug_per_mL()  # noqa: N806 - a unit
            plan.append(Portion(t_h=addition.at, name="antibody", amount=nM))
        else:
            scale = 1e3 if what in ("dheas", "igg") else 1.0
            plan.append(Portion(t_h=addition.at, name=what, amount=amount * scale))
    return tuple(plan)
