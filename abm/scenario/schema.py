"""What a scenario file may say: the frozen, validated content of one YAML file."""

import math
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Field, Tag, create_model, model_validator

import abm.biology
import abm.probes
from abm.biology.cells.b_cells import BCells
from abm.biology.cells.cll_clone import CllClone
from abm.biology.cells.clone import Clone
from abm.biology.cells.nk_cells import NKCells
from abm.biology.serum import Serum
from abm.core.errors import Fault
from abm.core.names import Name
from abm.core.par import Model, par, refusal
from abm.core.probe import Probe
from abm.core.process import Process, discover
from abm.core.space import Body, Floor, Mixed
from abm.scenario.arms import ADDABLE, ANTIBODIES, CELLS, EVENTS, Arm, Axis, in_mass
from abm.scenario.cohort import Cohort, EndPoints, LymphocyteEndPoints
from abm.scenario.patients import patient_faults

PROCESSES = discover(abm.biology, Process)
PROBES = discover(abm.probes, Probe)
ENGINES_OWN = {"additions", "fate"}
LONGEST_CONTACT_STEP_H = 0.25


def _one_of(kinds: dict[str, type], default: str | None = None) -> Any:
    def kind_of(value: Any) -> str | None:
        return value.get("kind", default) if isinstance(value, dict) else getattr(value, "kind", default)

    tagged = [Annotated[cls, Tag(kind)] for kind, cls in kinds.items()]
    return Annotated[reduce(or_, tagged), Discriminator(kind_of)]


if TYPE_CHECKING:
    AnyProcess = Process
    AnySpace = Floor | Mixed | Body
    AnyBCells = BCells | Clone | CllClone
    AnyEndPoints = EndPoints | LymphocyteEndPoints
    Probes = Model
    Antibodies = Model
else:
    AnyProcess = _one_of(PROCESSES)
    AnySpace = _one_of({"floor": Floor, "mixed": Mixed, "body": Body})
    AnyBCells = _one_of({"b_cells": BCells, "clone": Clone, "cll_clone": CllClone}, "b_cells")
    AnyEndPoints = _one_of({"igm": EndPoints, "lymphocytes": LymphocyteEndPoints}, "igm")
    seen = {kind: (cls | None, None) for kind, cls in PROBES.items()}
    seen["counts"] = (PROBES["counts"] | None, PROBES["counts"](every="15 min"))
    Probes = create_model("Probes", __base__=Model, __doc__="What is observed, and when.", **seen)
    drugs = {kind: (cls, cls()) for kind, cls in ANTIBODIES.items()}
    Antibodies = create_model("Antibodies", __base__=Model, __doc__="Antibodies by name.", **drugs)


class Populations(Model):
    """Cells at the start."""

    b_cells: AnyBCells = BCells()
    nk_cells: NKCells | None = None


class Scenario(Model):
    """One experiment: cells, processes, arms, and how long and how finely it is simulated."""

    name: Name = "scenario"
    title: str = ""
    question: str = ""
    seed: int = par(1, "1", "design: any number; stated with every result", "Seed", ge=0, le=2**64 - 1)
    replicates: int = par(1, "1", "design: wells per arm", "Replicates", ge=1, le=10_000)
    duration: float = par(24.0, "h", "design: long assay", "Duration", gt=0, le=24 * 365 * 100)
    dt: float = par(1.0 / 60.0, "h", "design: halving moves survival by less than 0.5 points", "Step", gt=1e-6, le=24)
    checkpoint_every: float = par(6.0, "h", "design: about four in a long assay", "Time between checkpoints", gt=0)
    space: AnySpace = Floor()
    serum: Serum = Serum()
    antibodies: Antibodies = Antibodies()
    populations: Populations = Populations()
    processes: dict[Name, AnyProcess] = Field(default_factory=dict)
    arms: dict[Name, Arm] = Field(default_factory=lambda: {"arm": Arm()}, min_length=1)
    probes: Probes = Probes()
    x_axis: Axis | None = None
    cohort: Cohort | None = None
    end_points: AnyEndPoints | None = None

    def counts(self) -> dict[str, int]:
        """Return how many agents of each population there are at the start."""
        found: dict[str, int] = {}
        for name in CELLS:
            cell_type = getattr(self.populations, name)
            if cell_type is not None:
                found[name] = cell_type.count(found)
        return found

    @property
    def is_patient(self) -> bool:
        """Whether it is about patients; else about culture wells."""
        return self.space.kind == "body"

    @model_validator(mode="before")
    @classmethod
    def _in_mass(cls, data: Any) -> Any:
        """Convert molar doses by the molecular weight that the scenario gives the antibody."""
        return in_mass(data) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _consistent(self) -> "Scenario":
        faults = [*self._own_faults(), *self._time_faults(), *self._arm_faults(), *self._order_faults()]
        faults += [*self._space_faults(), *self._scale_faults()]
        if faults:
            raise refusal(*faults)
        return self

    def _own_faults(self) -> list[Fault]:
        names = sorted(ENGINES_OWN & set(self.processes))
        return [Fault(f"the engine has a process {name!r} of its own", f"processes.{name}") for name in names]

    def _time_faults(self) -> list[Fault]:
        faults = []
        if self.dt > self.duration:
            faults.append(Fault(f"dt {self.dt:g} h is longer than the duration {self.duration:g} h", "dt"))
        meets = next((name for name, process in self.processes.items() if hasattr(process, "contact_um")), None)
        if meets and self.dt > LONGEST_CONTACT_STEP_H:
            allowed = f"at most {LONGEST_CONTACT_STEP_H:g} h with such a process"
            faults.append(Fault(f"a step of {self.dt:g} h is too long for {meets!r}", "dt", allowed=allowed))
        if self.duration / self.dt > 1e7:
            faults.append(Fault(f"{self.duration / self.dt:.3g} steps", "dt", allowed="at most 1e7 steps"))
        for name in PROBES:
            probe = getattr(self.probes, name)
            if probe is None:
                continue
            if probe.every is not None and not _is_multiple(probe.every, self.dt):
                faults.append(Fault(f"{probe.every:g} h is no multiple of dt {self.dt:g} h", f"probes.{name}.every"))
            late = [t for t in probe.at if not 0 <= t <= self.duration]
            if late:
                faults.append(
                    Fault(f"{late[0]:g} h is outside the run", f"probes.{name}.at", allowed=f"0 to {self.duration:g} h")
                )
        return faults

    def _arm_faults(self) -> list[Fault]:
        faults = []
        alike = {name.lower(): name for name in reversed(self.arms)}
        for name in self.arms:
            if (first := alike[name.lower()]) != name:
                text = f"{name!r} and {first!r} are one name where capitals do not count"
                faults.append(Fault(text, f"arms.{name}", allowed="names that differ in more"))
        for name, arm in self.arms.items():
            for index, addition in enumerate(arm.add):
                place = f"arms.{name}.add.{index}"
                what = "an infusion" if addition.is_infusion else "an addition"
                faults += _late(what, addition.moments[-1], place, self.duration)
                if addition.what in CELLS and getattr(self.populations, addition.what) is None:
                    faults.append(Fault(f"the scenario has no population {addition.what!r}", place))
            for index, change in enumerate(arm.change):
                faults += _late("a change", change.at, f"arms.{name}.change.{index}", self.duration)
        return faults

    def _order_faults(self) -> list[Fault]:
        """Inside a phase, what writes a column of the moment must come before what reads it."""
        faults, items = [], list(self.processes.items())
        fleeting = {f"{owner}.{c.name}" for p in self.processes.values() for owner, c in p.columns if c.resets}
        for late, (writer, process) in enumerate(items):
            for reader, earlier in items[:late]:
                clash = fleeting & set(process.writes) & (set(earlier.reads) - set(earlier.writes))
                if earlier.phase == process.phase and clash:
                    faults.append(
                        Fault(
                            f"{reader!r} reads {sorted(clash)[0]} before {writer!r} writes it",
                            f"processes.{writer}",
                            allowed=f"{writer!r} above {reader!r}",
                        )
                    )
        return faults

    def _scale_faults(self) -> list[Fault]:
        """Hold processes, cells and events against where they are: a culture well or a patient."""
        faults, where = [], "a patient" if self.is_patient else "a culture well"
        if isinstance(self.populations.b_cells, Clone) != self.is_patient:
            text = f"{self.populations.b_cells.kind} do not live in {where}"
            allowed = "clone, cll_clone" if self.is_patient else "b_cells"
            faults.append(Fault(text, "populations.b_cells.kind", allowed=allowed))
        for name, process in self.processes.items():
            if process.scale == ("well" if self.is_patient else "body"):
                faults.append(Fault(f"{name!r} has no place in {where}", f"processes.{name}"))
        known = EVENTS if self.is_patient else tuple(name for name in ADDABLE if name not in EVENTS)
        for name, arm in self.arms.items():
            for index, addition in enumerate(arm.add):
                if addition.what not in known:
                    text = f"{addition.what!r} cannot be added to {where}"
                    faults.append(Fault(text, f"arms.{name}.add.{index}", allowed=", ".join(known)))
        if not self.is_patient and getattr(self.probes, "counts", None) is None:
            faults.append(Fault("nobody counts the cells", "probes.counts", allowed="{every: 15 min}"))
        return [*faults, *(patient_faults(self) if self.is_patient else ())]

    def _space_faults(self) -> list[Fault]:
        faults = [
            Fault(f"{place:g} um is off the floor", f"processes.{name}.{axis}", allowed=f"0 to {self.space.side:g} um")
            for name, source in self.processes.items()
            for axis in ("x_um", "y_um")
            if (place := getattr(source, axis, None) or 0.0) > self.space.side
        ]
        if self.is_patient:
            return faults
        contact = max((p.contact_um for p in self.processes.values() if hasattr(p, "contact_um")), default=10.0)
        if self.space.side < 2 * contact:
            text = f"a floor of {self.space.side:g} um is smaller than a cell's contact ({2 * contact:g} um)"
            faults.append(Fault(text, "space.side", allowed=f"at least {2 * contact:g} um"))
        return faults


def _late(what: str, t_h: float, place: str, end_h: float) -> list[Fault]:
    text = f"{what} at {t_h:g} h is outside the run"
    return [Fault(text, f"{place}.at", allowed=f"before {end_h:g} h")] if t_h >= end_h else []


def _is_multiple(period: float, dt: float) -> bool:
    return math.isclose(period / dt, round(period / dt), rel_tol=1e-9, abs_tol=1e-9) and round(period / dt) >= 1
