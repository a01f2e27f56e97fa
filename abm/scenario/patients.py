"""Faults of a scenario that is about patients: what is given, seen and judged must be there."""

from typing import TYPE_CHECKING

from abm.biology.cells.cll_clone import CllClone
from abm.core.errors import Fault
from abm.core.process import Process
from abm.scenario.cohort import LymphocyteEndPoints

if TYPE_CHECKING:
    from abm.scenario.schema import Scenario


def _kind_of(process: Process) -> str:
    return str(getattr(process, "kind", ""))


def patient_faults(scenario: "Scenario") -> list[Fault]:
    """Return every fault of a patient's processes, events, probes and end points."""
    faults = []
    owners = {"infusion": "pharmacokinetics", "plasmapheresis": "plasmapheresis", "ibrutinib": "ibrutinib"}
    drugs = {name for name, process in scenario.processes.items() if "pools.drug_dosed_mg" in process.writes}
    kinds = [_kind_of(process) for process in scenario.processes.values()]
    here = {"infusion": len(drugs)} | {name: name in kinds for name in ("plasmapheresis", "ibrutinib")}
    if len(drugs) > 1:
        faults.append(Fault(f"found {', '.join(sorted(drugs))}", "processes", allowed="one pharmacokinetics"))
    for name, arm in scenario.arms.items():
        for index, addition in enumerate(arm.add):
            if not here.get(addition.what, True):
                text = f"no process for {addition.what!r}: {owners[addition.what]} is missing"
                faults.append(Fault(text, f"arms.{name}.add.{index}"))
    faults += _end_point_faults(scenario, kinds)
    if getattr(scenario.probes, "patient", None) is None:
        faults.append(Fault("nobody looks at the patient", "probes.patient", allowed="{every: 7 d}"))
    return faults


def _end_point_faults(scenario: "Scenario", kinds: list[str]) -> list[Fault]:
    """Hold end points against what is there to be measured."""
    if isinstance(scenario.end_points, LymphocyteEndPoints):
        text = "lymphocytes are counted where cells signal: bcr_signalling is missing"
        return [] if "bcr_signalling" in kinds else [Fault(text, "end_points")]
    if isinstance(scenario.populations.b_cells, CllClone) and "igm_turnover" not in kinds:
        return [Fault("there is no serum IgM to judge by", "end_points", allowed="{kind: lymphocytes}")]
    return []
