"""Faults of a scenario whose parts do not fit together; those of patients are in :mod:`abm.scenario.patients`."""

import math
from dataclasses import replace
from itertools import pairwise

from abm.biology.covariates import Covariates
from abm.biology.populations import CELL_TYPES
from abm.core.addition import Scale
from abm.core.errors import Fault
from abm.core.words import listing
from abm.scenario.content import Content
from abm.scenario.controls import control_faults
from abm.scenario.kinds import GIVEN, PROCESSES
from abm.scenario.patients import patient_faults
from abm.scenario.precision import precision_faults
from abm.scenario.published import observed_faults
from abm.scenario.until import until_faults

USUAL_REACH_UM = 10.0  # design: sum of two radii
ENGINES_OWN = {"additions", "fate"}
SPACE = ("space.kind",)  # what decides between a culture well and a patient


def consistency_faults(scenario: Content) -> list[Fault]:
    """Return every fault in how parts of a scenario fit together."""
    faults = [*_own_faults(scenario), *_time_faults(scenario), *_arm_faults(scenario), *_order_faults(scenario)]
    faults += [*_space_faults(scenario), *_scale_faults(scenario), *_subject_faults(scenario)]
    faults += [*control_faults(scenario), *observed_faults(scenario), *precision_faults(scenario)]
    faults += until_faults(scenario)
    return [*faults, *(patient_faults(scenario) if scenario.space.scale == "body" else ())]


def _own_faults(scenario: Content) -> list[Fault]:
    names = sorted(ENGINES_OWN & set(scenario.processes))
    faults = [Fault(f"the engine has a process {name!r} of its own", f"processes.{name}") for name in names]
    first: dict[tuple[type, str], str] = {}
    for name, process in scenario.processes.items():
        own = {what: first.setdefault((type(process), what), name) for what in process.alone_on}
        taken = next((what for what in own if own[what] != name), None)
        if taken is not None:
            text = f"{name!r} is of the same kind as {own[taken]!r} and sets {taken} too"
            beside = (f"processes.{own[taken]}",)
            faults.append(Fault(text, f"processes.{name}", allowed="one of a kind there", beside=beside))
    return faults


def _step_faults(scenario: Content) -> list[Fault]:
    faults = []
    if scenario.dt > scenario.duration:
        text = f"dt {scenario.dt:g} h is longer than the duration {scenario.duration:g} h"
        faults.append(Fault(text, "dt", beside=("duration",)))
    shortest = min(scenario.processes, key=lambda name: scenario.processes[name].longest_step_h, default="")
    longest_h = scenario.processes[shortest].longest_step_h if shortest else math.inf
    places = ("dt", *(f"dt_later.{index}.dt" for index in range(len(scenario.dt_later))))
    for place, (_, dt_h) in zip(places, scenario.steps_h, strict=True):
        if dt_h > longest_h:
            text, allowed = f"a step of {dt_h:g} h is too long for {shortest!r}", f"at most {longest_h:g} h with it"
            faults.append(Fault(text, place, allowed=allowed, beside=(f"processes.{shortest}",)))
    for index, (before, later) in enumerate(pairwise((0.0, *(later.at for later in scenario.dt_later)))):
        if later <= before:
            faults.append(Fault(f"{later:g} h is not after {before:g} h", f"dt_later.{index}.at", allowed="in order"))
    return faults


def _time_faults(scenario: Content) -> list[Fault]:
    faults = _step_faults(scenario)
    if scenario.duration / scenario.dt > 1e7:
        text = f"{scenario.duration / scenario.dt:.3g} steps"
        faults.append(Fault(text, "dt", allowed="at most 1e7 steps", beside=("duration",)))
    for name, probe in scenario.probes:
        if probe is None:
            continue
        if probe.every is not None and not _is_multiple(probe.every, scenario.dt):
            text = f"{probe.every:g} h is no multiple of dt {scenario.dt:g} h"
            faults.append(Fault(text, f"probes.{name}.every", beside=("dt",)))
        late = [t for t in probe.at if not 0 <= t <= scenario.duration]
        if late:
            text, allowed = f"{late[0]:g} h is outside the run", f"0 to {scenario.duration:g} h"
            faults.append(Fault(text, f"probes.{name}.at", allowed=allowed, beside=("duration",)))
    return faults


def _arm_faults(scenario: Content) -> list[Fault]:
    faults = []
    alike = {name.lower(): name for name in reversed(scenario.arms)}
    for name in scenario.arms:
        if (first := alike[name.lower()]) != name:
            text = f"{name!r} and {first!r} are one name where capitals do not count"
            faults.append(Fault(text, f"arms.{name}", allowed="names that differ in more"))
    for name, arm in scenario.arms.items():
        for index, addition in enumerate(arm.add):
            place = f"arms.{name}.add.{index}"
            faults += _late(addition.noun, addition.moments[-1], place, scenario.duration)
            if addition.population and getattr(scenario.populations, addition.population) is None:
                text = f"the scenario has no population {addition.population!r}"
                faults.append(Fault(text, place, beside=(f"populations.{addition.population}",)))
        for index, change in enumerate(arm.change):
            faults += _late("a change", change.at, f"arms.{name}.change.{index}", scenario.duration)
    return faults


def _order_faults(scenario: Content) -> list[Fault]:
    """Inside a phase, the process that writes a column reset in each step must come before those that read it."""
    faults, items = [], list(scenario.processes.items())
    fleeting = {f"{owner}.{c.name}" for p in scenario.processes.values() for owner, c in p.columns if c.resets}
    for late, (writer, process) in enumerate(items):
        for reader, earlier in items[:late]:
            clash = fleeting & set(process.writes) & (set(earlier.reads) - set(earlier.writes))
            if earlier.phase == process.phase and clash:
                faults.append(
                    Fault(
                        f"{reader!r} reads {sorted(clash)[0]} before {writer!r} writes it",
                        f"processes.{writer}",
                        allowed=f"{writer!r} above {reader!r}",
                        beside=(f"processes.{reader}",),
                    )
                )
    return faults


def _scale_faults(scenario: Content) -> list[Fault]:
    """Check that processes, cells and events belong to the place of the scenario: a culture well or a patient."""
    space, faults = scenario.space, []
    for name, cell_type in scenario.cell_types().items():
        if cell_type.scale not in (space.scale, "both"):
            text = f"{cell_type.kind} do not live in {space.where}"
            fitting = (kind for kind, cls in CELL_TYPES[name].items() if cls.scale in (space.scale, "both"))
            place = f"populations.{name}" + (".kind" if len(CELL_TYPES[name]) > 1 else "")
            faults.append(Fault(text, place, allowed=", ".join(fitting) or "null", beside=SPACE))
        else:
            faults += [replace(fault, path=f"populations.{name}.{fault.path}") for fault in cell_type.faults()]
    for name, process in scenario.processes.items():
        if process.scale not in (space.scale, "both"):
            faults.append(Fault(f"{name!r} has no place in {space.where}", f"processes.{name}", beside=SPACE))
    for name, probe in scenario.probes:
        if probe is not None and probe.scale not in (space.scale, "both"):
            text = f"{name!r} sees nothing in {space.where}"
            faults.append(Fault(text, f"probes.{name}", allowed="null", beside=SPACE))
    if scenario.end_points is not None and scenario.end_points.scale != space.scale:
        faults.append(Fault(f"{space.where} has no end points", "end_points", allowed="in a patient", beside=SPACE))
    if scenario.cohort and scenario.cohort.enter_at and space.scale != "body":
        faults.append(Fault(f"nobody enters {space.where}", "cohort.enter_at", allowed="of patients", beside=SPACE))
    if dict(scenario.probes)[space.look] is None:
        text = f"nobody looks at {space.where}"
        faults.append(Fault(text, f"probes.{space.look}", allowed=f"{{every: {space.look_every}}}"))
    return [*faults, *_given_faults(scenario)]


def _given_faults(scenario: Content) -> list[Fault]:
    """Hold what is given against where it can be given, and what it needs against what is written there."""
    faults, space = [], scenario.space
    written = {target for process in scenario.processes.values() for target in process.writes}
    known = ", ".join(kind for kind, cls in GIVEN.items() if cls.scale in (space.scale, "both"))
    for name, arm in scenario.arms.items():
        for index, addition in enumerate(arm.add):
            place = f"arms.{name}.add.{index}"
            if not addition.is_for(space.scale):
                unit = f" in {addition.unit(addition.dose)}" if addition.scale == "both" else ""
                text = f"{addition.kind!r}{unit} cannot be added to {space.where}"
                faults.append(Fault(text, place, allowed=known, beside=SPACE))
            faults += [
                Fault(f"no process for {addition.kind!r}: {_writers(need, space.scale)} is missing", place)
                for need in addition.needs
                if addition.is_for(space.scale) and need not in written
            ]
    return faults


def _writers(need: str, scale: Scale) -> str:
    """Return the kinds of process that write what an addition needs."""
    return listing([k for k, cls in PROCESSES.items() if need in cls().writes and cls.scale in (scale, "both")], "or")


def _subject_faults(scenario: Content) -> list[Fault]:
    """Refuse a body surface together with a height, from which it would follow."""
    surface, height = "covariates.body_surface_m2", "covariates.height_cm"
    is_said = scenario.covariates.body_surface_m2 != Covariates().body_surface_m2
    if scenario.covariates.height_cm is None or not (is_said or (scenario.cohort and surface in scenario.cohort.vary)):
        return []
    text = "body surface follows from weight and height where the height is given"
    return [Fault(text, surface, allowed="one of the two", beside=(height,))]


def _space_faults(scenario: Content) -> list[Fault]:
    """Hold processes against the space, and the space against how far cells reach on it."""
    faults = [
        replace(fault, path=f"processes.{name}.{fault.path}")
        for name, process in scenario.processes.items()
        for fault in process.faults(scenario.space)
    ]
    reach_um = {name: process.reach_um for name, process in scenario.processes.items() if process.reach_um}
    contact = max(reach_um.values(), default=USUAL_REACH_UM)
    if scenario.space.scale == "well" and scenario.space.side < 2 * contact:
        text = f"a floor of {scenario.space.side:g} um is smaller than a cell's contact ({2 * contact:g} um)"
        beside = tuple(f"processes.{name}.contact_um" for name, um in reach_um.items() if um == contact)
        faults.append(Fault(text, "space.side", allowed=f"at least {2 * contact:g} um", beside=beside))
    return faults


def _late(what: str, t_h: float, place: str, end_h: float) -> list[Fault]:
    text = f"{what} at {t_h:g} h is outside the run"
    is_late = t_h >= end_h
    return [Fault(text, f"{place}.at", allowed=f"before {end_h:g} h", beside=("duration",))] if is_late else []


def _is_multiple(period: float, dt: float) -> bool:
    return math.isclose(period / dt, round(period / dt), rel_tol=1e-9, abs_tol=1e-9) and round(period / dt) >= 1
