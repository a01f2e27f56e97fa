"""Plain numbers of a finished well or patient, for sweeps to tabulate and claims to be compared with."""

from collections.abc import Mapping, Sequence

from abm.core.simulation import Simulation
from abm.core.stack import own
from abm.readouts.over_subjects import mean_of_known, over_subjects
from abm.readouts.readout import Found, Readout, Seen, measures_of
from abm.scenario.build import Subject, arm_of
from abm.scenario.controls import CONTROL
from abm.scenario.draws import patient_of
from abm.scenario.schema import Scenario


def measured(scenario: Scenario, subject: Subject, simulation: Simulation, place: int = 0) -> Found:
    """Return what a well, or the patient at a place of a stack, shows at the end."""
    world, given = simulation.world, arm_of(scenario, subject).add
    rows: dict[int, dict[str, float]] = {}
    for name, probe in simulation.probes.items():
        if probe.table == "series":
            for step, row in simulation.records[name].items():
                rows.setdefault(step, {}).update(own(row, place))
    who = patient_of(scenario, subject.replicate).covariates
    looks = [rows[step] for step in sorted(rows)]
    seen = Seen(looks, given, *world.subjects[place], world.of(place, is_over=True), who)
    return {name: value for readout in scenario.readouts for name, value in readout.of_subject(seen).items()}


def of_arms(
    found: Mapping[str, Sequence[Found]], control_of: Mapping[str, str], readouts: Sequence[Readout]
) -> dict[str, float]:
    """Return ``arm.measure``, over the subjects of an arm, with what is relative to its control.

    What is relative is taken of every replicate and its own control, then the mean, as in the summary of a run.
    Subjects lie in the order of the replicates.
    """
    known = measures_of(readouts)
    over = {arm: over_subjects(own, known) for arm, own in found.items()}
    for arm, control in control_of.items():
        if arm in over and control in over:
            over[arm] |= _against_control(list(zip(found[arm], found[control], strict=True)), readouts)
    shown = {arm: own for arm, own in over.items() if not arm.endswith(CONTROL)}
    return {f"{arm}.{name}": value for arm, own in shown.items() for name, value in sorted(own.items())}


def _against_control(pairs: Sequence[tuple[Found, Found]], readouts: Sequence[Readout]) -> Found:
    rows = [{k: v for one in readouts for k, v in one.against_control(own, other).items()} for own, other in pairs]
    return {name: mean_of_known([row[name] for row in rows]) for name in (rows[0] if rows else ())}
