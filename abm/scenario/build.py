"""Scenario to World: which subjects a scenario asks for, and one ready Simulation per subject."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from abm.core.clock import SAME_MOMENT_H
from abm.core.simulation import Simulation
from abm.scenario.arms import Arm
from abm.scenario.controls import CONTROL, controls
from abm.scenario.draws import patient_of, table_of
from abm.scenario.recorded import as_recorded
from abm.scenario.schema import Scenario
from abm.scenario.start import started


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


def subjects(scenario: Scenario) -> list[Subject]:
    """List every subject: arms, then controls, each with all replicates."""
    extra = [name for name in dict.fromkeys(controls(scenario).values()) if name and name not in scenario.arms]
    arms = [(name, False) for name in scenario.arms] + [(name, True) for name in extra]
    return [
        Subject(name, replicate, is_control) for name, is_control in arms for replicate in range(scenario.n_replicates)
    ]


def arm_of(scenario: Scenario, subject: Subject) -> Arm:
    """Return what happens in a subject."""
    if subject.is_control:
        return scenario.arms[subject.arm.removesuffix(CONTROL)].untreated()
    return as_recorded(subject.arm, scenario.arms[subject.arm], table_of(scenario), subject.replicate)


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
        step = int(np.searchsorted(simulation.grid_h, change.at - SAME_MOMENT_H))
        simulation.renewals[step] = partial(_as_of, scenario, subject, change.at)
    return simulation


def _as_of(scenario: Scenario, subject: Subject, t_h: float) -> Simulation:
    """Make the simulation as it is from a moment on."""
    patient = patient_of(scenario, subject.replicate)
    return started(patient, arm_of(scenario, subject), subject.replicate, t_h)
