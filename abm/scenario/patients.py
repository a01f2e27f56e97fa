"""Faults of a scenario that is about patients: what is given, seen and judged must be there."""

from typing import TYPE_CHECKING

import numpy as np

from abm.core.errors import Fault
from abm.scenario.cohort import EndPoints, LymphocyteEndPoints

if TYPE_CHECKING:
    from abm.scenario.schema import Scenario


def patient_faults(scenario: "Scenario") -> list[Fault]:
    """Return every fault of a patient's processes, events, probes and end points."""
    faults = []
    drugs = {name for name, process in scenario.processes.items() if "pools.drug_ug_per_mL" in process.writes}
    kinds = [process.kind for process in scenario.processes.values()]
    secretes = any(cell_type.secretes_igm for cell_type in scenario.cell_types().values())
    is_without_igm = not secretes and "igm_turnover" not in kinds
    if len(drugs) > 1:
        faults.append(Fault(f"found {', '.join(sorted(drugs))}", "processes", allowed="one pharmacokinetics"))
    for name, arm in scenario.arms.items():
        for index, addition in enumerate(arm.add):
            if addition.condition and is_without_igm:
                text = "progression that withholds a course is judged by serum IgM: igm_turnover is missing"
                faults.append(Fault(text, f"arms.{name}.add.{index}.{addition.condition}", allowed="false"))
    faults += _end_point_faults(scenario, kinds, is_without_igm)
    return faults


def _end_point_faults(scenario: "Scenario", kinds: list[str], is_without_igm: bool) -> list[Fault]:
    """Check end points against what is measured, and visits against looks and the length of the run."""
    rules, faults = scenario.end_points, []
    if isinstance(rules, LymphocyteEndPoints):
        if "bcr_signalling" not in kinds:
            text = "lymphocytes are counted where cells signal: bcr_signalling is missing"
            faults.append(Fault(text, "end_points", allowed="with a process of kind bcr_signalling"))
        if 2.0 * rules.follow_up_spread >= scenario.duration:
            text = f"some of the patients would be followed for no time: the run lasts {scenario.duration:g} h"
            allowed = "less than half of the duration"
            faults.append(Fault(text, "end_points.follow_up_spread", allowed=allowed, beside=("duration",)))
    elif is_without_igm:
        return [Fault("there is no serum IgM to judge by", "end_points", allowed="{kind: lymphocytes}")]
    rules = rules or EndPoints()
    is_chosen = rules.visit_every != type(rules)().visit_every
    if is_chosen and rules.visit_every > scenario.duration > getattr(rules, "weekly_until", 0.0):
        text = f"visits every {rules.visit_every:g} h are rarer than the run of {scenario.duration:g} h is long"
        allowed = f"at most {scenario.duration:g} h"
        faults.append(Fault(text, "end_points.visit_every", allowed=allowed, beside=("duration",)))
    return [*faults, *_look_faults(scenario, rules)]


def _look_faults(scenario: "Scenario", rules: EndPoints | LymphocyteEndPoints) -> list[Fault]:
    """Refuse looks rarer than the visits: what is seen at one is a look since the one before.

    Looks at chosen moments only are accepted where no end points are asked for: follow-up ends at the first gap.
    """
    probe = getattr(scenario.probes, "patient", None)
    if probe is None or (probe.every is None and scenario.end_points is None):
        return []
    looks = np.array(probe.times_h(scenario.duration))
    for arm in scenario.arms.values():
        first = rules.first_h(arm)
        visits = np.array(rules.visits_h(max(0.0, scenario.duration - first))) + first
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
