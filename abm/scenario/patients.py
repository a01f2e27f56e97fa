"""Faults of a scenario that is about patients: what is given, seen and judged must be there."""

import numpy as np

from abm.biology.patient.growth import Growth
from abm.core.errors import Fault
from abm.readouts.readout import Readout
from abm.scenario.content import Content
from abm.scenario.kinds import CHOSEN, USUAL

ENTRY = "cohort.enter_at"
MADE_BY = {"igm": ("pools.igm_g_per_L", "igm_turnover"), "hyperviscosity": ("pools.viscosity_cP", "viscosity")}


def patient_faults(scenario: Content) -> list[Fault]:
    """Return every fault of a patient's processes, events, probes and end points."""
    faults = []
    drugs = {name for name, process in scenario.processes.items() if "pools.drug_ug_per_mL" in process.writes}
    growths = [name for name, process in scenario.processes.items() if "pools.cells_crowded" in process.writes]
    is_without_igm = not set(CHOSEN[USUAL].needs) <= scenario.written
    if len(drugs) > 1:
        faults.append(Fault(f"found {', '.join(sorted(drugs))}", "processes", allowed="one pharmacokinetics"))
    if len(growths) > 1:
        faults.append(Fault(f"found {', '.join(growths)}", "processes", allowed="one law of growth"))
    for name, arm in scenario.arms.items():
        for index, addition in enumerate(arm.add):
            if addition.condition and is_without_igm:
                text = "progression that withholds a course is judged by serum IgM: igm_turnover is missing"
                faults.append(Fault(text, f"arms.{name}.add.{index}.{addition.condition}", allowed="false"))
    return [*faults, *_entry_faults(scenario), *_end_point_faults(scenario)]


def _entry_faults(scenario: Content) -> list[Fault]:
    """Hold what patients enter at against the clone that grows, and against what is known of them."""
    rules = scenario.cohort.enter_at if scenario.cohort else None
    if rules is None:
        return []
    made = {target for process in scenario.processes.values() for target in process.writes}
    growths = {name: own for name, own in scenario.processes.items() if isinstance(own, Growth)}
    faults = [] if growths else [Fault("no clone grows", ENTRY, allowed="with a process such as logistic_growth")]
    for name, growth in growths.items():
        most, place = growth.capacity_cells, f"processes.{name}.capacity_cells"
        if most is None:
            text = "the capacity is relative to the burden at the start, which growth towards it is to decide"
            faults.append(Fault(text, place, allowed="a number of cells", beside=(ENTRY,)))
        elif most <= rules.from_cells:
            text = f"the early clone of {rules.from_cells:g} cells is at its capacity, {most:g}"
            faults.append(Fault(text, f"{ENTRY}.from_cells", allowed=f"less than {most:g}", beside=(place,)))
    for place, own in ((ENTRY, rules), (f"{ENTRY}.unless", rules.unless)):
        for name, (pool, kind) in MADE_BY.items():
            if dict(own).get(name) is not None and pool not in made:
                text = f"nobody knows the {name} of an untreated patient"
                faults.append(Fault(text, f"{place}.{name}", allowed=f"with a process of kind {kind}"))
    return faults


def _end_point_faults(scenario: Content) -> list[Fault]:
    """Hold end points against what is there to be measured, and visits against looks and the length of the run."""
    rules = scenario.readouts[0]
    return [*rules.faults(scenario.written, scenario.duration), *_look_faults(scenario, rules)]


def _look_faults(scenario: Content, rules: Readout) -> list[Fault]:
    """Refuse looks rarer than the visits: what is seen at one is a look since the one before.

    Looks at chosen moments only are accepted where no end points are asked for: follow-up ends at the first gap.
    """
    probe = dict(scenario.probes)[scenario.space.look]
    if probe is None or (probe.every is None and scenario.end_points is None):
        return []
    looks = np.array(probe.times_h(scenario.duration))
    firsts = [rules.first_h(arm.add) for arm in scenario.arms.values()]
    plans = [(first, plan) for first in firsts for plan in rules.plans_h(max(0.0, scenario.duration - first))]
    for first, plan in plans:
        visits = np.array(plan) + first
        since = np.searchsorted(looks, visits + 1e-6)
        unseen = np.flatnonzero(np.diff(since) == 0)
        if unseen.size:
            last, next_ = visits[unseen[0]], visits[unseen[0] + 1]
            every = probe.every is not None
            how = f"looked at every {probe.every:g} h" if every else f"not looked at after {last:g} h up to {next_:g} h"
            text = f"patients are {how}, but seen every {next_ - last:g} h"
            place = "probes.patient.every" if every else "probes.patient.at"
            allowed = f"at most {next_ - last:g} h, or rarer visits in end_points"
            return [Fault(text, place, allowed=allowed, beside=("end_points.visit_every",))]
    return []
