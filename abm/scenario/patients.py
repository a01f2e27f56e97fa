"""Faults of a scenario that is about patients: what is given, seen and judged must be there."""

from typing import TYPE_CHECKING

from abm.biology.cells.cll_clone import CllClone
from abm.core.errors import Fault
from abm.core.process import Process
from abm.scenario.arms import INFUSIONS
from abm.scenario.cohort import LymphocyteEndPoints

if TYPE_CHECKING:
    from abm.scenario.schema import Scenario


def _kind_of(process: Process) -> str:
    return str(getattr(process, "kind", ""))


def patient_faults(scenario: "Scenario") -> list[Fault]:
    """Return every fault of a patient's processes, events, probes and end points."""
    faults = []
    of_kind = ("plasmapheresis", "ibrutinib")
    owners = dict.fromkeys(INFUSIONS, "pharmacokinetics") | {name: name for name in of_kind}
    drugs = {name for name, process in scenario.processes.items() if "pools.drug_dosed_mg" in process.writes}
    kinds = [_kind_of(process) for process in scenario.processes.values()]
    here = dict.fromkeys(INFUSIONS, len(drugs)) | {name: name in kinds for name in of_kind}
    is_without_igm = isinstance(scenario.populations.b_cells, CllClone) and "igm_turnover" not in kinds
    if len(drugs) > 1:
        faults.append(Fault(f"found {', '.join(sorted(drugs))}", "processes", allowed="one pharmacokinetics"))
    for name, arm in scenario.arms.items():
        for index, addition in enumerate(arm.add):
            if not here.get(addition.what, True):
                text = f"no process for {addition.what!r}: {owners[addition.what]} is missing"
                faults.append(Fault(text, f"arms.{name}.add.{index}"))
            if addition.unless_progressed and is_without_igm:
                text = "progression that withholds a course is judged by serum IgM: igm_turnover is missing"
                faults.append(Fault(text, f"arms.{name}.add.{index}.unless_progressed", allowed="false"))
    faults += _end_point_faults(scenario, kinds, is_without_igm)
    if getattr(scenario.probes, "patient", None) is None:
        faults.append(Fault("nobody looks at the patient", "probes.patient", allowed="{every: 7 d}"))
    return faults


def _end_point_faults(scenario: "Scenario", kinds: list[str], is_without_igm: bool) -> list[Fault]:
    """Hold end points against what is there to be measured."""
    rules, faults = scenario.end_points, []
    if isinstance(rules, LymphocyteEndPoints):
        if "bcr_signalling" not in kinds:
            text = "lymphocytes are counted where cells signal: bcr_signalling is missing"
            faults.append(Fault(text, "end_points", allowed="with a process of kind bcr_signalling"))
        if 2.0 * rules.follow_up_spread >= scenario.duration:
            text = f"some of the patients would be followed for no time: the run lasts {scenario.duration:g} h"
            faults.append(Fault(text, "end_points.follow_up_spread", allowed="less than half of the duration"))
        probe = getattr(scenario.probes, "patient", None)
        if probe is not None and probe.every is not None and probe.every > rules.visit_every + 1e-9:
            text = f"patients are looked at every {probe.every:g} h, but seen every {rules.visit_every:g} h"
            faults.append(Fault(text, "probes.patient.every", allowed=f"at most {rules.visit_every:g} h"))
        return faults
    if is_without_igm:
        return [Fault("there is no serum IgM to judge by", "end_points", allowed="{kind: lymphocytes}")]
    return []
