"""Faults of a scenario that is about patients: what is given, seen and judged must be there."""

import numpy as np

from abm.core.errors import Fault
from abm.readouts.readout import Readout
from abm.scenario.content import Content
from abm.scenario.kinds import CHOSEN, USUAL


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
    faults += _end_point_faults(scenario)
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
