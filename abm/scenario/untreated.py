"""A clone that grows untreated from few cells, and the check-up at which it brings the patient in.

*Model*: the burden follows the growth process in closed form; serum IgM, viscosity and albumin at a burden are those
with which the patient's own processes begin at it, which rise or fall with it throughout. So of a patient who enters no
more is new than the number of cells, and all that is correlated with it is so by construction.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from abm.biology.patient.growth import Growth
from abm.core.clock import H_PER_YEAR
from abm.core.probe import Row
from abm.core.words import listing
from abm.scenario.arms import Arm
from abm.scenario.entry import SEEN, Entry
from abm.scenario.schema import Scenario
from abm.scenario.start import begin, started


@dataclass(frozen=True)
class CheckUp:
    """What is found of an untreated patient.

    Attributes
    ----------
    years, cells : float
        Time since the early clone, and the burden.
    holds : tuple of str
        Rules that hold; none at the last of all check-ups of a patient who never enters.
    is_barred : bool
        Whether the patient has symptoms with which nobody enters.
    """

    years: float
    cells: float
    holds: tuple[str, ...]
    is_barred: bool

    @property
    def enters(self) -> bool:
        """Whether the patient enters."""
        return bool(self.holds) and not self.is_barred


class Untreated:
    """A patient to whom nothing is given, at any burden."""

    def __init__(self, patient: Scenario, replicate: int):
        alone = {"b_cells": dict(patient.populations)["b_cells"].fewer(1)}
        populations = patient.populations.model_copy(update=alone)
        short = {"populations": populations, "duration": patient.dt, "dt_later": ()}
        self.simulation = started(patient.model_copy(update=short), Arm(), replicate)
        self.look = self.simulation.probes[patient.space.look]
        self.growth = next(own for own in patient.processes.values() if isinstance(own, Growth))

    def at(self, cells: float) -> Row:
        """Return what is seen of the patient at a burden."""
        world = self.simulation.world
        clone, b = world.cell_types["b_cells"].model_copy(update={"cells": cells}), world.populations["b_cells"]
        world.cell_types["b_cells"] = clone
        clone.draw(b, slice(0, b.n), world.first_key)
        begin(self.simulation)
        return cast(Row, self.look.observe(world))


def entry_of(patient: Scenario, rules: Entry, replicate: int) -> CheckUp:
    """Return the first check-up at which a rule holds, the last of all where none does; the earliest is at the start.

    Parameters
    ----------
    patient : Scenario
        With a candidate's own values.
    rules : Entry
        When patients enter.
    replicate : int
        The patient's number, which the thresholds belong to.
    """
    untreated, last = Untreated(patient, replicate), int(rules.within / rules.every + 1e-9)
    enters, bars = (own.thresholds(patient.seed, replicate) for own in (rules, rules.unless))

    def burden(number: int) -> float:
        return float(untreated.growth.grown(rules.from_cells, number * rules.every))

    def held(levels: Mapping[str, float], number: int) -> tuple[str, ...]:
        seen = untreated.at(burden(number))
        return tuple(name for name, level in levels.items() if seen[SEEN[name]] >= level)

    first = bisect_left(range(last), True, key=lambda number: bool(held(enters, number)))
    return CheckUp(first * rules.every / H_PER_YEAR, burden(first), held(enters, first), bool(held(bars, first)))


def told(candidates: Sequence[CheckUp], rules: Entry) -> str:
    """Return how many of those who do not enter never reach a rule, and how many have symptoms already."""
    n_never = sum(not one.holds for one in candidates)
    n_barred = len(candidates) - n_never
    reach, have = ("reaches" if n_never == 1 else "reach"), ("has" if n_barred == 1 else "have")
    never = f"{n_never} never {reach} {rules.words} within {rules.within / H_PER_YEAR:.3g} years"
    barred = f"{n_barred} {have} symptoms already"
    return listing([never] * (n_never > 0) + [barred] * (n_never < len(candidates)))
